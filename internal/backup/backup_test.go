package backup

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
)

// house is a data directory with a log that is being written.
type house struct {
	dir  string
	ring *keyring.Ring
	log  *custody.Log
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{dir: filepath.Join(t.TempDir(), "live")}
	var err error
	if h.ring, err = keyring.Open(keyring.Options{Dir: h.dir}); err != nil {
		t.Fatal(err)
	}
	if h.log, err = custody.Open(custody.Options{Dir: h.dir, Keys: h.ring, SegmentBytes: 64 << 10, CheckpointEvery: 20 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(h.log.Close(), h.ring.Close()); err != nil {
			t.Error(err)
		}
	})
	return h
}

func (h *house) write(t *testing.T, subject, text string) custody.ID {
	t.Helper()
	id := custody.NewID(time.Now())
	if err := h.log.Intent(&custody.Intent{ID: id, Start: time.Now(), Request: custody.Request{Subject: subject}, Input: []byte(text)}); err != nil {
		t.Error(err)
	}
	return id
}

// rootKey copies the root key away, as an operator does.
func (h *house) rootKey(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(h.dir, "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return "file:" + path
}

func backUp(t *testing.T, dir, dest, holds string) *Manifest {
	t.Helper()
	m, err := Write(t.Context(), Options{Dir: dir, Dest: dest, Holds: holds})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// shows reports whether the text of an exchange can be read in a data directory.
func shows(t *testing.T, dir, root string, id custody.ID) (text string, erased bool) {
	t.Helper()
	ring, err := keyring.Open(keyring.Options{Dir: dir, Root: root})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	x, err := custody.Show(dir, ring, id.String(), true)
	if err != nil {
		t.Fatal(err)
	}
	if x.Input != nil {
		text = *x.Input
	}
	return text, x.Erased
}

// TestWhileWriting backs up while others write, and demands that everything acknowledged before is in the copy and whole.
func TestWhileWriting(t *testing.T) {
	for _, name := range []string{"folder", "copy.tar"} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			stop := make(chan struct{})
			var wg sync.WaitGroup
			for w := range 4 {
				wg.Go(func() {
					for i := 0; ; i++ {
						select {
						case <-stop:
							return
						default:
							h.write(t, fmt.Sprintf("writer-%d-%d", w, i%50), strings.Repeat("some text ", 60))
						}
					}
				})
			}
			var before []custody.ID
			for i := range 300 {
				before = append(before, h.write(t, "jane", fmt.Sprint("text ", i)))
			}
			dest := filepath.Join(t.TempDir(), name)
			m := backUp(t, h.dir, dest, All)
			close(stop)
			wg.Wait()
			if m.Leaves == 0 || m.Origin == "" || len(m.Files) < 4 {
				t.Errorf("%+v", m)
			}
			root, to := h.rootKey(t), filepath.Join(t.TempDir(), "restored")
			out, err := Restore(t.Context(), RestoreOptions{Backups: []string{dest}, Dir: to, Root: root, Ledgers: []string{h.dir}})
			if err != nil || out.Leaves < m.Leaves || out.ErasedAgain != 0 {
				t.Fatalf("%+v %v", out, err)
			}
			for i, id := range before {
				if i%25 != 0 && i != len(before)-1 {
					continue
				}
				if text, _ := shows(t, to, root, id); text != fmt.Sprint("text ", i) {
					t.Errorf("record %d holds %q", i, text)
				}
			}
			report, err := custody.Verify(to, custody.VerifyOptions{})
			if err != nil || !report.OK {
				t.Errorf("%+v %v", report.Problems, err)
			}
		})
	}
}

// TestNoKeyInside looks for the root key and for whatever a backup must not hold.
func TestNoKeyInside(t *testing.T) {
	h := newHouse(t)
	h.write(t, "jane.doe@example.org", "planted canary of a prompt")
	if err := os.MkdirAll(filepath.Join(h.dir, "tls"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.dir, "tls", "ca.key"), []byte("planted canary of a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := os.ReadFile(filepath.Join(h.dir, "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"folder", "copy.tar"} {
		dest := filepath.Join(t.TempDir(), name)
		backUp(t, h.dir, dest, All)
		n := 0
		err := filepath.WalkDir(dest, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			n++
			b, err := os.ReadFile(path)
			for _, canary := range []string{strings.TrimSpace(string(root)), "planted canary", "jane.doe"} {
				if bytes.Contains(b, []byte(canary)) {
					t.Errorf("%s holds %q", path, canary[:8])
				}
			}
			if info, e := d.Info(); e != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: mode %v, %v", path, info.Mode(), e)
			}
			return err
		})
		if err != nil || n == 0 {
			t.Errorf("%d files, %v", n, err)
		}
	}
}

