package store

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
)

func TestMigrateIsOneTransaction(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	steps := []string{1: `CREATE TABLE a (x BIGINT); CREATE TABLE b (x BIGINT);`, 2: `CREATE TABLE c (x BIGINT); this is no SQL;`}
	if err := migrate(t.Context(), db, tablesOfSQLite, steps[:2]); err != nil {
		t.Fatal(err)
	}
	if err := migrate(t.Context(), db, tablesOfSQLite, steps); err == nil {
		t.Fatal("a broken step was taken")
	}
	if v, err := version(t.Context(), db, tablesOfSQLite); v != 1 || err != nil {
		t.Errorf("after a broken step the version is %d, %v", v, err)
	}
	if _, err := db.Exec(`SELECT x FROM c`); err == nil {
		t.Error("half of a broken step stayed")
	}
	steps[2] = `CREATE TABLE c (x BIGINT);`
	if err := migrate(t.Context(), db, tablesOfSQLite, steps); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`SELECT a.x, b.x, c.x FROM a, b, c`); err != nil {
		t.Error(err)
	}
	if _, err := db.Exec(`UPDATE reeve_meta SET value = 99 WHERE name = 'schema'`); err != nil {
		t.Fatal(err)
	}
	if _, err := version(t.Context(), db, tablesOfSQLite); !errors.Is(err, ErrNewer) {
		t.Errorf("format 99 before a reeve that knows %d: %v", len(migrations)-1, err)
	}
}
