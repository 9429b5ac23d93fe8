package guard

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve"
)

// testLabels: addresses are confidential and must be masked, telephone numbers are confidential, words are internal.
type testLabels struct{}

func (testLabels) Of(rule, kind string) reeve.Label {
	switch kind {
	case "EMAIL_ADDRESS":
		return reeve.NewLabel(reeve.Confidential, "MAIL")
	case "PHONE_NUMBER":
		return reeve.NewLabel(reeve.Confidential, "PHONE")
	}
	return reeve.NewLabel(reeve.Internal)
}

func (testLabels) MustMask(l reeve.Label) bool { return l.String() == "confidential{MAIL}" }

const watchers = `
version: 1
rules:
  - {id: w/pii, direction: both, match: {detect: [pii/email, pii/phone]}, action: review, message: m, remedy: r, legal_basis: [house], owner: o,
     examples: {match: ["mail a.b@example.org"], no_match: [hello]}}
  - {id: w/word, direction: both, match: {literals: [xyzzy]}, action: allow, message: m, remedy: r, legal_basis: [house], owner: o,
     examples: {match: [xyzzy], no_match: [hello]}}
`

func TestWithLabels(t *testing.T) {
	plain, err := Parse("w.yaml", []byte(watchers))
	if err != nil {
		t.Fatal(err)
	}
	p, err := plain.WithLabels(testLabels{}, []Marked{{ID: "label/mark", Words: []string{"for the board only"}, FoldCase: true, Label: "restricted{BOARD}"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, text, clearance string
		want, rule            string // what passes; the rule that ends it
		left                  string // labels and rules of what passes
	}{
		{"masked where it must be", "mail: a.b@example.org now", "restricted{MAIL,PHONE}", "mail: [EMAIL_ADDRESS] now", "", ""},
		{"masked for the uncleared too", "mail: a.b@example.org now", "public", "mail: [EMAIL_ADDRESS] now", "", ""},
		{"read by the cleared", "call +49 30 901820 now", "confidential{PHONE}", "call +49 30 901820 now", "", "pii/phone"},
		{"not by the uncleared", "call +49 30 901820 now", "restricted{MAIL}", "call ", ClearanceRule, ""},
		{"words", "say xyzzy now", "internal", "say xyzzy now", "", "w/word"},
		{"words of more", "say xyzzy now", "public", "say ", ClearanceRule, ""},
		{"a mark", "this is For The Board Only: sell", "restricted{BOARD}", "this is For The Board Only: sell", "", "label/mark=restricted{BOARD}"},
		{"a mark of more", "this is For The Board Only: sell", "restricted", "this is ", ClearanceRule, ""},
		{"a clearance that cannot be read", "say xyzzy now", "high", "say ", ClearanceRule, ""},
		{"no bound", "say xyzzy, call +49 30 901820", "", "say xyzzy, call +49 30 901820", "", "w/word pii/phone"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := p.For(reeve.Out, Scope{Clearance: tt.clearance})
			res := set.Check([]byte(tt.text), nil)
			st := set.NewStream(nil)
			var streamed []byte
			for i := range len(tt.text) { // byte by byte: nothing may be out before it is decided
				streamed = st.Write(streamed, []byte{tt.text[i]})
			}
			if st.Blocked() == nil {
				streamed = st.Close(streamed)
			}
			for how, got := range map[string]Result{"whole": res, "streamed": {Text: streamed, Block: st.Blocked(), Left: st.Result().Left}} {
				rule := ""
				if got.Block != nil {
					rule = got.Block.ID
				}
				if string(got.Text) != tt.want || rule != tt.rule {
					t.Errorf("%s: %q by %q, want %q by %q", how, got.Text, rule, tt.want, tt.rule)
				}
				if diff := cmp.Diff(tt.left, told(got.Left)); diff != "" && tt.rule == "" {
					t.Errorf("%s: what is left: %s", how, diff)
				}
			}
		})
	}
	res := p.For(reeve.In, Scope{Clearance: "public"}).Check([]byte("mail: a.b@example.org"), nil)
	if res.Changed || told(res.Left) != "pii/email" {
		t.Errorf("a request was changed: %q, left %q", res.Text, told(res.Left))
	}
	if p.Digest() != plain.Digest() {
		t.Error("the digest of the file has changed")
	}
}

func told(findings []reeve.Finding) string {
	var out []string
	for _, action := range []bool{false, true} { // words first: the order of findings left is not promised
		for _, f := range findings {
			if strings.HasPrefix(f.Rule, "pii/") != action {
				continue
			}
			if f.Label != "" {
				f.Rule += "=" + f.Label
			}
			out = append(out, f.Rule)
		}
	}
	return strings.Join(out, " ")
}

// A mask that stands over what another rule only looks at covers it.
func TestLeftWithoutMasked(t *testing.T) {
	p, err := Parse("w.yaml", []byte(watchers+`
  - {id: w/mask, direction: both, match: {patterns: [{expr: "mail: [a-z.@]+", max_len: 64}]}, action: mask, message: m, remedy: r, legal_basis: [house], owner: o,
     examples: {match: ["mail: a@b"], no_match: [hello]}}
`))
	if err != nil {
		t.Fatal(err)
	}
	res := p.For(reeve.In, Scope{}).Check([]byte("mail: a.b@example.org then xyzzy"), nil)
	if len(res.Findings) != 3 || told(res.Left) != "w/word" {
		t.Errorf("%d findings, left %q in %q", len(res.Findings), told(res.Left), res.Text)
	}
}
