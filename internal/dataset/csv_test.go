package dataset_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/internal/dataset"
)

func TestCSV(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		want             []value
		odd              []string
	}{
		{"header", "a.csv", "name,zip_code\r\n\"Doe, \"\"J\"\"\",10115\r\n", []value{
			{"a.csv", "(header)", "name", 0, 1},
			{"a.csv", "(header)", "zip_code", 0, 1},
			{"a.csv", "name", `Doe, "J"`, 1, 2},
			{"a.csv", "zip_code", "10115", 1, 2},
		}, nil},
		{"no header", "a.csv", "anna,17\nbert,18\n", []value{
			{"a.csv", "A", "anna", 1, 1}, {"a.csv", "B", "17", 1, 1}, {"a.csv", "A", "bert", 2, 2}, {"a.csv", "B", "18", 2, 2},
		}, nil},
		{"semicolons", "a.csv", "id;text\n1;\"two\nlines\"\n2;x\n", []value{
			{"a.csv", "(header)", "id", 0, 1},
			{"a.csv", "(header)", "text", 0, 1},
			{"a.csv", "id", "1", 1, 2},
			{"a.csv", "text", "two\nlines", 1, 2},
			{"a.csv", "id", "2", 2, 4},
			{"a.csv", "text", "x", 2, 4},
		}, nil},
		{"tabs", "a.tsv", "id\ttext\n1\tx, y\n", []value{
			{"a.tsv", "(header)", "id", 0, 1},
			{"a.tsv", "(header)", "text", 0, 1},
			{"a.tsv", "id", "1", 1, 2},
			{"a.tsv", "text", "x, y", 1, 2},
		}, nil},
		{"uneven rows", "a.csv", "a_b,b\n1,2,3\n4\n5,6\n", []value{
			{"a.csv", "(header)", "a_b", 0, 1},
			{"a.csv", "(header)", "b", 0, 1},
			{"a.csv", "a_b", "1", 1, 2},
			{"a.csv", "b", "2", 1, 2},
			{"a.csv", "C", "3", 1, 2},
			{"a.csv", "a_b", "4", 2, 3},
			{"a.csv", "a_b", "5", 3, 4},
			{"a.csv", "b", "6", 3, 4},
		}, []string{"a.csv: 2 rows with another number of fields"}},
		{"a quote that never closes", "a.csv", "a_b,b\n\"x,2\n4,5\n", []value{
			{"a.csv", "(header)", "a_b", 0, 1},
			{"a.csv", "(header)", "b", 0, 1},
			{"a.csv", "a_b", `"x`, 1, 2},
			{"a.csv", "b", "2", 1, 2},
			{"a.csv", "a_b", "4", 2, 3},
			{"a.csv", "b", "5", 2, 3},
		}, []string{"a.csv: 1 rows with a quote that never closes"}},
		{"backslashes", "a.csv", "a_b,b\n\"say \\\"hi\\\", you\",2\n\"c \\\"d\\\" e\",3\n", []value{
			{"a.csv", "(header)", "a_b", 0, 1},
			{"a.csv", "(header)", "b", 0, 1},
			{"a.csv", "a_b", `say "hi", you`, 1, 2},
			{"a.csv", "b", "2", 1, 2},
			{"a.csv", "a_b", `c "d" e`, 2, 3},
			{"a.csv", "b", "3", 2, 3},
		}, nil},
		{"the separator is declared", "a.csv", "sep=|\nx|1\ny|2\n", []value{
			{"a.csv", "A", "x", 1, 2}, {"a.csv", "B", "1", 1, 2}, {"a.csv", "A", "y", 2, 3}, {"a.csv", "B", "2", 2, 3},
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := read(t, c.file, []byte(c.text), dataset.Limits{})
			if diff := cmp.Diff(c.want, got.values); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.odd, got.odd); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// drawTable draws rows of a table with a header.
func drawTable(t *rapid.T) [][]string {
	rows := [][]string{{"row_id", "first_text", "last_text"}}
	for range rapid.IntRange(1, 6).Draw(t, "rows") {
		cell := rapid.StringMatching(`[a-z",;|\n\t é😀0-9]{1,12}`)
		rows = append(rows, []string{"1", cell.Draw(t, "cell"), cell.Draw(t, "cell")})
	}
	return rows
}

func writeTable(t testing.TB, rows [][]string) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := csv.NewWriter(&out).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestEveryFieldOfCSVIsRead(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rows := drawTable(rt)
		file := writeTable(t, rows)
		var got, want []string
		for _, v := range read(t, "a.csv", file, dataset.Limits{}).values {
			got = append(got, v.Text)
		}
		for _, r := range rows {
			want = append(want, r...)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("%q: %s", file, diff)
		}
	})
}

// TestRewriteOfCSV replaces the first character of every field in the last column by something that needs quotes.
func TestRewriteOfCSV(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rows := drawTable(rt)
		insert := rapid.SampledFrom([]string{"X", "\"", ",", "\n", ""}).Draw(rt, "insert")
		file := writeTable(t, rows)
		out := rewrite(t, "a.csv", file, func(b *dataset.Block) (edits []dataset.Edit) {
			for _, f := range b.Fields {
				if f.Name == "last_text" {
					first := len(string([]rune(string(b.Text[f.Start:f.End]))[0]))
					edits = append(edits, dataset.Edit{Start: f.Start, End: f.Start + first, Text: []byte(insert)})
				}
			}
			return edits
		})
		for _, r := range rows[1:] {
			r[2] = insert + strings.TrimPrefix(r[2], string([]rune(r[2])[0]))
		}
		r := csv.NewReader(bytes.NewReader(out))
		r.LazyQuotes = true
		got, err := r.ReadAll()
		if err != nil {
			rt.Fatalf("%q: %v", out, err)
		}
		if diff := cmp.Diff(rows, got); diff != "" {
			rt.Fatalf("%q became %q: %s", file, out, diff)
		}
	})
}
