package detect

import (
	"encoding/binary"
	"math/bits"
)

// lookout tells where in a text a candidate may begin, 32 bytes at a time and without a branch for each byte: at the bytes
// of actHere, and at the first byte of a token if a rule begins with it and the byte after it.
type lookout struct {
	e    *Engine
	b    []byte
	base int    // offset of the block that is known; none is if it lies before the text
	bits uint32 // bit k: base+k is worth a look
}

const (
	block = 32
	ahead = 7 // bytes after a block that must be there: they are read eight at a time
)

func (e *Engine) lookout(b []byte) lookout { return lookout{e: e, b: b, base: -block} }

// next returns the first offset from i on that is worth a look. Close to the end of the text it returns i itself: what
// follows a byte there must be asked for by those who know whether more may come.
func (l *lookout) next(i int) int {
	for {
		if k := uint(i - l.base); k < block {
			if rest := l.bits >> k; rest != 0 {
				return i + bits.TrailingZeros32(rest)
			}
			i = l.base + block
		}
		if i+block+ahead > len(l.b) {
			return i
		}
		l.read(i)
	}
}

// read looks at the block that starts at i.
func (l *lookout) read(i int) {
	b := l.b[i : i+block+ahead]
	both := marks(&l.e.marks, (*[block]byte)(b))
	word, found := uint32(both), uint32(both>>32)
	first := word &^ (word << 1)
	if i > 0 && wordByte[l.b[i-1]] {
		first &^= 1
	}
	for found |= l.e.starting(b, &first); first != 0; {
		found |= l.e.starting(b, &first)
	}
	if l.e.hasLoose {
		numerals := digitBits((*[block]byte)(b))
		lead := word << 1
		if i > 0 && wordByte[l.b[i-1]] {
			lead |= 1
		}
		late := numerals << 1
		if i > 0 && isDigit(l.b[i-1]) {
			late |= 1
		}
		found |= numerals & lead &^ late
	}
	l.base, l.bits = i, found
}

// starting looks at the next eight tokens of a block and returns the bits of those that a rule may begin with. It always
// goes eight times around, because a branch that nobody can foresee costs more than that.
func (e *Engine) starting(b []byte, first *uint32) (found uint32) {
	b = b[:block+ahead]
	f := *first
	for range 8 {
		k := bits.TrailingZeros32(f) % block
		low := f & -f // 0 when none is left
		f ^= low
		y := binary.LittleEndian.Uint64(b[k : k+8])
		x := uint32(y)
		two, three, four, five := x&0xFFFF, threeSlot(x), headHash(x), longHash(y)
		hit := uint32(e.pairStarts[two>>6]>>(two&63)|e.threes[three>>6]>>(three&63)|e.fours[four>>6]>>(four&63)|e.fives[five>>6]>>(five&63)) & 1
		found |= low & -hit
	}
	*first = f
	return found
}

// digitBits has a bit for each of 32 bytes that is a digit.
func digitBits(b *[block]byte) (bits uint32) {
	const ones, low = 0x0101010101010101, 0x7F * 0x0101010101010101
	for k := 0; k < block; k += 8 {
		x := binary.LittleEndian.Uint64(b[k:]) ^ '0'*ones
		above := (x&low + (0x80-10)*ones) | x // the high bit of a byte says that it is 10 or more
		bits |= uint32((^above>>7&ones)*0x0102040810204080>>56) << k
	}
	return bits
}

// marks gathers for 32 bytes the two bits that the table has for each: bit 0 into the low half, bit 32 into the high one.
func marks(t *[256]uint64, b *[block]byte) uint64 {
	p := t[b[0]] | t[b[1]]<<1 | t[b[2]]<<2 | t[b[3]]<<3 | t[b[4]]<<4 | t[b[5]]<<5 | t[b[6]]<<6 | t[b[7]]<<7
	q := t[b[8]] | t[b[9]]<<1 | t[b[10]]<<2 | t[b[11]]<<3 | t[b[12]]<<4 | t[b[13]]<<5 | t[b[14]]<<6 | t[b[15]]<<7
	r := t[b[16]] | t[b[17]]<<1 | t[b[18]]<<2 | t[b[19]]<<3 | t[b[20]]<<4 | t[b[21]]<<5 | t[b[22]]<<6 | t[b[23]]<<7
	s := t[b[24]] | t[b[25]]<<1 | t[b[26]]<<2 | t[b[27]]<<3 | t[b[28]]<<4 | t[b[29]]<<5 | t[b[30]]<<6 | t[b[31]]<<7
	return p | q<<8 | r<<16 | s<<24
}

