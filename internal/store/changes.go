package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Changes is what was changed in the store since a version that the reader knows.
type Changes struct {
	Version  int64 // of the store now
	All      bool  // the lists are the whole store, not only what changed
	Keys     []APIKey
	Users    []User // deleted ones are among them, with Deleted set
	Groups   []Group
	Sessions []Session // revoked ones are among them
}

// Changes returns what changed after the version known; ask with -1 for everything. A store whose version is below
// known was restored from a backup and is returned whole. Keys come in the order of their creation.
func (d *DB) Changes(ctx context.Context, known int64) (c Changes, err error) {
	if err := d.signal.heal(); err != nil {
		return c, fmt.Errorf("read identities: %w", err)
	}
	// The version first: what changes between the reads is then read again next time, and never missed.
	err = d.sql.QueryRowContext(ctx, `SELECT value FROM reeve_meta WHERE name = $1`, counterKeys).Scan(&c.Version)
	if err != nil {
		return c, fmt.Errorf("read identities: %w", explain(err))
	}
	if c.Version == known {
		return c, nil
	}
	if known < 0 || c.Version < known {
		known, c.All = -1, true
	}
	if err := d.readChanges(ctx, known, &c); err != nil {
		return Changes{}, fmt.Errorf("read identities: %w", explain(err))
	}
	return c, nil
}

func (d *DB) readChanges(ctx context.Context, known int64, c *Changes) (err error) {
	c.Keys, err = scanAll(scanKey)(d.sql.QueryContext(ctx, `SELECT `+keyColumns+` FROM api_keys WHERE version > $1 ORDER BY created_ms, id`, known))
	if err != nil {
		return err
	}
	c.Users, err = scanAll(scanUser)(d.sql.QueryContext(ctx, `SELECT `+userColumns+` FROM users WHERE version > $1 ORDER BY id`, known))
	if err != nil {
		return err
	}
	c.Groups, err = scanAll(scanGroup)(d.sql.QueryContext(ctx, `SELECT `+groupColumns+` FROM user_groups WHERE version > $1 ORDER BY id`, known))
	if err != nil {
		return err
	}
	c.Sessions, err = scanAll(scanSession)(d.sql.QueryContext(ctx, `SELECT `+sessionColumns+` FROM sessions WHERE version > $1 ORDER BY id`, known))
	return err
}

// scanAll reads every row of a query.
func scanAll[T any](scan func(scanner) (T, error)) func(*sql.Rows, error) ([]T, error) {
	return func(rows *sql.Rows, err error) ([]T, error) {
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		var all []T
		for rows.Next() {
			v, err := scan(rows)
			if err != nil {
				return nil, err
			}
			all = append(all, v)
		}
		return all, rows.Err()
	}
}

// scanner is one row.
type scanner interface{ Scan(into ...any) error }
