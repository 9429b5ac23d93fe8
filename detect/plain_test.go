package detect

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// plainly returns an engine like e that turns no candidate away early. It is slow, and says what the other must say.
func plainly(t testing.TB, o Options) *Engine {
	e := mustNew(t, o)
	e.plain = true
	return e
}

// TestShortcutsChangeNothing compares texts that are made of pieces of the examples of all rules with what the plain engine
// finds in them.
func TestShortcutsChangeNothing(t *testing.T) {
	for _, early := range []bool{false, true} {
		o := Options{Rules: ruleIDs(), EarlyRelease: early}
		e, plain := mustNew(t, o), plainly(t, o)
		pieces := rapid.SampledFrom(fragments())
		rapid.Check(t, func(t *rapid.T) {
			var text []byte
			for range rapid.IntRange(1, 12).Draw(t, "pieces") {
				text = append(text, pieces.Draw(t, "piece")...)
				text = append(text, rapid.SampledFrom(glue).Draw(t, "glue")...)
			}
			if diff := cmp.Diff(plain.Find(nil, text), e.Find(nil, text)); diff != "" {
				t.Fatalf("%q: (-plain +fast)\n%s", text, diff)
			}
		})
	}
}

// TestShortcutsKeepExamples does the same with every example as it stands.
func TestShortcutsKeepExamples(t *testing.T) {
	o := Options{Rules: ruleIDs()}
	e, plain := mustNew(t, o), plainly(t, o)
	for id, texts := range examples() {
		for _, text := range texts {
			for _, around := range []string{"", "Some words that come before, and ", "x = \"", "name: "} {
				b := []byte(around + text + "\n and a few more words behind it, longer than a block.")
				if diff := cmp.Diff(plain.Find(nil, b), e.Find(nil, b)); diff != "" {
					t.Errorf("%s %q: (-plain +fast)\n%s", id, b, diff)
				}
			}
		}
	}
}

// glue stands between pieces.
var glue = []string{"", " ", " ", "\n", ": ", "=", " = ", ", ", "-", ".", "/", "_", "\"", "\": \"", "(", ")", "1", "a", "A", "é", "\t", ">", "</a>", ":", "N"}

// fragments are the examples of all rules, their halves, the words that are looked for around candidates, and some numbers.
func fragments() []string {
	var out []string
	for _, list := range examples() {
		for _, s := range list {
			out = append(out, s, s[:len(s)/2], s[len(s)/2:], s[len(s)/3:2*len(s)/3])
		}
	}
	for _, r := range builtins() {
		for _, f := range r.forms {
			if f.cues != nil {
				for _, c := range f.cues.cues {
					out = append(out, c.text)
				}
			}
		}
	}
	for _, list := range []*wordList{phoneCues, numberCues, contactCues, birthCues, icdCues, cardCues, ssnCues, versionCues, secretCues, loginWords, gpsCues} {
		for _, c := range list.cues {
			out = append(out, c.text)
		}
	}
	for _, k := range keyWords {
		out = append(out, k.text, "my_"+k.text, k.text+"Value")
	}
	out = append(out, "0x", "0x1f", "12", "1234", "123-45", "10.0", "5/6", "2024-", "12:", "1 may", "3rd", "+1 ", "(0)", "K5", "L1", "abc123", "x1y2z3", "AB 12", "fe80:")
	slices.Sort(out)
	return slices.Compact(out)
}

// TestNearWithShortcut compares the look for context words with the plain one.
func TestNearWithShortcut(t *testing.T) {
	lists := []*wordList{phoneCues, numberCues, contactCues, versionCues, personCues, ssnCues, words("v", "id", "c.f.", "tax id", "é", "ss*", "straße")}
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SampledFrom(lists).Draw(t, "list")
		word := rapid.SampledFrom(list.cues).Draw(t, "word").text
		r := rapid.SampledFrom([]rune("aAvVsStTiIdDnN019 ._-:\n\"é,"))
		text := rapid.StringOfN(r, 0, 70, -1).Draw(t, "before") + word + rapid.StringOfN(r, 0, 60, -1).Draw(t, "after")
		i := rapid.IntRange(0, len(text)).Draw(t, "at")
		span := rapid.IntRange(1, nearSpan).Draw(t, "span")
		fast, plain := window{b: []byte(text), final: true}, window{b: []byte(text), final: true, plain: true}
		if got, want := fast.nearWithin(i, list, span), plain.nearWithin(i, list, span); got != want {
			t.Fatalf("%q at %d within %d: %v, plain %v", text, i, span, got, want)
		}
	})
}
