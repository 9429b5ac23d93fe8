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
