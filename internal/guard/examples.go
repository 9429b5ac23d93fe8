package guard

import (
	"fmt"

	"github.com/reeve-ai/reeve"
)

// ExampleFailure is an example that its rule does not live up to.
type ExampleFailure struct {
	Rule  string // id of the rule
	List  string // "match" or "no_match"
	Index int    // place in that list, from 0
	Line  int    // line in the policy file, from 1
}

// String says what is wrong without the text of the example.
func (f ExampleFailure) String() string {
	if f.List == "match" {
		return fmt.Sprintf("line %d: rule %s does not match example %d under match", f.Line, f.Rule, f.Index+1)
	}
	return fmt.Sprintf("line %d: rule %s matches example %d under no_match", f.Line, f.Rule, f.Index+1)
}

// Test runs the examples of every rule, each rule by itself, and returns those that fail, in the order of rule ids.
func (p *Policy) Test() []ExampleFailure {
	var failures []ExampleFailure
	for _, r := range p.rules {
		set, err := newSet(r.anyDirection(), []*bound{r})
		if err != nil {
			set = &Set{broken: brokenRule()} // Parse has compiled it before; nothing that is broken passes a test
		}
		failures = append(failures, r.test(set, "match", r.examples.Match, r.lines[0], true)...)
		failures = append(failures, r.test(set, "no_match", r.examples.NoMatch, r.lines[1], false)...)
	}
	return failures
}

func (r *bound) test(set *Set, list string, texts []string, lines []int, want bool) (failures []ExampleFailure) {
	for i, text := range texts {
		got := set.broken == nil && len(set.Check([]byte(text), nil).Findings) > 0
		if got != want || set.broken != nil {
			failures = append(failures, ExampleFailure{Rule: r.ID, List: list, Index: i, Line: lines[i]})
		}
	}
	return failures
}

func (r *bound) anyDirection() reeve.Direction {
	if r.In {
		return reeve.In
	}
	return reeve.Out
}
