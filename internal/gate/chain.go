package gate

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
)

// maxChain bounds how many files of models are followed back.
const maxChain = 200_000

// chain is what a target came from: statements about training, conversion and merge, followed back by digest to models
// that have a verdict of their own or that the policy lists.
type chain struct {
	made     []*claim          // all that were relied on, in the order in which they were found
	seen     map[string]bool   // their digests
	files    map[string]bool   // files that were followed
	inputs   map[string]bool   // digests of everything that went in
	data     []attest.Material // data sets
	others   []*Other
	verdicts []*claim
	label    reeve.Label // of the models that have a verdict
}

// origins follows every governed file back to where it came from.
func (e *evaluation) origins() {
	e.chain = &chain{seen: map[string]bool{}, files: map[string]bool{}, inputs: map[string]bool{}}
	var without []File
	some := false
	for _, f := range e.governed {
		found, stale := e.follow(f.SHA256, e.root)
		some = some || found
		if !found {
			without = append(without, f)
		}
		if stale != nil {
			e.miss(Problem{
				Rule: "origin/missing", Path: f.Path, Statement: stale.digest, Stale: true, Reason: "the statement about how the file was made is too old: " + old(stale, e.policy.Origin.MaxAge),
				Remedy: "make the model again, or have the statement made again by who made it",
			})
		}
	}
	if !e.policy.Origin.Required {
		return
	}
	signed := e.otherwise()
	for _, f := range without {
		if c := signed[f.Path]; c != nil {
			e.violate(Problem{
				Rule: "target/changed", Path: f.Path, Statement: c.digest, Broken: true, Reason: "the file is not the one that was signed: its bytes are others",
				Remedy: "restore the bytes that were signed, or make the model again and have the statement made with it", Command: attestRun,
			})
			continue
		}
		if some {
			e.violate(Problem{
				Rule: "origin/uncovered", Path: f.Path, Reason: "statements speak of other files of the target, and none of this one: it was put there or changed afterwards",
				Remedy: "take the file away, restore the bytes that were signed, or make the target again with it among the outputs", Command: attestRun,
			})
			continue
		}
		e.miss(Problem{
			Rule: "origin/missing", Path: f.Path, Reason: "nobody signed for how the file was made", Command: attestRun,
			Remedy: "record the training, conversion or merge when it runs; a model made by others is listed under origin.others of the policy by the SHA-256 of its files",
		})
	}
}

// otherwise are statements that speak of files by their names, with other bytes. Names are taken for the same file only
// where the statement lies in the target or speaks of other files of it, too.
func (e *evaluation) otherwise() map[string]*claim {
	out := map[string]*claim{}
	for _, c := range e.claims {
		if !makes(c.kind) || !c.near && !e.chain.seen[c.digest] {
			continue
		}
		for _, r := range c.s.Subject {
			if out[r.Name] == nil {
				out[r.Name] = c
			}
			if base := path.Base(r.Name); len(e.evidence.Files) == 1 && out[base] == nil {
				out[base] = c
			}
		}
	}
	return out
}

// makes reports whether a kind of statement says how files came to be.
func makes(kind string) bool {
	return kind == KindTraining || kind == KindConversion || kind == KindMerge
}

const attestRun = "reeve attest run"

// follow looks where a file came from, once for each file. stale is a claim that would speak of it if it were younger.
func (e *evaluation) follow(sha string, parent *Node) (found bool, stale *claim) {
	c := e.chain
	if o := e.policy.other(sha); o != nil {
		if !slices.Contains(c.others, o) {
			c.others = append(c.others, o)
			parent.add(&Node{Name: o.Name, Kind: "model of others", State: Fresh, Why: "the policy lists it by its bytes"})
		}
		return true, nil
	}
	var aged *claim
	for _, m := range e.speak[sha] {
		if !makes(m.kind) {
			continue
		}
		if _, ok := e.fresh(m, e.policy.Origin.MaxAge); !ok {
			if aged == nil {
				aged = m
			}
			continue
		}
		found = true
		e.relyOn(m, parent)
	}
	if found {
		aged = nil
	}
	if aged != nil {
		parent.once(&Node{Name: aged.kind, Kind: "statement", Digest: aged.digest, State: Stale, Why: old(aged, e.policy.Origin.MaxAge)})
	}
	return found || aged != nil, aged
}

// relyOn takes in a statement about how files were made, and follows what went in.
func (e *evaluation) relyOn(m *claim, parent *Node) {
	c := e.chain
	if c.seen[m.digest] {
		return
	}
	c.seen[m.digest] = true
	c.made = append(c.made, m)
	e.consume(m, e.policy.Origin.MaxAge)
	until, _ := e.fresh(m, e.policy.Origin.MaxAge)
	node := parent.add(&Node{Name: m.kind, Kind: "statement", Digest: m.digest, State: Fresh, At: m.at, Until: until, By: names(m)})
	e.grade(m)
	switch p := m.p.(type) {
	case *attest.Training:
		e.trained(m, p, node)
	case *attest.Conversion:
		for i := range p.Inputs {
			e.base(m, &p.Inputs[i], node)
		}
	case *attest.Merge:
		for i := range p.Inputs {
			e.base(m, &p.Inputs[i].Material, node)
		}
	}
}

