package custody

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/keyring"
)

func openRing(tb testing.TB, dir string) *keyring.Ring {
	tb.Helper()
	k, err := keyring.Open(keyring.Options{Dir: dir})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = k.Close() })
	return k
}

func openLog(tb testing.TB, dir string, change func(*Options)) *Log {
	tb.Helper()
	o := Options{Dir: dir, Keys: openRing(tb, dir), CheckpointEvery: time.Hour, SegmentBytes: 1 << 20}
	if change != nil {
		change(&o)
	}
	l, err := Open(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	return l
}

func sampleRequest() Request {
	return Request{
		Subject: "key-7f3a", KeyID: "7f3a", Authn: "key", RoleDigest: "sha256:0f343b0931126a20f133d67c2b018a3b", Source: "192.0.2.0/24", App: "openai-python/1.52",
		TraceID: "4bf92f3577b34da6a3ce929d0e0e4736", SpanID: "00f067aa0ba902b7",
		Route: "openai.chat", Dialect: "openai", Op: "chat", Model: "support-bot", Upstream: "local",
		Policy: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Access: "allow", AccessRule: "access/role", LabelIn: "confidential{PII}",
		GuardIn: []GuardResult{{Rule: "pii/email", Stage: "in", Action: reeve.Mask, Count: 2}},
	}
}

func sampleExchange(id ID, in, out []byte) (*Intent, *Outcome) {
	start := time.Now()
	i := &Intent{ID: id, Start: start, Request: sampleRequest(), Input: in}
	o := &Outcome{
		ID: id, Start: start, End: start.Add(time.Second), Request: &i.Request, Intended: true, Output: out,
		Result: "ok", HTTPStatus: 200, Finish: "stop", LabelOut: "internal", TokensIn: 311, TokensOut: 120, Chunks: 1,
		QueueTime: 130 * time.Microsecond, FirstChunk: 80 * time.Millisecond, UpstreamTime: 900 * time.Millisecond,
		GuardTime: 60 * time.Microsecond, CustodyTime: 300 * time.Microsecond,
	}
	return i, o
}

func mustWrite(t testing.TB, l *Log, in *Intent, out *Outcome) {
	t.Helper()
	if err := l.Intent(in); err != nil {
		t.Fatal(err)
	}
	if err := l.Outcome(out); err != nil {
		t.Fatal(err)
	}
}

func TestShow(t *testing.T) {
	dir := t.TempDir()
	keys := openRing(t, dir)
	l := openLog(t, dir, nil)
	for i := range 20 {
		in, out := sampleExchange(NewID(time.Now()), fmt.Appendf(nil, "question %d", i), fmt.Appendf(nil, "answer %d", i))
		mustWrite(t, l, in, out)
	}
	in, out := sampleExchange(NewID(time.Now()), []byte("what is it?"), []byte{0xff, 0xfe})
	salt := NewSalt()
	out.Salt, out.Delivered = salt, salt.Tally()
	_, _ = out.Delivered.WriteString("data: [DONE]")
	if err := l.Intent(in); err != nil {
		t.Fatal(err)
	}
	x, err := Show(dir, keys, in.ID.String(), true) // while the log is being written
	if err != nil || x.Status != "open" || len(x.Records) != 1 || x.Output != nil {
		t.Fatalf("%v %+v", err, x)
	}
	if err := l.Outcome(out); err != nil {
		t.Fatal(err)
	}
	if x, err = Show(dir, keys, in.ID.String(), true); err != nil {
		t.Fatal(err)
	}
	if x.Status != "ok" || len(x.Records) != 2 || *x.Input != "what is it?" || string(x.OutputBytes) != "\xff\xfe" || x.Records[1].Seq != 41 {
		t.Errorf("%+v", x)
	}
	for _, part := range []string{`"http":200`, `"n_delivered":12`, `"seq":41`, `"c_delivered":"`} {
		if !strings.Contains(string(x.Records[1].Leaf), part) {
			t.Errorf("%s is not in %s", part, x.Records[1].Leaf)
		}
	}
	if x, err = Show(dir, keys, in.ID.String(), false); err != nil || x.Input != nil || x.OutputBytes != nil {
		t.Errorf("payload was not asked for: %v %+v", err, x)
	}
	if _, err := Show(dir, keys, NewID(time.Now()).String(), false); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown id: %v", err)
	}
	if _, err := Show(dir, keys, "x", false); err == nil {
		t.Error("bad id was accepted")
	}
}

