package config

import (
	_ "embed"
	"time"

	"github.com/reeve-ai/reeve"
)

// The comments of this file are the manual: Schema and the commented sample show them to the user, as written.
//
//go:embed sections.go
var sectionsSource string

// Config is the file reeve.yaml. Every key is optional.
type Config struct {
	// Version of this file's format. There is only 1.
	Version int `yaml:"version" min:"1" max:"1"`
	// Gateway is the server before the models.
	Gateway Gateway `yaml:"gateway"`
	// Custody is the tamper-evident log of every exchange.
	Custody Custody `yaml:"custody"`
	// Guard is what may not pass, in and out.
	Guard Guard `yaml:"guard"`
	// Labels say how sensitive texts are and how that flows.
	Labels Labels `yaml:"labels"`
	// Access is who may do what.
	Access Access `yaml:"access"`
	// Gate is what `reeve gate` looks at when it is given no target.
	Gate Gate `yaml:"gate"`
	// Review is the queue of what people look at.
	Review Review `yaml:"review"`
	// Keys protects what is stored encrypted.
	Keys Keys `yaml:"keys"`
	// Admission is which models may be served: those that the gate has let pass.
	Admission Admission `yaml:"admission"`
	// Identity is who may call, and how people and programs are recognised.
	Identity Identity `yaml:"identity"`
	// Monitoring is what watches the exchanges, and whom it tells.
	Monitoring Monitoring `yaml:"monitoring"`
	// Console is the web console on the admin listener.
	Console Console `yaml:"console"`

	dir string // the folder of the file, from which relative paths count
}

// Console is the section of that name.
type Console struct {
	// Enabled serves the web console on the admin listener, under /console/. It is never on the listener for callers.
	Enabled bool `yaml:"enabled"`
}

// Gateway is the section of that name.
type Gateway struct {
	// Listen is the address for clients. Beyond loopback it needs tls, or insecure.
	Listen string `yaml:"listen"`
	// AdminListen is the address for the console, the admin API, metrics and health. Empty: none.
	AdminListen string `yaml:"admin_listen"`
	// TLS of both listeners.
	TLS TLS `yaml:"tls"`
	// Insecure allows to listen beyond loopback without TLS, so that keys and prompts cross the network in the clear. That is put on record.
	Insecure bool `yaml:"insecure"`
	// MaxBody is the largest request that is read; a larger one is refused with 413.
	MaxBody Size `yaml:"max_body" min:"1KiB" max:"1GiB"`
	// Timeouts of clients and upstreams.
	Timeouts Timeouts `yaml:"timeouts"`
	// Upstreams are the model servers behind the gateway.
	Upstreams []Upstream `yaml:"upstreams"`
	// Models are names that clients may use, with what is known about them. A model that is not listed is passed on under its own name to the upstream that has it, with the label public.
	Models []Model `yaml:"models"`
	// Routes change how single paths are treated.
	Routes []Route `yaml:"routes"`
	// TrustedProxies are networks such as 10.0.0.0/8 whose servers may say by X-Forwarded-For for whom they speak. From everybody else that header is ignored.
	TrustedProxies []string `yaml:"trusted_proxies"`
	// Networks say where callers are, for access rules that ask for a country.
	Networks []Network `yaml:"networks"`
}

// TLS is a section of gateway.
type TLS struct {
	// Mode is off; local: a certificate of reeve's own authority, which it makes at the first start (clients trust tls/ca.pem in the data directory); files: your own certificate; or acme: a certificate that an ACME authority such as Let's Encrypt gives out.
	Mode string `yaml:"mode" enum:"off,local,files,acme"`
	// Cert is a PEM file with the server's certificate and its chain (mode files). It is read again when it changes.
	Cert string `yaml:"cert"`
	// Key is the PEM file with the key of cert (mode files).
	Key string `yaml:"key"`
	// Names are further host names and addresses of this server (mode local), beside localhost and the host's own name.
	Names []string `yaml:"names"`
	// ACME says which authority gives certificates out, and for which names (mode acme).
	ACME ACME `yaml:"acme"`
}

// ACME is a section of gateway.tls.
type ACME struct {
	// Domains are the names of this server. The authority reaches the listener for callers under each of them on port 443.
	Domains []string `yaml:"domains"`
	// Email is where the authority writes when something is wrong.
	Email string `yaml:"email"`
	// Directory is the address of the authority's ACME directory. Empty: Let's Encrypt.
	Directory string `yaml:"directory"`
	// CA is a PEM file with the authority that the directory's own certificate is trusted by. Empty: those of the system.
	CA string `yaml:"ca"`
	// AcceptTerms says that you agree to the authority's terms of service.
	AcceptTerms bool `yaml:"accept_terms"`
}

