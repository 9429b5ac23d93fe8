package keyring

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the database/sql driver "sqlite"
)

// formatVersion is PRAGMA user_version of keys.db.
const formatVersion = 2

// Wrapped keys stand in slots: rows that are appended, later overwritten in place by as many bytes, and never deleted or
// moved. A B-tree whose cells move leaves copies of them in the free space of other pages, where secure_delete does not
// reach; a slot has one place, so that zeros written there are the end of what stood in it.
const schema = `
CREATE TABLE meta (
	name  TEXT PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta (name, value) VALUES ('rekeys', 0), ('residue', 0);
CREATE TABLE masters (
	name       BLOB PRIMARY KEY,
	wrapped    BLOB NOT NULL,
	created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE secrets (
	name    TEXT PRIMARY KEY,
	wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE slots (
	slot    INTEGER PRIMARY KEY,
	used    INTEGER NOT NULL CHECK (used IN (2, 3)),
	wrapped BLOB NOT NULL CHECK (length(wrapped) = 92)
) STRICT;
CREATE INDEX free_slots ON slots (slot) WHERE used = 2;
CREATE TABLE keks (
	id         BLOB PRIMARY KEY,
	tenant     BLOB NOT NULL,
	subject    BLOB NOT NULL,
	generation INTEGER NOT NULL,
	slot       INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	UNIQUE (tenant, subject, generation)
) STRICT, WITHOUT ROWID;
CREATE TABLE destroyed (
	number INTEGER PRIMARY KEY,
	kek    BLOB NOT NULL UNIQUE,
	at_ms  INTEGER NOT NULL
) STRICT;
PRAGMA user_version = 2;
`

// The marks of a slot. Both take one byte in a row, unlike 0 and 1, which take none: so an update changes no length.
const (
	slotFree = 2
	slotUsed = 3
)

// dbFile is the name of the database in the data directory.
const dbFile = "keys.db"

func openDB(dir string) (*sql.DB, error) {
	path := filepath.Join(dir, dbFile)
	// SQLite would create the file with the process's umask; its journal files take over the mode of the database. An existing
	// file is left alone: to close a descriptor of it would drop the locks that this process holds on it (fcntl).
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("open keys.db: %w", err)
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(ON)", "temp_store(MEMORY)", "foreign_keys(ON)",
	}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("open keys.db: %w", err)
	}
	db.SetMaxOpenConns(4)
	if err := create(db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// create makes the tables of a new keys.db and refuses one that is newer than this program. An older one stays as it is
// until the root key is there; see migrate.
func create(db *sql.DB) error {
	tx, err := db.Begin()
	if err != nil {
		return fmt.Errorf("open keys.db: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	version, err := versionOf(tx)
	if err != nil || version > 0 {
		return err
	}
	if _, err := tx.Exec(schema); err != nil {
		return fmt.Errorf("create keys.db: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("create keys.db: %w", err)
	}
	return nil
}

// querier is what *sql.DB and *sql.Tx share.
type querier interface {
	QueryRow(query string, args ...any) *sql.Row
	Query(query string, args ...any) (*sql.Rows, error)
	Exec(query string, args ...any) (sql.Result, error)
}

func versionOf(q querier) (int, error) {
	var version int
	if err := q.QueryRow(`PRAGMA user_version`).Scan(&version); err != nil {
		return 0, fmt.Errorf("read keys.db: %w", err)
	}
	if version > formatVersion {
		return 0, fmt.Errorf("format %d, this program knows %d: %w", version, formatVersion, ErrNewer)
	}
	return version, nil
}

func readMeta(q querier, name string) (value int64, err error) {
	if err := q.QueryRow(`SELECT value FROM meta WHERE name = $1`, name).Scan(&value); err != nil {
		return 0, fmt.Errorf("read keys.db: %w", err)
	}
	return value, nil
}

func writeMeta(q querier, name string, value int64) error {
	if _, err := q.Exec(`UPDATE meta SET value = $1 WHERE name = $2`, value, name); err != nil {
		return fmt.Errorf("write keys.db: %w", err)
	}
	return nil
}

// putSlot stores a wrapped key in a free slot, else behind the last one.
func putSlot(q querier, wrapped []byte) (slot int64, err error) {
	err = q.QueryRow(`SELECT slot FROM slots WHERE used = 2 ORDER BY slot LIMIT 1`).Scan(&slot)
	if err == nil {
		_, err = q.Exec(`UPDATE slots SET used = $1, wrapped = $2 WHERE slot = $3`, slotUsed, wrapped, slot)
		return slot, err
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	res, err := q.Exec(`INSERT INTO slots (used, wrapped) VALUES ($1, $2)`, slotUsed, wrapped)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// clearSlot overwrites a wrapped key in its place.
func clearSlot(q querier, slot int64) error {
	_, err := q.Exec(`UPDATE slots SET used = $1, wrapped = zeroblob($2) WHERE slot = $3`, slotFree, wrappedKEK, slot)
	return err
}

// inTx runs fn in one transaction that has the write lock from its start.
func (r *Ring) inTx(fn func(tx *sql.Tx) error) error {
	tx, err := r.db.Begin()
	if err != nil {
		return fmt.Errorf("write keys.db: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("write keys.db: %w", err)
	}
	return nil
}

// truncateWAL moves what is committed into keys.db and cuts the write-ahead log to nothing, so that no older copy of a page
// is left. It waits for readers of other processes up to the busy timeout.
func truncateWAL(db *sql.DB) error {
	var busy, frames, moved int
	if err := db.QueryRow(`PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &moved); err != nil {
		return fmt.Errorf("checkpoint keys.db: %w", err)
	}
	if busy != 0 {
		return fmt.Errorf("checkpoint keys.db: %w", ErrResidue)
	}
	return nil
}
