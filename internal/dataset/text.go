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
	json  bool // part of a JSON file, so that replacements are escaped as if in a string
}

// run reads until the end. The window is filled.
func (t *text) run() error {
	for {
		for !t.w.eof && t.w.offset(len(t.w.text)) < t.next() {
			t.fill()
		}
		end, last := t.cut()
		if err := t.emit(end); err != nil {
			return err
		}
		if t.start = end; last {
			return nil
		}
		t.fill()
	}
}

// next is the multiple of Stride behind what is owned next.
func (t *text) next() int64 { return (t.w.offset(t.start)/Stride + 1) * Stride }

// fill reads on and keeps what is shared with what is owned next.
func (t *text) fill() {
	keep := t.lead()
	t.line += bytes.Count(t.w.text[:keep], newline)
	t.start -= keep
	t.w.fill(keep)
}

// lead is where what is shared with what is owned next begins.
func (t *text) lead() int { return runeStart(t.w.text, t.start-sharedBefore) }

var newline = []byte{'\n'}

// cut returns where the next piece ends, and whether the text ends there.
func (t *text) cut() (int, bool) {
	w := t.w
	next := t.next()
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
	w, lead := t.w, t.lead()
	all := w.text[lead:runeStart(w.text, min(end+sharedAfter, len(w.text)))]
	b := &t.block
	*b = Block{
		Path: t.path, Format: t.format, Text: all, Fields: b.Fields[:0], From: t.start - lead, To: end - lead, multiline: true,
	}
	b.Fields = append(b.Fields, Field{
		End: len(all), Record: t.record, Line: t.line + bytes.Count(w.text[:lead], newline), Offset: w.offset(lead), Plain: w.plain,
	})
	b.place = func(_ *Field, at int) int64 { return w.offset(lead + at) }
	b.splice = func(dst []patch, _ *Field, edits []Edit) []patch {
		for _, e := range edits {
			dst = append(dst, patch{w.offset(lead + e.Start), w.offset(lead + e.End), w.charset.encode(nil, t.escape(e.Text))})
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
