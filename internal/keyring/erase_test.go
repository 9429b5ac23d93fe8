package keyring

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// windows are the pieces of eight bytes of a wrapped key, without those that zeros have too.
type windows map[[8]byte]bool

func (w windows) add(b []byte) {
	for i := 0; i+8 <= len(b); i++ {
		w[[8]byte(b[i:])] = true
	}
}

// remains counts the pieces that any file of the directory holds.
func (w windows) remains(t *testing.T, dir string) (n int) {
	t.Helper()
	for _, b := range files(t, dir) {
		for i := 0; i+8 <= len(b); i++ {
			if w[[8]byte(b[i:])] {
				n++
			}
		}
	}
	return n
}

func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && d.Name() != dbFile+"-shm" { // to close a descriptor of it drops SQLite's locks; it holds no content
			all[path], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func wrappedOf(t *testing.T, r *Ring, id KEKID) (wrapped []byte) {
	t.Helper()
	if err := r.db.QueryRow(`SELECT s.wrapped FROM keks k JOIN slots s ON s.slot = k.slot WHERE k.id = $1`, id[:]).Scan(&wrapped); err != nil {
		t.Fatal(err)
	}
	return wrapped
}

// TestNothingRemains makes and destroys many keys in a random order and then looks for every piece of them. The order matters:
// cells of a B-tree that move would leave copies in the free space of pages.
func TestNothingRemains(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir, "")
	draw := rand.New(rand.NewPCG(1, 2))
	var alive []string
	gone := windows{}
	for i := range 700 {
		if len(alive) > 20 && draw.IntN(3) == 0 {
			k := draw.IntN(len(alive))
			s := subject(t, r, alive[k])
			gone.add(wrappedOf(t, r, s.ID()))
			ids, err := r.DestroySubject(alive[k])
			if err != nil || !slices.Equal(ids, []KEKID{s.ID()}) {
				t.Fatalf("%v %v", ids, err)
			}
			alive = slices.Delete(alive, k, k+1)
			continue
		}
		alive = append(alive, fmt.Sprintf("s%d", i))
		subject(t, r, alive[len(alive)-1])
	}
	kept := windows{}
	for _, name := range alive {
		kept.add(wrappedOf(t, r, subject(t, r, name).ID()))
	}
	if len(gone) < 5000 || kept.remains(t, dir) < len(kept) {
		t.Fatalf("the search finds nothing: %d pieces destroyed, %d kept", len(gone), len(kept))
	}
	if n := gone.remains(t, dir); n != 0 {
		t.Errorf("%d of %d pieces of destroyed keys are still on disk", n, len(gone))
	}
	other := open(t, dir, "")
	for _, name := range alive {
		subject(t, other, name)
	}
}

func TestDestroySubject(t *testing.T) {
	dir := t.TempDir()
	r, beside := open(t, dir, ""), open(t, dir, "") // another process
	jane := subject(t, r, "Jane")
	wrapped := jane.Wrap(nil, make([]byte, NonceSize), []byte("key"), nil)
	if got := subject(t, beside, " jane "); got.ID() != jane.ID() || got.Actor() != jane.Actor() {
		t.Error("one person, two keys")
	}
	if _, err := beside.Unwrap(nil, jane.ID(), make([]byte, NonceSize), wrapped, nil); err != nil {
		t.Fatal(err)
	}
	if ids, err := r.SubjectKEKs("JANE"); err != nil || !slices.Equal(ids, []KEKID{jane.ID()}) {
		t.Errorf("keys %v, %v", ids, err)
	}
	ids, err := r.DestroySubject("jane")
	if err != nil || !slices.Equal(ids, []KEKID{jane.ID()}) {
		t.Fatalf("destroyed %v, %v", ids, err)
	}
	for _, ring := range []*Ring{r, beside} {
		if _, err := ring.Unwrap(nil, jane.ID(), make([]byte, NonceSize), wrapped, nil); !errors.Is(err, ErrErased) {
			t.Errorf("opened after the key was destroyed: %v", err)
		}
	}
	again := subject(t, beside, "jane")
	if again.ID() == jane.ID() || again.Actor() == jane.Actor() || subject(t, r, "jane").ID() != again.ID() {
		t.Error("a subject that comes back is not somebody new")
	}
	if ids, err := r.DestroySubject("nobody"); err != nil || len(ids) != 0 {
		t.Errorf("nobody: %v %v", ids, err)
	}
}

func TestDestroyGenerations(t *testing.T) {
	r := open(t, t.TempDir(), "")
	first := subject(t, r, "jane")
	first.wraps.Store(maxWraps)
	second := subject(t, r, "jane")
	if gone, err := r.DestroyKEKs([]KEKID{first.ID(), {9}}); err != nil || !slices.Equal(gone, []KEKID{first.ID()}) {
		t.Fatalf("%v %v", gone, err)
	}
	if ids, err := r.DestroySubject("jane"); err != nil || !slices.Equal(ids, []KEKID{second.ID()}) {
		t.Errorf("%v %v", ids, err)
	}
}

