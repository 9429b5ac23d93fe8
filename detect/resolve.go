package detect

import "slices"

// candidate is a match before overlaps are resolved. Offsets are local to the window.
type candidate struct {
	start, end int
	rule       int32
	score      float32
	soft       bool // found by its context: a rule that knows the form of what it covers gives its name
	weak       bool // see builtin.weak
}

func compareCandidates(a, b candidate) int {
	if a.start != b.start {
		return a.start - b.start
	}
	if a.end != b.end {
		return b.end - a.end
	}
	if a.score != b.score {
		if a.score > b.score {
			return -1
		}
		return 1
	}
	return int(a.rule - b.rule)
}

// flush appends to dst what is decided: every candidate that starts before hold, since all candidates that start there
// are known; a weak one also waits for those that may begin inside it. Leftmost first, then longest, then the first rule. One that begins inside the last chosen match is dropped
// if it ends there too or has the same rule; otherwise it keeps the part that sticks out.
func (s *scan) flush(dst []Match, hold int) []Match {
	if len(s.pending) == 0 {
		return dst
	}
	if !slices.IsSortedFunc(s.pending, compareCandidates) {
		slices.SortFunc(s.pending, compareCandidates)
	}
	n := 0
	for k, c := range s.pending {
		if c.start >= hold || c.weak && c.end > hold {
			break
		}
		n++
		if c.weak && !s.giveWay(&c, s.pending[k+1:]) {
			continue
		}
		if c.start < s.lastEnd {
			if c.end <= s.lastEnd || c.rule == s.last {
				s.rename(dst, c)
				continue
			}
			c.start = s.lastEnd
		}
		dst = append(dst, Match{Rule: c.rule, Start: c.start, End: c.end, Score: c.score})
		s.lastEnd, s.last, s.lastSoft = c.end, c.rule, c.soft
	}
	s.pending = s.pending[:copy(s.pending, s.pending[n:])]
	return dst
}

// rename gives the last match, if it was found by its context only, the rule of a secret that lies within it.
func (s *scan) rename(dst []Match, c candidate) {
	if !s.lastSoft || c.soft || len(dst) == 0 || s.e.rules[c.rule].Kind != KindSecret {
		return
	}
	m := &dst[len(dst)-1]
	m.Rule, m.Score = c.rule, c.score
	s.last, s.lastSoft = c.rule, false
}

// minWeak is the least that is left of a weak match that gives way, in bytes.
const minWeak = 12

// giveWay cuts a weak candidate before the first other one that begins inside it. It reports whether enough is left.
func (s *scan) giveWay(c *candidate, after []candidate) bool {
	for _, o := range after {
		if o.start >= c.end {
			break
		}
		if !o.weak {
			if o.start == c.start {
				return false
			}
			c.end = o.start
			return c.end-c.start >= minWeak
		}
	}
	return true
}
