package guard

import (
	"fmt"
	"maps"
	"strings"

	"github.com/reeve-ai/reeve"
)

// cache holds the sets that were asked for. A cache is never changed once it is published.
type cache struct {
	byScope map[place]*Set
	byRules map[string]*Set // by direction and the rules in force; many scopes share one
}

// place is a direction and a scope.
type place struct {
	dir   reeve.Direction
	scope Scope
}

// Limits of the cache. Scopes come from configuration and authorised requests; past the limits the cache starts anew.
const (
	maxScopes    = 1024
	maxSets      = 256
	maxScopeText = 1024 // bytes of the names in a scope that is remembered
)

// For returns the rules in force for a direction and a scope. Once a scope was seen it takes no lock and does not
// allocate. A nil Policy has a nil Set.
func (p *Policy) For(dir reeve.Direction, s Scope) *Set {
	if p == nil {
		return nil
	}
	if set := p.sets.Load().byScope[place{dir, s}]; set != nil {
		return set
	}
	return p.fill(dir, s)
}

func (p *Policy) fill(dir reeve.Direction, s Scope) *Set {
	key, rules := p.inForce(dir, s)
	if p.labels != nil && dir == reeve.Out {
		key += s.Clearance
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.sets.Load()
	set := old.byRules[key]
	if set == nil {
		var err error
		if set, err = p.newSet(dir, rules, s.Clearance); err != nil {
			// Parse has compiled all rules of the direction together, so a part of them compiles too. Should that
			// ever be wrong, nothing passes.
			return &Set{dir: dir, broken: brokenRule()}
		}
	}
	next := old.with(key, set)
	if len(s.Route)+len(s.Model)+len(s.Role)+len(s.Label)+len(s.Clearance) <= maxScopeText {
		next.byScope[place{dir, s.clone()}] = set
	}
	p.sets.Store(next)
	return set
}

// with is a copy of the cache that holds the set.
func (c *cache) with(key string, set *Set) *cache {
	next := &cache{byScope: map[place]*Set{}, byRules: map[string]*Set{}}
	if len(c.byScope) < maxScopes {
		maps.Copy(next.byScope, c.byScope)
	}
	if len(c.byRules) < maxSets {
		maps.Copy(next.byRules, c.byRules)
	}
	next.byRules[key] = set
	return next
}

// inForce returns the rules in force, sorted by id, and a key that names them.
func (p *Policy) inForce(dir reeve.Direction, s Scope) (key string, rules []*bound) {
	return p.pick(dir, func(r *bound) bool { return r.works(dir, s) })
}

func (p *Policy) pick(dir reeve.Direction, wanted func(*bound) bool) (key string, rules []*bound) {
	bits := make([]byte, 1+(len(p.rules)+7)/8)
	bits[0] = byte(dir)
	for i, r := range p.rules {
		if wanted(r) {
			bits[1+i/8] |= 1 << (i % 8)
			rules = append(rules, r)
		}
	}
	return string(bits), rules
}

// clone copies the names, which may point into a request.
func (s Scope) clone() Scope {
	return Scope{strings.Clone(s.Route), strings.Clone(s.Model), strings.Clone(s.Role), strings.Clone(s.Label), strings.Clone(s.Clearance)}
}

func brokenRule() *Rule {
	return &Rule{
		ID: "guard/broken", In: true, Out: true, Action: reeve.Block, Mode: "exact", Owner: "reeve",
		Message: "The guard could not be built for this scope, so nothing passes.",
		Remedy:  "Run reeve config check and report what it says.",
	}
}

// compiles builds the sets of all rules, once per direction, so that an error shows when the policy is read. Where no rule
// has a scope these are the sets that For returns.
func (p *Policy) compiles() error {
	ready := &cache{}
	for _, dir := range []reeve.Direction{reeve.In, reeve.Out} {
		key, rules := p.pick(dir, func(r *bound) bool { return dir == reeve.In && r.In || dir == reeve.Out && r.Out })
		set, err := p.newSet(dir, rules, "")
		if err != nil {
			return fmt.Errorf("rules of direction %s: %w", dir, err)
		}
		ready = ready.with(key, set)
	}
	p.sets.Store(ready)
	return nil
}
