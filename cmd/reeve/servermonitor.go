package main

import (
	"context"

	"github.com/reeve-ai/reeve/internal/monitor/rollup"
)

// openMonitor opens what watches the exchanges. All of it follows the log, behind the acknowledgement.
func (s *server) openMonitor(ctx context.Context) (err error) {
	if s.rollups, err = rollup.Open(ctx, s.settings.data, s.house.reader, nil); err != nil {
		return err
	}
	s.loops = append(s.loops, func(ctx context.Context) error { return s.rollups.Run(ctx, s.log) })
	return s.openEvents()
}