// Network is a network and where it is.
type Network struct {
	// Prefix such as 192.0.2.0/24; the longest one that holds an address counts.
	Prefix string `yaml:"prefix"`
	// Country as ISO 3166-1 alpha-2, such as DE.
	Country string `yaml:"country"`
}

// Timeouts is a section of gateway. Each is a time such as 500ms, 30s, 5m, 2h or 1d.
type Timeouts struct {
	// ReadHeader is how long a client may take to send the headers of a request.
	ReadHeader Duration `yaml:"read_header" min:"100ms"`
	// ReadBody is how long a client may take to send a whole request.
	ReadBody Duration `yaml:"read_body" min:"100ms"`
	// Write is how long a client may take to accept a piece of the answer.
	Write Duration `yaml:"write" min:"100ms"`
	// Idle is how long a connection of a client may rest between two requests.
	Idle Duration `yaml:"idle" min:"1s"`
	// UpstreamConnect is how long it may take to reach the model server.
	UpstreamConnect Duration `yaml:"upstream_connect" min:"10ms"`
	// UpstreamFirstByte is how long the model server may take to begin its answer. A model that is loaded first needs minutes.
	UpstreamFirstByte Duration `yaml:"upstream_first_byte" min:"100ms"`
	// UpstreamIdle is how long the model server may be silent in the middle of an answer.
	UpstreamIdle Duration `yaml:"upstream_idle" min:"100ms"`
	// Shutdown is how long requests under way may take to end when the server stops.
	Shutdown Duration `yaml:"shutdown" min:"0s"`
}

// Upstream is one model server.
type Upstream struct {
	// Name by which models refer to it.
	Name string `yaml:"name"`
	// URL of the server without the path of the API, such as http://127.0.0.1:11434.
	URL string `yaml:"url"`
	// Dialect that it speaks: ollama, openai (llama.cpp, vLLM and others), or auto: it is asked at the start.
	Dialect string `yaml:"dialect" enum:"auto,ollama,openai"`
	// APIKey that the gateway shows to it, as file:PATH or env:NAME. The keys of clients are never passed on.
	APIKey Secret `yaml:"api_key"`
	// TLS of an https:// address.
	TLS UpstreamTLS `yaml:"tls"`
	// Insecure allows an http:// address beyond this machine, so that prompts and answers cross the network in the clear. That is put on record.
	Insecure bool `yaml:"insecure"`
	// Runtime says where its files are, for admission.
	Runtime Runtime `yaml:"runtime"`
}

// Runtime is a section of upstreams.
type Runtime struct {
	// Kind of the runtime: ollama, llamacpp or vllm. Empty: none of its models can be admitted.
	Kind string `yaml:"kind" enum:",ollama,llamacpp,vllm"`
	// Models is the folder where Ollama keeps its models (OLLAMA_MODELS), such as /usr/share/ollama/.ollama/models.
	Models string `yaml:"models"`
	// Paths are the files that llama.cpp has loaded: the GGUF file, all parts of it where there are several, and LoRA files; or the folder of vLLM's model, and those of its LoRA modules after it.
	Paths []string `yaml:"paths"`
	// Unproven says what happens where it cannot be known that llama.cpp or vLLM read its files after their last change, because its process belongs to another user or is inside of a container: refuse, or accept. Empty: refuse.
	Unproven string `yaml:"unproven" enum:",refuse,accept"`
	// Agent is the address of the reeve agent beside a runtime on another host, such as https://gpu1.example.org:8410. models and paths are then its business.
	Agent string `yaml:"agent"`
	// CA is a PEM file with the authority of the agent's certificate.
	CA string `yaml:"ca"`
	// Cert is a PEM file with the certificate that this server shows to the agent.
	Cert string `yaml:"cert"`
	// Key is the PEM file with the key of cert.
	Key string `yaml:"key"`
}

// UpstreamTLS is a section of upstreams.
type UpstreamTLS struct {
	// CA is a PEM file with the authorities that may have signed the server's certificate. Empty: those of the system.
	CA string `yaml:"ca"`
	// Cert is a PEM file with the certificate that the gateway shows to the server (mutual TLS). It is read again when it changes.
	Cert string `yaml:"cert"`
	// Key is the PEM file with the key of cert.
	Key string `yaml:"key"`
	// Pin is the SHA-256 of a public key (SubjectPublicKeyInfo) that must stand in the server's chain, in base64 or hex.
	Pin string `yaml:"pin"`
	// ServerName is the name that the server's certificate must hold. Empty: the name in the address.
	ServerName string `yaml:"server_name"`
}