func TestTenants(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir, "")
	acme, house := r.Tenant("acme"), r.Tenant("")
	a, err := acme.Subject("jane")
	if err != nil {
		t.Fatal(err)
	}
	h := subject(t, r, "jane")
	ia, err := acme.BlindIndex("jane")
	if err != nil {
		t.Fatal(err)
	}
	ih, err := house.BlindIndex("jane")
	if err != nil || bytes.Equal(ia, ih) || a.ID() == h.ID() || a.Actor() == h.Actor() {
		t.Errorf("two tenants share a key or an index: %v", err)
	}
	gone := windows{}
	gone.add(wrappedOf(t, r, a.ID()))
	m, err := acme.master(false)
	if err != nil {
		t.Fatal(err)
	}
	gone.add(m.wrapped[8:]) // without the head that all have
	wrapped := a.Wrap(nil, make([]byte, NonceSize), []byte("key"), nil)
	ids, err := acme.Destroy()
	if err != nil || !slices.Equal(ids, []KEKID{a.ID()}) {
		t.Fatalf("%v %v", ids, err)
	}
	if n := gone.remains(t, dir); n != 0 {
		t.Errorf("%d pieces of the tenant's keys are left", n)
	}
	if _, err := r.Unwrap(nil, a.ID(), make([]byte, NonceSize), wrapped, nil); !errors.Is(err, ErrErased) {
		t.Errorf("%v", err)
	}
	if again, err := acme.BlindIndex("jane"); err != nil || bytes.Equal(again, ia) {
		t.Errorf("the index of a destroyed tenant came back: %v", err)
	}
	if subject(t, r, "jane").ID() != h.ID() {
		t.Error("the neighbour lost a key")
	}
	if ids, err := r.Tenant("nobody").Destroy(); err != nil || len(ids) != 0 {
		t.Errorf("%v %v", ids, err)
	}
}

func TestBlindIndex(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir, "")
	index := func(id string) []byte {
		t.Helper()
		b, err := r.BlindIndex(id)
		if err != nil || len(b) != 32 {
			t.Fatalf("%d bytes, %v", len(b), err)
		}
		return b
	}
	for _, same := range [][]string{
		{"jane.doe@example.org", " Jane.Doe@EXAMPLE.org\n"},
		{"Straße", "STRASSE", "strasse"},
		{"r\u00e9mi", "re\u0301mi", "RE\u0301MI", "R\u00c9MI"},
		{"\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3"},
	} {
		for _, s := range same[1:] {
			if !bytes.Equal(index(same[0]), index(s)) {
				t.Errorf("%q and %q are two people", same[0], s)
			}
		}
	}
	if bytes.Equal(index("jane"), index("jan")) {
		t.Error("two people are one")
	}
	if bytes.Equal(index("jane"), houseTenant(t, r).pseudonym("jane")) {
		t.Error("the index tells the rows of keys.db")
	}
	second, err := open(t, dir, "").BlindIndex("jane")
	if diff := cmp.Diff(index("jane"), second); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"Jane@Example.org", " a ", "\u1e9e", "\u0345\u03b1", "\xff\xfe", "\u0130", "e\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if once := Normalize(s); Normalize(once) != once {
			t.Errorf("%q: %q becomes %q", s, once, Normalize(once))
		}
	})
}

// TestDestroyWhileInUse has callers seal under keys that others destroy. What was sealed opens or is erased; a key of zeros never seals.
func TestDestroyWhileInUse(t *testing.T) {
	r := open(t, t.TempDir(), "")
	zero, err := newAEAD(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			nonce := make([]byte, NonceSize)
			for {
				select {
				case <-stop:
					return
				default:
				}
				s, err := r.Subject("jane")
				if err != nil {
					t.Error(err)
					return
				}
				wrapped := s.Wrap(nil, nonce, []byte("key"), nil)
				if _, err := zero.Open(nil, nonce, wrapped, nil); err == nil {
					t.Error("sealed under a key of zeros")
				}
				got, err := r.Unwrap(nil, s.ID(), nonce, wrapped, nil)
				if !errors.Is(err, ErrErased) && (err != nil || string(got) != "key") {
					t.Errorf("%q %v", got, err)
				}
			}
		})
	}
	for range 15 {
		if _, err := r.DestroySubject("jane"); err != nil {
			t.Error(err)
		}
		runtime.GC() // finalizers overwrite what nobody can reach
	}
	close(stop)
	wg.Wait()
}

func TestWipe(t *testing.T) {
	key := bytes.Repeat([]byte{7}, 32)
	aead, err := newAEAD(key)
	if err != nil {
		t.Fatal(err)
	}
	before := aead.Seal(nil, make([]byte, NonceSize), []byte("text"), nil)
	wipe(aead)
	after := func() (out []byte) {
		defer func() { _ = recover() }() // a cipher without rounds may do anything but seal
		return aead.Seal(nil, make([]byte, NonceSize), []byte("text"), nil)
	}()
	if bytes.Equal(before, after) {
		t.Error("the cipher still seals under its key")
	}
}
