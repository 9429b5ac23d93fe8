package dataset

import (
	"bytes"
	"sync"
)

// records collects the values of a record format in a Block.
type records struct {
	rd     *reader
	w      *window
	block  Block
	cursor cursor
	cell   dialect // of CSV
}

// cursor remembers where the last question about a value led, because questions mostly ascend.
type cursor struct{ field, at, i int }

// maxText is how large a Block may grow whose text is longer than the file's: many short values.
const maxText = Stride / 2

func newRecords(rd *reader, w *window, path string, f Format) *records {
	s := &records{rd: rd, w: w}
	s.block = Block{Path: path, Format: f}
	if b := rd.spare; b != nil {
		s.block.Text, s.block.Fields, rd.last = b.text[:0], b.fields[:0], s
	}
	s.block.place = s.place
	s.block.splice = s.splice
	return s
}

// begin begins a line for a value and returns where the value starts.
func (s *records) begin(prefix string) int {
	s.block.Text = append(s.block.Text, prefix...)
	return len(s.block.Text)
}

// add ends the line of a value.
func (s *records) add(f Field) {
	s.block.Text = append(s.block.Text, '\n')
	s.block.Fields = append(s.block.Fields, f)
}

// flush gives the Block away, if there is anything in it.
func (s *records) flush() error {
	if len(s.block.Fields) == 0 {
		s.block.Text = s.block.Text[:0]
		return nil
	}
	s.block.From, s.block.To = 0, len(s.block.Text)
	return s.give()
}

func (s *records) give() error {
	s.cursor = cursor{field: -1}
	s.block.lastAt = 0
	err := s.rd.visit(&s.block)
	s.block.Text, s.block.Fields = s.block.Text[:0], s.block.Fields[:0]
	if cap(s.block.Text) > 16*maxText {
		s.block.Text = nil
	}
	return err
}

// place finds the byte at of f in the file by reading the value again.
func (s *records) place(f *Field, at int) int64 {
	if f.how == asText || f.how == asLiteral {
		return s.w.offset(s.w.index(f.Offset) + at - f.Start)
	}
	c := s.cursor
	if c.field != f.Start || c.at > at {
		c = cursor{f.Start, f.Start, s.w.index(f.Offset)}
	}
	text := s.w.text
	for c.at < at && c.i < len(text) {
		if f.how == asString {
			run := at - c.at
			if k := bytes.IndexByte(text[c.i:min(c.i+run, len(text))], '\\'); k >= 0 {
				run = k
			}
			if run > 0 {
				run = min(run, len(text)-c.i)
				c.at, c.i = c.at+run, c.i+run
				continue
			}
		}
		step, size := 1, 1
		switch {
		case f.how == asString && text[c.i] == '\\':
			r, n := escape(text[c.i:])
			step, size = n, runeLen(r)
		case f.how == asCell && s.cell.escapes(text[c.i:]):
			step = 2
		}
		if c.at+size > at {
			break
		}
		c.at, c.i = c.at+size, c.i+step
	}
	s.cursor = c
	return s.w.offset(c.i)
}

// buffers is memory that files share one after the other.
type buffers struct {
	raw, text []byte
	fields    []Field
}

var spares = sync.Pool{New: func() any { return new(buffers) }}

// borrow gives a window, and the records that are made next, memory that is used again. It returns what takes it back.
func (rd *reader) borrow(w *window) (giveBack func()) {
	b := spares.Get().(*buffers)
	w.raw, rd.spare, rd.last = b.raw[:0], b, nil
	return func() {
		if cap(w.raw) <= 2*Stride {
			b.raw = w.raw
		}
		if s := rd.last; s != nil && cap(s.block.Text) <= 4*maxText && cap(s.block.Fields) <= 1<<16 {
			b.text, b.fields = s.block.Text, s.block.Fields
		}
		rd.spare, rd.last = nil, nil
		spares.Put(b)
	}
}
