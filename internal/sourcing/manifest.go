package sourcing

// FileName is the usual name of a manifest: it lies in the folder of the data set that it describes.
const FileName = "sourcing.yaml"

// Unknown is what a field says when nobody knows. It is reported like a field that is missing.
const Unknown = "unknown"

// Manifest is sourcing.yaml: where the data of a data set comes from, one entry per source. The comments of these types
// are the manual of the format and the descriptions of its JSON Schema.
type Manifest struct {
	// Version of the format, now 1.
	Version int `yaml:"version" jsonschema:"enum=1"`
	// What the sources make up together.
	Dataset Dataset `yaml:"dataset"`
	// What is to be done with the data. Licences are held against it.
	Use Use `yaml:"use,omitempty"`
	// Where the data comes from. Every file belongs to exactly one source.
	Sources []Source `yaml:"sources"`
}

// Dataset describes the whole.
type Dataset struct {
	// Name of the data set.
	Name string `yaml:"name"`
	// Version of the data set.
	Version string `yaml:"version,omitempty"`
	// What it holds, in a sentence or two.
	Description string `yaml:"description,omitempty"`
	// Where it is published or described.
	URL string `yaml:"url,omitempty"`
	// Who made it: a person or an organisation.
	Creator string `yaml:"creator,omitempty"`
	// Who answers for it now, if that is somebody else.
	Issuer string `yaml:"issuer,omitempty"`
	// Where to ask and to object: an address or a page.
	Contact string `yaml:"contact,omitempty"`
	// Date of publication, such as 2026-11-21.
	Published string `yaml:"published,omitempty" jsonschema:"format=date"`
	// Date of the version before.
	PreviousPublished string `yaml:"previous_published,omitempty" jsonschema:"format=date"`
	// A unique id of this description, such as a URN or a DOI.
	ID string `yaml:"id,omitempty"`
	// SPDX expression of the whole, if it is passed on as a whole.
	Licence string `yaml:"licence,omitempty"`
	// Words by which it is found.
	Keywords []string `yaml:"keywords,omitempty"`
	// What it is meant for.
	IntendedUse string `yaml:"intended_use,omitempty"`
	// How and when it is kept up to date.
	Maintenance string `yaml:"maintenance,omitempty"`
	// Files that belong to the whole and to no source, as globs: README.md, LICENSE …
	Documents []string `yaml:"documents,omitempty"`
}

// Use is the declared use. What is left out is not declared, and never taken for the answer that would please.
type Use struct {
	// Whether the use is commercial.
	Commercial bool `yaml:"commercial,omitempty"`
	// Where the user is established: ISO 3166-1 alpha-2 codes, or EU.
	Establishments []string `yaml:"establishments,omitempty"`
	// Where the data is processed: ISO 3166-1 alpha-2 codes, or EU.
	Processing []string `yaml:"processing,omitempty"`
	// Where the data is stored: ISO 3166-1 alpha-2 codes, or EU.
	Storage []string `yaml:"storage,omitempty"`
	// Monthly active users of the user and its affiliates.
	MonthlyActiveUsers *int64 `yaml:"monthly_active_users,omitempty"`
	// What the model will do, in the words in which licences forbid uses, such as military.
	Tags []string `yaml:"tags,omitempty"`
	// Modality of the model.
	Modality string `yaml:"modality,omitempty" jsonschema:"enum=text,enum=image,enum=audio,enum=video,enum=tabular,enum=multimodal"`
	// Family of the model that is trained, such as llama.
	Family string `yaml:"family,omitempty"`
	// Whether the model or the data set is passed on.
	Release bool `yaml:"release,omitempty"`
	// Name under which a model is released.
	ReleaseName string `yaml:"release_name,omitempty"`
	// SPDX expression under which the release is given.
	ReleaseLicence string `yaml:"release_licence,omitempty"`
	// The organisation's position on whether weights are an adaptation of their training data. The law is unsettled.
	WeightsAreAdaptation string `yaml:"weights_are_adaptation,omitempty" jsonschema:"enum=yes,enum=no,enum=undecided"`
	// Names of the files that are released together.
	Bundle []string `yaml:"bundle,omitempty"`
}

