package dataset

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"
)

// officeReader reads the text of a document that is a zip archive of XML files.
type officeReader func(rd *reader, in input, z *zip.Reader) error

// officeKind tells whether an archive is a document (ISO/IEC 29500 Office Open XML, or OpenDocument) by its members, and
// returns nil for any other archive.
func officeKind(z *zip.Reader) officeReader {
	for i, f := range z.File {
		switch {
		case i == 0 && f.Name == "mimetype" && f.UncompressedSize64 < 128:
			if mime := readAll(f, 128); strings.HasPrefix(mime, "application/vnd.oasis.opendocument.") {
				return documentOf(ODF, func(name string) bool { return name == "content.xml" || name == "styles.xml" || name == "meta.xml" })
			}
		case f.Name == "word/document.xml":
			return documentOf(DOCX, func(name string) bool { return xmlIn(name, "word/") || xmlIn(name, "docProps/") })
		case f.Name == "ppt/presentation.xml":
			return documentOf(PPTX, func(name string) bool {
				return xmlIn(name, "ppt/slides/") || xmlIn(name, "ppt/notesSlides/") || xmlIn(name, "ppt/comments/") || xmlIn(name, "docProps/")
			})
		case f.Name == "xl/workbook.xml":
			return (*reader).workbook
		}
	}
	return nil
}

func xmlIn(name, folder string) bool {
	return strings.HasPrefix(name, folder) && strings.HasSuffix(name, ".xml")
}

func readAll(f *zip.File, limit int64) string {
	r, err := f.Open()
	if err != nil {
		return ""
	}
	defer r.Close()
	b, _ := io.ReadAll(io.LimitReader(r, limit))
	return string(b)
}

// documentOf reads the members of a document that wanted names. Members that are files of their own, such as pictures and
// embedded documents, are read as such.
func documentOf(f Format, wanted func(name string) bool) officeReader {
	return func(rd *reader, in input, z *zip.Reader) error {
		for _, m := range z.File {
			switch {
			case wanted(m.Name):
				d := &document{records: newRecords(rd, nil, in.path, f), part: path.Base(strings.TrimSuffix(m.Name, ".xml"))}
				d.block.place, d.block.splice = nil, nil
				if err := rd.part(in.path, m, d.token, func() error { return or(d.end(), d.flush()) }); err != nil {
					return err
				}
			case strings.Contains(m.Name, "embeddings/"):
				if err := rd.zipMember(in, m); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// part gives the tokens of an XML member to token, and calls end behind them.
func (rd *reader) part(path string, f *zip.File, token func(xml.Token) error, end func() error) error {
	r, err := rd.openMember(f)
	if err != nil {
		rd.skip(memberPath(path, f.Name), err)
		return nil
	}
	defer r.Close()
	d := xml.NewDecoder(&contextReader{rd.ctx, &shortTokens{r: r}})
	d.Strict, d.Entity = false, xml.HTMLEntity
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return end()
		}
		if err != nil {
			if errors.As(err, new(*xml.SyntaxError)) {
				err = refusal("malformed XML")
			}
			rd.skip(memberPath(path, f.Name), err)
			return or(rd.ctx.Err(), end())
		}
		if err := token(t); err != nil {
			return err
		}
	}
}

// longestToken bounds what the XML decoder keeps in memory.
const longestToken = 32 << 20

// shortTokens ends a stream in which no tag begins or ends for too long.
type shortTokens struct {
	r     io.Reader
	since int
}

func (s *shortTokens) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if at := strings.LastIndexByte(string(p[:n]), '>'); at >= 0 {
		s.since = n - at
	} else if s.since += n; s.since > longestToken {
		return 0, refusal("a text of more than 32 MiB in XML")
	}
	return n, err
}

// document collects the paragraphs of a part: what stands between two ends of a paragraph, however it is formatted. One
// paragraph is a field, so that a name in two fonts is still one.
type document struct {
	*records
	part  string
	para  []byte
	count int
}

func (d *document) token(t xml.Token) error {
	switch t := t.(type) {
	case xml.StartElement:
		switch t.Name.Local {
		case "tab", "s":
			d.para = append(d.para, ' ')
		case "br", "line-break", "cr":
			d.para = append(d.para, '\n')
		case "instrText", "delText":
			d.para = append(d.para, ' ')
		}
		return d.attributes(t.Attr)
	case xml.EndElement:
		switch t.Name.Local {
		case "p", "h", "creator", "lastModifiedBy", "title", "subject", "description", "keywords", "Company", "Manager", "initial-creator":
			return d.end()
		case "tc", "table-cell":
			d.para = append(d.para, ' ')
		}
	case xml.CharData:
		d.para = append(d.para, t...)
		if len(d.para) > Stride {
			return d.end()
		}
	}
	return nil
}

// attributes looks for what people wrote: authors of comments and changes, addresses of links, descriptions of pictures.
func (d *document) attributes(attrs []xml.Attr) error {
	for _, a := range attrs {
		switch a.Name.Local {
		case "author", "href", "descr", "Target", "initials":
			if err := d.emit(a.Name.Local+": ", []byte(validText(a.Value)), Field{Name: a.Name.Local, Offset: -1}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *document) end() error {
	text := []byte(strings.TrimSpace(validText(string(d.para))))
	if d.para = d.para[:0]; len(text) == 0 {
		return nil
	}
	d.count++
	name := d.part + " paragraph " + strconv.Itoa(d.count)
	return d.emit("", text, Field{Name: name, Offset: -1})
}
