package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/internal/audit"
	"github.com/reeve-ai/reeve/internal/inspect"
	"github.com/reeve-ai/reeve/internal/report"
)

var today = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

func inspector(t testing.TB) *inspect.Inspector {
	t.Helper()
	in, err := inspect.New(inspect.Options{Detect: detect.Options{Rules: []string{"pii/*", "secret/*"}}})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// scan runs over the paths and returns the findings as lines.
func scan(t testing.TB, o audit.Options, paths ...string) (string, *report.Summary) {
	t.Helper()
	var out bytes.Buffer
	if o.Inspector == nil {
		o.Inspector = inspector(t)
	}
	o.Today = today
	o.Found = func(f *reeve.Finding) error {
		out.Write(append(report.AppendFinding(nil, f), '\n'))
		return nil
	}
	s, err := audit.Run(context.Background(), paths, o)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), s
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// mail is an address that a rule finds, made up here.
func mail(n int) string { return fmt.Sprintf("jane.doe%d@mail-%d.org", n, n%7) }

// big is a JSONL text of about size bytes with an address in every 50th record.
func big(size, seed int) string {
	var b strings.Builder
	for n := 0; b.Len() < size; n++ {
		words := strings.Repeat("plain words go on and on ", 1+(n*7+seed)%9)
		if n%50 == seed%50 {
			words += mail(n)
		}
		fmt.Fprintf(&b, "{\"id\":%d,\"text\":\"%s\",\"more\":{\"note\":\"caf\u00e9 %d\"}}\n", n, words, n*seed)
	}
	return b.String()
}

func TestFindingsStandWhereTheyAre(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	text := "first line\nsecond " + mail(1) + "\nthird\n\n" + mail(2) + " " + mail(2) + "\n"
	records := "{\"a\":\"x\"}\n\n{\"a\":\"\\u00e9 " + mail(3) + "\",\"b\":[{\"c\":\"" + mail(4) + "\"}]}\n"
	write(t, "d/a.txt", text)
	write(t, "d/b.jsonl", records)
	var got []reeve.Finding
	in := inspector(t)
	s, err := audit.Run(context.Background(), []string{"d"}, audit.Options{Inspector: in, Today: today, Values: true, Found: func(f *reeve.Finding) error {
		got = append(got, *f)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	type place struct {
		Path, Field, Value string
		Record, Line       int
	}
	var places []place
	prints := map[string]bool{}
	for _, f := range got {
		places = append(places, place{f.Path, f.Field, f.Value, f.Record, f.Line})
		whole := text
		if f.Path == "d/b.jsonl" {
			whole = records
		}
		if whole[f.Start:f.End] != f.Value {
			t.Errorf("%s %d-%d holds %q, want %q", f.Path, f.Start, f.End, whole[f.Start:f.End], f.Value)
		}
		if prints[f.Fingerprint] || len(f.Fingerprint) != 32 {
			t.Errorf("fingerprint %q stands twice or is none", f.Fingerprint)
		}
		prints[f.Fingerprint] = true
		if f.Label == "" || f.Message == "" || f.Remedy == "" || f.Kind != "EMAIL_ADDRESS" {
			t.Errorf("%+v", f)
		}
	}
	want := []place{
		{"d/a.txt", "", mail(1), 0, 2},
		{"d/a.txt", "", mail(2), 0, 5},
		{"d/a.txt", "", mail(2), 0, 5},
		{"d/b.jsonl", "a", mail(3), 2, 3},
		{"d/b.jsonl", "b.0.c", mail(4), 2, 3},
	}
	if diff := cmp.Diff(want, places); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	if s.Files != 2 || s.Records != 2 || s.Bytes != int64(len(text)+len(records)) || s.Label != "confidential{PII}" || s.Findings.Total != 5 {
		t.Errorf("%+v", s)
	}
}

func TestValuesAreNotTold(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.txt", "write to "+mail(1)+"\n")
	if out, _ := scan(t, audit.Options{}, dir); strings.Contains(out, mail(1)) || strings.Count(out, "\n") != 1 {
		t.Error(out)
	}
}

// What is found does not depend on the number of workers nor on where a big file is cut.
func TestBigFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.jsonl", big(5<<20, 3))
	write(t, dir+"/b.txt", strings.ReplaceAll(big(4<<20, 5), "{", ""))
	write(t, dir+"/c.csv", "id,mail\n1,"+mail(1)+"\n")
	one, s1 := scan(t, audit.Options{Workers: 1}, dir)
	four, s4 := scan(t, audit.Options{Workers: 4}, dir)
	if one != four {
		t.Error("one worker and four find different things")
	}
	if diff := cmp.Diff(s1, s4); diff != "" {
		t.Error(diff)
	}
	checkPlaces(t, dir+"/a.jsonl", one)
	checkPlaces(t, dir+"/b.txt", one)
}

// checkPlaces holds the findings of a file against a search for the addresses in it, line by line.
func checkPlaces(t *testing.T, path, out string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	at, number := 0, 0
	for line := range strings.Lines(string(text)) {
		number++
		if i := strings.Index(line, "jane.doe"); i >= 0 {
			end := i + strings.Index(line[i:], ".org") + 4
			want = append(want, fmt.Sprintf("line %d, %d to %d", number, at+i, at+end))
		}
		at += len(line)
	}
	for line := range strings.Lines(out) {
		if f := decode(t, line); f.Path == path {
			got = append(got, fmt.Sprintf("line %d, %d to %d", f.Line, f.Start, f.End))
			if f.Record != 0 && f.Record != f.Line {
				t.Errorf("record %d on line %d", f.Record, f.Line)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// mostChecks bounds property tests that write megabytes.
const mostChecks = 8

// The cache never changes a result, whatever happened to the files and to the cache between two runs.
func TestCacheChangesNothing(t *testing.T) {
	dir := t.TempDir()
	data, cache := dir+"/data", dir+"/cache"
	checks := 0
	rapid.Check(t, func(rt *rapid.T) {
		if checks++; checks > mostChecks {
			return
		}
		if err := os.RemoveAll(dir); err != nil {
			rt.Fatal(err)
		}
		names := []string{"a.jsonl", "b.txt", "c/d.jsonl", "c/e.md", "f.csv"}
		texts := map[string]string{}
		for i, name := range names {
			texts[name] = big(rapid.SampledFrom([]int{100, 30_000, 2_600_000}).Draw(rt, "size"), i+1)
			if name == "f.csv" {
				texts[name] = "id,text\n" + strings.ReplaceAll(texts[name][:100], "\n", " ") + "\n"
			}
			write(t, data+"/"+name, texts[name])
		}
		for range 3 {
			cached, s := scan(t, audit.Options{Cache: cache, Workers: 2}, data)
			fresh, f := scan(t, audit.Options{Workers: 2}, data)
			if cached != fresh {
				rt.Fatal("the cache changes what is found: " + firstDifference(fresh, cached))
			}
			s.Cached = 0
			if diff := cmp.Diff(f, s); diff != "" {
				rt.Fatal(diff)
			}
			name := rapid.SampledFrom(names).Draw(rt, "name")
			text := texts[name]
			at := rapid.IntRange(0, len(text)).Draw(rt, "at")
			switch rapid.IntRange(0, 5).Draw(rt, "change") {
			case 0: // a line more
				at = strings.LastIndexByte(text[:at], '\n') + 1
				text = text[:at] + "{\"text\":\"" + mail(99) + "\"}\n" + text[at:]
			case 1: // a line less
				at = strings.LastIndexByte(text[:at], '\n') + 1
				_, rest, _ := strings.Cut(text[at:], "\n")
				text = text[:at] + rest
			case 2: // a broken line
				text = text[:at] + "\n{\"broken " + mail(5) + "\n" + text[at:]
			case 3: // cut short
				text = text[:at]
			case 4: // the cache is damaged
				damage(t, cache, at)
			case 5: // another charset
				text = "\xff caf\xe9 " + text
			}
			texts[name] = text
			write(t, data+"/"+name, text)
		}
	})
}

// firstDifference shows where two outputs part.
func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("%d and %d lines, line %d:\n%s\n%s", len(x), len(y), i+1, x[i], y[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(x), len(y))
}

func damage(t testing.TB, cache string, at int) {
	t.Helper()
	files, _ := filepath.Glob(cache + "/*.*")
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) > 60 {
			b[60+at%(len(b)-60)] ^= 0x40
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Where single records change all over a big file, the others are not scanned again.
func TestScatteredChanges(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/a.jsonl"
	text := big(4<<20, 3)
	write(t, path, text)
	var mu sync.Mutex
	scanned := 0
	tagger := countingTagger{func(n int) { mu.Lock(); scanned += n; mu.Unlock() }}
	counting, err := inspect.New(inspect.Options{Detect: detect.Options{Rules: []string{"pii/*"}}, Tagger: tagger})
	if err != nil {
		t.Fatal(err)
	}
	o := audit.Options{Inspector: counting, Cache: dir + "/cache"}
	scan(t, o, path)
	full := scanned
	var changed strings.Builder
	n := 0
	for line := range strings.Lines(text) {
		if n++; n%200 == 0 {
			line = strings.Replace(line, "{", "{\"new\":\""+mail(n)+"\",", 1)
		}
		changed.WriteString(line)
	}
	write(t, path, changed.String())
	scanned = 0
	cached, _ := scan(t, o, path)
	if scanned*50 > full {
		t.Errorf("one record in 200 changed, and %d of %d bytes were scanned", scanned, full)
	}
	if fresh, _ := scan(t, audit.Options{Inspector: counting}, path); fresh != cached {
		t.Error(firstDifference(fresh, cached))
	}
}

// countingTagger finds nothing and tells how much text it saw.
type countingTagger struct{ saw func(n int) }

func (c countingTagger) Tag(dst []detect.Match, text []byte) []detect.Match {
	c.saw(len(text))
	return dst
}
func (countingTagger) RuleAt(int32) *detect.Rule { return nil }
func (countingTagger) Version() string           { return "counts" }

// A file that did not change is not read again, and one of which a line changed is read in part.
func TestCacheSavesWork(t *testing.T) {
	dir := t.TempDir()
	data := dir + "/data"
	for i := range 20 {
		write(t, fmt.Sprintf("%s/%02d.txt", data, i), big(2000, i))
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(fmt.Sprintf("%s/%02d.txt", data, i), old, old); err != nil {
			t.Fatal(err)
		}
	}
	o := audit.Options{Cache: dir + "/cache"}
	if _, s := scan(t, o, data); s.Cached != 0 {
		t.Errorf("the first run finds %d files in the cache", s.Cached)
	}
	write(t, data+"/07.txt", big(2000, 77))
	if _, s := scan(t, o, data); s.Cached != 19 {
		t.Errorf("%d of 19 files came from the cache", s.Cached)
	}
}

// A run that was stopped leaves what it did: the next one goes on from there and tells the same as one that was not.
func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/data/a.txt", mail(1))
	write(t, dir+"/data/b.jsonl", big(4<<20, 3))
	write(t, dir+"/data/c.txt", mail(2))
	paths := []string{dir + "/data"}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	o := audit.Options{Inspector: inspector(t), Cache: dir + "/cache", Today: today, Workers: 1}
	if audit.Interrupted(paths, o) {
		t.Error("there was no run yet")
	}
	stopped, found := o, 0
	stopped.Found = func(*reeve.Finding) error {
		if found++; found == 200 {
			stop()
		}
		return nil
	}
	s, err := audit.Run(ctx, paths, stopped)
	if !errors.Is(err, context.Canceled) || s == nil || !s.Interrupt || s.Findings.Total < 200 {
		t.Fatalf("%+v, %v", s, err)
	}
	if !audit.Interrupted(paths, o) {
		t.Error("the run was stopped, and nobody knows")
	}
	fresh, _ := scan(t, audit.Options{Workers: 1}, paths...)
	if got, _ := scan(t, o, paths...); got != fresh {
		t.Error(firstDifference(fresh, got))
	}
	if audit.Interrupted(paths, o) {
		t.Error("the run came to its end")
	}
}
