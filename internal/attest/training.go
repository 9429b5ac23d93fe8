package attest

import "time"

// TrainingType is the type of the predicate Training.
const TrainingType = predicateBase + "training/v1"

// Training says how weights came from data: a training from scratch, a fine-tune, an adapter. Its subjects are all files that
// came out. It carries what SLSA provenance v1 calls externalParameters (Command, Configuration, Parameters),
// resolvedDependencies (Base, DataSets, Code) and runDetails.metadata (Started, Ended), in the words of training; Regulation (EU)
// 2024/1689, Annex IV no. 2 (a), (b) and (d), asks a provider for the same facts.
type Training struct {
	Origin        `yaml:",inline"`
	Method        string            `json:"method"`                 // such as training, fine-tune, adapter
	Name          string            `json:"name,omitzero"`          // of the run
	Base          []Material        `json:"base,omitzero"`          // models that it began with, tokenizers too
	DataSets      []Material        `json:"dataSets,omitzero"`      //
	Code          *Code             `json:"code,omitzero"`          //
	Configuration []Material        `json:"configuration,omitzero"` // files
	Parameters    map[string]string `json:"parameters,omitzero"`    //
	Command       []string          `json:"command,omitzero"`       // with secrets masked
	Environment   *Environment      `json:"environment,omitzero"`   //
	Metrics       []Metric          `json:"metrics,omitzero"`       // that the training itself told
	Started       time.Time         `json:"started,omitzero"`
	Ended         time.Time         `json:"ended,omitzero"`
	Result        string            `json:"result"`             // succeeded, failed or unknown
	ExitCode      *int              `json:"exitCode,omitzero"`  // of the command
	Changed       []string          `json:"changed,omitzero"`   // inputs that were not the same at the end as at the start
	NotHashed     []NotScanned      `json:"notHashed,omitzero"` // what lies in an input or output and has no digest here
	Outputs       []Material        `json:"outputs,omitzero"`
}

// The results of a training.
const (
	Succeeded = "succeeded"
	Failed    = "failed"
	Unknown   = "unknown" // the source does not say
)

// Code is the state of the source code.
type Code struct {
	URI    string `json:"uri,omitzero"`    // of the repository, without credentials
	Commit string `json:"commit,omitzero"` // git object id
	Dirty  *bool  `json:"dirty,omitzero"`  // files differ from the commit; absent where nobody looked
	Entry  string `json:"entry,omitzero"`  // the script that was run
	SHA256 string `json:"sha256,omitzero"` // of the script
	Grade  Grade  `json:"grade"`
}

// Environment is the software that ran.
type Environment struct {
	Interpreter *Software  `json:"interpreter,omitzero"`
	Platform    string     `json:"platform,omitzero"` // GOOS/GOARCH
	Packages    []Software `json:"packages,omitzero"`
	Grade       Grade      `json:"grade"`
}

// Software is a program or a package with its version.
type Software struct {
	Name      string `json:"name"`
	Version   string `json:"version,omitzero"`
	Ecosystem string `json:"ecosystem,omitzero"` // as in OSV
	SHA256    string `json:"sha256,omitzero"`
}

// PredicateType implements Predicate.
func (*Training) PredicateType() string { return TrainingType }

// Check implements Predicate. Where a training succeeded, what came out must be among the subjects.
func (t *Training) Check(subjects []Resource) error {
	r := &rules{kind: "training"}
	r.origin(&t.Origin)
	r.want(t.Method != "", "no method")
	r.want(t.Result == Succeeded || t.Result == Failed || t.Result == Unknown, "its result is none of succeeded, failed and unknown")
	r.want(t.Result != Succeeded || t.ExitCode == nil || *t.ExitCode == 0, "it succeeded with an exit code that says it did not")
	r.want(t.Ended.IsZero() || !t.Ended.Before(t.Started), "it ended before it started")
	r.want(t.Result != Succeeded || len(t.Outputs) > 0, "it succeeded and nothing came out")
	r.texts(t.Method, t.Name)
	r.texts(t.Command...)
	r.list(len(t.Command), "arguments")
	r.list(len(t.Changed)+len(t.NotHashed), "paths")
	r.table(t.Parameters, "parameters")
	r.materials("base models", t.Base)
	r.materials("data sets", t.DataSets)
	r.materials("configuration files", t.Configuration)
	r.metrics(t.Metrics)
	if c := t.Code; c != nil {
		r.want(c.Grade.known(), "the grade of the code is unknown")
		r.want(c.SHA256 == "" || isSHA256(c.SHA256), "the sha256 of the script is malformed")
		r.texts(c.URI, c.Commit, c.Entry)
	}
	if e := t.Environment; e != nil {
		r.want(e.Grade.known(), "the grade of the environment is unknown")
		r.list(len(e.Packages), "packages")
	}
	r.made(t.Outputs, subjects)
	return r.err
}