// Model is a name that clients use.
type Model struct {
	// Name that clients send.
	Name string `yaml:"name"`
	// Upstream that has the model. May be left out where there is one upstream only.
	Upstream string `yaml:"upstream"`
	// UpstreamModel is its name there. Empty: the same name.
	UpstreamModel string `yaml:"upstream_model"`
	// Label says what the model may know, such as internal or confidential{PII}; a key needs a clearance that dominates it.
	Label reeve.Label `yaml:"label"`
	// Admission says what becomes of the model while no valid verdict of the gate names all its files: off, it is not looked at; warn, it is served, and that is recorded; enforce, it is refused. Empty: as admission.mode says.
	Admission string `yaml:"admission" enum:",off,warn,enforce"`
	// Takes is the highest label of what the model may be sent, such as internal; a conversation above it is refused. Empty: any.
	Takes string `yaml:"takes"`
	// Owner is the id of the person or service that the model belongs to, for access rules.
	Owner string `yaml:"owner"`
	// SharedWith lists ids of persons and services, and groups as group:NAME, with whom the owner shares it.
	SharedWith []string `yaml:"shared_with"`
	// Department that the model belongs to.
	Department string `yaml:"department"`
	// Regions are the countries where it may be used, as ISO 3166-1 alpha-2. None: everywhere.
	Regions []string `yaml:"regions"`
	// Purposes for which it may be used. None: any.
	Purposes []string `yaml:"purposes"`
	// RequiredTraining lists what a person must have been trained in to use it.
	RequiredTraining []string `yaml:"required_training"`
}

// Route is a path of the gateway.
type Route struct {
	// Path such as /v1/embeddings.
	Path string `yaml:"path"`
	// Custody is durable: nothing is served before its record is on disk; or best_effort: records are queued in order, and a crash may lose the last ones. That choice is put on record.
	Custody string `yaml:"custody" enum:"durable,best_effort"`
	// Purpose is what the path is used for, a word that access rules, models and handling rules know. training and export mean that what passes is kept: then no model labelled lower than the conversation may be used.
	Purpose string `yaml:"purpose"`
	// Hold says which answers wait for a person: off: none; flagged: those in which a rule with the action review found something; all. A held answer is given out when somebody releases it, and never where nobody does in time.
	Hold string `yaml:"hold" enum:"off,flagged,all"`
}

// Review is the section of that name.
type Review struct {
	// Shares say which part of the exchanges comes into the queue. Who is drawn is a keyed hash of the exchange's id, so that the probability is known and nobody can steer it.
	Shares ReviewShares `yaml:"shares"`
	// Limits say until when somebody must have decided. What is overdue goes to escalate_to; a held answer expires.
	Limits ReviewLimits `yaml:"limits"`
	// Near is how far from 50% the score of a rule's strongest match may lie to count as near the threshold.
	Near Share `yaml:"near"`
	// Lease is how long an item that somebody has claimed is theirs.
	Lease Duration `yaml:"lease" min:"1m"`
	// Second is the part of the items that a second person decides too, without seeing the first verdict.
	Second Share `yaml:"second"`
	// FourEyes is the level from which on two persons must agree.
	FourEyes string `yaml:"four_eyes" enum:"public,internal,confidential,restricted"`
	// EscalateTo is the role that is asked for what is overdue, and that decides where two persons disagreed.
	EscalateTo string `yaml:"escalate_to"`
	// MaxWait is how long a caller may wait for a held answer with one request.
	MaxWait Duration `yaml:"max_wait" min:"0s" max:"10m"`
}

// ReviewShares is a section of review. What is held or reported always comes.
type ReviewShares struct {
	// Block is the part of what a rule blocked.
	Block Share `yaml:"block"`
	// Flag is the part of that in which a rule with the action review found something.
	Flag Share `yaml:"flag"`
	// Mask is the part of that in which something was masked.
	Mask Share `yaml:"mask"`
	// Near is the part of that in which a score was near the threshold.
	Near Share `yaml:"near"`
	// Random is the part of everything, from which error rates are known.
	Random Share `yaml:"random"`
}

// ReviewLimits is a section of review.
type ReviewLimits struct {
	// Held answers.
	Held Duration `yaml:"held" min:"1s"`
	// Report of a user.
	Report Duration `yaml:"report" min:"1s"`
	// Block by a rule.
	Block Duration `yaml:"block" min:"1s"`
	// Flag of a rule.
	Flag Duration `yaml:"flag" min:"1s"`
	// Mask of a rule.
	Mask Duration `yaml:"mask" min:"1s"`
	// Near a threshold.
	Near Duration `yaml:"near" min:"1s"`
	// Random draws.
	Random Duration `yaml:"random" min:"1s"`
}

