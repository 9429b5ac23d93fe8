package custody

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/keyring"
)

// TestSealFaults fails each call to the file system while segments are sealed, payloads dropped and segments removed, and then cuts the
// power: what was acknowledged is there, and what was said to be dropped is not.
func TestSealFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("tries every place, one after the other")
	}
	keys := openRing(t, t.TempDir())
	faults := []error{syscall.EIO, errShortWrite}
	if os.Getenv("REEVE_LONG") != "" {
		faults = append(faults, syscall.ENOSPC, syscall.EINTR)
	}
	for _, fault := range faults {
		for n := 1; ; n++ {
			if !sealFaultRun(t, keys, fault, n) {
				if n < 30 {
					t.Fatalf("only %d calls: the sweep reached nothing", n)
				}
				t.Logf("%v: %d calls failed in turn", fault, n-1)
				break
			}
		}
	}
}

func sealFaultRun(t *testing.T, keys *keyring.Ring, fault error, n int) bool {
	what := fmt.Sprintf("%v at call %d", fault, n)
	dir, survivor := t.TempDir(), t.TempDir()
	fs := newFaultFS(dir)
	o := Options{Dir: dir, Keys: keys, FS: fs, keepWAL: true, CheckpointEvery: time.Hour, SegmentBytes: 64 << 10, retryEvery: time.Millisecond}
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	var promised acked
	promised.exchanges(t, l, 12, 0) // 24 records in two segments
	drop := []uint64{2, 3, 20, 22}  // the inputs of exchanges 1, 10 and 11 among them
	for _, seq := range drop {
		if _, err := l.Event(&Event{Kind: EventRetention, Act: "payload.drop", Ranges: [][2]uint64{{seq, seq + 1}}}); err != nil {
			t.Fatal(err)
		}
	}
	fs.mu.Lock()
	fs.failAt, fs.fault = fs.calls+n, fault
	fs.mu.Unlock()
	ctx := context.Background()
	dropped := false
	for range 3 {
		waitReady(l)
		_ = l.Seal(ctx)
		if l.DropPayloads(ctx, drop) == nil {
			dropped = true
			break
		}
	}
	if !dropped {
		t.Fatalf("%s: payloads cannot be dropped any more", what)
	}
	waitReady(l)
	_ = l.keepReserve()
	_ = l.Close()
	fs.mu.Lock()
	fired := fs.fired
	fs.failAt = 0
	fs.mu.Unlock()
	fs.crash(t, survivor)
	checkDropped(t, survivor, keys, &promised, drop, what)
	return fired
}

// checkDropped looks for every exchange that was promised, and for payloads that should be gone.
func checkDropped(t *testing.T, dir string, keys *keyring.Ring, promised *acked, drop []uint64, what string) {
	t.Helper()
	l, err := Open(Options{Dir: dir, Keys: keys, FS: quickFS{}, keepWAL: true, CheckpointEvery: time.Hour, SegmentBytes: 64 << 10})
	if err != nil {
		t.Fatalf("%s: open again: %v", what, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if v := mustVerify(t, dir); !v.OK {
		t.Fatalf("%s: %+v", what, v)
	}
	r, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, seq := range drop {
		if s, err := r.Record(seq); err != nil || !s.Gone {
			t.Fatalf("%s: the payload of record %d is back: %v", what, seq, err)
		}
	}
	found := map[ID]int{}
	if err := r.Leaves(0, ^uint64(0), func(s *Stored) error { found[s.ID]++; return nil }); err != nil {
		t.Fatal(err)
	}
	for i, id := range promised.ids {
		if found[id] != 2 {
			t.Fatalf("%s: exchange %d has %d records", what, i, found[id])
		}
	}
	if s, err := r.Record(0); err != nil {
		t.Fatalf("%s: %v", what, err)
	} else if _, err := s.Open(keys); err != nil || errors.Is(err, ErrDropped) {
		t.Fatalf("%s: %v", what, err)
	}
}
