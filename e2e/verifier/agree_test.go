package verifier_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/e2e/verifier"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/tlog"
)

// TestImportsNothingOfOurs: what shares code shares mistakes.
func TestImportsNothingOfOurs(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(out), "\n") {
		if strings.Contains(line, "reeve-ai/reeve") && !strings.HasSuffix(line, "/e2e/verifier") {
			t.Errorf("imports %s", line)
		}
	}
}

// write makes a log of n exchanges over several segments, all but the last sealed, of which some are erased and some expired.
func write(t testing.TB, dir string, n int, erased bool) {
	t.Helper()
	ring, err := keyring.Open(keyring.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	l, err := custody.Open(custody.Options{Dir: dir, Keys: ring, SegmentBytes: 64 << 10, CheckpointEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		r := custody.Request{Subject: fmt.Sprintf("user%d", i%3), Route: "openai.chat", Model: "m"}
		id := custody.NewID(time.Now())
		err := l.IntentAsync(&custody.Intent{ID: id, Start: time.Now(), Request: r, Input: fmt.Appendf(nil, "question %d", i)})
		if i%5 != 0 {
			err = errors.Join(err, l.OutcomeAsync(&custody.Outcome{ID: id, Start: time.Now(), End: time.Now(), Request: &r, Intended: true, Output: make([]byte, 200), Result: "ok"}))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err = l.Event(&custody.Event{Kind: custody.EventReview, Actor: "reviewer", Act: "approve", Result: "ok"})
	if erased {
		err = errors.Join(err, erase(l, ring))
	}
	if err = errors.Join(err, l.Seal(context.Background()), l.Close()); err != nil {
		t.Fatal(err)
	}
}

// erase forgets one subject and drops the payloads of a range.
func erase(l *custody.Log, ring *keyring.Ring) error {
	keks, err := ring.SubjectKEKs("user1")
	if err != nil {
		return err
	}
	r, err := l.Reader()
	if err != nil {
		return err
	}
	var seqs []uint64
	err = r.Range(0, 400, func(s *custody.Stored) error {
		if k, sealed := s.KEK(); sealed && (slices.Contains(keks, k) || s.Seq < 20) {
			seqs = append(seqs, s.Seq)
		}
		return nil
	})
	_, err1 := l.Event(&custody.Event{Kind: custody.EventErasure, Act: "erase", Result: "ok", Keks: keks})
	_, err2 := l.Event(&custody.Event{Kind: custody.EventRetention, Act: "payload.drop", Result: "ok", Ranges: [][2]uint64{{0, 20}}})
	return errors.Join(err, r.Close(), err1, err2, l.DropPayloads(context.Background(), seqs))
}

// files are the files of a log by their path below the data directory.
func files(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(filepath.Join(dir, "custody"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		out[rel], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// both runs both verifiers and demands one answer.
func both(t testing.TB, dir, what string) bool {
	t.Helper()
	ours, err := custody.Verify(dir, custody.VerifyOptions{})
	if errors.Is(err, custody.ErrNewer) { // ours refuses to read, which is no sound log either
		return false
	}
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	second, err := verifier.Verify(dir)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if ours.OK != second.OK || ours.OK && ours.Leaves != second.Leaves {
		t.Errorf("%s: ours %v with %d leaves (%v), the second %v with %d (%v)", what, ours.OK, ours.Leaves, ours.Problems, second.OK, second.Leaves, second.Problems)
	}
	if ours.FirstBad != nil && second.FirstBad != nil && *ours.FirstBad != *second.FirstBad {
		t.Errorf("%s: the first bad record is %d to ours and %d to the second: %v; %v", what, *ours.FirstBad, *second.FirstBad, ours.Problems, second.Problems)
	}
	return ours.OK && second.OK
}

// rounds is how often a test that draws does it: more with make torture.
func rounds(few, many int) int {
	if os.Getenv("REEVE_LONG") != "" {
		return many
	}
	return few
}

func TestAgree(t *testing.T) {
	for _, erased := range []bool{false, true} {
		dir := t.TempDir()
		write(t, dir, 400, erased)
		if !both(t, dir, "as written") {
			t.Fatal("a sound log is not sound")
		}
		img := files(t, dir)
		names := slices.Sorted(func(yield func(string) bool) {
			for name := range img {
				if !yield(name) {
					return
				}
			}
		})
		r := rand.New(rand.NewPCG(1, 2))
		for range rounds(60, 3000) {
			name := names[r.IntN(len(names))]
			if len(img[name]) == 0 {
				continue
			}
			path := filepath.Join(dir, name)
			b := bytes.Clone(img[name])
			at := r.IntN(len(b))
			var what string
			switch r.IntN(4) {
			case 0, 1:
				b[at] ^= 1 << r.IntN(8)
				what = fmt.Sprintf("%s: byte %d of %d flipped", name, at, len(b))
			case 2:
				b = b[:at]
				what = fmt.Sprintf("%s: cut at %d of %d", name, at, len(b))
			default:
				b = append(b[:at:at], append([]byte{1}, img[name][at:]...)...)
				what = fmt.Sprintf("%s: a byte put in at %d", name, at)
			}
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			if sound := both(t, dir, what); sound && !strings.HasSuffix(name, ".seg") {
				t.Errorf("%s: nobody noticed", what)
			}
			if err := os.WriteFile(path, img[name], 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestAgreeOnProofs: proofs from tiles are those that the words of RFC 6962 give, on trees of drawn sizes.
func TestAgreeOnProofs(t *testing.T) {
	const most = 700
	leaves := make([][32]byte, most)
	tiles := map[tlog.Tile][]byte{}
	put := func(tile tlog.Tile, b []byte) error { tiles[tile] = bytes.Clone(b); return nil }
	b := tlog.NewBuilder(put)
	for i := range leaves {
		e := fmt.Appendf(nil, "leaf %d", i)
		leaves[i] = tlog.LeafHash(e)
		if err := b.Add(e, leaves[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Partial(put); err != nil {
		t.Fatal(err)
	}
	nodes := tlog.NewTileNodes(most, func(tile tlog.Tile) ([]byte, error) { return tiles[tile], nil })
	r := rand.New(rand.NewPCG(3, 4))
	for range rounds(2000, 100_000) {
		size := 1 + r.IntN(min(most, 1<<(1+r.IntN(10))))
		m, old := r.IntN(size), r.IntN(size+1)
		got, err := tlog.Inclusion(nodes, uint64(m), uint64(size))
		if err != nil || !slices.Equal(got, verifier.Inclusion(m, leaves[:size])) {
			t.Fatalf("inclusion of %d in %d: %v", m, size, err)
		}
		root := verifier.Root(leaves[:size])
		if err := tlog.VerifyInclusion(leaves[m], uint64(m), uint64(size), got, root); err != nil {
			t.Fatalf("inclusion of %d in %d: %v", m, size, err)
		}
		got, err = tlog.Consistency(nodes, uint64(old), uint64(size))
		if err != nil || !slices.Equal(got, verifier.Consistency(old, leaves[:size])) {
			t.Fatalf("consistency of %d and %d: %v", old, size, err)
		}
		if err := tlog.VerifyConsistency(uint64(old), uint64(size), got, verifier.Root(leaves[:old]), root); err != nil {
			t.Fatalf("consistency of %d and %d: %v", old, size, err)
		}
	}
}
