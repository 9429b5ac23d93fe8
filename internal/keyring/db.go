package keyring

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the database/sql driver "sqlite"
)

// formatVersion is PRAGMA user_version of keys.db.
const formatVersion = 1

const schema = `
CREATE TABLE IF NOT EXISTS secrets (
	name    TEXT PRIMARY KEY,
	wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS keks (
	id         BLOB PRIMARY KEY,
	subject    BLOB NOT NULL,
	generation INTEGER NOT NULL,
	wrapped    BLOB NOT NULL,
	created_ms INTEGER NOT NULL,
	UNIQUE (subject, generation)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
`

func openDB(dir string) (*sql.DB, error) {
	path := filepath.Join(dir, "keys.db")
	// SQLite would create the file with the process's umask; its journal files take over the mode of the database.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open keys.db: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open keys.db: %w", err)
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(ON)", "foreign_keys(ON)",
	}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("open keys.db: %w", err)
	}
	db.SetMaxOpenConns(4)
	if err := migrate(db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// migrate makes the tables of a new keys.db and refuses one that is newer than this program.
func migrate(db *sql.DB) error {
	tx, err := db.Begin()
	if err != nil {
		return fmt.Errorf("open keys.db: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	var version int
	if err := tx.QueryRow(`PRAGMA user_version`).Scan(&version); err != nil {
		return fmt.Errorf("read keys.db: %w", err)
	}
	if version > formatVersion {
		return fmt.Errorf("format %d, this program knows %d: %w", version, formatVersion, ErrNewer)
	}
	if version == formatVersion {
		return nil
	}
	if _, err := tx.Exec(schema); err != nil {
		return fmt.Errorf("create keys.db: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("create keys.db: %w", err)
	}
	return nil
}

// secret returns a sealed secret of our own, drawn at first use. Where two processes draw at once, the first row stays.
func (r *Ring) secret(name string, size int) ([]byte, error) {
	aad := []byte("reeve.secret/1\x00" + name)
	fresh := make([]byte, size)
	_, _ = rand.Read(fresh) // never fails: crypto/rand ends the process instead
	var wrapped []byte
	err := r.db.QueryRow(`SELECT wrapped FROM secrets WHERE name = $1`, name).Scan(&wrapped)
	if errors.Is(err, sql.ErrNoRows) {
		if _, err := r.db.Exec(`INSERT INTO secrets (name, wrapped) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, r.seal(fresh, aad)); err != nil {
			return nil, fmt.Errorf("store secret %s: %w", name, err)
		}
		err = r.db.QueryRow(`SELECT wrapped FROM secrets WHERE name = $1`, name).Scan(&wrapped)
	}
	if err != nil {
		return nil, fmt.Errorf("read secret %s: %w", name, err)
	}
	clear(fresh)
	plain, err := r.unseal(wrapped, aad)
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", name, err)
	}
	if len(plain) != size {
		return nil, fmt.Errorf("secret %s has %d bytes, want %d", name, len(plain), size)
	}
	return plain, nil
}
