package lifecycle

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"time"
)

// stretchRecords is how many records one stretch speaks of.
const stretchRecords = 4096

// stretch is a stretch of records, and the times between which they lie, both included. An index over the time of every record would cost
// more than all else that is kept of it.
type stretch struct {
	first, last  uint64
	since, until int64 // nanoseconds since 1970
	open         bool  // it speaks of a record at least
}

// full reports whether the record belongs to the next stretch.
func (s *stretch) full(seq uint64) bool { return !s.open || seq-s.first >= stretchRecords }

func (s *stretch) add(seq uint64, t int64) {
	if !s.open {
		*s = stretch{first: seq, since: t, until: t, open: true}
	}
	s.last, s.since, s.until = seq, min(s.since, t), max(s.until, t)
}

// stretch takes a record into the last stretch, or begins the next one.
func (b *batch) stretch(ctx context.Context, seq uint64, t int64) error {
	if b.last.full(seq) {
		if err := b.last.write(ctx, b.tx); err != nil {
			return err
		}
		b.last = stretch{}
	}
	b.last.add(seq, t)
	return nil
}

func (s *stretch) write(ctx context.Context, tx *sql.Tx) error {
	if !s.open {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO stretches (first, last, since, until) VALUES ($1, $2, $3, $4)
		ON CONFLICT (first) DO UPDATE SET last = excluded.last, since = excluded.since, until = excluded.until`, s.first, s.last, s.since, s.until)
	return err
}

func (s *stretch) load(ctx context.Context, db *sql.DB) error {
	err := db.QueryRowContext(ctx, `SELECT first, last, since, until FROM stretches ORDER BY first DESC LIMIT 1`).Scan(&s.first, &s.last, &s.since, &s.until)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	s.open = err == nil
	return err
}

// between are the records, from and to (exclusive), among which everything between two times lies; a zero time does not bound. All
// records are below math.MaxInt64.
func (x *Index) between(ctx context.Context, since, until time.Time) (from, to uint64, err error) {
	if since.IsZero() && until.IsZero() {
		return 0, math.MaxInt64, nil
	}
	low, high := int64(math.MinInt64), int64(math.MaxInt64)
	if !since.IsZero() {
		low = since.UnixNano()
	}
	if !until.IsZero() {
		high = until.UnixNano()
	}
	err = x.db.QueryRowContext(ctx, `SELECT coalesce(min(first), 0), coalesce(max(last) + 1, 0) FROM stretches WHERE until >= $1 AND since < $2`, low, high).Scan(&from, &to)
	return from, to, err
}
