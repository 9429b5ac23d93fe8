package detect

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var testPatterns = []Pattern{
	{ID: "ticket", Expr: `\bTK-\d{4,6}\b`, MaxLen: 9},
	{ID: "words", Expr: `(?i)(jan|mai) [a-zé]+ ?(und|u\.)? ?`, MaxLen: 20},
	{ID: "lines", Expr: `(?m)^> .*$`, MaxLen: 12},
	{ID: "dots", Expr: `\.{3,}|…+`, MaxLen: 8},
	{ID: "start", Expr: `\A[a-z]{2}x|z\z`, MaxLen: 4},
	{ID: "any", Expr: `q[^q]{2}q`, MaxLen: 10},
}

func TestPatterns(t *testing.T) {
	e := mustNew(t, Options{Patterns: testPatterns})
	for _, tt := range []struct{ text, want string }{
		{"see TK-1234, TK-12 XTK-1234 TK-1234567", "ticket:TK-1234"},
		{"Jan émile u. ", "words:Jan émile u. "},
		{"a\n> quote\n> a very long line\n", "lines:> quote"},
		{"wait... …… .. ..........", "dots:... dots:…… dots:........"},
		{"abx abx z zz", "start:abx start:z"},
		{"q\xff\xffq qéúq q世q", "any:q\xff\xffq any:qéúq"},
	} {
		if diff := cmp.Diff(tt.want, show(e, tt.text)); diff != "" {
			t.Errorf("%q: (-want +got)\n%s", tt.text, diff)
		}
	}
}

func TestPatternErrors(t *testing.T) {
	for _, tt := range []struct {
		p    Pattern
		want string
	}{
		{Pattern{ID: "x", Expr: "a", MaxLen: 0}, "MaxLen is 0"},
		{Pattern{ID: "x", Expr: "a", MaxLen: 257}, "MaxLen is 257"},
		{Pattern{ID: "x", Expr: "a(", MaxLen: 1}, "missing closing )"},
		{Pattern{ID: "x", Expr: "a*", MaxLen: 1}, "matches the empty text"},
		{Pattern{ID: "x", Expr: "(a{100}){50}", MaxLen: 9}, "repeat count"},
		{Pattern{ID: "x", Expr: strings.Repeat("[a-z]{900}", 6), MaxLen: 9}, "instructions"},
		{Pattern{Expr: "a", MaxLen: 1}, "no identifier"},
	} {
		_, err := New(Options{Patterns: []Pattern{tt.p}})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: got %v, want an error about %q", tt.p, err, tt.want)
		}
	}
}

// TestPatternsAgreeWithRegexp compares with package regexp where texts are shorter than MaxLen.
func TestPatternsAgreeWithRegexp(t *testing.T) {
	exprs := []string{`a+b?`, `\bab\b`, `(?i)A|bc+`, `[^a]b`, `^a.|c$`, `(ab|a)(c|bcd)?`, `é+.`, `(?m)^b+$`, `\Ba`, `x{2,3}|ax`, `(?s)a.b`}
	rapid.Check(t, func(t *rapid.T) {
		expr := rapid.SampledFrom(exprs).Draw(t, "expr")
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "A", "é", "x", " ", "\n", "\xc3", "世"}), 0, 12).Draw(t, "text"), "")
		e, err := New(Options{Patterns: []Pattern{{ID: "p", Expr: expr, MaxLen: 200}}})
		if err != nil {
			t.Fatal(err)
		}
		re := regexp.MustCompile(expr)
		re.Longest()
		want := re.FindAllStringIndex(text, -1)
		var got [][]int
		for _, m := range e.Find(nil, []byte(text)) {
			got = append(got, []int{m.Start, m.End})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s on %q: (-regexp +ours)\n%s", expr, text, diff)
		}
	})
}
