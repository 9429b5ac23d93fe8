package detect

import (
	"slices"
	"testing"
)

// TestIdentityCases judges the cases of recognisers of national identifiers, file by file.
func TestIdentityCases(t *testing.T) {
	kinds := map[string]bool{}
	for _, r := range identityRules() {
		kinds[string(r.Kind)] = true
	}
	e := mustNew(t, Options{Rules: ruleIDs()})
	right, all := map[string]int{}, map[string]int{}
	for _, c := range readLabelled(t, "recognizers.jsonl") {
		if !slices.ContainsFunc(c.Entities, func(k string) bool { return kinds[k] }) {
			continue
		}
		n := 0
		for _, m := range e.Find(nil, []byte(c.Text)) {
			if slices.Contains(c.Entities, string(e.RuleAt(m.Rule).Kind)) {
				n++
			}
		}
		all[c.File]++
		if n == c.Expected {
			right[c.File]++
		} else {
			t.Logf("%s: %d findings, want %d", c.ID, n, c.Expected)
		}
	}
	for name, n := range all {
		t.Logf("%-36s %d of %d", name, right[name], n)
		if right[name]*100 < 97*n {
			t.Errorf("%s: under 97 %%", name)
		}
	}
	if len(all) == 0 {
		t.Error("no case is of a kind of the tables")
	}
}
