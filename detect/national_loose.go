package detect

import "unicode/utf8"

// Loose tokens begin with letters that are no prefix of any rule and go on with digits: an identifier in lower case, an
// address of a wallet. The scan does not stop at every word for them; it stops at a digit that follows a letter and looks
// back. Where text is released early they are not looked at, because every word would have to wait for its end.

const (
	looseLetters = 20 // letters before the first digit
	shortWord    = 2  // letters of a word that an identifier may begin with before a space
)

// restOfWord returns where scanning goes on inside a word: at its first digit that follows a letter, or at its end.
func (s *scan) restOfWord(i int) int {
	b := s.w.b
	for i < len(b) && wordByte[b[i]] {
		if s.e.hasLoose && isDigit(b[i]) && i > 0 && isLetter(b[i-1]) {
			return i
		}
		i++
	}
	return i
}

// loose asks the recognisers of loose tokens about the word that goes on with the digit at i. It returns where to go on.
func (s *scan) loose(i int) int {
	w := &s.w
	start := w.lettersBefore(i, looseLetters)
	if !s.e.hasLoose || start == i {
		return wordEnd(w.b, i)
	}
	a := attempt{lead: len(w.b)}
	s.ask(&a, s.e.loose, start)
	if !isUpper(w.b[start]) {
		s.askForms(&a, start)
	}
	if a.undecided {
		w.touched, w.lead = true, start
		return i
	}
	if a.best.score == 0 {
		return wordEnd(w.b, i)
	}
	s.pending = append(s.pending, candidate{start: a.best.start, end: a.best.end, rule: a.rule, score: a.best.score})
	return max(a.best.end, a.best.resume, i+1)
}

// lettersBefore returns the start of the word whose letters stand before i, i itself if there are more than most, or
// other bytes of a word before them.
func (w *window) lettersBefore(i, most int) int {
	j := i
	for j > 0 && i-j <= most && isLetter(w.b[j-1]) {
		j--
	}
	if w.steps += i - j; i-j > most || j > 0 && isWord(w.b[j-1]) || j > 1 && w.b[j-1] == '\'' && w.contracted(j-1) ||
		j > 1 && w.b[j-1] >= utf8.RuneSelf && w.afterLetter(j) { // as the scan itself: no token begins right behind such a letter
		return i
	}
	return j
}

// shortWordBefore returns the start of a word of one or two letters in lower case, or one upper-case letter, that stands
// before the digits at i with a space between, i itself if there is none.
func (w *window) shortWordBefore(i int) int {
	if i < 2 || w.b[i-1] != ' ' || !isLetter(w.b[i-2]) {
		return i
	}
	start := w.lettersBefore(i-1, shortWord)
	if start == i-1 || isUpper(w.b[start]) && start < i-2 {
		return i
	}
	return start
}

// looseHold returns the start of the word that the text ends with, if a loose token may begin with it.
func (w *window) looseHold() int {
	n := len(w.b)
	if n > 0 && w.b[n-1] == ' ' {
		if start := w.lettersBefore(n-1, shortWord); start < n-1 {
			return start
		}
		return n
	}
	if start := w.lettersBefore(n, looseLetters); start < n {
		return start
	}
	return n
}
