package lineage

import (
	"maps"
	"slices"
	"time"
)

// judge finds what keeps the lineage from being whole.
func (b *builder) judge(now time.Time) {
	for _, id := range slices.Sorted(maps.Keys(b.steps)) {
		s := b.steps[id]
		switch {
		case s.Absent:
			b.problem("absent", id, "a statement that another one rests on is not here")
			continue
		case s.Problem != "":
			b.problem("malformed", id, s.Problem)
		}
		if !s.Verified {
			b.problem("unverified", id, "no valid signature by a key that is trusted")
		}
		if !now.IsZero() && !s.Expires.IsZero() && now.After(s.Expires) {
			b.problem("expired", id, "it expired on "+s.Expires.UTC().Format(time.RFC3339))
		}
	}
	b.missing()
	b.forks()
	b.cycles()
}

// missing finds what something was made of, and no statement speaks of. A file of a folder that one speaks of is not missing.
func (b *builder) missing() {
	spoken := map[string]bool{}
	for e := range b.edges {
		switch e.Kind {
		case EdgeOut:
			spoken[e.To] = true
		case EdgeAbout:
			spoken[e.From] = true
		}
	}
	covered := maps.Clone(spoken)
	for e := range b.edges {
		if e.Kind == EdgePart && spoken[e.To] {
			covered[e.From] = true
		}
	}
	for e := range b.edges {
		a := b.artefacts[e.From]
		if e.Kind == EdgeIn && !covered[e.From] && (e.Role == "base" || e.Role == "data set" || e.Role == "input") && !a.Missing {
			a.Missing = true
			message := "no statement speaks of it"
			if len(a.digests) == 0 {
				message = "it is known by its name alone"
			}
			b.problem("missing", a.ID, message)
		}
	}
}

// forks finds what more than one statement says it made. What was imported is another account of the same act, and does not count.
func (b *builder) forks() {
	makers := map[string]int{}
	for e := range b.edges {
		if e.Kind == EdgeOut && !b.steps[e.From].Imported {
			makers[e.To]++
		}
	}
	for id, n := range makers {
		if n > 1 {
			b.artefacts[id].Forked = true
			b.problem("fork", id, "more than one statement says that it made it")
		}
	}
}

// cycles finds the artefacts and steps that are made of themselves: the strongly connected components with more than one node
// (Tarjan's algorithm, without recursion, so that a long chain needs no stack).
func (b *builder) cycles() {
	next := map[string][]string{}
	for e := range b.edges {
		if e.Kind == EdgeIn || e.Kind == EdgeOut || e.Kind == EdgeRests {
			next[e.From] = append(next[e.From], e.To)
		}
	}
	for _, component := range components(next) {
		if len(component) < 2 {
			continue
		}
		for _, id := range component {
			if a := b.artefacts[id]; a != nil {
				a.Cycle = true
				b.problem("cycle", id, "it was made of itself")
			} else {
				b.steps[id].Cycle = true
			}
		}
	}
}

// components are the strongly connected components of a graph.
func components(next map[string][]string) [][]string {
	type frame struct {
		id string
		at int
	}
	index, low, on := map[string]int{}, map[string]int{}, map[string]bool{}
	var stack []string
	var out [][]string
	for _, root := range slices.Sorted(maps.Keys(next)) {
		if index[root] > 0 {
			continue
		}
		work := []frame{{id: root}}
		for len(work) > 0 {
			f := &work[len(work)-1]
			if f.at == 0 {
				index[f.id] = len(index) + 1
				low[f.id] = index[f.id]
				stack, on[f.id] = append(stack, f.id), true
			}
			if f.at < len(next[f.id]) {
				to := next[f.id][f.at]
				f.at++
				if index[to] == 0 {
					work = append(work, frame{id: to})
				} else if on[to] {
					low[f.id] = min(low[f.id], index[to])
				}
				continue
			}
			if low[f.id] == index[f.id] {
				cut := slices.Index(stack, f.id)
				for _, id := range stack[cut:] {
					on[id] = false
				}
				out = append(out, slices.Clone(stack[cut:]))
				stack = stack[:cut]
			}
			done := f.id
			if work = work[:len(work)-1]; len(work) > 0 {
				parent := work[len(work)-1].id
				low[parent] = min(low[parent], low[done])
			}
		}
	}
	return out
}