// Source is one origin of data.
type Source struct {
	// Short name, unique in the manifest: lower-case letters, digits, and - _ .
	ID string `yaml:"id" jsonschema:"pattern=^[a-z0-9][a-z0-9._-]*$"`
	// Name for people.
	Name string `yaml:"name,omitempty"`
	// Version of the source.
	Version string `yaml:"version,omitempty"`
	// What kind of source it is. The kinds are those of the template for Art. 53(1)(d) of Regulation (EU) 2024/1689.
	Kind string `yaml:"kind" jsonschema:"enum=public,enum=licensed,enum=crawl,enum=user,enum=synthetic,enum=internal,enum=unknown"`
	// What it holds.
	Description string `yaml:"description,omitempty"`
	// Which files of the folder come from it, as globs; ** stands for any folders.
	Files []string `yaml:"files"`
	// Digest over these files: sha256:, and the RFC 6962 root over the lines of sha256sum in the order of the paths.
	Digest string `yaml:"digest,omitempty" jsonschema:"pattern=^(unknown|sha256:[0-9a-f]{64})$"`
	// Size of the files together, in bytes.
	Bytes int64 `yaml:"bytes,omitempty" jsonschema:"minimum=0"`
	// Number of records, if known.
	Records int64 `yaml:"records,omitempty" jsonschema:"minimum=0"`
	// Modality of the data.
	Modality string `yaml:"modality,omitempty" jsonschema:"enum=text,enum=image,enum=audio,enum=video,enum=tabular,enum=multimodal,enum=unknown"`
	// Languages, as BCP 47 tags.
	Languages []string `yaml:"languages,omitempty"`
	// How it came here.
	Origin Origin `yaml:"origin,omitempty"`
	// Who made the data.
	Creator string `yaml:"creator,omitempty"`
	// Who holds the rights in it.
	RightsHolder string `yaml:"rights_holder,omitempty"`
	// Under what terms it may be used.
	Licence Licence `yaml:"licence"`
	// What the site said about automated collection and training when the data was taken. Needed for crawls.
	OptOut []OptOut `yaml:"opt_out,omitempty"`
	// Whether people can be recognised in it, and what allows its use.
	PersonalData PersonalData `yaml:"personal_data,omitempty"`
	// Where it was made, and where it may be processed and stored.
	Geography Geography `yaml:"geography,omitempty"`
	// Export control and sanctions.
	Export ExportControl `yaml:"export,omitempty"`
	// How long it is kept and how it is deleted.
	Retention Retention `yaml:"retention,omitempty"`
	// Label of the data, such as confidential{PII}.
	Classification string `yaml:"classification,omitempty"`
	// Rights of others that the data is known to hold.
	Proprietary Proprietary `yaml:"proprietary,omitempty"`
	// What it was made from, and how.
	Lineage Lineage `yaml:"lineage,omitempty"`
	// Scans of this source.
	Scans []Scan `yaml:"scans,omitempty"`
	// Known biases.
	Bias []string `yaml:"bias,omitempty"`
	// Known limits: what is missing, what it is not good for.
	Limitations []string `yaml:"limitations,omitempty"`
	// For data that models wrote: which ones.
	Synthetic Synthetic `yaml:"synthetic,omitempty"`
	// What it may and may not be used for.
	Uses Uses `yaml:"uses,omitempty"`
	// Date after which it must not be used, such as the end of a contract.
	Expires string `yaml:"expires,omitempty" jsonschema:"format=date"`
	// Date by which a person looks at this entry again.
	Recheck string `yaml:"recheck,omitempty" jsonschema:"format=date"`
}

// Origin tells how data came here.
type Origin struct {
	// Where it was taken from.
	URLs []string `yaml:"urls,omitempty"`
	// When it was taken: a date, or a time in RFC 3339.
	RetrievedAt string `yaml:"retrieved_at,omitempty"`
	// Who or what took it: a person, a program with its version.
	Retriever string `yaml:"retriever,omitempty"`
	// How: download, API, crawl, export, survey …
	Method string `yaml:"method,omitempty"`
	// Status of the HTTP answer.
	HTTPStatus int `yaml:"http_status,omitempty"`
	// ETag of the HTTP answer.
	ETag string `yaml:"etag,omitempty"`
	// SHA-256 of the bytes as they were received, if they are not kept as they were.
	RawDigest string `yaml:"raw_digest,omitempty"`
	// First day of the time in which the data arose.
	From string `yaml:"from,omitempty" jsonschema:"format=date"`
	// Last day of the time in which the data arose.
	To string `yaml:"to,omitempty" jsonschema:"format=date"`
}

