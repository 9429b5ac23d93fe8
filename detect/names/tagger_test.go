package names

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/detect/names/sequence"
)

// show lists what the tagger finds as "KIND text".
func show(tagger *Tagger, text string) (out []string) {
	for _, m := range tagger.Tag(nil, []byte(text)) {
		out = append(out, string(tagger.RuleAt(m.Rule).Kind)+" "+text[m.Start:m.End])
	}
	return out
}

func TestTag(t *testing.T) {
	tagger := newTagger(t)
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"nothing to see here", nil},
		{"Dear Mr. Whitfield,", []string{"PERSON Whitfield"}},
		{"my name is kate johnson", []string{"PERSON kate johnson"}},
		{"CARDHOLDER: JÜRGEN MÜLLER", []string{"PERSON JÜRGEN MÜLLER"}},
		{"Written by J. R. Whitfield", []string{"PERSON J. R. Whitfield"}},
		{"name: Whitfield, Amanda", []string{"PERSON Whitfield, Amanda"}},
		{"first_name: Thandiwe\nlast_name: O'Brien\n", []string{"PERSON Thandiwe", "PERSON O'Brien"}},
		{"contact kate@example.com or see www.example.com/Kate", nil},
		{"log.Fatalf(\"no %s\", t.Duncan())", nil},
		{"func NewServer(cfg Config) (*Server, error)", nil},
	} {
		if diff := cmp.Diff(tt.want, show(tagger, tt.text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, diff)
		}
	}
}

func TestWeightsAreSmall(t *testing.T) {
	if len(weights) > 4<<20 {
		t.Errorf("the embedded weights have %d bytes, more than 4 MiB", len(weights))
	}
}

func TestNewRefuses(t *testing.T) {
	broken := bytes.Clone(weights)
	broken[len(broken)/2] ^= 1
	for name, file := range map[string][]byte{"empty": {}, "text": []byte("weights"), "cut": weights[:len(weights)/2], "broken": broken} {
		if _, err := New(Options{Weights: file}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestConcurrent shares one tagger between goroutines.
func TestConcurrent(t *testing.T) {
	tagger := newTagger(t)
	text := []byte(strings.Repeat("Dear Mr. Whitfield, Amanda Okafor lives in Lisbon.\n", 50))
	want := tagger.Tag(nil, text)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			if diff := cmp.Diff(want, tagger.Tag(nil, text)); diff != "" {
				t.Error(diff)
			}
		})
	}
	wait.Wait()
}

// check fails unless the matches are ascending, apart, and within the text.
func check(tb testing.TB, text []byte, matches []detect.Match) {
	last := 0
	for _, m := range matches {
		if m.Start < last || m.End <= m.Start || m.End > len(text) || m.Score < 0 || m.Score > 1 || int(m.Rule) >= len(rules) {
			tb.Fatalf("bad match %+v in %d bytes", m, len(text))
		}
		last = m.End
	}
}

func TestMatchesAreOrdered(t *testing.T) {
	tagger := newTagger(t)
	words := rapid.SampledFrom([]string{
		"Kate", "kate", "SMITH", "Dr.", "van", "der", "Berg", "12", "Main", "Street", ",", ".", "\n", ":", "name", "Via", "Roma", "é", "'", "-", "\"", "PO Box", "@", "\xff", "日本",
		"O'", "J.", "Apt", "NY", "10001", "straße", "\r\n", "&", "Ltd", "in", "Paris",
	})
	rapid.Check(t, func(rt *rapid.T) {
		parts := rapid.SliceOfN(words, 0, 60).Draw(rt, "words")
		glue := rapid.SampledFrom([]string{" ", ""}).Draw(rt, "glue")
		text := []byte(strings.Join(parts, glue))
		matches := tagger.Tag(nil, text)
		check(t, text, matches)
	})
}

func FuzzTag(f *testing.F) {
	for _, s := range []string{
		"", "Kate Smith", "name: x\n", "\xff\xfe", "A.B.C.", "12 Main St, Apt 5\nNew York, NY 10001", "O'", "''s", "日本 \u00a0", strings.Repeat("A ", 5000), strings.Repeat("x", 70000),
		"PO Box 12", "Via Roma 12", "ul. Długa 5/7", "\u2028Kate\u2019s", "{\"name\":\"Kate\"}",
	} {
		f.Add([]byte(s))
	}
	tagger, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		check(t, text, tagger.Tag(nil, text))
	})
}

// TestNoAllocationPerToken tags a text twice as long and compares the number of allocations.
func TestNoAllocationPerToken(t *testing.T) {
	tagger := newTagger(t)
	text := bytes.Repeat([]byte("Dear Mr. Whitfield, Amanda Okafor lives at 12 Main Street in Lisbon.\n"), 400)
	dst := tagger.Tag(nil, text)
	count := func(text []byte) float64 {
		return testing.AllocsPerRun(3, func() { dst = tagger.Tag(dst[:0], text) })
	}
	if short, long := count(text[:len(text)/8]), count(text); long > short+8 {
		t.Errorf("%v allocations for a text, %v for one eight times as long", short, long)
	}
}

func TestFileRoundTrip(t *testing.T) {
	m, err := sequence.Read(weights)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	again, err := New(Options{Weights: b.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	text := "Dear Mr. Whitfield, Amanda Okafor lives in Lisbon and works for Siemens."
	if diff := cmp.Diff(show(newTagger(t), text), show(again, text)); diff != "" {
		t.Error(diff)
	}
}

// BenchmarkTag reports the speed on prose made of the rules' own examples, one line each.
func BenchmarkTag(b *testing.B) {
	tagger := newTagger(b)
	var text []byte
	if file := prose(b); file != nil {
		text = file
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	var dst []detect.Match
	for b.Loop() {
		dst = tagger.Tag(dst[:0], text)
	}
}

// prose is English text with a name in every third sentence.
func prose(testing.TB) []byte {
	return bytes.Repeat([]byte("The committee met twice during the winter and agreed that the old bridge should be repaired before the next flood. "+
		"Amanda Whitfield, who has lived near the river for thirty years, said that nobody had listened to her until the water stood in the kitchen. "+
		"It will take two summers, and the money has to come from the county, which has spent most of what it had on roads.\n"), 300)
}
