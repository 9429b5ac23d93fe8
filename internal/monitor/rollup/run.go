package rollup

import (
	"context"
	"log/slog"
	"time"
)

// The rollups follow the log in quiet moments, and make way while it is busy.
const (
	followEvery = time.Second
	busyRecords = 1000    // records in followEvery beyond which the log is busy
	maxBehind   = 100_000 // records that the rollups may be behind a busy log: about a second of catching up
	freshEvery  = time.Second
	maxFresh    = 20_000 // records that somebody who asks waits for
)

// Run keeps the rollups up to date until ctx ends.
func (s *Store) Run(ctx context.Context, log *slog.Logger) error {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	var size uint64
	for first := true; ; first = false {
		before := size
		if n, err := s.src.Size(); err == nil {
			size = n
		}
		if busy := size-before > busyRecords && size-min(s.Next(), size) < maxBehind; first || !busy {
			if err := s.CatchUp(ctx); err != nil && ctx.Err() == nil {
				log.Error("the rollups are behind the log", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// fresh catches up for somebody who asks, where that is soon done.
func (s *Store) fresh(ctx context.Context) error {
	size, err := s.src.Size()
	if err != nil {
		return err
	}
	if next := s.Next(); size <= next || size-next > maxFresh {
		return nil
	}
	s.mu.Lock()
	recent := s.now().Sub(s.caughtUp) < freshEvery && !s.caughtUp.IsZero()
	s.mu.Unlock()
	if recent {
		return nil
	}
	return s.CatchUp(ctx)
}
