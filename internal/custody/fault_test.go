package custody

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/keyring"
)

// acked remembers what the log promised.
type acked struct {
	ids  []ID
	full []bool // the outcome was acknowledged too
}

// exchanges writes n exchanges one after another and notes those that were acknowledged.
func (a *acked) exchanges(t *testing.T, l *Log, n, from int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		id := NewID(time.Unix(1790000000, int64(i)))
		in, out := sampleExchange(id, fmt.Appendf(nil, "%08000d", i), fmt.Appendf(nil, "answer %d", i))
		if !a.one(t, l.Intent(in), id) {
			continue
		}
		if err := l.Outcome(out); err == nil {
			a.full[len(a.full)-1] = true
		} else if !errors.Is(err, ErrUnavailable) {
			t.Fatalf("outcome: %v", err)
		}
	}
}

func (a *acked) one(t *testing.T, err error, id ID) bool {
	t.Helper()
	if err != nil {
		if !errors.Is(err, ErrUnavailable) {
			t.Fatalf("intent: %v", err)
		}
		return false
	}
	a.ids, a.full = append(a.ids, id), append(a.full, false)
	return true
}

// check opens the log of dir and looks for everything that was promised.
func (a *acked) check(t *testing.T, dir string, keys *keyring.Ring, what string) {
	t.Helper()
	l, err := Open(Options{Dir: dir, Keys: keys, FS: quickFS{}, keepWAL: true, CheckpointEvery: time.Hour})
	if err != nil {
		t.Fatalf("%s: open again: %v", what, err)
	}
	if err := l.Close(); err != nil {
		t.Fatalf("%s: close: %v", what, err)
	}
	r, err := Verify(dir, VerifyOptions{})
	if err != nil || !r.OK {
		t.Fatalf("%s: verify: %v %+v", what, err, r)
	}
	for i, id := range a.ids {
		x, err := Show(dir, keys, id.String(), true)
		if err != nil {
			t.Fatalf("%s: acknowledged exchange %d is lost: %v", what, i, err)
		}
		if x.Input == nil || a.full[i] && (x.Output == nil || x.Status != "ok") || x.Status == "open" {
			t.Fatalf("%s: acknowledged exchange %d came back as %s", what, i, x.Status)
		}
	}
}

func waitReady(l *Log) {
	for l.Ready() != nil {
		runtime.Gosched()
	}
}

// TestFaults fails each call to the file system in turn, in each way, and then cuts the power: what was acknowledged must be there.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("tries every place, one after the other")
	}
	keys := openRing(t, t.TempDir())
	faults := []error{syscall.EIO, syscall.ENOSPC, errShortWrite}
	if os.Getenv("REEVE_LONG") != "" {
		faults = append(faults, syscall.EINTR)
	}
	for _, fault := range faults {
		for n := 1; ; n++ {
			if !faultRun(t, keys, fault, n, false) {
				if n < 20 {
					t.Fatalf("only %d calls: the sweep reached nothing", n)
				}
				t.Logf("%v: %d calls failed in turn", fault, n-1)
				break
			}
		}
	}
}

// TestRepeatedFaults fails every n-th call, so that faults meet the work that follows a fault.
func TestRepeatedFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("tries every place, one after the other")
	}
	keys := openRing(t, t.TempDir())
	for _, fault := range []error{syscall.EIO, syscall.ENOSPC, errShortWrite} {
		for n := 12; n < 48; n++ { // a fresh segment takes seven calls
			faultRun(t, keys, fault, n, true)
		}
	}
}

// faultRun reports whether the n-th call was reached.
func faultRun(t *testing.T, keys *keyring.Ring, fault error, n int, every bool) bool {
	what := fmt.Sprintf("%v at call %d", fault, n)
	dir, survivor := t.TempDir(), t.TempDir()
	fs := newFaultFS(dir)
	fs.failAt, fs.fault, fs.every = n, fault, every
	var promised acked
	for round := range 2 { // the second round opens an existing log
		l, err := Open(Options{Dir: dir, Keys: keys, FS: fs, CheckpointEvery: time.Hour, SegmentBytes: 64 << 10, retryEvery: time.Millisecond})
		if err != nil {
			if !fs.fired {
				t.Fatalf("%s: open: %v", what, err)
			}
			continue
		}
		promised.exchanges(t, l, 5, 100*round)
		_ = l.checkpoint()
		waitReady(l)
		promised.exchanges(t, l, 5, 100*round+50)
		_ = l.Close()
	}
	fs.crash(t, survivor)
	promised.check(t, survivor, keys, what)
	return fs.fired
}

// TestNameNotDurable ends the process between the renaming of a new segment and the sync of its directory. The next process finds
// the segment and writes to it; a power cut must not take the name away.
func TestNameNotDurable(t *testing.T) {
	dir, survivor := t.TempDir(), t.TempDir()
	keys := openRing(t, survivor)
	fs := newFaultFS(dir)
	var promised acked
	open := func() *Log {
		l, err := Open(Options{Dir: dir, Keys: keys, FS: fs, CheckpointEvery: time.Hour, keepWAL: true})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := open()
	promised.exchanges(t, l, 3, 0)
	fs.set(func() { fs.noDir = true })
	if l.endSegment(t.Context()) == nil {
		t.Fatal("a new segment without a durable name")
	}
	_ = l.Close()
	fs.set(func() { fs.noDir = false })
	l = open()
	promised.exchanges(t, l, 3, 100)
	fs.crash(t, survivor)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	promised.check(t, survivor, keys, "a name that was not durable")
}

// TestDiskFull fills the disk, sees every record refused, frees it and sees the log go on by itself.
func TestDiskFull(t *testing.T) {
	dir, survivor := t.TempDir(), t.TempDir()
	keys := openRing(t, survivor)
	fs := newFaultFS(dir)
	l, err := Open(Options{Dir: dir, Keys: keys, FS: fs, CheckpointEvery: time.Hour, SegmentBytes: 64 << 10, retryEvery: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var promised acked
	promised.exchanges(t, l, 20, 0)
	fs.set(func() { fs.full = true })
	before := len(promised.ids)
	promised.exchanges(t, l, 30, 100)
	if l.Ready() == nil || l.Stats().LastError == "" {
		t.Fatal("the log is ready on a full disk")
	}
	if len(promised.ids) > before+1 {
		t.Fatalf("%d intents acknowledged on a full disk", len(promised.ids)-before)
	}
	fs.set(func() { fs.full = false })
	waitReady(l)
	l.tellDegraded()
	told := findKind(t, dir, kindDegraded)
	if len(told) != 1 || !strings.Contains(told[0], `"object":"ENOSPC"`) || !strings.Contains(told[0], `"refused":`) {
		t.Errorf("records of the degraded time: %q", told)
	}
	l.abortOrphans()
	before = len(promised.ids)
	promised.exchanges(t, l, 20, 200)
	if len(promised.ids) != before+20 {
		t.Fatalf("%d of 20 intents acknowledged after space came back", len(promised.ids)-before)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	fs.crash(t, survivor)
	promised.check(t, survivor, keys, "disk full")
}
