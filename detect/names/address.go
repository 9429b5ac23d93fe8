package names

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/detect/names/sequence"
)

// addresses appends the postal addresses in text. Nearly every address has a number, so the scan stops at numbers and at
// words such as "rue", and looks from there to both sides, never further than reach bytes: time is linear. The names
// that the model has found in text, ascending, speak for streets that are called after people and places.
func addresses(dst []detect.Match, text []byte, names []sequence.Span) []detect.Match {
	from := 0 // end of the last address
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c-'0' > 9 {
			if !isLetter(c) {
				continue
			}
			end := i + 1
			for end < len(text) && isLetter(text[end]) {
				end++
			}
			if i >= from && nameAhead(text, end) {
				if s := bare(text, from, i, end); s.score >= addressFloor {
					dst = append(dst, detect.Match{Rule: streetAddress, Start: s.start, End: s.end, Score: s.score})
					from, end = s.end, s.end
				}
			}
			i = end - 1
			continue
		}
		if i > 0 && (text[i-1] == '_' || letterBefore(text, i)) {
			i = skipDigits(text, i) - 1
			continue
		}
		end := skipDigits(text, i)
		if start, stop, score := addressAt(text, names, from, i, end); score >= addressFloor {
			dst = append(dst, detect.Match{Rule: streetAddress, Start: start, End: stop, Score: min(score, 0.99)})
			from = stop
			end = max(end, stop)
		}
		i = end - 1
	}
	return dst
}

const (
	addressFloor = 0.5
	reach        = 96 // bytes that an address may reach to either side of its number
)

func skipDigits(text []byte, i int) int {
	for i < len(text) && text[i]-'0' <= 9 {
		i++
	}
	return i
}

// isLetter takes bytes beyond ASCII for letters, but for those that begin the signs of U+0080 to U+00BF and U+2000 to
// U+2FFF, such as quotation marks.
func isLetter(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 && c != 0xC2 && c != 0xE2
}

// letterBefore reports whether a letter ends at i.
func letterBefore(text []byte, i int) bool {
	if i == 0 || text[i-1] < 0x80 {
		return i > 0 && isLetter(text[i-1])
	}
	r, _ := utf8.DecodeLastRune(text[:i])
	return unicode.IsLetter(r)
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' || c >= 0xC3 && c <= 0xC5 || c == 0xC8 }

// span is a piece of text with what speaks for it.
type span struct {
	start, end int
	score      float32
	kind       wordKind // weakType or thingType where the street ends in one, a reason for doubt
}

// addressAt looks for an address whose house number or box number stands from i to end, nowhere before from.
func addressAt(text []byte, names []sequence.Span, from, i, end int) (start, stop int, score float32) {
	if end-i > 5 {
		return 0, 0, 0
	}
	from = max(from, i-reach)
	best := box(text, from, i, end)
	if best.score == 0 && plainNumber(text, from, i, end) {
		if best = behind(text, from, i, end); best.score == 0 {
			if best = inFlat(text, from, i, end); best.score == 0 {
				best = ahead(text, i, end)
				best.score += evidence(text, names, best, end)
				best.start = leadingUnit(text, from, best.start)
			}
		}
	}
	if best.score == 0 {
		return 0, 0, 0
	}
	best.score += cue(text, from, best.start)
	best = extend(text, best)
	return best.start, best.end, best.score
}

// plainNumber reports whether the number is no part of a price, a date, a time, a version or another long number.
func plainNumber(text []byte, from, i, end int) bool {
	if i > from {
		switch c := text[i-1]; c {
		case '.', ':', '$', '-', '+', '@', '=', '%', '*':
			return c == ':' && (i-2 < from || text[i-2]-'0' > 9)
		case '/':
			return false
		case ',':
			return i-2 < from || text[i-2]-'0' > 9
		}
		if text[i-1] >= 0x80 && i >= 3 && (bytes.Equal(text[i-3:i], []byte("€")) || bytes.Equal(text[i-2:i], []byte("£"))) {
			return false
		}
	}
	if end+1 < len(text) {
		switch text[end] {
		case '.', ',', ':':
			return text[end+1]-'0' > 9
		case '%', '=':
			return false
		}
	}
	return true
}

// word is a run of letters with apostrophes, hyphens and a full stop at its end. Digits belong to it behind the first
// letter or in ordinals such as 5th.
type word struct {
	start, end int
	hash       uint64 // without the full stop
	dotted     bool
}

func (w *word) zero() bool { return w.end == w.start }

// wordAt reads the word that starts at i.
func wordAt(text []byte, i int) (w word) {
	w.start, w.end = i, i
	if i < len(text) && text[i]-'0' <= 9 { // an ordinal
		j := skipDigits(text, i)
		if j-i <= 3 && j+2 <= len(text) && text[j]|0x20 >= 'a' && text[j]|0x20 <= 'z' && isLetter(text[j+1]) && (j+2 == len(text) || !isLetter(text[j+2]) && text[j+2]-'0' > 9) {
			w.end = j + 2
			w.hash = 1
		}
		return w
	}
	j := i
	for j < len(text) && j-i < 40 {
		c := text[j]
		if isLetter(c) || c-'0' <= 9 && j > i || (c == '\'' || c == '-') && j > i && j+1 < len(text) && isLetter(text[j+1]) {
			j++
			continue
		}
		if j > i && j+3 < len(text) && string(text[j:j+3]) == "’" && isLetter(text[j+3]) {
			j += 3
			continue
		}
		break
	}
	if w.end = j; j == i {
		return w
	}
	w.hash = sequence.HashBytes(text[i:j])
	if j < len(text) && text[j] == '.' {
		w.dotted = true
		w.end++
	}
	return w
}

// wordBefore reads the word that ends at i, not before from.
func wordBefore(text []byte, from, i int) (w word) {
	w.start, w.end = i, i
	j := i
	if j > from && text[j-1] == '.' {
		w.dotted = true
		j--
	}
	k := j
	for k > from && (isLetter(text[k-1]) || k < j && (text[k-1] == '\'' || text[k-1] == '-' || text[k-1] == '/')) {
		k--
	}
	if k == j {
		w.dotted = false
		return w
	}
	for k < j && (!isLetter(text[k]) || text[k]&0xC0 == 0x80) { // a rune begins the word, not the end of a sign
		k++
	}
	w.start, w.hash = k, sequence.HashBytes(text[k:j])
	return w
}

// blanks skips spaces and tabs forward.
func blanks(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t') {
		i++
	}
	return i
}

