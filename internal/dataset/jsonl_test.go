package dataset_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/dataset"
)

func TestJSON(t *testing.T) {
	const p = "a.jsonl"
	for _, c := range []struct {
		name, file, text string
		want             []value
	}{
		{"lines", p, "{\"a\":\"x\",\"b\":{\"c\":[1,\"y\"]}}\n\n{\"a\":\"z\"}\n", []value{
			{p, "a", "x", 1, 1}, {p, "b.c.0", "1", 1, 1}, {p, "b.c.1", "y", 1, 1}, {p, "a", "z", 2, 3},
		}},
		{"escapes", p, `{"a":"\u00e9\n\"\ud83d\ude00\ud83d!"}`, []value{{p, "a", "é\n\"😀\ufffd!", 1, 1}}},
		{"words and numbers", p, `{"a":true,"b":null,"c":-1.5e3,"d":NaN,"e":12345678901234567890}`, []value{
			{p, "c", "-1.5e3", 1, 1}, {p, "e", "12345678901234567890", 1, 1},
		}},
		{"names that are data", p, `{"jane@example.org":{"x":"1"},"a":{"555123456":"y"}}`, []value{
			{p, "(key)", "jane@example.org", 1, 1},
			{p, "(key).x", "1", 1, 1},
			{p, "(key)", "555123456", 1, 1},
			{p, "a.(key)", "y", 1, 1},
		}},
		{"names that stand twice", p, `{"a":"1","a":"2"}`, []value{{p, "a", "1", 1, 1}, {p, "a", "2", 1, 1}}},
		{"a broken line", p, "{\"a\":\"x\"}\n{\"a\":\"x\n{\"a\":\"z\"}\n", []value{
			{p, "a", "x", 1, 1}, {p, "", `{"a":"x`, 2, 2}, {p, "a", "z", 3, 3},
		}},
		{"an array of records", "a.json", "[\n {\"a\": \"x\"},\n {\"a\":\n \"y\"}, 7]", []value{
			{"a.json", "a", "x", 1, 2}, {"a.json", "a", "y", 2, 4}, {"a.json", "", "7", 3, 4},
		}},
		{"values one behind the other", "a.json", "{\"a\":\n\"x\"} {\"a\":\"y\"}", []value{
			{"a.json", "a", "x", 1, 2}, {"a.json", "a", "y", 2, 2},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := read(t, c.file, []byte(c.text), dataset.Limits{})
			if diff := cmp.Diff(c.want, got.values); diff != "" {
				t.Error(diff)
			}
			if got.skipped != nil {
				t.Error(got.skipped)
			}
		})
	}
}

func TestBrokenDocumentIsReadAsText(t *testing.T) {
	for _, doc := range []string{
		"[\n{\"a\":\"x\"},\n{\"a\":oops}]",
		"{\"a\": [1, 2, \"never ends",
		strings.Repeat("[", 10_000) + "\"deep\"" + strings.Repeat("]", 10_000),
	} {
		got := read(t, "a.json", []byte(doc), dataset.Limits{})
		if !bytes.Contains(got.owned, []byte(doc)) {
			t.Errorf("%.20q was not read as text", doc)
		}
		if len(got.odd) != 1 || got.skipped != nil {
			t.Errorf("%.20q: odd %q, skipped %q", doc, got.odd, got.skipped)
		}
	}
}

func TestLongRecords(t *testing.T) {
	long := strings.Repeat("word ", 1<<20) // 5 MiB
	lines := `{"a":"` + long + `"}` + "\n" + `{"a":"short"}` + "\n"
	t.Run("a long string comes in pieces", func(t *testing.T) {
		got := read(t, "a.jsonl", []byte(lines), dataset.Limits{})
		if n := strings.Count(string(got.owned), "word "); n != 1<<20 {
			t.Errorf("%d words are owned, want %d", n, 1<<20)
		}
		if last := got.values[len(got.values)-1]; last != (value{"a.jsonl", "a", "short", 2, 2}) || len(got.values) != 6 {
			t.Errorf("%d values, the last %v", len(got.values), last)
		}
	})
	t.Run("a longer one than allowed is text", func(t *testing.T) {
		got := read(t, "a.jsonl", []byte(lines), dataset.Limits{Record: 1 << 20})
		if !bytes.Contains(got.owned, []byte(lines[:len(lines)-15])) {
			t.Error("not all of it is owned")
		}
		if last := got.values[len(got.values)-1]; last != (value{"a.jsonl", "a", "short", 2, 2}) {
			t.Errorf("the last value is %v", last)
		}
		if diff := cmp.Diff([]string{"a.jsonl: 1 malformed records, read as text"}, got.odd); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("in a document", func(t *testing.T) {
		got := read(t, "a.json", []byte(`{"x":[1,"`+long+`"],"y":"z"}`), dataset.Limits{})
		if n := strings.Count(string(got.owned), "word "); n != 1<<20 {
			t.Errorf("%d words are owned, want %d", n, 1<<20)
		}
		if last := got.values[len(got.values)-1]; last != (value{"a.json", "y", "z", 1, 1}) {
			t.Errorf("the last value is %v", last)
		}
	})
}
