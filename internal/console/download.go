package console

import (
	"archive/zip"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
)

// maxDownload is how many rows one file holds.
const maxDownload = 100_000

// download writes a table with its filter as a file. That it left is on record.
func (v *view) download(tables []*table, format string) {
	t := tables[0]
	for _, one := range tables {
		if one.Name == v.q.Get("table") {
			t = one
		}
	}
	write := map[string]func(io.Writer, *table, func(func(*row) error) error) error{"csv": writeCSV, "xlsx": writeXLSX, "json": writeJSON}[format]
	if write == nil {
		v.problem(&reeve.Refusal{Status: http.StatusBadRequest, Code: "bad_request", Rule: "console/format", Message: v.T("problem.format"), Remedy: "csv, xlsx, json"})
		return
	}
	_, err := v.c.o.Log.Event(&custody.Event{Kind: custody.EventAccess, Actor: v.session.Principal.ID, Act: "list.export", Object: t.Name, Result: "ok", Names: map[string]string{"format": format}})
	if err != nil {
		v.problem(v.refusalOf(err))
		return
	}
	media := map[string]string{"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "json": "application/json"}[format]
	v.w.Header().Set("Content-Type", media)
	v.w.Header().Set("Content-Disposition", `attachment; filename="reeve-`+t.Name+"."+format+`"`)
	if err := write(v.w, t, t.each); err != nil {
		v.c.o.Diagnostics.Warn("a download was cut off", "list", t.Name, "error", err)
		panic(http.ErrAbortHandler) // so that the file is not taken for whole
	}
}

// each hands over all rows, page after page.
func (t *table) each(do func(*row) error) error {
	for n := 0; ; {
		for i := range t.Rows {
			if n++; n > maxDownload {
				return nil
			}
			if err := do(&t.Rows[i]); err != nil {
				return err
			}
		}
		if t.more == nil || t.after == "" {
			return nil
		}
		next, err := t.more(t.after)
		if err != nil {
			return err
		}
		t = next
	}
}

// neutral keeps a spreadsheet from taking a text for a formula (OWASP, CSV injection): what begins like one gets an apostrophe
// before it. Controls and bidirectional marks stand there visibly.
func neutral(s string) string {
	s = visible(s)
	if strings.ContainsAny(s[:min(len(s), 1)], "=+-@\t\r\n|%") || strings.HasPrefix(strings.TrimLeft(s, " \t\r\n"), "=") || strings.HasPrefix(s, "＝") || strings.HasPrefix(s, "＋") || strings.HasPrefix(s, "－") || strings.HasPrefix(s, "＠") {
		return "'" + s
	}
	return s
}

func (c *cell) value() string {
	if c.num {
		return strconv.FormatInt(c.Num, 10)
	}
	if !c.Time.IsZero() {
		return c.Time.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return c.Text
}

func writeCSV(w io.Writer, t *table, each func(func(*row) error) error) error {
	out := csv.NewWriter(w)
	record := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		record[i] = neutral(t.Title(c))
	}
	if err := out.Write(record); err != nil {
		return err
	}
	err := each(func(r *row) error {
		for i := range record {
			record[i] = ""
			if i < len(r.Cells) {
				if record[i] = r.Cells[i].value(); !r.Cells[i].num {
					record[i] = neutral(record[i])
				}
			}
		}
		return out.Write(record)
	})
	out.Flush()
	if err == nil {
		err = out.Error()
	}
	return err
}

func writeJSON(w io.Writer, t *table, each func(func(*row) error) error) error {
	if _, err := fmt.Fprintf(w, "{\"schema_version\":1,\"list\":%q,\"rows\":[", t.Name); err != nil {
		return err
	}
	first := true
	err := each(func(r *row) error {
		var b []byte
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, '\n', '{')
		for i, c := range t.Columns {
			if i >= len(r.Cells) {
				break
			}
			if i > 0 {
				b = append(b, ',')
			}
			name, err := jsontext.AppendQuote(nil, c.Name)
			if err != nil {
				return err
			}
			b = append(append(b, name...), ':')
			var v any = r.Cells[i].value()
			if r.Cells[i].num {
				v = r.Cells[i].Num
			}
			text, err := json.Marshal(v, jsontext.AllowInvalidUTF8(true))
			if err != nil {
				return err
			}
			b = append(b, text...)
		}
		_, err := w.Write(append(b, '}'))
		return err
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n]}\n")
	return err
}

// The parts of a workbook with one sheet (ECMA-376, part 1). All values are inline strings or numbers; none is a formula.
var workbook = [][2]string{
	{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`},
	{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
	{"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="reeve" sheetId="1" r:id="rId1"/></sheets></workbook>`},
	{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`},
}

// maxCell is the longest text of a cell of a workbook.
const maxCell = 32_000

func writeXLSX(w io.Writer, t *table, each func(func(*row) error) error) error {
	z := zip.NewWriter(w)
	const head = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	for _, part := range workbook {
		f, err := z.Create(part[0])
		if err == nil {
			_, err = io.WriteString(f, head+part[1])
		}
		if err != nil {
			return err
		}
	}
	f, err := z.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		return err
	}
	if _, err := io.WriteString(f, head+`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`); err != nil {
		return err
	}
	titles := row{}
	for _, c := range t.Columns {
		titles.Cells = append(titles.Cells, plain(t.Title(c)))
	}
	if err := sheetRow(f, &titles); err != nil {
		return err
	}
	if err := each(func(r *row) error { return sheetRow(f, r) }); err != nil {
		return err
	}
	if _, err := io.WriteString(f, `</sheetData></worksheet>`); err != nil {
		return err
	}
	return z.Close()
}

func sheetRow(w io.Writer, r *row) error {
	var b strings.Builder
	b.WriteString("<row>")
	for i := range r.Cells {
		c := &r.Cells[i]
		if c.num {
			fmt.Fprintf(&b, "<c><v>%d</v></c>", c.Num)
			continue
		}
		b.WriteString(`<c t="inlineStr"><is><t xml:space="preserve">`)
		if err := xml.EscapeText(&b, []byte(neutral(short(c.value(), maxCell)))); err != nil {
			return err
		}
		b.WriteString(`</t></is></c>`)
	}
	b.WriteString("</row>")
	_, err := io.WriteString(w, b.String())
	return err
}
