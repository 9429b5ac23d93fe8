package detect

import "unicode/utf8"

// window is the text that a recogniser may read: what has arrived, and whether more may follow. Offsets are local to b.
type window struct {
	b        []byte
	final    bool // the text ends with b
	touched  bool // a recogniser looked past b while more may follow: what it says is not yet decided
	lead     int  // with touched: the first byte that the undecided match would hold
	group    int  // with a digit at hand: the end of its run of digits
	after    byte // the byte there
	caps     int  // with an upper-case token at hand: the end of its run of A-Z and 0-9
	quiet    span // of the text before a word, a part known to have no e-mail cue
	steps    int  // bytes read by recognisers, for the proof that time is linear
	memo     [memoSize]memo
	dateAt   int // one more than where dateMemo was read
	dateMemo date
	context0 folded // the text before the candidate at hand, for the words of all rules
	early    bool   // see Options.EarlyRelease
	plain    bool   // see Engine.plain
	trace    *trace // notes for Explain, nil in a scan
}

// memo remembers how far a long run was read, so that a recogniser that is asked again after each chunk reads every
// byte once. It never changes an answer. A zero tag is an empty slot.
type memo struct {
	tag      uint32
	from, to int
}

// span is a range of offsets.
type span struct{ from, to int }

const memoSize = 8

// at returns the byte at i. Past the end it returns 0, which no recogniser takes for text, and notes the look.
func (w *window) at(i int) byte {
	w.steps++
	if uint(i) < uint(len(w.b)) {
		return w.b[i]
	}
	w.touch()
	return 0
}

func (w *window) touch() {
	if !w.final {
		w.touched = true
	}
}

// before returns the byte before i, 0 at the start of the text.
func (w *window) before(i int) byte {
	if i > 0 {
		return w.b[i-1]
	}
	return 0
}

// run returns the end of the run of class bytes that starts at i, at most limit bytes long.
func (w *window) run(class uint16, i, limit int) int {
	stop := min(i+limit, len(w.b))
	j := i
	for j < stop && classOf[w.b[j]]&class != 0 {
		j++
	}
	w.steps += j - i + 1
	if j >= len(w.b) && j < i+limit {
		w.touch()
	}
	return j
}

// longRun is run for runs that may be kilobytes long: it goes on where it stopped the last time.
func (w *window) longRun(class uint16, i, limit int) int {
	from := w.recall(uint32(class), i)
	j := w.run(class, from, limit-(from-i))
	w.remember(uint32(class), i, j)
	return j
}

// recall returns the offset that was remembered for tag and from, or from itself.
func (w *window) recall(tag uint32, from int) int {
	for k := range w.memo {
		if m := &w.memo[k]; m.tag == tag && m.from == from {
			return m.to
		}
	}
	return from
}

// remember keeps an offset for recall. Only undecided text is worth it.
func (w *window) remember(tag uint32, from, to int) {
	if w.final || to == from {
		return
	}
	oldest := &w.memo[0]
	for k := range w.memo {
		m := &w.memo[k]
		if m.tag == tag && m.from == from {
			m.to = to
			return
		}
		if m.tag == 0 || m.to < oldest.to {
			oldest = m
		}
	}
	*oldest = memo{tag, from, to}
}

// shift moves the window forward by n bytes that are dropped from its start.
func (w *window) shift(n int) {
	w.quiet.from -= n
	w.quiet.to -= n
	w.context0.at, w.dateAt = 0, 0
	for k := range w.memo {
		m := &w.memo[k]
		m.from -= n
		m.to -= n
		if m.from < 0 {
			*m = memo{}
		}
	}
}

// firstGroup measures the digits at i for the recognisers that begin with a digit.
func (w *window) firstGroup(i int) {
	w.group = w.run(clDigit, i, maxNumber)
	w.after = w.at(w.group)
}

// hasPrefix reports whether the text at i starts with s. It looks past the end only while everything before agrees.
func (w *window) hasPrefix(i int, s string) bool {
	for k := range len(s) {
		if w.at(i+k) != s[k] {
			return false
		}
	}
	return true
}

// afterLetter reports whether a letter beyond ASCII stands directly before i, of a script that puts spaces between words: then
// no token begins at i, as in "musée".
func (w *window) afterLetter(i int) bool {
	r, _ := utf8.DecodeLastRune(w.b[max(0, i-utf8.UTFMax):i])
	return isAddressLetter(r)
}

// rune returns the rune at i and its length; at the end of the text it returns 0, 0.
func (w *window) rune(i int) (rune, int) {
	w.steps++
	if i >= len(w.b) {
		w.touch()
		return 0, 0
	}
	if c := w.b[i]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	if !w.final && !utf8.FullRune(w.b[i:]) {
		w.touch()
		return 0, 0
	}
	return utf8.DecodeRune(w.b[i:])
}
