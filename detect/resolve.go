package detect

import "slices"

// candidate is a match before overlaps are resolved. Offsets are local to the window.
type candidate struct {
	start, end int
	rule       int32
	score      float32
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
// are known. Leftmost first, then longest, then the first rule. One that begins inside the last chosen match is dropped
// if it ends there too or has the same rule; otherwise it keeps the part that sticks out.
func (s *scan) flush(dst []Match, hold int) []Match {
	if len(s.pending) == 0 {
		return dst
	}
	if !slices.IsSortedFunc(s.pending, compareCandidates) {
		slices.SortFunc(s.pending, compareCandidates)
	}
	n := 0
	for _, c := range s.pending {
		if c.start >= hold {
			break
		}
		n++
		if c.start < s.lastEnd {
			if c.end <= s.lastEnd || c.rule == s.last {
				continue
			}
			c.start = s.lastEnd
		}
		dst = append(dst, Match{Rule: c.rule, Start: c.start, End: c.end, Score: c.score})
		s.lastEnd, s.last = c.end, c.rule
	}
	s.pending = s.pending[:copy(s.pending, s.pending[n:])]
	return dst
}
