package keyring

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func open(t *testing.T, dir, root string) *Ring {
	t.Helper()
	r, err := Open(Options{Dir: dir, Root: root})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func subject(t *testing.T, r *Ring, name string) *Subject {
	t.Helper()
	s, err := r.Subject(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWrap(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir, "")
	s := subject(t, r, "jane")
	nonce, key, aad := make([]byte, NonceSize), []byte("a data key of thirty-two bytes.."), []byte("place")
	wrapped := s.Wrap([]byte("head"), nonce, key, aad)
	if len(wrapped) != 4+len(key)+Overhead {
		t.Fatalf("%d bytes", len(wrapped))
	}
	again := open(t, dir, "") // another process
	got, err := again.Unwrap(nil, s.ID(), nonce, wrapped[4:], aad)
	if err != nil || !bytes.Equal(got, key) {
		t.Fatalf("%q %v", got, err)
	}
	if _, err := r.Unwrap(nil, s.ID(), nonce, wrapped[4:], []byte("elsewhere")); err == nil {
		t.Error("opened at another place")
	}
	other := subject(t, r, "joe")
	if _, err := r.Unwrap(nil, other.ID(), nonce, wrapped[4:], aad); err == nil {
		t.Error("opened with another subject's key")
	}
	if _, err := r.Unwrap(nil, KEKID{1}, nonce, wrapped[4:], aad); !errors.Is(err, ErrErased) {
		t.Errorf("unknown key: %v", err)
	}
	if _, err := r.Unwrap(nil, s.ID(), nonce[:3], wrapped[4:], aad); err == nil {
		t.Error("short nonce accepted")
	}
}

func TestCommitments(t *testing.T) {
	dir := t.TempDir()
	jane, again := subject(t, open(t, dir, ""), "jane"), subject(t, open(t, dir, ""), "jane")
	joe := subject(t, open(t, dir, ""), "joe")
	if jane.Actor() != again.Actor() || jane.Commit("app", "x") != again.Commit("app", "x") || jane.ID() != again.ID() {
		t.Error("two processes disagree about a subject")
	}
	if jane.Actor() == joe.Actor() || jane.Commit("app", "x") == joe.Commit("app", "x") || jane.Commit("app", "x") == jane.Commit("source", "x") {
		t.Error("commitments of different things are equal")
	}
	for i := range 3 * maxCommits {
		jane.Commit("app", string(rune('a'+i)))
	}
	if len(jane.commits) > maxCommits || len(jane.Actor()) != 43 {
		t.Errorf("%d commitments held, %d characters", len(jane.commits), len(jane.Actor()))
	}
}

func TestGenerations(t *testing.T) {
	r := open(t, t.TempDir(), "")
	s := subject(t, r, "jane")
	wrapped := s.Wrap(nil, make([]byte, NonceSize), []byte("key"), nil)
	s.wraps.Store(maxWraps)
	next := subject(t, r, "jane")
	if next.ID() == s.ID() || next.Actor() != s.Actor() {
		t.Errorf("worn-out key: new %v, actor %s became %s", next.ID() != s.ID(), s.Actor(), next.Actor())
	}
	if got, err := r.Unwrap(nil, s.ID(), make([]byte, NonceSize), wrapped, nil); err != nil || string(got) != "key" {
		t.Errorf("old generation: %q %v", got, err)
	}
}

func TestSigningKey(t *testing.T) {
	dir := t.TempDir()
	a, err := open(t, dir, "").SigningKey("log")
	if err != nil {
		t.Fatal(err)
	}
	b, err := open(t, dir, "").SigningKey("log")
	if err != nil || !a.Equal(b) {
		t.Errorf("the key did not stay: %v", err)
	}
	if c, err := open(t, dir, "").SigningKey("other"); err != nil || a.Equal(c) {
		t.Errorf("two names, one key: %v", err)
	}
}

func TestManyProcessesAtOnce(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	var ids [8]KEKID
	for i := range ids {
		wg.Go(func() {
			r, err := Open(Options{Dir: dir})
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			s, err := r.Subject("jane")
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = s.ID()
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatal("two keys for one subject")
		}
	}
}

func TestRootProviders(t *testing.T) {
	key := hex.EncodeToString(bytes.Repeat([]byte{7}, 32))
	t.Run("default file", func(t *testing.T) {
		dir := t.TempDir()
		open(t, dir, "file")
		info, err := os.Stat(filepath.Join(dir, "root.key"))
		if err != nil || info.Mode().Perm() != 0o600 || info.Size() != 65 {
			t.Errorf("%v %v", info, err)
		}
		if err := os.Chmod(filepath.Join(dir, "root.key"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "chmod") {
			t.Errorf("a key that others can read: %v", err)
		}
	})
	t.Run("env", func(t *testing.T) {
		dir := t.TempDir()
		t.Setenv("REEVE_TEST_ROOT", key+"\n")
		open(t, dir, "env:REEVE_TEST_ROOT")
		if _, err := os.Stat(filepath.Join(dir, "root.key")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a root key was written: %v", err)
		}
		t.Setenv("REEVE_TEST_ROOT", "secret that is no key")
		if _, err := Open(Options{Dir: dir, Root: "env:REEVE_TEST_ROOT"}); err == nil || strings.Contains(err.Error(), "secret that") {
			t.Errorf("bad key: %v", err)
		}
		if _, err := Open(Options{Dir: dir, Root: "env:REEVE_TEST_UNSET"}); !errors.Is(err, ErrNoRoot) {
			t.Errorf("unset: %v", err)
		}
	})
	t.Run("path", func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(t.TempDir(), "k")
		if err := os.WriteFile(path, []byte(key), 0o400); err != nil {
			t.Fatal(err)
		}
		open(t, dir, "file:"+path)
		if _, err := Open(Options{Dir: dir, Root: "file:" + path + "x"}); !errors.Is(err, ErrNoRoot) {
			t.Errorf("missing: %v", err)
		}
	})
	for _, spec := range []string{"vault:x", "env:", "file:", "x", "credential:", "passphrase-file:", "exec:", "exec:relative", "vault:http://vault.example/reeve", "vault:https://u:p@v.example/k", "vault:https://v.example/../k"} {
		if _, err := Open(Options{Dir: t.TempDir(), Root: spec}); err == nil {
			t.Errorf("provider %q was accepted", spec)
		}
	}
}

func TestRefuses(t *testing.T) {
	t.Run("root key gone", func(t *testing.T) {
		dir := t.TempDir()
		open(t, dir, "")
		if err := os.Remove(filepath.Join(dir, "root.key")); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(Options{Dir: dir}); !errors.Is(err, ErrNoRoot) {
			t.Errorf("%v", err)
		}
	})
	t.Run("another root key", func(t *testing.T) {
		dir := t.TempDir()
		open(t, dir, "")
		if err := os.WriteFile(filepath.Join(dir, "root.key"), []byte(hex.EncodeToString(make([]byte, 32))), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(Options{Dir: dir}); !errors.Is(err, ErrWrongRoot) {
			t.Errorf("%v", err)
		}
	})
	t.Run("newer", func(t *testing.T) {
		dir := t.TempDir()
		execSQL(t, open(t, dir, "").db, `PRAGMA user_version = 3`)
		if _, err := Open(Options{Dir: dir}); !errors.Is(err, ErrNewer) {
			t.Errorf("%v", err)
		}
	})
	t.Run("row of another subject", func(t *testing.T) {
		dir := t.TempDir()
		r := open(t, dir, "")
		jane := subject(t, r, "jane")
		execSQL(t, r.db, `UPDATE keks SET subject = ?`, houseTenant(t, r).pseudonym("joe"))
		if _, err := open(t, dir, "").Subject("joe"); !errors.Is(err, ErrWrongRoot) {
			t.Errorf("joe got jane's key: %v", err)
		}
		id := jane.ID()
		if _, err := open(t, dir, "").Unwrap(nil, id, make([]byte, NonceSize), nil, nil); !errors.Is(err, ErrWrongRoot) {
			t.Errorf("%v", err)
		}
	})
	t.Run("erased", func(t *testing.T) {
		dir := t.TempDir()
		r := open(t, dir, "")
		s := subject(t, r, "jane")
		wrapped := s.Wrap(nil, make([]byte, NonceSize), []byte("key"), nil)
		execSQL(t, r.db, `DELETE FROM keks`)
		if _, err := open(t, dir, "").Unwrap(nil, s.ID(), make([]byte, NonceSize), wrapped, nil); !errors.Is(err, ErrErased) {
			t.Errorf("%v", err)
		}
	})
}

// houseTenant is the key of the house's own tenant.
func houseTenant(t *testing.T, r *Ring) *master {
	t.Helper()
	m, err := r.Tenant("").master(false)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func execSQL(t *testing.T, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatal(err)
	}
}

// TestNothingReadableOnDisk looks for names and unwrapped keys in every file but the root key.
func TestNothingReadableOnDisk(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir, "")
	name := "jane.doe@example.org"
	s := subject(t, r, name)
	key, err := r.SigningKey("log")
	if err != nil {
		t.Fatal(err)
	}
	m := houseTenant(t, r)
	row, err := r.newestKEK(m, m.pseudonym(name))
	if err != nil {
		t.Fatal(err)
	}
	plainHash := sha256.Sum256([]byte(name))
	secrets := map[string][]byte{
		"name": []byte(name), "hash of the name": plainHash[:], "KEK": row.kek(), "pepper": row.pepper(), "seed": key.Seed(), "index key": m.index[:],
	}
	id := s.ID()
	foundID := false
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for what, secret := range secrets {
			if len(secret) < 16 || bytes.Contains(b, secret) || bytes.Contains(b, []byte(hex.EncodeToString(secret))) {
				t.Errorf("%s holds the %s", d.Name(), what)
			}
		}
		foundID = foundID || bytes.Contains(b, id[:])
		if info, _ := d.Info(); info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %v", d.Name(), info.Mode())
		}
		return err
	})
	if err != nil || !foundID {
		t.Errorf("the search looked at nothing: %v", err)
	}
}

