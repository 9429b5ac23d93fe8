package surrogate

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// draw is an endless sequence of numbers that follow from a key, a purpose and a value.
type draw struct {
	seed [sha256.Size + 8]byte // of each block, with its number behind it
	buf  [sha256.Size]byte
	at   int
	n    uint64
	hex  bool // letters are those of hexadecimal numbers
}

// draw begins the sequence for a value. Attempt tells the sequences for one value apart.
func (m *Maker) draw(purpose string, value []byte, attempt int) *draw {
	mac := hmac.New(sha256.New, m.key)
	var head [12]byte
	binary.BigEndian.PutUint32(head[:], uint32(len(purpose)))
	binary.BigEndian.PutUint64(head[4:], uint64(attempt))
	mac.Write(head[:])
	mac.Write([]byte(purpose))
	mac.Write(value)
	d := &draw{at: sha256.Size}
	mac.Sum(d.seed[:0])
	return d
}

func (d *draw) uint64() uint64 {
	if d.at+8 > len(d.buf) {
		binary.BigEndian.PutUint64(d.seed[sha256.Size:], d.n)
		d.n++
		d.buf, d.at = sha256.Sum256(d.seed[:]), 0
	}
	d.at += 8
	return binary.BigEndian.Uint64(d.buf[d.at-8:])
}

// below is a number from 0 to n-1. The bias is n in 2^64.
func (d *draw) below(n int) int { return int(d.uint64() % uint64(n)) }

// letter is one from the given one on, "a" or "A".
func (d *draw) letter(first byte) byte {
	if d.hex {
		return first + byte(d.below(6))
	}
	return first + byte(d.below(26))
}

func (d *draw) digit() byte { return '0' + byte(d.below(10)) }

// digits appends n digits.
func (d *draw) digits(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, d.digit())
	}
	return dst
}
