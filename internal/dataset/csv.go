package dataset

import (
	"bytes"
	"strconv"
)

// cell is a field of a table: its bytes without the quotes around it.
type cell struct {
	start, end int
	quoted     bool
	escaped    bool // there are escapes in it
}

// maxCells is how many fields a row can have; the last one takes the rest.
const maxCells = 1 << 14

// row appends the fields of the row that begins at. It returns where the next one begins, and false if the row does not
// end in text; last says that the end of text ends a row.
func (d dialect) row(dst []cell, text []byte, at int, last bool) ([]cell, int, bool) {
	for {
		if at < len(text) && text[at] == '"' && len(dst) < maxCells {
			c, next, ok := d.quotedCell(text, at)
			if !ok {
				return dst, 0, false
			}
			if next == len(text) && !last {
				return dst, 0, false
			}
			if end, more, ok := d.after(text, next); ok {
				dst = append(dst, c)
				if at = end; !more {
					return dst, at, true
				}
				continue
			}
		}
		start, end := at, len(text)
		stop := -1
		if len(dst) < maxCells {
			stop = stopAt(text[at:], d.delim)
		} else {
			stop = bytes.IndexByte(text[at:], '\n')
		}
		if stop < 0 && !last {
			return dst, 0, false
		}
		if stop >= 0 {
			end = at + stop
		}
		more := end < len(text) && text[end] == d.delim
		at = min(end+1, len(text))
		if !more && end > start && text[end-1] == '\r' {
			end--
		}
		dst = append(dst, cell{start: start, end: end})
		if !more {
			return dst, at, true
		}
	}
}

// stopAt returns the position of the first delimiter or line break, or -1.
func stopAt(text []byte, delim byte) int {
	for i, c := range text {
		if c == delim || c == '\n' {
			return i
		}
	}
	return -1
}

// quotedCell reads the field whose opening quote is at. It returns where the closing quote ends.
func (d dialect) quotedCell(text []byte, at int) (cell, int, bool) {
	c := cell{start: at + 1, quoted: true}
	for i := at + 1; ; {
		q := bytes.IndexByte(text[i:], '"')
		if q < 0 {
			return c, 0, false
		}
		if d.slash {
			if b := bytes.IndexByte(text[i:i+q], '\\'); b >= 0 {
				c.escaped = true
				if i += b + 2; i > len(text) {
					return c, 0, false
				}
				continue
			}
		}
		i += q
		if !d.slash && d.escapes(text[i:]) {
			c.escaped = true
			i += 2
			continue
		}
		c.end = i
		return c, i + 1, true
	}
}

// after reads what ends a quoted field: a delimiter, or the end of the row. It reports false for anything else.
func (d dialect) after(text []byte, at int) (next int, more, ok bool) {
	rest := text[at:]
	switch {
	case len(rest) == 0:
		return at, false, true
	case rest[0] == d.delim:
		return at + 1, true, true
	case rest[0] == '\n':
		return at + 1, false, true
	case bytes.HasPrefix(rest, []byte("\r\n")):
		return at + 2, false, true
	case len(rest) == 1 && rest[0] == '\r':
		return at + 1, false, true
	}
	return 0, false, false
}

// table reads CSV and its like. Rows of another length than the first are read and counted.
type table struct {
	*records
	max     int
	columns []*node
	cells   []cell
	width   int
	record  int
	line    int
	uneven  int
	open    int // rows whose quotes never close
}

func newTable(rd *reader, w *window, in input) *table {
	t := &table{records: newRecords(rd, w, in.path, CSV), max: rd.lim.Record, line: 1}
	t.cell = sniffDialect(in.name, w.text[:min(len(w.text), headSize)], w.eof && len(w.text) <= headSize)
	return t
}

// brokenRows is how many rows with a quote that never closes it takes to believe that quotes mean nothing.
const brokenRows = 16

func (t *table) run() error {
	w, at := t.w, t.cell.skip
	if at > 0 {
		t.line++
	}
	for at < len(w.text) || !w.eof {
		cells, next, ok := t.cells[:0], 0, false
		if t.open < brokenRows {
			cells, next, ok = t.cell.row(cells, w.text, at, w.eof)
		}
		if !ok && len(w.text)-at <= t.max && !w.eof && (t.open < brokenRows || bytes.IndexByte(w.text[at:], '\n') < 0) {
			if err := t.flush(); err != nil {
				return err
			}
			w.fill(at)
			at = 0
			continue
		}
		if !ok {
			t.open++
			if cells, next, ok = t.unquoted(cells[:0], at); !ok {
				var err error
				if next, err = t.tooLong(at, t.record+1, t.line); err != nil {
					return err
				}
				t.record, t.line, at = t.record+1, t.line+1, next
				continue
			}
		}
		t.cells = cells
		if err := t.row(); err != nil {
			return err
		}
		t.line += bytes.Count(w.text[at:next], newline)
		at = next
	}
	t.rd.notice(t.block.Path, "rows with another number of fields", t.uneven)
	t.rd.notice(t.block.Path, "rows with a quote that never closes", t.open)
	return t.flush()
}