// Custody is the section of that name.
type Custody struct {
	// Fail says what happens when the log cannot take a record. There is only closed: the answer is 503 and nothing is served.
	Fail string `yaml:"fail" enum:"closed"`
	// Checkpoint is how often the head of the log is signed.
	Checkpoint Duration `yaml:"checkpoint" min:"50ms" max:"1m"`
	// Segment is how large a file of the log grows before the next one begins.
	Segment Size `yaml:"segment" min:"1MiB" max:"4GiB"`
	// Queue is how many records may wait for the disk before requests are refused.
	Queue int `yaml:"queue" min:"16" max:"1048576"`
	// Retention says how long records are kept. `reeve custody retention explain` tells which rule decides about one of them.
	Retention Retention `yaml:"retention"`
	// IndexIdentifiers indexes the identifiers that payloads name, such as e-mail addresses, so that a search finds third persons. Only a keyed hash of each is kept.
	IndexIdentifiers bool `yaml:"index_identifiers"`
	// Witnesses cosign the head of the log, so that it cannot go back or fork unnoticed.
	Witnesses Witnesses `yaml:"witnesses"`
}

// Witnesses is a section of custody. Requests never wait for witnesses; only the published head and the proofs under it do.
type Witnesses struct {
	// Policy is a C2SP tlog-policy file: which witnesses are asked, at which addresses, and how many must have cosigned. Empty: none are asked.
	Policy string `yaml:"policy"`
	// Fail says what happens without the quorum. open: the head is published with the cosignatures that there are. closed: it is not published, nor is any proof of the records under it.
	Fail string `yaml:"fail" enum:"open,closed"`
	// Timeout for all witnesses together.
	Timeout Duration `yaml:"timeout" min:"10ms" max:"30s"`
}

// Retention is a section of custody. The payload of a record is what was asked and answered, sealed; its metadata is the record itself, which names nobody.
type Retention struct {
	// Metadata is how long records are kept, at least. Whole old parts of the log go when all in them is older.
	Metadata Duration `yaml:"metadata" min:"1d"`
	// Payload is how long content is kept. It goes when it is older, unless a legal hold covers it.
	Payload Duration `yaml:"payload" min:"0s"`
	// Profiles are floors that laws set for metadata: ai-act (184 days), hipaa (six years), colorado (three years), ccpa (24 months). A floor beats a shorter period.
	Profiles []string `yaml:"profiles"`
	// Classes are periods for some records. Of all that fit, the shortest payload and the longest metadata period win.
	Classes []RetentionClass `yaml:"classes"`
}

// RetentionClass is a period for some records.
type RetentionClass struct {
	// Name for explanations.
	Name string `yaml:"name"`
	// Routes that it speaks of, such as /v1/embeddings. None: all.
	Routes []string `yaml:"routes"`
	// Models that it speaks of. None: all.
	Models []string `yaml:"models"`
	// Label that it speaks of: input or output of at least this level and, where categories are given, with one of them. public: all.
	Label reeve.Label `yaml:"label"`
	// Metadata is how long these records are kept. 0s: as others.
	Metadata Duration `yaml:"metadata" min:"0s"`
	// Payload is how long their content is kept. 0s: as others.
	Payload Duration `yaml:"payload" min:"0s"`
}

// Guard is the section of that name.
type Guard struct {
	// Policy is the file with the rules. Empty: the built-in ones. It is read again when it changes.
	Policy string `yaml:"policy"`
}

// Labels is the section of that name.
type Labels struct {
	// Policy is the file that says which findings give which label, and how labelled data is handled. Empty: the built-in one.
	Policy string `yaml:"policy"`
	// Conversations is ids: callers may say by the header Reeve-Conversation or by metadata.conversation_id which of their conversations a request belongs to; or key: all requests of an API key are one conversation.
	Conversations string `yaml:"conversations" enum:"ids,key"`
	// Window is how long an API key that names no conversation rests before its next request begins another one, at public.
	Window Duration `yaml:"window" min:"1m"`
	// Life is how long the label of a conversation with an id is remembered after its last request.
	Life Duration `yaml:"life" min:"1h"`
}

// Access is the section of that name.
type Access struct {
	// Policies is the folder with the rules, *.cedar and *.cedarschema, as reeve init writes it. Empty: the built-in ones. It is read again when a file in it changes.
	Policies string `yaml:"policies"`
	// Models are those of dac, rbac, mac and abac that are in force. Left out: all whose files are in the folder.
	Models []string `yaml:"models"`
}

