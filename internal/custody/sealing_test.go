package custody

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// sealedLog is a closed log of n records of which all but the last segment are sealed.
func sealedLog(t testing.TB, dir string, n int) {
	t.Helper()
	l := manyRecords(t, dir, n, nil)
	if err := errors.Join(l.Seal(context.Background()), l.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestSeal seals a log under readers and finds every record as it was.
func TestSeal(t *testing.T) {
	const n = 700
	dir := t.TempDir()
	l := manyRecords(t, dir, n, func(o *Options) { o.keepWAL = true })
	r, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var before []*Stored
	collect := func() (all []*Stored) {
		t.Helper()
		if err := r.Range(0, n, func(s *Stored) error {
			all = append(all, s.Clone())
			return nil
		}); err != nil || len(all) != n {
			t.Fatalf("%d records: %v", len(all), err)
		}
		return all
	}
	before = collect()
	if err := l.Seal(context.Background()); err != nil {
		t.Fatal(err)
	}
	for i, s := range collect() {
		if b := before[i]; s.Seq != b.Seq || s.Kind != b.Kind || s.ID != b.ID || !bytes.Equal(s.Leaf, b.Leaf) || !bytes.Equal(s.Sealed, b.Sealed) || s.Gone {
			t.Fatalf("record %d differs after sealing", i)
		}
		one, err := r.Record(uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		checkRecord(t, one, l.o.Keys, i)
	}
	if x, err := Show(dir, l.o.Keys, before[300].ID.String(), true); err != nil || *x.Input != "question 300" {
		t.Errorf("%+v %v", x, err)
	}
	for i := n; i < n+20; i++ {
		if err := l.write(outcomeDraft(t, l, i), true); err != nil {
			t.Fatal(err)
		}
	}
	if r := mustVerify(t, dir); !r.OK || r.Leaves != n+20 {
		t.Fatalf("while it is open: %+v", r)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	all, err := listAll(filepath.Join(dir, "custody"))
	if err != nil || len(all.wal) != 1 || len(all.leaves) < 3 || !slices.Equal(all.leaves, all.payloads) {
		t.Fatalf("%+v %v", all, err)
	}
	if r := mustVerify(t, dir); !r.OK || r.Leaves != n+20 || r.Checkpoint != n+20 {
		t.Fatalf("%+v", r)
	}
	l = openLog(t, dir, func(o *Options) { o.FS = quickFS{} })
	if s := l.Stats(); s.Size != n+20 {
		t.Errorf("%+v", s)
	}
}

// TestSealEmpty seals a log without records, and one without payloads.
func TestSealEmpty(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, func(o *Options) { o.FS = quickFS{} })
	ctx := context.Background()
	if err := l.Seal(ctx); err != nil || l.Stats().Sealed != 0 {
		t.Fatalf("%v %+v", err, l.Stats())
	}
	if err := l.Admin(&Admin{Act: "key.create"}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Seal(ctx), l.Close()); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, dir); !r.OK || r.Leaves != 1 {
		t.Errorf("%+v", r)
	}
}

// TestSealedFlips flips bits in every file of a sealed log: each is noticed, and the first bad record is told where it can be.
func TestSealedFlips(t *testing.T) {
	dir := t.TempDir()
	sealedLog(t, dir, 60)
	img := takeImage(t, dir)
	if r := mustVerify(t, dir); !r.OK || r.Leaves != 60 {
		t.Fatalf("%+v", r)
	}
	step := 5
	if os.Getenv("REEVE_LONG") != "" {
		step = 1
	}
	if testing.Short() {
		step = 97
	}
	for name, b := range img {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		step := step
		if filepath.Base(name) == reserveFile { // zeros, and compared as one piece
			step = 4099
		}
		for at := 0; at < len(b); at += step {
			if _, err := f.WriteAt([]byte{b[at] ^ 1<<(at%8)}, int64(at)); err != nil {
				t.Fatal(err)
			}
			r, err := Verify(dir, VerifyOptions{})
			if err == nil && r.OK || err != nil && !errors.Is(err, ErrNewer) {
				t.Fatalf("%s: byte %d was flipped: %v %+v", name, at, err, r)
			}
			if err == nil && r.FirstBad == nil && (strings.HasSuffix(name, leafSuffix) || strings.HasSuffix(name, paySuffix)) {
				t.Fatalf("%s: byte %d was flipped and no record named: %+v", name, at, r.Problems)
			}
			if _, err := f.WriteAt(b[at:at+1], int64(at)); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSealedTampering changes sealed files as a whole.
func TestSealedTampering(t *testing.T) {
	dir := t.TempDir()
	keys := openRing(t, dir)
	sealedLog(t, dir, 600)
	img := takeImage(t, dir)
	first, second := "custody/leaves/00000001.leaf", "custody/leaves/00000002.leaf"
	pay := "custody/payload/00000001.pay"
	for name, change := range map[string]func(image){
		"leaves deleted":              func(m image) { delete(m, first) },
		"payloads deleted":            func(m image) { delete(m, pay) },
		"leaves swapped":              func(m image) { m[first], m[second] = m[second], m[first] },
		"payloads of another":         func(m image) { m[pay] = m["custody/payload/00000002.pay"] },
		"bytes behind leaves":         func(m image) { m[first] = append(slices.Clone(m[first]), 0) },
		"bytes behind payloads":       func(m image) { m[pay] = append(slices.Clone(m[pay]), 0) },
		"leaves cut":                  func(m image) { m[first] = m[first][:len(m[first])-1] },
		"payloads cut":                func(m image) { m[pay] = m[pay][:len(m[pay])-1] },
		"payload dropped unexplained": func(m image) { m[pay] = dropPart(t, m[pay], 3) },
		"stray payloads":              func(m image) { m["custody/payload/00000099.pay"] = m[pay] },
		"last segment deleted":        func(m image) { delete(m, lastSegment(m)) },
		"first segment declared as removed": func(m image) {
			delete(m, first)
			delete(m, pay)
			h, err := decodeLeafHead(m[second][:binary.BigEndian.Uint32(m[second][12:])])
			if err != nil {
				t.Fatal(err)
			}
			m["custody/minimum"] = minimum{2, h.first}.encode()
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := image{}
			for file, b := range img {
				m[file] = slices.Clone(b)
			}
			change(m)
			m.put(t, dir)
			r := mustVerify(t, dir)
			if r.OK || len(r.Problems) == 0 {
				t.Fatalf("not noticed: %+v", r)
			}
			if name == "payload dropped unexplained" && (r.FirstBad == nil || *r.FirstBad != 3) {
				t.Errorf("%+v", r)
			}
			if !strings.Contains(name, "deleted") && name != "leaves swapped" {
				return
			}
			if name == "payloads deleted" { // a start reads the heads of leaves only
				return
			}
			if _, err := Open(Options{Dir: dir, Keys: keys, FS: quickFS{}}); !errors.Is(err, ErrDamaged) {
				t.Errorf("open: %v", err)
			}
		})
	}
}

func dropPart(t *testing.T, b []byte, i int) []byte {
	t.Helper()
	h, err := decodePayHead(b[:binary.BigEndian.Uint32(b[12:])])
	if err != nil {
		t.Fatal(err)
	}
	clear(b[h.starts[i]:][:h.lengths[i]])
	return b
}

// TestSealInterrupted finds a log at every step of sealing: nothing is lost and the next start ends the work.
func TestSealInterrupted(t *testing.T) {
	const n = 300
	dir := t.TempDir()
	keys := openRing(t, dir)
	l := manyRecords(t, dir, n, func(o *Options) { o.keepWAL = true })
	if err := l.endSegment(context.Background()); err != nil {
		t.Fatal(err)
	}
	before := takeImage(t, dir)
	if err := errors.Join(l.Seal(context.Background()), l.Close()); err != nil {
		t.Fatal(err)
	}
	after := takeImage(t, dir)
	part := "custody/payload/00000001.pay"
	leaf := "custody/leaves/00000001.leaf"
	for name, change := range map[string]func(image){
		"before":              func(image) {},
		"payloads unfinished": func(m image) { m[part+newSuffix] = after[part][:5000] },
		"payloads in place":   func(m image) { m[part] = after[part] },
		"leaves unfinished":   func(m image) { m[part], m[leaf+newSuffix] = after[part], nil },
		"segment not removed": func(m image) { m[part], m[leaf] = after[part], after[leaf] },
		"second one only":     func(m image) { moveSegment(m, after, 2) },
		"first one only":      func(m image) { moveSegment(m, after, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			m := image{}
			for file, b := range before {
				m[file] = b
			}
			change(m)
			m.put(t, dir)
			if r := mustVerify(t, dir); !r.OK || r.Leaves != n {
				t.Fatalf("verify before: %+v", r)
			}
			l, err := Open(Options{Dir: dir, Keys: keys, FS: quickFS{}, CheckpointEvery: time.Hour, SegmentBytes: 64 << 10})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(l.Seal(context.Background()), l.Close()); err != nil {
				t.Fatal(err)
			}
			if r := mustVerify(t, dir); !r.OK || r.Leaves != n || len(r.Notes) > 0 {
				t.Fatalf("verify after: %+v", r)
			}
			all, err := listAll(filepath.Join(dir, "custody"))
			if err != nil || len(all.wal) != 1 || !slices.Equal(all.leaves, all.payloads) || len(all.others) > 0 {
				t.Errorf("%+v %v", all, err)
			}
		})
	}
}

func moveSegment(m, sealed image, n int) {
	delete(m, fmt.Sprintf("custody/wal/%08d.seg", n))
	for _, name := range []string{fmt.Sprintf("custody/payload/%08d.pay", n), fmt.Sprintf("custody/leaves/%08d.leaf", n)} {
		m[name] = sealed[name]
	}
}

// TestSealDamaged leaves a damaged segment as it is and says so.
func TestSealDamaged(t *testing.T) {
	dir := t.TempDir()
	l := manyRecords(t, dir, 300, func(o *Options) { o.keepWAL = true })
	path := filepath.Join(dir, firstSegment)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[9000] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.Seal(context.Background()); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "record ") {
		t.Errorf("%v", err)
	}
	again, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(again, b) {
		t.Errorf("the damaged segment was touched: %v", err)
	}
}

// TestMigrate opens a log of format 1, seals what is in it and writes on in format 2.
func TestMigrate(t *testing.T) {
	dir := t.TempDir()
	keys := openRing(t, dir)
	l := manyRecords(t, dir, 200, func(o *Options) { o.keepWAL = true })
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	img := takeImage(t, dir)
	for name, b := range img {
		if strings.HasSuffix(name, ".seg") {
			asV1(t, b)
		}
	}
	img.put(t, dir)
	if r := mustVerify(t, dir); !r.OK || r.Leaves != 200 {
		t.Fatalf("version 1: %+v", r)
	}
	l, err := Open(Options{Dir: dir, Keys: keys, FS: quickFS{}, CheckpointEvery: time.Hour, SegmentBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Event(&Event{Kind: EventHold, Act: "hold.add"}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Seal(context.Background()), l.Close()); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, dir); !r.OK || r.Leaves != 201 {
		t.Errorf("%+v", r)
	}
}

// asV1 makes the header of a segment one of format 1.
func asV1(t *testing.T, b []byte) {
	t.Helper()
	n, err := headerSize(b)
	if err != nil {
		t.Fatal(err)
	}
	h, err := decodeHeader(b[:n])
	if err != nil {
		t.Fatal(err)
	}
	h.version = 1
	copy(b, h.encode())
}

func drawLeafHead(t *rapid.T) *leafHead {
	s := drawHeader(t)
	h := &leafHead{number: s.number, first: s.first, count: uint64(rapid.IntRange(0, 3000).Draw(t, "count")), walEnd: rapid.Uint64().Draw(t, "end"), segment: s, encoded: s.encode()}
	h.blocks = make([]leafBlock, blocksOf(h.first, h.count))
	for i := range h.blocks {
		h.blocks[i].size, h.blocks[i].raw, h.blocks[i].crc = rapid.Uint32Max(maxRawBlock).Draw(t, "size"), rapid.Uint32Max(maxRawBlock).Draw(t, "raw"), rapid.Uint32().Draw(t, "crc")
	}
	return h
}

func TestSealedHeads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawLeafHead(t)
		b := h.encode()
		got, err := decodeLeafHead(b)
		if err != nil || !bytes.Equal(got.encode(), b) || got.count != h.count || len(got.blocks) != len(h.blocks) {
			t.Fatalf("%v %+v", err, got)
		}
		p := &payHead{number: 7, first: 9, lengths: rapid.SliceOfN(rapid.Uint32Max(5000), 0, 2000).Draw(t, "lengths")}
		c := p.encode()
		q, err := decodePayHead(c)
		if err != nil || !slices.Equal(q.lengths, p.lengths) {
			t.Fatalf("%v %+v", err, q)
		}
		for i, n := range q.lengths {
			if n > 0 && (q.starts[i]%partAlign != 0 || q.starts[i]+int64(n) > q.end()) {
				t.Fatalf("part %d lies at %d", i, q.starts[i])
			}
		}
		total := uint64(0)
		for i := range h.blocks {
			from, to := h.span(i)
			total += to - from
		}
		if total != h.count {
			t.Fatalf("blocks hold %d of %d leaves", total, h.count)
		}
	})
}

func FuzzLeafHead(f *testing.F) {
	s := (&header{number: 1, origin: "reeve.local/0a1b2c3d"}).encode()
	f.Add((&leafHead{number: 1, encoded: s}).encode())
	f.Add((&leafHead{number: 1, count: 300, encoded: s, blocks: make([]leafBlock, 2)}).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4 {
			binary.BigEndian.PutUint32(b[len(b)-4:], crcOf(b[:len(b)-4]))
		}
		h, err := decodeLeafHead(b)
		if err == nil && !bytes.Equal(h.encode(), b) {
			t.Error("a head has a second spelling")
		}
	})
}

