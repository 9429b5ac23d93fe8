package dataset_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/dataset"
)

func TestOffice(t *testing.T) {
	word := makeZip(t,
		member{"[Content_Types].xml", []byte("<Types/>")},
		member{"word/document.xml", []byte(`<?xml version="1.0"?><w:document xmlns:w="x"><w:body>` +
			`<w:p><w:r><w:t>Jane </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>Do</w:t></w:r><w:r><w:t>e &amp; co</w:t></w:r></w:p>` +
			`<w:p><w:ins w:author="Bob"><w:r><w:t>second</w:t></w:r></w:ins></w:p></w:body></w:document>`)},
		member{"docProps/core.xml", []byte(`<cp:coreProperties><dc:creator>Alice</dc:creator></cp:coreProperties>`)},
	)
	slides := makeZip(t,
		member{"ppt/presentation.xml", []byte("<p/>")},
		member{"ppt/slides/slide1.xml", []byte("<a:p><a:r><a:t>hello</a:t></a:r></a:p>")},
	)
	odt := makeZip(t,
		member{"mimetype", []byte("application/vnd.oasis.opendocument.text")},
		member{"content.xml", []byte("<text:p>one<text:s/>two</text:p>")},
	)
	sheet := makeZip(t,
		member{"xl/workbook.xml", []byte("<workbook/>")},
		member{"xl/worksheets/sheet1.xml", []byte(`<worksheet><sheetData><row><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>age</t></is></c></row>` +
			`<row><c r="A2" t="s"><v>1</v></c><c r="B2"><v>42</v></c></row></sheetData></worksheet>`)},
		member{"xl/sharedStrings.xml", []byte(`<sst><si><t>name</t></si><si><r><t>Jane</t></r><r><t> Doe</t></r></si></sst>`)},
	)
	for _, c := range []struct {
		name   string
		data   []byte
		format dataset.Format
		want   []value
	}{
		{"a.docx", word, dataset.DOCX, []value{
			{"a.docx", "document paragraph 1", "Jane Doe & co", 0, 0},
			{"a.docx", "author", "Bob", 0, 0},
			{"a.docx", "document paragraph 2", "second", 0, 0},
			{"a.docx", "core paragraph 1", "Alice", 0, 0},
		}},
		{"a.pptx", slides, dataset.PPTX, []value{{"a.pptx", "slide1 paragraph 1", "hello", 0, 0}}},
		{"a.odt", odt, dataset.ODF, []value{{"a.odt", "content paragraph 1", "one two", 0, 0}}},
		{"a.xlsx", sheet, dataset.XLSX, []value{
			{"a.xlsx", "sheet1!A1", "name", 1, 0},
			{"a.xlsx", "sheet1!B1", "age", 1, 0},
			{"a.xlsx", "sheet1!A2", "Jane Doe", 2, 0},
			{"a.xlsx", "sheet1!B2", "42", 2, 0},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := readArchive(t, c.name, c.data, dataset.Limits{})
			if diff := cmp.Diff(c.want, got.values); diff != "" {
				t.Error(diff)
			}
			if got.formats[0] != c.format {
				t.Errorf("read as %s", got.formats[0])
			}
			if c.name == "a.xlsx" && !strings.Contains(string(got.owned), "name: Jane Doe\n") {
				t.Errorf("the head of the column is no context: %q", got.owned)
			}
		})
	}
}
