package detect

import (
	"fmt"
	"regexp"
	"strings"
)

// maxAllowed is the longest value that is compared with an allow list, in bytes.
const maxAllowed = 512

// Allow lists values that are no findings: test accounts, addresses of the own company, published numbers. A value is
// what a match covers. ASCII letters count in any case.
type Allow struct {
	Rules    []string // identifiers, or "class/*"; nil means every rule
	Values   []string // whole values
	Globs    []string // whole values with "*" for any text and "?" for one byte, such as "*@example.com"
	Patterns []string // regular expressions of package regexp that must match the whole value
}

// allowList is an Allow compiled.
type allowList struct {
	rules    []bool // by index of the rule
	values   map[string]bool
	globs    []string
	patterns []*regexp.Regexp
}

func compileAllow(a Allow, rules []Rule) (allowList, error) {
	l := allowList{rules: make([]bool, len(rules)), values: map[string]bool{}}
	for _, name := range a.Rules {
		if !markRules(l.rules, rules, name) {
			return l, fmt.Errorf("no rule is called %q", name)
		}
	}
	for i := range l.rules {
		l.rules[i] = l.rules[i] || len(a.Rules) == 0
	}
	for _, v := range a.Values {
		l.values[strings.ToLower(v)] = true
	}
	for _, g := range a.Globs {
		l.globs = append(l.globs, strings.ToLower(g))
	}
	for _, p := range a.Patterns {
		re, err := regexp.Compile(`(?i)\A(?:` + p + `)\z`)
		if err != nil {
			return l, fmt.Errorf("pattern %q: %w", p, err)
		}
		l.patterns = append(l.patterns, re)
	}
	return l, nil
}

// markRules sets the flag of every rule that name means, an identifier or "class/*".
func markRules(flags []bool, rules []Rule, name string) (found bool) {
	class, glob := strings.CutSuffix(name, "*")
	for i := range rules {
		if id := rules[i].ID; id == name || glob && strings.HasSuffix(class, "/") && strings.HasPrefix(id, class) {
			flags[i], found = true, true
		}
	}
	return found
}

func (l *allowList) has(rule int32, value []byte) bool {
	if !l.rules[rule] || len(value) > maxAllowed {
		return false
	}
	v := strings.ToLower(string(value))
	if l.values[v] {
		return true
	}
	for _, g := range l.globs {
		if globMatch(g, v) {
			return true
		}
	}
	for _, re := range l.patterns {
		if re.MatchString(v) {
			return true
		}
	}
	return false
}

// globMatch compares in time proportional to both lengths: only the last star is ever tried again.
func globMatch(glob, s string) bool {
	g, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case g < len(glob) && glob[g] == '*':
			star, mark = g, i
			g++
		case g < len(glob) && (glob[g] == '?' || glob[g] == s[i]):
			g++
			i++
		case star >= 0:
			mark++
			g, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(glob[g:], "*") == ""
}

// setLimits compiles thresholds and allow lists.
func (e *Engine) setLimits(o Options) error {
	e.min = make([]float32, len(e.rules))
	flags := make([]bool, len(e.rules))
	for i := range e.min {
		e.min[i] = o.MinScore
	}
	for _, exact := range []bool{false, true} { // a class first, so that a rule of its own wins
		for name, score := range o.Thresholds {
			if strings.HasSuffix(name, "/*") == exact {
				continue
			}
			clear(flags)
			if !markRules(flags, e.rules, name) {
				return fmt.Errorf("threshold: no rule is called %q", name)
			}
			for i, f := range flags {
				if f {
					e.min[i] = score
				}
			}
		}
	}
	for k, a := range o.Allow {
		l, err := compileAllow(a, e.rules)
		if err != nil {
			return fmt.Errorf("allow list %d: %w", k+1, err)
		}
		e.allow = append(e.allow, l)
	}
	return nil
}

// admits reports whether a candidate is worth a finding.
func (e *Engine) admits(rule int32, score float32, value []byte) bool {
	if score < e.min[rule] {
		return false
	}
	for k := range e.allow {
		if e.allow[k].has(rule, value) {
			return false
		}
	}
	return true
}
