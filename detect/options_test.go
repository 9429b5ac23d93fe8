package detect

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestThresholds(t *testing.T) {
	const text = "SSN 536-22-1234, sample 078-05-1120, host 127.0.0.1, client 203.0.113.7, jane@corp.example"
	all := []string{"pii/us-ssn", "pii/ip-address", "pii/email"}
	for _, tt := range []struct {
		name string
		o    Options
		want string
	}{
		{"all", Options{}, "pii/us-ssn:536-22-1234 pii/us-ssn:078-05-1120 pii/ip-address:127.0.0.1 pii/ip-address:203.0.113.7 pii/email:jane@corp.example"},
		{"minimum", Options{MinScore: 0.5, Thresholds: map[string]float32{"pii/ip-address": 1, "pii/email": 1}}, "pii/us-ssn:536-22-1234"},
		{"rule wins over class", Options{Thresholds: map[string]float32{"pii/*": 1, "pii/us-ssn": 0.1}}, "pii/us-ssn:536-22-1234 pii/us-ssn:078-05-1120"},
		{"allowed", Options{Allow: []Allow{
			{Values: []string{"078-05-1120"}},
			{Globs: []string{"*@CORP.example", "127.*"}},
			{Rules: []string{"pii/ip-address"}, Patterns: []string{`203\.0\.113\.\d+`, `.*1234`}},
		}}, "pii/us-ssn:536-22-1234"},
	} {
		tt.o.Rules = all
		if diff := cmp.Diff(tt.want, show(mustNew(t, tt.o), text)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
		}
	}
	for _, o := range []Options{
		{Thresholds: map[string]float32{"pii/x": 1}},
		{Allow: []Allow{{Rules: []string{"none/*"}}}},
		{Allow: []Allow{{Patterns: []string{"("}}}},
	} {
		o.Rules = all
		if _, err := New(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		glob, s string
		want    bool
	}{
		{"*", "", true},
		{"a*b*c", "axxbyybzc", true},
		{"a*b*c", "axxbyybz", false},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"*@x.example", "a@b@x.example", true},
		{"", "a", false},
		{strings.Repeat("a*", 50) + "b", strings.Repeat("a", 400), false},
	} {
		if got := globMatch(tt.glob, tt.s); got != tt.want {
			t.Errorf("%q on %q: got %v", tt.glob, tt.s, got)
		}
	}
}

func TestFindField(t *testing.T) {
	e := mustNew(t, Options{Rules: []string{"pii/*"}})
	for _, tt := range []struct{ name, value, want string }{
		{"ssn", "536221234", "pii/us-ssn"},
		{"customerSSN", "536221234", "pii/us-ssn"},
		{"count", "536221234", ""},
		{strings.Repeat("long name ", 20) + "ssn", "536221234 or so", "pii/us-ssn"},
		{"jane@example.org", "nothing", ""},
	} {
		got := ""
		for _, m := range e.FindField(nil, tt.name, []byte(tt.value)) {
			got = e.RuleAt(m.Rule).ID
			if m.Start != 0 || m.End != 9 {
				t.Errorf("%s: %d to %d", tt.name, m.Start, m.End)
			}
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestExplain(t *testing.T) {
	e := mustNew(t, Options{Rules: []string{"pii/us-ssn"}, MinScore: 0.2})
	text := []byte("His social security number: 536 22 1234.")
	found := e.Find(nil, text)
	if len(found) != 1 {
		t.Fatal(found)
	}
	got := e.Explain(text, found[0])
	if got.Rule.ID != "pii/us-ssn" || got.Threshold != 0.2 || got.Severity != High || !cmp.Equal(got.Words, []string{"social security"}) {
		t.Errorf("got %+v", got)
	}
}

func TestVersion(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range []Options{
		{Rules: []string{"pii/*"}},
		{Rules: []string{"pii/email"}},
		{Rules: []string{"pii/email"}, MinScore: 0.5},
		{Rules: []string{"pii/email"}, EarlyRelease: true},
		{Rules: []string{"pii/email"}, Allow: []Allow{{Values: []string{"a"}}}},
		{Rules: []string{"pii/email"}, Literals: []LiteralSet{{ID: "a", Words: []string{"b"}}}},
	} {
		v := mustNew(t, o).Version()
		if len(v) != 16 || seen[v] || mustNew(t, o).Version() != v {
			t.Errorf("%+v: version %s", o, v)
		}
		seen[v] = true
	}
}

// TestAnswers sees that Version changes with what the recognisers answer: its digest of that is the one that is written down.
func TestAnswers(t *testing.T) {
	h := sha256.New()
	for _, early := range []bool{false, true} {
		e := mustNew(t, Options{Rules: ruleIDs(), EarlyRelease: early})
		var dst []Match
		for i := range e.rules {
			for _, text := range slices.Concat(e.rules[i].Positives, e.rules[i].Negatives) {
				dst = e.Find(dst[:0], []byte(text))
				fmt.Fprintf(h, "%q %v\n", text, dst)
			}
		}
	}
	if got := hex.EncodeToString(h.Sum(nil)[:8]); got != answers {
		t.Errorf("the rules answer otherwise than when the constant answers was written down (explain.go): set it to %q", got)
	}
}
