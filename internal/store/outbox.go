package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
)

// Act is an administrative act that the custody log has to record: a key was created or revoked, and so on.
// It waits in the outbox, because only one process holds the log and the act may come from another.
type Act struct {
	Seq      int64             // set by the store: dense, rising in the order of commit
	At       time.Time         // UTC
	Act      string            // stable name, such as "key.create"
	Subject  string            // opaque id of what it was done to
	Details  map[string]string // never secrets, never names of people
	Recorded bool
}

func addAct(ctx context.Context, tx *sql.Tx, a Act) error {
	details, err := json.Marshal(a.Details, json.Deterministic(true))
	if err != nil {
		return err
	}
	seq, err := bump(ctx, tx, counterOutbox)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO admin_outbox (seq, at_ms, act, subject, details, recorded) VALUES ($1, $2, $3, $4, $5, 0)`,
		seq, toMillis(a.At), a.Act, a.Subject, string(details))
	return err
}

// AddAct puts an act that changes nothing else in this store into the outbox.
func (d *DB) AddAct(ctx context.Context, a Act) error {
	if err := inTx(ctx, d.sql, func(tx *sql.Tx) error { return addAct(ctx, tx, a) }); err != nil {
		return fmt.Errorf("add act %s: %w", a.Act, explain(err))
	}
	return nil
}

// Drain hands every act that waits to record, oldest first, and marks it when record has returned nil. It stops at
// the first error, so order is kept, and returns how many were marked. A crash between record and mark hands the same
// act out again: the recorder writes Seq into the record, by which a reader knows the repeat. Only the process that
// holds the custody log drains; of several servers that share a database, one at a time.
func (d *DB) Drain(ctx context.Context, record func(Act) error) (int, error) {
	if d.lock == "" {
		return d.drain(ctx, record)
	}
	done := 0
	err := inTx(ctx, d.sql, func(tx *sql.Tx) error {
		var mine bool
		err := tx.QueryRowContext(ctx, d.lock).Scan(&mine)
		if err == nil && mine { // the lock is held until the transaction ends
			done, err = d.drain(ctx, record)
		}
		return err
	})
	return done, err
}

func (d *DB) drain(ctx context.Context, record func(Act) error) (int, error) {
	const batch = 100
	done := 0
	for {
		acts, err := d.acts(ctx, `WHERE recorded = 0 ORDER BY seq LIMIT $1`, batch)
		if err != nil {
			return done, fmt.Errorf("read the outbox: %w", explain(err))
		}
		for _, a := range acts {
			if err := record(a); err != nil {
				return done, fmt.Errorf("record act %d (%s): %w", a.Seq, a.Act, err)
			}
			if _, err := d.sql.ExecContext(ctx, `UPDATE admin_outbox SET recorded = 1 WHERE seq = $1`, a.Seq); err != nil {
				return done, fmt.Errorf("mark act %d: %w", a.Seq, explain(err))
			}
			done++
		}
		if len(acts) < batch {
			return done, nil
		}
	}
}

// Acts returns all acts, recorded or not, in order.
func (d *DB) Acts(ctx context.Context) ([]Act, error) {
	acts, err := d.acts(ctx, `ORDER BY seq`)
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", explain(err))
	}
	return acts, nil
}

func (d *DB) acts(ctx context.Context, where string, args ...any) ([]Act, error) {
	rows, err := d.sql.QueryContext(ctx, `SELECT seq, at_ms, act, subject, details, recorded FROM admin_outbox `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var acts []Act
	for rows.Next() {
		var a Act
		var at, recorded int64
		var details string
		if err := rows.Scan(&a.Seq, &at, &a.Act, &a.Subject, &details, &recorded); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(details), &a.Details); err != nil {
			return nil, fmt.Errorf("act %d: its details are damaged: %w", a.Seq, err)
		}
		a.At, a.Recorded = fromMillis(at), recorded != 0
		acts = append(acts, a)
	}
	return acts, rows.Err()
}
