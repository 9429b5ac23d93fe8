package detect

import "testing"

// TestRules runs every built-in rule's own examples with all rules in force: a positive must give a match of the rule,
// a negative must not. A rule without examples fails.
func TestRules(t *testing.T) {
	all := ruleIDs()
	for _, r := range Rules() {
		t.Run(r.ID, func(t *testing.T) {
			if len(r.Positives) == 0 || len(r.Negatives) == 0 {
				t.Fatal("the rule has no positives or no negatives")
			}
			e := mustNew(t, Options{Rules: all})
			for _, text := range r.Positives {
				if !finds(e, r.ID, text) {
					t.Errorf("not found: %q", text)
				}
			}
			for _, text := range r.Negatives {
				if finds(e, r.ID, text) {
					t.Errorf("found: %q", text)
				}
			}
		})
	}
}

func finds(e *Engine, id, text string) bool {
	for _, m := range e.Find(nil, []byte(text)) {
		if e.RuleAt(m.Rule).ID == id {
			return true
		}
	}
	return false
}

func ruleIDs() (ids []string) {
	for _, r := range Rules() {
		ids = append(ids, r.ID)
	}
	return ids
}

func mustNew(t testing.TB, o Options) *Engine {
	t.Helper()
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
