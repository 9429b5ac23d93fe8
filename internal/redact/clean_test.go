package redact

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/detect/names"
	"github.com/reeve-ai/reeve/internal/inspect"
)

// everything looks with all rules and for names.
func everything(t testing.TB) *inspect.Inspector {
	t.Helper()
	tagger, err := names.New(names.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var rules []string
	for _, r := range detect.Rules() {
		rules = append(rules, r.ID)
	}
	in, err := inspect.New(inspect.Options{Detect: detect.Options{Rules: rules}, Tagger: tagger})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// TestEveryPositive runs each operator over the true and false positives of all rules, as records and as text. redactText
// demands that a second reading of the result finds nothing.
func TestEveryPositive(t *testing.T) {
	var lines, text strings.Builder
	for _, r := range append(detect.Rules(), names.Rules()...) {
		for _, p := range append(r.Positives, r.Negatives...) {
			line, err := json.Marshal(map[string]string{"id": r.ID, "text": p})
			if err != nil {
				t.Fatal(err)
			}
			lines.Write(append(line, '\n'))
			text.WriteString(p + "\n")
		}
	}
	in := everything(t)
	for _, op := range []string{"mask", "mask:char=*", "remove", "replace:text=[GONE]", "hash", "encrypt", "generalise", "pseudonymise"} {
		for name, body := range map[string]string{"a.jsonl": lines.String(), "a.txt": text.String()} {
			for _, secrets := range []string{"SECRET=mask", "SECRET=remove", "SECRET=encrypt", "SECRET=hash"} {
				if secrets != "SECRET=mask" && op != "mask" {
					continue
				}
				o := options(t, op, secrets)
				o.Inspector = in
				_, rep := redactText(t, o, name, body)
				asked, instead := 0, 0
				for _, c := range rep.Files[0].Counts {
					if c.Instead == "" {
						asked += c.N
					} else {
						instead += c.N
					}
				}
				t.Logf("%s %s %s: %d values, %d otherwise, %d whole, %d rounds, %d passes", op, secrets, name, asked, instead, rep.Files[0].Fields, rep.Files[0].Rounds, rep.Files[0].Passes)
				if instead*5 > asked && op != "generalise" {
					t.Errorf("%s %s: %d of %d values are not as asked for", op, name, instead, asked+instead)
				}
			}
		}
	}
}
