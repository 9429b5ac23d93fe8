package custody

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/tlog"
)

// tilesOf reads all files below tile/, by path.
func tilesOf(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	root := filepath.Join(dir, "custody")
	err := filepath.WalkDir(filepath.Join(root, "tile"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path)
		out[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func fill(t testing.TB, l *Log, from, n int) {
	t.Helper()
	for i := range n {
		if err := l.OutcomeAsync(alone(from + i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Outcome(alone(from + n)); err != nil {
		t.Fatal(err)
	}
}

// TestTiles: a log leaves exactly the tiles of its size, and every record has a proof that holds.
func TestTiles(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, func(o *Options) { o.FS = quickFS{} })
	fill(t, l, 0, 299)
	if err := l.Published(context.Background(), 299); err != nil {
		t.Fatal(err)
	}
	fill(t, l, 300, 399)
	if err := l.Published(context.Background(), 699); err != nil {
		t.Fatal(err)
	}
	for _, seq := range []uint64{0, 255, 256, 699} {
		p, err := l.Prove(seq)
		if err != nil || p.Verify(tlog.LeafHash(p.Extra)) != nil || p.Index != seq {
			t.Errorf("record %d: %v", seq, err)
		}
		if err := p.Checkpoint.VerifyAll(l.integrator.signers[0].Key(), l.integrator.signers[1].Key()); err != nil {
			t.Error(err)
		}
	}
	if _, err := l.Prove(700); !errors.Is(err, ErrNotFound) {
		t.Errorf("a record that is not there: %v", err)
	}
	if p, err := l.Consistency(300, 700); err != nil || len(p) == 0 {
		t.Errorf("consistency: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	want := []string{"tile/0/000", "tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2", "tile/entries/000", "tile/entries/001", "tile/entries/002.p/188"}
	got := tilesOf(t, dir)
	for _, name := range want {
		if got[name] == "" {
			t.Errorf("%s is missing", name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
	if err := l.Published(context.Background(), 10000); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a checkpoint of a closed log: %v", err)
	}
	if r := mustVerify(t, dir); !r.OK || r.Checkpoint != 700 || len(r.Notes) != 0 {
		t.Errorf("%+v", r)
	}
}

// TestTilesRebuilt: tiles that were deleted, changed or added are noticed, and opening the log or Rebuild makes them again,
// byte for byte.
func TestTilesRebuilt(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, func(o *Options) { o.FS = quickFS{} })
	fill(t, l, 0, 699)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	want := tilesOf(t, dir)
	at := func(name string) string { return filepath.Join(dir, "custody", name) }
	for _, tt := range []struct {
		name    string
		change  func() error
		deep    bool // only Rebuild sees it
		problem string
		first   uint64
	}{
		{"all deleted", func() error { return os.RemoveAll(at("tile")) }, false, "missing", 0},
		{"a full tile deleted", func() error { return os.Remove(at("tile/0/001")) }, false, "tile/0/001", 256},
		{"a bundle deleted", func() error { return os.Remove(at("tile/entries/000")) }, false, "tile/entries/000", 0},
		{"a partial tile deleted", func() error { return os.Remove(at("tile/1/000.p/2")) }, false, "tile/1/000.p/2", 0},
		{"a tile cut off", func() error { return os.Truncate(at("tile/0/000"), 100) }, false, "tile/0/000", 0},
		{"a partial tile changed", func() error { return flipFile(at("tile/0/002.p/188"), 40) }, false, "tile/0/002.p/188", 512},
		{"a full tile changed", func() error { return flipFile(at("tile/0/001"), 40) }, true, "tile/0/001", 256},
		{"a bundle changed", func() error { return flipFile(at("tile/entries/001"), 40) }, true, "tile/entries/001", 256},
		{"a stale tile left", func() error {
			if err := os.MkdirAll(at("tile/0/001.p"), 0o700); err != nil {
				return err
			}
			return os.WriteFile(at("tile/0/001.p/3"), []byte(want["tile/0/001"][:96]), 0o600)
		}, false, "tile/0/001.p/3", 256},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.change(); err != nil {
				t.Fatal(err)
			}
			r := mustVerify(t, dir)
			if r.OK || r.FirstBad == nil || *r.FirstBad != tt.first || !strings.Contains(fmt.Sprint(r.Problems), tt.problem) {
				t.Errorf("%+v", r)
			}
			l := openLog(t, dir, func(o *Options) { o.FS, o.CheckpointEvery = quickFS{}, time.Hour })
			if tt.deep {
				if n, err := l.Rebuild(); err != nil || n != 1 {
					t.Errorf("rebuilt %d: %v", n, err)
				}
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			got := tilesOf(t, dir)
			for name := range want {
				if got[name] != want[name] {
					t.Errorf("%s is not what it was", name)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d files, want %d", len(got), len(want))
			}
			if r := mustVerify(t, dir); !r.OK {
				t.Errorf("%+v", r)
			}
		})
	}
}

func flipFile(path string, at int64) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	b[at] ^= 1
	return os.WriteFile(path, b, 0o600)
}

// TestUnknownTile: a file below tile/ that is no tile, or one that no record explains, is named.
func TestUnknownTile(t *testing.T) {
	dir := t.TempDir()
	closedLog(t, dir, openRing(t, dir))
	for _, name := range []string{"tile/readme", "tile/0/x000/000", "tile/0/007", "tile/9/000.p/1", "tile/0/000.p/250", "tile/entries/000.p/201"} {
		path := filepath.Join(dir, "custody", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := mustVerify(t, dir); r.OK || !strings.Contains(fmt.Sprint(r.Problems), name) {
			t.Errorf("%s: %+v", name, r)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTilesFail: where tiles cannot be written, records are taken all the same, nothing is published, and all is made up
// for when the disk can again.
func TestTilesFail(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, func(o *Options) { o.FS, o.CheckpointEvery = quickFS{}, time.Hour })
	full := true
	l.integrator.mu.Lock()
	write := l.integrator.tiles.write
	l.integrator.tiles.write = func(path string, b []byte) error {
		if full {
			return errors.New("disk is full")
		}
		return write(path, b)
	}
	l.integrator.mu.Unlock()
	fill(t, l, 0, 599)
	for range 3 {
		if err := l.checkpoint(); err == nil || l.signed.Load() != 0 {
			t.Fatalf("published without tiles: %v", err)
		}
	}
	fill(t, l, 600, 99)
	l.integrator.mu.Lock()
	full = false
	l.integrator.mu.Unlock()
	if err := l.checkpoint(); err != nil || l.signed.Load() != 700 {
		t.Fatalf("%v, %d signed", err, l.signed.Load())
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, dir); !r.OK {
		t.Errorf("%+v", r)
	}
}

// TestFeedOverflows: leaves that were too many to wait in memory are read back from the disk.
func TestFeedOverflows(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, func(o *Options) { o.FS, o.CheckpointEvery = quickFS{}, time.Hour })
	fill(t, l, 0, 299)
	l.integrator.feed.mu.Lock()
	l.integrator.feed.leaves.reset(200) // as add does
	l.integrator.feed.mu.Unlock()
	fill(t, l, 300, 9)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, dir); !r.OK || r.Checkpoint != 310 {
		t.Errorf("%+v", r)
	}
}

// TestSecondKey: a log whose checkpoint was signed with Ed25519 alone gets the second signature when it is opened.
func TestSecondKey(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, func(o *Options) { o.FS = quickFS{} })
	fill(t, l, 0, 9)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, "custody", name) }
	whole, err := os.ReadFile(at(checkpointFile))
	if err != nil {
		t.Fatal(err)
	}
	c, err := tlog.ParseCheckpoint(whole)
	if err != nil {
		t.Fatal(err)
	}
	c.Sigs = c.Sigs[:1]
	key := logKeys(l.integrator.signers[:1])
	if err := errors.Join(os.WriteFile(at(checkpointFile), c.Marshal(), 0o600), os.WriteFile(at(logKeyFile), key, 0o600)); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, dir); !r.OK {
		t.Errorf("a log with one key: %+v", r)
	}
	l = openLog(t, dir, func(o *Options) { o.FS = quickFS{} })
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	now, err := os.ReadFile(at(checkpointFile))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := tlog.ParseCheckpoint(now); err != nil || len(again.Sigs) != 2 || again.Size != 10 {
		t.Errorf("%v: %s", err, now)
	}
	if r := mustVerify(t, dir); !r.OK || bytes.Equal(now, c.Marshal()) {
		t.Errorf("%+v", r)
	}
}
