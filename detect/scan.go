package detect

// scan is the state of one text: where each source of candidates stands, and the candidates that are not yet decided.
// Offsets are local to the window.
type scan struct {
	e       *Engine
	w       window
	pos     int // the built-in rules have decided everything before
	held    int // first byte that an undecided built-in match may hold
	lit     []litState
	pat     []int // where each pattern stands
	pending []candidate
	lastEnd int   // end of the last chosen match
	last    int32 // its rule

	pending0 [4]candidate
	lit0     [4]litState
	pat0     [2]int
}

func (s *scan) init(e *Engine) {
	s.e = e
	s.pending = s.pending0[:0]
	s.lit = s.lit0[:0]
	for range e.literals {
		s.lit = append(s.lit, litState{})
	}
	s.pat = s.pat0[:0]
	for range e.patterns {
		s.pat = append(s.pat, 0)
	}
}

// run lets every source go as far as the text allows.
func (s *scan) run() {
	s.scanBuiltin()
	for i, a := range s.e.literals {
		s.scanLiterals(a, &s.lit[i])
	}
	for i, p := range s.e.patterns {
		s.scanPattern(p, &s.pat[i])
	}
}

// hold returns the first byte that an undecided candidate of any source may hold.
func (s *scan) hold() int {
	if s.w.final {
		return len(s.w.b)
	}
	h := s.held
	if s.e.email {
		h = min(h, s.w.emailHold())
	}
	for i, a := range s.e.literals {
		h = min(h, s.literalHold(a, &s.lit[i]))
	}
	for i := range s.pat {
		h = min(h, s.pat[i])
	}
	return h
}

// scanBuiltin is the single pass over the bytes. It stops at the end, or at the first token that is not decided.
func (s *scan) scanBuiltin() {
	e, b, i := s.e, s.w.b, s.pos
	for i < len(b) {
		switch e.act[b[i]] {
		case actSkip:
			i++
			continue
		case actWord:
			if i > 0 && isWord(b[i-1]) || !e.worth(&s.w, i) {
				if s.w.touched {
					s.stop(i)
					return
				}
				i = wordEnd(b, i)
				continue
			}
		case actStart:
			if i > 0 && isWord(b[i-1]) {
				i = wordEnd(b, i)
				continue
			}
		}
		next := s.try(i)
		if s.w.touched {
			s.stop(i)
			return
		}
		i = next
	}
	s.pos, s.held = i, i
}

// worth reports whether a token that starts with the letter at i may begin a candidate.
func (e *Engine) worth(w *window, i int) bool {
	c := w.b[i]
	if i+1 < len(w.b) {
		pair := uint16(c)<<8 | uint16(w.b[i+1])
		return e.pairs[pair>>6]>>(pair&63)&1 != 0
	}
	if len(e.on[c]) > 0 && !w.final {
		w.touched, w.lead = true, i+1
		for k := range e.on[c] {
			w.lead = min(w.lead, w.startOf(&e.on[c][k], i))
		}
	}
	return false
}

// startOf returns where a match of the trigger at i begins.
func (w *window) startOf(t *trigger, i int) int {
	if t.free > 0 && !w.announced(i) {
		return i + t.free
	}
	return i + t.skip
}

func wordEnd(b []byte, i int) int {
	for i < len(b) && classOf[b[i]]&clWord != 0 {
		i++
	}
	return i
}

// stop notes that the token at i is not decided yet.
func (s *scan) stop(i int) {
	s.pos, s.held = i, s.w.lead
	s.w.touched = false
}

// try asks the recognisers for the byte at i, keeps the longest hit and returns where to go on.
func (s *scan) try(i int) int {
	w := &s.w
	c := w.b[i]
	var best hit
	var rule int32
	lead, undecided := len(w.b), false
	for k := range s.e.on[c] {
		t := &s.e.on[c][k]
		w.lead = i
		if t.free|t.skip != 0 {
			w.lead = w.startOf(t, i)
		}
		from := w.lead
		if w.hasPrefix(i, t.prefix) {
			if h := t.find(w, i); h.score > 0 && h.end > best.end {
				best, rule = h, t.rule
				if from > i {
					best.start = max(best.start, from)
				}
			}
		}
		if w.touched {
			undecided, w.touched = true, false
			lead = min(lead, w.lead)
		}
	}
	if undecided {
		w.touched, w.lead = true, lead
		return i
	}
	if best.score == 0 {
		if classOf[c]&clWord != 0 {
			return wordEnd(w.b, i)
		}
		return i + 1
	}
	s.pending = append(s.pending, candidate{best.start, best.end, rule, best.score})
	return max(best.end, best.resume)
}