// headHash maps the first four bytes of a token to a bit of Engine.fours. Two may share one; then a recogniser is asked in
// vain.
func headHash(x uint32) uint32 { return x * 0x9E3779B1 >> 16 }

// longHash does the same with the first five for Engine.fives.
func longHash(x uint64) uint32 { return uint32(x << 24 * formPrime >> 48) }

// threeSlot maps the first three bytes of a token to a bit of Engine.threes: letters and digits to one of their own.
func threeSlot(x uint32) uint32 {
	return uint32(sixBits[byte(x)]) | uint32(sixBits[byte(x>>8)])<<6 | uint32(sixBits[byte(x>>16)])<<12
}

// sixBits numbers the letters and digits; all other bytes share the last number.
var sixBits = func() (t [256]uint8) {
	for c := range t {
		t[c] = 63
		if k := indexByte(lower+upper+digits, byte(c)); k >= 0 {
			t[c] = uint8(k)
		}
	}
	return t
}()

// fillMarks makes the tables of the lookout from the actions and the prefixes.
func (e *Engine) fillMarks() {
	for c, act := range e.act {
		if isWord(byte(c)) {
			e.marks[c] = 1
		}
		switch act {
		case actHere:
			e.marks[c] |= 1 << 32
		case actStart:
			e.mayBegin(byte(c), anyByte)
		}
		for _, t := range e.on[c] {
			if t.prefix == "" {
				e.mayBegin(byte(c), t.seconds())
			}
		}
	}
	for _, list := range e.buckets {
		for _, t := range list {
			if len(t.prefix) == 2 && t.next == "" {
				e.mayBegin(t.prefix[0], []byte{t.prefix[1]})
			}
			for _, head := range t.heads() {
				if head>>24 == 0 {
					at := threeSlot(head)
					e.threes[at>>6] |= 1 << (at & 63)
					continue
				}
				e.addFours(&t, head)
			}
		}
	}
	if e.hasUpper {
		for c := byte('A'); c <= 'Z'; c++ {
			e.mayBegin(c, capitals)
		}
	}
}

// addFours notes a trigger that is known by four bytes, or by five where all that it looks for goes on with one.
func (e *Engine) addFours(t *trigger, head uint32) {
	for _, h := range t.spelled() {
		if h.mask>>32&0xFF == 0 {
			at := headHash(head)
			e.fours[at>>6] |= 1 << (at & 63)
			continue
		}
		for _, c := range [...]uint64{h.value, h.value &^ (h.fold & (0xFF << 32))} {
			at := longHash(c)
			e.fives[at>>6] |= 1 << (at & 63)
		}
	}
}

// mayBegin says that a token may begin with a and one of the second bytes, whatever follows.
func (e *Engine) mayBegin(a byte, second []byte) {
	for _, b := range second {
		pair := uint(b)<<8 | uint(a)
		e.pairStarts[pair>>6] |= 1 << (pair & 63)
	}
}

// begins reports whether mayBegin was said of the two bytes.
func (e *Engine) begins(a, b byte) bool {
	pair := uint(b)<<8 | uint(a)
	return e.pairStarts[pair>>6]>>(pair&63)&1 != 0
}

// seconds lists the bytes of next.
func (e *entry) seconds() []byte {
	if e.next == "" {
		return anyByte
	}
	return []byte(e.next)
}

var (
	capitals = []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
	anyByte  = func() []byte {
		b := make([]byte, 256)
		for c := range b {
			b[c] = byte(c)
		}
		return b
	}()
)
