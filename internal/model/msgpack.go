package model

import (
	"io"
)

// isMessagePack reports whether bytes are one value in MessagePack and nothing else, as Flax writes weights.
func isMessagePack(r *io.SectionReader) bool {
	var h [9]byte
	at, left := int64(0), int64(1)
	for values := 0; left > 0; values++ {
		n, _ := r.ReadAt(h[:], at)
		if n == 0 || values > 10_000_000 {
			return false
		}
		head, body, more := messagePack(h[:n])
		if head == 0 || body > r.Size() || at+head+body > r.Size() {
			return false
		}
		at += head + body
		left += more - 1
		if left > r.Size() {
			return false
		}
	}
	return at == r.Size()
}

// messagePack is the length of a value's head, that of its bytes, and the number of values that follow as its parts; head 0 is no value.
func messagePack(h []byte) (head, body, more int64) {
	size := func(n int) int64 {
		if len(h) <= n {
			return 1 << 62
		}
		v := uint64(0)
		for _, b := range h[1 : 1+n] {
			v = v<<8 | uint64(b)
		}
		return int64(min(v, 1<<61))
	}
	switch c := h[0]; {
	case c <= 0x7f, c >= 0xe0, c == 0xc0, c == 0xc2, c == 0xc3:
		return 1, 0, 0
	case c <= 0x8f:
		return 1, 0, 2 * int64(c&15)
	case c <= 0x9f:
		return 1, 0, int64(c & 15)
	case c <= 0xbf:
		return 1, int64(c & 31), 0
	case c >= 0xc4 && c <= 0xc6:
		n := 1 << (c - 0xc4)
		return int64(1 + n), size(n), 0
	case c >= 0xc7 && c <= 0xc9:
		n := 1 << (c - 0xc7)
		return int64(2 + n), size(n), 0
	case c == 0xca:
		return 1, 4, 0
	case c == 0xcb:
		return 1, 8, 0
	case c >= 0xcc && c <= 0xd3:
		return 1, 1 << (c & 3), 0
	case c >= 0xd4 && c <= 0xd8:
		return 2, 1 << (c - 0xd4), 0
	case c >= 0xd9 && c <= 0xdb:
		n := 1 << (c - 0xd9)
		return int64(1 + n), size(n), 0
	case c == 0xdc || c == 0xdd:
		n := 2 << (c - 0xdc)
		return int64(1 + n), 0, size(n)
	case c == 0xde || c == 0xdf:
		n := 2 << (c - 0xde)
		return int64(1 + n), 0, min(2*size(n), 1<<61)
	}
	return 0, 0, 0
}
