package rollup

import (
	"context"
	"log/slog"
	"time"

	"github.com/reeve-ai/reeve/internal/custody"
)

// The rollups follow the log, and make way while it is busy (custody.Pace).
const (
	followEvery = time.Second
	freshEvery  = time.Second
	maxFresh    = 20_000 // records that somebody who asks waits for
)

// Run keeps the rollups up to date until ctx ends.
func (s *Store) Run(ctx context.Context, log *slog.Logger) error {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	pace := custody.NewPace(s.src.Size, s.now)
	for {
		if err := pace.Work(func() (bool, error) { return s.step(ctx) }); err != nil && ctx.Err() == nil {
			log.Error("the rollups are behind the log", "error", err)
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
