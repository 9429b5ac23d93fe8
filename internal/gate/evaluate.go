package gate

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/label"
)

// evaluation is one run of Evaluate.
type evaluation struct {
	policy   *Policy
	evidence *Evidence
	now      time.Time
	handling func(reeve.Label) label.Handling

	claims   []*claim            // that count, the newest first
	speak    map[string][]*claim // those that speak of a digest, the newest first
	paths    map[string]string   // digests of the target's files, by path
	relied   map[string]int      // places in result.Consumed, by digest
	rejects  []rejected
	governed []File // files that need statements
	sum      map[string]bool
	chain    *chain
	result   *Result
	root     *Node
}

// Evaluate holds evidence against a policy at a time. It is pure: the same three give the same Result.
func Evaluate(p *Policy, ev *Evidence, now time.Time) *Result {
	r, _ := evaluate(p, ev, now)
	return r
}

func evaluate(p *Policy, ev *Evidence, now time.Time) (*Result, *Node) {
	now = now.UTC().Truncate(time.Second)
	e := &evaluation{policy: p, evidence: ev, now: now, handling: ev.Handling, sum: map[string]bool{}, speak: map[string][]*claim{}, paths: map[string]string{}, relied: map[string]int{}, result: &Result{
		SchemaVersion: SchemaVersion, Target: ev.Target, Policy: p.Digest(), At: now, Packs: slices.Clone(ev.Packs), Facts: ev.Facts,
		Files: []attest.File{}, Base: []attest.Resource{}, Inputs: []attest.Resource{}, Consumed: []Consumed{},
	}, root: &Node{Name: ev.Target, Kind: "target"}}
	if e.handling == nil {
		e.handling = label.Default().Handling
	}
	e.files()
	e.open()
	e.origins()
	e.data()
	e.models()
	e.scans()
	e.evaluations()
	e.approvals()
	e.checks()
	e.explain()
	e.waivers()
	e.result.settle()
	e.expiry()
	e.finish()
	return e.result, e.root
}

func (e *evaluation) violate(p Problem) {
	p.Subject = e.subject(p)
	e.result.Violations = append(e.result.Violations, p)
}

func (e *evaluation) miss(p Problem) {
	p.Subject = e.subject(p)
	e.result.Missing = append(e.result.Missing, p)
}

// subject is the digest that a waiver of a problem names: the file where it is about one, else the whole target.
func (e *evaluation) subject(p Problem) string {
	if p.Subject != "" {
		return p.Subject
	}
	if sha, ok := e.paths[p.Path]; ok {
		return sha
	}
	return e.result.Tree.Root
}

// files looks at what the target consists of.
func (e *evaluation) files() {
	all := make([]attest.File, 0, len(e.evidence.Files))
	for _, f := range e.evidence.Files {
		all = append(all, f.File)
		e.sum[f.SHA256], e.paths[f.Path] = true, f.SHA256
		if !e.ignored(&f) {
			e.governed = append(e.governed, f)
		}
	}
	tree, err := attest.NewTree(all)
	if err != nil {
		e.violate(Problem{Rule: "target/file", Reason: err.Error(), Remedy: "rename the file"})
	}
	e.result.Tree, e.result.Files = tree, all
	e.root.Digest = tree.Root
	for _, odd := range e.evidence.Odd {
		e.violate(Problem{Rule: "target/file", Path: odd.Path, Reason: odd.Reason, Remedy: "put the file itself in its place, readable, inside of the target"})
	}
	e.ungoverned()
	if len(e.governed) == 0 {
		e.miss(Problem{Rule: "target/empty", Reason: "the target has no files that could be a model", Remedy: "name the folder or the file of the model"})
	}
}

func (e *evaluation) ungoverned() {
	for _, p := range e.evidence.Ungoverned {
		e.violate(Problem{
			Rule: "target/ungoverned", Path: p, Reason: "the file holds weights and belongs to no model that the gate looks at",
			Remedy: "name its model under gate.models in reeve.yaml, or take the file away",
		})
	}
}

