package label_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/label"
	"github.com/reeve-ai/reeve/policies"
)

func TestDefaultPolicy(t *testing.T) {
	for _, tt := range []struct{ rule, kind, want string }{
		{"pii/url", "URL", "internal"},
		{"pii/date", "DATE_TIME", "internal"},
		{"names/org", "ORGANIZATION", "internal"},
		{"names/loc", "LOCATION", "internal"},
		{"names/person", "PERSON", "internal{PII}"},
		{"pii/email", "EMAIL_ADDRESS", "confidential{PII}"},
		{"other/email", "EMAIL_ADDRESS", "confidential{PII}"},
		{"pii/us-ssn", "US_SSN", "confidential{PII}"},
		{"pii/some-new-country", "XX_ID", "confidential{PII}"},
		{"special/religion", "RELIGION", "restricted{PII,SPECIAL}"},
		{"special/health", "HEALTH", "restricted{PHI,PII,SPECIAL}"},
		{"phi/mrn", "MEDICAL_RECORD_NUMBER", "restricted{PHI,PII}"},
		{"secret/github-pat", "SECRET", "restricted{SECRET}"},
		{"pii/payment-card", "CREDIT_CARD", "confidential{PCI,PII}"},
		{"literal/projects", "LITERAL", "internal"},
	} {
		if got := label.Default().Of(tt.rule, tt.kind).String(); got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.rule, tt.kind, got, tt.want)
		}
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "labels.yaml")
	if err := os.WriteFile(path, policies.Labels(), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := label.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(label.Default().Of("pii/x", ""), p.Of("pii/x", "")); diff != "" {
		t.Error(diff)
	}
	if _, err := label.Load(path + "x"); err == nil {
		t.Error("a missing file is loaded")
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"version", "version: 2\n", "l.yaml:1:10: this reeve reads version 1"},
		{"no version", "rows: []\n", "this reeve reads version 1"},
		{"unknown key", "version: 1\nrow: []\n", "l.yaml:2:1: unknown field"},
		{"label", "version: 1\nrows:\n  - {kinds: [A], label: high}\n", "l.yaml:3:25: label \"high\""},
		{"no names", "version: 1\nrows:\n  - {label: public}\n", "the row names no rules and no kinds"},
		{"rule", "version: 1\nrows:\n  - {rules: [pii], label: public}\n", "l.yaml:3:14: want the id of a rule"},
		{"star", "version: 1\nrows:\n  - {rules: [\"*/x\"], label: public}\n", "want the id of a rule"},
		{"kind", "version: 1\nrows:\n  - {kinds: [us-ssn], label: public}\n", "want a kind"},
		{"other", "version: 1\nother: low\n", "l.yaml:2:8: label \"low\""},
		{"unread", "version: 1\nunread: low\n", "l.yaml:2:9: label \"low\""},
		{"mark label", "version: 1\nmarks:\n  - {words: [secret], label: low}\n", "l.yaml:3:30: label \"low\""},
		{"mark without words", "version: 1\nmarks:\n  - {label: internal}\n", "a mark has words"},
		{"mark of one letter", "version: 1\nmarks:\n  - {words: [x], label: internal}\n", "l.yaml:3:14: the words of a mark have 3 to 255 bytes"},
		{"handling of nothing", "version: 1\nhandling:\n  - {mask: true}\n", "name either a level or a category"},
		{"handling of both", "version: 1\nhandling:\n  - {level: public, category: PII}\n", "name either a level or a category"},
		{"handling level", "version: 1\nhandling:\n  - {level: \"public{PII}\"}\n", "want public, internal"},
		{"retention", "version: 1\nhandling:\n  - {level: public, retention: 2w}\n", "l.yaml:3:32: want days"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := label.Parse("l.yaml", []byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestMarksAndUnread(t *testing.T) {
	p, err := label.Parse("l.yaml", []byte("version: 1\nunread: confidential{X}\nmarks:\n  - {words: [Top Secret], fold_case: true, label: restricted}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []label.Mark{{Words: []string{"Top Secret"}, FoldCase: true, Label: reeve.NewLabel(reeve.Restricted)}}
	if diff := cmp.Diff(want, p.Marks(), cmpopts.EquateEmpty()); diff != "" || p.Unread().String() != "confidential{X}" || len(p.Digest()) != 71 {
		t.Error(diff, p.Unread(), p.Digest())
	}
	var none *label.Policy
	if none.Marks() != nil || none.Unread().Level != reeve.Restricted || none.Digest() != "" {
		t.Error("without a policy the unread is not restricted")
	}
}

func TestHandling(t *testing.T) {
	p, err := label.Parse("l.yaml", []byte(`version: 1
handling:
  - {level: internal, retention: 90d}
  - {level: confidential, encrypt: true, reviewers: [b, a]}
  - {category: PII, mask: true, retention: 30d, reviewers: [a], forbidden_uses: [training]}
`))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]label.Handling{
		"public":            {Retention: -1},
		"internal":          {Retention: 90 * 24 * time.Hour},
		"restricted":        {Retention: 90 * 24 * time.Hour, Encrypt: true, Reviewers: []string{"a", "b"}},
		"confidential{PII}": {Retention: 30 * 24 * time.Hour, Encrypt: true, Mask: true, Reviewers: []string{"a", "b"}, ForbiddenUses: []string{"training"}},
	} {
		l, err := reeve.ParseLabel(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, p.Handling(l), cmpopts.IgnoreUnexported(label.Handling{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

// What must be done with a label must be done with every label that dominates it.
func TestHandlingNeverGetsLess(t *testing.T) {
	p := label.Default()
	draw := rapid.Custom(func(t *rapid.T) reeve.Label {
		return reeve.NewLabel(reeve.Level(rapid.IntRange(0, 3).Draw(t, "level")), rapid.SliceOfN(rapid.SampledFrom([]string{"PII", "PHI", "PCI", "SECRET", "SPECIAL", "X"}), 0, 4).Draw(t, "categories")...)
	})
	rapid.Check(t, func(t *rapid.T) {
		low, other := draw.Draw(t, "low"), draw.Draw(t, "other")
		a, b := p.Handling(low), p.Handling(low.Join(other))
		if a.Mask && !b.Mask || a.Encrypt && !b.Encrypt || a.Retention >= 0 && (b.Retention < 0 || b.Retention > a.Retention) || len(a.Reviewers) > len(b.Reviewers) {
			t.Fatalf("%s: %+v\n%s: %+v", low, a, low.Join(other), b)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(policies.Labels())
	f.Add([]byte("version: 1\nrows:\n  - {kinds: [A], label: public}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, err := label.Parse("x", text); err == nil {
			p.Classify([]reeve.Finding{{Rule: "a/b", Kind: "C"}})
		}
	})
}
