package dataset

import (
	"bytes"
	"io"
	"slices"
	"strconv"
)

// pdf reads the text of a PDF page by page, and what stands beside the pages: names of authors, addresses of links,
// values of forms, comments. It does not need the file's index of objects, which is often broken: every object in the
// file is looked at.
func (rd *reader) pdf(in input) error {
	data, err := io.ReadAll(io.LimitReader(in.r, pdfSize+1))
	if err != nil {
		rd.skip(in.path, err)
		return rd.ctx.Err()
	}
	if len(data) > pdfSize {
		rd.skip(in.path, refusal("a PDF of more than 64 MiB"))
		return nil
	}
	f := &pdfReader{objects: map[pdfRef]any{}, fonts: map[pdfRef]*pdfFont{}}
	f.records = newRecords(rd, nil, in.path, PDF)
	f.block.place, f.block.splice = nil, nil
	f.load(data)
	if f.encrypted {
		rd.skip(in.path, refusal("encrypted PDF"))
		return nil
	}
	if err := f.read(); err != nil {
		return err
	}
	if !bytes.Contains(data[max(0, len(data)-2048):], []byte("%%EOF")) {
		f.problem("truncated PDF")
	}
	for _, p := range f.problems {
		rd.skip(in.path, refusal(p))
	}
	return f.flush()
}

type pdfReader struct {
	*records
	objects   map[pdfRef]any
	order     []pdfRef
	fonts     map[pdfRef]*pdfFont
	items     int // values read so far
	encrypted bool
	problems  []string
}

// problem notes something that was not read, once.
func (f *pdfReader) problem(what string) {
	if !slices.Contains(f.problems, what) {
		f.problems = append(f.problems, what)
	}
}

// load collects the objects. Of objects with the same number the last one counts.
func (f *pdfReader) load(data []byte) {
	for at := 0; ; {
		n := bytes.Index(data[at:], []byte("obj"))
		t := bytes.Index(data[at:min(len(data), at+max(n, 0))], []byte("trailer"))
		if t >= 0 || n < 0 && bytes.Contains(data[at:], []byte("trailer")) {
			tail := data[at+bytes.Index(data[at:], []byte("trailer"))+7:]
			l := pdfLexer{b: tail}
			if v, ok := l.next(0); ok {
				f.trailer(v)
			}
		}
		if n < 0 {
			return
		}
		at += n + 3
		ref, ok := numberBefore(data[:at-3])
		if !ok {
			continue
		}
		l := pdfLexer{b: data, i: at, items: f.items}
		v, ok := l.next(0)
		if f.items = l.items; len(f.objects) >= pdfObjects || f.items > pdfItems {
			f.problem("a PDF of too many objects")
			return
		}
		if !ok {
			continue
		}
		if dict, ok := v.(pdfDict); ok {
			if body, end, ok := streamAt(data, l.i, dict); ok {
				v, l.i = pdfStream{dict, body}, end
				f.trailer(dict)
			}
		}
		f.put(ref, v)
		at = max(at, l.i)
	}
}

func (f *pdfReader) put(ref pdfRef, v any) {
	if _, known := f.objects[ref]; !known {
		f.order = append(f.order, ref)
	}
	f.objects[ref] = v
}

func (f *pdfReader) trailer(v any) {
	if d, ok := v.(pdfDict); ok && d["Encrypt"] != nil {
		f.encrypted = true
	}
}

// numberBefore reads the number and generation of an object backwards: "12 0 obj".
func numberBefore(b []byte) (pdfRef, bool) {
	b = bytes.TrimRight(b[max(0, len(b)-24):], " \r\n\t")
	i := bytes.LastIndexAny(b, " \r\n\t")
	if i < 0 || i+1 == len(b) {
		return 0, false
	}
	if _, err := strconv.Atoi(string(b[i+1:])); err != nil {
		return 0, false
	}
	b = bytes.TrimRight(b[:i], " \r\n\t")
	k := len(b)
	for k > 0 && '0' <= b[k-1] && b[k-1] <= '9' {
		k--
	}
	n, err := strconv.Atoi(string(b[k:]))
	return pdfRef(n), err == nil
}

// streamAt returns the bytes of the stream behind its dictionary.
func streamAt(data []byte, at int, dict pdfDict) (body []byte, end int, ok bool) {
	l := pdfLexer{b: data, i: at}
	l.space()
	if !bytes.HasPrefix(data[l.i:], []byte("stream")) {
		return nil, 0, false
	}
	at = l.i + 6
	if at < len(data) && data[at] == '\r' {
		at++
	}
	if at < len(data) && data[at] == '\n' {
		at++
	}
	if n, ok := dict["Length"].(float64); ok && n >= 0 && n <= float64(len(data)-at) {
		end := at + int(n)
		if bytes.HasPrefix(bytes.TrimLeft(data[end:min(len(data), end+16)], " \r\n"), []byte("endstream")) {
			return data[at:end], end, true
		}
	}
	n := bytes.Index(data[at:], []byte("endstream"))
	if n < 0 {
		n = len(data) - at
	}
	return data[at : at+n], at + n, true
}

// get follows references.
func (f *pdfReader) get(v any) any {
	for range 8 {
		ref, ok := v.(pdfRef)
		if !ok {
			return v
		}
		v = f.objects[ref]
	}
	return nil
}

