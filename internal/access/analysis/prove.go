package analysis

import (
	"slices"

	"github.com/reeve-ai/reeve/internal/access"
)

// Proof is the result of the search for a counter-example to one invariant.
type Proof struct {
	Invariant string   `json:"invariant"`
	Verdict   string   `json:"verdict"`           // "holds": in every small world; "broken"; "open": neither shown
	Worlds    int      `json:"worlds"`            // that were looked at
	Example   []string `json:"example,omitempty"` // of a broken one: the world
	Rules     []string `json:"rules,omitempty"`   // that allow it there
}

// Verdicts of a Proof.
const (
	Holds  = "holds"
	Broken = "broken"
	Open   = "open"
)

// Limits of the search.
const (
	maxWorlds      = 150_000 // for one invariant and one way of asking
	maxBackgrounds = 400     // tries to complete a world that the restricting rules leave open
)

// Prove searches small worlds for a request that an invariant forbids and the set allows. An invariant is a Cedar forbid: it
// says what must never be allowed, whatever the rules of the set are.
//
// For each way to ask for an action it goes through all values of the facts that the invariant looks at, and holds those
// against the forbids of the set that look at nothing else: what they refuse is refused whatever the rest of the world is.
// What they leave is tried with many values of the rest; where that finds an allowance the invariant is broken, and where it
// does not, open: bounded search can refute, but not prove, what depends on the rest.
func Prove(set *access.Set, invariants *access.Set) []Proof {
	var out []Proof
	for _, inv := range invariants.Policies() {
		p := Proof{Invariant: inv.ID, Verdict: Holds}
		for _, k := range ways(set.Schema(), set.Actions()) {
			if invariants.Covers(inv, k.action) && p.Verdict != Broken {
				prove(set, inv, k, &p)
			}
		}
		out = append(out, p)
	}
	return out
}

func prove(set *access.Set, inv *access.Policy, k kinds, p *Proof) {
	policies := set.Of(k.action)
	if !slices.ContainsFunc(policies, func(q *access.Policy) bool { return !q.Forbid }) {
		return // nothing is ever granted
	}
	mine := newFacts()
	mine.add(inv, set.Schema(), k)
	keys := mine.keys
	var within []*access.Policy // forbids that look at nothing but what the invariant looks at
	rest := newFacts()
	for _, q := range policies {
		own := newFacts()
		own.add(q, set.Schema(), k)
		rest.add(q, set.Schema(), k)
		if q.Forbid && subset(own.keys, keys) {
			within = append(within, q)
			mine.add(q, set.Schema(), k)
		}
	}
	for key := range keys {
		delete(rest.keys, key)
	}
	others := factsOf(set, k, rest)
	count, all := each(newWorld(set.Schema(), k), factsOf(set, k, mine), maxWorlds, func(w *world) bool {
		q := w.query(set)
		if !inv.Holds(q) || slices.ContainsFunc(within, func(f *access.Policy) bool { return f.Holds(q) }) {
			return true
		}
		tried, every := each(w, others, maxBackgrounds, func(whole *world) bool {
			d := set.Decide(whole.query(set))
			if d.Allow {
				p.Verdict, p.Example, p.Rules = Broken, append([]string{k.String()}, whole.said...), d.Rules
			}
			return !d.Allow
		})
		p.Worlds += tried
		if p.Verdict != Broken && !every {
			p.Verdict = Open
		}
		return p.Verdict == Holds
	})
	p.Worlds += count
	if !all && p.Verdict == Holds {
		p.Verdict = Open
	}
}

func subset(a, b map[string]bool) bool {
	for k := range a {
		if !b[k] {
			return false
		}
	}
	return true
}
