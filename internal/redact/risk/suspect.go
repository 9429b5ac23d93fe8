package risk

import (
	"unicode"
	"unicode/utf8"
)

// suspicion is what the crude search sees in a record. It shares no code with the detectors, so that what they miss is not
// missed twice, and it would rather see too much.
type suspicion struct {
	identifier bool // an "@" within a word, or seven digits in a row but for single separators
	name       bool // two words that begin with a capital, side by side
}

// suspect looks at a text. What redaction wrote in brackets is no reason for suspicion.
func suspect(text []byte) (s suspicion) {
	digits, gap, capitals := 0, 0, 0
	for i := 0; i < len(text); {
		if n := placeholder(text[i:]); n > 0 {
			i, digits, capitals = i+n, 0, 0
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case r >= '0' && r <= '9':
			digits, gap, capitals = digits+1, 0, 0
		case unicode.IsLetter(r):
			n := word(text[i:])
			if unicode.IsUpper(r) && n > size {
				capitals++
			} else {
				capitals = 0
			}
			size, digits = n, 0
		default:
			if gap++; gap > 1 {
				digits = 0
			}
			if r != ' ' && r != '\'' && r != '-' {
				capitals = 0
			}
			if r == '@' && i > 0 && i+1 < len(text) && text[i-1] > ' ' && text[i+1] > ' ' {
				s.identifier = true
			}
		}
		s.identifier = s.identifier || digits >= 7
		s.name = s.name || capitals >= 2
		i += size
	}
	return s
}

// word is the length of the run of letters that text begins with.
func word(text []byte) int {
	n := 0
	for n < len(text) {
		r, size := utf8.DecodeRune(text[n:])
		if !unicode.IsLetter(r) && !unicode.IsMark(r) {
			break
		}
		n += size
	}
	return n
}

// placeholder is the length of "[PERSON]" or "[rv1:…]" at the start of text.
func placeholder(text []byte) int {
	if len(text) < 3 || text[0] != '[' || !(text[1]-'A' < 26 || text[1] == 'r') {
		return 0
	}
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == ']':
			return i + 1
		case c|0x20-'a' >= 26 && c-'0' >= 10 && c != '_' && c != '-' && c != ':':
			return 0
		}
	}
	return 0
}
