package detect

import (
	"slices"
	"testing"
)

// TestReadings asks what else a number may be.
func TestReadings(t *testing.T) {
	e := mustNew(t, Options{Rules: ruleIDs()})
	for _, tt := range []struct {
		text string
		find string   // the rule of the match
		also []string // some of its other readings
		not  []string
	}{
		{"965912611", "pii/au-tfn", []string{"pii/us-passport", "pii/us-bank-account"}, []string{"pii/au-tfn", "pii/us-ssn"}},
		{"AZ0438176", "pii/uk-passport", []string{"pii/it-passport", "pii/it-identity-card"}, []string{"pii/us-dea"}},
		{"tfn 965912611", "pii/au-tfn", nil, []string{"pii/us-ssn"}},
		{"code: 12345678Z", "pii/es-nif", nil, []string{"pii/ie-pps"}},
		{"text: 1245319599", "phi/us-npi", []string{"pii/us-bank-account"}, []string{"phi/uk-nhs"}},
	} {
		found := e.Find(nil, []byte(tt.text))
		if len(found) != 1 || e.RuleAt(found[0].Rule).ID != tt.find {
			t.Errorf("%q: got %s, want %s", tt.text, show(e, tt.text), tt.find)
			continue
		}
		var ids []string
		for _, m := range e.Readings(nil, []byte(tt.text), found[0]) {
			if m.Start != found[0].Start || m.End != found[0].End {
				t.Errorf("%q: a reading of another span", tt.text)
			}
			ids = append(ids, e.RuleAt(m.Rule).ID)
		}
		for _, want := range tt.also {
			if !slices.Contains(ids, want) {
				t.Errorf("%q: no reading as %s in %v", tt.text, want, ids)
			}
		}
		for _, not := range tt.not {
			if slices.Contains(ids, not) {
				t.Errorf("%q: read as %s", tt.text, not)
			}
		}
	}
}
