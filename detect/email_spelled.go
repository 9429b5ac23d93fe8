package detect

// maxSpaces is how many spaces may stand between the parts of an address that is spelled out.
const maxSpaces = 2

// findSpelledEmail looks for an address that hides from harvesters, "name [at] host [dot] tld" or with round brackets,
// at the bracket before the "at".
func findSpelledEmail(w *window, i int) hit {
	at := w.spaced(i)
	run := w.localRun(at)
	start := w.localStart(run, at)
	w.lead = start
	if start == at || at-run > maxLocal {
		w.lead = i
		return hit{}
	}
	j, dotted := w.spelled(i, "at"), false
	if j == i {
		j = w.spelled(i, "@")
	}
	if j == i {
		return hit{}
	}
	end, score, before := 0, float32(0), span{}
	for k := w.skipSpaces(j); k-j <= maxDomain; {
		to := w.label(k)
		if to == k || to-k > maxLabel {
			break
		}
		if before.to > 0 {
			if s := w.topScore(before, k, to); s > 0 {
				end, score = to, s
			}
		}
		before = span{k, to}
		next := w.skipSpaces(to)
		dot := w.spelled(next, "dot")
		if dot == next {
			if w.at(to) != '.' || classOf[w.at(to+1)]&clAlnum == 0 {
				break
			}
			dot = to + 1
		}
		dotted = true
		k = w.skipSpaces(dot)
	}
	if w.touched || !dotted || end == 0 || isWord(w.at(end)) {
		return hit{}
	}
	return hit{start: start, end: end, score: min(score, 0.8)}
}

// spelled returns the end of a word in brackets at i, or i.
func (w *window) spelled(i int, word string) int {
	shut := byte(']')
	switch w.at(i) {
	case '[':
	case '(':
		shut = ')'
	default:
		return i
	}
	j := w.skipSpaces(i + 1)
	for k := range len(word) {
		if c := w.at(j + k); c != word[k] && c|0x20 != word[k] {
			return i
		}
	}
	if j = w.skipSpaces(j + len(word)); w.at(j) != shut {
		return i
	}
	return j + 1
}

// skipSpaces returns the first offset from i on without a space, at most maxSpaces further.
func (w *window) skipSpaces(i int) int {
	for k := 0; k < maxSpaces && w.at(i) == ' '; k++ {
		i++
	}
	return i
}

// spaced returns where the spaces before i begin, at most maxSpaces.
func (w *window) spaced(i int) int {
	for k := 0; k < maxSpaces && w.before(i) == ' '; k++ {
		i--
	}
	return i
}
