package detect

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// streamed feeds the chunks and checks on the way what a stream promises: safe never goes back, nothing is decided
// before what was already safe, and the text kept is the text fed.
func streamed(s *Stream, chunks [][]byte) ([]Match, error) {
	var all []Match
	var text []byte
	safe := 0
	take := func(decided []Match, now int) error {
		if now < safe || now > len(text) {
			return fmt.Errorf("safe went from %d to %d of %d", safe, now, len(text))
		}
		for _, m := range decided {
			if m.Start < safe {
				return fmt.Errorf("match at %d was decided when %d was safe", m.Start, safe)
			}
			if m.End > now {
				return fmt.Errorf("match ends at %d, only %d is safe", m.End, now)
			}
		}
		if got := s.Bytes(safe, len(text)); !bytes.Equal(got, text[safe:]) {
			return fmt.Errorf("kept text differs from %d on", safe)
		}
		all, safe = append(all, decided...), now
		return nil
	}
	for _, c := range chunks {
		text = append(text, c...)
		if err := take(s.Feed(c)); err != nil {
			return all, err
		}
	}
	if err := take(s.End()); err != nil {
		return all, err
	}
	if safe != len(text) {
		return all, fmt.Errorf("at the end %d of %d is safe", safe, len(text))
	}
	return all, nil
}

func split(text []byte, cuts ...int) (out [][]byte) {
	from := 0
	for _, c := range cuts {
		out = append(out, text[from:c])
		from = c
	}
	return append(out, text[from:])
}

func bytewise(text []byte) (out [][]byte) {
	for i := range text {
		out = append(out, text[i:i+1])
	}
	return out
}

// everything returns an engine with all rules, all kinds of literal sets and some patterns.
func everything(t testing.TB) *Engine {
	return mustNew(t, Options{Rules: ruleIDs(), Literals: testLiterals, Patterns: testPatterns})
}

var testLiterals = []LiteralSet{
	{ID: "codename", Words: []string{"Blue Heron", "blue", "Heron Island", "ueberfall", "übel", "naïve list"}},
	{ID: "people", Words: []string{"ann", "anna lind", "jörg", "李雷"}, FoldCase: true, WholeWord: true},
	{ID: "loud", Words: []string{"aa", "aaaa", "baab"}, FoldCase: true},
}

// examples returns texts for each rule, literal sets and patterns included.
func examples() map[string][]string {
	out := map[string][]string{
		"codename": {"Blue Heron Island", "blue Heron Islan", "ueberfall übel naïve list"},
		"people":   {"Ann, ANNA LIND anna linde JÖRG jörgen 李雷", "_ann annß"},
		"loud":     {"aaaaa AAbaab", "baaba"},
		"ticket":   {"TK-12345 TK-123456 TK-1", "XTK-1234"},
		"words":    {"Jan émile und mai z", "mai é\xc3"},
		"lines":    {"\n> quoted\n> far too long a line\n"},
	}
	for _, r := range Rules() {
		out[r.ID] = append(r.Positives, r.Negatives...)
	}
	out["pii/email"] = append(out["pii/email"], "Reach us if you have any more questions than this "+strings.Repeat("abcd", 15)+"@example.org")
	return out
}

// TestEverySplitPoint cuts every example at every point, and into single bytes, alone and behind text that fills the
// stream's buffer, with only the rule of the example in force and with all.
func TestEverySplitPoint(t *testing.T) {
	all, early := everything(t), mustNew(t, Options{Rules: ruleIDs(), EarlyRelease: true})
	for id, texts := range examples() {
		engines := []*Engine{all, early}
		if strings.Contains(id, "/") {
			engines = append(engines, mustNew(t, Options{Rules: []string{id}}))
		}
		for _, e := range engines {
			s := e.NewStream()
			for _, example := range texts {
				for _, before := range []string{"", "so ", "e-mail: ", filler[:250-len(example)%40] + " "} {
					everySplit(t, s, e, id, len(before), []byte(before+example+" it is"))
				}
			}
		}
	}
}

