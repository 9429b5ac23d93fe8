package keyring

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func ledgerIDs(list []Erased) (ids []KEKID) {
	for _, e := range list {
		ids = append(ids, e.KEK)
	}
	return ids
}

func readLedger(t *testing.T, r *Ring, b []byte) []KEKID {
	t.Helper()
	list, err := r.ReadLedger(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return ledgerIDs(list)
}

func TestLedger(t *testing.T) {
	dir := t.TempDir()
	r, beside := open(t, dir, ""), open(t, dir, "")
	path := filepath.Join(dir, LedgerFile)
	var want []KEKID
	for i, name := range []string{"jane", "joe", "jim", "june"} {
		ring := []*Ring{r, beside}[i%2]
		want = append(want, subject(t, ring, name).ID())
		if _, err := ring.DestroySubject(name); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := readLedger(t, r, b); !slices.Equal(got, want) {
		t.Errorf("ledger %v, want %v", got, want)
	}
	if list, err := r.Ledger(); err != nil || !slices.Equal(ledgerIDs(list), want) {
		t.Errorf("%v %v", list, err)
	}
	if got := readLedger(t, r, b[:len(b)-1]); !slices.Equal(got, want[:3]) {
		t.Errorf("cut: %v", got)
	}
	for i := range b {
		bad := bytes.Clone(b)
		bad[i] ^= 1
		if _, err := r.ReadLedger(bytes.NewReader(bad)); !errors.Is(err, ErrLedger) {
			t.Fatalf("byte %d altered: %v", i, err)
		}
	}
	if _, err := open(t, t.TempDir(), "").ReadLedger(bytes.NewReader(b)); !errors.Is(err, ErrLedger) {
		t.Errorf("another house's: %v", err)
	}
	lines := bytes.SplitAfter(b, []byte("\n"))
	swapped := slices.Concat(lines[0], lines[2], lines[1], lines[3])
	if _, err := r.ReadLedger(bytes.NewReader(swapped)); !errors.Is(err, ErrLedger) {
		t.Errorf("swapped: %v", err)
	}

	for _, n := range []int{0, 10, len(ledgerHead), len(b) - 7} { // a process was killed in the middle
		if err := os.WriteFile(path, b[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		open(t, dir, "")
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, b) {
			t.Errorf("cut at %d: not written anew: %v", n, err)
		}
	}
	if strings.Contains(string(b), "jane") {
		t.Error("the ledger names somebody")
	}
}

// TestRestoredForgets takes an older copy of keys.db and lays the ledger over it.
func TestRestoredForgets(t *testing.T) {
	dir, copied := t.TempDir(), t.TempDir()
	r := open(t, dir, "")
	jane := subject(t, r, "jane")
	joe := subject(t, r, "joe").ID()
	wrapped := jane.Wrap(nil, make([]byte, NonceSize), []byte("key"), nil)
	if err := Snapshot(dir, filepath.Join(copied, dbFile)); err != nil {
		t.Fatal(err)
	}
	if err := Snapshot(dir, filepath.Join(copied, dbFile)); err == nil {
		t.Error("a file was overwritten")
	}
	if err := os.WriteFile(filepath.Join(copied, rootKeyFile), readRootFile(t, dir), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.DestroySubject("jane"); err != nil {
		t.Fatal(err)
	}
	restored := open(t, copied, "")
	if _, err := restored.Unwrap(nil, jane.ID(), make([]byte, NonceSize), wrapped, nil); err != nil {
		t.Fatalf("the copy lacks what it should still have: %v", err)
	}
	gone := windows{}
	gone.add(wrappedOf(t, restored, jane.ID()))
	b, err := os.ReadFile(filepath.Join(dir, LedgerFile))
	if err != nil {
		t.Fatal(err)
	}
	if ids, err := restored.DestroyKEKs(readLedger(t, restored, b)); err != nil || !slices.Equal(ids, []KEKID{jane.ID()}) {
		t.Errorf("%v %v", ids, err)
	}
	if _, err := restored.Unwrap(nil, jane.ID(), make([]byte, NonceSize), wrapped, nil); !errors.Is(err, ErrErased) {
		t.Errorf("what was erased came back: %v", err)
	}
	if subject(t, restored, "joe").ID() != joe || gone.remains(t, copied) != 0 {
		t.Error("too much or too little was destroyed")
	}
}

func FuzzLedger(f *testing.F) {
	f.Add([]byte(ledgerHead))
	f.Add([]byte(ledgerHead + strings.Repeat("0", ledgerLine-1) + "\n"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, b []byte) {
		if list, err := parseLedger(bytes.NewReader(b), []byte("key")); err == nil && len(list)*ledgerLine > len(b) {
			t.Errorf("%d lines of %d bytes", len(list), len(b))
		}
	})
}
