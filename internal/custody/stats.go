package custody

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// Stats are counters for metrics.
type Stats struct {
	Records         uint64        // records made durable since Open
	Bytes           uint64        // bytes written for them, about
	Syncs           uint64        // drains made durable
	SyncFailures    uint64        // drains that failed
	Refused         uint64        // records refused with ErrUnavailable
	Lost            uint64        // records of best-effort routes that were queued and could not be written
	LastBatch       int           // records in the last drain
	MaxBatch        int           // records in the largest drain
	Queue           int           // records waiting now
	Open            int           // exchanges with an intent and no outcome yet
	Segment         uint64        // number of the current segment
	Tampered        uint64        // files of the log that somebody else deleted, replaced or cut while it was open
	Sealed          uint64        // segments sealed since Open
	Size            uint64        // leaves in the log
	Checkpoint      uint64        // leaves under the newest signed checkpoint
	SyncTime        time.Duration // time spent in write and sync
	WitnessFailures uint64        // cosignatures that a witness did not give
	LastError       string        // what is wrong with the disk now, "" when healthy
}

type counters struct {
	records, bytes, syncs, failures, refused, lost, segment, sealed, tampered atomic.Uint64
	witnessFailures                                                           atomic.Uint64
	lastBatch, maxBatch, open, syncTime                                       atomic.Int64
}

// Stats returns the counters.
func (l *Log) Stats() Stats {
	head := l.head.Load()
	s := Stats{
		WitnessFailures: l.stats.witnessFailures.Load(),
		Records:         l.stats.records.Load(), Bytes: l.stats.bytes.Load(), Syncs: l.stats.syncs.Load(),
		SyncFailures: l.stats.failures.Load(), Refused: l.stats.refused.Load(), Lost: l.stats.lost.Load(),
		LastBatch: int(l.stats.lastBatch.Load()), MaxBatch: int(l.stats.maxBatch.Load()),
		Queue: int(max(l.tail.Load()&^refuseBit, head) - head), Open: int(l.stats.open.Load()),
		Segment: l.stats.segment.Load(), Sealed: l.stats.sealed.Load(), Tampered: l.stats.tampered.Load(), Size: head, Checkpoint: l.signed.Load(), SyncTime: time.Duration(l.stats.syncTime.Load()),
	}
	l.errMu.Lock()
	defer l.errMu.Unlock()
	var missing error
	if len(l.missing) > 0 {
		missing = fmt.Errorf("%w: %s was deleted, replaced or cut", ErrDamaged, strings.Join(l.missing, ", "))
	}
	if err := errors.Join(l.lastErr, l.tickErr, l.witnessErr, l.sealing.last(), missing); err != nil {
		s.LastError = err.Error()
	}
	return s
}

// Ready returns nil where the log takes records, and otherwise why not, wrapping ErrUnavailable.
func (l *Log) Ready() error {
	if l.tail.Load()&refuseBit == 0 {
		return nil
	}
	l.errMu.Lock()
	defer l.errMu.Unlock()
	if l.lastErr == nil {
		return ErrUnavailable
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, l.lastErr)
}

func (l *Log) lastError() error {
	l.errMu.Lock()
	defer l.errMu.Unlock()
	return l.lastErr
}

func (l *Log) setError(err error) {
	l.errMu.Lock()
	defer l.errMu.Unlock()
	l.lastErr = err
}

func (l *Log) setTickError(err error) {
	l.errMu.Lock()
	defer l.errMu.Unlock()
	l.tickErr = err
}

func (l *Log) setWitnessError(err error) {
	l.errMu.Lock()
	defer l.errMu.Unlock()
	l.witnessErr = err
}
