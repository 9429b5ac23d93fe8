package rollup

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// Query asks for counters of one kind. The zero value of By means all together.
type Query struct {
	Kind     Kind           // default Exchanges
	From, To time.Time      // To is exclusive; both are widened to whole spans of the grain
	Grain    Grain          // 0: such that there are at most some hundred points, see GrainFor
	By       Dim            // splits into one line for each name
	Where    map[Dim]string // only series with these names
}

// Sums are counters of one span of time.
type Sums struct {
	Start                time.Time     `json:"start"`
	N                    int64         `json:"n"` // exchanges, matches or events
	TokensIn             int64         `json:"tokens_in,omitzero"`
	TokensOut            int64         `json:"tokens_out,omitzero"`
	Took, Guard, Custody time.Duration `json:"-"` // of all together
}

// Line is one line of a chart: a point for each span from Series.From on, also where nothing was counted.
type Line struct {
	Name   string `json:"name"`
	Total  Sums   `json:"total"`
	Points []Sums `json:"points"`
}

// Series are lines over the same spans, that with the largest total first.
type Series struct {
	Grain    Grain     `json:"grain"`
	From, To time.Time `json:"-"`
	Lines    []Line    `json:"lines"`
	Behind   uint64    `json:"behind"` // records that are not counted yet
}

// maxPoints bounds the points of a line, so that no range makes a page slow.
const maxPoints = 4000

// GrainFor is the grain for a chart over a range: minutes up to six hours, hours up to 16 days, else days.
func GrainFor(from, to time.Time) Grain {
	switch d := to.Sub(from); {
	case d <= 6*time.Hour:
		return Minute
	case d <= 16*24*time.Hour:
		return Hour
	}
	return Day
}

// Series answers a query. It reads at most maxPoints spans, catches up where that is soon done, and says otherwise how far
// it is behind. It returns an error for an unknown kind or dimension and for a range that is empty or too long.
func (s *Store) Series(ctx context.Context, q Query) (*Series, error) {
	q, err := q.complete()
	if err != nil {
		return nil, err
	}
	if err := s.fresh(ctx); err != nil {
		return nil, fmt.Errorf("rollups: %w", err)
	}
	out := &Series{Grain: q.Grain, From: time.Unix(q.Grain.start(q.From.Unix()), 0).UTC()}
	last := q.Grain.start(q.To.Unix() - 1)
	out.To = time.Unix(last+q.Grain.seconds(), 0).UTC()
	names := s.choose(q)
	lines := map[string]*Line{}
	points := int((last-out.From.Unix())/q.Grain.seconds()) + 1
	err = s.each(ctx, q, out.From.Unix(), last, func(t, id int64, v sums) {
		name, wanted := names[id]
		if !wanted {
			return
		}
		l := lines[name]
		if l == nil {
			l = newLine(name, out.From, q.Grain, points)
			lines[name] = l
		}
		l.Points[(t-out.From.Unix())/q.Grain.seconds()].add(v)
		l.Total.add(v)
	})
	if err != nil {
		return nil, fmt.Errorf("rollups: %w", err)
	}
	if q.By == "" && len(lines) == 0 {
		lines[""] = newLine("", out.From, q.Grain, points)
	}
	for _, l := range lines {
		out.Lines = append(out.Lines, *l)
	}
	slices.SortFunc(out.Lines, func(a, b Line) int { return cmp.Or(-cmp.Compare(a.Total.N, b.Total.N), cmp.Compare(a.Name, b.Name)) })
	if size, err := s.src.Size(); err == nil {
		out.Behind = size - min(size, s.Next())
	}
	return out, nil
}

func newLine(name string, from time.Time, g Grain, points int) *Line {
	l := &Line{Name: name, Total: Sums{Start: from}, Points: make([]Sums, points)}
	for i := range l.Points {
		l.Points[i].Start = from.Add(time.Duration(i) * time.Duration(g))
	}
	return l
}

func (v *Sums) add(o sums) {
	v.N += o.N
	v.TokensIn += o.TokensIn
	v.TokensOut += o.TokensOut
	v.Took += time.Duration(o.Micros) * time.Microsecond
	v.Guard += time.Duration(o.GuardUS) * time.Microsecond
	v.Custody += time.Duration(o.CustodyUS) * time.Microsecond
}

