package names

import (
	"bytes"

	"github.com/reeve-ai/reeve/detect/names/sequence"
)

// ahead looks for a street behind its number: 12 Main Street, 5 bis rue du Bac.
func ahead(text []byte, i, end int) span {
	stop := houseNumber(text, end)
	j := stop
	if j < len(text) && text[j] == ',' {
		j++
	}
	j = blanks(text, j)
	if j == stop {
		return span{}
	}
	first := wordAt(text, j)
	if first.zero() || is(first.hash, monthWord) {
		return span{}
	}
	before := wordBefore(text, max(0, i-reach), blanksBefore(text, max(0, i-reach), i))
	if !before.zero() && before.end < i && is(before.hash, counter) {
		return span{}
	}
	if s := frenchStreet(text, i, first); s.score > 0 {
		return s
	}
	return typed(text, i, j)
}

// frenchStreet reads a street whose type, first, stands behind the number at i. Types that are English nouns must be in
// lower case or have a particle behind them: 3 place Bellecour, 3 Place de la Bourse, but not 3 Place Settings.
func frenchStreet(text []byte, i int, first word) span {
	if !is(first.hash, french) {
		next := wordAt(text, blanks(text, first.end))
		if !is(first.hash, frontType) || isUpper(text[first.start]) && !is(next.hash, connector) {
			return span{}
		}
	}
	if e, n := streetName(text, first.end); n > 0 {
		return span{start: i, end: e, score: 0.85}
	}
	return span{}
}

// typed reads words up to a type of street. The last strong type counts, or the first weak one if there is none.
func typed(text []byte, start, j int) span {
	best, names, small := span{}, 0, false
	for n := 0; n < 6; n++ {
		w := wordAt(text, j)
		if w.zero() || w.end-start > reach {
			break
		}
		big := isUpper(text[w.start]) || w.hash == 1
		small = small || n == 0 && !big && !is(w.hash, connector) && !is(w.hash, direction)
		switch {
		case names > 0 && big && !small && is(w.hash, strongType):
			best = span{start: start, end: w.end, score: 0.8}
		case names > 0 && big && !small && is(w.hash, weakType) && best.score < 0.5:
			best = span{start, w.end, 0.45, weakType}
		case names > 0 && big && !small && is(w.hash, thingType) && best.score < 0.45:
			best = span{start, w.end, 0.35, thingType}
		case names > 0 && names < 3 && !big && w.end-w.start <= 6 && is(w.hash, strongType) && n < 3 && best.score == 0:
			return trimmed(text, span{start: start, end: w.end, score: 0.45})
		case best.score > 0 && is(w.hash, direction) && big:
			best.end = w.end
		case best.score > 0:
			return trimmed(text, best)
		case !big && !is(w.hash, connector) && n > 0:
			return span{}
		}
		if !is(w.hash, connector) && !is(w.hash, direction) {
			names++
		}
		if w.dotted && (best.end != w.end || best.kind != plainWord) && w.end-w.start > 4 {
			break
		}
		if j = blanks(text, w.end); j == w.end {
			break
		}
	}
	return trimmed(text, best)
}

// trimmed takes a full stop off the end where it ends the sentence.
func trimmed(text []byte, s span) span {
	if s.score == 0 || text[s.end-1] != '.' {
		return s
	}
	if j := blanks(text, s.end); j >= len(text) || text[j] == '\n' || text[j] == '\r' || isUpper(text[j]) && !unitAhead(text, j) && !postcodeAhead(text, j) {
		s.end--
	}
	return s
}

// streetName reads the name behind a type such as "rue": up to six words with capital letters and particles. It returns
// its end and the number of words with capital letters.
func streetName(text []byte, j int) (end, names int) {
	end = j
	for n := 0; n < 7; n++ {
		k := blanks(text, j)
		w := wordAt(text, k)
		if w.zero() || k == j && n > 0 {
			break
		}
		switch {
		case isUpper(text[w.start]) || w.hash == 1:
			names++
			end = w.end
		case is(w.hash, connector) || names == 0 && n == 0:
		default:
			return end, names
		}
		j = w.end
		if w.dotted && w.end-w.start > 4 {
			return end - 1, names
		}
	}
	return end, names
}