// TestErasedStaysErased restores a backup from before an erasure, with what tells of the erasure in each of its places.
func TestErasedStaysErased(t *testing.T) {
	h := newHouse(t)
	jane, joe := h.write(t, "jane", "of jane"), h.write(t, "joe", "of joe")
	whole, keys := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "keys.tar")
	backUp(t, h.dir, whole, All)
	backUp(t, h.dir, keys, Keys)
	root := h.rootKey(t)
	ids, err := h.ring.DestroySubject("jane")
	if err != nil {
		t.Fatal(err)
	}
	restore := func(name string, o RestoreOptions) (*Restored, string) {
		t.Helper()
		o.Dir, o.Root = filepath.Join(t.TempDir(), name), root
		out, err := Restore(t.Context(), o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return out, o.Dir
	}
	check := func(name, dir string, want bool) {
		t.Helper()
		if text, erased := shows(t, dir, root, jane); erased != want || (text == "") != want {
			t.Errorf("%s: jane's text %q, erased %v", name, text, erased)
		}
		if text, _ := shows(t, dir, root, joe); text != "of joe" {
			t.Errorf("%s: joe's text %q", name, text)
		}
	}

	out, dir := restore("ledger of the live directory", RestoreOptions{Backups: []string{whole}, Ledgers: []string{h.dir}})
	check("live", dir, true)
	if out.ErasedAgain != 1 || out.Ledger != 1 {
		t.Errorf("%+v", out)
	}
	if told, err := erasedIn(dir); err != nil || !told[ids[0]] {
		t.Errorf("the restored log does not tell of the erasure: %v %v", told, err)
	}
	copied := filepath.Join(t.TempDir(), "ledger")
	if err := os.Link(filepath.Join(h.dir, keyring.LedgerFile), copied); err != nil {
		t.Fatal(err)
	}
	_, dir = restore("copied ledger", RestoreOptions{Backups: []string{whole}, Ledgers: []string{copied}})
	check("copied ledger", dir, true)

	_, dir = restore("ledger lost", RestoreOptions{Backups: []string{whole}, Lost: true})
	check("ledger lost", dir, false)

	// The log of later tells of the erasure, and old keys are put beside it.
	if _, err := h.log.Event(&custody.Event{Kind: custody.EventErasure, Act: "erasure.begin", Result: "begun", Keks: ids}); err != nil {
		t.Fatal(err)
	}
	later := filepath.Join(t.TempDir(), "log")
	backUp(t, h.dir, later, Log)
	out, dir = restore("erasure in the log", RestoreOptions{Backups: []string{later, keys}, Lost: true})
	check("erasure in the log", dir, true)
	if out.ErasedAgain != 1 {
		t.Errorf("%+v", out)
	}
	if _, err := Restore(t.Context(), RestoreOptions{Backups: []string{whole, keys}, Dir: filepath.Join(t.TempDir(), "x"), Root: root, Lost: true}); err == nil {
		t.Error("two keys.db were accepted")
	}
}