// blanksBefore skips spaces and tabs backward.
func blanksBefore(text []byte, from, i int) int {
	for i > from && (text[i-1] == ' ' || text[i-1] == '\t') {
		i--
	}
	return i
}

// houseNumber returns the end of a house number that begins with digits up to end: 17a, 12-14, 5/7, 12 bis.
func houseNumber(text []byte, end int) int {
	if end < len(text) && (text[end] == '-' || text[end] == '/') {
		if j := skipDigits(text, end+1); j > end+1 && j-end <= 5 {
			end = j
		}
	}
	next := func(i int) bool { return i >= len(text) || !isLetter(text[i]) && text[i]-'0' > 9 }
	if end < len(text) && text[end]|0x20 >= 'a' && text[end]|0x20 <= 'h' && next(end+1) {
		end++
	} else if end+1 < len(text) && text[end] == ' ' && text[end+1] >= 'a' && text[end+1] <= 'f' && (end+2 == len(text) || text[end+2] == ',' || text[end+2] == '\n') {
		end += 2
	}
	if bytes.HasPrefix(text[end:], []byte(" bis")) && next(end+4) || bytes.HasPrefix(text[end:], []byte(" ter")) && next(end+4) {
		end += 4
	}
	return end
}

// cue is what the words before an address add to its score.
func cue(text []byte, from, start int) float32 {
	i := start
	for n := 0; n < 4 && i > from; n++ {
		for i > from && !isLetter(text[i-1]) {
			if text[i-1] == '.' && n > 0 {
				return 0
			}
			i--
		}
		w := wordBefore(text, from, i)
		if w.zero() {
			break
		}
		if is(w.hash, addressCue) {
			return 0.2
		}
		if k := bytes.IndexByte(text[w.start:w.end], '\''); k > 0 && is(sequence.HashBytes(text[w.start+k+1:w.end]), addressCue) { // j'habite
			return 0.2
		}
		i = w.start
	}
	return 0
}
