package console

import (
	"fmt"
	"time"
)

// chart is a bar for each step of time, made of parts that stand on each other. It is drawn as SVG by the template; the same
// numbers stand in a table beneath it.
type chart struct {
	Title  string
	Series []string // messages of what is counted, from the bottom up
	Steps  []step
	Most   int64
	Width  int
}

type step struct {
	Label string
	Full  string
	Parts []part
	Total int64
	X     int
	Tick  bool
}

type part struct {
	N          int64
	Series     int
	X, Y, W, H int
	Text       string
}

// Sizes in the units of the drawing.
const (
	chartHeight = 120
	stepWidth   = 14
)

// layOut computes where the bars stand.
func (c *chart) layOut() *chart {
	for i := range c.Steps {
		c.Steps[i].Total = 0
		for _, p := range c.Steps[i].Parts {
			c.Steps[i].Total += p.N
		}
		c.Most = max(c.Most, c.Steps[i].Total)
	}
	c.Width = len(c.Steps)*stepWidth + 4
	for i := range c.Steps {
		s := &c.Steps[i]
		s.X = 2 + i*stepWidth
		s.Tick = i%6 == 0
		y := chartHeight
		for k := range s.Parts {
			p := &s.Parts[k]
			if p.N == 0 || c.Most == 0 {
				continue
			}
			p.H = max(2, int(p.N*(chartHeight-10)/c.Most))
			y -= p.H
			p.X, p.Y, p.W = s.X+1, y, stepWidth-3
			p.Text = fmt.Sprintf("%s: %s %s", s.Full, number(p.N), c.Series[p.Series])
		}
	}
	return c
}

// hours are the steps of the last n hours.
func hours(now time.Time, n, series int) []step {
	first := now.Truncate(time.Hour).Add(-time.Duration(n-1) * time.Hour)
	out := make([]step, n)
	for i := range out {
		t := first.Add(time.Duration(i) * time.Hour)
		out[i] = step{Label: t.Format("15:04"), Full: t.Format("2006-01-02 15:04"), Parts: make([]part, series)}
		for k := range out[i].Parts {
			out[i].Parts[k].Series = k
		}
	}
	return out
}