func (f *pdfReader) dict(v any) pdfDict {
	switch v := f.get(v).(type) {
	case pdfDict:
		return v
	case pdfStream:
		return v.dict
	}
	return nil
}

// unpack adds the objects that stand in streams of objects (7.5.7).
func (f *pdfReader) unpack() {
	for _, ref := range slices.Clone(f.order) {
		s, ok := f.objects[ref].(pdfStream)
		if !ok || s.dict["Type"] != pdfName("ObjStm") {
			continue
		}
		data, ok := s.expand(f)
		if !ok {
			f.problem("objects behind a filter that is not known")
			continue
		}
		first, _ := f.get(s.dict["First"]).(float64)
		l := pdfLexer{b: data}
		for len(f.objects) < pdfObjects {
			number, ok := l.next(0)
			offset, ok2 := l.next(0)
			n, isNumber := number.(float64)
			at, isOffset := offset.(float64)
			if !ok || !ok2 || !isNumber || !isOffset || l.i > int(first)+1 || at < 0 || int(first+at) >= len(data) {
				break
			}
			inner := pdfLexer{b: data, i: int(first + at), items: f.items}
			v, ok := inner.next(0)
			if f.items = inner.items; f.items > pdfItems {
				f.problem("a PDF of too many objects")
				return
			}
			if ok {
				if _, direct := f.objects[pdfRef(n)]; !direct {
					f.put(pdfRef(n), v)
				}
			}
		}
	}
}

// read emits everything.
func (f *pdfReader) read() error {
	f.unpack()
	done := map[pdfRef]bool{}
	page := 0
	emit := func(ref pdfRef) error {
		if done[ref] {
			return nil
		}
		done[ref] = true
		page++
		d := f.dict(ref)
		return f.page("page "+strconv.Itoa(page), page, f.inherited(d, "Resources"), d["Contents"])
	}
	for _, ref := range f.pages() {
		if err := emit(ref); err != nil {
			return err
		}
	}
	for _, ref := range f.order {
		if err := f.rd.ctx.Err(); err != nil {
			return err
		}
		d := f.dict(ref)
		switch {
		case d["Type"] == pdfName("Page"):
			if err := emit(ref); err != nil {
				return err
			}
		case d["Subtype"] == pdfName("Form"):
			if err := f.page("form", 0, f.dict(d["Resources"]), ref); err != nil {
				return err
			}
		}
		if err := f.beside(f.objects[ref], 0); err != nil {
			return err
		}
	}
	if page == 0 {
		f.problem("malformed PDF: no pages")
	}
	return nil
}

// pages returns the pages in the order in which they are shown.
func (f *pdfReader) pages() (pages []pdfRef) {
	seen := map[pdfRef]bool{}
	var walk func(v any, depth int)
	walk = func(v any, depth int) {
		ref, ok := v.(pdfRef)
		if !ok || seen[ref] || depth > pdfDepth {
			return
		}
		seen[ref] = true
		d := f.dict(ref)
		if kids, ok := f.get(d["Kids"]).(pdfArray); ok {
			for _, kid := range kids {
				walk(kid, depth+1)
			}
		} else if d["Type"] == pdfName("Page") {
			pages = append(pages, ref)
		}
	}
	for _, ref := range f.order {
		if d := f.dict(ref); d["Type"] == pdfName("Catalog") {
			walk(d["Pages"], 0)
		}
	}
	return pages
}

func (f *pdfReader) inherited(d pdfDict, key pdfName) pdfDict {
	for range pdfDepth {
		if v := f.dict(d[key]); v != nil {
			return v
		}
		if d = f.dict(d["Parent"]); d == nil {
			break
		}
	}
	return nil
}

// spoken are the entries of dictionaries whose strings people wrote.
var spoken = map[pdfName]bool{
	"URI": true, "V": true, "Author": true, "Title": true, "Subject": true, "Keywords": true, "Contents": true, "RC": true,
	"TU": true, "Alt": true, "ActualText": true, "Creator": true,
}

// beside emits strings that stand in no page.
func (f *pdfReader) beside(v any, depth int) error {
	if depth > pdfDepth {
		return nil
	}
	switch v := v.(type) {
	case pdfStream:
		if v.dict["Type"] == pdfName("Metadata") {
			if data, ok := v.expand(f); ok && len(data) > 0 {
				text := bytes.ToValidUTF8(data, []byte("\uFFFD"))
				if err := f.emit("", text, Field{Name: "metadata", Offset: -1}); err != nil {
					return err
				}
			}
		}
		return f.beside(v.dict, depth+1)
	case pdfArray:
		for _, e := range v {
			if err := f.beside(e, depth+1); err != nil {
				return err
			}
		}
	case pdfDict:
		keys := make([]pdfName, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			if s, ok := f.get(v[k]).(pdfString); ok && spoken[k] {
				if text := pdfTextString(s); len(text) > 0 {
					if err := f.emit(string(k)+": ", text, Field{Name: string(k), Offset: -1}); err != nil {
						return err
					}
				}
			} else if err := f.beside(v[k], depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// pdfTextString decodes a text string (7.9.2.2): UTF-16 or UTF-8 with a mark, or a charset that is Latin-1 where it
// matters.
func pdfTextString(s pdfString) []byte {
	c, bom := sniffCharset(s)
	if bom == 0 {
		c = windows1252
	}
	w := window{charset: c, raw: s[bom:], eof: true}
	w.decode()
	return bytes.TrimSpace(w.text)
}
