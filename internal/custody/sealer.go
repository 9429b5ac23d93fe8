package custody

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// sealing is the work of splitting full segments, in the background. Segments are sealed in order and one at a time.
type sealing struct {
	mu   sync.Mutex    // held while a segment is split, and while payloads are dropped
	wake chan struct{} // a segment is full
	stop chan struct{}
	done chan struct{}

	errMu sync.Mutex
	err   error // why the last segment could not be sealed
}

var errClosing = errors.New("the log is closing")

const (
	sealLazy   = 64                   // records in one drain from which on sealing makes way
	sealYield  = 2 * time.Millisecond // how often it looks whether it still has to
	sealBehind = 16                   // segments that may wait before sealing makes way no longer; a start reads them all
	sealRetry  = 5 * time.Second
)

func (s *sealing) set(err error) {
	s.errMu.Lock()
	defer s.errMu.Unlock()
	s.err = err
}

func (s *sealing) last() error {
	s.errMu.Lock()
	defer s.errMu.Unlock()
	return s.err
}

// sealLoop seals full segments until the log closes.
func (l *Log) sealLoop() {
	defer close(l.sealing.done)
	for {
		err := l.lastError()
		if !isFull(err) { // what is left of a full disk belongs to the committer
			err = errors.Join(l.sealFull(), l.keepReserve())
		}
		if errors.Is(err, errClosing) {
			return
		}
		l.sealing.set(err)
		var again <-chan time.Time
		if err != nil && !errors.Is(err, ErrDamaged) {
			again = time.After(sealRetry)
		}
		select {
		case <-l.sealing.stop:
			return
		case <-l.sealing.wake:
		case <-again:
		}
	}
}

// wakeSealer says that there is a full segment.
func (l *Log) wakeSealer() {
	select {
	case l.sealing.wake <- struct{}{}:
	default:
	}
}

// sealFull seals every segment that is not written any more.
func (l *Log) sealFull() error {
	numbers, _, err := listSegments(l.walDir)
	if err != nil {
		return fmt.Errorf("list segments: %w", err)
	}
	for _, n := range numbers {
		if n >= l.stats.segment.Load() {
			break
		}
		if err := l.seal(n, func() error { return l.makeWay(n) }); err != nil {
			return err
		}
	}
	return nil
}

// makeWay waits for as long as a crowd writes, unless too much is not sealed yet: a burst has disk and processor for itself, and what it
// left is split behind it.
func (l *Log) makeWay(number uint64) error {
	for {
		select {
		case <-l.sealing.stop:
			return errClosing
		default:
		}
		if l.stats.lastBatch.Load() < sealLazy || l.stats.segment.Load()-number > sealBehind {
			return nil
		}
		before := l.stats.records.Load()
		select {
		case <-l.sealing.stop:
			return errClosing
		case <-time.After(sealYield):
		}
		if l.stats.records.Load()-before < sealLazy/2 {
			return nil // the last drain was a large one, and nobody follows
		}
	}
}

// seal splits one segment that is not written any more and removes it. It does nothing where that is done already. While the
// segment is there it is split anew even where both files exist: that they can be read does not say that they are durable.
func (l *Log) seal(number uint64, pause func() error) error {
	l.sealing.mu.Lock()
	defer l.sealing.mu.Unlock()
	return l.sealLocked(number, pause)
}

func (l *Log) sealLocked(number uint64, pause func() error) error {
	path := filepath.Join(l.walDir, segmentName(number))
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := l.splitSegment(number, pause); err != nil {
		return fmt.Errorf("seal segment %d: %w", number, err)
	}
	l.stats.sealed.Add(1)
	if err := removeStale(l.fs, path); err != nil {
		return fmt.Errorf("seal segment %d: %w", number, err)
	}
	if err := l.fs.SyncDir(l.walDir); err != nil {
		return fmt.Errorf("seal segment %d: %w", number, err)
	}
	return nil
}

func (l *Log) splitSegment(number uint64, pause func() error) error {
	next, err := openSegmentOf(l.dir, number+1)
	if err != nil {
		return err
	}
	next.close()
	src, err := openSegmentFile(l.walDir, number)
	if err != nil {
		return err
	}
	defer src.close()
	return split(l.fs, l.dir, src, next.h, pause)
}

// Seal ends the current segment and seals all that was written before. It returns when that is durable, or an error that wraps
// ErrUnavailable where the log cannot write.
func (l *Log) Seal(ctx context.Context) error {
	if err := l.endSegment(ctx); err != nil {
		return err
	}
	numbers, _, err := listSegments(l.walDir)
	if err != nil {
		return fmt.Errorf("list segments: %w", err)
	}
	for _, n := range numbers {
		if n >= l.stats.segment.Load() {
			break
		}
		if err := l.seal(n, ctx.Err); err != nil {
			return err
		}
	}
	return nil
}

// endSegment asks the committer to begin a new segment, unless the current one is empty, and waits for it.
func (l *Log) endSegment(ctx context.Context) error {
	req := make(chan error, 1)
	for !l.turn.CompareAndSwap(nil, &req) {
		select { // somebody else asked just now
		case <-ctx.Done():
			return ctx.Err()
		case <-l.stopped:
			return ErrUnavailable
		case <-time.After(time.Millisecond):
		}
	}
	l.nudge()
	select {
	case err := <-req:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-l.stopped:
		return ErrUnavailable
	}
}

// turnSegment does what endSegment asked for. Only the committer calls it.
func (l *Log) turnSegment() {
	req := l.turn.Swap(nil)
	if req == nil {
		return
	}
	var err error
	if l.seg.end() > l.seg.start {
		if err = l.rotate(endClean); err != nil {
			err = fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	*req <- err
}
