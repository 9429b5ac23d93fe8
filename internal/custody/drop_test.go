package custody

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/keyring"
)

// TestDropPayloads drops payloads in sealed segments and in the current one: they are gone for every reader and from the disk,
// all others stay, and Verify asks for a reason.
func TestDropPayloads(t *testing.T) {
	const n = 500
	dir := t.TempDir()
	ctx := context.Background()
	l := manyRecords(t, dir, n, nil)
	r, err := l.Reader()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	drop := []uint64{3, 4, 5, 17, 200, 201, n - 1, 3}
	var sealed [][]byte
	for _, seq := range drop {
		s, err := r.Record(seq)
		if err != nil {
			t.Fatal(err)
		}
		sealed = append(sealed, s.Sealed)
	}
	for range 2 { // doing it again is harmless
		if err := l.DropPayloads(ctx, drop); err != nil {
			t.Fatal(err)
		}
	}
	for i := range uint64(n) {
		s, err := r.Record(i)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(drop, i) {
			checkRecord(t, s, l.o.Keys, int(i))
		} else if _, err := s.Open(l.o.Keys); !s.Gone || s.Sealed != nil || !errors.Is(err, ErrDropped) {
			t.Fatalf("record %d: %+v %v", i, s, err)
		}
	}
	for name, b := range takeImage(t, dir) {
		for i, part := range sealed {
			if slices.ContainsFunc([][]byte{part[:sealHead], part[sealHead:]}, func(p []byte) bool { return contains(b, p) }) {
				t.Errorf("%s still holds the payload of record %d", name, drop[i])
			}
		}
	}
	if r := mustVerify(t, dir); r.OK || r.FirstBad == nil || *r.FirstBad != 3 {
		t.Fatalf("gone without a reason: %+v", r)
	}
	for _, span := range [][2]uint64{{3, 6}, {17, 18}, {200, 202}} {
		if _, err := l.Event(&Event{Kind: EventRetention, Act: "payload.drop", Ranges: [][2]uint64{span}}); err != nil {
			t.Fatal(err)
		}
	}
	if r := mustVerify(t, dir); r.OK || *r.FirstBad != n-1 {
		t.Fatalf("one is gone without a reason: %+v", r)
	}
	last, err := r.Record(n - 1)
	if err != nil {
		t.Fatal(err)
	}
	kek, _ := last.KEK()
	if _, err := l.Event(&Event{Kind: EventErasure, Act: "subject.erase", Keks: []keyring.KEKID{kek}}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, dir); !r.OK {
		t.Errorf("%+v", r)
	}
	l = openLog(t, dir, func(o *Options) { o.FS = quickFS{} })
	if err := l.DropPayloads(ctx, []uint64{1 << 40}); !errors.Is(err, ErrNotFound) {
		t.Errorf("behind the end: %v", err)
	}
}

func contains(b, part []byte) bool {
	for len(part) > 0 && len(b) >= len(part) {
		i := slices.Index(b, part[0])
		if i < 0 || len(b)-i < len(part) {
			return false
		}
		if slices.Equal(b[i:i+len(part)], part) {
			return true
		}
		b = b[i+1:]
	}
	return false
}

// TestDropLarge drops a payload that is larger than a window, between two that stay.
func TestDropLarge(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, func(o *Options) { o.FS = quickFS{} })
	for i, size := range []int{100, 3 << 20, 100} {
		o := alone(i)
		o.Input = make([]byte, size)
		o.Input[0] = byte(i)
		if err := l.Outcome(o); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.DropPayloads(context.Background(), []uint64{1}); err != nil {
		t.Fatal(err)
	}
	r, err := l.Reader()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for seq := range uint64(3) {
		s, err := r.Record(seq)
		if err != nil || s.Gone != (seq == 1) {
			t.Fatalf("record %d: %v", seq, err)
		}
		if p, err := s.Open(l.o.Keys); seq != 1 && (err != nil || p.Input[0] != byte(seq) || len(p.Input) != 100) {
			t.Errorf("record %d: %v", seq, err)
		}
	}
}