// Admission is the section of that name.
type Admission struct {
	// Mode of models that say nothing of their own, those that are not listed included: off, warn or enforce.
	Mode string `yaml:"mode" enum:"off,warn,enforce"`
	// Policy is the gate policy under which verdicts must have been given, and whose signers may give them. Empty: that of gate.policy, else the built-in one, which trusts nobody.
	Policy string `yaml:"policy"`
	// Verdicts are files and folders with the gate's verdicts, *.intoto.jsonl.
	Verdicts []string `yaml:"verdicts"`
	// Poll is how often runtimes, files and verdicts are looked at without an occasion.
	Poll Duration `yaml:"poll" min:"500ms" max:"30s"`
	// Rehash is after how long files that have not changed are hashed again.
	Rehash Duration `yaml:"rehash" min:"1m"`
}

// Gate is the section of that name.
type Gate struct {
	// Policy is the file that says which evidence a model needs. Empty: that of admission.policy, else the built-in one, which trusts nobody yet.
	Policy string `yaml:"policy"`
	// Evidence are folders, or files, with signed statements about any of the models.
	Evidence []string `yaml:"evidence"`
	// Models are the models of this repository. Weights that belong to none of them stop the gate.
	Models []GateModel `yaml:"models"`
	// Exclude are paths below the folder of this file in which nobody looks for weights, such as testdata or fixtures/*.
	Exclude []string `yaml:"exclude"`
}

// GateModel is one model of the repository.
type GateModel struct {
	// Name of the model in verdicts. Empty: the last part of its path.
	Name string `yaml:"name"`
	// Path of its folder or file.
	Path string `yaml:"path"`
	// Evidence are further folders, or files, with statements about it.
	Evidence []string `yaml:"evidence"`
	// Data are the data sets that it was trained on, as they lie here now: when one of them changes, the model is stale.
	Data []GateData `yaml:"data"`
}

// GateData is a data set of the repository.
type GateData struct {
	// Name of the data set in its audit. Empty: the last part of its path.
	Name string `yaml:"name"`
	// Path of its folder.
	Path string `yaml:"path"`
}

// Keys is the section of that name.
type Keys struct {
	// Root is the key that protects all others: file:PATH or env:NAME (32 bytes in hex or base64), credential:NAME of systemd, passphrase-file:PATH, tpm: or tpm:DEVICE, vault:URL/KEY of Vault or OpenBao, exec:PATH of a program. Empty: root.key in the data directory, made at the first start. It is changed with "reeve custody rekey".
	Root RootKey `yaml:"root"`
}

// Identity is the section of that name.
type Identity struct {
	// File declares users, service accounts, groups and keys. What stands in it, nothing else changes. It is read at the start, on SIGHUP and when it changes.
	File string `yaml:"file"`
	// Database is where several servers share users, keys and sessions: the postgres:// address, as file:PATH or env:NAME. Empty: reeve.db in the data directory.
	Database Secret `yaml:"database"`
	// PublicURL is the address under which browsers reach the admin listener, such as https://reeve.example.org:8401. Empty: nobody signs in there, and programs use keys.
	PublicURL string `yaml:"public_url"`
	// Session limits how long a person stays signed in.
	Session Session `yaml:"session"`
	// OIDC are the OpenID providers that are trusted.
	OIDC []OIDC `yaml:"oidc"`
	// Unknown says what becomes of people whom a provider vouches for and who have no account: refuse, or create an account.
	Unknown string `yaml:"unknown" enum:"refuse,create"`
	// UnknownRoles are the roles of such an account, beside those that rules give.
	UnknownRoles []string `yaml:"unknown_roles"`
	// SCIMToken is what the SCIM client shows, as file:PATH or env:NAME, at least 32 characters. Empty: no SCIM.
	SCIMToken Secret `yaml:"scim_token"`
	// MTLS is about certificates of clients at the gateway.
	MTLS MTLS `yaml:"mtls"`
}

// Session is a section of identity.
type Session struct {
	// Idle ends a session that rests for so long.
	Idle Duration `yaml:"idle" min:"1m"`
	// Absolute ends a session after so long, whatever happens.
	Absolute Duration `yaml:"absolute" min:"1m"`
}

