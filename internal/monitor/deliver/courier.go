// Package deliver brings what the custody log records to other systems: to a file, to syslog, to a webhook.
//
// The log itself is the backlog. A Courier follows it from a position that is kept on disk, and moves the position only when
// the sink has taken the events. So a sink may be down for as long as records are kept: nothing is lost and nothing is held
// in memory. Events come at least once and in the order of the log; the sequence number in each (OCSF metadata.uid) tells
// one that comes again.
package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/lifecycle"
)

// Source is the log in the words of the sink. It is used by one goroutine. *lifecycle.Feed is one.
type Source interface {
	// Size is the number of durable records.
	Size() (uint64, error)
	// First is the first record that is kept.
	First() uint64
	// Each calls fn for what the records [from, to) tell, in their order.
	Each(ctx context.Context, from, to uint64, fn func(*lifecycle.Told) error) error
}

// Sink is another system. It is used by one goroutine.
type Sink interface {
	// Send returns nil only when all events were taken. Where it returns an error, any of them may have been taken, and all
	// are sent again.
	Send(ctx context.Context, batch []*lifecycle.Told) error
	// Close gives back what Send keeps open.
	Close() error
}

// Waiter is an error of a Sink that says how long it wants to be left alone.
type Waiter interface{ RetryAfter() time.Duration }

// Options of New. Name, Dir, Source and Sink are needed.
type Options struct {
	Name    string // letters, digits, - and _: names the file of the position and the metrics
	Dir     string // where positions are kept
	Source  Source
	Sink    Sink
	Batch   int           // events that are sent at once; default 256
	Every   time.Duration // how often the log is looked at; default 1 s
	Timeout time.Duration // of one Send; default 30 s
	Least   time.Duration // after the first failure; default 1 s
	Most    time.Duration // between two attempts; default 5 min
	Start   bool          // a new sink gets the log from its start, not from now
	Clock   reeve.Clock   // default time.Now
	Rand    *rand.Rand    // of the delays; default seeded by the system
	Log     *slog.Logger  // default discards
}

// Courier delivers to one sink.
type Courier struct {
	o     Options
	rand  *rand.Rand
	stats stats

	// Owned by Run.
	at       position
	failures int
	held     []*lifecycle.Told // read and not taken yet
	heldTo   uint64            // behind the last record that held covers
	bytes    int
}

type stats struct {
	next, size, delivered, failures, missed atomic.Uint64
	failingSince                            atomic.Int64 // Unix nanoseconds; 0: not failing
}

// Stats are counters for metrics.
type Stats struct {
	Next         uint64    // first record that is not delivered
	Backlog      uint64    // records that wait
	Delivered    uint64    // events since the start
	Failures     uint64    // attempts that failed since the start
	Missed       uint64    // records that retention removed before they were delivered
	FailingSince time.Time // zero: the last attempt went well
}

// maxBatchBytes bounds one Send.
const maxBatchBytes = 1 << 20

// lookAhead is how many records are read at once.
const lookAhead = 4096

// New reads the position of the sink, or takes a first one and keeps it: from then on nothing is lost.
func New(o Options) (*Courier, error) {
	if o.Name == "" || o.Source == nil || o.Sink == nil {
		return nil, errors.New("deliver: name, source and sink are required")
	}
	orDefault(&o.Batch, 256)
	orDefault(&o.Every, time.Second)
	orDefault(&o.Timeout, 30*time.Second)
	orDefault(&o.Least, time.Second)
	orDefault(&o.Most, 5*time.Minute)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &Courier{o: o, rand: o.Rand}
	if c.rand == nil {
		c.rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) //nolint:gosec // spreads attempts, guards nothing
	}
	if err := c.begin(); err != nil {
		return nil, fmt.Errorf("deliver to %s: %w", o.Name, err)
	}
	return c, nil
}

func orDefault[T int | time.Duration](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}

// begin takes up the position. One behind the end of the log is of a log that was put back from a copy: what it holds was
// delivered.
func (c *Courier) begin() error {
	size, err := c.o.Source.Size()
	if err != nil {
		return err
	}
	at, known, err := readPosition(c.o.Dir, c.o.Name)
	switch {
	case err != nil:
		return err
	case !known && !c.o.Start:
		at.Next = size
	case at.Next > size:
		c.o.Log.Warn("the log is shorter than what was delivered; delivery goes on from its end", "sink", c.o.Name, "delivered", at.Next, "records", size)
		at.Next = size
	}
	c.at = at
	c.stats.next.Store(at.Next)
	c.stats.size.Store(size)
	return writePosition(c.o.Dir, c.o.Name, at)
}