// Licence tells under what terms a source may be used.
type Licence struct {
	// SPDX expression; LicenseRef-NAME for others; NONE where there is no licence; unknown.
	Declared string `yaml:"declared"`
	// Where the licence is stated.
	URL string `yaml:"url,omitempty"`
	// File of the folder that holds the licence text.
	Evidence string `yaml:"evidence,omitempty"`
	// SHA-256 of that file.
	EvidenceDigest string `yaml:"evidence_digest,omitempty" jsonschema:"pattern=^sha256:[0-9a-f]{64}$"`
	// What was recognised in the text, as an SPDX expression.
	Detected string `yaml:"detected,omitempty"`
	// Who compared declaration and text.
	VerifiedBy string `yaml:"verified_by,omitempty"`
	// What it comes to: commercial, non-commercial, research.
	UseClass string `yaml:"use_class,omitempty" jsonschema:"enum=commercial,enum=non-commercial,enum=research,enum=unknown"`
	// The words in which credit must be given.
	Attribution string `yaml:"attribution,omitempty"`
	// Licences for which a grant beyond the public terms is held: SPDX identifiers, with the grant kept elsewhere.
	Grants []string `yaml:"grants,omitempty"`
	// What a person decided about the licence of exactly these bytes.
	Decision *Decision `yaml:"decision,omitempty"`
	// Date by which a person has to decide; after it a missing decision denies.
	ReviewBy string `yaml:"review_by,omitempty" jsonschema:"format=date"`
}

// Decision is what a person decided about a licence.
type Decision struct {
	// Who decided.
	By string `yaml:"by"`
	// Where the signed decision is kept.
	Reference string `yaml:"reference"`
	// The source's digest at the time.
	Digest string `yaml:"digest"`
	// Whether the use is allowed.
	Allows bool `yaml:"allows"`
	// Last day on which the decision counts.
	Until string `yaml:"until,omitempty" jsonschema:"format=date"`
}

// OptOut is one signal about automated use, as it was received.
type OptOut struct {
	// Which signal: robots (RFC 9309, with Content-Usage rules), tdmrep (tdmrep.json), headers (of an HTTP answer: tdm-reservation, tdm-policy, Content-Usage), other.
	Signal string `yaml:"signal" jsonschema:"enum=robots,enum=tdmrep,enum=headers,enum=other"`
	// Where it was read.
	URL string `yaml:"url,omitempty"`
	// When: a date, or a time in RFC 3339.
	RecordedAt string `yaml:"recorded_at"`
	// SHA-256 of the bytes received.
	Digest string `yaml:"digest" jsonschema:"pattern=^(none|sha256:[0-9a-f]{64})$"`
	// File beside the manifest that keeps the bytes; it is read again when sources are checked.
	File string `yaml:"file,omitempty"`
	// Name of the crawler, for robots.txt.
	Agent string `yaml:"agent,omitempty"`
	// Path on the site that was collected; left out: all of it.
	Path string `yaml:"path,omitempty"`
	// What it said: reserved (do not train), allowed, none (nothing was said).
	Result string `yaml:"result" jsonschema:"enum=reserved,enum=allowed,enum=none,enum=unknown"`
	// Policy under which rights can be had, as the signal names it.
	Policy string `yaml:"policy,omitempty"`
}

// PersonalData tells whether people can be recognised, and what allows the use.
type PersonalData struct {
	// Whether there is personal data (GDPR Art. 4(1)).
	Present string `yaml:"present,omitempty" jsonschema:"enum=yes,enum=no,enum=unknown"`
	// Letter of GDPR Art. 6(1) that allows the processing.
	LegalBasis string `yaml:"legal_basis,omitempty" jsonschema:"enum=consent,enum=contract,enum=legal-obligation,enum=vital-interests,enum=public-task,enum=legitimate-interests,enum=unknown"`
	// Letter of GDPR Art. 9(2) that allows processing of special categories, from a to j.
	SpecialBasis string `yaml:"special_basis,omitempty" jsonschema:"enum=a,enum=b,enum=c,enum=d,enum=e,enum=f,enum=g,enum=h,enum=i,enum=j,enum=unknown"`
	// Reference of the data protection impact assessment (GDPR Art. 35).
	DPIA string `yaml:"dpia,omitempty"`
	// Reference of the consent document.
	Consent string `yaml:"consent,omitempty"`
	// What 45 CFR 164.508 or 164.514 asks for health information.
	HIPAA string `yaml:"hipaa,omitempty" jsonschema:"enum=not-applicable,enum=authorization,enum=safe-harbor,enum=expert-determination,enum=limited-data-set,enum=unknown"`
	// Where the people live: ISO 3166-1 alpha-2 codes, or EU.
	Jurisdictions []string `yaml:"jurisdictions,omitempty"`
	// What was done to protect them: pseudonymisation, aggregation …
	Protection []string `yaml:"protection,omitempty"`
}

