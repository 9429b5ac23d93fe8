package dataset

import (
	"archive/zip"
	"encoding/xml"
	"path"
	"strconv"
	"strings"
)

// Bounds of a workbook: its strings stand in one part and its cells point there, so that they are kept in memory.
const (
	workbookStrings = 64 << 20
	workbookCells   = 1 << 14 // of a row
)

// workbook reads an XLSX file cell by cell. The first row of a sheet, if it looks like names, is context for the cells
// below it. Shared strings that no cell shows are read too.
func (rd *reader) workbook(in input, z *zip.Reader) error {
	b := &book{rd: rd, path: in.path}
	for _, f := range z.File {
		if f.Name == "xl/sharedStrings.xml" {
			if err := rd.part(in.path, f, b.sharedString, func() error { return nil }); err != nil {
				return err
			}
		}
	}
	if b.full {
		rd.skip(in.path, refusal("more than 64 MiB of text in cells"))
	}
	for _, f := range z.File {
		switch {
		case xmlIn(f.Name, "xl/worksheets/"):
			s := &sheet{book: b, records: newRecords(rd, nil, in.path, XLSX), name: path.Base(strings.TrimSuffix(f.Name, ".xml"))}
			s.block.place, s.block.splice = nil, nil
			if err := rd.part(in.path, f, s.token, s.flush); err != nil {
				return err
			}
		case xmlIn(f.Name, "xl/comments"), xmlIn(f.Name, "xl/threadedComments/"), xmlIn(f.Name, "xl/persons/"), xmlIn(f.Name, "docProps/"):
			d := &document{records: newRecords(rd, nil, in.path, XLSX), part: path.Base(strings.TrimSuffix(f.Name, ".xml"))}
			d.block.place, d.block.splice = nil, nil
			if err := rd.part(in.path, f, d.token, func() error { return or(d.end(), d.flush()) }); err != nil {
				return err
			}
		}
	}
	return nil
}

type book struct {
	rd      *reader
	path    string
	strings []string
	size    int
	full    bool
	text    []byte
	in      int // depth in <si>
}

func (b *book) sharedString(t xml.Token) error {
	switch t := t.(type) {
	case xml.StartElement:
		if t.Name.Local == "si" {
			b.text, b.in = b.text[:0], 1
		}
	case xml.CharData:
		if b.in > 0 && len(b.text) < workbookStrings {
			b.text = append(b.text, t...)
		}
	case xml.EndElement:
		if t.Name.Local == "si" {
			b.in = 0
			if b.size += len(b.text) + 24; b.size > workbookStrings {
				b.full = true
				return nil
			}
			b.strings = append(b.strings, validText(strings.TrimSpace(string(b.text))))
		}
	}
	return nil
}

type sheet struct {
	*records
	*book
	name    string
	row     int
	cell    string // reference, such as B7
	kind    string
	text    []byte
	value   bool // in an element whose text is that of a cell
	heads   map[string]string
	columns int
}

func (s *sheet) token(t xml.Token) error {
	switch t := t.(type) {
	case xml.StartElement:
		switch t.Name.Local {
		case "row":
			s.row++
			s.columns = 0
		case "c":
			s.cell, s.kind, s.text = attrOf(t, "r"), attrOf(t, "t"), s.text[:0]
			if s.columns++; s.cell == "" {
				s.cell = columnLetters(s.columns-1) + strconv.Itoa(s.row)
			}
		case "v", "t":
			s.value = true
		}
	case xml.CharData:
		if s.value {
			s.text = append(s.text, t...)
		}
	case xml.EndElement:
		switch t.Name.Local {
		case "v", "t":
			s.value = false
		case "c":
			return s.end()
		}
	}
	return nil
}

func attrOf(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// end emits a cell.
func (s *sheet) end() error {
	text := string(s.text)
	switch s.kind {
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || i < 0 || i >= len(s.strings) {
			return nil
		}
		text = s.strings[i]
	case "b", "e":
		return nil
	}
	if text = validText(text); text == "" {
		return nil
	}
	column := strings.TrimRight(s.cell, "0123456789")
	if s.row == 1 && len(s.heads) < workbookCells && couldBeName(text) {
		if s.heads == nil {
			s.heads = map[string]string{}
		}
		s.heads[column], _ = cleanName(text)
	}
	prefix := column
	if s.row > 1 && s.heads[column] != "" {
		prefix = s.heads[column]
	}
	f := Field{Name: s.name + "!" + cleanCell(s.cell), Record: s.row, Offset: -1}
	return s.emit(prefix+": ", []byte(text), f)
}

// cleanCell is a reference to a cell; a file may claim any.
func cleanCell(ref string) string {
	if len(ref) > 16 || strings.Trim(ref, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		return "?"
	}
	return ref
}