// ignored reports whether the policy asks for nothing about a file. What is no text by its first bytes is never ignored,
// whatever its name.
func (e *evaluation) ignored(f *File) bool {
	if f.Role != Text {
		return false
	}
	return slices.ContainsFunc(e.policy.Ignore, func(glob string) bool {
		whole, _ := path.Match(glob, f.Path)
		base, _ := path.Match(glob, path.Base(f.Path))
		return whole || base && !strings.Contains(glob, "/")
	})
}

// fresh reports whether a claim is young enough, and until when. age 0: any.
func (e *evaluation) fresh(c *claim, age time.Duration) (until time.Time, ok bool) {
	until = c.until
	if age > 0 {
		until = earlier(until, c.at.Add(age))
	}
	return until, until.IsZero() || until.After(e.now)
}

// consume notes that the verdict rests on a claim.
func (e *evaluation) consume(c *claim, age time.Duration) {
	until, _ := e.fresh(c, age)
	item := Consumed{Kind: c.kind, Digest: c.digest, Signer: []string{}, Keys: slices.Clone(c.keys), At: c.at, Until: until}
	for _, s := range c.signers {
		item.Signer = append(item.Signer, s.Name)
	}
	slices.Sort(item.Signer)
	item.Signer = slices.Compact(item.Signer)
	slices.Sort(item.Keys)
	if i, ok := e.relied[item.Digest]; ok {
		e.result.Consumed[i].Until = earlier(e.result.Consumed[i].Until, item.Until)
		return
	}
	e.relied[item.Digest] = len(e.result.Consumed)
	e.result.Consumed = append(e.result.Consumed, item)
}

// old says that there is a statement that has become too old.
func old(c *claim, age time.Duration) string {
	return fmt.Sprintf("the newest is of %s, and the policy takes none older than %s", c.at.Format(time.DateOnly), ageWord(age))
}

func ageWord(d time.Duration) string {
	if d%day == 0 {
		return fmt.Sprintf("%d days", d/day)
	}
	return d.String()
}

// explain adds to what is missing the statements that were there and did not count.
func (e *evaluation) explain() {
	wanted := map[string]bool{KindWaiver: len(e.result.Violations)+len(e.result.Missing) > 0}
	for _, p := range e.result.Missing {
		wanted[kindOfRule[p.Rule]] = true
	}
	for _, r := range e.rejects {
		if !e.about(r.files) || r.kind != "" && !wanted[r.kind] && !(wanted[KindTraining] && (r.kind == KindConversion || r.kind == KindMerge)) {
			continue
		}
		what := "a statement of kind " + r.kind
		if r.kind == "" {
			what = "a statement"
		}
		e.miss(Problem{Rule: r.rule, Path: r.path, Statement: r.digest, Reason: what + " does not count: " + r.reason, Remedy: r.remedy, Stale: r.stale})
	}
}

// kindOfRule is the kind of statement that is missing by a rule.
var kindOfRule = map[string]string{
	"origin/missing": KindTraining, "origin/grade": KindTraining, "data/missing": KindDataset, "scan/missing": KindScan, "evaluation/missing": KindEvaluation,
	"approval/missing": KindApproval, "base/missing": KindVerdict,
}

// about reports whether digests are those of the target, or of anything that went into it.
func (e *evaluation) about(digests map[string]bool) bool {
	for d := range digests {
		if e.sum[d] || e.chain.inputs[d] {
			return true
		}
	}
	return false
}

// expiry is when the verdict ends: when the first thing that it rests on does.
func (e *evaluation) expiry() {
	if e.result.Verdict != Pass {
		return
	}
	end := e.now.Add(e.policy.Valid)
	for _, c := range e.result.Consumed {
		end = earlier(end, c.Until)
	}
	e.result.Expires = end.UTC().Truncate(time.Second)
}