// TestDropRemains finds a payload that was begun to be dropped when the power went: it is gone, named, and can be dropped again.
func TestDropRemains(t *testing.T) {
	dir := t.TempDir()
	sealedLog(t, dir, 100)
	path := filepath.Join(dir, "custody", payName(1))
	p, err := openPayFile(filepath.Join(dir, "custody"), 1)
	if err != nil {
		t.Fatal(err)
	}
	at := p.h.starts[7]
	p.close()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, sealHead), at); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, dir); r.OK || r.FirstBad == nil || *r.FirstBad != 7 {
		t.Fatalf("%+v", r)
	}
	l := openLog(t, dir, func(o *Options) { o.FS = quickFS{} })
	if err := l.DropPayloads(context.Background(), []uint64{7}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Event(&Event{Kind: EventRetention, Act: "payload.drop", Ranges: [][2]uint64{{7, 8}}}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, dir); !r.OK {
		t.Errorf("%+v", r)
	}
}

// TestDropLeaves removes segments from the front of a log: what is left verifies, opens and goes on.
func TestDropLeaves(t *testing.T) {
	const n = 900
	dir := t.TempDir()
	keys := openRing(t, dir)
	ctx := context.Background()
	l := manyRecords(t, dir, n, nil)
	if err := l.Seal(ctx); err != nil {
		t.Fatal(err)
	}
	r, err := l.Reader()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Leaf(0); err != nil {
		t.Fatal(err)
	}
	if first, err := l.DropLeaves(ctx, 10, "operator"); err != nil || first != 0 {
		t.Fatalf("no segment ends so early: %d %v", first, err)
	}
	first, err := l.DropLeaves(ctx, n/2, "operator")
	if err != nil || first == 0 || first > n/2 {
		t.Fatalf("%d %v", first, err)
	}
	again, err := l.DropLeaves(ctx, n/2, "operator")
	if err != nil || again != first {
		t.Fatalf("again: %d %v", again, err)
	}
	if _, err := r.Leaf(first - 1); !errors.Is(err, ErrNotFound) {
		t.Errorf("a removed record: %v", err)
	}
	if s, err := r.Record(first); err != nil || r.First() != first {
		t.Errorf("%v, first %d", err, r.First())
	} else {
		checkRecord(t, s, keys, int(first))
	}
	if v := mustVerify(t, dir); !v.OK || v.Leaves != n+1 {
		t.Fatalf("%+v", v)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, err = Open(Options{Dir: dir, Keys: keys, FS: quickFS{}, CheckpointEvery: time.Hour, SegmentBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Outcome(alone(n)), l.Seal(ctx), l.Close()); err != nil {
		t.Fatal(err)
	}
	v := mustVerify(t, dir)
	if !v.OK || v.Leaves != n+2 || v.Checkpoint != n+2 || len(v.Notes) != 1 {
		t.Errorf("%+v", v)
	}
	want := tilesOf(t, dir)
	for name, spoil := range map[string]func(string) error{
		"tile/0/000": func(p string) error { return flipFile(p, 40) }, // its leaves are gone
		"tile/0/002": os.Remove,
		"tile/0/001": func(p string) error { return flipFile(p, 8000) }, // some of its leaves may be
	} {
		path := filepath.Join(dir, "custody", name)
		if err := spoil(path); err != nil {
			t.Fatal(err)
		}
		if v := mustVerify(t, dir); v.OK {
			t.Errorf("%s: %+v", name, v)
		}
		if err := os.WriteFile(path, []byte(want[name]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if first >= 256 && want["tile/entries/000"] != "" {
		t.Error("the removed records still lie in a bundle")
	}
	if err := os.RemoveAll(filepath.Join(dir, "custody", "tile/1")); err != nil {
		t.Fatal(err)
	}
	l, err = Open(Options{Dir: dir, Keys: keys, FS: quickFS{}, CheckpointEvery: time.Hour, SegmentBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Rebuild(); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if tilesOf(t, dir)[name] != want[name] {
			t.Errorf("%s is not made again", name)
		}
	}
	img := takeImage(t, dir)
	delete(img, "custody/minimum")
	img.put(t, dir)
	if v := mustVerify(t, dir); v.OK {
		t.Errorf("minimum deleted: %+v", v)
	}
	if _, err := Open(Options{Dir: dir, Keys: keys, FS: quickFS{}}); !errors.Is(err, ErrDamaged) {
		t.Errorf("minimum deleted: %v", err)
	}
}