var grades = []attest.Grade{attest.Declared, attest.Inferred, attest.Verified}

// grade asks that the bytes of inputs and outputs were read by who signed, and, where the policy wants it, that the
// training was watched.
func (e *evaluation) grade(m *claim) {
	o := originOf(m.p)
	least := slices.Index(grades, e.policy.Origin.Grade)
	say := func(reason, remedy string) {
		e.miss(Problem{Rule: "origin/grade", Path: m.path, Statement: m.digest, Reason: reason, Remedy: remedy, Command: attestRun})
	}
	if o.Imported != nil && least > 0 {
		say(fmt.Sprintf("the %s was read from the file of another tool, and the policy wants it %s", m.kind, e.policy.Origin.Grade), "record it when it runs, so that the bytes are read by who signs")
		return
	}
	for _, in := range materials(m.p) {
		if slices.Index(grades, in.Grade) < least {
			say(fmt.Sprintf("%s is %s, and the policy wants what goes in and comes out %s", short(in.Name), in.Grade, e.policy.Origin.Grade), "make the statement where the files are, so that their bytes are read")
			return
		}
	}
	if m.kind == KindTraining && e.policy.Origin.Watched && o.Grade != attest.Verified {
		say("the training was not watched: somebody only says that these data gave these weights", "run it under the wrapper that records what it reads and writes")
	}
}

// materials are what went in and what came out.
func materials(p attest.Predicate) []attest.Material {
	switch p := p.(type) {
	case *attest.Training:
		return slices.Concat(p.Base, p.DataSets, p.Outputs)
	case *attest.Conversion:
		return slices.Concat(p.Inputs, p.Outputs)
	case *attest.Merge:
		var out []attest.Material
		for i := range p.Inputs {
			out = append(out, p.Inputs[i].Material)
		}
		return append(out, p.Outputs...)
	}
	return nil
}

func (e *evaluation) trained(m *claim, t *attest.Training, node *Node) {
	switch {
	case t.Result == attest.Failed:
		e.violate(Problem{Rule: "origin/failed", Path: m.path, Statement: m.digest, Reason: "the training failed, and its outputs are what it left behind", Remedy: "train again", Command: attestRun})
	case len(t.Changed) > 0:
		e.violate(Problem{Rule: "origin/failed", Path: m.path, Statement: m.digest, Reason: "inputs of the training changed while it ran, so nobody knows what it read", Remedy: "train again on data that nothing writes to", Command: attestRun})
	case t.Result != attest.Succeeded:
		e.miss(Problem{Rule: "origin/grade", Path: m.path, Statement: m.digest, Reason: "the statement does not say that the training succeeded", Remedy: "record it when it runs", Command: attestRun})
	}
	if len(t.NotHashed) > 0 {
		e.miss(Problem{Rule: "origin/grade", Path: m.path, Statement: m.digest, Reason: "some of what lies in the inputs or outputs of the training could not be read", Remedy: "make it readable and train again", Command: attestRun})
	}
	if len(t.DataSets) == 0 && e.policy.Data.Required {
		e.miss(Problem{Rule: "data/missing", Path: m.path, Statement: m.digest, Reason: "the training names no data set", Remedy: "name what it reads, so that its audit can be found", Command: attestRun + " --data-set DIR"})
	}
	for i := range t.DataSets {
		e.chain.data = append(e.chain.data, t.DataSets[i])
		if len(t.DataSets[i].Digest) > 0 {
			e.result.Inputs = append(e.result.Inputs, attest.Resource{Name: short(t.DataSets[i].Name), Digest: t.DataSets[i].Digest})
		}
		e.note(&t.DataSets[i])
		node.add(&Node{Name: t.DataSets[i].Name, Kind: "data set", Digest: digestOfMaterial(&t.DataSets[i])})
	}
	for i := range t.Base {
		e.base(m, &t.Base[i], node)
	}
}

// note remembers the digests of an input.
func (e *evaluation) note(m *attest.Material) {
	for _, algorithm := range []string{"sha256", "rfc6962-sha256"} {
		if d := m.Digest[algorithm]; d != "" {
			e.chain.inputs[d] = true
		}
	}
	for _, f := range m.Files {
		e.chain.inputs[f.SHA256] = true
	}
}