// TestNothingReadableOnDisk plants canaries in everything that a record holds and looks for them in every file.
func TestNothingReadableOnDisk(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, nil)
	canary := "CANARY-jane.doe@example.org-CANARY"
	in, out := sampleExchange(NewID(time.Now()), []byte("prompt "+canary), []byte("answer "+canary))
	in.Subject, in.Source, in.App, in.Model, in.Route, in.KeyID = canary, canary, canary, canary, canary, canary
	in.GuardIn[0].Rule, out.Finish, out.Result, out.Refusal = canary, canary, canary, canary
	mustWrite(t, l, in, out)
	if err := l.Admin(&Admin{Actor: canary, Act: canary, Object: canary, Result: canary}); err != nil {
		t.Fatal(err)
	}
	subject, err := l.o.Keys.Subject(canary)
	if err != nil {
		t.Fatal(err)
	}
	id := subject.ID()
	searched := 0
	look := func() {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if errors.Is(err, fs.ErrNotExist) {
				return nil // was just renamed or removed; the second look comes when nothing writes any more
			}
			searched += len(b)
			for _, secret := range []string{"CANARY", "jane.doe"} {
				if strings.Contains(string(b), secret) {
					t.Errorf("%s holds %s", path, secret)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	look()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	look()
	if b := takeImage(t, dir)[firstSegment]; !strings.Contains(string(b), string(id[:])) || searched < 10000 {
		t.Error("the search looked at nothing: the id of the key is not found either")
	}
	if r := mustVerify(t, dir); !r.OK {
		t.Errorf("%+v", r)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Run("in use", func(t *testing.T) {
		dir := t.TempDir()
		l := openLog(t, dir, nil)
		if _, err := Open(Options{Dir: dir, Keys: openRing(t, dir)}); !errors.Is(err, ErrInUse) {
			t.Errorf("second open: %v", err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		openLog(t, dir, nil)
	})
	t.Run("newer", func(t *testing.T) {
		dir := t.TempDir()
		closedLog(t, dir, openRing(t, dir))
		img := takeImage(t, dir)
		img[lastSegment(img)][9]++
		img.put(t, dir)
		if _, err := Open(Options{Dir: dir, Keys: openRing(t, dir)}); !errors.Is(err, ErrNewer) {
			t.Errorf("open: %v", err)
		}
		if _, err := Verify(dir, VerifyOptions{}); !errors.Is(err, ErrNewer) {
			t.Errorf("verify: %v", err)
		}
	})
	t.Run("no rights", func(t *testing.T) {
		if os.Getuid() == 0 {
			t.Skip("root may do everything")
		}
		dir := t.TempDir()
		keys := openRing(t, dir)
		if err := os.Mkdir(filepath.Join(dir, "custody"), 0o500); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(Options{Dir: dir, Keys: keys}); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("open: %v", err)
		}
	})
	t.Run("foreign key", func(t *testing.T) {
		dir := t.TempDir()
		closedLog(t, dir, openRing(t, dir))
		if _, err := Open(Options{Dir: dir, Keys: openRing(t, t.TempDir())}); err == nil {
			t.Error("a log was opened with another keyring")
		}
	})
	t.Run("other origin", func(t *testing.T) {
		dir := t.TempDir()
		closedLog(t, dir, openRing(t, dir))
		if _, err := Open(Options{Dir: dir, Keys: openRing(t, dir), Origin: "reeve.example/other"}); err == nil {
			t.Error("a log was opened under another name")
		}
	})
	t.Run("no log", func(t *testing.T) {
		if _, err := Verify(t.TempDir(), VerifyOptions{}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("verify: %v", err)
		}
	})
}

// blockedFS keeps every sync from ending until it is told to go on.
type blockedFS struct {
	quickFS
	gate chan struct{}
}

type blockedFile struct {
	File
	gate chan struct{}
}

func (f blockedFS) Create(name string) (File, error) {
	file, err := f.quickFS.Create(name)
	return blockedFile{file, f.gate}, err
}

func (f blockedFile) Sync() error {
	<-f.gate
	return nil
}

// TestQueueFull fills the queue while the disk hangs: the log refuses instead of waiting, and loses nothing that it took.
func TestQueueFull(t *testing.T) {
	dir := t.TempDir()
	gate := make(chan struct{}, 1000)
	for range 10 {
		gate <- struct{}{}
	}
	l := openLog(t, dir, func(o *Options) { o.FS, o.QueueRecords = blockedFS{gate: gate}, 64 })
	for len(gate) > 0 { // what opening left over
		<-gate
	}
	took := 0
	for i := range 200 {
		err := l.OutcomeAsync(alone(i))
		if err == nil {
			took++
		} else if !errors.Is(err, ErrUnavailable) {
			t.Fatal(err)
		}
	}
	if took != 64 || l.Stats().Refused != 136 || l.Stats().Queue != 64 {
		t.Errorf("%d taken: %+v", took, l.Stats())
	}
	close(gate)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, dir); !r.OK || r.Leaves != 65 { // the last one tells of the others

		t.Errorf("%+v", r)
	}
	if err := l.Outcome(alone(1)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("after Close: %v", err)
	}
	if l.Ready() == nil {
		t.Error("a closed log is ready")
	}
}

func TestQueueBytes(t *testing.T) {
	gate := make(chan struct{}, 1000)
	for range 10 {
		gate <- struct{}{}
	}
	l := openLog(t, t.TempDir(), func(o *Options) { o.FS, o.QueueBytes = blockedFS{gate: gate}, 1<<20 })
	for len(gate) > 0 {
		<-gate
	}
	big := alone(0)
	big.Input = make([]byte, 300<<10)
	took := 0
	for range 10 {
		if l.OutcomeAsync(big) == nil {
			took++
		}
	}
	if took != 3 {
		t.Errorf("%d records of 300 KiB taken into 1 MiB", took)
	}
	close(gate)
}

// TestPayloadLimit keeps what fits of a payload that is too long, and says so; the commitment is to all of it.
func TestPayloadLimit(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, func(o *Options) { o.MaxPayload = 100 })
	in, out := sampleExchange(NewID(time.Now()), []byte(strings.Repeat("x", 101)), []byte(strings.Repeat("y", 100)))
	mustWrite(t, l, in, out)
	x, err := Show(dir, l.o.Keys, in.ID.String(), true)
	if err != nil || len(*x.Input) != 100 || len(*x.Output) != 100 {
		t.Fatalf("%v %+v", err, x)
	}
	first, second := string(x.Records[0].Leaf), string(x.Records[1].Leaf)
	if !strings.Contains(first, `"cut":true`) || !strings.Contains(first, `"n_prompt":101`) || strings.Contains(second, `"cut"`) {
		t.Errorf("%s\n%s", first, second)
	}
}

// TestLargeRecords writes records larger than a segment.
func TestLargeRecords(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, func(o *Options) { o.SegmentBytes, o.FS = 64<<10, quickFS{} })
	for i := range 6 {
		o := alone(i)
		o.Input = make([]byte, 50<<10*(i%3))
		if err := l.Outcome(o); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, dir); !r.OK || r.Leaves != 6 {
		t.Errorf("%+v", r)
	}
}

// TestManyAtOnce writes from many goroutines, waiting and not, over many segments, while others verify and show.
func TestManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, func(o *Options) { o.SegmentBytes, o.CheckpointEvery = 128<<10, time.Millisecond })
	const writers, each = 24, 30
	var wg sync.WaitGroup
	var ids [writers]ID
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				in, out := sampleExchange(NewID(time.Now()), fmt.Appendf(nil, "%d asks %d", w, i), make([]byte, 500))
				ids[w] = in.ID
				wait := w%3 != 0
				if err := l.intent(in, wait); err != nil {
					t.Errorf("%v: %s", err, l.Stats().LastError)
				}
				if err := l.outcome(out, wait); err != nil {
					t.Errorf("%v: %s", err, l.Stats().LastError)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		if r, err := Verify(dir, VerifyOptions{}); err != nil || !r.OK {
			t.Fatalf("while it is written: %v %+v", err, r)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, dir); !r.OK || r.Leaves != 2*writers*each || r.Open != 0 || r.Checkpoint != r.Leaves {
		t.Fatalf("%+v", r)
	}
	for w, id := range ids {
		x, err := Show(dir, l.o.Keys, id.String(), true)
		if err != nil || *x.Input != fmt.Sprintf("%d asks %d", w, each-1) {
			t.Errorf("%v %+v", err, x)
		}
	}
}

// TestOrphan has an outcome refused and finds the exchange closed by the log itself.
func TestOrphan(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, nil)
	in, out := sampleExchange(NewID(time.Now()), []byte("q"), make([]byte, 100))
	if err := l.Intent(in); err != nil {
		t.Fatal(err)
	}
	l.tail.Or(refuseBit) // as after a failed sync
	if err := l.Outcome(out); !errors.Is(err, ErrUnavailable) {
		t.Fatal(err)
	}
	l.tail.And(^uint64(refuseBit))
	l.abortOrphans()
	if err := l.Admin(&Admin{Act: "x"}); err != nil { // behind the aborted record
		t.Fatal(err)
	}
	if x, err := Show(dir, l.o.Keys, in.ID.String(), false); err != nil || x.Status != "aborted" {
		t.Errorf("%v %+v", err, x)
	}
	if n := l.Stats().Open; n != 0 {
		t.Errorf("%d exchanges are open", n)
	}
}
