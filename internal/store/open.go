package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// prepare makes the directory and an empty database file that nobody else may read. SQLite gives its side files
// (-wal, -shm) the mode of the database.
func prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make data directory %s: %w", dir, explain(err))
	}
	path := filepath.Join(dir, FileName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open store %s: %w", path, explain(err))
	}
	return f.Close()
}

// settings hold for every connection. FULL syncs the write-ahead log on every commit, so an acknowledged key or
// revocation survives a power cut. secure_delete overwrites what is deleted.
const settings = "?_busy_timeout=10000&_txlock=immediate&_synchronous=FULL&_foreign_keys=on&_dqs=false&_defensive=true" +
	"&_pragma=secure_delete(1)&_pragma=trusted_schema(0)"

// truncateLog writes the write-ahead log into the database and empties it.
const truncateLog = `PRAGMA wal_checkpoint(TRUNCATE)`

// openSQLite opens path, checks that it is ours before anything in it is changed, and migrates it.
func openSQLite(ctx context.Context, path string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	name := url.URL{Scheme: "file", Path: abs}
	db, err := sql.Open("sqlite", name.String()+settings)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(2)
	db.SetMaxIdleConns(1)
	if err := setUp(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// setUp retries while another process does the same: the change to write-ahead logging needs the file for a moment
// alone, and SQLite does not wait for that with its busy timeout.
func setUp(ctx context.Context, db *sql.DB) error {
	const attempts = 200
	for try := 1; ; try++ {
		err := setUpOnce(ctx, db)
		if !isBusy(err) || try == attempts {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(25 * time.Millisecond):
		}
	}
}

func setUpOnce(ctx context.Context, db *sql.DB) error {
	found, err := version(ctx, db, tablesOfSQLite)
	if err != nil {
		return err
	}
	var mode string
	if err := db.QueryRowContext(ctx, `PRAGMA journal_mode = WAL`).Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("the file system does not support write-ahead logging (journal mode %q)", mode)
	}
	if found == int64(len(migrations)-1) {
		return nil
	}
	return migrate(ctx, db, tablesOfSQLite, migrations)
}

func isBusy(err error) bool { return sqliteCode(err) == sqlite3.SQLITE_BUSY }

// sqliteCode is the primary result code of a SQLite error, or -1.
func sqliteCode(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return -1
	}
	return e.Code() & 0xff
}

// explain adds a hint to the errors that a user can do something about.
func explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return withHint(err, "run reeve as the user that owns the data directory, or choose another one with --data")
	case errors.Is(err, fs.ErrExist), errors.Is(err, errNotDir):
		return withHint(err, "the data directory must be a directory; choose another one with --data")
	}
	switch sqliteCode(err) {
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return withHint(err, "the file is damaged or not reeve's; restore "+FileName+" from a backup, or choose another --data")
	case sqlite3.SQLITE_FULL:
		return withHint(err, "the disk is full; nothing was changed")
	case sqlite3.SQLITE_BUSY:
		return withHint(err, "another process held the store for too long; try again")
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return withHint(err, "the data directory and "+FileName+" must be writable by this user")
	}
	return err
}
