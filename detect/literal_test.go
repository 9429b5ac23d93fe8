package detect

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestLiterals(t *testing.T) {
	sets := []LiteralSet{
		{ID: "exact", Words: []string{"Blue Heron", "he", "hers", "his", "she"}},
		{ID: "fold", Words: []string{"grünspan", "nightjar"}, FoldCase: true},
		{ID: "whole", Words: []string{"ann", "anna lind"}, FoldCase: true, WholeWord: true},
	}
	e := mustNew(t, Options{Literals: sets})
	tests := []struct{ text, want string }{
		{"ushers", "exact:she"},
		{"blue heron Blue Heron", "exact:he exact:Blue Heron"},
		{"GRÜNSPAN Grünspan grünspan", "fold:GRÜNSPAN fold:Grünspan fold:grünspan"},
		{"NightJar", "fold:NightJar"},
		{"Ann annex joann _ann Anna Lind, ANN", "whole:Ann whole:Anna Lind whole:ANN"},
		{"éann annß ann’s 安ann安", "whole:ann whole:ann"},
		{"", ""},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, show(e, tt.text)); diff != "" {
			t.Errorf("%q: (-want +got)\n%s", tt.text, diff)
		}
	}
}

func show(e *Engine, text string) string {
	var out []string
	for _, m := range e.Find(nil, []byte(text)) {
		out = append(out, e.RuleAt(m.Rule).ID+":"+text[m.Start:m.End])
	}
	return strings.Join(out, " ")
}

// TestLiteralsAgreeWithSearch compares the automaton with the definition: at each position the longest word that
// stands there, leftmost first.
func TestLiteralsAgreeWithSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[ab]{1,4}`)
		words := rapid.SliceOfN(word, 1, 12).Draw(t, "words")
		text := rapid.StringMatching(`[abc ]{0,40}`).Draw(t, "text")
		e, err := New(Options{Literals: []LiteralSet{{ID: "x", Words: words}}})
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for i := 0; i < len(text); {
			best := ""
			for _, w := range words {
				if len(w) > len(best) && strings.HasPrefix(text[i:], w) {
					best = w
				}
			}
			if best != "" {
				want = append(want, fmt.Sprint(i, best))
			}
			i += max(1, len(best))
		}
		var got []string
		for _, m := range e.Find(nil, []byte(text)) {
			got = append(got, fmt.Sprint(m.Start, text[m.Start:m.End]))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestLiteralMemory(t *testing.T) {
	const limit = 4 << 20
	for name, words := range map[string][]string{"random": randomWords(10000, 12, 24), "names": nameLike(10000)} {
		e := mustNew(t, Options{Literals: []LiteralSet{{ID: "x", Words: words, FoldCase: true, WholeWord: true}}})
		total := 0
		for _, a := range e.literals {
			total += a.size()
		}
		t.Logf("%s: %d words, %d KiB, %d states", name, len(words), total>>10, len(e.literals[0].cells))
		if total > limit {
			t.Errorf("%s: tables take %d bytes, want at most %d", name, total, limit)
		}
		for _, w := range words[:100] {
			if got := show(e, "the "+strings.ToUpper(w)+" is"); got != "x:"+strings.ToUpper(w) {
				t.Fatalf("%q: got %q", w, got)
			}
		}
	}
}

func randomWords(n, minLen, maxLen int) []string {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]string, n)
	for i := range out {
		b := make([]byte, minLen+r.IntN(maxLen-minLen+1))
		for k := range b {
			b[k] = "abcdefghijklmnopqrstuvwxyz0123456789"[r.IntN(36)]
		}
		out[i] = string(b)
	}
	return out
}

func nameLike(n int) []string {
	r := rand.New(rand.NewPCG(3, 4))
	parts := strings.Fields("an ber ca dor el fin gar han is jo ka lin mar nor ol pe quen ro sa tor ul vi wen xa yo zu")
	pick := func() string { return parts[r.IntN(len(parts))] }
	out := make([]string, n)
	for i := range out {
		out[i] = pick() + pick() + pick() + " " + pick() + pick() + pick()
	}
	return out
}
