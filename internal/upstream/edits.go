package upstream

import (
	"cmp"
	"slices"
)

// Edits collects replacements in a text and applies them in one pass, so that every byte outside them stays as it was.
// The zero value is ready; Reset keeps the memory. Spans must not overlap.
type Edits struct {
	list []edit
	buf  []byte
}

type edit struct{ start, end, from, to int }

// Reset forgets all edits.
func (e *Edits) Reset() { e.list, e.buf = e.list[:0], e.buf[:0] }

// Empty reports whether there is nothing to apply.
func (e *Edits) Empty() bool { return len(e.list) == 0 }

// Replace puts raw in the place of src[start:end].
func (e *Edits) Replace(start, end int, raw []byte) {
	from := len(e.buf)
	e.buf = append(e.buf, raw...)
	e.list = append(e.list, edit{start, end, from, len(e.buf)})
}

// Quote puts text, as the inside of a JSON string, in the place of src[start:end].
func (e *Edits) Quote(start, end int, text []byte) {
	from := len(e.buf)
	e.buf = AppendQuoted(e.buf, text)
	e.list = append(e.list, edit{start, end, from, len(e.buf)})
}

// SetText replaces the content of string node i of d by text. For any other value text is raw JSON and replaces it whole.
func (e *Edits) SetText(d *Doc, i int, text []byte) {
	n := d.Node(i)
	if n.Kind != String {
		e.Replace(int(n.Start), int(n.End), text)
		return
	}
	e.Quote(int(n.Start), int(n.End), text)
}

// SetRaw replaces the whole value of node i of d, quotes included, by raw JSON.
func (e *Edits) SetRaw(d *Doc, i int, raw string) {
	n := d.Node(i)
	start, end := int(n.Start), int(n.End)
	if n.Kind == String {
		start, end = start-1, end+1
	}
	e.Replace(start, end, []byte(raw))
}

// Apply appends src with all edits to dst.
func (e *Edits) Apply(dst, src []byte) []byte {
	slices.SortFunc(e.list, func(a, b edit) int { return cmp.Compare(a.start, b.start) })
	at := 0
	for _, x := range e.list {
		dst = append(dst, src[at:x.start]...)
		dst = append(dst, e.buf[x.from:x.to]...)
		at = x.end
	}
	return append(dst, src[at:]...)
}
