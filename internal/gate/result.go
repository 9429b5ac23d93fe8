package gate

import (
	"slices"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
)

// Verdict is what the gate decides.
type Verdict string

// The verdicts. There is no word for compliance: Pass says that the evidence that the policy asks for is there and good.
const (
	Pass       Verdict = "pass"
	Fail       Verdict = "fail"       // something stands against the target
	Incomplete Verdict = "incomplete" // nothing does, but evidence is missing or stale
)

// SchemaVersion is that of a Result as JSON.
const SchemaVersion = 1

// Result is what an evaluation came to. All lists are in a fixed order and never nil, so that the same evidence gives the
// same bytes.
type Result struct {
	SchemaVersion int         `json:"schema_version"`
	Verdict       Verdict     `json:"verdict"`
	Target        string      `json:"target"` // name of the target; no path
	Tree          attest.Tree `json:"tree"`   // of the target's files
	Label         reeve.Label `json:"label"`  // join of the labels of all data that went in
	Violations    []Problem   `json:"violations"`
	Missing       []Problem   `json:"missing"`
	Waived        []Problem   `json:"waived"`
	Consumed      []Consumed  `json:"consumed"`
	Policy        string      `json:"policy"` // "sha256:…"
	Packs         []Pack      `json:"packs"`
	At            time.Time   `json:"at"`
	Expires       time.Time   `json:"expires,omitzero"` // when what was consumed is too old; zero unless the verdict is pass

	Files  []attest.File     `json:"files"`          // of the target, ascending by path
	Base   []attest.Resource `json:"base"`           // models that the target was made from
	Inputs []attest.Resource `json:"inputs"`         // data sets that went in
	Facts  map[string]string `json:"facts,omitzero"` // what else was relied on: versions, digests of what was checked
}

// Pack is a table of duties or licences. Another version makes what was decided under it stale.
type Pack struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Consumed is a statement that the verdict rests on.
type Consumed struct {
	Kind   string    `json:"kind"`           // such as "training"
	Digest string    `json:"digest"`         // SHA-256 of its payload in hex
	Signer []string  `json:"signer"`         // names that the policy gives to who signed
	Keys   []string  `json:"keys"`           // ids of their keys
	At     time.Time `json:"at"`             // when it was made, as it says
	Until  time.Time `json:"until,omitzero"` // when it no longer counts under the policy; zero: no end
}

// Problem is one thing that stands against a target, or one piece of evidence that is not there.
type Problem struct {
	Target    string `json:"target,omitzero"`
	Rule      string `json:"rule"`   // such as "scan/verdict"
	Reason    string `json:"reason"` // one sentence, without any value from the data
	Remedy    string `json:"remedy"` // what would make it pass
	Command   string `json:"command,omitzero"`
	Path      string `json:"path,omitzero"`      // file of the target
	Subject   string `json:"subject,omitzero"`   // digest that a waiver of this names
	Statement string `json:"statement,omitzero"` // digest of the statement that it is about
	Stale     bool   `json:"stale,omitzero"`     // the evidence was there once and no longer counts
	Broken    bool   `json:"broken,omitzero"`    // a signature does not verify, or bytes are not those that were signed
	Waiver    string `json:"waiver,omitzero"`    // digest of the statement that waives it
}

// Broken reports whether integrity is: a signature that does not verify, a digest that does not match. No waiver mends that.
func (r *Result) Broken() bool {
	return slices.ContainsFunc(r.Violations, func(p Problem) bool { return p.Broken })
}

// Ungoverned is the result about a repository in which files with weights lie that belong to no target. There are no files
// in it, so that nobody can sign it.
func Ungoverned(p *Policy, files []string, now time.Time) *Result {
	e := &evaluation{policy: p, evidence: &Evidence{Target: "repository", Ungoverned: files}, now: now.UTC().Truncate(time.Second), result: &Result{
		SchemaVersion: SchemaVersion, Target: "repository", Policy: p.Digest(), At: now.UTC().Truncate(time.Second), Packs: []Pack{}, Files: []attest.File{},
		Base: []attest.Resource{}, Inputs: []attest.Resource{}, Consumed: []Consumed{},
	}}
	e.ungoverned()
	e.result.settle()
	return e.result
}

// settle sorts and decides. Whatever is not plainly in order is no pass.
func (r *Result) settle() {
	for _, list := range []*[]Problem{&r.Violations, &r.Missing, &r.Waived} {
		for i := range *list {
			(*list)[i].Target = r.Target
		}
		slices.SortFunc(*list, compareProblems)
		*list = slices.Compact(*list)
		if *list == nil {
			*list = []Problem{}
		}
	}
	slices.SortFunc(r.Consumed, func(a, b Consumed) int {
		return cmpAll(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Digest, b.Digest))
	})
	r.Consumed = slices.CompactFunc(r.Consumed, func(a, b Consumed) bool { return a.Digest == b.Digest })
	switch {
	case len(r.Violations) > 0:
		r.Verdict = Fail
	case len(r.Missing) > 0:
		r.Verdict = Incomplete
	default:
		r.Verdict = Pass
	}
}

func compareProblems(a, b Problem) int {
	return cmpAll(strings.Compare(a.Rule, b.Rule), strings.Compare(a.Path, b.Path), strings.Compare(a.Subject, b.Subject),
		strings.Compare(a.Statement, b.Statement), strings.Compare(a.Reason, b.Reason))
}

// cmpAll is the first that is not 0.
func cmpAll(results ...int) int {
	for _, c := range results {
		if c != 0 {
			return c
		}
	}
	return 0
}
