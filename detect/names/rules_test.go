package names

import (
	"testing"

	"github.com/reeve-ai/reeve/detect"
)

func newTagger(tb testing.TB) *Tagger {
	tb.Helper()
	t, err := New(Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// TestRules runs every rule's own examples: a positive must give a match of the rule, a negative must not.
func TestRules(t *testing.T) {
	tagger := newTagger(t)
	finds := func(kind detect.Kind, text string) bool {
		for _, m := range tagger.Tag(nil, []byte(text)) {
			if tagger.RuleAt(m.Rule).Kind == kind {
				return true
			}
		}
		return false
	}
	for _, r := range Rules() {
		t.Run(r.ID, func(t *testing.T) {
			if len(r.Positives) == 0 || len(r.Negatives) == 0 {
				t.Fatal("the rule has no positives or no negatives")
			}
			for _, text := range r.Positives {
				if !finds(r.Kind, text) {
					t.Errorf("not found: %q", text)
				}
			}
			for _, text := range r.Negatives {
				if finds(r.Kind, text) {
					t.Errorf("found: %q", text)
				}
			}
		})
	}
}

// TestVersion holds that each option that changes answers changes the version, and nothing else does.
func TestVersion(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range []Options{{}, {MinScore: 0.9}, {Rules: []string{"pii/person"}}} {
		one, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		two, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		if v := one.Version(); seen[v] || v != two.Version() || v != one.Version() {
			t.Errorf("version %q of %+v is not its own or not the same again", v, o)
		}
		seen[one.Version()] = true
	}
}
