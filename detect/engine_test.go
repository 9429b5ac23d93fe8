package detect

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSpans pins what exactly is matched where that is a decision: words before an address, prefixes, credentials.
func TestSpans(t *testing.T) {
	e := mustNew(t, Options{Rules: ruleIDs(), EarlyRelease: true})
	hex := "e2" + sampleHex(30)
	for _, tt := range []struct{ text, want string }{
		{"then jane.doe@example.org said", "pii/email:doe@example.org"},
		{"then jane@example.org said", "pii/email:@example.org"},
		{"then jane_doe@example.org said", "pii/email:_doe@example.org"},
		{"then 7jane@example.org said", "pii/email:7jane@example.org"},
		{"e-mail jane.doe@example.org", "pii/email:jane.doe@example.org"},
		{"Mail an Jürgen.Öst@example.org", "pii/email:Jürgen.Öst@example.org"},
		{"write to jane@example.org", "pii/email:jane@example.org"},
		{"reach us via jane@example.org", "pii/email:jane@example.org"},
		{"they reach jane@example.org", "pii/email:@example.org"},
		{"a mail\nfrom jane@example.org", "pii/email:@example.org"},
		{"mail " + strings.Repeat("x ", 24) + "jane@example.org", "pii/email:@example.org"},
		{"mail " + strings.Repeat("x ", 20) + "jane@example.org", "pii/email:jane@example.org"},
		{"<jane@example.org>", "pii/email:jane@example.org"},
		{"it's'jane@example.org'", "pii/email:@example.org"},
		{"name,jane@example.org", "pii/email:jane@example.org"},
		{"Sir, jane@example.org", "pii/email:@example.org"},
		{"x 1@a.example and jane@example.org.", "pii/email:1@a.example pii/email:jane@example.org"},
		{"jane@example.org", "pii/email:jane@example.org"},
		{"邮箱jane@example.org。", "pii/email:@example.org"},
		{"https://bob:hunter22@example.com/x", "secret/url-credentials:bob:hunter22"},
		{"https://bob:p@ss@example.com/x", "secret/url-credentials:bob:p@ss"},
		{"see IT60X0542811101000000123456", "pii/iban:T60X0542811101000000123456"},
		{"IBAN IT60X0542811101000000123456", "pii/iban:IT60X0542811101000000123456"},
		{"use " + hex + "-us4", "secret/mailchimp-key:" + hex[1:] + "-us4"},
		{"key " + hex + "-us4", "secret/mailchimp-key:" + hex + "-us4"},
		{"hooks.slack.com/services/T0/B0/" + sampleB62(40), "secret/slack-webhook:services/T0/B0/" + sampleB62(40)},
		{"call +1 212 555 0100 2 times", "pii/phone:+1 212 555 0100"},
		{"-----BEGIN PRIVATE KEY-----\n" + sampleB62(64) + "\nThe end", "secret/private-key:-----BEGIN PRIVATE KEY-----\n" + sampleB62(64)},
	} {
		if diff := cmp.Diff(tt.want, show(e, tt.text)); diff != "" {
			t.Errorf("%q: (-want +got)\n%s", tt.text, diff)
		}
	}
}

// TestLongKeyIsCut checks that a block over the bound is cut at the bound, in a stream as in the whole text.
func TestLongKeyIsCut(t *testing.T) {
	e := mustNew(t, Options{Rules: []string{"secret/*"}})
	text := []byte("key -----BEGIN PRIVATE KEY-----\n" + strings.Repeat(sampleB62(64)+"\n", 400) + "-----END PRIVATE KEY-----")
	want := e.Find(nil, text)
	if len(want) != 1 || want[0].End-want[0].Start != maxPEM {
		t.Fatalf("got %v, want one match of %d bytes", want, maxPEM)
	}
	got, err := streamed(e.NewStream(), split(text, 3, 40, 5000, maxPEM, maxPEM+4))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

func TestOverlaps(t *testing.T) {
	e := mustNew(t, Options{
		Rules: []string{"pii/email"}, EarlyRelease: true,
		Literals: []LiteralSet{{ID: "short", Words: []string{"doe", "to: jane"}}, {ID: "long", Words: []string{"doe family"}}},
		Patterns: []Pattern{{ID: "same", Expr: "doe", MaxLen: 3}, {ID: "tail", Expr: `org \d`, MaxLen: 9}},
	})
	for _, tt := range []struct{ name, text, want string }{
		{"the longest of one start", "the doe family", "long:doe family"},
		{"the first rule of equal ones", "a doe", "short:doe"},
		{"the part that sticks out", "to: jane.doe@example.org 7", "short:to: jane pii/email:.doe@example.org tail: 7"},
	} {
		if diff := cmp.Diff(tt.want, show(e, tt.text)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tt := range []struct {
		o    Options
		want string
	}{
		{Options{Rules: []string{"pii/emial"}}, `"pii/emial"`},
		{Options{Rules: []string{"pi/*"}}, `"pi/*"`},
		{Options{Literals: []LiteralSet{{Words: []string{"a"}}}}, "no identifier"},
		{Options{Literals: []LiteralSet{{ID: "x", Words: []string{"a", ""}}}}, "set x: word 2"},
		{Options{Literals: []LiteralSet{{ID: "x", Words: []string{strings.Repeat("a", 256)}}}}, "256 bytes"},
	} {
		if _, err := New(tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: got %v, want an error with %s", tt.o, err, tt.want)
		}
	}
}

func TestRuleTable(t *testing.T) {
	seen := map[string]bool{}
	tokens := 0
	for _, r := range Rules() {
		class, name, ok := strings.Cut(r.ID, "/")
		if !ok || class == "" || name == "" || seen[r.ID] || r.Kind == "" || r.Description == "" {
			t.Errorf("bad or repeated rule %+v", r)
		}
		seen[r.ID] = true
		if r.Kind == KindSecret {
			tokens++
		}
	}
	if tokens < 40 {
		t.Errorf("%d kinds of tokens, want at least 40", tokens)
	}
	t.Logf("%d rules, %d kinds of tokens", len(seen), tokens)
	Rules()[0].Positives[0] = "changed"
	if Rules()[0].Positives[0] == "changed" {
		t.Error("the table is shared")
	}
}

func TestResetForgets(t *testing.T) {
	e := mustNew(t, Options{Rules: []string{"pii/email"}, Literals: []LiteralSet{{ID: "x", Words: []string{"abc"}}}})
	s := e.NewStream()
	s.Feed([]byte("mail jane@exa"))
	s.Feed([]byte("ab"))
	s.Reset(mustNew(t, Options{Rules: []string{"pii/us-ssn"}}))
	got, err := streamed(s, bytewise([]byte("c 536-22-1234 mple.org")))
	if err != nil || len(got) != 1 || got[0].Start != 2 {
		t.Errorf("got %v, %v", got, err)
	}
}
