package gate

import (
	"slices"
	"time"

	"github.com/reeve-ai/reeve/internal/attest"
)

// State says whether something still counts.
type State string

// The states, from the best to the worst.
const (
	Fresh   State = "fresh"
	Stale   State = "stale"   // it was good once
	Missing State = "missing" // it is not there
	Broken  State = "broken"  // a signature or a digest does not match
)

var states = []State{Fresh, Stale, Missing, Broken}

// Worse is the worse of two states.
func Worse(a, b State) State {
	if slices.Index(states, b) > slices.Index(states, a) {
		return b
	}
	return a
}

// maxChildren bounds what is shown below one thing.
const maxChildren = 1000

// Node is one thing in the tree of a target: statements, and what went in below them.
type Node struct {
	Name     string    `json:"name"`
	Kind     string    `json:"kind"` // target, verdict, statement, data set, model, check …
	Digest   string    `json:"digest,omitzero"`
	State    State     `json:"state"`
	Why      string    `json:"why,omitzero"`
	By       []string  `json:"by,omitzero"` // names of signers
	At       time.Time `json:"at,omitzero"`
	Until    time.Time `json:"until,omitzero"`
	Children []*Node   `json:"children,omitzero"`
}

func (n *Node) add(c *Node) *Node {
	n.Children = append(n.Children, c)
	return c
}

// once adds a child unless one of its name and digest is there.
func (n *Node) once(c *Node) *Node {
	if len(n.Children) > maxChildren {
		n.Why = "there is more than is shown"
		return c
	}
	for _, have := range n.Children {
		if have.Name == c.Name && have.Digest == c.Digest && have.State == c.State {
			return have
		}
	}
	return n.add(c)
}

// find is the first node of a kind with a digest, at or below n; n itself where there is none.
func (n *Node) find(kind, digest string) *Node {
	if found := n.search(kind, digest); found != nil {
		return found
	}
	return n
}

func (n *Node) search(kind, digest string) *Node {
	if n.Kind == kind && n.Digest == digest {
		return n
	}
	for _, c := range n.Children {
		if found := c.search(kind, digest); found != nil {
			return found
		}
	}
	return nil
}

// settle gives every node without a state the worst below it, and raises those that stand on worse.
func (n *Node) settle() State {
	worst := Fresh
	for _, c := range n.Children {
		if s := c.settle(); slices.Index(states, s) > slices.Index(states, worst) {
			worst = s
		}
	}
	switch {
	case n.State == "":
		n.State = worst
	case n.State == Fresh && worst != Fresh:
		n.State = Stale // it stands on something that no longer counts
		if n.Why == "" {
			n.Why = "something that it rests on is " + string(worst)
		}
	}
	return n.State
}

// finish closes the tree with the files that nobody speaks of and the verdict of the evaluation.
func (e *evaluation) finish() {
	for _, list := range [][]Problem{e.result.Violations, e.result.Missing} {
		for _, p := range list[:min(len(list), maxChildren)] {
			state := Missing
			switch {
			case p.Broken:
				state = Broken
			case p.Stale:
				state = Stale
			}
			switch p.Rule {
			case "origin/uncovered", "origin/missing", "target/file", "target/changed", "target/ungoverned", "statement/signature", "statement/malformed":
				e.root.once(&Node{Name: p.Path, Kind: "file", Digest: p.Subject, State: state, Why: p.Reason})
			case "statement/signer", "statement/expired", "statement/future":
				e.root.once(&Node{Name: p.Path, Kind: "statement", Digest: p.Statement, State: Stale, Why: p.Reason})
			}
		}
	}
	e.root.settle()
}

// Status evaluates a target and says of everything it rests on whether that still counts. The first child is the recorded
// verdict on these bytes, if there is one: what makes it stale is what changed since.
func Status(p *Policy, ev *Evidence, now time.Time) (*Node, *Result) {
	r, root := evaluate(p, ev, now)
	recorded := verdicts(p, ev, r, now)
	root.Children = append(recorded, root.Children...)
	root.State = ""
	for _, n := range recorded {
		if n.State == Fresh && r.Verdict != Pass {
			n.State, n.Why = Stale, "the gate would now say "+string(r.Verdict)
		}
	}
	root.settle()
	return root, r
}

// verdicts is the recorded verdict on a target, the best and then the newest of several, with why it does not hold.
func verdicts(p *Policy, ev *Evidence, r *Result, now time.Time) []*Node {
	var out []*Node
	have := map[string]bool{}
	for i := range ev.Statements {
		have[ev.Statements[i].Envelope.Digest()] = true
	}
	for i := range ev.Statements {
		env := ev.Statements[i].Envelope
		s, err := attest.ParseStatement(env.Payload)
		if err != nil || attest.KindOf(s.PredicateType) != KindVerdict {
			continue
		}
		v, err := attest.As[attest.GateVerdict](s)
		if err != nil || v.Target != r.Target && v.Tree.Root != r.Tree.Root {
			continue
		}
		n := &Node{Name: "verdict " + v.Verdict, Kind: "verdict", Digest: env.Digest(), State: Fresh, At: v.At, Until: v.Expires}
		switch _, problem := Open(env, p, ev.Packs, now); {
		case problem != nil && problem.Broken:
			n.State, n.Why = Broken, problem.Reason
		case problem != nil:
			n.State, n.Why = Stale, problem.Reason
		case v.Tree.Root != r.Tree.Root:
			n.State, n.Why = Stale, changed(s, r)
		default:
			for _, c := range v.Consumed {
				if !have[c.SHA256] {
					n.State, n.Why = Stale, "a statement that it rests on is no longer there: "+attest.KindOf(c.PredicateType)
				}
			}
		}
		out = append(out, n)
	}
	slices.SortStableFunc(out, func(a, b *Node) int {
		return cmpAll(slices.Index(states, a.State)-slices.Index(states, b.State), b.At.Compare(a.At))
	})
	if len(out) > 0 {
		return out[:1]
	}
	return []*Node{{Name: "verdict", Kind: "verdict", State: Missing, Why: "no verdict on this target is recorded"}}
}

// changed names the first file that is not as it was when a verdict was given.
func changed(s *attest.Statement, r *Result) string {
	then := map[string]string{}
	for _, f := range s.Subject {
		then[f.Name] = f.Digest["sha256"]
	}
	for _, f := range r.Files {
		switch sha, known := then[f.Path]; {
		case !known:
			return "a file was added since: " + short(f.Path)
		case sha != f.SHA256:
			return "a file changed since: " + short(f.Path)
		}
		delete(then, f.Path)
	}
	for _, name := range sortedKeys(then) {
		return "a file was removed since: " + short(name)
	}
	return "the files are others"
}
