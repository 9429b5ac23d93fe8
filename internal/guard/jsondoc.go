package guard

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonDoc stands on both sides of the rules for a text that is itself a JSON document (RFC 8259). Before them, decode
// resolves the escapes in strings, so that the rules see the text that a reader of the document will see. Two escapes
// stay as they are, \" and \\, because without them the strings could not be told from the structure. After the rules,
// encode escapes what decode resolved, and mask keeps the document valid where a match is replaced. A text that is not
// valid JSON passes through the same way; the rules hold for it, its validity was never there to keep.
type jsonDoc struct {
	in      bool     // decode: inside a string
	pend    [12]byte // decode: an escape that is not complete, at most a surrogate pair
	n       int
	buf     []byte // decode: reused
	changed bool   // some escape was written in another way than encode writes it

	str    bool // encode: inside a string
	esc    bool // encode: after a backslash in a string
	owed   bool // encode: that backslash belonged to a match and is written only if what it escapes stays
	number bool // encode: outside of strings, after a byte that numbers are made of
	drop   bool // encode: a number was replaced, the rest of it goes too
}

func (d *jsonDoc) held() int      { return d.n }
func (d *jsonDoc) inString() bool { return d.str }

// rest gives out the escape that the text broke off in.
func (d *jsonDoc) rest() []byte {
	d.buf = d.buf[:0]
	if d.n == 6 {
		d.lone()
	}
	d.broken()
	return d.buf
}

// decode resolves escapes. The result is valid until the next call.
func (d *jsonDoc) decode(chunk []byte) []byte {
	if d.n == 0 && bytes.IndexByte(chunk, '\\') < 0 {
		if bytes.Count(chunk, []byte{'"'})%2 == 1 {
			d.in = !d.in
		}
		return chunk
	}
	d.buf = d.buf[:0]
	for _, c := range chunk {
		switch {
		case d.n > 0:
			d.escape(c)
		case c == '\\' && d.in:
			d.pend[0], d.n = c, 1
		default:
			if c == '"' {
				d.in = !d.in
			}
			d.buf = append(d.buf, c)
		}
	}
	return d.buf
}

// escape takes the next byte of an escape.
func (d *jsonDoc) escape(c byte) {
	if d.n == 6 { // a high surrogate is waiting for its other half
		if c != '\\' {
			d.lone()
			d.plain(c)
			return
		}
	} else if d.n == 7 && c != 'u' {
		d.lone()
		d.pend[0], d.n = '\\', 1
		d.escape(c)
		return
	} else if i := d.n % 6; i > 1 && hexDigit(c) < 0 {
		d.broken()
		d.plain(c)
		return
	}
	d.pend[d.n] = c
	d.n++
	switch d.n {
	case 2:
		if c != 'u' {
			d.short(c)
		}
	case 6:
		if r := hexRune(d.pend[2:6]); !utf16.IsSurrogate(r) {
			d.resolve(r)
		} else if r >= 0xDC00 {
			d.lone()
		}
	case 12:
		d.pair()
	}
}

// plain takes a byte that is no part of an escape.
func (d *jsonDoc) plain(c byte) {
	switch c {
	case '\\':
		d.pend[0], d.n = c, 1
		return
	case '"':
		d.in = false
	}
	d.buf = append(d.buf, c)
}

// broken lets an escape stand that is none.
func (d *jsonDoc) broken() {
	if d.n > 6 {
		n := d.n
		d.buf = utf8.AppendRune(d.buf, utf8.RuneError)
		d.buf = append(d.buf, d.pend[6:n]...)
		d.n, d.changed = 0, true
		return
	}
	d.buf = append(d.buf, d.pend[:d.n]...)
	d.n = 0
}

// lone resolves half a surrogate pair, which stands for no character, as readers of JSON do.
func (d *jsonDoc) lone() {
	d.buf = utf8.AppendRune(d.buf, utf8.RuneError)
	d.n, d.changed = 0, true
}

func (d *jsonDoc) pair() {
	r := utf16.DecodeRune(hexRune(d.pend[2:6]), hexRune(d.pend[8:12]))
	if r != utf8.RuneError {
		d.buf = utf8.AppendRune(d.buf, r)
		d.n, d.changed = 0, true
		return
	}
	var second [6]byte
	copy(second[:], d.pend[6:12])
	d.lone()
	for _, c := range second { // the second half may begin a pair of its own
		if d.n == 0 && c == '\\' {
			d.pend[0], d.n = c, 1
			continue
		}
		d.escape(c)
	}
}

// short resolves an escape of two bytes.
func (d *jsonDoc) short(c byte) {
	d.n = 0
	if i := bytes.IndexByte([]byte(shortNames), c); i >= 0 {
		d.buf = append(d.buf, shortBytes[i])
		return
	}
	if c == '/' {
		d.changed = true
		d.buf = append(d.buf, c)
		return
	}
	d.buf = append(d.buf, '\\', c) // \" and \\ stay; anything else is no escape
}

func (d *jsonDoc) resolve(r rune) {
	var canonical [8]byte
	if r >= ' ' || !bytes.Equal(appendControl(canonical[:0], byte(r)), d.pend[:d.n]) {
		d.changed = true
	}
	d.n = 0
	switch r {
	case '"', '\\':
		d.buf = append(d.buf, '\\', byte(r))
	default:
		d.buf = utf8.AppendRune(d.buf, r)
	}
}

// The escapes that have a letter, and the bytes they stand for.
const (
	shortNames = "bfnrt"
	shortBytes = "\b\f\n\r\t"
)

func hexDigit(c byte) int {
	switch {
	case c-'0' < 10:
		return int(c - '0')
	case c|0x20-'a' < 6:
		return int(c|0x20-'a') + 10
	}
	return -1
}

func hexRune(b []byte) (r rune) {
	for _, c := range b {
		r = r<<4 | rune(hexDigit(c)) //nolint:gosec // 0 to 15: escape has checked the digits
	}
	return r
}

// appendControl writes the escape of a control character.
func appendControl(dst []byte, c byte) []byte {
	if i := bytes.IndexByte([]byte(shortBytes), c); i >= 0 {
		return append(dst, '\\', shortNames[i])
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
