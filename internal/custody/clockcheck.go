package custody

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// backSlack is how far the times of neighbouring records may go back: records are queued by many at once, and clocks are
// corrected a little now and then.
const backSlack = time.Minute

// clockCheck finds the first record whose time lies before that of a record ahead of it. Segments are read at the same time.
type clockCheck struct {
	mu    sync.Mutex
	parts []*clockWatch
}

// clockWatch sees the leaves of one segment in order. Times are compared as they are spelt: RFC 3339 in UTC, all of one length.
type clockWatch struct {
	first  uint64
	any    bool
	most   string     // latest time
	back   *wentBack  // first record that lies behind one in this segment
	lowest []wentBack // records that are earlier than all before them in the segment
}

type wentBack struct {
	seq uint64
	at  string
}

func (c *clockCheck) watch() *clockWatch {
	w := &clockWatch{}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parts = append(c.parts, w)
	return w
}

// timed reports whether the time of a record of this kind is that of its writing.
func timed(kind []byte) bool {
	switch string(kind) {
	case "intent", "outcome", "aborted", "admin", "access", "policy":
		return true
	}
	return false
}

func (w *clockWatch) leaf(seq uint64, info *leafInfo) {
	at := info.written()
	if at == nil {
		return
	}
	if !w.any {
		w.any, w.first = true, seq
	}
	switch {
	case string(at) >= w.most:
		w.most = string(at)
	case w.back == nil && behind(string(at), w.most):
		w.back = &wentBack{seq, string(at)}
	}
	if n := len(w.lowest); n == 0 || string(at) < w.lowest[n-1].at {
		w.lowest = append(w.lowest, wentBack{seq, string(at)})
	}
}

// written is the time at which a record was written, nil where it does not say.
func (info *leafInfo) written() []byte {
	at := info.end
	if at == nil {
		at = info.start
	}
	if len(at) != len(leafTimeForm) || !timed(info.kind) {
		return nil
	}
	return at
}

const leafTimeForm = "2006-01-02T15:04:05.000000000Z"

// behind reports whether a time lies more than the slack before another. What is no time is behind.
func behind(at, most string) bool {
	a, err1 := time.Parse(leafTimeForm, at)
	b, err2 := time.Parse(leafTimeForm, most)
	return err1 != nil || err2 != nil || a.Before(b.Add(-backSlack))
}

// problem names the first record at which the clock went back, if it did.
func (c *clockCheck) problem() *Problem {
	slices.SortFunc(c.parts, func(a, b *clockWatch) int { return cmp64(a.first, b.first) })
	most := ""
	for _, w := range c.parts {
		if !w.any {
			continue
		}
		bad := w.back
		for i := range w.lowest {
			if l := &w.lowest[i]; most != "" && l.at < most && (bad == nil || l.seq < bad.seq) && behind(l.at, most) {
				bad = l
			}
		}
		if bad != nil {
			before := max(most, w.most)
			return &Problem{Seq: &bad.seq, Message: fmt.Sprintf("the clock went back: the record says %s, one before it later than %s", bad.at, before[:16])}
		}
		most = max(most, w.most)
	}
	return nil
}
