// Package dataset reads data files as blocks of text with a place for every value, and writes them back with values
// replaced.
//
// What a file is, its bytes decide; its name only tells formats of text from each other. Text formats are read through a
// window that knows the charset: every position in a Block leads back to a byte of the file, and Rewrite copies the file
// around the patches that edits become. Whatever a file claims about lengths is compared with bounds before memory is
// asked for, and every part that is not read is told by name, with a reason. What is read in another way than it was
// meant (a broken JSON line, as text) is told to an Observer.
package dataset

import (
	"bytes"
	"sort"
)

// Block is a piece of a file as detectors read it. A format with named values (JSON, CSV, Parquet …) stands in Text as one
// line for each value, "name: value\n", so that the name is context for what follows; a format without (text, source
// code) stands as it is. A Block and its slices are valid until the next one is read.
type Block struct {
	Path   string  // path of the file; a member of an archive follows "!/": "a.zip!/b.jsonl"
	Format Format  // what the file was read as
	Text   []byte  // valid UTF-8
	Fields []Field // the values in Text, ascending, not overlapping
	// From and To bound what this block answers for: a match that starts outside belongs to its neighbour, which shares
	// some text with this block so that nothing is cut.
	From, To int

	place  func(f *Field, at int) int64 // see Place
	splice func(dst []patch, f *Field, edits []Edit) []patch

	multiline        bool // line breaks in Text are line breaks in the file
	lastAt, lastLine int  // what LineAt said last
}

// patch says what stands in the file in place of the bytes [from, to).
type patch struct {
	from, to int64
	text     []byte
}

// Field is one value in a Block.
type Field struct {
	Start, End int    // the value in Block.Text
	Name       string // path of the value, such as "messages.0.content", "B7" or "page 3"; "" in formats without names
	Record     int    // number of the record from 1; 0 in formats without records
	Line       int    // line of the file on which the value starts, from 1; 0 in formats without lines
	Offset     int64  // offset of the value's first byte in the file; -1 where offsets in the value are all that is known
	Plain      bool   // the bytes of the file are those in Text, so that offsets only need to be added

	how  uint8 // how the value stands in the file: asText …
	from int32 // bytes of the value before Start, where Offset is -1: a long value comes in pieces
	item int32 // number of the value on its page
}

// Edit replaces a part of a Block's text. It lies within one Field.
type Edit struct {
	Start, End int // in Block.Text
	Text       []byte
}

// FieldAt returns the index of the field that holds the byte at, or -1.
func (b *Block) FieldAt(at int) int {
	i := sort.Search(len(b.Fields), func(i int) bool { return b.Fields[i].End > at })
	if i < len(b.Fields) && b.Fields[i].Start <= at {
		return i
	}
	return -1
}

// Place returns the offset in the file of the byte at in Text, which lies in f or is its end. It returns the offset in
// the decoded value, and false, where the file has no such offset.
func (b *Block) Place(f *Field, at int) (int64, bool) {
	switch {
	case f.Offset < 0:
		return int64(int(f.from) + at - f.Start), false
	case f.Plain || b.place == nil:
		return f.Offset + int64(at-f.Start), true
	}
	return b.place(f, at), true
}

// LineAt returns the line of the file, from 1, on which the byte at in Text stands, which lies in f; 0 in formats without
// lines. Asking in ascending order is cheap.
func (b *Block) LineAt(f *Field, at int) int {
	if !b.multiline || f.Line == 0 {
		return f.Line
	}
	if b.lastAt < f.Start || b.lastAt > at || b.lastLine == 0 {
		b.lastAt, b.lastLine = f.Start, f.Line
	}
	b.lastLine += bytes.Count(b.Text[b.lastAt:at], newline)
	b.lastAt = at
	return b.lastLine
}
