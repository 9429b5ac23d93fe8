package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// arrowFrames is an Arrow IPC stream whose metadata is looked at before the library sees it, because the library
// allocates what a length in it claims. It ends with a refusal at the first message that claims too much.
type arrowFrames struct {
	r    io.Reader
	meta []byte // what is left to give of a message's beginning
	body int64  // and of its body
	buf  []byte

	ended bool // the mark of the end was seen
}

func (a *arrowFrames) Read(p []byte) (int, error) {
	if len(a.meta) == 0 && a.body == 0 {
		if err := a.next(); err != nil {
			return 0, err
		}
	}
	if len(a.meta) > 0 {
		n := copy(p, a.meta)
		a.meta = a.meta[n:]
		return n, nil
	}
	n, err := a.r.Read(p[:min(int64(len(p)), a.body)])
	a.body -= int64(n)
	if errors.Is(err, io.EOF) && a.body > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

const malformedArrow = refusal("malformed Arrow")

// next reads the beginning of a message: a continuation mark since format version 0.15, the length of the metadata, the
// metadata.
func (a *arrowFrames) next() error {
	var prefix [8]byte
	n, err := io.ReadFull(a.r, prefix[:4])
	if err != nil {
		return err
	}
	size := binary.LittleEndian.Uint32(prefix[:4])
	if size == 0xffffffff {
		if _, err := io.ReadFull(a.r, prefix[4:]); err != nil {
			return io.ErrUnexpectedEOF
		}
		n, size = 8, binary.LittleEndian.Uint32(prefix[4:])
	}
	a.meta = append(a.buf[:0], prefix[:n]...)
	if size == 0 {
		a.ended = true
		return nil
	}
	if size > arrowMetadata {
		return refusal("a message of impossible size")
	}
	a.meta = append(a.meta, make([]byte, size)...)
	a.buf = a.meta
	if _, err := io.ReadFull(a.r, a.meta[n:]); err != nil {
		return io.ErrUnexpectedEOF
	}
	check := flatbuffer{b: a.meta[n:], fields: 1 << 16, bytes: 2 * int(size)}
	if a.body, err = check.message(); err != nil {
		return err
	}
	if a.body > arrowBody {
		return refusal(fmt.Sprintf("a record batch of more than %d MiB", arrowBody>>20))
	}
	return nil
}

// flatbuffer checks the tables of Arrow's metadata (Message.fbs and Schema.fbs).
type flatbuffer struct {
	b      []byte
	fields int // how many more fields are allowed: tables may be shared, so that few bytes could stand for many
	bytes  int // and bytes of text
}

// u reads an unsigned number of n bytes.
func (f *flatbuffer) u(at, n int) (int, bool) {
	if at < 0 || at+n > len(f.b) {
		return 0, false
	}
	v := 0
	for i := range n {
		v |= int(f.b[at+i]) << (8 * i)
	}
	return v, true
}

// field returns where field i of the table at stands, or 0 if it has its default.
func (f *flatbuffer) field(table, i int) (int, bool) {
	back, ok := f.u(table, 4)
	vtable := table - int(int32(back))
	size, ok2 := f.u(vtable, 2)
	if !ok || !ok2 {
		return 0, false
	}
	if 4+2*i+2 > size {
		return 0, true
	}
	at, ok := f.u(vtable+4+2*i, 2)
	if !ok || at == 0 {
		return 0, ok
	}
	return table + at, true
}

// follow returns where field i of a table points to, or 0.
func (f *flatbuffer) follow(table, i int) (int, bool) {
	at, ok := f.field(table, i)
	if !ok || at == 0 {
		return 0, ok
	}
	to, ok := f.u(at, 4)
	return at + to, ok && at+to < len(f.b)
}

// vector returns where the elements of the vector in field i begin, and how many there are.
func (f *flatbuffer) vector(table, i, size int) (start, n int, ok bool) {
	at, ok := f.follow(table, i)
	if !ok || at == 0 {
		return 0, 0, ok
	}
	if n, ok = f.u(at, 4); !ok || n > (len(f.b)-at-4)/size {
		return 0, 0, false
	}
	return at + 4, n, true
}

// text checks the string in field i.
func (f *flatbuffer) text(table, i int) bool {
	_, n, ok := f.vector(table, i, 1)
	f.bytes -= n
	return ok && f.bytes >= 0
}

// message checks a Message and returns the length of its body.
func (f *flatbuffer) message() (int64, error) {
	root, ok := f.u(0, 4)
	if !ok {
		return 0, malformedArrow
	}
	kindAt, ok := f.field(root, 1)
	header, ok2 := f.follow(root, 2)
	lengthAt, ok3 := f.field(root, 3)
	if !ok || !ok2 || !ok3 || kindAt == 0 || header == 0 || !f.pairs(root, 4) {
		return 0, malformedArrow
	}
	kind, ok := f.u(kindAt, 1)
	length := 0
	if lengthAt > 0 {
		length, ok2 = f.u(lengthAt, 8)
	}
	if !ok || !ok2 || length < 0 || !f.header(kind, header) {
		return 0, malformedArrow
	}
	return int64(length), nil
}

func (f *flatbuffer) header(kind, table int) bool {
	switch kind {
	case 1:
		_, _, ok := f.vector(table, 3, 8)
		return ok && f.children(table, 1, 0) && f.pairs(table, 2)
	case 2:
		data, ok := f.follow(table, 1)
		return ok && data > 0 && f.header(3, data)
	case 3:
		_, _, nodes := f.vector(table, 1, 16)
		_, _, buffers := f.vector(table, 2, 16)
		_, _, counts := f.vector(table, 4, 8)
		codec, ok := f.follow(table, 3)
		return nodes && buffers && counts && ok && (codec == 0 || f.isTable(codec))
	}
	return false
}

func (f *flatbuffer) isTable(table int) bool {
	_, ok := f.field(table, 0)
	return ok
}

// pairs checks the custom metadata in field i.
func (f *flatbuffer) pairs(table, i int) bool {
	return f.tables(table, i, func(pair int) bool { return f.text(pair, 0) && f.text(pair, 1) })
}

// children checks the fields of a schema or of a nested field in field i.
func (f *flatbuffer) children(table, i, depth int) bool {
	return depth < 64 && f.tables(table, i, func(field int) bool {
		kind, ok := f.follow(field, 3)
		if !ok || kind == 0 || !f.text(field, 0) || !f.typeOf(field, kind) {
			return false
		}
		if encoding, ok := f.follow(field, 4); !ok || encoding > 0 && !f.isTable(encoding) {
			return false
		}
		return f.children(field, 5, depth+1) && f.pairs(field, 6)
	})
}

// typeOf checks the type of a field: a union has a vector of numbers, a time stamp the name of a time zone.
func (f *flatbuffer) typeOf(field, table int) bool {
	at, ok := f.field(field, 2)
	kind, ok2 := f.u(at, 1)
	if !ok || !ok2 || at == 0 || !f.isTable(table) {
		return false
	}
	switch kind {
	case 10:
		return f.text(table, 1)
	case 14:
		_, _, ok = f.vector(table, 1, 4)
	}
	return ok
}

// tables checks each table of the vector in field i.
func (f *flatbuffer) tables(table, i int, check func(at int) bool) bool {
	start, n, ok := f.vector(table, i, 4)
	if f.fields -= n; !ok || f.fields < 0 {
		return false
	}
	for k := range n {
		at := start + 4*k
		to, ok := f.u(at, 4)
		if !ok || !check(at+to) {
			return false
		}
	}
	return true
}
