package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Share is one resource that its owner shares with one principal or group.
type Share struct {
	Kind, Name string // of the resource, such as "dataset" and "tickets"
	With       string // id of a principal, or "group:NAME"
	Created    time.Time
}

// AddShare adds a share and the act that made it. It reports false, and adds nothing, where the share was there.
func (d *DB) AddShare(ctx context.Context, s Share, act Act) (added bool, err error) {
	err = d.change(ctx, "share", func(tx *sql.Tx, _ int64) error {
		r, err := tx.ExecContext(ctx, `INSERT INTO shares (kind, name, with_whom, created_ms) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			s.Kind, s.Name, s.With, toMillis(s.Created))
		return oneRow(ctx, tx, r, err, &added, act)
	})
	return added && err == nil, err
}

// RemoveShare takes a share back. It reports false, and adds no act, where there was none.
func (d *DB) RemoveShare(ctx context.Context, s Share, act Act) (removed bool, err error) {
	err = d.change(ctx, "take a share back", func(tx *sql.Tx, _ int64) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM shares WHERE kind = $1 AND name = $2 AND with_whom = $3`, s.Kind, s.Name, s.With)
		return oneRow(ctx, tx, r, err, &removed, act)
	})
	return removed && err == nil, err
}

// oneRow adds the act where a statement changed a row.
func oneRow(ctx context.Context, tx *sql.Tx, r sql.Result, err error, changed *bool, act Act) error {
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if *changed = n > 0; err != nil || n == 0 {
		return err
	}
	return addAct(ctx, tx, act)
}

// Shares returns all shares, by kind, name and with whom.
func (d *DB) Shares(ctx context.Context) ([]Share, error) {
	rows, err := d.sql.QueryContext(ctx, `SELECT kind, name, with_whom, created_ms FROM shares ORDER BY kind, name, with_whom`)
	if err != nil {
		return nil, fmt.Errorf("read shares: %w", explain(err))
	}
	defer rows.Close()
	var out []Share
	for rows.Next() {
		var s Share
		var created int64
		if err := rows.Scan(&s.Kind, &s.Name, &s.With, &created); err != nil {
			return nil, fmt.Errorf("read shares: %w", explain(err))
		}
		s.Created = fromMillis(created)
		out = append(out, s)
	}
	return out, rows.Err()
}
