package custody

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/keyring"
)

// quickFS is the real file system without its syncs and direct writes, for tests that cut no power.
type quickFS struct{ diskFS }

type quickFile struct{ *diskFile }

func (quickFile) Sync() error { return nil }

func (quickFS) Create(name string) (File, error) {
	return quick(os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600))
}

func (quickFS) Open(name string) (File, error) {
	return quick(os.OpenFile(name, os.O_RDWR, 0o600))
}

func quick(f *os.File, err error) (File, error) {
	if err != nil {
		return nil, err
	}
	return quickFile{&diskFile{File: f}}, nil
}

func (quickFS) SyncDir(string) error { return nil }

// image is a copy of a data directory in memory.
type image map[string][]byte

func takeImage(t testing.TB, dir string) image {
	t.Helper()
	img := image{}
	err := filepath.WalkDir(filepath.Join(dir, "custody"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		img[rel], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func (img image) put(t testing.TB, dir string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(dir, "custody")); err != nil {
		t.Fatal(err)
	}
	for name, b := range img {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, b, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

// alone is an outcome without an intent: a record that leaves nothing open.
func alone(i int) *Outcome {
	return &Outcome{ID: NewID(time.Unix(1790000000, int64(i)*1e6)), Start: time.Now(), Request: &Request{Subject: "s", Route: "openai.chat"}, Input: fmt.Appendf(nil, "question %d", i), Result: "refused"}
}

// bounds are the offsets where the frames of the only segment begin, and where the last one ends.
func bounds(t testing.TB, segment []byte) []int {
	t.Helper()
	at, err := headerSize(segment)
	if err != nil {
		t.Fatal(err)
	}
	out := []int{at}
	for {
		f, err := decodeFrame(segment[at:])
		if err != nil {
			return out
		}
		at += f.size
		out = append(out, at)
	}
}

const firstSegment = "custody/wal/00000001.seg"

// tornLog is a log that was not closed: five records one after another, then four in one drain.
func tornLog(t *testing.T, dir string, keys *keyring.Ring) image {
	t.Helper()
	l, err := Open(Options{Dir: dir, Keys: keys, FS: quickFS{}, keepWAL: true, CheckpointEvery: time.Hour, SegmentBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	small := func(wait bool) {
		if err := l.write(&draft{kind: kindAdmin, id: NewID(time.Unix(1790000000, 0)), event: &Event{Act: "policy.reload"}}, wait); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		if err := l.Outcome(alone(i)); err != nil {
			t.Fatal(err)
		}
	}
	small(false)
	small(false)
	small(false)
	small(true)
	return takeImage(t, dir)
}

// TestTornTail cuts and garbles the log at every byte of its last drain: exactly what was acknowledged before comes back.
func TestTornTail(t *testing.T) {
	if testing.Short() {
		t.Skip("tries every place, one after the other")
	}
	dir := t.TempDir()
	keys := openRing(t, dir)
	img := tornLog(t, dir, keys)
	whole := img[firstSegment]
	b := bounds(t, whole)
	if len(b) != 10 {
		t.Fatalf("%d frames", len(b)-1)
	}
	for i, want := range []uint32{0, 0, 0, 0, 0, 0, 1, 2, 3} {
		if f, err := decodeFrame(whole[b[i]:]); err != nil || f.position != want {
			t.Fatalf("frame %d has place %d in its drain, want %d: %v", i, f.position, want, err)
		}
	}
	for at := b[5]; at < b[9]; at++ {
		before := uint64(5) // frames before the one that at lies in
		for int(b[before+1]) <= at {
			before++
		}
		img[firstSegment] = whole[:at]
		reopen(t, dir, keys, img, before, fmt.Sprintf("cut at byte %d", at))
		garbled := append([]byte(nil), whole...)
		garbled[at] ^= 0x40
		img[firstSegment] = garbled
		reopen(t, dir, keys, img, before, fmt.Sprintf("garbled at byte %d", at))
	}
}

func reopen(t *testing.T, dir string, keys *keyring.Ring, img image, want uint64, what string) {
	t.Helper()
	img.put(t, dir)
	l, err := Open(Options{Dir: dir, Keys: keys, FS: quickFS{}, keepWAL: true, CheckpointEvery: time.Hour, SegmentBytes: 64 << 10})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if got := l.Stats().Size; got != want {
		t.Fatalf("%s: %d records came back, want %d", what, got, want)
	}
	if err := l.Outcome(alone(100)); err != nil {
		t.Fatalf("%s: write on: %v", what, err)
	}
	if err := l.Close(); err != nil {
		t.Fatalf("%s: close: %v", what, err)
	}
	if r, err := Verify(dir, VerifyOptions{}); err != nil || !r.OK || r.Leaves != want+1 {
		t.Fatalf("%s: verify: %v %+v", what, err, r)
	}
}

// TestDamageBeforeTail garbles records that later drains follow: the log must not be opened, and nothing may be cut.
func TestDamageBeforeTail(t *testing.T) {
	dir := t.TempDir()
	keys := openRing(t, dir)
	img := tornLog(t, dir, keys)
	whole := img[firstSegment]
	b := bounds(t, whole)
	for frame := range 5 {
		for at := b[frame]; at < b[frame+1]; at += 13 {
			garbled := append([]byte(nil), whole...)
			garbled[at] ^= 0x01
			img[firstSegment] = garbled
			refuses(t, dir, keys, img, frame, fmt.Sprintf("garbled at byte %d", at))
		}
	}
}

func refuses(t *testing.T, dir string, keys *keyring.Ring, img image, seq int, what string) {
	t.Helper()
	img.put(t, dir)
	_, err := Open(Options{Dir: dir, Keys: keys, FS: quickFS{}})
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), fmt.Sprintf("record %d:", seq)) {
		t.Fatalf("%s: %v, want damage at record %d", what, err, seq)
	}
	if got := takeImage(t, dir)[firstSegment]; string(got) != string(img[firstSegment]) {
		t.Fatalf("%s: the refused segment was changed", what)
	}
}

// TestSignedRecordsMissing cuts records that a checkpoint covers.
func TestSignedRecordsMissing(t *testing.T) {
	dir := t.TempDir()
	keys := openRing(t, dir)
	l, err := Open(Options{Dir: dir, Keys: keys, FS: quickFS{}, keepWAL: true, CheckpointEvery: time.Hour, SegmentBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		if err := l.Outcome(alone(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	img := takeImage(t, dir)
	b := bounds(t, img[firstSegment])
	img[firstSegment] = img[firstSegment][:b[4]]
	refuses(t, dir, keys, img, 4, "two signed records cut off")
	r, err := Verify(dir, VerifyOptions{})
	if err != nil || r.OK || r.FirstBad == nil || *r.FirstBad != 4 {
		t.Errorf("verify: %v %+v", err, r)
	}
	delete(img, firstSegment)
	img.put(t, dir)
	if _, err := Open(Options{Dir: dir, Keys: keys}); !errors.Is(err, ErrDamaged) {
		t.Errorf("all segments gone: %v", err)
	}
}

// TestAborted leaves exchanges open and finds them closed at the next start, also across a change of segment.
func TestAborted(t *testing.T) {
	dir := t.TempDir()
	keys := openRing(t, dir)
	open := func() *Log {
		l, err := Open(Options{Dir: dir, Keys: keys, FS: quickFS{}, keepWAL: true, CheckpointEvery: time.Hour, SegmentBytes: 64 << 10})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := open()
	left, _ := sampleExchange(NewID(time.Unix(1790000000, 0)), []byte("never answered"), nil)
	if err := l.Intent(left); err != nil {
		t.Fatal(err)
	}
	for i := range 120 { // more than a segment
		if err := l.Outcome(alone(i)); err != nil {
			t.Fatal(err)
		}
	}
	if s := l.Stats(); s.Open != 1 || s.Segment < 2 {
		t.Fatalf("%+v", s)
	}
	img := takeImage(t, dir)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	img.put(t, dir) // as if it had been killed
	l = open()
	if s := l.Stats(); s.Open != 0 || s.Size != 122 {
		t.Fatalf("%+v", s)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	x, err := Show(dir, keys, left.ID.String(), true)
	if err != nil || x.Status != "aborted" || len(x.Records) != 2 || x.Input == nil || *x.Input != "never answered" {
		t.Fatalf("%v %+v", err, x)
	}
	if r, err := Verify(dir, VerifyOptions{}); err != nil || !r.OK || r.Leaves != 122 || r.Open != 0 {
		t.Errorf("%v %+v", err, r)
	}
}

// TestLongTail cuts and garbles every byte of the last 64 KiB, which hold many drains: a cut leaves what was written before it, a byte
// of the last drain takes that back, and any other one is damage that must not be cut away. It runs with REEVE_LONG=1.
func TestLongTail(t *testing.T) {
	if os.Getenv("REEVE_LONG") == "" {
		t.Skip("REEVE_LONG is not set")
	}
	dir := t.TempDir()
	keys := openRing(t, dir)
	l, err := Open(Options{Dir: dir, Keys: keys, FS: quickFS{}, keepWAL: true, CheckpointEvery: time.Hour, SegmentBytes: 256 << 10})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		o := alone(i)
		o.Input = make([]byte, 700)
		if err := l.Outcome(o); err != nil {
			t.Fatal(err)
		}
	}
	img := takeImage(t, dir)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	whole := img[firstSegment]
	b := bounds(t, whole)
	end := b[len(b)-1]
	for at := max(end-64<<10, b[0]); at < end; at++ {
		before := uint64(0)
		for b[before+1] <= at {
			before++
		}
		img[firstSegment] = whole[:at]
		reopen(t, dir, keys, img, before, fmt.Sprintf("cut at byte %d", at))
		garbled := append([]byte(nil), whole...)
		garbled[at] ^= 0x20
		img[firstSegment] = garbled
		if int(before) == len(b)-2 {
			reopen(t, dir, keys, img, before, fmt.Sprintf("garbled at byte %d", at))
		} else {
			refuses(t, dir, keys, img, int(before), fmt.Sprintf("garbled at byte %d", at))
		}
	}
}