func (q Query) complete() (Query, error) {
	if q.Kind == "" {
		q.Kind = Exchanges
	}
	have := dims[q.Kind]
	if have == nil {
		return q, fmt.Errorf("rollups of kind %q are not kept", q.Kind)
	}
	if q.By != "" && !slices.Contains(have, q.By) {
		return q, fmt.Errorf("%s have no dimension %q", q.Kind, q.By)
	}
	for d := range q.Where {
		if !slices.Contains(have, d) {
			return q, fmt.Errorf("%s have no dimension %q", q.Kind, d)
		}
	}
	if !q.From.Before(q.To) || q.From.Unix() < 0 || q.To.Year() > 9999 {
		return q, fmt.Errorf("the range from %s to %s is empty", q.From.Format(time.RFC3339), q.To.Format(time.RFC3339))
	}
	if q.Grain == 0 {
		q.Grain = GrainFor(q.From, q.To)
	}
	if _, known := keptFor[q.Grain]; !known {
		return q, fmt.Errorf("there are rollups per minute, hour and day, not per %s", time.Duration(q.Grain))
	}
	if n := q.To.Sub(q.From) / time.Duration(q.Grain); n > maxPoints {
		return q, fmt.Errorf("the range has %d points, more than %d: choose a larger grain or a shorter range", n, maxPoints)
	}
	return q, nil
}

// choose gives the series that a query asks for, with the name of the line that each belongs to.
func (s *Store) choose(q Query) map[int64]string {
	s.names.RLock()
	defer s.names.RUnlock()
	out := map[int64]string{}
	have := dims[q.Kind]
	for i := range s.keys {
		k := &s.keys[i]
		if k.kind != q.Kind {
			continue
		}
		line, wanted := "", true
		for j, d := range have {
			if want, given := q.Where[d]; given && k.names[j] != want {
				wanted = false
			}
			if d == q.By {
				line = k.names[j]
			}
		}
		if wanted {
			out[int64(i)+1] = line
		}
	}
	return out
}

// each calls fn for the rows of a range, which ends with last.
func (s *Store) each(ctx context.Context, q Query, from, last int64, fn func(t, id int64, v sums)) error {
	rows, err := s.db.QueryContext(ctx, `SELECT t, series, n, tokens_in, tokens_out, us, us_guard, us_custody FROM counts WHERE grain = ? AND t >= ? AND t <= ?`, q.Grain.seconds(), from, last)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var t, id int64
		var v sums
		if err := rows.Scan(&t, &id, &v.N, &v.TokensIn, &v.TokensOut, &v.Micros, &v.GuardUS, &v.CustodyUS); err != nil {
			return err
		}
		fn(t, id, v)
	}
	return rows.Err()
}

// Totals are the counters of a whole range by one dimension (By), the largest first; without By one entry.
func (s *Store) Totals(ctx context.Context, q Query) ([]Line, error) {
	out, err := s.Series(ctx, q)
	if err != nil {
		return nil, err
	}
	for i := range out.Lines {
		out.Lines[i].Points = nil
	}
	return out.Lines, nil
}

// Names are the names that a dimension of a kind has, sorted: what a filter offers.
func (s *Store) Names(kind Kind, d Dim) []string {
	i := slices.Index(dims[kind], d)
	if i < 0 {
		return nil
	}
	s.names.RLock()
	defer s.names.RUnlock()
	seen := map[string]bool{}
	var out []string
	for j := range s.keys {
		if k := &s.keys[j]; k.kind == kind && k.names[i] != "" && !seen[k.names[i]] {
			seen[k.names[i]] = true
			out = append(out, k.names[i])
		}
	}
	slices.Sort(out)
	return out
}

// Quantiles are quantiles (0 < p < 1) of how long exchanges took in a range; 0 where there were none. They come from
// buckets that double, between which they are interpolated: they may be off by less than a factor of two.
func (s *Store) Quantiles(ctx context.Context, q Query, p ...float64) ([]time.Duration, error) {
	q.Kind, q.By = Latency, Bucket
	lines, err := s.Totals(ctx, q)
	if err != nil {
		return nil, err
	}
	var buckets [64]int64
	total := int64(0)
	for _, l := range lines {
		if b, err := strconv.Atoi(l.Name); err == nil && b >= 0 && b < len(buckets) {
			buckets[b] += l.Total.N
			total += l.Total.N
		}
	}
	out := make([]time.Duration, len(p))
	for i, p := range p {
		out[i] = quantile(buckets[:], total, p)
	}
	return out, nil
}

func quantile(buckets []int64, total int64, p float64) time.Duration {
	if total == 0 {
		return 0
	}
	want, seen := p*float64(total), 0.0
	for b, n := range buckets {
		if n == 0 {
			continue
		}
		if seen+float64(n) >= want {
			low, high := 0.0, math.Ldexp(1, b)
			if b > 0 {
				low = math.Ldexp(1, b-1)
			}
			return time.Duration((low + (high-low)*(want-seen)/float64(n)) * float64(time.Millisecond))
		}
		seen += float64(n)
	}
	return time.Duration(math.Ldexp(1, len(buckets)-1)) * time.Millisecond
}