// Geography tells places: ISO 3166-1 alpha-2 codes, or EU.
type Geography struct {
	// Where the data was made.
	Origin []string `yaml:"origin,omitempty"`
	// Where it may be processed; empty: anywhere.
	ProcessingAllowed []string `yaml:"processing_allowed,omitempty"`
	// Where it must not be processed.
	ProcessingExcluded []string `yaml:"processing_excluded,omitempty"`
	// Where it may be stored; empty: anywhere.
	StorageAllowed []string `yaml:"storage_allowed,omitempty"`
	// Where it must not be stored.
	StorageExcluded []string `yaml:"storage_excluded,omitempty"`
}

// ExportControl tells about export control and sanctions.
type ExportControl struct {
	// Classification: EAR99, an ECCN, none, unknown.
	Classification string `yaml:"classification,omitempty"`
	// When supplier and recipients were held against sanctions lists.
	SanctionsScreened string `yaml:"sanctions_screened,omitempty" jsonschema:"format=date"`
	// Which lists, each with its date.
	SanctionsLists []string `yaml:"sanctions_lists,omitempty"`
	// Who must not get the data: ISO 3166-1 alpha-2 codes, or names.
	EmbargoedRecipients []string `yaml:"embargoed_recipients,omitempty"`
}

// Retention tells how long data is kept.
type Retention struct {
	// How long, in days, such as 365d.
	Period string `yaml:"period,omitempty" jsonschema:"pattern=^(unknown|[0-9]+d)$"`
	// How a person's data is found and deleted, here and in what was made from it.
	Deletion string `yaml:"deletion,omitempty"`
}

// Proprietary tells of others' rights: yes, no or unknown.
type Proprietary struct {
	// Works under copyright.
	Copyright string `yaml:"copyright,omitempty" jsonschema:"enum=yes,enum=no,enum=unknown"`
	// Patented matter.
	Patent string `yaml:"patent,omitempty" jsonschema:"enum=yes,enum=no,enum=unknown"`
	// Trade marks.
	Trademark string `yaml:"trademark,omitempty" jsonschema:"enum=yes,enum=no,enum=unknown"`
}

// Lineage tells what data was made from (PROV-O: wasDerivedFrom, wasGeneratedBy).
type Lineage struct {
	// What it was made from: ids of this manifest, URLs or digests.
	DerivedFrom []string `yaml:"derived_from,omitempty"`
	// What was done, in order.
	Transformations []Transformation `yaml:"transformations,omitempty"`
}

// Transformation is one step of processing.
type Transformation struct {
	// What was done.
	Name string `yaml:"name"`
	// Program, and where it is.
	Code string `yaml:"code,omitempty"`
	// SHA-256 of the program or its revision.
	Digest string `yaml:"digest,omitempty"`
	// Parameters it ran with.
	Parameters map[string]string `yaml:"parameters,omitempty"`
	// Records that went in.
	RecordsIn int64 `yaml:"records_in,omitempty"`
	// Records that came out.
	RecordsOut int64 `yaml:"records_out,omitempty"`
}

// Scan tells of a scan of the source.
type Scan struct {
	// File of the signed data set statement.
	Statement string `yaml:"statement,omitempty"`
	// When: a date, or a time in RFC 3339.
	At string `yaml:"at,omitempty"`
	// Version of the engine.
	Engine string `yaml:"engine,omitempty"`
	// Digest of the rules.
	Rules string `yaml:"rules,omitempty"`
	// Findings by kind before redaction.
	Before map[string]int64 `yaml:"before,omitempty"`
	// Findings by kind after redaction.
	After map[string]int64 `yaml:"after,omitempty"`
	// What may be left, as an estimate with its interval.
	Residual string `yaml:"residual,omitempty"`
	// Who looked at the result.
	Reviewer string `yaml:"reviewer,omitempty"`
}

// Synthetic tells which models wrote data.
type Synthetic struct {
	// The models.
	Generators []Generator `yaml:"generators,omitempty"`
	// How the data was made from their answers.
	Method string `yaml:"method,omitempty"`
}

// Generator is a model that wrote data.
type Generator struct {
	// Name and version of the model.
	Model string `yaml:"model"`
	// SPDX expression of the model's licence: its terms on training other models pass to the data.
	Licence string `yaml:"licence"`
	// Family of the model, such as llama; left out: that of its licence.
	Family string `yaml:"family,omitempty"`
}

// Uses tells what data may be used for.
type Uses struct {
	// What it is meant for.
	Intended string `yaml:"intended,omitempty"`
	// What it may be used for, as tags.
	Permitted []string `yaml:"permitted,omitempty"`
	// What it must not be used for, as tags that are held against the declared use.
	Prohibited []string `yaml:"prohibited,omitempty"`
}

// known reports whether a field says something.
func known(s string) bool { return s != "" && s != Unknown }
