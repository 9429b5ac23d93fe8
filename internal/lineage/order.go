package lineage

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ranks gives every id of a graph its distance from where everything began: each stands behind all that it depends on. Cycles are
// entered at their smallest id.
func (g *Graph) ranks() map[string]int {
	made := map[string]bool{}
	for _, e := range g.Edges {
		made[e.To] = made[e.To] || e.Kind == EdgeOut
	}
	next, before := map[string][]string{}, map[string]map[string]bool{}
	ids := make([]string, 0, len(g.Artefacts)+len(g.Steps))
	for i := range g.Artefacts {
		ids = append(ids, g.Artefacts[i].ID)
	}
	for i := range g.Steps {
		ids = append(ids, g.Steps[i].ID)
	}
	for _, id := range ids {
		before[id] = map[string]bool{}
	}
	for _, e := range g.Edges {
		from, to := e.From, e.To
		switch {
		case e.Kind == EdgePart && made[to] && made[from]:
			continue // each has its place by what made it
		case e.Kind == EdgePart && made[to]:
			from, to = to, from // a file of a folder that was made comes behind the folder
		}
		if !before[to][from] {
			before[to][from] = true
			next[from] = append(next[from], to)
		}
	}
	return longest(ids, next, before)
}

func longest(ids []string, next map[string][]string, before map[string]map[string]bool) map[string]int {
	rank, done, open := map[string]int{}, map[string]bool{}, map[string]int{}
	var ready []string
	slices.Sort(ids)
	for _, id := range ids {
		if open[id] = len(before[id]); open[id] == 0 {
			ready = append(ready, id)
		}
	}
	left := ids
	for len(done) < len(ids) {
		if len(ready) == 0 { // only cycles are left
			for done[left[0]] {
				left = left[1:]
			}
			ready = append(ready, left[0])
		}
		id := ready[0]
		if ready = ready[1:]; done[id] {
			continue
		}
		done[id] = true
		for _, to := range next[id] {
			if done[to] {
				continue
			}
			rank[to] = max(rank[to], rank[id]+1)
			if open[to]--; open[to] == 0 {
				ready = append(ready, to)
			}
		}
	}
	return rank
}

// ordered are the artefacts, those that came first before those that were made of them.
func (g *Graph) ordered() []*Artefact {
	rank := g.ranks()
	out := make([]*Artefact, 0, len(g.Artefacts))
	for i := range g.Artefacts {
		out = append(out, &g.Artefacts[i])
	}
	slices.SortStableFunc(out, func(a, b *Artefact) int {
		return cmp.Or(cmp.Compare(rank[a.ID], rank[b.ID]), cmp.Compare(a.name(), b.name()), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// name is a name of an artefact, its id where nobody named it.
func (a *Artefact) name() string {
	if len(a.Names) > 0 {
		return a.Names[0]
	}
	if a.Files > 1 {
		return "files"
	}
	return short(a.ID)
}

// short is an id with the first 12 digits of its digest.
func short(id string) string {
	kind, digest, _ := strings.Cut(id, ":")
	if kind == "name" || len(digest) <= 12 {
		return id
	}
	return kind + ":" + digest[:12]
}

// maxName bounds what is shown of a name, in characters.
const maxName = 120

// safe makes a name fit to be shown: nothing in it can move the cursor, turn the direction of the text, or hide; and it is short.
func safe(s string) string {
	r := []rune(printable(s))
	if len(r) > maxName {
		return string(r[:maxName-1]) + "…"
	}
	return string(r)
}

// printable replaces what cannot be seen, or changes how the rest is seen, and what XML 1.0 § 2.2 does not allow.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Noncharacter_Code_Point) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
}