func TestRefuses(t *testing.T) {
	h := newHouse(t)
	for range 20 {
		h.write(t, "jane", strings.Repeat("text ", 100))
	}
	good := filepath.Join(t.TempDir(), "good")
	m := backUp(t, h.dir, good, All)
	root := h.rootKey(t)
	if _, err := Write(t.Context(), Options{Dir: h.dir, Dest: good, Holds: All}); !errors.Is(err, ErrExists) {
		t.Errorf("overwritten: %v", err)
	}
	restore := func(backup string) error {
		to := filepath.Join(t.TempDir(), "to")
		_, err := Restore(t.Context(), RestoreOptions{Backups: []string{backup}, Dir: to, Root: root, Lost: true})
		left, globErr := filepath.Glob(filepath.Join(filepath.Dir(to), "*"))
		hidden, _ := filepath.Glob(filepath.Join(filepath.Dir(to), ".reeve*"))
		if err != nil && len(left)+len(hidden) > 0 || globErr != nil {
			t.Errorf("a restore that failed left %v", append(left, hidden...))
		}
		return err
	}
	if _, err := Restore(t.Context(), RestoreOptions{Backups: []string{good}, Dir: t.TempDir(), Root: root}); !errors.Is(err, ErrNoLedger) {
		t.Errorf("without a ledger: %v", err)
	}
	if _, err := Restore(t.Context(), RestoreOptions{Backups: []string{good}, Dir: h.dir, Root: root, Lost: true}); !errors.Is(err, ErrExists) {
		t.Errorf("into a directory in use: %v", err)
	}
	for i := range m.Files {
		for _, how := range []string{"flip", "cut", "remove"} {
			bad := copyOf(t, good)
			path := filepath.Join(bad, filepath.FromSlash(m.Files[i].Name))
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			switch how {
			case "flip":
				b[len(b)/2] ^= 1
				err = os.WriteFile(path, b, 0o600)
			case "cut":
				err = os.WriteFile(path, b[:len(b)-1], 0o600)
			default:
				err = os.Remove(path)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := restore(bad); !errors.Is(err, ErrNotBackup) {
				t.Errorf("%s of %s: %v", how, m.Files[i].Name, err)
			}
		}
	}
	unfinished := copyOf(t, good)
	if err := os.Remove(filepath.Join(unfinished, ManifestFile)); err != nil {
		t.Fatal(err)
	}
	if err := restore(unfinished); !errors.Is(err, ErrNotBackup) {
		t.Errorf("unfinished: %v", err)
	}
	if err := restore(evilTar(t)); !errors.Is(err, ErrNotBackup) {
		t.Errorf("a name that leads out: %v", err)
	}
	other := newHouse(t)
	if _, err := Restore(t.Context(), RestoreOptions{Backups: []string{good}, Dir: filepath.Join(t.TempDir(), "to"), Root: other.rootKey(t), Lost: true}); !errors.Is(err, keyring.ErrWrongRoot) {
		t.Errorf("another root key: %v", err)
	}
	if _, err := Restore(t.Context(), RestoreOptions{Backups: []string{good}, Dir: filepath.Join(t.TempDir(), "to"), Root: root, Ledgers: []string{foreignLedger(t, other)}}); !errors.Is(err, keyring.ErrLedger) {
		t.Errorf("another house's ledger: %v", err)
	}
}

func foreignLedger(t *testing.T, h *house) string {
	t.Helper()
	if _, err := h.ring.DestroyKEKs([]keyring.KEKID{{1}}); err != nil {
		t.Fatal(err)
	}
	return h.dir
}

func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

func evilTar(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "evil.tar")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(f)
	text := []byte("x")
	err = errors.Join(w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "custody/../../evil", Size: 1, Mode: 0o600}))
	if err == nil {
		_, err = w.Write(text)
	}
	if err := errors.Join(err, w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"format":"reeve.backup/1","files":[{"name":"keys.db","size":1,"sha256":"00"}]}`))
	f.Add([]byte(`{"format":"reeve.backup/1","files":[{"name":"custody/wal/../../x","size":1}]}`))
	f.Add([]byte(`{"format":"reeve.backup/9"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseManifest(b)
		if err != nil {
			return
		}
		for _, file := range m.Files {
			if !filepath.IsLocal(file.Name) || file.Size < 0 {
				t.Errorf("%+v", file)
			}
		}
	})
}

// TestAfterRetention backs up a log whose first segments and some payloads are gone, and says why.
func TestAfterRetention(t *testing.T) {
	h := newHouse(t)
	var last custody.ID
	for i := range 400 {
		last = h.write(t, "jane", fmt.Sprint(i, strings.Repeat(" text", 200)))
	}
	if err := h.log.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.log.Event(&custody.Event{Kind: custody.EventRetention, Act: "retention.drop", Result: "ok", Ranges: [][2]uint64{{0, 300}}}); err != nil {
		t.Fatal(err)
	}
	var seqs []uint64
	for i := range uint64(300) {
		seqs = append(seqs, i)
	}
	if err := h.log.DropPayloads(t.Context(), seqs); err != nil {
		t.Fatal(err)
	}
	first, err := h.log.DropLeaves(t.Context(), 250, "operator")
	if err != nil || first == 0 {
		t.Fatalf("the log begins at %d: %v", first, err)
	}
	for _, name := range []string{"folder", "copy.tar"} {
		dest := filepath.Join(t.TempDir(), name)
		backUp(t, h.dir, dest, All)
		root, to := h.rootKey(t), filepath.Join(t.TempDir(), "restored")
		if _, err := Restore(t.Context(), RestoreOptions{Backups: []string{dest}, Dir: to, Root: root, Ledgers: []string{h.dir}}); err != nil {
			t.Fatal(err)
		}
		report, err := custody.Verify(to, custody.VerifyOptions{})
		if err != nil || !report.OK {
			t.Errorf("%+v %v", report.Problems, err)
		}
		if text, _ := shows(t, to, root, last); !strings.HasPrefix(text, "399 ") {
			t.Errorf("the last record holds %.10q", text)
		}
	}
}
