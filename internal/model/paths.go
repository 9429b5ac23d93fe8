package model

import (
	"context"
	"sync"
)

// Paths scans many files and folders, several at once, and gives the results to tell in the order in which Path would.
// tell is called by one goroutine at a time.
func (s *Scanner) Paths(ctx context.Context, paths []string, workers int, tell func(*Result) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan chan *Result, max(workers, 1)*4)
	var wg sync.WaitGroup
	slots := make(chan struct{}, max(workers, 1))
	go func() {
		defer close(queue)
		for _, p := range paths {
			if err := s.walk(ctx, p, func(work func() *Result) error { return s.start(ctx, queue, slots, &wg, work) }); err != nil {
				return
			}
		}
	}()
	var failed error
	for r := range queue {
		result := <-r
		if failed == nil && ctx.Err() == nil {
			if failed = tell(result); failed != nil {
				cancel(failed)
			}
		}
	}
	wg.Wait()
	if failed != nil {
		return failed
	}
	return ctx.Err()
}

// start puts a place for the result into the queue and has the work done as soon as there is a free slot.
func (s *Scanner) start(ctx context.Context, queue chan<- chan *Result, slots chan struct{}, wg *sync.WaitGroup, work func() *Result) error {
	place := make(chan *Result, 1)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case slots <- struct{}{}:
	}
	select {
	case <-ctx.Done():
		<-slots
		return ctx.Err()
	case queue <- place:
	}
	wg.Go(func() {
		defer func() { <-slots }()
		place <- work()
	})
	return nil
}
