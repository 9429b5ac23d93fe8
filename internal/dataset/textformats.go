package dataset

import (
	"bytes"
	"io"
	"unicode/utf8"
)

// read reads the input as what it is.
func (k kind) read(rd *reader, in input) error {
	if k.reason != "" {
		rd.skip(in.path, refusal(k.reason))
		return nil
	}
	if k.open != noContainer {
		return k.open.read(rd, in)
	}
	lim := rd.lim
	if in.depth > 0 || in.src == nil {
		lim.From, lim.To = 0, 0
	}
	w := newWindow(in.r, k.charset, int64(k.bom))
	w.stride = k.stride()
	defer rd.borrow(w)()
	at, err := k.begin(in, w, lim.From)
	if err != nil {
		rd.skip(in.path, err)
		return nil
	}
	if err := k.lines(rd, in, w, at, lim); err != nil {
		return err
	}
	if w.err != nil {
		rd.skip(in.path, w.err)
	}
	return nil
}

func (k kind) lines(rd *reader, in input, w *window, at int, lim Limits) error {
	switch k.format {
	case JSONL:
		j := &jsonl{parser: parser{records: newRecords(rd, w, in.path, JSONL), nesting: lim.Nesting}, to: lim.To, max: lim.Record}
		if err := j.run(at); err != nil {
			return err
		}
		rd.notice(in.path, "malformed records, read as text", j.odd)
		return nil
	case JSON:
		p := &parser{
			records: newRecords(rd, w, in.path, JSON), nesting: lim.Nesting,
			end: len(w.text), more: true, lines: true, line: 1,
		}
		return p.document()
	case HTML:
		return newMarkup(rd, w, in.path).read()
	case CSV:
		return newTable(rd, w, in).run()
	default:
		t := &text{rd: rd, w: w, path: in.path, format: k.format, to: lim.To, start: at}
		t.line = 1 - bytes.Count(w.text[:at], newline)
		return t.run()
	}
}

// stride is how much of a file is in a window. Records and what becomes of them should stay in a processor's cache; text
// pays for each cut with what is shared there.
func (k kind) stride() int64 {
	switch k.format {
	case JSONL, JSON, CSV:
		return Stride / 4
	}
	return Stride
}

// begin fills a window and returns where in it to begin: at the first line that begins at or behind from; before it stands some text that the line before
// shares.
func (k kind) begin(in input, w *window, from int64) (int, error) {
	if from <= int64(k.bom) {
		_, err := io.CopyN(io.Discard, in.r, int64(k.bom))
		w.fill(0)
		return 0, err
	}
	w.base = max(from-1-sharedBefore, int64(k.bom)) &^ 1
	w.r = io.NewSectionReader(in.src, w.base, in.src.Size()-w.base)
	for w.fill(0); !w.eof && w.base+int64(len(w.raw)) < from; { // a filling may end before from
		w.fill(0)
	}
	w.skipPartial()
	for at := w.index(from - 1); ; {
		if nl := bytes.IndexByte(w.text[at:], '\n'); nl >= 0 {
			return at + nl + 1, nil
		}
		if w.eof {
			return len(w.text), nil
		}
		keep := runeStart(w.text, len(w.text)-sharedBefore)
		at = len(w.text) - keep
		w.fill(keep)
	}
}

// skipPartial drops the rest of a character that began before the window.
func (w *window) skipPartial() {
	if w.charset != utf8Text || w.base == 0 {
		return
	}
	n := 0
	for n < min(3, len(w.raw)) && !utf8.RuneStart(w.raw[n]) {
		n++
	}
	w.raw, w.base = w.raw[n:], w.base+int64(n)
	w.decode()
}
