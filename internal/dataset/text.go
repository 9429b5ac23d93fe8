package dataset

import (
	"bytes"
	"unicode/utf8"
)

// A text's Blocks share this many bytes or a little less with their neighbours: enough before for the context of a
// match, enough behind for the longest one (a private key).
const (
	sharedBefore = 4 << 10
	sharedAfter  = 16 << 10
)

// text reads a file as it stands, in pieces of about Stride bytes that are cut at the beginning of a line where possible.
// Only what begins in [from, to) is owned; to 0 means the end.
type text struct {
	rd     *reader
	w      *window
	path   string
	format Format
	record int
	to     int64 // ends before the first line that begins here or behind

	start int // what is owned next begins here in the window
	line  int // of the window's first byte
	block Block
	fixed bool // line stays as it is: all of it is one line
	json  bool // part of a JSON file, so that replacements are escaped as if in a string
}

// run reads until the end. The window is filled.
func (t *text) run() error {
	for {
		end, last := t.cut()
		if err := t.emit(end); err != nil {
			return err
		}
		if last {
			t.start = end
			return nil
		}
		keep := runeStart(t.w.text, end-sharedBefore)
		if !t.fixed {
			t.line += bytes.Count(t.w.text[:keep], newline)
		}
		t.start = end - keep
		t.w.fill(keep)
	}
}

var newline = []byte{'\n'}

// cut returns where the next piece ends, and whether the text ends there.
func (t *text) cut() (int, bool) {
	w := t.w
	next := (w.offset(t.start)/Stride + 1) * Stride
	if t.to > 0 && next >= t.to {
		if at, ok := t.lineAt(t.to); ok {
			return at, true
		}
	}
	if at, ok := t.lineAt(next); ok && at < len(w.text) {
		return at, false
	}
	if at := runeStart(w.text, w.index(next)); at > t.start && at+sharedAfter <= len(w.text) {
		return at, false
	}
	if !w.eof {
		return max(t.start, runeStart(w.text, len(w.text)-sharedAfter)), false
	}
	return len(w.text), true
}

// lineAt returns where the first line at or behind an offset begins, if the window shows it with what must follow it.
func (t *text) lineAt(offset int64) (int, bool) {
	w := t.w
	at := max(w.index(offset), t.start)
	if at > 0 && at <= len(w.text) && w.text[at-1] == '\n' {
		return at, at+sharedAfter <= len(w.text) || w.eof
	}
	nl := bytes.IndexByte(w.text[at:], '\n')
	if nl < 0 {
		return 0, false
	}
	at += nl + 1
	return at, at+sharedAfter <= len(w.text) || w.eof
}

// emit gives what is owned up to end, with what it shares.
func (t *text) emit(end int) error {
	if end == t.start {
		return nil
	}
	w := t.w
	all := w.text[:runeStart(w.text, min(end+sharedAfter, len(w.text)))]
	b := &t.block
	*b = Block{Path: t.path, Format: t.format, Text: all, Fields: b.Fields[:0], From: t.start, To: end, multiline: !t.fixed}
	b.Fields = append(b.Fields, Field{
		End: len(all), Record: t.record, Line: t.line, Offset: w.base, Plain: w.plain,
	})
	b.place = func(f *Field, at int) int64 { return w.offset(at) }
	b.splice = func(dst []patch, f *Field, edits []Edit) []patch {
		for _, e := range edits {
			dst = append(dst, patch{w.offset(e.Start), w.offset(e.End), w.charset.encode(nil, t.escape(e.Text))})
		}
		return dst
	}
	return t.rd.visit(b)
}

// runeStart returns the beginning of the character at or before at.
func runeStart(text []byte, at int) int {
	at = max(at, 0)
	if at >= len(text) {
		return len(text)
	}
	for at > 0 && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}

func (t *text) escape(text []byte) []byte {
	if t.json {
		return appendEscaped(nil, text)
	}
	return text
}
