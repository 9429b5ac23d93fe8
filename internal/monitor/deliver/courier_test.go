package deliver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/internal/lifecycle"
)

// fakeLog tells one event for each record but every third, which is an intent.
type fakeLog struct {
	mu          sync.Mutex
	size, first uint64
}

func (l *fakeLog) Size() (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.size, nil
}

func (l *fakeLog) First() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first
}

func (l *fakeLog) grow(n uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.size += n
}

func tells(seq uint64) bool { return seq%3 != 0 }

func (l *fakeLog) Each(_ context.Context, from, to uint64, fn func(*lifecycle.Told) error) error {
	size, _ := l.Size()
	for seq := max(from, l.First()); seq < min(to, size); seq++ {
		if !tells(seq) {
			continue
		}
		if err := fn(&lifecycle.Told{Seq: seq, Kind: "outcome", Time: time.Unix(int64(seq), 0), Event: fmt.Appendf(nil, `{"n":%d}`, seq)}); err != nil {
			return err
		}
	}
	return nil
}

// all are the sequence numbers that a log tells.
func all(from, to uint64) (out []uint64) {
	for seq := from; seq < to; seq++ {
		if tells(seq) {
			out = append(out, seq)
		}
	}
	return out
}

// siem is a receiver that keeps what it got, and misbehaves as told.
type siem struct {
	mu   sync.Mutex
	mode string // "", "500", "cut", "slow", "late", "busy"
	got  []uint64
}

func (s *siem) set(mode string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mode = mode
}

func (s *siem) down() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mode == "down"
}

func (s *siem) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	mode := s.mode
	if mode == "" || mode == "late" { // late: taken, but the answer does not arrive
		for line := range strings.Lines(string(body)) {
			var event struct{ N uint64 }
			if json.Unmarshal([]byte(line), &event, json.MatchCaseInsensitiveNames(true)) == nil {
				s.got = append(s.got, event.N)
			}
		}
	}
	s.mu.Unlock()
	switch mode {
	case "500":
		http.Error(w, "no", http.StatusInternalServerError)
	case "busy":
		w.Header().Set("Retry-After", "90")
		w.WriteHeader(http.StatusTooManyRequests)
	case "cut", "late", "down":
		panic(http.ErrAbortHandler)
	case "slow":
		select {
		case <-time.After(time.Hour):
		case <-r.Context().Done():
		}
	}
}

// firsts are the numbers in the order in which they came first.
func (s *siem) firsts() (out []uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[uint64]bool{}
	for _, n := range s.got {
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}

// pipes is a network in memory.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

func (p *pipes) dial(ctx context.Context, s *siem) (net.Conn, error) {
	if s.down() {
		return nil, errors.New("connection refused")
	}
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestDownForAnHour is the bar: a receiver is away for an hour in every way there is, the server is restarted in between,
// records keep coming; in the end it has every event, and the first time of each in the order of the log. Time is virtual.
func TestDownForAnHour(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		records, receiver := &fakeLog{size: 10}, &siem{}
		network := &pipes{make(chan net.Conn), make(chan struct{})}
		server := &http.Server{Handler: receiver, ErrorLog: log.New(io.Discard, "", 0)}
		served := make(chan error, 1)
		go func() { served <- server.Serve(network) }()

		start := func() (stop func(), c *Courier) {
			client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return network.dial(ctx, receiver) }}}
			c, err := New(Options{
				Name: "siem", Dir: dir, Source: records, Sink: &Webhook{URL: "http://siem.example/events", Secret: []byte("s"), Client: client, Clock: time.Now},
				Start: true, Batch: 50, Rand: rand.New(rand.NewPCG(1, 2)),
			})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- c.Run(ctx) }()
			return func() { cancel(); <-ended }, c
		}
		growing, stopGrowing := context.WithCancel(t.Context())
		grown := make(chan struct{})
		go func() {
			defer close(grown)
			for growing.Err() == nil {
				sleep(growing, 10*time.Second)
				records.grow(20)
			}
		}()

		stop, c := start()
		time.Sleep(10 * time.Minute)
		if s := c.Stats(); s.Backlog > 20 || s.Delivered == 0 {
			t.Errorf("in good times: %+v", s)
		}
		for _, mode := range []string{"down", "500", "late", "slow", "busy", "cut"} {
			receiver.set(mode)
			time.Sleep(5 * time.Minute)
			stop()
			stop, c = start()
			time.Sleep(5 * time.Minute)
		}
		s := c.Stats()
		if s.Backlog < 3000 || s.FailingSince.IsZero() || s.Failures == 0 {
			t.Errorf("after an hour: %+v", s)
		}
		receiver.set("")
		time.Sleep(6 * time.Minute) // the longest wait, and then some
		stopGrowing()
		<-grown
		time.Sleep(5 * time.Second)
		if s := c.Stats(); s.Backlog != 0 || !s.FailingSince.IsZero() {
			t.Errorf("afterwards: %+v", s)
		}
		stop()
		server.Close()
		<-served
		if diff := cmp.Diff(all(0, records.size), receiver.firsts()); diff != "" {
			t.Error("lost or out of order (-want +got):\n" + diff)
		}
		if len(receiver.got) == len(receiver.firsts()) {
			t.Error("the answers that got lost led to no second delivery: the test did not test that")
		}
	})
}

