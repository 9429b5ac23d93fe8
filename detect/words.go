package detect

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// wordList holds context words for near and follows.
//
// A word counts in any case, with or without its accents (one listed with an accent is also found without it), and only
// as a whole word; in names of fields and variables the parts are words ("user_ssn", "taxId", "customerSSN"). A space in
// a word stands for any punctuation or none: "social security" also finds "social-security" and "socialSecurity". A
// star at the end stands for any ending: "versichert*". Scripts that put no spaces between words, and Semitic ones,
// where particles join the word, need no boundary.
type wordList struct {
	first [8]uint64   // bits for the first two bytes of the folded words
	three [128]uint64 // bits for the first three, see tripleHash
	cues  []cue       // by first byte, long ones first
	from  [257]uint16 // where the cues of a first byte begin
}

type cue struct {
	text string // folded
	open bool   // any ending
}

func words(list ...string) *wordList {
	l := &wordList{}
	for _, s := range list {
		stem, open := strings.CutSuffix(s, "*")
		var f folded
		f.fold([]byte(stem), 0)
		c := cue{strings.TrimSpace(string(f.text[:f.n])), open || joins(lastRune(stem))}
		for b := range 256 {
			if len(c.text) == 1 || c.text[1] == byte(b) || c.text[1] == ' ' {
				h := pairHash(c.text[0], byte(b))
				l.first[h>>6] |= 1 << (h & 63)
			}
		}
		l.addTriples(&c)
		l.cues = append(l.cues, c)
	}
	slices.SortFunc(l.cues, func(a, b cue) int {
		return cmp.Or(int(a.text[0])-int(b.text[0]), len(b.text)-len(a.text), strings.Compare(a.text, b.text))
	})
	for _, c := range l.cues {
		l.from[int(c.text[0])+1]++
	}
	for k := range 256 {
		l.from[k+1] += l.from[k]
	}
	return l
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

func pairHash(a, b byte) uint { return (uint(a)*31 + uint(b)) & 511 }

// addTriples notes the first three bytes of a folded word as they may stand in a text of ASCII: letters in either case; where
// a space stands in the word anything, since there may be none; behind its end what ends it, a capital too, or anything if
// it is open.
func (l *wordList) addTriples(c *cue) {
	sets := [3]string{c.text[:1], anyHead, anyHead}
	for k := 1; k < 3; k++ {
		if k == len(c.text) && !c.open {
			sets[k] = " " + digits + upper
		}
		if k >= len(c.text) || c.text[k] == ' ' {
			break
		}
		if sets[k] = c.text[k : k+1]; isLetter(c.text[k]) {
			sets[k] += string(c.text[k] &^ 0x20)
		}
	}
	for _, b := range []byte(sets[1]) {
		for _, d := range []byte(sets[2]) {
			h := tripleHash(sets[0][0], b, d)
			l.three[h>>6] |= 1 << (h & 63)
		}
	}
}

const anyHead = " " + digits + lower + upper

func tripleHash(a, b, c byte) uint { return (uint(a)*0x3D1 + uint(b)*0x61 + uint(c)) & 8191 }

// mayBegin reports whether a word may begin at one of the heads of a text of ASCII; three is that of its list.
func mayBegin(three *[128]uint64, text []byte, heads uint64) bool {
	if heads>>max(0, len(text)-2) != 0 {
		return true // too close to the end to tell
	}
	for ; heads != 0; heads &= heads - 1 {
		k := bits.TrailingZeros64(heads)
		h := tripleHash(lowerByte[text[k]], headByte[text[k+1]], headByte[text[k+2]])
		if three[h>>6]>>(h&63)&1 != 0 {
			return true
		}
	}
	return false
}

// headByte leaves letters and digits of ASCII as they are and makes a space of everything else; lowerByte makes letters small.
var headByte, lowerByte = func() (t, low [256]byte) {
	for c := range t {
		if t[c] = ' '; isAlnum(byte(c)) {
			t[c] = byte(c)
		}
		if low[c] = t[c]; isUpper(byte(c)) {
			low[c] |= 0x20
		}
	}
	return t, low
}()

// folded is a text as words see it: letters in lower case without accents, digits, and one space for everything else
// and between the words of a name such as taxId.
type folded struct {
	at     int    // what it was made of, for the memory of the window
	from   int    // where in the window it begins
	heads  uint64 // see wordHeads
	folded bool   // text is there
	n      uint8
	starts [2]uint64 // where words begin
	text   [foldSpan]byte
}

// fold makes the text of src, at most foldSpan bytes of it; prev is the byte before it.
func (f *folded) fold(src []byte, prev byte) {
	f.n, f.starts = 0, [2]uint64{}
	space := !isAlnum(prev) && prev < utf8.RuneSelf
	for i := 0; i < len(src) && int(f.n) < foldSpan-5; {
		c := src[i]
		switch {
		case isLetter(c):
			if isUpper(c) && i > 0 && f.camel(src, i) {
				f.put(' ')
				space = true
			}
			f.start(space)
			f.put(c | 0x20)
			space = false
			i++
		case isDigit(c):
			f.put(c)
			space = false
			i++
		case c < utf8.RuneSelf:
			if f.n > 0 && f.text[f.n-1] != ' ' {
				f.put(' ')
			}
			space = true
			i++
		default:
			r, n := utf8.DecodeRune(src[i:])
			space = f.putRune(r, space)
			i += n
		}
	}
	f.text[f.n] = 0
}

// putRune adds a rune beyond ASCII and reports whether a word may begin after it.
func (f *folded) putRune(r rune, space bool) bool {
	if unicode.Is(unicode.Mn, r) {
		return space
	}
	if base := baseLetter(r); base != 0 {
		f.start(space)
		f.put(base)
		return false
	}
	if !unicode.IsLetter(r) {
		if f.n > 0 && f.text[f.n-1] != ' ' {
			f.put(' ')
		}
		return true
	}
	f.start(space || joins(r))
	f.n += uint8(utf8.EncodeRune(f.text[f.n:], unicode.ToLower(r)))
	return joins(r)
}

// camel reports whether the capital at i begins a word inside a name: "taxId", "customerSSN", "SSNNumber", but not
// "iPhone".
func (f *folded) camel(src []byte, i int) bool {
	p := src[i-1]
	if isUpper(p) {
		return i+1 < len(src) && isLetter(src[i+1]) && !isUpper(src[i+1])
	}
	return isLetter(p) && i > 1 && isLetter(src[i-2])
}

func (f *folded) put(c byte) {
	f.text[f.n] = c
	f.n++
}

func (f *folded) start(space bool) {
	if space {
		f.starts[f.n>>6] |= 1 << (f.n & 63)
	}
}

// find returns the first word of the list that begins at from or later, "" if there is none.
func (f *folded) find(list *wordList, from int) string {
	for k, set := range f.starts {
		for ; set != 0; set &= set - 1 {
			i := k<<6 + bits.TrailingZeros64(set)
			if i < from {
				continue
			}
			h := pairHash(f.text[i], f.text[i+1])
			if list.first[h>>6]>>(h&63)&1 == 0 {
				continue
			}
			if s := list.at(f.text[i:f.n]); s != "" {
				return s
			}
		}
	}
	return ""
}

// at returns the word of the list that the text begins with.
func (l *wordList) at(text []byte) string {
	for k := l.from[text[0]]; k < l.from[int(text[0])+1]; k++ {
		if c := &l.cues[k]; c.matches(text) {
			return c.text
		}
	}
	return ""
}

func (c *cue) matches(text []byte) bool {
	j := 0
	for k := range len(c.text) {
		switch {
		case j < len(text) && text[j] == c.text[k]:
			j++
		case c.text[k] != ' ':
			return false
		}
	}
	if j < len(text) && isDigit(text[j]) {
		j++ // one of several, such as ssn1
	}
	return c.open || j == len(text) || text[j] == ' '
}

// joins reports scripts whose words need no boundary: no spaces are written between them, or particles join them.
func joins(r rune) bool {
	return r >= 0x0590 && !unicode.In(r, unicode.Devanagari, unicode.Georgian, unicode.Latin, unicode.Greek, unicode.Cyrillic)
}

// baseLetter returns the ASCII letter under the accents of a Latin letter, in lower case, or 0.
func baseLetter(r rune) byte {
	switch {
	case r >= 0xC0 && r <= 0xFF:
		return latin1Base[r-0xC0]
	case r >= 0x100 && r <= 0x17F:
		return latinABase[r-0x100]
	case r == 'ș' || r == 'Ș':
		return 's'
	case r == 'ț' || r == 'Ț':
		return 't'
	}
	return 0
}

const (
	latin1Base = "aaaaaaaceeeeiiii" + "dnooooo\x00ouuuuyts" + "aaaaaaaceeeeiiii" + "dnooooo\x00ouuuuyty"
	latinABase = "aaaaaa" + "cccccccc" + "dddd" + "eeeeeeeeee" + "gggggggg" + "hhhh" + "iiiiiiiiii" + "ii" + "jj" + "kkk" + "llllllllll" +
		"nnnnnnnnn" + "oooooooo" + "rrrrrr" + "ssssssss" + "tttttt" + "uuuuuuuuuuuu" + "ww" + "yyy" + "zzzzzz" + "s"
)
