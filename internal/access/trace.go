package access

import (
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
)

// Trace is what one policy says to one query.
type Trace struct {
	Policy *Policy
	Holds  bool
	Error  string // why it could not be evaluated; never holds a value
}

// Trace asks every policy that could hold for a query by itself, sorted by id. The error is why the query cannot be judged.
func (s *Set) Trace(q Query) ([]Trace, error) {
	c, err := s.prepare(&q)
	if err != nil {
		return nil, err
	}
	var out []Trace
	for p := range c.each {
		out = append(out, p.trace(&q))
	}
	slices.SortFunc(out, func(a, b Trace) int { return strings.Compare(a.Policy.ID, b.Policy.ID) })
	return out, nil
}

func (p *Policy) trace(q *Query) Trace {
	request := types.Request{Principal: q.Principal, Action: q.Action, Resource: q.Resource, Context: q.Context}
	_, d := cedar.Authorize(cedar.PolicyMap{cedar.PolicyID(p.ID): p.cedar}, q.Entities, request)
	t := Trace{Policy: p, Holds: len(d.Reasons) > 0}
	if len(d.Errors) > 0 {
		t.Error = withoutValues(d.Errors[0].Message)
	}
	return t
}

// Holds reports whether a policy, which may be of another set with the same schema, holds for a query. One that errs does
// not.
func (p *Policy) Holds(q Query) bool { return p.trace(&q).Holds }

// Of are the policies whose scope covers an action, in the order of their files.
func (s *Set) Of(action types.EntityUID) (out []*Policy) {
	for _, p := range s.policies {
		if s.covers(p.AST().Action, action) {
			out = append(out, p)
		}
	}
	return out
}

// Covers reports whether the scope of a policy of this set covers an action.
func (s *Set) Covers(p *Policy, action types.EntityUID) bool {
	return s.covers(p.AST().Action, action)
}