func FuzzParseRoot(f *testing.F) {
	f.Add(strings.Repeat("07", 32))
	f.Add("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=")
	f.Fuzz(func(t *testing.T, text string) {
		if key, err := parseRoot(text, "fuzz"); err == nil && len(key) != rootKeySize {
			t.Errorf("a key of %d bytes", len(key))
		}
	})
}

// TestEvict lets the clock run: no key of a subject stays in memory for more than five minutes, and worn keys stay counted.
func TestEvict(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	r, err := Open(Options{Dir: t.TempDir(), Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	jane := subject(t, r, "jane")
	wrapped := jane.Wrap(nil, make([]byte, NonceSize), []byte("key"), nil)
	jane.wraps.Store(wornFrom + 7)
	if _, err := r.Unwrap(nil, jane.ID(), make([]byte, NonceSize), wrapped, nil); err != nil {
		t.Fatal(err)
	}
	start := now
	for held := true; held; now = now.Add(sweepEvery) {
		r.evict(now)
		if held = len(r.bySubject)+len(r.byKEK) > 0; held && now.Add(sweepEvery).Sub(start) > maxAge {
			t.Fatalf("a key is held beyond %v", maxAge)
		}
	}
	if now.Sub(start) < 3*sweepEvery {
		t.Errorf("keys left after %v: each would be read again and again", now.Sub(start))
	}
	again := subject(t, r, "jane")
	if again == jane || again.ID() != jane.ID() || again.wraps.Load() != wornFrom+7 {
		t.Errorf("after eviction: same object %v, %d uses", again == jane, again.wraps.Load())
	}
}
