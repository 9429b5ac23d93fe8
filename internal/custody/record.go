package custody

import (
	"time"

	"github.com/reeve-ai/reeve"
)

// Request is what is known about an exchange before the model is called: who asks, for what, under which policy.
//
// Subject, Source and App are never written: the leaf holds commitments keyed by a pepper that dies with the subject's key.
// The other strings must be names that we or the operator gave (letters, digits and . _ : / + - , at most 128 bytes);
// whatever else is found in them is replaced by a commitment, so that no free text can reach the log.
type Request struct {
	Subject    string // whose data this is, such as reeve.Principal.ID; chooses the key that seals the payload
	KeyID      string // id of the API key
	Authn      string // how the caller was recognised: "key", "mtls", "none"
	RoleDigest string // digest of the caller's role and attributes
	Source     string // network prefix that the request came from
	App        string // client program

	TraceID string // W3C trace id, 32 hex digits
	SpanID  string // W3C span id of the caller, 16 hex digits
	Parent  ID     // exchange that this one follows from

	Route    string // name of the route
	Dialect  string // "openai" or "ollama"
	Op       string // "chat", "completion", "embedding" …
	Model    string // alias that was asked for
	Upstream string // name of the upstream
	Stream   bool   // the answer is streamed

	Policy     string        // digest of the guard policy
	Access     string        // access decision: "allow" or "deny"
	AccessRule string        // rule that decided, such as "access/role"
	LabelIn    string        // label of the input as it came
	GuardIn    []GuardResult // what the guards decided about the input
	BestEffort bool          // the route does not wait for the log

	AccessRules    string // all rules that determined the decision, separated by commas
	AccessPolicy   string // digest of the access policies
	AccessEntities string // digest of the entities that the decision rests on
	LabelSent      string // label of what goes to the model: lower than LabelIn only where masks took away what raised it
	LabelModel     string // label of the model
	LabelSession   string // high-water mark of the conversation before this exchange
}

// GuardResult is one rule's part in the verdict about one text.
type GuardResult struct {
	Rule   string       // rule id
	Stage  string       // "in", "out" or "stream"
	Action reeve.Action // what the rule asked for
	Count  int          // how often it matched
	Score  float64      // of its strongest match, 0 to 1; 0: not told
}

// Intent is written before one byte goes to the model.
type Intent struct {
	ID    ID
	Start time.Time // when the request was read
	Request
	Input []byte // what goes to the model, after masking; sealed
}

// Outcome is written before the last byte goes to the caller. A refused, failed or cut-off exchange has one too.
type Outcome struct {
	ID         ID
	Start, End time.Time
	Request    *Request // always set; written again only where no Intent came before
	Intended   bool     // an Intent with this ID came before

	Input  []byte // sealed where no Intent came before
	Output []byte // what the caller got (the text of the answer, or its bytes); sealed

	// Salt keys the commitments of this record. Zero means a fresh one. Where Delivered or Produced is set it must be the Salt they were made from.
	Salt      Salt
	Delivered *Tally // commitment to the bytes that went out; nil means Output
	Produced  *Tally // commitment to the bytes that the model produced; nil means not known apart from Delivered

	Result       string // "ok", "refused", "failed", "cut", "blocked"
	Refusal      string // code of the refusal, such as "blocked_by_policy"
	Rule         string // rule that refused
	HTTPStatus   int
	Finish       string // finish reason of the dialect
	LabelOut     string
	GuardOut     []GuardResult
	TokensIn     int64
	TokensOut    int64
	Chunks       int64
	QueueTime    time.Duration // before the upstream was called
	FirstChunk   time.Duration // from the upstream call to its first byte
	UpstreamTime time.Duration // from the upstream call to its last byte
	GuardTime    time.Duration
	CustodyTime  time.Duration
}

// Admin is an administrative act: a key was created, a policy reloaded, an insecure listener allowed.
type Admin struct {
	ID     ID        // zero means a fresh one
	Time   time.Time // zero means now
	Actor  string    // who acted; written as a commitment only
	Act    string    // "key.create", "policy.reload" …
	Object string    // id or digest of what was acted on
	Result string    // "ok" or "refused"
}
