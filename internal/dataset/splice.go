package dataset

import "unicode/utf8"

// runeLen is the length of r in UTF-8.
func runeLen(r rune) int { return utf8.RuneLen(r) }

// splice says how edits of f change the file. Edits do not overlap and ascend.
func (s *records) splice(dst []patch, f *Field, edits []Edit) []patch {
	switch f.how {
	case asLiteral:
		return append(dst, s.quoted(f, edits))
	case asCell:
		return s.spliceCell(dst, f, edits)
	}
	for _, e := range edits {
		text := e.Text
		if s.block.Format == JSON || s.block.Format == JSONL {
			text = appendEscaped(nil, text)
		}
		dst = append(dst, patch{s.place(f, e.Start), s.place(f, e.End), s.w.charset.encode(nil, text)})
	}
	return dst
}

// quoted makes a string of an edited number, so that the document stays valid.
func (s *records) quoted(f *Field, edits []Edit) patch {
	out := append([]byte(nil), '"')
	out = append(appendEscaped(out, applied(s.block.Text, f, edits)), '"')
	return patch{s.place(f, f.Start), s.place(f, f.End), s.w.charset.encode(nil, out)}
}

// applied returns the value of f with the edits made.
func applied(text []byte, f *Field, edits []Edit) []byte {
	var out []byte
	at := f.Start
	for _, e := range edits {
		out = append(append(out, text[at:e.Start]...), e.Text...)
		at = e.End
	}
	return append(out, text[at:f.End]...)
}
