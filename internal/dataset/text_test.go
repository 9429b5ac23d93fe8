package dataset_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/dataset"
)

func TestFormats(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       dataset.Format
	}{
		{"a.txt", "hello", dataset.Text},
		{"README.md", "# hello", dataset.Markdown},
		{"main.go", "package main", dataset.Code},
		{"package-lock.json", "{}", dataset.Code},
		{"run", "#!/bin/sh\n", dataset.Code},
		{"a.log", "x", dataset.Code},
		{"a.json", "{\"a\": 1}", dataset.JSON},
		{"a.json", "{\"a\": 1}\n{\"a\": 2}\n", dataset.JSONL},
		{"a.jsonl", "{\n \"a\": 1\n}", dataset.JSON},
		{"data", "{\"a\": 1}\n{\"a\": 2}\n", dataset.JSONL},
		{"data", "<!DOCTYPE html><p>x", dataset.HTML},
		{"data", "a,b,c\n1,2,3\n4,5,6\n7,8,9\n", dataset.CSV},
		{"data", "One, two.\nThree, four.\nFive, six.\nSeven, eight.\n", dataset.Text},
		{"a.txt", "a\x00b\x01", dataset.Binary},
	} {
		if got, _ := dataset.Detect(c.name, strings.NewReader(c.text)); got != c.want {
			t.Errorf("%s with %q is read as %s, want %s", c.name, c.text, got, c.want)
		}
	}
}

func TestCharsets(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"mark", "\xef\xbb\xbfé", "é"},
		{"utf-16", "\xff\xfe" + wide("é😀\n"), "é😀\n"},
		{"utf-16 without a mark", wide("plain text in wide letters\n"), "plain text in wide letters\n"},
		{"utf-16, half a pair", "\xff\xfe" + wide("x") + "\x3d\xd8", "x\ufffd"},
		{"windows-1252", "Stra\xdfe \x80 5", "Straße € 5"},
		{"some bytes are wrong", "Stra\u00dfe \u00e9 \xff\xfe x \xc3", "Stra\u00dfe \u00e9 \ufffd\ufffd x \ufffd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := read(t, "a.txt", []byte(c.in), dataset.Limits{})
			if diff := cmp.Diff(c.want, string(got.owned)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// lineChecker expects each line "line N …" to stand on line N, and to be where Place says.
type lineChecker struct {
	t     *testing.T
	raw   []byte
	lines int
}

func (l *lineChecker) Skipped(path, reason string) { l.t.Errorf("%s: %s", path, reason) }

func (l *lineChecker) Block(b *dataset.Block) error {
	f := &b.Fields[0]
	for at := b.From; at < b.To; {
		n := bytes.Index(b.Text[at:], []byte("line "))
		if n < 0 || at+n >= b.To {
			break
		}
		at += n
		l.lines++
		if got := b.LineAt(f, at); got != l.lines {
			l.t.Fatalf("line %d is said to be line %d", l.lines, got)
		}
		if place, ok := b.Place(f, at); !ok || !bytes.HasPrefix(l.raw[place:], []byte(fmt.Sprintf("line %d ", l.lines))) {
			l.t.Fatalf("line %d is said to stand at %d", l.lines, place)
		}
		at++
	}
	return nil
}

// TestTextInPieces reads some MiB, so that there are several Blocks, and once as parts that were cut at multiples of Stride.
func TestTextInPieces(t *testing.T) {
	for name, pad := range map[string]string{"plain": "plain", "invalid": "\u00e9 \xff \u00fc", "no line breaks for long": strings.Repeat("x", 200_000)} {
		t.Run(name, func(t *testing.T) {
			var raw []byte
			for i := 1; len(raw) < 5<<20; i++ {
				raw = append(raw, fmt.Sprintf("line %d %s\n", i, pad)...)
			}
			l := &lineChecker{t: t, raw: raw}
			if err := dataset.ReadFrom(context.Background(), "a.txt", bytes.NewReader(raw), dataset.Limits{}, l); err != nil {
				t.Fatal(err)
			}
			if want := bytes.Count(raw, []byte("\n")); l.lines != want {
				t.Errorf("%d lines are owned, want %d", l.lines, want)
			}
			whole, parts := read(t, "a.txt", raw, dataset.Limits{}), &collector{t: t}
			for from := int64(0); from < int64(len(raw)); from += 2 * dataset.Stride {
				lim := dataset.Limits{From: from, To: from + 2*dataset.Stride}
				if err := dataset.ReadFrom(context.Background(), "a.txt", bytes.NewReader(raw), lim, parts); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(whole.owned, parts.owned) {
				t.Error("parts have other text than the whole")
			}
			if name != "no line breaks for long" && len(whole.formats) != len(parts.formats) {
				t.Errorf("%d Blocks became %d", len(whole.formats), len(parts.formats))
			}
		})
	}
}
