package dataset_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/internal/dataset"
)

// rewrite writes data back with the edits that edit wants.
func rewrite(t testing.TB, name string, data []byte, edit func(b *dataset.Block) []dataset.Edit) []byte {
	t.Helper()
	var out bytes.Buffer
	err := dataset.Rewrite(context.Background(), name, bytes.NewReader(data), &out, dataset.Limits{},
		func(b *dataset.Block) ([]dataset.Edit, error) { return edit(b), nil })
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func noEdits(*dataset.Block) []dataset.Edit { return nil }

// drawJSON draws a JSON value.
func drawJSON(t *rapid.T, depth int) any {
	switch kind := rapid.IntRange(0, 5).Draw(t, "kind"); {
	case kind == 0 && depth > 0:
		m := map[string]any{}
		for range rapid.IntRange(0, 4).Draw(t, "members") {
			m[rapid.StringN(0, 8, -1).Draw(t, "name")] = drawJSON(t, depth-1)
		}
		return m
	case kind == 1 && depth > 0:
		var list []any
		for range rapid.IntRange(0, 4).Draw(t, "elements") {
			list = append(list, drawJSON(t, depth-1))
		}
		return list
	case kind == 2:
		return rapid.Int().Draw(t, "number")
	case kind == 3:
		return rapid.Bool().Draw(t, "bool")
	}
	return rapid.String().Draw(t, "string")
}

// stringsOf returns all strings and numbers in v.
func stringsOf(v any, out map[string]int) {
	switch v := v.(type) {
	case string:
		if v != "" {
			out[v]++
		}
	case int:
		out[fmt.Sprint(v)]++
	case []any:
		for _, e := range v {
			stringsOf(e, out)
		}
	case map[string]any:
		for k, e := range v {
			digits := 0
			for _, c := range []byte(k) {
				if '0' <= c && c <= '9' {
					digits++
				}
			}
			if digits >= 6 || strings.Contains(k, "@") {
				out[k]++
			}
			stringsOf(e, out)
		}
	}
}

// drawLines draws a JSONL file and the values in it.
func drawLines(t *rapid.T) ([]byte, map[string]int) {
	var file []byte
	want := map[string]int{}
	for range rapid.IntRange(0, 8).Draw(t, "lines") {
		v := drawJSON(t, 3)
		stringsOf(v, want)
		line, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		file = append(append(file, line...), rapid.SampledFrom([]string{"\n", "\r\n", " \n\n"}).Draw(t, "end")...)
	}
	return file, want
}

func TestEveryStringOfJSONIsRead(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		file, want := drawLines(rt)
		for _, name := range []string{"a.jsonl", "a.json"} {
			got := map[string]int{}
			for _, v := range read(t, name, file, dataset.Limits{}).values {
				got[v.Text]++
			}
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatalf("%s: %s", name, diff)
			}
		}
	})
}

func TestRewriteWithoutEditsIsIdentical(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		file := rapid.SliceOf(rapid.Byte()).Draw(rt, "bytes")
		if rapid.Bool().Draw(rt, "json") {
			file, _ = drawLines(rt)
		}
		if bytes.IndexByte(file, 0) >= 0 {
			rt.Skip("binary")
		}
		for _, name := range []string{"a.jsonl", "a.json", "a.txt", "a.csv", "a.html", "a.go"} {
			var out bytes.Buffer
			err := dataset.Rewrite(context.Background(), name, bytes.NewReader(file), &out, dataset.Limits{},
				func(*dataset.Block) ([]dataset.Edit, error) { return nil, nil })
			if err == nil && !bytes.Equal(out.Bytes(), file) {
				rt.Fatalf("%s: %q became %q", name, file, out.Bytes())
			}
		}
	})
}

// TestRewriteOfJSON replaces every second value, and expects to read it back and all others as they were.
func TestRewriteOfJSON(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		file, _ := drawLines(rt)
		replacement := rapid.StringN(1, 8, -1).Draw(rt, "replacement")
		n, want := 0, []string{}
		out := rewrite(t, "a.jsonl", file, func(b *dataset.Block) (edits []dataset.Edit) {
			for _, f := range b.Fields {
				text := string(b.Text[f.Start:f.End])
				if n++; n%2 == 0 && f.Name != "(key)" {
					edits = append(edits, dataset.Edit{Start: f.Start, End: f.End, Text: []byte(replacement)})
					text = replacement
				}
				want = append(want, text)
			}
			return edits
		})
		got := []string{}
		for _, v := range read(t, "a.jsonl", out, dataset.Limits{}).values {
			got = append(got, v.Text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatal(diff)
		}
		for _, line := range bytes.Split(out, []byte("\n")) {
			if len(bytes.TrimSpace(line)) > 0 && !json.Valid(line) {
				rt.Fatalf("%q is no JSON any more: %q", file, line)
			}
		}
	})
}

