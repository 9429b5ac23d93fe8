package names

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reeve-ai/reeve/detect"
)

// labelled is a document with its true spans, in code points.
type labelled struct {
	Text  string  `json:"text"`
	Spans []truth `json:"spans"`
}

type truth struct {
	Start int    `json:"start"`
	End   int    `json:"end"`
	Type  string `json:"type"`
}

// tally counts found and missed spans of one kind.
type tally struct{ right, found, want, touch, touched int }

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

func f1(p, r float64) float64 {
	if p+r == 0 {
		return 0
	}
	return 2 * p * r / (p + r)
}

// strict is precision, recall and F1 of exact spans.
func (t *tally) strict() (p, r, f float64) {
	p, r = ratio(t.right, t.found), ratio(t.right, t.want)
	return p, r, f1(p, r)
}

// overlap is precision, recall and F1 of spans of the same kind that share a byte.
func (t *tally) overlap() (p, r, f float64) {
	p, r = ratio(t.touch, t.found), ratio(t.touched, t.want)
	return p, r, f1(p, r)
}

// measure tags the documents and counts by kind.
func measure(tb testing.TB, tagger *Tagger, docs []labelled, show bool) map[detect.Kind]*tally {
	tb.Helper()
	out := map[detect.Kind]*tally{KindPerson: {}, KindOrganization: {}, KindLocation: {}, KindStreetAddress: {}}
	type span struct{ start, end int }
	var matches []detect.Match
	for _, d := range docs {
		at := make([]int, 0, len(d.Text)+1) // byte offset of each code point
		for i := range d.Text {
			at = append(at, i)
		}
		at = append(at, len(d.Text))
		want := map[detect.Kind][]span{}
		for _, s := range d.Spans {
			k := detect.Kind(s.Type)
			want[k] = append(want[k], span{at[s.Start], at[s.End]})
		}
		got := map[detect.Kind][]span{}
		matches = tagger.Tag(matches[:0], []byte(d.Text))
		for _, m := range matches {
			k := tagger.RuleAt(m.Rule).Kind
			got[k] = append(got[k], span{m.Start, m.End})
		}
		for k, t := range out {
			t.found += len(got[k])
			t.want += len(want[k])
			miss := false
			for _, g := range got[k] {
				exact, touch := false, false
				for _, w := range want[k] {
					exact = exact || g == w
					touch = touch || g.start < w.end && w.start < g.end
				}
				if exact {
					t.right++
				}
				if touch {
					t.touch++
				}
				miss = miss || !exact
			}
			for _, w := range want[k] {
				touch := false
				for _, g := range got[k] {
					touch = touch || g.start < w.end && w.start < g.end
				}
				if touch {
					t.touched++
				}
				miss = miss || !touch
			}
			if show && miss && k == detect.Kind(os.Getenv("SHOW")) {
				var a, b []string
				for _, w := range want[k] {
					a = append(a, d.Text[w.start:w.end])
				}
				for _, g := range got[k] {
					b = append(b, d.Text[g.start:g.end])
				}
				fmt.Printf("WANT %q GOT %q IN %q\n", a, b, d.Text)
			}
		}
	}
	return out
}

func readLabelled(tb testing.TB, name string) []labelled {
	tb.Helper()
	dir := os.Getenv("REEVE_TESTDATA")
	if dir == "" {
		tb.Skip("REEVE_TESTDATA is not set: no labelled development data")
	}
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var out []labelled
	s := bufio.NewScanner(f)
	s.Buffer(nil, 8<<20)
	for s.Scan() {
		var d labelled
		if err := json.Unmarshal(s.Bytes(), &d); err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		out = append(out, d)
	}
	if s.Err() != nil {
		tb.Fatal(s.Err())
	}
	return out
}

// judged is the tagger under judgement: with other weights if REEVE_NAMES_WEIGHTS names a file of them.
func judged(tb testing.TB) *Tagger {
	tb.Helper()
	var o Options
	if file := os.Getenv("REEVE_NAMES_WEIGHTS"); file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		o.Weights = b
	}
	tagger, err := New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return tagger
}

// floors are what strict F1 of a kind in a corpus must reach. Corpora that the weights have learned from are not listed:
// their figures are printed and prove nothing.
var floors = map[string]map[detect.Kind]float64{
	"ner/uner-en-ewt-dev.jsonl":         {KindPerson: 0.79, KindLocation: 0.70, KindOrganization: 0.44},
	"pii-dev/pii-anon-technology.jsonl": {KindPerson: 0.94},
}

// TestQuality prints precision, recall and F1 on development data and asserts the floors.
func TestQuality(t *testing.T) {
	tagger := judged(t)
	for _, file := range []string{
		"ner/uner-en-ewt-dev.jsonl", "pii-dev/pii-anon-technology.jsonl", "ner/wnut17-test.jsonl", "ner/btc-h.jsonl", "ner/wikigold.jsonl",
	} {
		result := measure(t, tagger, readLabelled(t, file), strings.Contains(os.Getenv("SHOWFILE"), filepath.Base(file)))
		for _, k := range []detect.Kind{KindPerson, KindOrganization, KindLocation, KindStreetAddress} {
			r := result[k]
			if r.want == 0 {
				t.Logf("%-24s %-14s none labelled, %d found", filepath.Base(file), k, r.found)
				continue
			}
			p, q, f := r.strict()
			op, oq, of := r.overlap()
			t.Logf("%-24s %-14s %4d strict P %.3f R %.3f F1 %.3f  overlap P %.3f R %.3f F1 %.3f", filepath.Base(file), k, r.want, p, q, f, op, oq, of)
			if f < floors[file][k] {
				t.Errorf("%s %s: strict F1 %.3f, want %.2f", file, k, f, floors[file][k])
			}
		}
	}
}
