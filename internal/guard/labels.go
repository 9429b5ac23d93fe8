package guard

import (
	"slices"
	"strings"
	"sync"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/detect"
)

// Labels says how sensitive findings are and what that asks for. It is immutable and safe for concurrent use.
type Labels interface {
	// Of is the label of what a rule or detector finds.
	Of(rule, kind string) reeve.Label
	// MustMask reports whether data with the label is masked where people read it.
	MustMask(reeve.Label) bool
}

// Marked is words that raise the label of a text they stand in.
type Marked struct {
	ID       string
	Words    []string
	FoldCase bool
	Label    string // as reeve.Label writes it
}

// ClearanceRule is the rule that ends an answer whose text its reader may not see.
const ClearanceRule = "label/clearance"

// WithLabels is the policy with labels put in force: marks become rules that look for them, and in answers a rule that
// would let a finding pass gives way. Where the label must be masked, it masks; where the reader's clearance
// (Scope.Clearance) does not dominate the label, it ends the text. Such rules then hold back what they are not sure of,
// as every rule does that masks or blocks: not one byte of what the reader may not see goes out.
func (p *Policy) WithLabels(l Labels, marks []Marked) (*Policy, error) {
	q := &Policy{rules: slices.Clone(p.rules), digest: p.digest, labels: l}
	for _, m := range marks {
		q.rules = append(q.rules, &bound{
			Rule: Rule{
				ID: m.ID, In: true, Out: true, Action: reeve.Allow, Owner: "labels", Mode: "exact",
				Message: "The text carries a mark that raises its label.", Remedy: "None.", LegalBasis: "house rule",
			},
			literals: m.Words, foldCase: m.FoldCase, whole: true, label: m.Label,
		})
	}
	slices.SortFunc(q.rules, func(x, y *bound) int { return strings.Compare(x.ID, y.ID) })
	return q, q.compiles()
}

// labelled is the rules as the labels of what they find change them. Of rules for requests nothing changes: what a
// prompt holds is judged as a whole before it goes anywhere.
func (p *Policy) labelled(dir reeve.Direction, rules []*bound, clearance string) []*bound {
	if dir == reeve.In {
		return rules
	}
	reader, bounded := reeve.Label{}, clearance != ""
	if bounded {
		var err error
		if reader, err = reeve.ParseLabel(clearance); err != nil {
			reader = reeve.Label{} // nothing above public
		}
	}
	masked := map[string]bool{} // detectors whose findings never pass
	for _, r := range rules {
		if r.Action >= reeve.Mask {
			for _, id := range ids(r.detect) {
				masked[id] = true
			}
		}
	}
	var out []*bound
	for _, r := range rules {
		if r.Action >= reeve.Mask {
			out = append(out, r)
			continue
		}
		out = append(out, p.split(r, func(l reeve.Label, detector string) reeve.Action {
			switch {
			case masked[detector]:
				return r.Action
			case p.labels.MustMask(l):
				return reeve.Mask
			case bounded && !reader.Dominates(l):
				return reeve.Block
			}
			return r.Action
		})...)
	}
	return out
}

// split divides a rule that lets pass into up to three, by what becomes of each thing that it looks for.
func (p *Policy) split(r *bound, becomes func(l reeve.Label, detector string) reeve.Action) []*bound {
	parts := map[reeve.Action]*bound{}
	part := func(a reeve.Action) *bound {
		if parts[a] == nil {
			c := *r
			c.detect, c.literals, c.patterns = nil, nil, nil
			c.Action, c.from = a, r.ID
			if a == reeve.Block {
				c.ID = ClearanceRule
				c.Message = "The answer holds what the clearance of its reader does not allow."
				c.Remedy = "Use an identity with the clearance, or ask for something else."
			}
			parts[a] = &c
		}
		return parts[a]
	}
	for _, id := range ids(r.detect) {
		to := part(becomes(p.labels.Of(id, kindOf(id)), id))
		to.detect = append(to.detect, id)
	}
	if len(r.literals)+len(r.patterns) > 0 {
		to := part(becomes(p.own(r), ""))
		to.literals, to.patterns = r.literals, r.patterns
	}
	var out []*bound
	for _, a := range []reeve.Action{reeve.Allow, reeve.Review, reeve.Mask, reeve.Block} {
		if parts[a] != nil {
			out = append(out, parts[a])
		}
	}
	return out
}

// own is the label of what a rule's own words and patterns find.
func (p *Policy) own(r *bound) reeve.Label {
	l := p.labels.Of(r.ID, ownKind(r))
	if r.label != "" {
		own, err := reeve.ParseLabel(r.label)
		if err != nil {
			own = reeve.Label{Level: reeve.Restricted}
		}
		l = l.Join(own)
	}
	return l
}

func ownKind(r *bound) string {
	if len(r.literals) > 0 {
		return "LITERAL"
	}
	return "PATTERN"
}

// known is every detector with its kind. Asking for it makes every rule there is, which commands without a policy need not wait for.
var known = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for _, r := range detect.Rules() {
		m[r.ID] = string(r.Kind)
	}
	return m
})

func kindOf(id string) string { return known()[id] }

// ids are the detectors that a list of names and classes means.
func ids(names []string) (out []string) {
	for _, n := range names {
		class, isClass := strings.CutSuffix(n, "/*")
		if !isClass {
			out = append(out, n)
			continue
		}
		for id := range known() {
			if strings.HasPrefix(id, class+"/") {
				out = append(out, id)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