// unquoted reads a row as if quotes meant nothing.
func (t *table) unquoted(dst []cell, at int) ([]cell, int, bool) {
	text := t.w.text
	nl := bytes.IndexByte(text[at:], '\n')
	end, next := at+nl, at+nl+1
	if nl < 0 {
		if !t.w.eof {
			return dst, 0, false
		}
		end, next = len(text), len(text)
	}
	if end > at && text[end-1] == '\r' {
		end--
	}
	for {
		n := bytes.IndexByte(text[at:end], t.cell.delim)
		if n < 0 || len(dst) >= maxCells {
			return append(dst, cell{start: at, end: end}), next, true
		}
		dst = append(dst, cell{start: at, end: at + n})
		at += n + 1
	}
}

// row emits the fields of a row.
func (t *table) row() error {
	if len(t.cells) == 1 && t.cells[0].start == t.cells[0].end {
		return nil
	}
	if t.width == 0 {
		t.width = len(t.cells)
		if t.cell.header {
			return t.header()
		}
	}
	t.record++
	if len(t.cells) != t.width {
		t.uneven++
	}
	line, at := t.line, t.cells[0].start
	for i, c := range t.cells {
		line += bytes.Count(t.w.text[at:c.start], newline)
		at = c.start
		t.emit(t.column(i), c, line)
	}
	if len(t.block.Text) > maxText {
		return t.flush()
	}
	return nil
}

// header takes the names of the columns from the first row, whose fields are values too: they could be something else.
func (t *table) header() error {
	top := &node{name: "(header)"}
	for i, c := range t.cells {
		if c.end-c.start <= maxName && c.end > c.start {
			t.columns = append(t.columns, (&node{}).step(cleanName(string(t.w.text[c.start:c.end]))))
		} else {
			t.column(i)
		}
		t.emit(top, c, t.line)
	}
	return nil
}

func (t *table) column(i int) *node {
	for len(t.columns) <= i {
		letters := columnLetters(len(t.columns))
		t.columns = append(t.columns, (&node{}).step(letters, letters))
	}
	return t.columns[i]
}

// columnLetters names a column as spreadsheets do: A is 0, AA is 26.
func columnLetters(i int) string {
	if i >= 1<<20 {
		return strconv.Itoa(i)
	}
	s := ""
	for i++; i > 0; i = (i - 1) / 26 {
		s = string(rune('A'+(i-1)%26)) + s
	}
	return s
}

func (t *table) emit(n *node, c cell, line int) {
	if c.start == c.end {
		return
	}
	raw := t.w.text[c.start:c.end]
	start := t.begin(n.prefix)
	if c.escaped {
		for i := 0; i < len(raw); i++ {
			if t.cell.escapes(raw[i:]) {
				i++
			}
			t.block.Text = append(t.block.Text, raw[i])
		}
	} else {
		t.block.Text = append(t.block.Text, raw...)
	}
	t.add(Field{
		Start: start, End: len(t.block.Text), Name: n.name, Record: t.record, Line: line,
		Offset: t.w.offset(c.start), Plain: t.w.plain && !c.escaped, how: asCell,
	})
}

// spliceCell writes edits of a field so that the row keeps its shape.
func (s *records) spliceCell(dst []patch, f *Field, edits []Edit) []patch {
	i := s.w.index(f.Offset)
	quoted := i > 0 && s.w.text[i-1] == '"'
	if !quoted && !s.cell.mustQuote(edits) {
		for _, e := range edits {
			dst = append(dst, patch{s.place(f, e.Start), s.place(f, e.End), s.w.charset.encode(nil, e.Text)})
		}
		return dst
	}
	if !quoted {
		out := append([]byte(nil), '"')
		out = append(s.cell.appendEscaped(out, applied(s.block.Text, f, edits)), '"')
		return append(dst, patch{s.place(f, f.Start), s.place(f, f.End), s.w.charset.encode(nil, out)})
	}
	for _, e := range edits {
		text := s.w.charset.encode(nil, s.cell.appendEscaped(nil, e.Text))
		dst = append(dst, patch{s.place(f, e.Start), s.place(f, e.End), text})
	}
	return dst
}

func (d dialect) mustQuote(edits []Edit) bool {
	for _, e := range edits {
		if bytes.IndexByte(e.Text, d.delim) >= 0 || bytes.ContainsAny(e.Text, "\"\r\n") {
			return true
		}
	}
	return false
}

func (d dialect) appendEscaped(dst, text []byte) []byte {
	for _, c := range text {
		switch {
		case c == '"' && !d.slash:
			dst = append(dst, '"')
		case d.slash && (c == '"' || c == '\\'):
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return dst
}
