package audit

import (
	"encoding/binary"
	"errors"
)

// find is a finding on its way from a worker to the emitter, in shards and in the cache. Lines, records and offsets count
// from the beginning of the chunk.
type find struct {
	rule, kind, about string // about is the rule's description
	field, path       string // path of an archive's member below the file; "" is the file itself
	value, explain    string // only where they are asked for
	record, line      int64
	start, end        int64
	print             [16]byte // see base
	severity          uint8
	score             uint8 // hundredths
	flags             uint8
	rules             int // where the decoder keeps rule: the same number is the same rule within a frame
}

// Flags of a find.
const (
	inField       uint8 = 1 << iota // start and end are offsets in the decoded field
	allowedInline                   // by a comment beside it
	allowedValue                    // by a value of the allow list
)

// encoder writes finds one after the other. Strings are written once and named by number from then on.
type encoder struct {
	buf     []byte
	strings map[string]uint64
	recent  [64]named // of strings, by a hash
	n       int
	tally   tally // of all finds so far, those that reset let go of too
}

// named is a string with its number.
type named struct {
	s string
	i uint64
}

func (e *encoder) reset() {
	e.buf, e.n = e.buf[:0], 0
	e.forget()
}

func (e *encoder) forget() {
	clear(e.strings)
	e.recent = [64]named{}
}

func (e *encoder) add(f *find) {
	e.n++
	e.tally.add(f)
	e.buf = append(e.buf, f.severity, f.score, f.flags)
	for _, s := range [...]string{f.rule, f.kind, f.about, f.field, f.path} {
		e.name(s)
	}
	for _, v := range [...]int64{f.record, f.line, f.start, f.end - f.start} {
		e.buf = binary.AppendVarint(e.buf, v)
	}
	for _, s := range [...]string{f.value, f.explain} {
		e.buf = binary.AppendUvarint(e.buf, uint64(len(s)))
		e.buf = append(e.buf, s...)
	}
	e.buf = append(e.buf, f.print[:]...)
}

// maxNames bounds the memory for names: a hostile file may have a new field name in every record.
const maxNames = 1 << 14

func (e *encoder) name(s string) {
	r := &e.recent[recentSlot(s)]
	if r.i > 0 && r.s == s {
		e.buf = binary.AppendUvarint(e.buf, r.i)
		return
	}
	if i, ok := e.strings[s]; ok {
		*r = named{s, i + 1}
		e.buf = binary.AppendUvarint(e.buf, i+1)
		return
	}
	if e.strings == nil {
		e.strings = map[string]uint64{}
	}
	if len(e.strings) >= maxNames {
		e.forget()
		e.buf = append(e.buf, 0, 1)
	} else {
		e.buf = append(e.buf, 0, 0)
	}
	e.strings[s] = uint64(len(e.strings))
	e.buf = binary.AppendUvarint(e.buf, uint64(len(s)))
	e.buf = append(e.buf, s...)
}

func recentSlot(s string) int {
	if s == "" {
		return 0
	}
	return (len(s)*7 + int(s[len(s)-1]) + 3*int(s[len(s)/2])) & 63
}

var errFinds = errors.New("findings cannot be decoded")

// decoder reads what an encoder wrote.
type decoder struct {
	buf     []byte
	strings []string
	err     error
}

// next reads a find into f and reports whether there was one.
func (d *decoder) next(f *find) bool {
	if len(d.buf) == 0 || d.err != nil {
		return false
	}
	if len(d.buf) < 3 {
		d.err = errFinds
		return false
	}
	f.severity, f.score, f.flags = d.buf[0], d.buf[1], d.buf[2]
	d.buf = d.buf[3:]
	f.rule, f.rules = d.name()
	f.kind, _ = d.name()
	f.about, _ = d.name()
	f.field, _ = d.name()
	f.path, _ = d.name()
	f.record, f.line, f.start = d.varint(), d.varint(), d.varint()
	f.end = f.start + d.varint()
	f.value = string(d.bytes(d.uvarint()))
	f.explain = string(d.bytes(d.uvarint()))
	copy(f.print[:], d.bytes(uint64(len(f.print))))
	return d.err == nil
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.buf)
	return v * int64(d.took(n))
}

func (d *decoder) uvarint() uint64 {
	if len(d.buf) > 0 && d.buf[0] < 0x80 {
		v := d.buf[0]
		d.buf = d.buf[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(d.buf)
	return v * uint64(d.took(n))
}

// took moves on by n bytes and returns 1, or 0 if the number was not readable.
func (d *decoder) took(n int) int {
	if n <= 0 {
		d.err, d.buf = errFinds, nil
		return 0
	}
	d.buf = d.buf[n:]
	return 1
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.buf)) {
		d.err, d.buf = errFinds, nil
		return nil
	}
	b := d.buf[:n]
	d.buf = d.buf[n:]
	return b
}

// name reads a name and its number.
func (d *decoder) name() (string, int) {
	if i := d.uvarint(); i > 0 {
		if i > uint64(len(d.strings)) {
			d.err, d.buf = errFinds, nil
			return "", 0
		}
		return d.strings[i-1], int(i - 1)
	}
	if d.uvarint() == 1 {
		d.strings = d.strings[:0]
	}
	s := string(d.bytes(d.uvarint()))
	if d.err == nil {
		d.strings = append(d.strings, s)
	}
	return s, max(len(d.strings)-1, 0)
}
