package keyring

import (
	"bytes"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

func TestRewrap(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir, "")
	ids := map[string]KEKID{}
	old := windows{}
	for i := range 100 {
		name := fmt.Sprint("s", i)
		ids[name] = subject(t, r, name).ID()
		old.add(wrappedOf(t, r, ids[name]))
	}
	acme, err := r.Tenant("acme").Subject("jane")
	if err != nil {
		t.Fatal(err)
	}
	key, err := r.SigningKey("log")
	if err != nil {
		t.Fatal(err)
	}
	index, err := r.BlindIndex("jane")
	if err != nil {
		t.Fatal(err)
	}
	old.add(houseTenant(t, r).wrapped[3:])
	old.add(r.house.wrapped[3:])
	jane := subject(t, r, "s1")
	wrapped := jane.Wrap(nil, make([]byte, NonceSize), []byte("key"), nil)
	was := readRootFile(t, dir)

	done, err := r.Rewrap(t.Context(), nil)
	if err != nil || done.Subjects != 101 || done.Tenants != 2 || done.From == done.To {
		t.Fatalf("%+v %v", done, err)
	}
	if bytes.Equal(was, readRootFile(t, dir)) {
		t.Error("the root key stayed")
	}
	if n := old.remains(t, dir); n != 0 {
		t.Errorf("%d pieces of keys as the old root key protected them are left", n)
	}
	for _, ring := range []*Ring{r, open(t, dir, "")} {
		for name, id := range ids {
			if s := subject(t, ring, name); s.ID() != id {
				t.Errorf("%s has another key", name)
			}
		}
		if s := subject(t, ring, "s1"); s.Actor() != jane.Actor() {
			t.Error("commitments changed")
		}
		if got, err := ring.Unwrap(nil, jane.ID(), make([]byte, NonceSize), wrapped, nil); err != nil || string(got) != "key" {
			t.Errorf("%q %v", got, err)
		}
		if s, err := ring.Tenant("acme").Subject("jane"); err != nil || s.ID() != acme.ID() {
			t.Errorf("%v", err)
		}
		if again, err := ring.SigningKey("log"); err != nil || !again.Equal(key) {
			t.Errorf("the log's key: %v", err)
		}
		if again, err := ring.BlindIndex("jane"); err != nil || !bytes.Equal(index, again) {
			t.Errorf("the index: %v", err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, rootKeyFile), was, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: dir}); !errors.Is(err, ErrWrongRoot) {
		t.Errorf("the old root key still opens: %v", err)
	}
}

func readRootFile(t *testing.T, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, rootKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRewrapTo changes from one provider to another.
func TestRewrapTo(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir, "")
	id := subject(t, r, "jane").ID()
	beside := open(t, dir, "")
	subject(t, beside, "jane")
	t.Setenv("REEVE_TEST_ROOT", hex.EncodeToString(bytes.Repeat([]byte{7}, 32)))
	next, err := OpenRoot(t.Context(), dir, "env:REEVE_TEST_ROOT", false)
	if err != nil {
		t.Fatal(err)
	}
	if done, err := r.Rewrap(t.Context(), next); err != nil || done.Subjects != 1 {
		t.Fatalf("%+v %v", done, err)
	}
	if got := subject(t, open(t, dir, "env:REEVE_TEST_ROOT"), "jane").ID(); got != id {
		t.Error("another key")
	}
	if _, err := beside.Subject("joe"); !errors.Is(err, ErrWrongRoot) {
		t.Errorf("a process with the old root key made a key: %v", err)
	}
	if _, err := r.Rewrap(t.Context(), nil); !errors.Is(err, ErrNoRotate) {
		t.Errorf("an environment variable was renewed: %v", err)
	}
	if got := subject(t, r, "jane").ID(); got != id {
		t.Error("the refused change broke the ring")
	}
}

