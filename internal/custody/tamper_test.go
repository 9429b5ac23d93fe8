package custody

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/keyring"
)

// closedLog is a closed log of 200 small records in at least three segments.
func closedLog(t testing.TB, dir string, keys *keyring.Ring) image {
	t.Helper()
	return closedLogOf(t, dir, keys, 160)
}

func closedLogOf(t testing.TB, dir string, keys *keyring.Ring, n int) image {
	t.Helper()
	l, err := Open(Options{Dir: dir, Keys: keys, FS: quickFS{}, keepWAL: true, CheckpointEvery: time.Hour, SegmentBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		err := l.Admin(&Admin{Act: "key.create", Object: "7f3a", Result: "ok"})
		if i%4 == 0 {
			err = errors.Join(err, l.Outcome(alone(i)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return takeImage(t, dir)
}

func mustVerify(t testing.TB, dir string) Report {
	t.Helper()
	r, err := Verify(dir, VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestEveryByteFlipped flips one bit in every byte of every file of a log: each is noticed, and in a segment the first bad
// record is the one that the byte belongs to.
func TestEveryByteFlipped(t *testing.T) {
	dir := t.TempDir()
	n, every := 160, 5 // REEVE_LONG: every byte of 1,000 records
	if os.Getenv("REEVE_LONG") != "" {
		n, every = 800, 1
	}
	img := closedLogOf(t, dir, openRing(t, dir), n)
	if r := mustVerify(t, dir); !r.OK || r.Leaves != uint64(n/4*5) || r.Checkpoint != r.Leaves {
		t.Fatalf("%+v", r)
	}
	if testing.Short() {
		t.Skip("flips every byte of a log")
	}
	flipped := 0
	next := uint64(0) // first record of the segment
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range img {
			if !yield(name) {
				return
			}
		}
	})
	for _, name := range names {
		b := img[name]
		var frames []int
		if strings.HasSuffix(name, ".seg") {
			frames = bounds(t, b)
			if frames[len(frames)-1] != len(b) {
				t.Fatalf("%s has %d bytes behind its last frame", name, len(b)-frames[len(frames)-1])
			}
		}
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		stride := every
		if strings.Contains(name, "/tile/") && every > 1 { // compared as one piece
			stride = 997
		}
		for at := 0; at < len(b); at += stride {
			if _, err := f.WriteAt([]byte{b[at] ^ 1<<(at%8)}, int64(at)); err != nil {
				t.Fatal(err)
			}
			r, err := Verify(dir, VerifyOptions{})
			if err == nil && r.OK || err != nil && !errors.Is(err, ErrNewer) {
				t.Fatalf("%s: byte %d was flipped: %v %+v", name, at, err, r)
			}
			if frames != nil && err == nil {
				want := next
				for i := 1; i < len(frames) && frames[i] <= at; i++ {
					want++
				}
				if r.FirstBad == nil || *r.FirstBad != want {
					t.Fatalf("%s: byte %d of record %d was flipped: %+v", name, at, want, r)
				}
			}
			if _, err := f.WriteAt(b[at:at+1], int64(at)); err != nil {
				t.Fatal(err)
			}
			flipped++
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if frames != nil {
			next += uint64(len(frames) - 1)
		}
	}
	t.Logf("%d bytes in %d files flipped one by one, all noticed", flipped, len(names))
	if r := mustVerify(t, dir); !r.OK {
		t.Fatalf("%+v", r)
	}
}

// TestTampering makes changes that keep every checksum right.
func TestTampering(t *testing.T) {
	dir := t.TempDir()
	keys := openRing(t, dir)
	img := closedLog(t, dir, keys)
	seg := img[firstSegment]
	b := bounds(t, seg)
	second := "custody/wal/00000002.seg"
	join := func(parts ...[]byte) []byte { return slices.Concat(parts...) }
	seq := func(n uint64) *uint64 { return &n }
	for _, c := range []struct {
		name   string
		change func(image)
		want   *uint64
	}{
		{"record dropped", func(m image) { m[firstSegment] = join(seg[:b[7]], seg[b[8]:]) }, seq(7)},
		{"records swapped", func(m image) {
			m[firstSegment] = join(seg[:b[7]], seg[b[8]:b[9]], seg[b[7]:b[8]], seg[b[9]:])
		}, seq(7)},
		{"record repeated", func(m image) { m[firstSegment] = join(seg[:b[8]], seg[b[7]:]) }, seq(8)},
		{"record rewritten", func(m image) { m[firstSegment] = rewrite(t, seg, b, 7, nil) }, seq(8)},
		{"record rewritten and chained", func(m image) { m[firstSegment] = rechain(t, seg, b, 7) }, seq(uint64(len(b) - 1))},
		{"payload rewritten", func(m image) {
			m[firstSegment] = rewrite(t, seg, b, 6, func(f *frame) { f.sealed[len(f.sealed)-1] ^= 1 })
		}, seq(6)},
		{"segment deleted", func(m image) { delete(m, second) }, seq(uint64(len(b) - 1))},
		{"last segment deleted", func(m image) { delete(m, lastSegment(m)) }, nil},
		{"segment put in the place of another", func(m image) { m[second] = m[firstSegment] }, seq(uint64(len(b) - 1))},
		{"bytes behind a segment", func(m image) { m[firstSegment] = join(seg, []byte("x")) }, seq(uint64(len(b) - 1))},
		{"checkpoint deleted and tail cut", func(m image) {
			delete(m, "custody/checkpoint")
			delete(m, second)
			m[firstSegment] = seg[:b[3]+1]
			delete(m, "custody/log.pub")
		}, seq(uint64(3))},
		{"unknown file", func(m image) { m["custody/wal/notes.txt"] = []byte("hello") }, nil},
		{"unknown file beside", func(m image) { m["custody/index.db"] = []byte("hello") }, nil},
		{"checkpoint of another log", func(m image) { m["custody/checkpoint"] = foreignCheckpoint(t) }, nil},
		{"key deleted", func(m image) { delete(m, "custody/log.pub") }, nil},
		{"everything deleted", func(m image) {
			for name := range m {
				if strings.HasSuffix(name, ".seg") {
					delete(m, name)
				}
			}
			m["custody/wal/.keep"] = nil
		}, seq(0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := image{}
			for name, b := range img {
				m[name] = slices.Clone(b)
			}
			c.change(m)
			m.put(t, dir)
			r := mustVerify(t, dir)
			if r.OK || len(r.Problems) == 0 {
				t.Fatalf("not noticed: %+v", r)
			}
			if c.name == "checkpoint deleted and tail cut" {
				return // without a checkpoint a shorter log is a log; what gives it away is the missing key
			}
			if c.want != nil && (r.FirstBad == nil || *r.FirstBad != *c.want) {
				t.Errorf("first bad %v, want %d: %+v", r.FirstBad, *c.want, r.Problems)
			}
		})
	}
}

func lastSegment(m image) string {
	last := ""
	for name := range m {
		if strings.HasSuffix(name, ".seg") {
			last = max(last, name)
		}
	}
	return last
}

// rewrite changes the n-th record of a segment and repairs its checksum.
func rewrite(t *testing.T, seg []byte, b []int, n int, change func(*frame)) []byte {
	t.Helper()
	out := slices.Clone(seg)
	f, err := decodeFrame(out[b[n]:])
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&f)
	} else {
		i := strings.Index(string(f.leaf), `"result":"ok"`)
		if i < 0 {
			t.Fatalf("record %d: %s", n, f.leaf)
		}
		copy(f.leaf[i:], `"result":"no"`)
	}
	body := out[b[n] : b[n+1]-frameTail]
	appendFrame(out[:b[n]], slices.Clone(body), crcOf(body), f.position, &f.prev)
	return out
}

// rechain rewrites a record and everything that hangs on it in its segment.
func rechain(t *testing.T, seg []byte, b []int, n int) []byte {
	t.Helper()
	out := rewrite(t, seg, b, n, nil)
	for i := n; i < len(b)-2; i++ {
		f, err := decodeFrame(out[b[i]:])
		if err != nil {
			t.Fatal(err)
		}
		leaf := leafOf(f.leaf)
		chain := chainNext(&f.prev, &leaf)
		next, err := decodeFrame(out[b[i+1]:])
		if err != nil {
			t.Fatal(err)
		}
		body := slices.Clone(out[b[i+1] : b[i+2]-frameTail])
		appendFrame(out[:b[i+1]], body, crcOf(body), next.position, &chain)
	}
	return out
}

func foreignCheckpoint(t *testing.T) []byte {
	t.Helper()
	b, err := signCheckpoint(&Checkpoint{Origin: "reeve.example/other", Size: 200}, time.Now(), testSigners(t, "reeve.example/other", 7, 8))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestPinnedKey shows that a log that was made anew with another key is noticed by who kept the key.
func TestPinnedKey(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	closedLog(t, dir, openRing(t, dir))
	closedLog(t, other, openRing(t, other))
	mine, theirs := mustVerify(t, dir), mustVerify(t, other)
	if r, err := Verify(dir, VerifyOptions{Key: mine.LogKey}); err != nil || !r.OK || !r.KeyPinned {
		t.Errorf("own key: %v %+v", err, r)
	}
	if r, err := Verify(dir, VerifyOptions{Key: theirs.LogKey}); err != nil || r.OK {
		t.Errorf("foreign key: %v %+v", err, r)
	}
}
