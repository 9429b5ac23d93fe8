package guard_test

import (
	"strings"
	"testing"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/guard"
)

const scorePolicy = `
version: 1
rules:
  - id: test/card
    direction: both
    match: {detect: [pii/payment-card], MIN}
    action: mask
    message: a card
    remedy: leave it out
    legal_basis: [house rule]
    owner: tests
    examples: {match: ["card number 4539 5787 6362 1486"], no_match: ["nothing"]}
  - id: test/note
    direction: both
    match: {detect: [pii/payment-card]}
    action: review
    message: a card
    remedy: leave it out
    legal_basis: [house rule]
    owner: tests
    examples: {match: ["card number 4539 5787 6362 1486"], no_match: ["nothing"]}
`

// TestMinScore: a rule leaves weaker matches alone, another rule that looks for the same does not, and each reason tells the
// score of its strongest match.
func TestMinScore(t *testing.T) {
	parse := func(min string) *guard.Policy {
		t.Helper()
		p, err := guard.Parse("test.yaml", []byte(strings.Replace(scorePolicy, "MIN", min, 1)))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	text := []byte("see 4539578763621486 there")
	reasons := func(p *guard.Policy) (masked bool, score float64) {
		r := p.For(reeve.In, guard.Scope{}).Check(text, nil)
		for _, reason := range r.Verdict.Reasons {
			score = max(score, reason.Score)
		}
		return r.Changed, score
	}
	masked, score := reasons(parse("min_score: 0"))
	if !masked || score <= 0 || score >= 1 {
		t.Fatalf("masked %v with %v", masked, score)
	}
	if masked, noted := reasons(parse("min_score: 1")); masked || noted != score {
		t.Errorf("masked %v, noted with %v", masked, noted)
	}
	for _, bad := range []string{"min_score: 2", "min_score: -1"} {
		if _, err := guard.Parse("test.yaml", []byte(strings.Replace(scorePolicy, "MIN", bad, 1))); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}
