package redact

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"
)

// TestCSV holds for any table and operator: the same rows and columns, cells without findings as they were, and a table
// without findings byte for byte.
func TestCSV(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		columns := rapid.IntRange(2, 4).Draw(rt, "columns")
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.UseCRLF = rapid.Bool().Draw(rt, "crlf")
		head := []string{"id", "mail", "card", "note"}[:columns]
		rows := [][]string{head}
		for range rapid.IntRange(1, 5).Draw(rt, "rows") {
			row := make([]string, columns)
			for i := range row {
				row[i] = field().Draw(rt, "cell")
			}
			row[0] = "1"
			rows = append(rows, row)
		}
		if err := w.WriteAll(rows); err != nil {
			rt.Fatal(err)
		}
		text := b.String()
		got, rep := redactText(t, options(t, anyOperator.Draw(rt, "operator")), "a.csv", text)
		if rep.Redacted == 0 && got != text {
			rt.Fatalf("nothing to redact, and\n%q became\n%q", text, got)
		}
		is, err := csv.NewReader(strings.NewReader(got)).ReadAll()
		if err != nil || len(is) != len(rows) {
			rt.Fatalf("%v: %d rows became %d:\n%s\n%s", err, len(rows), len(is), text, got)
		}
		for i, row := range rows {
			for k, cell := range row {
				if !strings.ContainsAny(cell, "@0123456789") && is[i][k] != cell {
					rt.Fatalf("cell %q became %q", cell, is[i][k])
				}
			}
		}
	})
}

type customer struct {
	ID    int64   `parquet:"id"`
	Name  string  `parquet:"name"`
	Mail  *string `parquet:"mail,optional"`
	Score float64 `parquet:"score"`
	Phone int64   `parquet:"phone"`
}

// TestParquet holds that schema, row groups and other columns stay.
func TestParquet(t *testing.T) {
	mail := "jane.doe@acme.com"
	rows := []customer{{1, "plain", &mail, 0.5, 1}, {2, "card 4556 7375 8689 9855", nil, 1.5, 2}, {3, "x", &mail, 2.5, 3}}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[customer](&b)
	for i := range rows {
		if _, err := w.Write(rows[i : i+1]); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, op := range []string{"mask", "pseudonymise", "remove", "encrypt"} {
		out := filepath.Join(t.TempDir(), "a.parquet")
		rep, err := Run(t.Context(), write(t, "a.parquet", b.String()), out, options(t, op))
		if err != nil || !rep.Clean || rep.Redacted != 3 {
			t.Fatalf("%s: %v %+v", op, err, rep)
		}
		text, err := os.ReadFile(out)
		if err != nil || bytes.Contains(text, []byte("jane")) || bytes.Contains(text, []byte("4556")) {
			t.Errorf("%s: %v, or the file still holds a value", op, err)
		}
		got, err := parquet.Read[customer](bytes.NewReader(text), int64(len(text)))
		if err != nil || len(got) != 3 {
			t.Fatalf("%s: %v, %d rows", op, err, len(got))
		}
		if *got[0].Mail != *got[2].Mail || got[1].Mail != nil {
			t.Errorf("%s: %v %v", op, *got[0].Mail, *got[2].Mail)
		}
		for i := range got {
			got[i].Mail, got[i].Name = rows[i].Mail, rows[i].Name
		}
		if diff := cmp.Diff(rows, got); diff != "" {
			t.Errorf("%s: %s", op, diff)
		}
		f, err := parquet.OpenFile(bytes.NewReader(text), int64(len(text)))
		if err != nil || len(f.RowGroups()) != 3 {
			t.Errorf("%s: %v, %d row groups", op, err, len(f.RowGroups()))
		}
	}
}
