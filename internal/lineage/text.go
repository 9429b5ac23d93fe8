package lineage

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve/internal/attest"
)

// Text writes a graph for people to read: each artefact behind what it was made of, with what made it and what was said of it.
func (g *Graph) Text(out io.Writer) error {
	w := bufio.NewWriter(out)
	steps := map[string]*Step{}
	for i := range g.Steps {
		steps[g.Steps[i].ID] = &g.Steps[i]
	}
	names := map[string]*Artefact{}
	for i := range g.Artefacts {
		names[g.Artefacts[i].ID] = &g.Artefacts[i]
	}
	kind := func(a, b Edge) int { // the steps of an artefact, in the order of a model's life
		x, y := steps[a.From], steps[b.From]
		if a.Kind == EdgeAbout {
			x, y = steps[a.To], steps[b.To]
		}
		return cmp.Or(cmp.Compare(order(x.Kind), order(y.Kind)), x.At.Compare(y.At), cmp.Compare(x.ID, y.ID))
	}
	into, from := map[string][]Edge{}, map[string][]Edge{} // each edge once by either end, so that a large graph takes linear time
	for _, e := range g.Edges {
		into[e.To], from[e.From] = append(into[e.To], e), append(from[e.From], e)
	}
	for _, a := range g.ordered() {
		fmt.Fprintf(w, "%s\n", a.line())
		for _, e := range sorted(into[a.ID], EdgeOut, kind) {
			fmt.Fprintf(w, "  made by %s\n", steps[e.From].line())
			for _, in := range into[e.From] {
				if in.Kind == EdgeIn {
					fmt.Fprintf(w, "    from %s %s, %s\n", in.Role, names[in.From].title(), in.Grade)
				}
			}
		}
		for _, e := range sorted(from[a.ID], EdgeAbout, kind) {
			fmt.Fprintf(w, "  %s\n", steps[e.To].line())
		}
		for _, e := range from[a.ID] {
			if e.Kind == EdgePart {
				fmt.Fprintf(w, "  part of %s\n", names[e.To].title())
			}
		}
	}
	if len(g.Problems) > 0 {
		fmt.Fprintln(w, "\nnot whole:")
	}
	for _, p := range g.Problems {
		name := short(p.ID)
		if a := names[p.ID]; a != nil {
			name = a.title()
		} else if s := steps[p.ID]; s != nil {
			name = s.Kind + " " + short(p.ID)
		}
		fmt.Fprintf(w, "  %s: %s: %s\n", p.Rule, safe(name), safe(p.Message))
	}
	return w.Flush()
}

// sorted are the edges of a kind, in an order.
func sorted(all []Edge, kind string, by func(a, b Edge) int) []Edge {
	out := slices.DeleteFunc(slices.Clone(all), func(e Edge) bool { return e.Kind != kind })
	slices.SortStableFunc(out, by)
	return out
}

// order is where a kind stands in a model's life.
func order(kind string) int {
	if i := slices.Index(attest.Kinds(), kind); i >= 0 {
		return i
	}
	return len(attest.Kinds())
}

// title is an artefact in a few words.
func (a *Artefact) title() string {
	if strings.HasPrefix(a.ID, "name:") {
		return safe(a.name())
	}
	return safe(a.name()) + " " + short(a.ID)
}

func (a *Artefact) line() string {
	s := a.title()
	if a.Files > 1 {
		s += fmt.Sprintf(", %d files", a.Files)
	}
	return s + flags(map[string]bool{"missing": a.Missing, "fork": a.Forked, "cycle": a.Cycle})
}

func (s *Step) line() string {
	line := safe(s.Kind) + " " + short(s.ID)
	if s.Summary != "" {
		line += ": " + safe(s.Summary)
	}
	if len(s.SignedBy) > 0 {
		line += ", signed by " + safe(s.SignedBy[0][:min(8, len(s.SignedBy[0]))])
		if n := len(s.SignedBy) - 1; n > 0 {
			line += fmt.Sprintf(" and %d more", n)
		}
	}
	return line + flags(map[string]bool{"NOT VERIFIED": !s.Verified, "UNREADABLE": s.Problem != "", "cycle": s.Cycle})
}

func flags(all map[string]bool) string {
	s := ""
	for _, name := range []string{"NOT VERIFIED", "UNREADABLE", "missing", "fork", "cycle"} {
		if all[name] {
			s += " [" + name + "]"
		}
	}
	return s
}
