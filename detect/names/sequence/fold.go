package sequence

import (
	"unicode"
	"unicode/utf8"
)

// class says what a byte is to the splitter.
type class uint8

const (
	other class = iota // punctuation and signs, one token each
	space
	newline
	lower
	upper
	digit
	high // part of a rune beyond ASCII
)

var classes = func() (t [256]class) {
	for i := range t {
		switch c := byte(i); {
		case c == '\n' || c == '\r':
			t[i] = newline
		case c <= ' ' || c == 0x7f:
			t[i] = space
		case c >= 'a' && c <= 'z':
			t[i] = lower
		case c >= 'A' && c <= 'Z':
			t[i] = upper
		case c >= '0' && c <= '9':
			t[i] = digit
		case c >= 0x80:
			t[i] = high
		}
	}
	return t
}()

// bases are the base letters of U+00C0 to U+017F, so that "José" and "Jose" are one word to every list.
const bases = "aaaaaaaceeeeiiiidnooooo*ouuuuytsaaaaaaaceeeeiiiidnooooo*ouuuuyty" +
	"aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs"

// fold returns the class of the rune at the start of s, the byte that stands for it in hashes (0 where the rune needs
// all its bytes), and its size. Runes that are no letters or digits have class other or space.
func fold(s []byte) (c class, base byte, size int) {
	r, size := utf8.DecodeRune(s)
	switch {
	case r >= 0xC0 && r <= 0x17F && r != 0xD7 && r != 0xF7:
		c = lower
		if unicode.IsUpper(r) {
			c = upper
		}
		return c, bases[r-0xC0], size
	case r == 0xA0 || r >= 0x2000 && r <= 0x200B || r == 0x3000 || r == 0xFEFF:
		return space, ' ', size
	case r == 0x2028 || r == 0x2029 || r == 0x85:
		return newline, '\n', size
	case r == 0x2019 || r == 0x2BC:
		return other, '\'', size
	case r == 0x2010 || r == 0x2011 || r == 0x2013 || r == 0x2014:
		return other, '-', size
	case r == 0x201C || r == 0x201D || r == 0x201E || r == 0xAB || r == 0xBB:
		return other, '"', size
	case unicode.IsUpper(r):
		return upper, 0, size
	case unicode.IsLetter(r) || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Mc, r):
		return lower, 0, size
	case unicode.IsDigit(r):
		return digit, '0', size
	}
	return other, 0, size
}

const (
	seed  = 0xcbf29ce484222325
	prime = 0x100000001b3
)

// mix spreads h over all bits (the finaliser of SplitMix64).
func mix(h uint64) uint64 {
	h ^= h >> 30
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 27
	h *= 0x94d049bb133111eb
	return h ^ h>>31
}

// Hash is the hash of a word as Lexicon and features know it: lower case, without accents.
func Hash(word string) uint64 { return HashBytes([]byte(word)) }

// HashBytes is Hash of bytes.
func HashBytes(s []byte) uint64 {
	h := uint64(seed)
	for len(s) > 0 {
		n := 1
		switch c := s[0]; classes[c] {
		case upper:
			h = (h ^ uint64(c|0x20)) * prime
		case high:
			var base byte
			_, base, n = fold(s)
			h = hashRune(h, s[:n], base)
		default:
			h = (h ^ uint64(c)) * prime
		}
		s = s[n:]
	}
	return mix(h)
}

// hashRune adds a rune beyond ASCII: by its base letter if it has one, otherwise by its lower-case form.
func hashRune(h uint64, s []byte, base byte) uint64 {
	if base != 0 {
		return (h ^ uint64(base)) * prime
	}
	r, _ := utf8.DecodeRune(s)
	return (h ^ uint64(unicode.ToLower(r))) * prime
}

// Pair is the hash of two words side by side.
func Pair(a, b uint64) uint64 { return mix(a*3 + b*prime) }

// Fold appends the letters of s as hashes see them, one byte each, to dst. A letter without a base letter is its last byte.
func Fold(dst, s []byte) []byte {
	for len(s) > 0 {
		n := 1
		switch c := s[0]; classes[c] {
		case upper:
			dst = append(dst, c|0x20)
		case high:
			var base byte
			if _, base, n = fold(s); base == 0 {
				base = s[n-1]
			}
			dst = append(dst, base)
		default:
			dst = append(dst, c)
		}
		s = s[n:]
	}
	return dst
}