// TestRewrapKilled kills a change of the root key at its moments.
func TestRewrapKilled(t *testing.T) {
	t.Run("before the commit", func(t *testing.T) {
		dir := t.TempDir()
		r := open(t, dir, "")
		id := subject(t, r, "jane").ID()
		w := &rewrapping{ctx: t.Context(), old: r.root, from: map[string]*master{}, to: map[string]*master{}}
		err := r.inTx(func(tx *sql.Tx) (err error) {
			if w.next, _, err = r.root.Rotate(t.Context()); err != nil {
				return err
			}
			if err := w.masters(tx, 1); err != nil {
				return err
			}
			return errors.New("killed")
		})
		if err == nil || err.Error() != "killed" {
			t.Fatal(err)
		}
		again := open(t, dir, "")
		if subject(t, again, "jane").ID() != id {
			t.Error("another key")
		}
		if _, err := again.Rewrap(t.Context(), nil); err != nil {
			t.Errorf("second try: %v", err)
		}
	})
	t.Run("behind the commit", func(t *testing.T) {
		dir := t.TempDir()
		r := open(t, dir, "")
		id := subject(t, r, "jane").ID()
		was := readRootFile(t, dir)
		if _, err := r.Rewrap(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		now := readRootFile(t, dir)
		for name, b := range map[string][]byte{rootKeyFile: was, nextKeyFile: now} {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if subject(t, open(t, dir, ""), "jane").ID() != id || !bytes.Equal(readRootFile(t, dir), now) {
			t.Error("the change was not ended")
		}
		if _, err := os.Stat(filepath.Join(dir, nextKeyFile)); err == nil {
			t.Error("the file of the next key stayed")
		}
	})
}

// fill adds n subjects with one transaction and without the checks of Subject.
func fill(t testing.TB, r *Ring, n int) {
	t.Helper()
	m, err := r.Tenant("").master(true)
	if err != nil {
		t.Fatal(err)
	}
	err = r.inTx(func(tx *sql.Tx) error {
		slots, err := tx.Prepare(`INSERT INTO slots (used, wrapped) VALUES (3, $1)`)
		if err != nil {
			return err
		}
		keks, err := tx.Prepare(`INSERT INTO keks (id, tenant, subject, generation, slot, created_ms) VALUES ($1, $2, $3, 1, $4, 1)`)
		if err != nil {
			return err
		}
		for i := range n {
			var id KEKID
			_, _ = rand.Read(id[:])
			plain := make([]byte, kekSize+pepperSize)
			_, _ = rand.Read(plain)
			name := m.pseudonym(strconv.Itoa(i))
			res, err := slots.Exec(seal(m.aead, plain, kekAAD(id[:], m.name, name)))
			if err != nil {
				return err
			}
			slot, err := res.LastInsertId()
			if err != nil {
				return err
			}
			if _, err := keks.Exec(id[:], m.name, name, slot); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestMany measures at a size that REEVE_KEYS sets; CI takes the small one.
func TestMany(t *testing.T) {
	n := 2000
	if s := os.Getenv("REEVE_KEYS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	r := open(t, dir, "")
	step := func(what string, fn func() error) {
		t.Helper()
		start := time.Now()
		if err := fn(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		t.Logf("%d subjects: %s took %v", n, what, time.Since(start).Round(time.Millisecond))
	}
	step("fill", func() error { fill(t, r, n); return nil })
	step("rewrap", func() error {
		done, err := r.Rewrap(t.Context(), nil)
		if err == nil && done.Subjects != n {
			err = fmt.Errorf("%d subjects", done.Subjects)
		}
		return err
	})
	step("destroy one", func() error {
		ids, err := r.DestroySubject("7")
		if err == nil && len(ids) != 1 {
			err = fmt.Errorf("%d keys", len(ids))
		}
		return err
	})
	step("open", func() error {
		again, err := Open(Options{Dir: dir})
		if err != nil {
			return err
		}
		return again.Close()
	})
	info, err := os.Stat(filepath.Join(dir, dbFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("keys.db has %d bytes, %d per subject", info.Size(), info.Size()/int64(n))
}