// base follows a model that something was made from.
func (e *evaluation) base(m *claim, in *attest.Material, parent *Node) {
	e.note(in)
	node := parent.add(&Node{Name: in.Name, Kind: "model", Digest: digestOfMaterial(in), State: Fresh})
	if !e.policy.Base.Required {
		node.Why = "the policy does not ask for a verdict on it"
		return
	}
	files := shasOf(in, e.policy.Ignore)
	if len(files) == 0 {
		if e.wholeTree(in, node) {
			return
		}
		node.State, node.Why = Missing, "it is known by its name alone"
		e.miss(Problem{
			Rule: "base/missing", Path: m.path, Statement: m.digest, Command: attestRun,
			Reason: fmt.Sprintf("the %s names a model without the digests of its files: %s", m.kind, short(in.Name)), Remedy: "record it with the bytes at hand",
		})
		return
	}
	e.result.Base = append(e.result.Base, attest.Resource{Name: short(in.Name), Digest: in.Digest})
	for _, sha := range files {
		if e.chain.files[sha] {
			continue
		}
		if len(e.chain.files) >= maxChain {
			node.State, node.Why = Missing, "there is too much behind the model to follow"
			e.miss(Problem{Rule: "base/missing", Path: m.path, Statement: m.digest, Reason: fmt.Sprintf("more than %d files are behind the model", maxChain), Remedy: "have the models that it was made from pass the gate, and keep their verdicts with the evidence"})
			return
		}
		e.chain.files[sha] = true
		if e.hasVerdict(sha, node) {
			continue
		}
		if found, stale := e.follow(sha, node); found && stale == nil {
			continue
		}
		node.State, node.Why = Missing, "it has no valid verdict of its own, and nobody signed for how it was made"
		e.miss(Problem{
			Rule: "base/missing", Subject: sha, Path: m.path, Statement: m.digest, Stale: e.hadVerdict(sha),
			Reason:  fmt.Sprintf("the model that this one was made from has no valid verdict under this policy: %s", short(in.Name)),
			Remedy:  "have it pass the gate and keep its verdict with the evidence; a model made by others is listed under origin.others of the policy",
			Command: "reeve gate BASE --sign KEY -o BASE.intoto.jsonl",
		})
		break // one is enough to tell
	}
}

// wholeTree looks for a verdict on a folder that is known by the digest of its tree alone.
func (e *evaluation) wholeTree(in *attest.Material, node *Node) bool {
	root := in.Digest["rfc6962-sha256"]
	for _, c := range e.claims {
		v, ok := c.p.(*attest.GateVerdict)
		if ok && root != "" && v.Tree.Root == root && e.verdictHolds(c, v) == "" {
			e.relyOnVerdict(c, v, node)
			return true
		}
	}
	return false
}

// hasVerdict looks for a verdict on a model, by one of its files, and takes in what it says.
func (e *evaluation) hasVerdict(sha string, node *Node) bool {
	for _, c := range e.speak[sha] {
		v, ok := c.p.(*attest.GateVerdict)
		if !ok {
			continue
		}
		why := e.verdictHolds(c, v)
		if why == "" {
			e.relyOnVerdict(c, v, node)
			return true
		}
		node.once(&Node{Name: "verdict", Kind: "statement", Digest: c.digest, State: Stale, Why: why, At: c.at, Until: c.until, By: names(c)})
	}
	return false
}

func (e *evaluation) relyOnVerdict(c *claim, v *attest.GateVerdict, node *Node) {
	e.consume(c, 0)
	if !slices.Contains(e.chain.verdicts, c) {
		e.chain.verdicts = append(e.chain.verdicts, c)
	}
	l, err := reeve.ParseLabel(v.Label)
	if err != nil {
		l = reeve.Label{Level: reeve.Restricted} // what cannot be read is not therefore public
	}
	e.chain.label = e.chain.label.Join(l)
	node.once(&Node{Name: "verdict", Kind: "statement", Digest: c.digest, State: Fresh, At: c.at, Until: c.until, By: names(c)})
}

// hadVerdict reports whether there is a verdict on a file that no longer holds.
func (e *evaluation) hadVerdict(sha string) bool {
	return slices.ContainsFunc(e.speak[sha], func(c *claim) bool { return c.kind == KindVerdict }) ||
		slices.ContainsFunc(e.rejects, func(r rejected) bool { return r.kind == KindVerdict && r.files[sha] && r.stale })
}

// verdictHolds says why a verdict does not hold under this policy now, "" where it does.
func (e *evaluation) verdictHolds(c *claim, v *attest.GateVerdict) string {
	return holds(v, e.policy, e.evidence.Packs)
}

// other is the model of others that a file belongs to, or nil.
func (p *Policy) other(sha string) *Other {
	for i := range p.Origin.Others {
		if slices.Contains(p.Origin.Others[i].Files, sha) {
			return &p.Origin.Others[i]
		}
	}
	return nil
}

// shasOf are the files of a material, without those that are about a model and no part of it.
func shasOf(m *attest.Material, ignore []string) []string {
	if len(m.Files) == 0 {
		if d := m.Digest["sha256"]; d != "" {
			return []string{d}
		}
		return nil
	}
	var out []string
	for _, f := range m.Files {
		if Beside(f.Path) || slices.ContainsFunc(ignore, func(g string) bool { ok, _ := path.Match(g, path.Base(f.Path)); return ok }) {
			continue
		}
		out = append(out, f.SHA256)
	}
	return out
}

func digestOfMaterial(m *attest.Material) string {
	if d := m.Digest["sha256"]; d != "" {
		return d
	}
	return m.Digest["rfc6962-sha256"]
}

// short bounds a name that a statement brings, for messages.
func short(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	if len(s) > 120 {
		s = strings.ToValidUTF8(s[:120], "") + "…"
	}
	return s
}

func names(c *claim) []string {
	var out []string
	for _, s := range c.signers {
		out = append(out, s.Name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
