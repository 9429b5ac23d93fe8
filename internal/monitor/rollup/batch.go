package rollup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/monitor/record"
)

// batchRecords are counted in one transaction.
const batchRecords = 16384

// CatchUp counts all records that are durable now. Callers wait for each other.
func (s *Store) CatchUp(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	end, err := s.src.Size()
	if err != nil {
		return fmt.Errorf("rollups: %w", err)
	}
	for s.next < end {
		if err := s.some(ctx, end); err != nil {
			return err
		}
	}
	s.caughtUp = s.now()
	return nil
}

// step counts some of the records that are durable now, and reports whether there are more.
func (s *Store) step(ctx context.Context) (more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	end, err := s.src.Size()
	if err != nil {
		return false, fmt.Errorf("rollups: %w", err)
	}
	if s.next < end {
		if err := s.some(ctx, end); err != nil {
			return false, err
		}
	}
	if s.next >= end {
		s.caughtUp = s.now()
	}
	return s.next < end, nil
}

func (s *Store) some(ctx context.Context, end uint64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.batch(ctx, min(end, s.next+batchRecords)); err != nil {
		return errors.Join(fmt.Errorf("count records from %d on: %w", s.next, err), s.reload(context.WithoutCancel(ctx)))
	}
	return nil
}

// Next is the first record that is not counted yet.
func (s *Store) Next() uint64 { return s.behind.Load() }

// cell is a row of the table counts.
type cell struct{ grain, t, series int64 }

// batch counts the records up to end.
func (s *Store) batch(ctx context.Context, end uint64) error {
	ctx = context.WithoutCancel(ctx) // a batch is short, and the driver watches a context that can end with a goroutine a statement
	known := len(s.keys)
	cells := map[cell]*sums{}
	newest := s.newest
	var last []byte
	var kept []Kept
	var r record.Record
	err := s.src.Leaves(s.next, end, func(stored *custody.Stored) error {
		last = append(last[:0], stored.Leaf...)
		if err := s.parser.Parse(&r, stored); err != nil {
			return err
		}
		at := r.When().Unix()
		newest = max(newest, at)
		if !s.joiner.Add(&r) {
			return nil
		}
		if keeps(&r) {
			kept = append(kept, keep(&r))
		}
		count(&r, func(k key, v sums) {
			id := s.id(k)
			for _, g := range grains {
				c := cell{g.seconds(), g.start(at), id}
				if into := cells[c]; into != nil {
					into.add(v)
					continue
				}
				one := v
				cells[c] = &one
			}
		})
		return nil
	})
	if err != nil {
		return err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := s.write(ctx, tx, known, cells, kept, newest, end, last); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	s.next, s.newest = end, newest
	s.behind.Store(end)
	return nil
}

func (s *Store) write(ctx context.Context, tx *sql.Tx, known int, cells map[cell]*sums, kept []Kept, newest int64, end uint64, last []byte) error {
	for i := known; i < len(s.keys); i++ {
		n := &s.keys[i].names
		if _, err := tx.ExecContext(ctx, `INSERT INTO series (id, kind, a, b, c, d, e) VALUES (?, ?, ?, ?, ?, ?, ?)`, i+1, string(s.keys[i].kind), n[0], n[1], n[2], n[3], n[4]); err != nil {
			return err
		}
	}
	if err := writeCells(ctx, tx, cells); err != nil {
		return err
	}
	if err := writeKept(ctx, tx, kept, newest); err != nil {
		return err
	}
	for g, keep := range keptFor {
		if keep == 0 {
			continue
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM counts WHERE grain = ? AND t < ?`, g.seconds(), g.start(newest-keep)); err != nil {
			return err
		}
	}
	if err := s.writeWaiting(ctx, tx); err != nil {
		return err
	}
	const set = `INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2`
	for _, m := range []struct {
		name  string
		value []byte
	}{{"next", fmt.Append(nil, end)}, {"newest", fmt.Append(nil, newest)}, {"last", digest(last)}} {
		if _, err := tx.ExecContext(ctx, set, m.name, m.value); err != nil {
			return err
		}
	}
	return nil
}

// cellsAtOnce are written by one statement: a statement costs the driver more than a row.
const cellsAtOnce = 32

func writeCells(ctx context.Context, tx *sql.Tx, cells map[cell]*sums) error {
	const row = `(?, ?, ?, ?, ?, ?, ?, ?, ?)`
	const end = ` ON CONFLICT (grain, t, series) DO UPDATE SET n = n + excluded.n, tokens_in = tokens_in + excluded.tokens_in,
		tokens_out = tokens_out + excluded.tokens_out, us = us + excluded.us, us_guard = us_guard + excluded.us_guard, us_custody = us_custody + excluded.us_custody`
	const head = `INSERT INTO counts (grain, t, series, n, tokens_in, tokens_out, us, us_guard, us_custody) VALUES `
	many, err := tx.PrepareContext(ctx, head+strings.Repeat(row+", ", cellsAtOnce-1)+row+end)
	if err != nil {
		return err
	}
	defer many.Close()
	var args []any
	width := 0
	for c, v := range cells {
		before := len(args)
		args = append(args, c.grain, c.t, c.series, v.N, v.TokensIn, v.TokensOut, v.Micros, v.GuardUS, v.CustodyUS)
		if width = len(args) - before; len(args) < cellsAtOnce*width {
			continue
		}
		if _, err := many.ExecContext(ctx, args...); err != nil {
			return err
		}
		args = args[:0]
	}
	for ; len(args) > 0; args = args[width:] {
		if _, err := tx.ExecContext(ctx, head+row+end, args[:width]...); err != nil {
			return err
		}
	}
	return nil
}

// id is the number of a series, with names and series beyond their bounds counted as Other.
func (s *Store) id(k key) int64 {
	s.names.Lock()
	defer s.names.Unlock()
	if id := s.ids[k]; id != 0 {
		return id
	}
	for i, d := range dims[k.kind] {
		if known := s.perDim[d]; !known[k.names[i]] && len(known) >= maxNames[d] {
			k.names[i] = Other
		}
	}
	if id := s.ids[k]; id != 0 {
		return id
	}
	if s.perKind[k.kind] >= maxSeries[k.kind] {
		for i := range dims[k.kind] {
			k.names[i] = Other
		}
		if id := s.ids[k]; id != 0 {
			return id
		}
	}
	id := int64(len(s.keys)) + 1
	s.know(k, id)
	return id
}

// writeWaiting keeps the intents whose outcomes did not come yet: after a restart they are filled in all the same.
func (s *Store) writeWaiting(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM waiting`); err != nil {
		return err
	}
	n := 0
	return s.joiner.Waiting(func(id custody.ID, a record.About) error {
		b, err := json.Marshal(a, json.Deterministic(true))
		if err != nil {
			return err
		}
		n++
		_, err = tx.ExecContext(ctx, `INSERT INTO waiting (n, ulid, about) VALUES (?, ?, ?)`, n, id[:], b)
		return err
	})
}

func (s *Store) loadWaiting(ctx context.Context) error {
	rows, err := s.db.QueryContext(ctx, `SELECT ulid, about FROM waiting ORDER BY n`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, b []byte
		var a record.About
		if err := rows.Scan(&id, &b); err != nil {
			return err
		}
		if len(id) != len(custody.ID{}) {
			return errOther
		}
		if err := json.Unmarshal(b, &a); err != nil {
			return fmt.Errorf("%w: %w", errOther, err)
		}
		s.joiner.Open(custody.ID(id), a)
	}
	return rows.Err()
}
