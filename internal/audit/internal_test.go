package audit

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestFindsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"", "a", "pii/email", "messages.0.content", "\xff\x00"})
		var want []find
		var e encoder
		for range rapid.IntRange(0, 20).Draw(t, "n") {
			f := find{
				rule: word.Draw(t, "rule"), kind: word.Draw(t, "kind"), about: word.Draw(t, "about"), field: word.Draw(t, "field"), path: word.Draw(t, "path"),
				value: word.Draw(t, "value"), explain: word.Draw(t, "explain"), record: rapid.Int64Range(-5, 1<<40).Draw(t, "record"), line: rapid.Int64Range(-5, 1<<40).Draw(t, "line"),
				start: rapid.Int64Range(-9, 1<<40).Draw(t, "start"), severity: rapid.Uint8().Draw(t, "severity"), score: rapid.Uint8().Draw(t, "score"),
				flags: rapid.Uint8().Draw(t, "flags"),
			}
			f.end = f.start + rapid.Int64Range(0, 99).Draw(t, "length")
			f.print[3] = rapid.Byte().Draw(t, "print")
			want = append(want, f)
			e.add(&f)
		}
		var got []find
		d := decoder{buf: e.buf}
		for f := (find{}); d.next(&f); {
			f.rules = 0
			got = append(got, f)
		}
		counted := tally{}
		if err := decodeTally(e.tally.encode(), func(r *tallyRow) { counted.rows = append(counted.rows, *r) }); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e.tally.rows, counted.rows, cmp.AllowUnexported(tallyRow{})); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(find{})); diff != "" || d.err != nil {
			t.Fatal(d.err, diff)
		}
	})
}

func FuzzDecoder(f *testing.F) {
	var e encoder
	e.add(&find{rule: "pii/email", kind: "EMAIL_ADDRESS", field: "a", start: 4, end: 9})
	e.add(&find{rule: "pii/email", kind: "EMAIL_ADDRESS", field: "b", start: 14, end: 19})
	f.Add(e.buf)
	f.Fuzz(func(t *testing.T, b []byte) {
		d := decoder{buf: b}
		for n, x := 0, (find{}); d.next(&x); n++ {
			if n > len(b) {
				t.Fatal("it goes on without end")
			}
		}
	})
}

func FuzzDecodeTally(f *testing.F) {
	var t tally
	t.add(&find{rule: "pii/email", kind: "EMAIL_ADDRESS"})
	f.Add(t.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		if _ = decodeTally(b, func(*tallyRow) { n++ }); n > len(b) {
			t.Fatal("it goes on without end")
		}
	})
}

func FuzzParseEntry(f *testing.F) {
	f.Add([]byte("\x01a" + strings.Repeat("\x00", 33) + "\x00"))
	f.Fuzz(func(_ *testing.T, b []byte) { parseEntry(b) })
}

func TestParseDiff(t *testing.T) {
	diff := "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-+++ b/not\n+one\n+@@ -1 +1 @@\n@@ -9,0 +12 @@\n+more\n" +
		"diff --git a/gone b/gone\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-old\n\\ No newline at end of file\n" +
		"diff --git \"a/caf\\303\\251\" \"b/caf\\303\\251\"\n--- /dev/null\n+++ \"b/caf\\303\\251\"\n@@ -0,0 +1 @@\n+" + strings.Repeat("long ", 50_000) + "\n" +
		"diff --git a/with space b/with space\n--- a/with space\t\n+++ b/with space\t\n@@ -1 +1 @@\n-a\n+b\n"
	got, err := parseDiff(strings.NewReader(diff))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]hunk{"x": {{1, 3}, {12, 13}}, "caf\u00e9": {{1, 2}}, "with space": {{1, 2}}}
	if diff := cmp.Diff(want, got.files, cmp.AllowUnexported(hunk{})); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	for line, want := range map[int]bool{0: true, 1: true, 2: true, 3: false, 11: false, 12: true, 13: false} {
		if got.has("x", line) != want {
			t.Errorf("line %d: %v", line, !want)
		}
	}
	if got.has("y", 1) || got.has("gone", 0) {
		t.Error("a file without changes has some")
	}
	if _, err := parseDiff(strings.NewReader("+++ b/x\n@@ -1 +x @@\n")); err == nil {
		t.Error("a malformed hunk is accepted")
	}
}

func FuzzParseDiff(f *testing.F) {
	f.Add([]byte("--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-a\n+b\n+c\n"))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = parseDiff(bytes.NewReader(b)) })
}

func TestCompareWalkIsTheOrderOfTheWalk(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/b/c", "a.txt", "a/b.txt", "a-b", "b", "a/b-c/d", "a b/c"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	last := ""
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if last != "" && path != dir && !strings.HasPrefix(path, last+"/") && compareWalk(last, path) >= 0 {
			t.Errorf("%s comes before %s in the walk", last, path)
		}
		last = path
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Cuts are found again behind a change.
func TestCutsMoveWithTheText(t *testing.T) {
	var b strings.Builder
	for n := 0; b.Len() < 6<<20; n++ {
		b.WriteString(strings.Repeat("word ", n*7%31) + "end of line " + strings.Repeat("x", n%13) + "\n")
	}
	text := b.String()
	cuts := func(text string) map[string]bool {
		chunks := map[string]bool{}
		c := cutter{src: &memory{[]byte(text)}, size: int64(len(text)), to: int64(len(text))}
		at := int64(0)
		for buf := (&buffer{}); c.at < c.to; {
			from, to, _, err := c.next(buf)
			if err != nil || from != at || to <= from || text[to-1] != '\n' {
				t.Fatalf("chunk %d to %d after %d: %v", from, to, at, err)
			}
			chunks[text[from:to]] = true
			at = to
		}
		if at != int64(len(text)) {
			t.Fatalf("cut %d of %d bytes", at, len(text))
		}
		return chunks
	}
	before, same := cuts(text), 0
	for chunk := range cuts("a new first line\n" + text) {
		if before[chunk] {
			same++
		}
	}
	if same < len(before)-3 {
		t.Errorf("%d of %d chunks are found again", same, len(before))
	}
}
