package label_test

import (
	"testing"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/label"
)

// world is every label over 4 levels and the subsets of 4 categories: 64 points.
func world() (all []reeve.Label) {
	categories := []string{"PII", "PHI", "PCI", "SECRET"}
	for level := reeve.Public; level <= reeve.Restricted; level++ {
		for set := range 1 << len(categories) {
			var c []string
			for i, name := range categories {
				if set&(1<<i) != 0 {
					c = append(c, name)
				}
			}
			all = append(all, reeve.NewLabel(level, c...))
		}
	}
	return all
}

// dominates is the definition, written a second time and without the order of categories: level at least as high, and
// no category of m missing in l (Denning, CACM 19(5), 1976).
func dominates(l, m reeve.Label) bool {
	has := map[string]bool{}
	for _, c := range l.Categories {
		has[c] = true
	}
	for _, c := range m.Categories {
		if !has[c] {
			return false
		}
	}
	return l.Level >= m.Level
}

// TestLattice checks the laws of a lattice over all pairs, and over all triples, of 64 labels.
func TestLattice(t *testing.T) {
	all := world()
	for _, a := range all {
		if !a.Dominates(a) || !a.Join(a).Equal(a) || !a.Meet(a).Equal(a) {
			t.Fatalf("%s is not reflexive or not idempotent", a)
		}
		if parsed, err := reeve.ParseLabel(a.String()); err != nil || !parsed.Equal(a) {
			t.Fatalf("%s is read as %s, %v", a, parsed, err)
		}
		for _, b := range all {
			pair(t, a, b)
			for _, c := range all {
				triple(t, a, b, c)
			}
		}
	}
}

func pair(t *testing.T, a, b reeve.Label) {
	if a.Dominates(b) != dominates(a, b) || label.May(a, b) != dominates(a, b) {
		t.Fatalf("%s dominates %s: %v, by the definition %v", a, b, a.Dominates(b), dominates(a, b))
	}
	if a.Dominates(b) && b.Dominates(a) && !a.Equal(b) {
		t.Fatalf("%s and %s dominate each other", a, b)
	}
	join, meet := a.Join(b), a.Meet(b)
	if !join.Equal(b.Join(a)) || !meet.Equal(b.Meet(a)) {
		t.Fatalf("join or meet of %s and %s depend on their order", a, b)
	}
	if !dominates(join, a) || !dominates(join, b) || !dominates(a, meet) || !dominates(b, meet) {
		t.Fatalf("%s and %s: join %s or meet %s is no bound", a, b, join, meet)
	}
	if !a.Join(meet).Equal(a) || !a.Meet(join).Equal(a) {
		t.Fatalf("%s and %s do not absorb", a, b)
	}
	if a.Dominates(b) != join.Equal(a) || a.Dominates(b) != meet.Equal(b) {
		t.Fatalf("%s and %s: the order and join %s, meet %s disagree", a, b, join, meet)
	}
}

func triple(t *testing.T, a, b, c reeve.Label) {
	if dominates(a, b) && dominates(b, c) && !a.Dominates(c) {
		t.Fatalf("%s over %s over %s is not transitive", a, b, c)
	}
	if dominates(c, a) && dominates(c, b) && !c.Dominates(a.Join(b)) {
		t.Fatalf("%s bounds %s and %s, but not their join", c, a, b)
	}
	if dominates(a, c) && dominates(b, c) && !a.Meet(b).Dominates(c) {
		t.Fatalf("%s is below %s and %s, but not below their meet", c, a, b)
	}
	if !a.Join(b).Join(c).Equal(a.Join(b.Join(c))) || !a.Meet(b).Meet(c).Equal(a.Meet(b.Meet(c))) {
		t.Fatalf("%s, %s, %s are not associative", a, b, c)
	}
	if !a.Meet(b.Join(c)).Equal(a.Meet(b).Join(a.Meet(c))) {
		t.Fatalf("%s, %s, %s are not distributive", a, b, c)
	}
}
