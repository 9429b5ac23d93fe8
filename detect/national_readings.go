package detect

import (
	"cmp"
	"slices"
)

// readings collects every identifier that values may be, not the best alone.
type readings struct {
	found []Match
}

func (r *readings) add(m Match) { r.found = append(r.found, m) }

// Readings appends to dst what else the value of the match m in text may be: a number of nine digits that stands alone
// may be a tax number of one country and an insurance number of another. They have the span of m and rules of their own,
// the best supported first. Where a word names the value, or its check leaves no doubt, there are none. Find reports m
// alone.
func (e *Engine) Readings(dst []Match, text []byte, m Match) []Match {
	if m.Score >= doubtless || m.Start >= m.End || e.forms.rows == nil {
		return dst
	}
	const around = 256
	from, to := max(0, m.Start-around), min(len(text), m.End+around)
	var s scan
	var all readings
	s.init(e)
	s.w.b, s.w.final, s.readings = text[from:to], true, &all
	if i := m.Start - from; isDigit(s.w.b[i]) {
		s.w.firstGroup(i)
	}
	s.askForms(&attempt{lead: to}, m.Start-from)
	list := all.found
	slices.SortStableFunc(list, func(a, b Match) int { return cmp.Compare(b.Score, a.Score) })
	first := len(dst)
	for _, r := range list {
		r.Start, r.End = r.Start+from, r.End+from
		seen := func(o Match) bool { return o.Rule == r.Rule }
		if r.Start != m.Start || r.End != m.End || r.Rule == m.Rule || slices.ContainsFunc(dst[first:], seen) ||
			!e.admits(r.Rule, r.Score, text[r.Start:r.End]) {
			continue
		}
		dst = append(dst, r)
	}
	return dst
}

// doubtless is the score from which a match has no other reading.
const doubtless = 0.8