// Stats returns the counters. It is safe for concurrent use.
func (c *Courier) Stats() Stats {
	s := Stats{Next: c.stats.next.Load(), Delivered: c.stats.delivered.Load(), Failures: c.stats.failures.Load(), Missed: c.stats.missed.Load()}
	s.Backlog = max(c.stats.size.Load(), s.Next) - s.Next
	if ns := c.stats.failingSince.Load(); ns != 0 {
		s.FailingSince = time.Unix(0, ns)
	}
	return s
}

// Name is that of the sink.
func (c *Courier) Name() string { return c.o.Name }

// Run delivers until ctx ends. What was not taken by then is delivered after the next start.
func (c *Courier) Run(ctx context.Context) error {
	defer c.o.Sink.Close()
	pace := custody.NewPace(c.o.Source.Size, c.o.Clock) // what is served comes before what is told of it
	for ctx.Err() == nil {
		wait := c.o.Every
		if err := pace.Work(func() (bool, error) { return c.step(ctx) }); err != nil && ctx.Err() == nil {
			wait = c.failed(err)
		}
		sleep(ctx, wait)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// step sends one batch and reports whether more waits already.
func (c *Courier) step(ctx context.Context) (more bool, err error) {
	size, err := c.o.Source.Size()
	if err != nil {
		return false, fmt.Errorf("read the log: %w", err)
	}
	c.stats.size.Store(size)
	if c.at.Next >= size {
		return false, nil
	}
	if first := c.o.Source.First(); c.at.Next < first {
		c.stats.missed.Add(first - c.at.Next)
		c.o.Log.Error("retention removed records before they were delivered", "sink", c.o.Name, "from", c.at.Next, "to", first)
		c.at.Next, c.held, c.heldTo = first, nil, 0
	}
	if err := c.read(ctx, size); err != nil {
		return false, fmt.Errorf("read the log: %w", err)
	}
	if len(c.held) > 0 {
		sending, cancel := context.WithTimeout(ctx, c.o.Timeout)
		err := c.o.Sink.Send(sending, c.held)
		cancel()
		if err != nil {
			return false, err
		}
	}
	if err := writePosition(c.o.Dir, c.o.Name, position{Next: c.heldTo}); err != nil {
		return false, err
	}
	c.worked()
	return c.heldTo < size, nil
}

// worked moves on behind what the sink has taken.
func (c *Courier) worked() {
	c.stats.delivered.Add(uint64(len(c.held)))
	c.at.Next = c.heldTo
	c.stats.next.Store(c.at.Next)
	c.held, c.heldTo, c.bytes = nil, 0, 0
	if c.failures > 0 {
		c.o.Log.Info("events are delivered again", "sink", c.o.Name, "attempts", c.failures)
	}
	c.failures = 0
	c.stats.failingSince.Store(0)
}

// errFull ends the reading of a batch.
var errFull = errors.New("the batch is full")

// read fills held with what comes next. After a failure it is the same batch again.
func (c *Courier) read(ctx context.Context, size uint64) error {
	if c.heldTo > c.at.Next {
		return nil
	}
	c.held, c.bytes = nil, 0
	to := min(size, c.at.Next+lookAhead)
	err := c.o.Source.Each(ctx, c.at.Next, to, func(t *lifecycle.Told) error {
		if len(c.held) == c.o.Batch || len(c.held) > 0 && c.bytes+len(t.Event) > maxBatchBytes {
			to = t.Seq
			return errFull
		}
		c.held, c.bytes = append(c.held, t), c.bytes+len(t.Event)
		return nil
	})
	if err != nil && !errors.Is(err, errFull) {
		c.held = nil
		return err
	}
	c.heldTo = to
	return nil
}

// failed notes a failure and says how long to wait: twice as long each time, by chance between half of it and all of it, so
// that several servers do not come back at once. A sink that asks for more gets it, up to the bound.
func (c *Courier) failed(err error) time.Duration {
	c.failures++
	c.stats.failures.Add(1)
	if c.failures == 1 {
		c.stats.failingSince.Store(c.o.Clock().UnixNano())
		c.o.Log.Warn("events cannot be delivered; they wait in the log", "sink", c.o.Name, "error", err)
	}
	wait := min(c.o.Least<<min(c.failures-1, 20), c.o.Most)
	if wait <= 0 {
		wait = c.o.Most
	}
	wait = wait/2 + time.Duration(c.rand.Int64N(int64(wait/2)+1))
	var w Waiter
	if errors.As(err, &w) {
		wait = max(wait, min(w.RetryAfter(), c.o.Most))
	}
	return wait
}
