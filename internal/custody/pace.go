package custody

import (
	"fmt"
	"sync"
	"time"
)

// While the log is busy, who derives something from it works a fortieth of the time: what is served now comes before what is counted. At
// the pace of an index, that is enough for some thousand records a second.
const (
	busyRecords = 1000 // records a second beyond which the log is busy
	paceLook    = 250 * time.Millisecond
	paceRest    = 40
)

// Pace lets who follows the log make way while it is busy. It is safe for concurrent use.
type Pace struct {
	size  func() (uint64, error)
	clock func() time.Time

	mu     sync.Mutex
	last   uint64    // size at the last look
	looked time.Time // zero: never
	busy   bool
	resume time.Time // no step before this while the log is busy
}

// NewPace makes the pace of one follower of a log, of which size is the number of durable records.
func NewPace(size func() (uint64, error), clock func() time.Time) *Pace {
	return &Pace{size: size, clock: clock}
}

// Work takes steps until one says that there is no more to do, or for as long as the log is quiet. While the log is busy it takes a single step, and
// none at all where the last one was too short a time ago. A step should take some milliseconds.
func (p *Pace) Work(step func() (more bool, err error)) error {
	for {
		may, err := p.may()
		if err != nil || !may {
			return err
		}
		began := p.clock()
		more, err := step()
		p.took(began)
		if err != nil || !more {
			return err
		}
	}
}

func (p *Pace) may() (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock()
	if since := now.Sub(p.looked); p.looked.IsZero() || since >= paceLook || since < 0 {
		size, err := p.size()
		if err != nil {
			return false, fmt.Errorf("follow the log: %w", err)
		}
		if !p.looked.IsZero() {
			p.busy = since > 0 && size > p.last && time.Duration(size-p.last)*time.Second > busyRecords*since
		}
		p.last, p.looked = size, now
	}
	return !p.busy || !now.Before(p.resume), nil
}

func (p *Pace) took(began time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock()
	p.resume = now.Add(paceRest * max(now.Sub(began), 0))
}
