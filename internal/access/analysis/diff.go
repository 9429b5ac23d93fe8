package analysis

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go/types"

	"github.com/reeve-ai/reeve/internal/access"
)

// Difference is a way in which two sets decide differently.
type Difference struct {
	Action  string   `json:"action"`
	Change  string   `json:"change"`  // "allowed": denied before; "denied": allowed before; "error": judged before
	Before  string   `json:"before"`  // the rule that decided
	After   string   `json:"after"`   // the rule that decides
	Count   int      `json:"count"`   // worlds or recorded requests in which this was seen
	Example []string `json:"example"` // one of them, in words
}

// DiffResult is the comparison of two sets.
type DiffResult struct {
	Added, Removed, Changed []string // ids of policies
	Differences             []Difference
	Worlds                  int  // that were looked at
	Exhaustive              bool // all values of what the changed rules look at were gone through
}

// maxQuestions bounds what a comparison asks of each set, so that it ends within seconds.
const maxQuestions = 12_000

// Diff compares two sets over small worlds: for each action that a changed rule is about, all values of the facts that the
// changed rules look at, each before several backgrounds for everything else.
func Diff(before, after *access.Set) DiffResult {
	r := DiffResult{Exhaustive: true}
	changed := r.Name(before, after)
	seen := map[[4]string]*Difference{}
	all := slices.DeleteFunc(ways(before.Schema(), both(before, after)), func(k kinds) bool {
		return !slices.ContainsFunc(slices.Concat(before.Of(k.action), after.Of(k.action)), func(p *access.Policy) bool { return changed[p.ID] })
	})
	for _, k := range all {
		mine, rest := newFacts(), newFacts()
		for _, set := range []*access.Set{before, after} {
			for _, p := range set.Of(k.action) {
				if changed[p.ID] {
					mine.add(p, before.Schema(), k)
				} else {
					rest.add(p, before.Schema(), k)
				}
			}
		}
		for key := range mine.keys {
			delete(rest.keys, key)
		}
		backgrounds := r.backgrounds(before, k, factsOf(before, k, rest))
		for _, base := range backgrounds {
			n, all := each(base, factsOf(before, k, mine), max(60, maxQuestions/len(all)/len(backgrounds)), func(w *world) bool {
				compare(before.Decide(w.query(before)), after.Decide(w.query(after)), string(k.action.ID), slices.Concat([]string{k.String()}, w.said), seen)
				return true
			})
			r.Worlds += n
			r.Exhaustive = r.Exhaustive && all
		}
	}
	r.Differences = sorted(seen)
	return r
}

// backgrounds are worlds for what the changed rules do not look at: the barest one, and worlds that some rule grants.
func (r *DiffResult) backgrounds(set *access.Set, k kinds, rest []fact) []*world {
	out := []*world{newWorld(set.Schema(), k)}
	r.Worlds++
	n, _ := each(newWorld(set.Schema(), k), rest, 200, func(w *world) bool {
		if set.Decide(w.query(set)).Allow {
			out = append(out, w)
		}
		return len(out) < 6
	})
	r.Worlds += n
	if len(rest) > 0 { // and some that are like no other
		each(newWorld(set.Schema(), k), rest, 4, func(w *world) bool { out = append(out, w); return true })
	}
	return out
}

// Name notes which policies differ, and returns their ids.
func (r *DiffResult) Name(before, after *access.Set) map[string]bool {
	changed := map[string]bool{}
	for _, p := range after.Policies() {
		switch old := before.Policy(p.ID); {
		case old == nil:
			r.Added = append(r.Added, p.ID)
			changed[p.ID] = true
		case old.Cedar() != p.Cedar():
			r.Changed = append(r.Changed, p.ID)
			changed[p.ID] = true
		}
	}
	for _, p := range before.Policies() {
		if after.Policy(p.ID) == nil {
			r.Removed = append(r.Removed, p.ID)
			changed[p.ID] = true
		}
	}
	return changed
}

// both are the actions that both sets know.
func both(a, b *access.Set) []types.EntityUID {
	return slices.DeleteFunc(a.Actions(), func(uid types.EntityUID) bool {
		action, there := b.Schema().Actions[uid]
		return !there || action.AppliesTo == nil
	})
}

func compare(before, after access.Decision, action string, example []string, seen map[[4]string]*Difference) {
	change := ""
	switch {
	case len(after.Errors) > 0 && before.Allow:
		change = "error"
	case before.Allow && !after.Allow:
		change = "denied"
	case !before.Allow && after.Allow:
		change = "allowed"
	default:
		return
	}
	key := [4]string{action, change, before.Rule, after.Rule}
	if seen[key] == nil {
		seen[key] = &Difference{Action: action, Change: change, Before: before.Rule, After: after.Rule, Example: example}
	}
	seen[key].Count++
}

func sorted(seen map[[4]string]*Difference) (out []Difference) {
	for _, d := range slices.Collect(maps.Values(seen)) {
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b Difference) int {
		return cmp.Or(strings.Compare(a.Change, b.Change), strings.Compare(a.Action, b.Action), strings.Compare(a.Before, b.Before), strings.Compare(a.After, b.After))
	})
	return out
}
