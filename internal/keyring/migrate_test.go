package keyring

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// writeFormat1 makes keys.db as the first release did: the root key wraps every row itself.
func writeFormat1(t *testing.T, dir string, subjects int) (peppers map[string][]byte, wrapped windows) {
	t.Helper()
	root := bytes.Repeat([]byte{7}, 32)
	if err := os.WriteFile(filepath.Join(dir, rootKeyFile), []byte(hex.EncodeToString(root)), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, dbFile))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	execSQL(t, db, `PRAGMA journal_mode = WAL;
		CREATE TABLE secrets (name TEXT PRIMARY KEY, wrapped BLOB NOT NULL) STRICT, WITHOUT ROWID;
		CREATE TABLE keks (id BLOB PRIMARY KEY, subject BLOB NOT NULL, generation INTEGER NOT NULL, wrapped BLOB NOT NULL,
			created_ms INTEGER NOT NULL, UNIQUE (subject, generation)) STRICT, WITHOUT ROWID;
		PRAGMA user_version = 1`)
	aead, err := newAEAD(root)
	if err != nil {
		t.Fatal(err)
	}
	index := bytes.Repeat([]byte{9}, 32)
	for name, plain := range map[string][]byte{"index": index, "ed25519/log": bytes.Repeat([]byte{8}, 32)} {
		execSQL(t, db, `INSERT INTO secrets VALUES ($1, $2)`, name, seal(aead, plain, []byte("reeve.secret/1\x00"+name)))
	}
	peppers, wrapped = map[string][]byte{}, windows{}
	for i := range subjects {
		name := fmt.Sprintf("Subject-%d", i)
		m := hmac.New(sha256.New, index)
		m.Write([]byte(name))
		id := sha256.Sum256([]byte(name))
		plain := slices.Concat(bytes.Repeat([]byte{byte(i)}, 32), id[:])
		blob := seal(aead, plain, slices.Concat([]byte("reeve.kek/1\x00"), id[:16], m.Sum(nil)))
		execSQL(t, db, `INSERT INTO keks VALUES ($1, $2, 1, $3, 5)`, id[:16], m.Sum(nil), blob)
		peppers[name] = plain[32:]
		wrapped.add(blob)
	}
	return peppers, wrapped
}

func TestMigrate(t *testing.T) {
	dir := t.TempDir()
	peppers, old := writeFormat1(t, dir, 1100)
	r := open(t, dir, "")
	key, err := r.SigningKey("log")
	if err != nil || !bytes.Equal(key.Seed(), bytes.Repeat([]byte{8}, 32)) {
		t.Errorf("the log's key changed: %v", err)
	}
	if n := old.remains(t, dir); n != 0 {
		t.Errorf("%d pieces of keys as the root key wrapped them are left", n)
	}
	m := houseTenant(t, r)
	for name, pepper := range peppers {
		id := sha256.Sum256([]byte(name))
		row, err := r.newestKEK(m, m.pseudonym(name))
		if err != nil || !bytes.Equal(row.pepper(), pepper) || row.id != KEKID(id[:16]) {
			t.Fatalf("%s: %v", name, err)
		}
	}
	id := sha256.Sum256([]byte("Subject-7"))
	if gone, err := r.DestroySubject("subject-7"); err != nil || len(gone) != 0 {
		t.Errorf("another spelling than format 1 had: %v %v", gone, err)
	}
	if gone, err := r.DestroySubject("Subject-7"); err != nil || !slices.Equal(gone, []KEKID{KEKID(id[:16])}) {
		t.Errorf("%v %v", gone, err)
	}
}

func TestMigrateRefuses(t *testing.T) {
	dir := t.TempDir()
	writeFormat1(t, dir, 3)
	t.Setenv("REEVE_TEST_OTHER", hex.EncodeToString(make([]byte, 32)))
	if _, err := Open(Options{Dir: dir, Root: "env:REEVE_TEST_OTHER"}); !errors.Is(err, ErrWrongRoot) {
		t.Fatalf("%v", err)
	}
	if r := open(t, dir, ""); r.house == nil { // nothing was lost by the attempt
		t.Error("not open")
	}
}
