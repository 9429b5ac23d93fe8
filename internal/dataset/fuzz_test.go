package dataset_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/parquet-go/parquet-go"

	"github.com/reeve-ai/reeve/internal/dataset"
)

// small are limits under which a fuzzer cannot spend long.
var small = dataset.Limits{Depth: 3, Expanded: 8 << 20, Record: 64 << 10, Nesting: 64}

// readAny reads data under a name and checks what the collector checks. Without edits, what can be written back is the
// same; with all values replaced it still can be read.
func readAny(t *testing.T, name string, data []byte) {
	t.Helper()
	c := &collector{t: t}
	if err := dataset.ReadFrom(context.Background(), name, bytes.NewReader(data), small, c); err != nil {
		t.Fatal(err)
	}
	packed := bytes.HasPrefix(data, []byte("\x1f\x8b")) || bytes.HasPrefix(data, []byte("\x28\xb5\x2f\xfd"))
	var same, masked bytes.Buffer
	err := dataset.Rewrite(context.Background(), name, bytes.NewReader(data), &same, small,
		func(b *dataset.Block) ([]dataset.Edit, error) {
			return nil, checkPlaces(t, b, int64(len(data)), packed)
		})
	if err != nil {
		return
	}
	if !packed && !bytes.Equal(same.Bytes(), data) {
		t.Fatal("a copy without edits differs")
	}
	err = dataset.Rewrite(context.Background(), name, bytes.NewReader(data), &masked, small, mask)
	if err != nil {
		t.Fatalf("a copy with edits: %v", err)
	}
	if err := dataset.ReadFrom(context.Background(), name, bytes.NewReader(masked.Bytes()), small, &collector{t: t}); err != nil {
		t.Fatal(err)
	}
}

// checkPlaces expects places within the file, or within what it expands to.
func checkPlaces(t *testing.T, b *dataset.Block, size int64, expanded bool) error {
	for i := range b.Fields {
		f := &b.Fields[i]
		start, inFile := b.Place(f, f.Start)
		end, _ := b.Place(f, f.End)
		if start > end || start < 0 || inFile && end > size && !expanded {
			t.Fatalf("field %d of %s stands at [%d, %d) of %d", i, b.Path, start, end, size)
		}
		b.LineAt(f, f.End)
	}
	return nil
}

func mask(b *dataset.Block) (edits []dataset.Edit, err error) {
	for i := range b.Fields {
		f := &b.Fields[i]
		start, end := max(f.Start, b.From), min(f.End, b.To)
		if start < end && end == f.End {
			edits = append(edits, dataset.Edit{Start: start, End: end, Text: []byte("\"<[X]>,\n")})
		}
	}
	return edits, nil
}

func fuzz(f *testing.F, name string, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 1<<20 {
			readAny(t, name, data)
		}
	})
}

func FuzzJSONL(f *testing.F) {
	fuzz(f, "a.jsonl", []byte("{\"a\":\"x\\u00e9\",\"b\":[1,{}]}\n{\"a\n"), []byte("\xff\xfe{\x00}\x00"), []byte("{\"a@b\":\"\xff\"}"))
}

func FuzzJSON(f *testing.F) {
	fuzz(f, "a.json", []byte("[{\"a\":\"x\\ud83d\\ude00\"}, 1.5e3, [[[[]]]]] {}"), []byte("{\"a\": tru"), []byte("[[[[[[\"a\""))
}

func FuzzCSV(f *testing.F) {
	fuzz(f, "a.csv", []byte("a_b,b\n\"x\"\"y\",\"z\nw\"\n1\n"), []byte("sep=;\n\"a\\\"b\";c\n"), []byte("a\t\"b\r\n"))
}

func FuzzText(f *testing.F) {
	fuzz(f, "a.txt", []byte("one\r\ntwo \xff\xfe \xf0\x9f"), []byte("\xff\xfea\x00\x3d\xd8"), []byte("\xfe\xff\x00a\xd8\x3d\xde\x00"))
}

func FuzzHTML(f *testing.F) {
	fuzz(f, "a.html", []byte("<p title='x&amp;'>a <b>c</b>&#x41;<script>x</script><!-- c --><a href=x"), []byte("<style><p <![CDATA[ x"))
}

func FuzzParquet(f *testing.F) {
	fuzz(f, "a.parquet", makeParquet(f, people(3), &parquet.Snappy), makeParquet(f, people(2), &parquet.Zstd, parquet.DataPageVersion(1)))
}

func FuzzArrow(f *testing.F) {
	fuzz(f, "a.arrow", makeArrow(f, false), makeArrow(f, true, ipc.WithZstd()))
}

func FuzzZip(f *testing.F) {
	fuzz(f, "a.zip", makeZip(f, member{"a.jsonl", []byte("{}")}, member{"b.gz", makeGzip(f, []byte("x"))}))
}

func FuzzTar(f *testing.F) {
	fuzz(f, "a.tar", makeTar(f, member{"a.jsonl", []byte("{}")}))
}

func FuzzGzip(f *testing.F) {
	fuzz(f, "a.gz", makeGzip(f, []byte("one\ntwo")), makeZstd(f, []byte("one")))
}

func FuzzPDF(f *testing.F) { fuzz(f, "a.pdf", samplePDF(f)) }

func FuzzOffice(f *testing.F) {
	f.Add([]byte("<w:p><w:t>x &amp; y</w:t></w:p>"), []byte("<row><c r='A1' t='s'><v>0</v></c></row>"))
	f.Fuzz(func(t *testing.T, word, sheet []byte) {
		readAny(t, "a.docx", makeZip(t, member{"word/document.xml", word}))
		readAny(t, "a.xlsx", makeZip(t, member{"xl/workbook.xml", nil}, member{"xl/sharedStrings.xml", word}, member{"xl/worksheets/sheet1.xml", sheet}))
	})
}
