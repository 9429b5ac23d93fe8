package custody

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/keyring"
)

// manyRecords writes n outcomes with their inputs into small segments and returns the open log.
func manyRecords(t testing.TB, dir string, n int, change func(*Options)) *Log {
	t.Helper()
	l := openLog(t, dir, func(o *Options) {
		o.FS, o.SegmentBytes = quickFS{}, 64<<10
		if change != nil {
			change(o)
		}
	})
	for i := range n {
		if err := l.write(outcomeDraft(t, l, i), i%16 == 15 || i == n-1); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func outcomeDraft(t testing.TB, l *Log, i int) *draft {
	t.Helper()
	o := alone(i)
	subject, err := l.o.Keys.Subject(o.Request.Subject)
	if err != nil {
		t.Fatal(err)
	}
	return &draft{kind: kindOutcome, id: o.ID, subject: subject, sealed: true, outcome: o, request: o.Request, input: o.Input, hasIn: true, start: o.Start}
}

// checkRecord reads a record and decrypts its payload.
func checkRecord(t testing.TB, s *Stored, keys *keyring.Ring, i int) {
	t.Helper()
	p, err := s.Open(keys)
	if err != nil || s.Seq != uint64(i) || s.Kind != "outcome" || p == nil || string(p.Input) != fmt.Sprintf("question %d", i) {
		t.Fatalf("record %d: %+v %v", i, s, err)
	}
	kek, sealed := s.KEK()
	subject, _ := keys.Subject("s")
	if !sealed || kek != subject.ID() {
		t.Fatalf("record %d names key %x", i, kek)
	}
}

// TestReader reads by number and in order while the log grows, and after it is closed.
func TestReader(t *testing.T) {
	const n = 400
	dir := t.TempDir()
	l := manyRecords(t, dir, n, nil)
	inside, err := l.Reader()
	if err != nil {
		t.Fatal(err)
	}
	outside, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	look := func(r *Reader, n int) {
		t.Helper()
		if size, err := r.Size(); err != nil || size != uint64(n) {
			t.Fatalf("size %d %v", size, err)
		}
		for _, i := range []int{0, n - 1, 17, n / 2, 18} {
			s, err := r.Record(uint64(i))
			if err != nil {
				t.Fatal(err)
			}
			checkRecord(t, s, l.o.Keys, i)
		}
		next := 5
		if err := r.Range(5, uint64(n)+10, func(s *Stored) error {
			checkRecord(t, s, l.o.Keys, next)
			next++
			return nil
		}); err != nil || next != n {
			t.Fatalf("range ended at %d: %v", next, err)
		}
		if err := r.Leaves(0, 3, func(s *Stored) error {
			if s.Sealed != nil || s.Gone {
				t.Error("a sealed part was not asked for")
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Leaf(uint64(n)); !errors.Is(err, ErrNotFound) {
			t.Fatalf("behind the end: %v", err)
		}
	}
	look(inside, n)
	look(outside, n)
	for i := n; i < n+200; i++ {
		if err := l.write(outcomeDraft(t, l, i), true); err != nil {
			t.Fatal(err)
		}
	}
	look(inside, n+200)
	look(outside, n+200)
	stop := errors.New("enough")
	if err := inside.Range(0, 10, func(s *Stored) error {
		if s.Seq == 4 {
			return stop
		}
		_, err := inside.Leaf(s.Seq + 1)
		return err
	}); !errors.Is(err, stop) {
		t.Errorf("error of the visitor: %v", err)
	}
	if err := errors.Join(inside.Close(), l.Close()); err != nil {
		t.Fatal(err)
	}
	look(outside, n+200)
	if err := outside.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenReader(t.TempDir()); err == nil {
		t.Error("a directory without a log was opened")
	}
}

// TestReaderSuspect does not show what was written behind the end of a segment that was given up.
func TestReaderSuspect(t *testing.T) {
	dir := t.TempDir()
	fs := newFaultFS(dir)
	keys := openRing(t, dir)
	l, err := Open(Options{Dir: dir, Keys: keys, FS: fs, CheckpointEvery: time.Hour, SegmentBytes: 64 << 10, retryEvery: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Outcome(alone(0)); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	fs.mu.Lock()
	fs.failAt, fs.fault = fs.calls+2, errors.New("sync fails") // the write succeeds
	fs.mu.Unlock()
	if err := l.Outcome(alone(1)); !errors.Is(err, ErrUnavailable) {
		t.Fatal(err)
	}
	waitReady(l)
	if err := l.Outcome(alone(2)); err != nil {
		t.Fatal(err)
	}
	s, err := r.Record(1)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Open(keys)
	if err != nil || string(p.Input) != "question 2" {
		t.Errorf("record 1 is %q %v", p.Input, err)
	}
}