// OIDC is one OpenID provider.
type OIDC struct {
	// Issuer exactly as the provider spells it.
	Issuer string `yaml:"issuer"`
	// ClientID of this server, for signing in at the admin listener. The redirect address is PUBLIC_URL/auth/callback. Empty: nobody signs in through this provider.
	ClientID string `yaml:"client_id"`
	// ClientSecret as file:PATH or env:NAME. Empty: a public client, protected by PKCE.
	ClientSecret Secret `yaml:"client_secret"`
	// Scopes to ask for beside openid.
	Scopes []string `yaml:"scopes"`
	// Audiences of bearer tokens that the gateway takes. None: it takes none of this provider.
	Audiences []string `yaml:"audiences"`
	// Clients whose tokens are taken also where they have several audiences.
	Clients []string `yaml:"clients"`
	// Algorithms that signatures may have. None: RS256, ES256, PS256, EdDSA.
	Algorithms []string `yaml:"algorithms"`
	// NameClaim holds the user name. Empty: preferred_username.
	NameClaim string `yaml:"name_claim"`
	// GroupsClaim lists groups; a path such as realm_access.roles is possible. Empty: groups of the provider mean nothing.
	GroupsClaim string `yaml:"groups_claim"`
	// GroupsPrefix is put before each of them.
	GroupsPrefix string `yaml:"groups_prefix"`
	// Rules say what claims mean. A claim without a rule means nothing.
	Rules []ClaimRule `yaml:"rules"`
	// Skew is how far the clocks of the provider and of this server may differ.
	Skew Duration `yaml:"skew" min:"0s" max:"5m"`
	// Offline is how long the provider's keys stay good while it cannot be asked.
	Offline Duration `yaml:"offline" min:"1m" max:"30d"`
}

// ClaimRule says what a claim means.
type ClaimRule struct {
	// Claim is its name or path, such as groups or realm_access.roles.
	Claim string `yaml:"claim"`
	// Value that it must have or list. Empty: any, and the value itself is taken (attribute, department and country only).
	Value string `yaml:"value"`
	// Role that it gives.
	Role string `yaml:"role"`
	// Group that it puts into.
	Group string `yaml:"group"`
	// Clearance that it gives. Several are joined.
	Clearance reeve.Label `yaml:"clearance"`
	// Training that it says is current.
	Training string `yaml:"training"`
	// Attribute that gets the value.
	Attribute string `yaml:"attribute"`
	// As says that the value is the department or the country.
	As string `yaml:"as" enum:",department,country"`
}

// MTLS is a section of identity.
type MTLS struct {
	// Mode is off; either: a certificate stands for its service account where the request has no key; or both: every request needs a certificate and a key of the same account.
	Mode string `yaml:"mode" enum:"off,either,both"`
	// CA is a PEM file with the authorities that sign for clients. It is read again when it changes.
	CA string `yaml:"ca"`
	// CRL is a PEM file with their revocation lists. Empty: certificates are short-lived, see max_life.
	CRL string `yaml:"crl"`
	// MaxLife is the longest life that a certificate may have been given.
	MaxLife Duration `yaml:"max_life" min:"1m"`
	// TrustDomains whose SPIFFE ids are taken. None: all that the authorities sign for.
	TrustDomains []string `yaml:"trust_domains"`
}

// Monitoring is the section of that name. No content leaves by any of it.
type Monitoring struct {
	// Events are the systems, such as a SIEM, that get every recorded exchange and act as an OCSF event. The log is the backlog: a system that is away gets all of it later, in order.
	Events []EventSink `yaml:"events"`
	// Telemetry sends traces and metrics to an OpenTelemetry collector.
	Telemetry Telemetry `yaml:"telemetry"`
	// Drift watches rates per rule, model, team and label against their own past.
	Drift Drift `yaml:"drift"`
	// Canaries are prompts that are sent through the gateway on a schedule and must end as expected.
	Canaries []Canary `yaml:"canaries"`
	// CanaryKey is the API key that canaries are sent with, as file:PATH or env:NAME. Make a service account for it.
	CanaryKey Secret `yaml:"canary_key"`
	// Alerts say who is told that something needs a person.
	Alerts Alerts `yaml:"alerts"`
}

// EventSink is a system that gets events.
type EventSink struct {
	// Name of letters, digits, - and _, at most 64, in messages and metrics.
	Name string `yaml:"name"`
	// Kind is file, syslog or webhook.
	Kind string `yaml:"kind" enum:"file,syslog,webhook"`
	// From says what a new system gets: now: what is recorded from its first start on; or start: the log from its start.
	From string `yaml:"from" enum:"now,start"`
	// Batch is how many events are sent at once.
	Batch int `yaml:"batch" min:"1" max:"1000"`
	// Timeout of one attempt.
	Timeout Duration `yaml:"timeout" min:"100ms" max:"10m"`
	// Path of the file (kind file). A relative one counts from the data directory.
	Path string `yaml:"path"`
	// MaxSize is how large the file grows before the next one begins.
	MaxSize Size `yaml:"max_size" min:"64KiB"`
	// Keep is how many older files stay.
	Keep int `yaml:"keep" min:"1" max:"1000"`
	// Network of syslog: tcp, tls, udp, unix or unixgram.
	Network string `yaml:"network" enum:"tcp,tls,udp,unix,unixgram"`
	// Address of syslog: host:port, or the path of a socket.
	Address string `yaml:"address"`
	// Confirm gives each batch a connection of its own, which the receiver must end in order: only so reeve knows that syslog messages arrived.
	Confirm bool `yaml:"confirm"`
	// URL of the webhook. Beyond this machine it must be https.
	URL string `yaml:"url"`
	// Body of the webhook: lines, one event a line; or array, a JSON array.
	Body string `yaml:"body" enum:"lines,array"`
	// Secret signs what the webhook gets as Standard Webhooks says, as file:PATH or env:NAME. Empty: not signed.
	Secret Secret `yaml:"secret"`
	// Authorization is the header of that name, such as "Splunk TOKEN", as file:PATH or env:NAME.
	Authorization Secret `yaml:"authorization"`
	// TLS of an https address or of syslog over tls.
	TLS UpstreamTLS `yaml:"tls"`
	// Insecure allows an address beyond this machine without TLS, so that events cross the network in the clear.
	Insecure bool `yaml:"insecure"`
}