// behind looks for a street before its number: Hauptstraße 5, Via Roma 12, ul. Długa 5/7.
func behind(text []byte, from, i, end int) span {
	j := blanksBefore(text, from, i)
	if w := wordBefore(text, from, j); !w.zero() && is(w.hash, numberMark) && (w.dotted || w.end-w.start > 1) || j > from+1 && text[j-1] == 0xBA {
		if j > from+1 && text[j-1] == 0xBA { // nº
			j -= 2
			for j > from && isLetter(text[j-1]) {
				j--
			}
		} else {
			j = w.start
		}
		j = blanksBefore(text, from, j)
	}
	commas := false
	if j > from && text[j-1] == ',' {
		j--
		commas = true
	}
	if j == i {
		return span{}
	}
	last := wordBefore(text, from, j)
	if last.zero() {
		return span{}
	}
	stop := houseNumber(text, end)
	if s := compound(text, from, last, stop); s.score > 0 && !commas {
		return s
	}
	return fronted(text, from, last, stop)
}

// compound reads a street whose last word tells that it is one.
func compound(text []byte, from int, last word, stop int) span {
	score := float32(0)
	separate := is(last.hash, backType)
	if separate {
		score = 0.85
		if last.end-last.start <= 3 && !last.dotted {
			score = 0.55
		}
	} else if isUpper(text[last.start]) {
		var memory [48]byte
		letters := sequence.Fold(memory[:0], text[last.start:min(last.end, last.start+40)])
		switch {
		case ending(letters, compoundsWeak) && bytes.Count(letters, []byte("-")) < 2:
			score = 0.45
		case ending(letters, compounds), ending(letters, compoundsWeak): // Karl-Marx-Ring
			score = 0.85
		}
	}
	if score == 0 {
		return span{}
	}
	start, names := last.start, 0
	for n := 0; n < 4; n++ {
		w := wordBefore(text, from, blanksBefore(text, from, start))
		if w.zero() || w.end == start && !separate {
			break
		}
		big := isUpper(text[w.start])
		if is(w.hash, addressCue) || !separate && !is(w.hash, adjective) || separate && !big && !is(w.hash, adjective) {
			break
		}
		if names > 0 && !big {
			break
		}
		if big {
			start = w.start
		} else {
			break
		}
		names++
	}
	if separate && names == 0 {
		return span{}
	}
	if k := blanksBefore(text, from, start); k < start { // 6750 Koskikatu 25
		if d := digitsBefore(text, from, k); d < k && k-d <= 5 && (d == 0 || text[d-1] == ' ' || text[d-1] == '\n') {
			start = d
		}
	}
	return span{start: start, end: stop, score: score}
}

// digitsBefore returns where the digits that end at i begin.
func digitsBefore(text []byte, from, i int) int {
	for i > from && text[i-1]-'0' <= 9 {
		i--
	}
	return i
}

// ending reports whether the word ends in one of the list and has at least three letters before it.
func ending(letters []byte, list []string) bool {
	for _, s := range list {
		if len(letters) >= len(s)+3 && string(letters[len(letters)-len(s):]) == s {
			return true
		}
	}
	return false
}

// fronted reads back to a word such as "via" that begins a street.
func fronted(text []byte, from int, last word, stop int) span {
	w, names := last, 0
	for n := 0; n < 7 && !w.zero(); n++ {
		start := w.start
		slash := start < w.end && w.end-start >= 2 && text[start]|0x20 == 'c' && text[start+1] == '/'
		if names > 0 && (is(w.hash, frontType) || slash) {
			score := float32(0.85)
			if w.end-w.start <= 2 && !slash { // R. Augusta, but also C 3 and R 5
				score = 0.3
				if w.dotted {
					score = 0.55
				}
			}
			return span{start: start, end: stop, score: score}
		}
		switch {
		case isUpper(text[start]):
			names++
		case is(w.hash, connector) && n > 0:
		default:
			return span{}
		}
		k := blanksBefore(text, from, start)
		if k > from+1 && text[k-1] == '/' && text[k-2]|0x20 == 'c' && names > 0 { // C/ Cervantes
			return span{start: k - 2, end: stop, score: 0.8}
		}
		if k == start && !(k > from && text[k-1] == '.') {
			return span{}
		}
		w = wordBefore(text, from, k)
	}
	return span{}
}