func everySplit(t *testing.T, s *Stream, e *Engine, id string, from int, text []byte) {
	t.Helper()
	want := e.Find(nil, text)
	check := func(name string, chunks [][]byte) {
		s.Reset(e)
		got, err := streamed(s, chunks)
		if err != nil {
			t.Fatalf("%s: %s: %v", id, name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s: %s: (-whole +stream)\n%s", id, name, diff)
		}
	}
	for i := from; i <= len(text); i++ {
		if i > from+80 && i < len(text)-40 && i%5 != 0 {
			continue // inside a long body
		}
		check(fmt.Sprintf("%q|%q", text[:i], text[i:]), split(text, i))
	}
	check(fmt.Sprintf("%q by bytes", text), bytewise(text))
}

// TestStreamEqualsWhole builds texts from fragments and cuts them anywhere.
func TestStreamEqualsWhole(t *testing.T) {
	all, early := everything(t), mustNew(t, Options{Rules: ruleIDs(), EarlyRelease: true})
	s := all.NewStream()
	var fragments []string
	for _, texts := range examples() {
		fragments = append(fragments, texts...)
	}
	slices.Sort(fragments)
	property := func(t *rapid.T) {
		e := rapid.SampledFrom([]*Engine{all, early}).Draw(t, "engine")
		text := drawText(t, fragments)
		want := e.Find(nil, text)
		for i := 1; i < len(want); i++ {
			if want[i].Start < want[i-1].End {
				t.Fatalf("matches overlap: %v", want)
			}
		}
		s.Reset(e)
		got, err := streamed(s, drawChunks(t, text))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q: (-whole +stream)\n%s", text, diff)
		}
	}
	for range 30 {
		rapid.Check(t, property)
	}
}

var filler = strings.Repeat("some words that say nothing at all ", 9)

func drawText(t *rapid.T, fragments []string) []byte {
	piece := rapid.OneOf(
		rapid.SampledFrom(fragments),
		rapid.SampledFrom(strings.Fields("the a I am email an address write to kontakt : ; < = . - + ( @ aaaa baab Blue Heron Ann é ü 李雷 😀 -----BEGIN https:// 4111 2024 +49 :: eyJ sk- \u201c")),
		rapid.SampledFrom([]string{" ", " ", "\n", ", ", ". ", "", "\t", "\"", "'", "\xc3", "\xff", "\x00", "@", "/", "_"}),
		rapid.StringN(0, 8, 20),
		rapid.StringMatching(`[0-9]{1,6}`),
		rapid.SampledFrom([]string{filler[:190], filler[:240], filler[:251]}),
	)
	var b []byte
	for _, p := range rapid.SliceOfN(piece, 0, 14).Draw(t, "pieces") {
		if len(p) > 3 && rapid.IntRange(0, 9).Draw(t, "cut") == 0 {
			p = p[:rapid.IntRange(1, len(p)).Draw(t, "at")]
		}
		b = append(b, p...)
	}
	return b
}

func drawChunks(t *rapid.T, text []byte) (out [][]byte) {
	longest := rapid.SampledFrom([]int{1, 2, 3, 7, 20, 300}).Draw(t, "longest")
	for len(text) > 0 {
		n := min(len(text), rapid.IntRange(0, longest).Draw(t, "chunk"))
		out = append(out, text[:n])
		text = text[n:]
		if n == 0 && longest == 1 {
			n = 1
			out = append(out, text[:n])
			text = text[n:]
		}
	}
	return out
}

// A word that goes on behind an accented letter is no token in a stream either, wherever the stream is cut.
func TestNoTokenBehindAccent(t *testing.T) {
	e := everything(t)
	s := e.NewStream()
	for _, text := range []string{"\nAAǅamemail0", "ǅamemail0", "éamemail0 12", "Ménagère75", "naïvecode42"} {
		want := e.Find(nil, []byte(text))
		for at := range len(text) {
			s.Reset(e)
			got, err := streamed(s, [][]byte{[]byte(text[:at]), []byte(text[at:])})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q|%q: %s", text[:at], text[at:], diff)
			}
		}
	}
}