// Telemetry is a section of monitoring.
type Telemetry struct {
	// Endpoint of the collector for OTLP over HTTP, such as http://127.0.0.1:4318. Empty: nothing is sent.
	Endpoint string `yaml:"endpoint"`
	// SamplePercent is the share of traces that are sent. Metrics count all exchanges.
	SamplePercent int `yaml:"sample_percent" min:"0" max:"100"`
	// Every is how often metrics are sent.
	Every Duration `yaml:"every" min:"1s" max:"1h"`
	// Queue is how many spans may wait for the collector; what comes then is dropped and counted.
	Queue int `yaml:"queue" min:"1" max:"65536"`
	// Authorization is the header of that name, as file:PATH or env:NAME.
	Authorization Secret `yaml:"authorization"`
	// TLS of an https endpoint.
	TLS UpstreamTLS `yaml:"tls"`
	// Insecure allows an http:// endpoint beyond this machine.
	Insecure bool `yaml:"insecure"`
}

// Drift is a section of monitoring.
type Drift struct {
	// Mode is on or off.
	Mode string `yaml:"mode" enum:"on,off"`
	// Baseline is how many hours with traffic a rate is learned from before it is judged.
	Baseline int `yaml:"baseline" min:"8" max:"2000"`
	// MinExchanges is how many exchanges an hour needs to be judged.
	MinExchanges int `yaml:"min_exchanges" min:"1"`
}

// Canary is a prompt that is sent on a schedule.
type Canary struct {
	// Name of letters, digits, - and _, at most 64, in records and metrics.
	Name string `yaml:"name"`
	// Every is how often it is sent.
	Every Duration `yaml:"every" min:"10s"`
	// Model that it is sent to.
	Model string `yaml:"model"`
	// Prompt that it says.
	Prompt string `yaml:"prompt"`
	// Expect is how it must end: ok, blocked (a guard or label rule refuses it) or refused (anything refuses it).
	Expect string `yaml:"expect" enum:"ok,blocked,refused"`
	// Rule that must have refused it. Empty: any.
	Rule string `yaml:"rule"`
	// Match is a regular expression (RE2) that the answer must match. Empty: any answer.
	Match string `yaml:"match"`
	// Absent is a regular expression (RE2) that the answer must not match. Empty: none.
	Absent string `yaml:"absent"`
	// Timeout of one attempt.
	Timeout Duration `yaml:"timeout" min:"1s" max:"30m"`
}

// Alerts is a section of monitoring.
type Alerts struct {
	// Webhook that is told.
	Webhook AlertWebhook `yaml:"webhook"`
	// Email that is written to.
	Email AlertEmail `yaml:"email"`
	// Wait is how long an alert waits for others, so that they are told together.
	Wait Duration `yaml:"wait" min:"0s" max:"1h"`
	// Repeat is after how long an alert that goes on is told again.
	Repeat Duration `yaml:"repeat" min:"1m"`
	// Incidents says which alerts open an incident by themselves: none, critical or all.
	Incidents string `yaml:"incidents" enum:"none,critical,all"`
	// EventsLate is how long a system may refuse events before that is an alert.
	EventsLate Duration `yaml:"events_late" min:"1s"`
}

// AlertWebhook is a section of alerts.
type AlertWebhook struct {
	// URL that alerts are posted to as JSON. Beyond this machine it must be https. Empty: none.
	URL string `yaml:"url"`
	// Secret signs them as Standard Webhooks says, as file:PATH or env:NAME. Empty: not signed.
	Secret Secret `yaml:"secret"`
	// Authorization is the header of that name, as file:PATH or env:NAME.
	Authorization Secret `yaml:"authorization"`
	// TLS of an https address.
	TLS UpstreamTLS `yaml:"tls"`
	// Insecure allows an http:// address beyond this machine.
	Insecure bool `yaml:"insecure"`
}

