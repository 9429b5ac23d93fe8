package detect

import (
	"encoding/binary"
	"unicode/utf8"
)

// scan is the state of one text: where each source of candidates stands, and the candidates that are not yet decided.
// Offsets are local to the window.
type scan struct {
	e        *Engine
	w        window
	pos      int // the built-in rules have decided everything before
	held     int // first byte that an undecided built-in match may hold
	lit      []litState
	pat      []int // where each pattern stands
	vm       *machine
	pending  []candidate
	lastEnd  int   // end of the last chosen match
	last     int32 // its rule
	lastSoft bool  // it was found by its context
	reading  reading
	readings *readings // not nil: for Engine.Readings

	pending0 [3]candidate
	lit0     [4]litState
	pat0     [2]int
}

func (s *scan) init(e *Engine) {
	s.e = e
	s.w.early, s.w.plain = e.early, e.plain
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
	for i := range s.pending {
		if c := &s.pending[i]; c.soft && c.end > s.pos {
			h = min(h, c.start) // what it holds may still be named by another rule
		}
	}
	if s.e.email {
		h = min(h, s.w.emailHold())
	}
	if s.e.hasLoose {
		h = min(h, s.w.looseHold())
	}
	if s.e.hosts {
		h = min(h, s.w.hostHold())
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
	act, pairs, look := &e.act, &e.pairs, e.lookout(b)
	for i < len(b) {
		if i = look.next(i); i >= len(b) {
			break
		}
		c := b[i]
		switch act[c] {
		case actSkip:
			i++
			continue
		case actWord:
			if i > 0 && wordByte[b[i-1]] {
				i = s.restOfWord(i)
				continue
			}
			if i > 1 && (b[i-1] == '\'' && s.w.contracted(i-1) || b[i-1] >= utf8.RuneSelf && s.w.afterLetter(i)) {
				i = wordEnd(b, i)
				continue
			}
			if i+1 == len(b) {
				if s.mayStart(i) {
					s.stop(i)
					return
				}
				i++
				continue
			}
			if pair := uint(c)<<8 | uint(b[i+1]); pairs[pair>>6]>>(pair&63)&1 == 0 {
				i = s.restOfWord(i + 1)
				continue
			}
		case actStart:
			if i > 0 && wordByte[b[i-1]] {
				if i = s.loose(i); s.w.touched {
					s.stop(i)
					return
				}
				continue
			}
		case actHere:
			if i+1 < len(b) && !e.begins(c, b[i+1]) || i > 0 && e.prev[c] != nil && !e.prev[c][b[i-1]] {
				i++
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

// mayStart reports whether the letter at i, the last byte so far, can begin a candidate, and where that would hold.
func (s *scan) mayStart(i int) bool {
	w := &s.w
	on := s.e.on[w.b[i]]
	upper := isUpper(w.b[i]) && s.e.hasUpper
	if len(on) == 0 && !upper || w.final {
		return false
	}
	w.touched, w.lead = true, i+1
	if upper {
		w.lead = i
		return true
	}
	asked, announced := false, false // the look back is the same for all, and long
	for k := range on {
		t := &on[k]
		if t.free > 0 && !asked {
			asked, announced = true, w.announced(i)
		}
		if t.free > 0 && !announced {
			w.lead = min(w.lead, i+t.free)
			continue
		}
		if w.lead = min(w.lead, i+t.skip); w.lead == i {
			break // nothing holds more
		}
	}
	return true
}

// startOf returns where a match of the trigger at i begins.
func (w *window) startOf(t *trigger, i int) int {
	if t.free > 0 && !w.announced(i) {
		return i + t.free
	}
	return i + t.skip
}

func wordEnd(b []byte, i int) int {
	for i < len(b) && wordByte[b[i]] {
		i++
	}
	return i
}

// stop notes that the token at i is not decided yet. What is held begins no later than the next place at which a
// recogniser is called, since it was not asked.
func (s *scan) stop(i int) {
	e, b := s.e, s.w.b
	held := s.w.lead
	for k := i + 1; k < min(held, len(b)); k++ {
		c := b[k]
		if e.act[c] == actHere && (k+1 == len(b) || e.begins(c, b[k+1])) && (e.prev[c] == nil || e.prev[c][b[k-1]]) {
			held = k
		}
	}
	s.pos, s.held = i, held
	s.w.touched = false
}

// try asks the recognisers for the byte at i, keeps the longest hit and returns where to go on.
func (s *scan) try(i int) int {
	w := &s.w
	c := w.b[i]
	t := attempt{lead: len(w.b)}
	switch {
	case isDigit(c):
		if w.firstGroup(i); w.touched {
			if w.lead = i; s.e.hasLoose {
				w.lead = w.shortWordBefore(i)
			}
			return i
		}
		s.ask(&t, s.e.digits.on(w, w.group-i), i)
		s.askForms(&t, i)
		if s.e.hasLoose {
			if start := s.w.shortWordBefore(i); start < i {
				s.askForms(&t, start)
			}
		}
	case isLetter(c):
		switch {
		case i+4 <= len(w.b):
			s.askToken(&t, i)
		case i+1 < len(w.b):
			s.ask(&t, s.e.buckets[*s.e.bucket(c, w.b[i+1])], i)
		default:
			s.ask(&t, s.e.on[c], i)
		}
		if s.e.hasUpper && isUpper(c) {
			next := w.at(i + 1)
			if classOf[next]&clCaps != 0 {
				s.askUpper(&t, i)
			}
			if classOf[next]&(clCaps|clDash) != 0 {
				s.askForms(&t, i)
			}
		}
	default:
		s.ask(&t, s.e.on[c], i)
	}
	if t.undecided {
		if t.best.score > 0 {
			t.lead = min(t.lead, t.best.start) // it may begin before i
		}
		w.touched, w.lead = true, t.lead
		return i
	}
	if t.best.score == 0 {
		switch {
		case isDigit(c):
			return wordEnd(w.b, i)
		case classOf[c]&clWord != 0:
			return s.restOfWord(i + 1)
		}
		return i + 1
	}
	s.pending = append(s.pending, candidate{t.best.start, t.best.end, t.rule, t.best.score, t.best.context > 0, s.e.weak[t.rule]})
	if t.best.resume > 0 {
		return t.best.resume
	}
	return t.best.end
}

// beats reports whether a hit is better than another at the same place.
func (h *hit) beats(o *hit) bool {
	if h.known != o.known {
		return h.known
	}
	if a, b := rank(h.score), rank(o.score); a != b {
		return a > b
	}
	return h.end > o.end || h.end == o.end && h.score > o.score
}

// rank is the step of Rule.SeverityAt, from 1.
func rank(score float32) int {
	switch {
	case score >= 0.7:
		return 4
	case score >= 0.5:
		return 3
	case score >= 0.3:
		return 2
	case score > 0:
		return 1
	}
	return 0
}

// accept makes h the best hit if the options admit it.
func (s *scan) accept(a *attempt, t *trigger, h hit, i int) {
	w := &s.w
	if t.free|t.skip != 0 {
		h.start = max(h.start, w.startOf(t, i))
	}
	rule := t.rule
	if h.context > 0 {
		rule = s.e.context[h.context]
	}
	if w.touched || rule < 0 || !s.e.admits(rule, h.score, w.b[h.start:h.end]) {
		return
	}
	a.best, a.rule, a.order = h, rule, t.order
	if w.trace != nil {
		w.trace.done = append(w.trace.done, traced{rule, h.end, w.trace.words, w.trace.notes})
	}
}

// attempt is what the recognisers said about one offset.
type attempt struct {
	best      hit
	rule      int32
	order     int32 // of the trigger that found it
	undecided bool
	lead      int // first byte that an undecided match would hold
}

// askUpper asks the recognisers of upper-case tokens, by the length of the first run.
func (s *scan) askUpper(t *attempt, i int) {
	w := &s.w
	if !w.plain && !s.upperWanted(i) {
		return
	}
	w.caps = w.run(clCaps, i, maxSize)
	if w.touched {
		w.touched, t.undecided, t.lead = false, true, min(t.lead, i)
		return
	}
	s.ask(t, s.e.upper[min(w.caps-i, maxSize-1)], i)
}

// upperWanted reports whether one of them may match at i, before its length is known.
func (s *scan) upperWanted(i int) bool {
	w, all := &s.w, s.e.uppers
	for k := range all {
		t := &all[k]
		if (t.least == 0 || w.reaches(i, t.least)) && (t.next == "" || i+1 >= len(w.b) || indexByte(t.next, w.b[i+1]) >= 0) {
			return true
		}
	}
	return false
}

func (s *scan) ask(a *attempt, on []trigger, i int) {
	w := &s.w
	for k := range on {
		t := &on[k]
		if len(t.prefix) > 2 && i+2 < len(w.b) && t.prefix[2] != w.b[i+2] {
			continue
		}
		if at := i + max(1, len(t.prefix)); t.next != "" && at < len(w.b) && indexByte(t.next, w.b[at]) < 0 {
			continue
		}
		if !w.plain && (t.least > 0 && !w.reaches(i, t.least) || t.colon && i+8 <= len(w.b) && !colonAhead(binary.LittleEndian.Uint64(w.b[i:i+8]))) {
			continue
		}
		s.askOne(a, t, i, false)
	}
}

// askOne asks one recogniser and keeps what it found if that is better than what another did. known says that the first
// eight bytes are those of its prefix.
func (s *scan) askOne(a *attempt, t *trigger, i int, known bool) {
	if n := len(t.prefix); n < 3 || n <= 8 && known || s.w.hasPrefix(i, t.prefix) {
		s.consult(a, t, i)
		return
	}
	if s.w.touched {
		s.w.lead = -1
		s.wait(a, t, i)
	}
}

// consult is askOne for a trigger whose prefix stands at i.
func (s *scan) consult(a *attempt, t *trigger, i int) {
	w := &s.w
	w.lead = -1
	if w.trace != nil {
		w.trace.words, w.trace.notes = nil, nil
	}
	if h := t.find(w, i); h.score > 0 && (h.beats(&a.best) || t.order < a.order && !a.best.beats(&h)) {
		s.accept(a, t, h, i)
	}
	if w.touched {
		s.wait(a, t, i)
	}
}

// wait notes that the trigger cannot decide yet.
func (s *scan) wait(a *attempt, t *trigger, i int) {
	w := &s.w
	a.undecided, w.touched = true, false
	if w.lead < 0 {
		w.lead = w.startOf(t, i)
	}
	a.lead = min(a.lead, w.lead)
}
