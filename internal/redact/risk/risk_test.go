package risk

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"
)

// input makes files of the given names and texts.
func input(t testing.TB, files ...string) *Input {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &Input{Paths: []string{dir}}
}

const people = `{"age":"30","zip":"10115","dx":"flu"}
{"age":"30","zip":"10115","dx":"cold"}
{"age":"30","zip":"10115","dx":"flu"}
{"age":"41","zip":"10115","dx":"flu"}
{"age":"41","zip":"10115","dx":"flu"}
{"age":"52","zip":"10117","dx":"flu"}
{"age":"52","dx":"flu"}
{"other":"x"}
`

func TestAnonymity(t *testing.T) {
	in := input(t, "a.jsonl", people)
	got, skipped, err := CountAnonymity(t.Context(), in, AnonymityOptions{Quasi: []string{"age", "zip"}, Sensitive: "dx", K: 3})
	if err != nil || len(skipped) > 0 {
		t.Fatal(err, skipped)
	}
	want := &Anonymity{
		Quasi: []string{"age", "zip"}, Sensitive: "dx", Records: 7, Without: 1, Partial: 1, Classes: 4, K: 1, Wanted: 3, Below: 4, Unique: 2,
		L: 1, Uniform: 3, Readings: 1,
		Histogram: []Bin{{1, 1, 2, 2}, {2, 2, 1, 2}, {3, 4, 1, 3}, {From: 5, To: 9}, {From: 10, To: 19}, {From: 20, To: 99}, {From: 100}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// The same with little memory, in several readings.
	got, _, err = CountAnonymity(t.Context(), in, AnonymityOptions{Quasi: []string{"age", "zip"}, Sensitive: "dx", K: 3, maxClasses: 2})
	if err != nil || got.Readings < 3 {
		t.Fatalf("%v, %d readings", err, got.Readings)
	}
	got.Readings = 1
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestAnonymityParquet holds that a column store gives the answer that rows give.
func TestAnonymityParquet(t *testing.T) {
	type person struct {
		Age string  `parquet:"age"`
		Zip *string `parquet:"zip,optional"`
		DX  string  `parquet:"dx"`
	}
	a, b := "10115", "10117"
	rows := []person{{"30", &a, "flu"}, {"30", &a, "cold"}, {"30", &a, "flu"}, {"41", &a, "flu"}, {"41", &a, "flu"}, {"52", &b, "flu"}, {"52", nil, "flu"}}
	var text bytes.Buffer
	w := parquet.NewGenericWriter[person](&text)
	for _, part := range [][]person{rows[:4], rows[4:]} {
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	o := AnonymityOptions{Quasi: []string{"age", "zip"}, Sensitive: "dx", K: 3}
	want, _, err := CountAnonymity(t.Context(), input(t, "a.jsonl", people), o)
	if err != nil {
		t.Fatal(err)
	}
	want.Without = 0
	got, _, err := CountAnonymity(t.Context(), input(t, "a.parquet", text.String()), o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// prose makes n different words.
func prose(r *rand.Rand, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("w%d", r.IntN(5000))
	}
	return out
}

func TestDuplicates(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var lines []string
	add := func(words []string) { lines = append(lines, fmt.Sprintf(`{"text":%q}`, strings.Join(words, " "))) }
	for range 300 {
		add(prose(r, 60))
	}
	twice := prose(r, 100)
	add(twice)
	near := slices.Clone(twice)
	near[50] = "other"
	add(near)
	add(twice)
	far := slices.Clone(twice)
	for i := 0; i < len(far); i += 4 {
		far[i] = "x"
	}
	add(far)
	other := prose(r, 30)
	add(other)
	lines = append(lines, fmt.Sprintf(`{"text":%q}`, strings.ToUpper(strings.Join(other, ",  "))), `{"text":"short one"}`)
	got, _, err := FindDuplicates(t.Context(), input(t, "a.jsonl", strings.Join(lines, "\n")), DuplicateOptions{Threshold: 0.8, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	path := got.Largest[0].Members[0].Path
	want := &Duplicates{Texts: 306, Clusters: 2, InClusters: 5, Redundant: 3, Threshold: 0.8, Largest: []Cluster{
		{3, []Place{{path, 301, "text"}, {path, 302, "text"}, {path, 303, "text"}}}, {2, []Place{{path, 305, "text"}, {path, 306, "text"}}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestSignature holds that the share of equal hashes estimates the Jaccard similarity within five standard errors.
func TestSignature(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, cut := range []int{0, 20, 100, 200, 400} {
		a := prose(r, 400)
		b := append(slices.Clone(a[cut:]), prose(r, cut)...)
		wa, wb := appendWords(nil, []byte(strings.Join(a, " "))), appendWords(nil, []byte(strings.Join(b, " ")))
		sa, sb := signature(wa), signature(wb)
		same := 0
		for i := range sa {
			if sa[i] == sb[i] {
				same++
			}
		}
		common, all := float64(max(0, 400-cut-4)), float64(400+cut-4)
		if got, want := float64(same)/hashes, common/all; math.Abs(got-want) > 5*math.Sqrt(want*(1-want)/hashes)+0.02 {
			t.Errorf("cut %d: %.3f, want %.3f", cut, got, want)
		}
	}
}

// TestIntervals holds the figures of Brown, Cai and DasGupta's example and of tables.
func TestIntervals(t *testing.T) {
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 5e-5 {
			t.Errorf("%s is %.5f, want %.5f", what, got, want)
		}
	}
	w := Wilson(10, 100, 0.95)
	near("Wilson low", w.Low, 0.05523)
	near("Wilson high", w.High, 0.17437)
	c := ClopperPearson(10, 100, 0.95)
	near("Clopper-Pearson low", c.Low, 0.04900)
	near("Clopper-Pearson high", c.High, 0.17622)
	near("rule of three", Upper(0, 300, 0.95), 0.00994)
	near("none of ten", ClopperPearson(0, 10, 0.95).High, 0.30850)
	near("all of ten", ClopperPearson(10, 10, 0.95).Low, 0.69150)
	near("beta", betaCDF(0.3, 2, 5), 0.57983)
}

// TestIntervalsOrdered holds for any x of n: the share lies in both intervals, and more confidence never narrows them.
func TestIntervalsOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 2000).Draw(t, "n")
		x := rapid.IntRange(0, n).Draw(t, "x")
		p := float64(x) / float64(n)
		for _, f := range []func(int, int, float64) Interval{Wilson, ClopperPearson} {
			narrow, wide := f(x, n, 0.9), f(x, n, 0.99)
			const eps = 1e-9
			if narrow.Low > p+eps || narrow.High < p-eps || wide.Low > narrow.Low+eps || wide.High < narrow.High-eps {
				t.Fatalf("%d of %d: %v %v", x, n, narrow, wide)
			}
		}
	})
}

func TestSample(t *testing.T) {
	var a, b strings.Builder
	for i := range 500 {
		fmt.Fprintf(&a, "{\"n\":\"number %d\",\"text\":\"plain\"}\n", i)
		fmt.Fprintf(&b, "line %d\n", i)
	}
	in := input(t, "a.jsonl", a.String(), "b.txt", b.String())
	draw := func(seed uint64, n int) (*Sample, string) {
		t.Helper()
		var out bytes.Buffer
		s, _, err := DrawSample(t.Context(), in, SampleOptions{N: n, Seed: seed, Confidence: 0.95, Out: &out})
		if err != nil {
			t.Fatal(err)
		}
		return s, out.String()
	}
	s, text := draw(1, 40)
	if s.Records != 1000 || s.Drawn != 40 || strings.Count(text, "\n") != 40 || s.Identifiers.Suspicious != 0 || s.Identifiers.Upper < 0.07 || s.Identifiers.Upper > 0.075 {
		t.Errorf("%+v\n%s", s, text)
	}
	if fromA := strings.Count(text, "a.jsonl"); fromA < 8 || fromA > 32 {
		t.Errorf("%d of 40 from one half", fromA)
	}
	if _, again := draw(1, 40); again != text {
		t.Error("one seed, two samples")
	}
	if _, other := draw(2, 40); other == text {
		t.Error("two seeds, one sample")
	}
	if s, _ := draw(1, 5000); s.Drawn != 1000 {
		t.Errorf("drew %d of 1000", s.Drawn)
	}
	if _, err := ReadLabels(strings.NewReader(text), s.Records, 0.95); err == nil || !strings.Contains(err.Error(), "line 1: leaks is not set") {
		t.Errorf("a sample without labels: %v", err)
	}
	labelled := strings.Replace(strings.ReplaceAll(text, `"leaks":null`, `"leaks":0`), `"leaks":0`, `"leaks":2`, 1)
	o, err := ReadLabels(strings.NewReader(labelled), s.Records, 0.95)
	if err != nil || o.N != 40 || o.WithLeaks != 1 || o.Leaks != 2 || o.Rate != 0.025 || o.Expected.High < 100 || o.Expected.High > 150 {
		t.Errorf("%v %+v", err, o)
	}
}

func TestSuspect(t *testing.T) {
	for _, c := range []struct {
		text             string
		identifier, name bool
	}{
		{"all is well", false, false},
		{"call 415 867 5309", true, false},
		{"a.b@c", true, false},
		{"at @ home", false, false},
		{"in 2020 and 1999 it was 12.50", false, false},
		{"met Jane Doe there", false, true},
		{"Jane. Doe", false, false},
		{"I am Jane", false, false},
		{"[PERSON] wrote to [EMAIL_ADDRESS] from [IP_ADDRESS]", false, false},
		{"[rv1:AQx4567890123456789-_x] said", false, false},
		{"Anne-Marie", false, true},
		{"[not closed 1234567", true, false},
	} {
		got := suspect([]byte(c.text))
		if got.identifier != c.identifier || got.name != c.name {
			t.Errorf("%q: %+v", c.text, got)
		}
	}
}

func FuzzReadLabels(f *testing.F) {
	f.Add([]byte(`{"path":"a","record":1,"text":{"x":"y"},"leaks":1}`))
	f.Add([]byte(`{"leaks":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := ReadLabels(bytes.NewReader(text), 100, 0.95)
		if err == nil && (o.N < 1 || o.WithLeaks > o.N || o.ClopperPearson.Low > o.Rate || o.ClopperPearson.High < o.Rate) {
			t.Errorf("%+v", o)
		}
	})
}

func FuzzSuspect(f *testing.F) {
	f.Add([]byte("[A 12 34567 \xff@b"))
	f.Fuzz(func(_ *testing.T, text []byte) { suspect(text) })
}
