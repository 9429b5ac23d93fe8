package custody

import (
	"errors"
	"sync"
	"syscall"
	"time"
)

// degraded remembers a time in which records were refused or lost, until a record says so.
type degraded struct {
	mu       sync.Mutex
	since    time.Time // zero: nothing to tell
	cause    string
	refused  uint64 // of the counters, up to where it was told
	lost     uint64
	failures uint64
	queued   bool // the record is on its way
}

// begin notes that the log cannot write, and why.
func (g *degraded) begin(now time.Time, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.since.IsZero() {
		g.since, g.cause = now, causeOf(err)
	}
}

// causeOf is the name of what failed: the file system's word, or "io".
func causeOf(err error) string {
	for _, c := range []struct {
		errno syscall.Errno
		name  string
	}{{syscall.ENOSPC, "ENOSPC"}, {syscall.EDQUOT, "EDQUOT"}, {syscall.EROFS, "EROFS"}, {syscall.EIO, "EIO"}} {
		if errors.Is(err, c.errno) {
			return c.name
		}
	}
	return "io"
}

// degradedDraft is the record of what went by unrecorded, nil where there is nothing to tell.
//
// Refused exchanges were not served (the route fails closed) or were served without a record (best effort): the numbers are
// what an auditor needs to ask about.
func (l *Log) degradedDraft() *draft {
	g := &l.degraded
	g.mu.Lock()
	defer g.mu.Unlock()
	refused, lost, failures := l.stats.refused.Load()-g.refused, l.stats.lost.Load()-g.lost, l.stats.failures.Load()-g.failures
	if refused+lost+failures == 0 {
		g.since, g.cause = time.Time{}, ""
	}
	if g.queued || g.since.IsZero() && refused+lost == 0 {
		return nil
	}
	now := l.o.Clock()
	cause := g.cause
	if g.since.IsZero() {
		g.since, cause = now, "queue"
	}
	g.queued = true
	return &draft{kind: kindDegraded, id: NewID(now), start: g.since, event: &Event{
		Act: "log.degraded", Object: cause, Result: "recovered",
		Numbers: map[string]uint64{"refused": refused, "lost": lost, "failures": failures, "us": uint64(max(now.Sub(g.since), 0).Microseconds())},
	}}
}

// told notes that the record is durable, or that it must be written again.
func (l *Log) told(d *Event, durable bool) {
	g := &l.degraded
	g.mu.Lock()
	defer g.mu.Unlock()
	g.queued = false
	if durable {
		g.since, g.cause = time.Time{}, ""
		g.refused += d.Numbers["refused"]
		g.lost += d.Numbers["lost"]
		g.failures += d.Numbers["failures"]
	}
}

// tellNow is tellDegraded for the committer, while nobody can take a place.
func (l *Log) tellNow() error {
	d := l.degradedDraft()
	if d == nil {
		return nil
	}
	if l.lastError() != nil {
		d.event.Result = "refusing" // exchanges still are
	}
	e := newEntry()
	d.limit = l.o.MaxPayload
	e.build(d, l.head.Load())
	l.drain = append(l.drain[:0], e)
	l.tail.Add(1)
	err := l.commit()
	if err != nil {
		l.tail.Add(^uint64(0))
		l.drain = l.drain[:0]
		l.failed(err)
	}
	l.told(d.event, err == nil)
	return err
}

// tellDegraded writes the record of what went by unrecorded, where there is something to tell. It waits for the disk.
func (l *Log) tellDegraded() {
	if d := l.degradedDraft(); d != nil {
		l.told(d.event, l.write(d, true) == nil)
	}
}