func FuzzPayHead(f *testing.F) {
	f.Add((&payHead{number: 1, lengths: []uint32{1, 0, 17}}).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4 {
			binary.BigEndian.PutUint32(b[len(b)-4:], crcOf(b[:len(b)-4]))
		}
		h, err := decodePayHead(b)
		if err == nil && !bytes.Equal(h.encode(), b) {
			t.Error("a head has a second spelling")
		}
	})
}

func FuzzBundle(f *testing.F) {
	f.Add([]byte("\x00\x02{}\x00\x03abc"), uint8(2))
	f.Fuzz(func(t *testing.T, raw []byte, want uint8) {
		ends, err := cutBundle(raw, int(want), nil)
		if err == nil && (len(ends) != int(want) || want > 0 && ends[want-1] != len(raw)) {
			t.Errorf("%d leaves of %d bytes: %v", want, len(raw), ends)
		}
		packed := packer().EncodeAll(raw, nil)
		if again, err := unzstd(packed, nil, len(raw)); err != nil || !bytes.Equal(again, raw) {
			t.Errorf("round trip: %v", err)
		}
		_, _ = unzstd(raw, nil, 100)
	})
}

func FuzzMinimum(f *testing.F) {
	f.Add(minimum{2, 900}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := decodeMinimum(b); err == nil && !bytes.Equal(m.encode(), b) {
			t.Error("second spelling")
		}
	})
}