// TestPlace edits every character of every value on its own, which asks for its place in the file.
func TestPlace(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		v := rapid.StringN(1, 20, -1).Draw(rt, "value")
		line, err := json.Marshal(map[string]string{"a": v, "b": v})
		if err != nil {
			rt.Fatal(err)
		}
		runes := []rune(v)
		at := rapid.IntRange(0, len(runes)-1).Draw(rt, "at")
		out := rewrite(t, "a.jsonl", line, func(b *dataset.Block) []dataset.Edit {
			f := b.Fields[1]
			start := f.Start + len(string(runes[:at]))
			return []dataset.Edit{{Start: start, End: start + len(string(runes[at:at+1])), Text: []byte("«\"»")}}
		})
		var got map[string]string
		if err := json.Unmarshal(out, &got); err != nil {
			rt.Fatal(err)
		}
		want := map[string]string{"a": v, "b": string(runes[:at]) + "«\"»" + string(runes[at+1:])}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatal(diff)
		}
	})
}

// TestRange cuts a file everywhere and expects the same values from both parts as from the whole.
func TestRange(t *testing.T) {
	file := []byte("{\"a\":\"x\"}\n{\"b\":\"öy\"}\n\n{\"c\":[\"z\",\"w\"]}\n")
	for _, c := range []struct {
		name string
		file []byte
	}{{"a.jsonl", file}, {"a.txt", []byte("one\ntwo\n\nthree\r\nlast")}} {
		whole := read(t, c.name, c.file, dataset.Limits{})
		for k := 1; k <= len(c.file)+1; k++ {
			first := read(t, c.name, c.file, dataset.Limits{To: int64(k)})
			second := read(t, c.name, c.file, dataset.Limits{From: int64(k)})
			if got := string(first.owned) + string(second.owned); got != string(whole.owned) {
				t.Fatalf("%s cut at %d: %q, want %q", c.name, k, got, whole.owned)
			}
		}
	}
}

func TestRewriteOfCompressed(t *testing.T) {
	line := []byte("{\"a\":\"Jane\"}\n{\"a\":\"x\"}\n")
	for name, data := range map[string][]byte{"a.jsonl.gz": makeGzip(t, line), "a.jsonl.zst": makeZstd(t, line)} {
		out := rewrite(t, name, data, func(b *dataset.Block) []dataset.Edit {
			f := b.Fields[0]
			return []dataset.Edit{{Start: f.Start, End: f.End, Text: []byte("\"J\"")}}
		})
		want := []value{{name, "a", "\"J\"", 1, 1}, {name, "a", "x", 2, 2}}
		if diff := cmp.Diff(want, readArchive(t, name, out, dataset.Limits{}).values); diff != "" {
			t.Error(diff)
		}
	}
}

func TestCannotRewrite(t *testing.T) {
	for name, data := range map[string][]byte{
		"a.zip": makeZip(t, member{"a.txt", []byte("x")}), "a.arrow": makeArrow(t, false), "a.tar.gz": makeGzip(t, makeTar(t)),
		"a.png": []byte("\x89PNG\r\n\x1a\n"), "cut.gz": makeGzip(t, []byte("x"))[:20],
	} {
		err := dataset.Rewrite(context.Background(), name, bytes.NewReader(data), &bytes.Buffer{}, dataset.Limits{},
			func(*dataset.Block) ([]dataset.Edit, error) { return nil, nil })
		if !errors.Is(err, dataset.ErrCannotRewrite) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRewriteInOtherCharsets keeps the charset and what else stands in the file.
func TestRewriteInOtherCharsets(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"utf-16":       {"\xff\xfe" + wide("{\"a\":\"Jané 😀\"}\n"), "\xff\xfe" + wide("{\"a\":\"J€ 😀\"}\n")},
		"windows-1252": {"{\"a\":\"Jan\xe9 \xfcber\"}\n", "{\"a\":\"J\x80 \xfcber\"}\n"},
		"invalid":      {"{\"x\":\"é ö \xff ü\", \"a\":\"Jané \xff\"}\n", "{\"x\":\"é ö \xff ü\", \"a\":\"J€ \xff\"}\n"},
	} {
		out := rewrite(t, "a.jsonl", []byte(c.in), func(b *dataset.Block) []dataset.Edit {
			f := b.Fields[len(b.Fields)-1]
			return []dataset.Edit{{Start: f.Start + 1, End: f.Start + len("Jané"), Text: []byte("€")}}
		})
		if diff := cmp.Diff(c.want, string(out)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func wide(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}
