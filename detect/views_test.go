package detect

import (
	"strings"
	"testing"
)

// TestViews checks that the Safe Harbor list is whole, and that every rule of a special category is under an article.
func TestViews(t *testing.T) {
	letters := ""
	for _, v := range Views() {
		if v.Title == "" || v.Cites == "" {
			t.Errorf("%s has no title or citation", v.ID)
		}
		if l, ok := strings.CutPrefix(v.ID, "hipaa/"); ok {
			letters += l
		}
	}
	if letters != "ABCDEFGHIJKLMNOPQR" {
		t.Errorf("Safe Harbor has the letters %s", letters)
	}
	for _, r := range Rules() {
		if !strings.HasPrefix(r.ID, "special/") && !strings.HasPrefix(r.ID, "phi/") && !strings.HasPrefix(r.ID, "pii/") {
			continue
		}
		held := false
		for _, v := range Views() {
			held = held || v.Holds(&r)
		}
		if !held {
			t.Errorf("%s is under no view", r.ID)
		}
	}
}
