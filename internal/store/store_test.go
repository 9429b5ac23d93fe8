package store_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/store"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, int(5*time.Millisecond), time.UTC)

func open(t *testing.T, dir string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func key(id string) store.APIKey {
	return store.APIKey{
		ID: id, Name: "Ana's laptop", SecretSHA256: sha256.Sum256([]byte(id)), Role: reeve.RoleEmployee,
		Clearance: reeve.NewLabel(reeve.Confidential, "PII"), Models: []string{"llama3*", "x\"y"},
		RequestsPerMinute: 60, TokensPerDay: 1 << 40, Created: noon, Expires: noon.Add(time.Hour), Source: "api",
	}
}

func act(id string) store.Act {
	return store.Act{At: noon, Act: "key.create", Subject: "key:" + id, Details: map[string]string{"role": "user"}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestKeysSurviveReopening(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not there", "yet ?#%&=")
	full, bare := key("full"), store.APIKey{ID: "bare", Role: reeve.RoleAdmin, Created: noon.Add(time.Second), Source: "api"}
	db, err := store.Open(t.Context(), dir)
	must(t, err)
	must(t, db.CreateKey(t.Context(), full, act("full")))
	must(t, db.CreateKey(t.Context(), bare, act("bare")))
	must(t, db.Close())

	got, version, err := open(t, dir).Keys(t.Context(), -1)
	must(t, err)
	if diff := cmp.Diff([]store.APIKey{full, bare}, got); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	if version != 2 {
		t.Errorf("two changes gave version %d", version)
	}
}

func TestKeysAtAKnownVersionReadsNothing(t *testing.T) {
	db := open(t, t.TempDir())
	must(t, db.CreateKey(t.Context(), key("a"), act("a")))
	_, version, err := db.Keys(t.Context(), -1)
	must(t, err)
	if got, _, err := db.Keys(t.Context(), version); got != nil || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	db := open(t, dir)
	must(t, db.CreateKey(t.Context(), key("a"), act("a")))
	files, err := os.ReadDir(dir)
	must(t, err)
	if len(files) < 3 {
		t.Errorf("expected the database, its log and the stamp, got %v", files)
	}
	for _, f := range files {
		info, err := f.Info()
		must(t, err)
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %v", f.Name(), info.Mode())
		}
	}
	info, err := os.Stat(dir)
	must(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the data directory has mode %v", info.Mode())
	}
}

func TestSameIDTwiceChangesNothing(t *testing.T) {
	db := open(t, t.TempDir())
	must(t, db.CreateKey(t.Context(), key("a"), act("a")))
	stamp := db.Stamp()
	if err := db.CreateKey(t.Context(), key("a"), act("a")); err == nil {
		t.Fatal("an id was given twice")
	}
	if db.Stamp() != stamp {
		t.Error("a change that failed moved the stamp")
	}
	acts, err := db.Acts(t.Context())
	must(t, err)
	if len(acts) != 1 {
		t.Errorf("the change that failed left an act: %v", acts)
	}
}

func TestRevoke(t *testing.T) {
	db := open(t, t.TempDir())
	must(t, db.CreateKey(t.Context(), key("a"), act("a")))
	for i, want := range []bool{true, false} {
		at := noon.Add(time.Duration(i+1) * time.Minute)
		got, err := db.RevokeKey(t.Context(), "a", at, store.Act{At: at, Act: "key.revoke", Subject: "key:a"})
		if got != want || err != nil {
			t.Errorf("revocation %d: %v, %v", i+1, got, err)
		}
	}
	if _, err := db.RevokeKey(t.Context(), "b", noon, store.Act{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unknown key: %v", err)
	}
	keys, _, err := db.Keys(t.Context(), -1)
	must(t, err)
	if !keys[0].Revoked.Equal(noon.Add(time.Minute)) {
		t.Errorf("the first revocation does not stand: %v", keys[0].Revoked)
	}
	acts, err := db.Acts(t.Context())
	must(t, err)
	if len(acts) != 2 || acts[1].Act != "key.revoke" {
		t.Errorf("acts: %+v", acts)
	}
}

func TestAddSpent(t *testing.T) {
	db := open(t, t.TempDir())
	must(t, db.CreateKey(t.Context(), key("a"), act("a")))
	stamp := db.Stamp()
	for _, tt := range []struct {
		name                  string
		day, tokens           int64
		wantDay, wantTokensOf int64
	}{
		{"first", 100, 7, 100, 7},
		{"same day adds", 100, 5, 100, 12},
		{"next day starts again", 101, 3, 101, 3},
		{"a late report of the day before is dropped", 100, 50, 101, 3},
	} {
		must(t, db.AddSpent(t.Context(), []store.Spent{{ID: "a", Day: tt.day, Tokens: tt.tokens}, {ID: "gone", Day: tt.day, Tokens: 1}}))
		keys, _, err := db.Keys(t.Context(), -1)
		must(t, err)
		if keys[0].SpentDay != tt.wantDay || keys[0].SpentTokens != tt.wantTokensOf {
			t.Errorf("%s: day %d, %d tokens", tt.name, keys[0].SpentDay, keys[0].SpentTokens)
		}
	}
	if db.Stamp() != stamp {
		t.Error("counting tokens looks like a change of keys")
	}
}

func TestDrain(t *testing.T) {
	db := open(t, t.TempDir())
	const n = 250 // more than one batch
	for i := range n {
		must(t, db.AddAct(t.Context(), act(fmt.Sprint(i))))
	}
	full := errors.New("log is full")
	var seen []int64
	record := func(a store.Act) error {
		if len(seen) == 120 {
			return full
		}
		seen = append(seen, a.Seq)
		return nil
	}
	if done, err := db.Drain(t.Context(), record); done != 120 || !errors.Is(err, full) {
		t.Fatalf("drained %d, %v", done, err)
	}
	done, err := db.Drain(t.Context(), func(a store.Act) error {
		want := store.Act{Seq: int64(len(seen) + 1), At: noon, Act: "key.create", Subject: fmt.Sprintf("key:%d", len(seen)), Details: map[string]string{"role": "user"}}
		if diff := cmp.Diff(want, a); diff != "" {
			t.Fatal("(-want +got):\n" + diff)
		}
		seen = append(seen, a.Seq)
		return nil
	})
	if done != n-120 || err != nil {
		t.Errorf("drained %d, %v", done, err)
	}
	if done, err := db.Drain(t.Context(), func(store.Act) error { return full }); done != 0 || err != nil {
		t.Errorf("an empty outbox gave %d, %v", done, err)
	}
}

func TestStampSeesTheOtherHandle(t *testing.T) {
	dir := t.TempDir()
	server, command := open(t, dir), open(t, dir)
	before := server.Stamp()
	must(t, command.CreateKey(t.Context(), key("a"), act("a")))
	if server.Stamp() == before {
		t.Error("the stamp did not move with a change by another handle")
	}
	if server.Stamp() != command.Stamp() {
		t.Error("two handles see different stamps")
	}
	if allocs := testing.AllocsPerRun(100, func() { server.Stamp() }); allocs != 0 {
		t.Errorf("Stamp allocates %v times", allocs)
	}
}

func TestStampOutlivesDeletion(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	must(t, db.CreateKey(t.Context(), key("a"), act("a")))
	must(t, os.Remove(filepath.Join(dir, "reeve.db-changes")))
	if got := db.Stamp(); got >= 0 {
		t.Errorf("the stamp of a deleted file is %d, which looks like an answer", got)
	}
	_, _, err := db.Keys(t.Context(), -1)
	must(t, err)
	healed := db.Stamp()
	must(t, db.CreateKey(t.Context(), key("b"), act("b")))
	if now := db.Stamp(); healed < 0 || now < 0 || now == healed {
		t.Errorf("after healing the stamp was %d, after a change %d", healed, now)
	}
}

// raw runs SQL in the database behind the store's back.
func raw(t *testing.T, dir string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, store.FileName))
	must(t, err)
	defer db.Close()
	for _, s := range statements {
		_, err := db.Exec(s)
		must(t, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(t *testing.T, dir string)
		is   error
	}{
		{"a newer format", func(t *testing.T, dir string) {
			must(t, open(t, dir).AddAct(t.Context(), act("a")))
			raw(t, dir, `UPDATE reeve_meta SET value = 99 WHERE name = 'schema'`)
		}, store.ErrNewer},
		{"another program's database", func(t *testing.T, dir string) {
			raw(t, dir, `CREATE TABLE recipes (name TEXT)`)
		}, store.ErrForeign},
		{"no database at all", func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, store.FileName), []byte("this is a text and no database, and long enough to tell"), 0o600))
		}, nil},
		{"a directory in the way", func(t *testing.T, dir string) {
			must(t, os.Mkdir(filepath.Join(dir, store.FileName), 0o700))
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			tt.make(t, dir)
			path := filepath.Join(dir, store.FileName)
			before, _ := os.ReadFile(path)
			db, err := store.Open(t.Context(), dir)
			if err == nil {
				db.Close()
				t.Fatal("it was opened")
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error %q is not %q", err, tt.is)
			}
			var hint interface{ Hint() string }
			if !errors.As(err, &hint) && tt.name != "a directory in the way" {
				t.Errorf("error %q has no hint", err)
			}
			if after, _ := os.ReadFile(path); string(before) != string(after) {
				t.Error("the refused file was changed")
			}
		})
	}
}

func TestOpenRefusesAFileAsDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	_, err := store.Open(t.Context(), file)
	var hint interface{ Hint() string }
	if !errors.As(err, &hint) {
		t.Errorf("%v has no hint", err)
	}
}

func TestOpenEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Open(ctx, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkStamp(b *testing.B) {
	db, err := store.Open(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	b.ReportAllocs()
	for b.Loop() {
		db.Stamp()
	}
}
