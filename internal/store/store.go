// Package store is the control plane's memory: reeve.db in the data directory, an embedded SQLite database, or a
// PostgreSQL database that several servers share (OpenPostgres).
//
// It keeps API keys, users, groups, sessions and an outbox of administrative acts. The custody log is not here, and no request ever waits for
// SQL: the running server holds what it needs in memory and asks Stamp, one cheap system call, whether another process
// (the command line) has changed something since.
//
// Several processes may have the same directory open at once. SQL is hand-written and portable: $n placeholders,
// times as UTC milliseconds in BIGINT (0 = never), JSON as TEXT, no triggers, no dialect words outside open.go.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// FileName is the database's name inside the data directory.
const FileName = "reeve.db"

// DB is an open store. It is safe for concurrent use, also by other processes with the same directory or database.
type DB struct {
	sql    *sql.DB
	signal signal
	lock   string // statement that reports whether this process may drain the outbox; "" where the directory's lock says so
}

// signal tells the processes that share a store that it was changed.
type signal interface {
	read() int64               // a number that differs after every change; negative: unknown, ask the database
	heal() error               // called before the database is read
	touch(version int64) error // called after a commit
	close() error
}

// Open opens the store in the data directory dir, and makes both (modes 0700 and 0600) where they do not exist.
// An older schema is migrated in one transaction. A newer one is refused with an error that matches ErrNewer, a file
// of another program with ErrForeign; both carry a hint (see Hint).
func Open(ctx context.Context, dir string) (*DB, error) {
	if err := prepare(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, FileName)
	db, err := openSQLite(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, explain(err))
	}
	st, err := openStamp(filepath.Join(dir, stampName))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", path, err), db.Close())
	}
	return &DB{sql: db, signal: st}, nil
}

// Close releases the store. Nothing is buffered: what was acknowledged is on disk.
func (d *DB) Close() error {
	return errors.Join(d.signal.close(), d.sql.Close())
}

// Stamp returns a number that differs after every change by any process. It touches no SQL and does not allocate: for
// SQLite it is one system call (about 0.2 µs), for PostgreSQL a word in memory that a watcher keeps fresh. A negative
// number means "unknown, ask the database". Take it before reading: a change between the two is then seen again, never
// missed.
func (d *DB) Stamp() int64 { return d.signal.read() }

// change runs fn in one transaction that either commits as a whole or leaves no trace, and then tells every process by
// the signal. The version of the store is raised first: its row lock puts writers in order, so that whoever has read up
// to a version has missed nothing below it, and it is what finds a change whose process died between commit and signal.
func (d *DB) change(ctx context.Context, what string, fn func(tx *sql.Tx, version int64) error) error {
	var version int64
	err := inTx(ctx, d.sql, func(tx *sql.Tx) (err error) {
		if version, err = bump(ctx, tx, counterKeys); err != nil {
			return err
		}
		return fn(tx, version)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, explain(err))
	}
	if err := d.signal.touch(version); err != nil {
		return fmt.Errorf("%s: is done, but running servers could not be told at once: %w", what, err)
	}
	return nil
}

func inTx(ctx context.Context, db *sql.DB, fn func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// The counters of the table reeve_meta.
const (
	counterSchema = "schema"       // version of the schema
	counterKeys   = "keys_version" // raised by every change of keys, users, groups and sessions
	counterOutbox = "outbox_seq"   // last sequence number given out
)

// bump raises a counter by one and returns the new value. The row lock puts concurrent writers in order.
func bump(ctx context.Context, tx *sql.Tx, counter string) (int64, error) {
	if _, err := tx.ExecContext(ctx, `UPDATE reeve_meta SET value = value + 1 WHERE name = $1`, counter); err != nil {
		return 0, err
	}
	var v int64
	err := tx.QueryRowContext(ctx, `SELECT value FROM reeve_meta WHERE name = $1`, counter).Scan(&v)
	return v, err
}

func toMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