// AlertEmail is a section of alerts.
type AlertEmail struct {
	// Server is the host:port of the SMTP server. Empty: no e-mail.
	Server string `yaml:"server"`
	// Security is tls (from the first byte), starttls, or none: on this machine only.
	Security string `yaml:"security" enum:"tls,starttls,none"`
	// From is the sender's address.
	From string `yaml:"from"`
	// To are the addresses that are written to.
	To []string `yaml:"to"`
	// User for the server. Empty: no sign-in.
	User string `yaml:"user"`
	// Password of the user, as file:PATH or env:NAME.
	Password Secret `yaml:"password"`
	// TLS of the server.
	TLS UpstreamTLS `yaml:"tls"`
}

// Default is the configuration without a file: loopback only, and everything governed.
func Default() *Config {
	return &Config{
		Version: 1,
		Gateway: Gateway{
			Listen:      "127.0.0.1:8400",
			AdminListen: "127.0.0.1:8401",
			TLS:         TLS{Mode: "off"},
			MaxBody:     32 << 20,
			Timeouts: Timeouts{
				ReadHeader:        Duration(10 * time.Second),
				ReadBody:          Duration(60 * time.Second),
				Write:             Duration(60 * time.Second),
				Idle:              Duration(2 * time.Minute),
				UpstreamConnect:   Duration(5 * time.Second),
				UpstreamFirstByte: Duration(5 * time.Minute),
				UpstreamIdle:      Duration(2 * time.Minute),
				Shutdown:          Duration(30 * time.Second),
			},
		},
		Admission: Admission{Mode: "off", Poll: Duration(5 * time.Second), Rehash: Duration(6 * time.Hour)},
		Labels:    Labels{Conversations: "ids", Window: Duration(30 * time.Minute), Life: Duration(30 * day)},
		Review: Review{
			Shares: ReviewShares{Block: whole, Flag: whole, Mask: whole / 100, Near: whole / 10, Random: whole / 100},
			Limits: ReviewLimits{
				Held: Duration(15 * time.Minute), Report: Duration(8 * time.Hour), Block: Duration(day), Flag: Duration(2 * day),
				Mask: Duration(7 * day), Near: Duration(7 * day), Random: Duration(14 * day),
			},
			Near: whole * 15 / 100, Lease: Duration(15 * time.Minute), Second: whole / 10, FourEyes: "restricted", EscalateTo: "compliance", MaxWait: Duration(time.Minute),
		},
		Identity: Identity{
			Session: Session{Idle: Duration(30 * time.Minute), Absolute: Duration(12 * time.Hour)},
			Unknown: "refuse", UnknownRoles: []string{"employee"},
			MTLS: MTLS{Mode: "off", MaxLife: Duration(90 * 24 * time.Hour)},
		},
		Console: Console{Enabled: true},
		Monitoring: Monitoring{
			Telemetry: Telemetry{SamplePercent: 100, Every: Duration(time.Minute), Queue: 2048},
			Drift:     Drift{Mode: "on", Baseline: 72, MinExchanges: 30},
			Alerts: Alerts{
				Wait: Duration(10 * time.Second), Repeat: Duration(4 * time.Hour), Incidents: "critical", EventsLate: Duration(5 * time.Minute),
				Email: AlertEmail{Security: "starttls"},
			},
		},
		Custody: Custody{Fail: "closed", Checkpoint: Duration(time.Second), Segment: 64 << 20, Queue: 8192, Witnesses: Witnesses{Fail: "open", Timeout: Duration(500 * time.Millisecond)}, Retention: Retention{Metadata: Duration(186 * 24 * time.Hour), Payload: Duration(30 * 24 * time.Hour), Profiles: []string{"ai-act"}}},
	}
}

// The values that a list's entries have where the file leaves them out.
func (u *Upstream) setDefaults() { u.Dialect = "auto" }
func (r *Route) setDefaults()    { r.Custody, r.Hold = "durable", "off" }
func (e *EventSink) setDefaults() {
	e.From, e.Batch, e.Timeout, e.MaxSize, e.Keep = "now", 256, Duration(30*time.Second), 100<<20, 7
	e.Network, e.Confirm, e.Body = "tls", true, "lines"
}

func (c *Canary) setDefaults() {
	c.Every, c.Expect, c.Timeout = Duration(15*time.Minute), "ok", Duration(5*time.Minute)
}

func (o *OIDC) setDefaults() {
	o.Skew, o.Offline = Duration(30*time.Second), Duration(24*time.Hour)
}
