package label_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/label"
)

func TestClassify(t *testing.T) {
	email := reeve.Finding{Rule: "pii/email", Kind: "EMAIL_ADDRESS"}
	card := reeve.Finding{Rule: "pii/credit-card", Kind: "CREDIT_CARD"}
	token := reeve.Finding{Rule: "secret/github-pat", Kind: "SECRET"}
	for _, tt := range []struct {
		name     string
		findings []reeve.Finding
		want     string
	}{
		{"nothing found", nil, "public"},
		{"personal data", []reeve.Finding{email}, "confidential{PII}"},
		{"a card is personal and payment data", []reeve.Finding{card}, "confidential{PCI,PII}"},
		{"a card of another class", []reeve.Finding{{Rule: "payment/card", Kind: "CREDIT_CARD"}}, "confidential{PCI}"},
		{"a secret", []reeve.Finding{token}, "restricted{SECRET}"},
		{"all of it", []reeve.Finding{email, token, card}, "restricted{PCI,PII,SECRET}"},
		{"unknown rule", []reeve.Finding{{Rule: "literal/projects", Kind: "LITERAL"}}, "internal"},
		{"a class that only begins alike", []reeve.Finding{{Rule: "piiish/x"}}, "internal"},
		{"a rule without a class", []reeve.Finding{{Rule: "pii"}}, "confidential{PII}"},
		{"a label of its own raises", []reeve.Finding{{Rule: "literal/projects", Label: "restricted{PROJECT}"}}, "restricted{PROJECT}"},
		{"a label of its own never lowers", []reeve.Finding{{Rule: "pii/email", Label: "public"}}, "confidential{PII}"},
		{"a label that cannot be read", []reeve.Finding{{Rule: "pii/email", Label: "secretish"}}, "restricted{PII}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := label.Default().Classify(tt.findings).String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	var none *label.Policy
	if got := none.Classify([]reeve.Finding{email}); got.Level != reeve.Restricted {
		t.Errorf("without a policy a finding gives %s", got)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, row := range []label.Row{{}, {Rule: "a/b", Kind: "C"}, {Rule: "*"}, {Rule: "*/x"}, {Rule: "/*"}, {Rule: "a*/*"}, {Kind: "A*"}} {
		if _, err := label.New([]label.Row{row}, reeve.Label{}); err == nil {
			t.Errorf("row %+v is accepted", row)
		}
	}
}

func TestNewJoinsRows(t *testing.T) {
	p, err := label.New([]label.Row{
		{Rule: "a/*", Label: reeve.NewLabel(reeve.Internal, "X")},
		{Rule: "a/*", Label: reeve.NewLabel(reeve.Public, "Y")},
		{Rule: "a/b", Label: reeve.NewLabel(reeve.Confidential)},
	}, reeve.Label{})
	if err != nil {
		t.Fatal(err)
	}
	got := p.Classify([]reeve.Finding{{Rule: "a/b"}})
	if diff := cmp.Diff(reeve.NewLabel(reeve.Confidential, "X", "Y"), got); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
}

// Order does not matter, and one finding more never lowers the label.
func TestClassifyIsMonotone(t *testing.T) {
	finding := rapid.Custom(func(t *rapid.T) reeve.Finding {
		return reeve.Finding{
			Rule:  rapid.SampledFrom([]string{"pii/email", "secret/jwt", "phi/icd", "x/y", "", "pii"}).Draw(t, "rule"),
			Kind:  rapid.SampledFrom([]string{"EMAIL_ADDRESS", "CREDIT_CARD", "SECRET", ""}).Draw(t, "kind"),
			Label: rapid.SampledFrom([]string{"", "internal", "restricted{A,B}", "broken{"}).Draw(t, "label"),
		}
	})
	p := label.Default()
	rapid.Check(t, func(t *rapid.T) {
		findings := rapid.SliceOfN(finding, 1, 8).Draw(t, "findings")
		all := p.Classify(findings)
		backwards := slices.Clone(findings)
		slices.Reverse(backwards)
		if diff := cmp.Diff(all, p.Classify(backwards)); diff != "" {
			t.Fatal("the order changes the label:\n" + diff)
		}
		if less := p.Classify(findings[1:]); !label.May(all, less) {
			t.Fatalf("one finding less gives %s, which %s does not dominate", less, all)
		}
		if label.May(reeve.Label{}, all) != (all.Level == reeve.Public && len(all.Categories) == 0) {
			t.Fatalf("the lowest clearance and %s", all)
		}
	})
}