// flaky takes some of a batch and then fails, as chance wants it.
type flaky struct {
	t   *rapid.T
	got []uint64
}

func (f *flaky) Send(_ context.Context, batch []*lifecycle.Told) error {
	n := len(batch)
	fail := rapid.Bool().Draw(f.t, "fail")
	if fail {
		n = rapid.IntRange(0, n).Draw(f.t, "taken")
	}
	for _, t := range batch[:n] {
		f.got = append(f.got, t.Seq)
	}
	if fail {
		return errors.New("away")
	}
	return nil
}

func (f *flaky) Close() error { return nil }

// TestAtLeastOnceInOrder: whatever fails, and whenever it is restarted, each event comes, and no event comes for the first
// time after a later one.
func TestAtLeastOnceInOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		log, sink := &fakeLog{}, &flaky{t: rt}
		open := func() *Courier {
			c, err := New(Options{Name: "x", Dir: dir, Source: log, Sink: sink, Batch: rapid.IntRange(3, 9).Draw(rt, "batch"), Start: true})
			if err != nil {
				rt.Fatal(err)
			}
			return c
		}
		c := open()
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			log.grow(rapid.Uint64Range(0, 20).Draw(rt, "more"))
			if _, err := c.step(context.Background()); err != nil {
				c.failed(err)
			}
			if rapid.IntRange(0, 4).Draw(rt, "restart") == 0 {
				c = open()
			}
		}
		for range 1000 { // chance ends each failure
			if c.at.Next >= log.size {
				break
			}
			_, _ = c.step(context.Background())
		}
		if diff := cmp.Diff(all(0, log.size), (&siem{got: sink.got}).firsts()); diff != "" {
			rt.Fatal("(-want +got):\n" + diff)
		}
	})
}

func TestBegins(t *testing.T) {
	quiet := &siemSink{}
	for _, tt := range []struct {
		name   string
		before string // position file
		start  bool
		size   uint64
		want   uint64
		bad    bool
	}{
		{name: "a new sink begins now", size: 9, want: 9},
		{name: "or at the start", start: true, size: 9, want: 0},
		{name: "a known one goes on", before: `{"next":4}`, size: 9, want: 4},
		{name: "the log was put back from a copy", before: `{"next":40}`, size: 9, want: 9},
		{name: "a damaged position is not guessed", before: `{"next":4`, size: 9, bad: true},
		{name: "nor one of another form", before: `{"next":4,"x":1}`, size: 9, bad: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if tt.before != "" {
				if err := os.WriteFile(positionPath(dir, "s"), []byte(tt.before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			c, err := New(Options{Name: "s", Dir: dir, Source: &fakeLog{size: tt.size}, Sink: quiet, Start: tt.start})
			if (err != nil) != tt.bad {
				t.Fatal(err)
			}
			if err == nil && c.at.Next != tt.want {
				t.Errorf("begins at %d, want %d", c.at.Next, tt.want)
			}
		})
	}
}

// siemSink takes everything.
type siemSink struct{ got []uint64 }

func (s *siemSink) Send(_ context.Context, batch []*lifecycle.Told) error {
	for _, t := range batch {
		s.got = append(s.got, t.Seq)
	}
	return nil
}
func (s *siemSink) Close() error { return nil }

// TestMissed: what retention removed before it was delivered is told, not passed over.
func TestMissed(t *testing.T) {
	log, sink := &fakeLog{size: 100, first: 40}, &siemSink{}
	c, err := New(Options{Name: "s", Dir: t.TempDir(), Source: log, Sink: sink, Start: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.step(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := c.Stats(); s.Missed != 40 || s.Next != 100 {
		t.Errorf("%+v", s)
	}
	if diff := cmp.Diff(all(40, 100), sink.got); diff != "" {
		t.Error(diff)
	}
}

// TestBacksOff: each wait is between half and all of twice the one before, up to the bound; a receiver's wish is granted
// within it.
func TestBacksOff(t *testing.T) {
	c, err := New(Options{Name: "s", Dir: t.TempDir(), Source: &fakeLog{}, Sink: &siemSink{}, Rand: rand.New(rand.NewPCG(3, 4))})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 100 {
		top := min(time.Second<<min(n, 30), 5*time.Minute)
		if got := c.failed(errors.New("away")); got < top/2 || got > top {
			t.Errorf("attempt %d waits %v, not between %v and %v", n, got, top/2, top)
		}
	}
	c.failures = 0
	if got := c.failed(&statusError{429, 90 * time.Second}); got != 90*time.Second {
		t.Errorf("asked for 90 s, waits %v", got)
	}
	if got := c.failed(&statusError{429, 24 * time.Hour}); got != 5*time.Minute {
		t.Errorf("asked for a day, waits %v", got)
	}
}
