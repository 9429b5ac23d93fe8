package dataset_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/internal/dataset"
)

func openParquet(t testing.TB, data []byte) *parquet.File {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func parquetRows[T any](t testing.TB, data []byte) []T {
	t.Helper()
	rows, err := parquet.Read[T](bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// replaceIn edits the whole of each value in a column whose text has sub.
func replaceIn(column, sub, with string) func(b *dataset.Block) []dataset.Edit {
	return func(b *dataset.Block) (edits []dataset.Edit) {
		for _, f := range b.Fields {
			if strings.HasPrefix(f.Name, column) && strings.Contains(string(b.Text[f.Start:f.End]), sub) {
				edits = append(edits, dataset.Edit{Start: f.Start, End: f.End, Text: []byte(with)})
			}
		}
		return edits
	}
}

func TestRewriteOfParquet(t *testing.T) {
	for _, codec := range []compress.Codec{
		&parquet.Uncompressed, &parquet.Snappy, &parquet.Zstd, &parquet.Gzip, &parquet.Brotli, &parquet.Lz4Raw,
	} {
		for version := 1; version <= 2; version++ {
			t.Run(fmt.Sprintf("%s version %d", codec, version), func(t *testing.T) {
				data := makeParquet(t, people(40), codec, parquet.DataPageVersion(version))
				want := parquetRows[person](t, data)
				if !bytes.Equal(data, rewrite(t, "a.parquet", data, noEdits)) {
					t.Error("without edits the copy differs")
				}
				out := rewrite(t, "a.parquet", data, func(b *dataset.Block) []dataset.Edit {
					edits := replaceIn("name", "name 3", "somebody else")(b)
					edits = append(edits, replaceIn("messages.1.role", "bot", "machine")(b)...)
					edits = append(edits, replaceIn("note", "a", "ein «Hinweis»")(b)...)
					return append(edits, replaceIn("phone", "5", "[PHONE]")(b)...)
				})
				note := "ein «Hinweis»"
				for i := range want {
					if p := &want[i]; strings.HasPrefix(p.Name, "name 3") {
						p.Name = "somebody else"
					}
					if p := &want[i]; p.Note != nil {
						p.Note = &note
					}
					if p := &want[i]; strings.Contains(fmt.Sprint(p.Phone), "5") {
						p.Phone = 0
					}
					for k := range want[i].Messages {
						if m := &want[i].Messages[k]; m.Role == "bot" {
							m.Role = "machine"
						}
					}
				}
				if diff := cmp.Diff(want, parquetRows[person](t, out)); diff != "" {
					t.Error(diff)
				}
				if bytes.Contains(out, []byte("a note")) && codec == &parquet.Uncompressed {
					t.Error("what was replaced is still in the file")
				}
				sameShape(t, data, out, "name", "phone", "note", "messages.list.element.role")
			})
		}
	}
}

// sameShape compares all but the values of the edited columns.
func sameShape(t *testing.T, before, after []byte, edited ...string) {
	t.Helper()
	a, b := openParquet(t, before), openParquet(t, after)
	if a.Schema().String() != b.Schema().String() {
		t.Errorf("schema %s became %s", a.Schema(), b.Schema())
	}
	if diff := cmp.Diff(a.Metadata().KeyValueMetadata, b.Metadata().KeyValueMetadata); diff != "" {
		t.Error(diff)
	}
	if len(a.RowGroups()) != len(b.RowGroups()) {
		t.Fatalf("%d row groups became %d", len(a.RowGroups()), len(b.RowGroups()))
	}
	for g := range a.RowGroups() {
		ma, mb := a.Metadata().RowGroups[g], b.Metadata().RowGroups[g]
		if ma.NumRows != mb.NumRows {
			t.Errorf("%d rows became %d", ma.NumRows, mb.NumRows)
		}
		for i := range ma.Columns {
			ca, cb := ma.Columns[i].MetaData, mb.Columns[i].MetaData
			if ca.Codec != cb.Codec || ca.NumValues != cb.NumValues {
				t.Errorf("column %v: codec %v became %v, %d values %d", ca.PathInSchema, ca.Codec, cb.Codec, ca.NumValues, cb.NumValues)
			}
			if name := strings.Join(ca.PathInSchema, "."); !slices.Contains(edited, name) {
				pa := before[first(ca.DictionaryPageOffset, ca.DataPageOffset):][:ca.TotalCompressedSize]
				pb := after[first(cb.DictionaryPageOffset, cb.DataPageOffset):][:cb.TotalCompressedSize]
				if !bytes.Equal(pa, pb) {
					t.Errorf("the pages of %s differ", name)
				}
			}
		}
	}
}

func first(dictionary, data int64) int64 {
	if dictionary > 0 {
		return min(dictionary, data)
	}
	return data
}

type nested struct {
	A *string   `parquet:"a,optional,dict"`
	B []*string `parquet:"b,list"`
	D int32     `parquet:"d"`
}

func drawNested(t *rapid.T) nested {
	text := rapid.StringMatching(`[a-z]{0,6}`)
	opt := func() *string {
		if rapid.Bool().Draw(t, "null") {
			return nil
		}
		s := text.Draw(t, "text")
		return &s
	}
	n := nested{A: opt(), D: rapid.Int32().Draw(t, "d")}
	for range rapid.IntRange(0, 3).Draw(t, "b") {
		n.B = append(n.B, opt())
	}
	return n
}

// TestRewriteOfNestedParquet appends to every text and expects all of them, and nothing else, to change.
func TestRewriteOfNestedParquet(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var rows []nested
		for range rapid.IntRange(1, 12).Draw(rt, "rows") {
			rows = append(rows, drawNested(rt))
		}
		data := makeParquet(t, rows, &parquet.Snappy)
		before := parquetRows[nested](t, data)
		out := rewrite(t, "a.parquet", data, func(b *dataset.Block) (edits []dataset.Edit) {
			for _, f := range b.Fields {
				if f.Name != "d" {
					edits = append(edits, dataset.Edit{Start: f.Start, End: f.Start + 1, Text: append([]byte("x"), b.Text[f.Start])})
				}
			}
			return edits
		})
		prefix := func(s *string) {
			if s != nil && *s != "" {
				*s = "x" + *s
			}
		}
		for i := range before {
			prefix(before[i].A)
			for _, s := range before[i].B {
				prefix(s)
			}
		}
		if diff := cmp.Diff(before, parquetRows[nested](t, out)); diff != "" {
			rt.Fatal(diff)
		}
	})
}
