package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCorpusIsMixedAndParses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.jsonl")
	if err := writeCorpus(path, 3e6); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[string]int{}
	for line := range strings.Lines(string(b)) {
		var r record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		sizes[r.Source] += len(r.Text)
	}
	for _, source := range []string{"code", "docs", "prose"} {
		if sizes[source] < len(b)/5 {
			t.Errorf("%s has %d of %d bytes, want about a third", source, sizes[source], len(b))
		}
	}
}

func TestProseIsRepeatableAndFull(t *testing.T) {
	a, b := prose(rand.New(rand.NewPCG(1, 2)), 4000), prose(rand.New(rand.NewPCG(1, 2)), 4000)
	if a != b {
		t.Error("the same seed gives two texts")
	}
	for _, want := range []string{"@", "DE", "MAC address", "card 4"} {
		if !strings.Contains(a, want) {
			t.Errorf("no %q in the prose", want)
		}
	}
	if strings.ContainsAny(a, "{}") {
		t.Error("a value was not filled in")
	}
}

func TestCount(t *testing.T) {
	docs := []doc{{Text: "é Ada a@b.com Bob"}}
	docs[0].Spans = append(docs[0].Spans,
		struct {
			Start, End int
			Type       string
		}{2, 5, "PERSON"}, struct {
			Start, End int
			Type       string
		}{14, 17, "PERSON"})
	found := [][]finding{{{Kind: "PERSON", Start: 3, End: 6}, {Kind: "PERSON", Start: 7, End: 9}, {Kind: "EMAIL_ADDRESS", Start: 7, End: 14}}}
	got, _ := count(docs, found, 0)
	if want := (tally{right: 1, missed: 1, wrong: 1}); got["PERSON"] != want || len(got) != 1 {
		t.Errorf("got %v, want PERSON %v alone", got, want)
	}
}

func TestChangeAltersOneRecordInEvery(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	if err := os.WriteFile(from, bytes.Repeat([]byte("{\"x\":1}\n"), 10000), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := change(from, to, 100); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), `"note"`); n != 100 {
		t.Errorf("%d records changed, want 100", n)
	}
	for line := range strings.Lines(string(b)) {
		if !json.Valid([]byte(line)) {
			t.Fatalf("invalid record %q", line)
		}
	}
}
