package names

import (
	"sort"

	"github.com/reeve-ai/reeve/detect/names/sequence"
)

// evidence is what the number, the unit behind the street and the names that the model has found add to the score of a
// street whose type is a common word. "12 Key Points" is no address; "8170 Gill Fields" is one, and so is "4 Gill
// Fields, Flat 2".
func evidence(text []byte, names []sequence.Span, s span, numberEnd int) (more float32) {
	if s.kind == plainWord {
		return 0
	}
	if first := wordAt(text, blanks(text, numberEnd)); is(first.hash, quantity) { // 100 Acre Wood
		return -s.score
	}
	digits := numberEnd - s.start
	year := digits == 4 && (text[s.start] == '1' && text[s.start+1] == '9' || text[s.start] == '2' && text[s.start+1] == '0')
	switch {
	case year:
	case named(text, names, numberEnd, s.end, digits):
		more = 0.25
	case s.kind == weakType && digits >= 3:
		more = 0.1
	case digits < 3 && is(wordBefore(text, numberEnd, s.end).hash, surname):
		more = -0.1 // 7 Peter Hill may be a line of a list
	}
	if units(text, s.end) > s.end {
		more += 0.2
	}
	return more
}

// named reports whether the model takes the words of a street, from start to end, for a person or, all of them, for a
// place. A person behind a small number may be a line of a list, so the type must not be a family name then.
func named(text []byte, names []sequence.Span, start, end, digits int) bool {
	for k := sort.Search(len(names), func(k int) bool { return names[k].End > start }); k < len(names) && names[k].Start < end; k++ {
		switch n := names[k]; {
		case n.Score < 0.5 || n.Start < start:
		case n.Label == sequence.BeginPlace && n.End >= end:
			return true
		case n.Label == sequence.BeginPerson:
			last := wordBefore(text, start, end)
			return digits > 2 || !is(last.hash, surname)
		}
	}
	return false
}

// inFlat reads a street with the number of a flat instead of that of a house: Flat 20, Edwards Fields.
func inFlat(text []byte, from, i, end int) span {
	w := wordBefore(text, from, blanksBefore(text, from, i))
	if w.zero() || w.end == i || !is(w.hash, flat) || !isUpper(text[w.start]) {
		return span{}
	}
	if end < len(text) && text[end]|0x20 >= 'a' && text[end]|0x20 <= 'z' {
		end++
	}
	if end >= len(text) || text[end] != ',' {
		return span{}
	}
	s := typed(text, i, blanks(text, end+1))
	if s.score == 0 {
		return span{}
	}
	return span{start: w.start, end: s.end, score: 0.8}
}

// leadingUnit returns where a unit before the house number at i begins: Level 3, 797 Brown Road. It is i if there is none.
func leadingUnit(text []byte, from, i int) int {
	j := blanksBefore(text, from, i)
	if j > from && text[j-1] == ',' {
		j = blanksBefore(text, from, j-1)
	}
	k := j
	if k > from && isUpper(text[k-1]) {
		k--
	}
	if k = digitsBefore(text, from, k); j == i || k == j || j-k > 5 || text[k]-'0' > 9 {
		return i
	}
	w := wordBefore(text, from, blanksBefore(text, from, k))
	if w.zero() || w.end == k || !is(w.hash, unit) || !isUpper(text[w.start]) {
		return i
	}
	return w.start
}

// nameAhead reports whether a space and a capital letter, or that of "de" or "la", follow the word that ends at i.
func nameAhead(text []byte, i int) bool {
	return i+2 < len(text) && text[i] == ' ' && (isUpper(text[i+1]) || text[i+1] == 'd' || text[i+1] == 'l')
}

// bare reads a street without a number, whose type is the word from i to typeEnd. It needs a cue before it or a town with a postcode
// behind it.
func bare(text []byte, from, i, typeEnd int) span {
	if !is(sequence.HashBytes(text[i:typeEnd]), bareFront) {
		return span{}
	}
	end, names := streetName(text, typeEnd)
	if names == 0 || names > 5 || numberBehind(text, end) {
		return span{}
	}
	s := span{start: i, end: end, score: 0.35 + cue(text, max(from, i-reach), i)}
	s = extend(text, s)
	s.score = min(s.score, 0.7)
	return s
}

// numberBehind reports whether a house number may follow the name of a street.
func numberBehind(text []byte, i int) bool {
	i = blanks(text, i)
	if i < len(text) && text[i] == ',' {
		i = blanks(text, i+1)
	}
	if w := wordAt(text, i); w.hash != 1 && is(w.hash, numberMark) {
		i = blanks(text, w.end)
	}
	return i < len(text) && text[i]-'0' <= 9
}
