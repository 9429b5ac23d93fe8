package audit

import (
	"crypto/sha256"
	"unicode/utf8"

	"github.com/reeve-ai/reeve/internal/dataset"
)

// How much text around a value makes its fingerprint.
const (
	printBefore = 32
	printAfter  = 24
	printValue  = 64
)

// printer makes fingerprints. Of the value, and of the text around it on its line, only the shape goes in: letters, digits
// and what stands between them. So whoever has a fingerprint cannot find the value by trying values, and the fingerprint
// stays when lines above come or go. What is alike in all of this is told apart by counting (see ordinals).
type printer struct{ buf []byte }

// base is the fingerprint of a hit without its count. path is that of the file as fingerprints name it.
func (p *printer) base(path, rule string, b *dataset.Block, f *dataset.Field, start, end int) (sum [16]byte) {
	p.buf = p.buf[:0]
	for _, s := range [...]string{path, rule, f.Name} {
		p.buf = append(append(p.buf, s...), 0)
	}
	from, to := start, end
	for from > max(f.Start, start-printBefore) && b.Text[from-1] != '\n' {
		from--
	}
	for to < min(f.End, end+printAfter) && b.Text[to] != '\n' {
		to++
	}
	p.shape(b.Text[from:start])
	p.buf = append(p.buf, 1)
	p.shape(b.Text[start:min(end, start+printValue)])
	p.buf = append(p.buf, 1)
	p.shape(b.Text[end:to])
	full := sha256.Sum256(p.buf)
	copy(sum[:], full[:])
	return sum
}

// shape appends text with every letter and digit replaced by its class.
func (p *printer) shape(text []byte) {
	for _, c := range text {
		if c = classes[c]; c != 0 {
			p.buf = append(p.buf, c)
		}
	}
}

// classes is what stands for a byte in a shape; 0 is nothing, for all but the first byte of a character.
var classes = func() (t [256]byte) {
	for i := range t {
		c := byte(i)
		switch {
		case '0' <= c && c <= '9':
			c = '0'
		case 'a' <= c && c <= 'z':
			c = 'a'
		case 'A' <= c && c <= 'Z':
			c = 'A'
		case c >= utf8.RuneSelf && !utf8.RuneStart(c):
			c = 0
		case c >= utf8.RuneSelf:
			c = 'u'
		}
		t[i] = c
	}
	return t
}()
