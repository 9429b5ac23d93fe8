package analysis

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"

	"github.com/reeve-ai/reeve/internal/access"
)

// Lint tells of rules that are well typed and all the same wrong, or likely so. Entities are those that are known, to tell
// which names in policies exist; nil: none are known, and names are only held against enumerations.
func Lint(set *access.Set, entities *access.Entities) access.Problems {
	l := linter{set: set, entities: entities, closed: closedValues(set.Schema())}
	for _, p := range set.Policies() {
		l.unconditional(p)
		l.constant(p)
		l.names(p)
		l.texts(p)
		l.words(p)
	}
	l.shadowed()
	l.unreachable()
	slices.SortStableFunc(l.found, func(a, b access.Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return l.found
}

type linter struct {
	set      *access.Set
	entities *access.Entities
	closed   map[string][]string // "principal.kind" and so on → its values
	found    access.Problems
}

func (l *linter) say(p *access.Policy, message, remedy string) {
	l.found = append(l.found, access.Problem{File: p.File, Line: p.Line, Rule: p.ID, Message: message, Remedy: remedy})
}

func (l *linter) unconditional(p *access.Policy) {
	t := p.AST()
	_, anybody := t.Principal.(ast.ScopeTypeAll)
	_, anything := t.Action.(ast.ScopeTypeAll)
	_, everything := t.Resource.(ast.ScopeTypeAll)
	if !p.Forbid && anybody && anything && everything && !conditional(t) {
		l.say(p, "permits everything to everybody", "say in its scope or in a condition whom, what and when")
	}
}

// conditional reports whether a policy has a condition that is not the constant that lets it hold.
func conditional(t *ast.Policy) bool {
	return slices.ContainsFunc(t.Conditions, func(c ast.ConditionType) bool {
		value, constant := constantOf(c.Body)
		return !constant || value != bool(c.Condition)
	})
}

func constantOf(n ast.IsNode) (value, is bool) {
	switch n := n.(type) {
	case ast.NodeValue:
		b, is := n.Value.(types.Boolean)
		return bool(b), is
	case ast.NodeTypeNot:
		value, is := constantOf(n.Arg)
		return !value, is
	case ast.NodeTypeAnd:
		left, knowLeft := constantOf(n.Left)
		right, knowRight := constantOf(n.Right)
		return left && right, knowLeft && knowRight || knowLeft && !left || knowRight && !right
	case ast.NodeTypeOr:
		left, knowLeft := constantOf(n.Left)
		right, knowRight := constantOf(n.Right)
		return left || right, knowLeft && knowRight || knowLeft && left || knowRight && right
	}
	return false, false
}

func (l *linter) constant(p *access.Policy) {
	for _, c := range p.AST().Conditions {
		if value, constant := constantOf(c.Body); constant {
			if value == bool(c.Condition) {
				l.say(p, "a condition is always met", "take the condition away, or say what was meant")
			} else {
				l.say(p, "a condition is never met, so the rule never holds", "take the rule away, or say what was meant")
			}
		}
	}
}

// names tells of entities in a policy that do not exist.
func (l *linter) names(p *access.Policy) {
	f := newFacts()
	f.add(p, l.set.Schema(), kinds{})
	for _, t := range slices.Sorted(maps.Keys(f.entities)) {
		for _, uid := range f.entities[t] {
			if _, action := l.set.Schema().Actions[uid]; action {
				continue
			}
			if enum, is := l.set.Schema().Enums[t]; is {
				if !slices.Contains(enum.Values, uid) {
					l.say(p, uid.String()+" is none of the values of "+string(t)+nearest(string(uid.ID), ids(enum.Values)), "correct the name, or add it to the values in a schema file")
				}
			} else if l.entities != nil {
				if _, there := l.entities.Get(uid); !there {
					l.say(p, uid.String()+" does not exist", "correct the name, or make it")
				}
			}
		}
	}
}

// closedValues reads @values annotations of attributes: "user service agent".
func closedValues(s *resolved.Schema) map[string][]string {
	out := map[string][]string{}
	note := func(root string, shape resolved.RecordType) {
		for name, a := range shape {
			if v, there := a.Annotations["values"]; there {
				key := root + "." + string(name)
				out[key] = addNew(out[key], strings.Fields(string(v))...)
			}
		}
	}
	for _, a := range s.Actions {
		if a.AppliesTo == nil {
			continue
		}
		note("context", a.AppliesTo.Context)
		for _, t := range a.AppliesTo.Principals {
			note("principal", s.Entities[t].Shape)
		}
		for _, t := range a.AppliesTo.Resources {
			note("resource", s.Entities[t].Shape)
		}
	}
	return out
}

// texts tells of comparisons with a text that the attribute never has.
func (l *linter) texts(p *access.Policy) {
	for _, c := range p.AST().Conditions {
		ast.Inspect(ast.NewNode(c.Body), func(n ast.IsNode) bool {
			var sides ast.BinaryNode
			switch n := n.(type) {
			case ast.NodeTypeEquals:
				sides = n.BinaryNode
			case ast.NodeTypeNotEquals:
				sides = n.BinaryNode
			default:
				return true
			}
			for _, s := range []ast.BinaryNode{sides, {Left: sides.Right, Right: sides.Left}} {
				attribute, is := s.Left.(ast.NodeTypeAccess)
				literal, isValue := s.Right.(ast.NodeValue)
				if !is || !isValue {
					continue
				}
				root, _ := variable(attribute.Arg)
				key := root + "." + string(attribute.Value)
				text, isText := literal.Value.(types.String)
				if values, closed := l.closed[key]; closed && isText && !slices.Contains(values, string(text)) {
					l.say(p, fmt.Sprintf("%s is never %q%s", key, string(text), nearest(string(text), values)), "its values are "+strings.Join(values, ", "))
				}
			}
			return true
		})
	}
}

func (l *linter) words(p *access.Policy) {
	if p.Forbid && p.Module == "" && p.Reason == "" {
		l.say(p, "a refusal by this rule gives no reason", `write @reason("…") and @remedy("…") before it`)
	}
}

// shadowed tells of a rule that another of the same effect, at least as wide and without more conditions, makes needless;
// and of a permit that a forbid without conditions always overrides.
func (l *linter) shadowed() {
	all := l.set.Policies()
	if len(all) > 3000 {
		return // each is compared with each; a set of this size is made by a program
	}
	for i, p := range all {
		for j, q := range all {
			if i == j || !l.wider(q, p) {
				continue
			}
			same := conditionText(q) == conditionText(p)
			switch {
			case q.Forbid == p.Forbid && (!conditional(q.AST()) || same) && !(j > i && l.wider(p, q) && same):
				l.say(p, "changes nothing: "+q.ID+" says the same and more", "take one of the two away")
			case q.Forbid && !p.Forbid && !conditional(q.AST()):
				l.say(p, "never grants anything: "+q.ID+" always forbids it", "take one of the two away, or give the forbid a condition")
			default:
				continue
			}
			break
		}
	}
}

func conditionText(p *access.Policy) string {
	text := p.Cedar()
	if i := strings.Index(text, "\n)"); i >= 0 {
		return text[i:]
	}
	return text
}

// wider reports whether the scope of q covers that of p.
func (l *linter) wider(q, p *access.Policy) bool {
	a, b := q.AST(), p.AST()
	if !covers(a.Principal, b.Principal) || !covers(a.Resource, b.Resource) {
		return false
	}
	of := func(p *access.Policy) (out []types.EntityUID) {
		for _, uid := range l.set.Actions() {
			if l.set.Covers(p, uid) {
				out = append(out, uid)
			}
		}
		return out
	}
	if _, all := a.Action.(ast.ScopeTypeAll); all {
		return true
	}
	wide := of(q)
	return !slices.ContainsFunc(of(p), func(uid types.EntityUID) bool { return !slices.Contains(wide, uid) })
}

func covers(wide, narrow ast.IsScopeNode) bool {
	if _, all := wide.(ast.ScopeTypeAll); all {
		return true
	}
	switch w := wide.(type) {
	case ast.ScopeTypeEq:
		n, is := narrow.(ast.ScopeTypeEq)
		return is && n == w
	case ast.ScopeTypeIn:
		if n, is := narrow.(ast.ScopeTypeIn); is {
			return n == w
		}
		n, is := narrow.(ast.ScopeTypeIsIn)
		return is && n.Entity == w.Entity
	case ast.ScopeTypeIs:
		if n, is := narrow.(ast.ScopeTypeIs); is {
			return n == w
		}
		n, is := narrow.(ast.ScopeTypeIsIn)
		return is && n.Type == w.Type
	case ast.ScopeTypeIsIn:
		n, is := narrow.(ast.ScopeTypeIsIn)
		return is && n == w
	}
	return false
}

// unreachable tells of actions that no rule grants to anybody.
func (l *linter) unreachable() {
	for _, uid := range l.set.Actions() {
		if !slices.ContainsFunc(l.set.Of(uid), func(p *access.Policy) bool { return !p.Forbid }) {
			l.found = append(l.found, access.Problem{File: "schema", Message: "no rule ever grants " + uid.String(), Remedy: "write a permit for it, or take it out of the schema"})
		}
	}
}

func ids(uids []types.EntityUID) (out []string) {
	for _, u := range uids {
		out = append(out, string(u.ID))
	}
	return out
}

// nearest suggests the name that differs in one or two letters.
func nearest(s string, names []string) string {
	for _, n := range names {
		if distance(s, n) <= 2 {
			return fmt.Sprintf(" (did you mean %q?)", n)
		}
	}
	return ""
}

// distance is that of Levenshtein.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, before+1)
		}
	}
	return row[len(b)]
}
