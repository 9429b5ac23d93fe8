package attest

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// GateVerdictType is the type of the predicate GateVerdict.
const GateVerdictType = predicateBase + "gate-verdict/v1"

// GateVerdict says what the gate decided about a target and everything that it took for it. Its subjects are all files of the
// target: weights, configuration, tokenizer, templates, adapters. It is close to in-toto's SVR and SLSA's verification summary
// (VSA v1), with what was missing and violated.
type GateVerdict struct {
	Origin     `yaml:",inline"`
	Target     string            `json:"target"` // name of the model
	Verdict    string            `json:"verdict"`
	Policy     Material          `json:"policy"`          // by its sha256
	Packs      []Pack            `json:"packs,omitzero"`  // of law and licences
	Label      string            `json:"label,omitzero"`  // that the data brings to the model
	Tree       Tree              `json:"tree"`            // of the target's files
	Base       []Material        `json:"base,omitzero"`   // base models, by digest
	Inputs     []Material        `json:"inputs,omitzero"` // data sets, tokenizers and adapters that the evidence names
	Consumed   []Consumed        `json:"consumed,omitzero"`
	Waivers    []Consumed        `json:"waivers,omitzero"`
	Violations []GateFinding     `json:"violations,omitzero"`
	Missing    []GateFinding     `json:"missing,omitzero"`
	Facts      map[string]string `json:"facts,omitzero"` // further digests and versions that the verdict depends on
	Expires    time.Time         `json:"expires"`
}

// The verdicts of the gate.
const (
	Pass       = "pass"
	Fail       = "fail"
	Incomplete = "incomplete"
)

// Pack is a set of rules with its version.
type Pack struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	SHA256  string `json:"sha256,omitzero"`
}

// Consumed is a statement that the verdict rests on.
type Consumed struct {
	SHA256        string    `json:"sha256"` // of its payload: Envelope.Digest
	PredicateType string    `json:"predicateType"`
	SignedBy      []string  `json:"signedBy"` // ids of the trusted keys
	At            time.Time `json:"at,omitzero"`
	Expires       time.Time `json:"expires,omitzero"`
}

// GateFinding is something that keeps a target from passing.
type GateFinding struct {
	Rule    string         `json:"rule"`
	Message string         `json:"message"`
	Remedy  string         `json:"remedy,omitzero"`
	Path    string         `json:"path,omitzero"`
	Waived  string         `json:"waived,omitzero"` // sha256 of the waiver's payload
	Detail  jsontext.Value `json:"detail,omitzero"`
}

// PredicateType implements Predicate.
func (*GateVerdict) PredicateType() string { return GateVerdictType }

// Expiry implements Expiring.
func (g *GateVerdict) Expiry() time.Time { return g.Expires }

// Check implements Predicate. A pass has nothing missing and no violation that is not waived.
func (g *GateVerdict) Check(subjects []Resource) error {
	r := &rules{kind: "gate-verdict"}
	r.origin(&g.Origin)
	r.want(g.Target != "", "the target is not named")
	r.want(g.Verdict == Pass || g.Verdict == Fail || g.Verdict == Incomplete, "its verdict is none of pass, fail and incomplete")
	r.want(isSHA256(g.Policy.Digest["sha256"]), "the policy has no sha256")
	r.want(g.Expires.After(g.At), "it has no end, or one before its start")
	r.material("policies", &g.Policy)
	r.materials("base models", g.Base)
	r.materials("inputs", g.Inputs)
	r.list(len(g.Packs), "packs")
	r.table(g.Facts, "facts")
	r.consumed(g.Consumed)
	r.consumed(g.Waivers)
	r.list(len(g.Missing)+len(g.Violations), "findings")
	open := len(g.Missing)
	for i := range g.Violations {
		if g.Violations[i].Waived == "" {
			open++
		}
	}
	for _, f := range append(append([]GateFinding(nil), g.Missing...), g.Violations...) {
		r.want(f.Rule != "" && f.Message != "", "a finding has no rule or no message")
		r.texts(f.Rule, f.Message, f.Remedy, f.Path)
	}
	r.want((g.Verdict == Pass) == (open == 0), "its verdict is not what its findings come to")
	files := make([]File, 0, len(subjects))
	for i := range subjects {
		files = append(files, File{Path: subjects[i].Name, SHA256: subjects[i].Digest["sha256"]})
	}
	tree, err := NewTree(files)
	r.want(err == nil, "its subjects: %v", err)
	r.want(tree.Root == g.Tree.Root && tree.Hash == g.Tree.Hash && tree.Files == g.Tree.Files, "its subjects do not come to its tree")
	return r.err
}

func (r *rules) consumed(all []Consumed) {
	r.list(len(all), "statements")
	for i := range all {
		r.want(isSHA256(all[i].SHA256), "a statement that it rests on has no digest")
		r.want(all[i].PredicateType != "", "a statement that it rests on has no type")
		r.want(len(all[i].SignedBy) > 0, "a statement that it rests on is signed by nobody")
	}
}
