package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/detect/names/sequence"
)

// authoredLists are the lists of this repository alone, so that the tests need no other data.
func authoredLists(t *testing.T) *lists {
	t.Helper()
	l := &lists{
		given: newRanked(), family: newRanked(), places: newRanked(), organizations: newRanked(),
		roles: map[string]sequence.Role{}, plain: map[string]int{}, capital: map[string]int{},
		cities: []string{"Leeds", "Porto"}, countries: []string{"Ghana", "Peru"},
	}
	if err := l.readVocabulary(); err != nil {
		t.Fatal(err)
	}
	if err := l.readAuthored(); err != nil {
		t.Fatal(err)
	}
	return l
}

// TestGenerate makes texts twice: the same seed gives the same, and every span lies in its text.
func TestGenerate(t *testing.T) {
	l := authoredLists(t)
	a := generate(l, 500, rand.New(rand.NewPCG(1, 2)))
	b := generate(l, 500, rand.New(rand.NewPCG(1, 2)))
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
	for _, x := range a {
		last := 0
		for _, s := range x.Spans {
			if s.Start < last || s.End <= s.Start || s.End > len(x.Text) {
				t.Errorf("bad span %+v in %q", s, x.Text)
			}
			last = s.End
		}
		if bytes.ContainsAny(x.Text, "{}") && bytes.Contains(x.Text, []byte("{P}")) {
			t.Errorf("slot left in %q", x.Text)
		}
	}
}

// train fits made texts and returns the file.
func train(t *testing.T, l *lists) []byte {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 7))
	lexicon := l.lexicon(false)
	tr := newTrainer()
	for _, x := range generate(l, 700, random) {
		tr.add(lexicon, &x)
	}
	tr.train(3, random)
	var b bytes.Buffer
	if err := sequence.NewModel(lexicon, tr.weights, tr.steps).Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestTrain learns from made texts alone: equal seeds give equal files, and the model that is read back finds names.
func TestTrain(t *testing.T) {
	l := authoredLists(t)
	file := train(t, l)
	if again := train(t, l); !bytes.Equal(file, again) {
		t.Error("the same seed gave another file")
	}
	m, err := sequence.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	var r sequence.Reader
	r.Use(m)
	text := []byte("My name is Amanda Whitfield.")
	spans := r.Tag(nil, text)
	if len(spans) != 1 || spans[0].Label != sequence.BeginPerson || string(text[spans[0].Start:spans[0].End]) != "Amanda Whitfield" {
		t.Errorf("found %+v", spans)
	}
}

func TestReadCorpus(t *testing.T) {
	dir := t.TempDir()
	const conll = "Mr.\tB-PER\nBen\tI-PER\nAl-Amin\tI-PER\n's\tO\nhat\tO\n,\tO\n@\tB-PER\nkate\tI-PER\n\n"
	if err := os.WriteFile(filepath.Join(dir, "x.conll"), []byte(conll), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := readCorpus(dir, "x")
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	for _, x := range got {
		shown = append(shown, string(x.Text))
		for _, s := range x.Spans {
			shown = append(shown, string(x.Text[s.Start:s.End]))
		}
	}
	want := []string{"Mr. Ben Al-Amin's hat, @kate", "Ben Al-Amin", "Mr. Ben Al - Amin 's hat , @kate", "Ben Al - Amin"}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
}

// Data under a share-alike licence must not be learned from.
func TestCorporaAreFree(t *testing.T) {
	if i := slices.IndexFunc(corpora, func(s string) bool { return len(s) > 3 && s[:4] == "uner" }); i >= 0 {
		t.Errorf("%s is CC BY-SA", corpora[i])
	}
}
