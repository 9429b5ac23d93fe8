package dataset_test

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/dataset"
)

// makePDF writes objects, the first of which is number 1.
func makePDF(objects ...string) []byte {
	var out bytes.Buffer
	out.WriteString("%PDF-1.7\n")
	for i, o := range objects {
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	out.WriteString("trailer\n<< /Root 1 0 R >>\nstartxref\n0\n%%EOF\n")
	return out.Bytes()
}

func pdfStream(dict, content string) string {
	return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", dict, len(content), content)
}

func deflated(t testing.TB, content string) string {
	t.Helper()
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func samplePDF(t testing.TB) []byte {
	content := "BT /F1 12 Tf 72 700 Td (Jane \\(J.\\) Do\\145) Tj 0 -14 Td [(sec) -20 (ond) -300 (line)] TJ ET"
	coded := "BT /F2 12 Tf 1 0 0 1 72 700 Tm <00010002> Tj 1 0 0 1 84 700 Tm <0001> Tj ET"
	cmap := "1 begincodespacerange <0000> <ffff> endcodespacerange 1 beginbfchar <0001> <00E9> endbfchar " +
		"1 beginbfrange <0002> <0003> <0061> endbfrange"
	inner := "<< /Type /Page /Parent 2 0 R /Contents 5 0 R >>"
	return makePDF(
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [9 0 R 3 0 R] /Count 2 /Resources << /Font << /F1 6 0 R /F2 7 0 R >> >> >>",
		"<< /Type /Page /Parent 2 0 R /Contents [4 0 R] /Annots [<< /A << /S /URI /URI (mailto:jane@example.org) >> >>] >>",
		pdfStream("/Filter /FlateDecode", deflated(t, content)),
		pdfStream("", coded),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
		"<< /Type /Font /Subtype /Type0 /ToUnicode 8 0 R >>",
		pdfStream("/Filter /FlateDecode", deflated(t, cmap)),
		"null % 9 stands in the stream of objects; this one is replaced",
		pdfStream("/Type /ObjStm /N 2 /First 10", fmt.Sprintf("11 0 12 %d", len(inner))+inner+"<< /Author (\xfe\xff\x00Z\x00o\x00\xeb) >>"),
	)
}

func TestPDF(t *testing.T) {
	data := bytes.ReplaceAll(samplePDF(t), []byte("[9 0 R 3 0 R]"), []byte("[11 0 R 3 0 R]"))
	got := readArchive(t, "a.pdf", data, dataset.Limits{})
	want := []value{
		{"a.pdf", "page 1", "éaé", 1, 0},
		{"a.pdf", "page 2", "Jane (J.) Doe\nsecond line", 2, 0},
		{"a.pdf", "URI", "mailto:jane@example.org", 0, 0},
		{"a.pdf", "Author", "Zoë", 0, 0},
	}
	if diff := cmp.Diff(want, got.values); diff != "" {
		t.Error(diff)
	}
	if got.skipped != nil {
		t.Error(got.skipped)
	}
}

func TestPDFThatIsNotRead(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"encrypted", bytes.Replace(samplePDF(t), []byte("/Root"), []byte("/Encrypt 9 0 R /Root"), 1), "encrypted PDF"},
		{"truncated", bytes.TrimSuffix(samplePDF(t), []byte("%%EOF\n")), "truncated PDF"},
		{"no pages", makePDF("<< /Type /Catalog >>"), "malformed PDF: no pages"},
		{"codes", bytes.ReplaceAll(samplePDF(t), []byte("/ToUnicode 8 0 R"), nil), ""},
		{"filter", bytes.ReplaceAll(samplePDF(t), []byte("/FlateDecode"), []byte("/LZWDecode")), "a page behind a filter that is not known"},
		{"bomb", makePDF("<< /Type /Page /Contents 2 0 R >>",
			pdfStream("/Filter /FlateDecode", deflated(t, strings.Repeat("(x) Tj ", 5<<20)))), "a stream that expands to too much"},
		{"deep", makePDF(strings.Repeat("[", 100_000)), "malformed PDF: no pages"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := readArchive(t, "a.pdf", c.data, dataset.Limits{})
			if !strings.Contains(strings.Join(got.skipped, "; "), c.want) {
				t.Errorf("skipped %q, want %q", got.skipped, c.want)
			}
		})
	}
}
