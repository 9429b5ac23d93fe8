package guard

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/detect"
)

// Set is the rules in force for one direction and scope, compiled. It is immutable and safe for concurrent use. A nil Set
// holds no rules: it allows every text.
type Set struct {
	dir     reeve.Direction
	classes [4]*class      // by action; nil where no rule has that action
	any     *detect.Engine // all classes in one, or nil: finds nothing exactly where no class finds anything
	broken  *Rule          // set where the rules could not be compiled: blocks every text
	pool    sync.Pool      // of *Stream
}

// class is the rules of one action with the engine that looks for them.
type class struct {
	action reeve.Action
	engine *detect.Engine
	rules  []*Rule // sorted by id
	seen   []sight // by index of the engine's rules
}

// sight is what a match of one engine rule means.
type sight struct {
	rule    int32 // index into class.rules
	finding reeve.Finding
	mask    string
	token   string // name part of reversible tokens: "EMAIL" in [[EMAIL_1]]; "" where the mask is not reversible
}

// engine rule ids of literals and patterns carry these prefixes before the id of their rule; the detectors' own ids have
// no colon.
const (
	literalPrefix = "literal:"
	patternPrefix = "pattern:"
)

// newSet compiles the rules, after labels have had their say about them.
func (p *Policy) newSet(dir reeve.Direction, rules []*bound, clearance string) (*Set, error) {
	if p.labels != nil {
		rules = p.labelled(dir, rules, clearance)
	}
	return newSet(dir, rules)
}

func newSet(dir reeve.Direction, rules []*bound) (*Set, error) {
	s := &Set{dir: dir}
	for action := range s.classes {
		c, err := newClass(reeve.Action(action), dir, rules)
		if err != nil {
			return nil, err
		}
		s.classes[action] = c
	}
	return s, s.unite(rules)
}

// maxUnited bounds the literals of the engine that unites all classes: it holds them a second time.
const maxUnited = 1000

// unite builds the engine that looks for everything at once, which tells in one pass that a text is clean.
func (s *Set) unite(rules []*bound) (err error) {
	literals, classes := 0, 0
	for _, r := range rules {
		literals += len(r.literals)
	}
	for _, c := range s.classes {
		if c != nil {
			classes++
		}
	}
	if classes < 2 || literals > maxUnited {
		return nil
	}
	o, _ := wanted(rules)
	s.any, err = detect.New(o)
	return err
}

// key tells the parts of a rule apart in one engine.
func (r *bound) key() string {
	if r.from == "" {
		return r.ID
	}
	return r.from + "#" + r.Action.String()
}

// origin is the id of the rule as the file has it.
func (r *bound) origin() string {
	if r.from == "" {
		return r.ID
	}
	return r.from
}

// wanted is what the rules look for, and whose each literal list and pattern is, by engine rule id.
func wanted(rules []*bound) (o detect.Options, owner map[string]*bound) {
	owner = map[string]*bound{}
	o.EarlyRelease = true // somebody waits for the text
	if slices.ContainsFunc(rules, func(r *bound) bool { return r.minScore > 0 }) {
		o.Thresholds = thresholds(rules)
	}
	for _, r := range rules {
		o.Rules = append(o.Rules, r.detect...)
		if len(r.literals) > 0 {
			id := literalPrefix + r.key()
			o.Literals = append(o.Literals, detect.LiteralSet{ID: id, Words: r.literals, FoldCase: r.foldCase, WholeWord: r.whole})
			owner[id] = r
		}
		for _, p := range r.patterns {
			id := patternPrefix + r.key()
			o.Patterns = append(o.Patterns, detect.Pattern{ID: id, Expr: p.Expr, MaxLen: p.MaxLen})
			owner[id] = r
		}
	}
	return o, owner
}

// thresholds are the lowest scores that any of the rules takes from each detector.
func thresholds(rules []*bound) map[string]float32 {
	least := map[string]float32{}
	for _, r := range rules {
		for _, id := range ids(r.detect) {
			score, known := least[id]
			if s := float32(r.minScore); !known || s < score {
				least[id] = s
			}
		}
	}
	return least
}

// newClass compiles the rules of one action, which must come sorted by id; nil if there are none.
func newClass(action reeve.Action, dir reeve.Direction, all []*bound) (*class, error) {
	c := &class{action: action}
	var rules []*bound
	for _, r := range all {
		if r.Action == action {
			rules = append(rules, r)
			c.rules = append(c.rules, &r.Rule)
		}
	}
	if len(c.rules) == 0 {
		return nil, nil //nolint:nilnil // no rule has this action
	}
	o, owner := wanted(rules)
	engine, err := detect.New(o)
	if err != nil {
		return nil, err
	}
	c.engine = engine
	for i := range engine.NumRules() {
		d := engine.RuleAt(int32(i)) //nolint:gosec // the index of a rule
		r := owner[d.ID]
		if r == nil {
			r = firstDetecting(rules, d.ID)
		}
		if r == nil {
			return nil, errors.New("the engine holds a rule that nobody asked for: " + d.ID)
		}
		c.seen = append(c.seen, c.sight(dir, r, d))
	}
	return c, nil
}

// firstDetecting is the rule with the smallest id that asks for a detector.
func firstDetecting(rules []*bound, id string) *bound {
	for _, r := range rules {
		for _, name := range r.detect {
			class, isClass := strings.CutSuffix(name, "/*")
			if name == id || isClass && strings.HasPrefix(id, class+"/") {
				return r
			}
		}
	}
	return nil
}

func (c *class) sight(dir reeve.Direction, r *bound, d *detect.Rule) sight {
	own := strings.HasPrefix(d.ID, literalPrefix) || strings.HasPrefix(d.ID, patternPrefix)
	s := sight{mask: r.mask, finding: reeve.Finding{
		Rule: d.ID, Kind: string(d.Kind), Severity: reeve.Severity(d.Severity), In: "field", Message: r.Message, Remedy: r.Remedy, Label: r.label,
	}}
	if own {
		s.finding.Rule = r.origin()
	}
	if r.Severity != nil {
		s.finding.Severity = *r.Severity
	}
	for i, rule := range c.rules {
		if rule == &r.Rule {
			s.rule = int32(i) //nolint:gosec // at most maxRules
		}
	}
	if s.mask == "" {
		s.mask = "[" + string(d.Kind) + "]"
		if own {
			s.mask = "[MASKED]"
		}
	}
	if r.Reversible && dir == reeve.In {
		s.token = tokenName(string(d.Kind))
	}
	return s
}
