package custody

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/tlog"
)

// crashEnv holds the data directory when this test binary is the process that gets killed.
const crashEnv = "REEVE_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashEnv); dir != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeUntilKilled writes exchanges from many goroutines and says on stdout what was acknowledged.
func writeUntilKilled(dir string) error {
	keys, err := keyring.Open(keyring.Options{Dir: dir})
	if err != nil {
		return err
	}
	l, err := Open(Options{Dir: dir, Keys: keys, SegmentBytes: 256 << 10, CheckpointEvery: 5 * time.Millisecond})
	if err != nil {
		return err
	}
	var mu sync.Mutex
	say := func(what string, id ID) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(what, id) // one write system call a line: nothing is lost in a buffer of ours
	}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for {
				in, out := sampleExchange(NewID(time.Now()), make([]byte, 700), make([]byte, 300))
				if err = l.Intent(in); err != nil {
					return
				}
				say("intent", in.ID)
				if err = l.Outcome(out); err != nil {
					return
				}
				say("outcome", in.ID)
			}
		})
	}
	wg.Wait()
	return err
}

// TestKill kills the writing process under load, again and again, and finds everything that it acknowledged.
// REEVE_LONG=1 makes it 1,000 times.
func TestKill(t *testing.T) {
	cycles := 10
	if os.Getenv("REEVE_LONG") != "" {
		cycles = 1000
	}
	if testing.Short() {
		cycles = 2
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	promised := map[string]bool{}
	var heads []Checkpoint // as they were signed before each kill
	for range cycles {
		killOnce(t, exe, dir, 1+random.IntN(800), promised)
		heads = noteHead(t, dir, heads)
	}
	keys := openRing(t, dir)
	l, err := Open(Options{Dir: dir, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r := mustVerify(t, dir)
	if !r.OK || r.Open != 0 {
		t.Fatalf("%+v", r)
	}
	p, err := OpenProver(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, h := range heads {
		if root, err := p.RootAt(h.Size); err != nil || root != h.Root {
			t.Errorf("the log is no longer the one that was signed at %d records: %v", h.Size, err)
		}
	}
	found := readAll(t, dir)
	lost := 0
	for what := range promised {
		if !found[what] {
			lost++
		}
	}
	if lost > 0 || len(promised) == 0 {
		t.Fatalf("%d of %d acknowledged records lost", lost, len(promised))
	}
	t.Logf("%d kills, %d acknowledged, 0 lost, %d records in the log", cycles, len(promised), r.Leaves)
}

// noteHead adds the checkpoint that lies in the directory.
func noteHead(t *testing.T, dir string, heads []Checkpoint) []Checkpoint {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "custody", checkpointFile))
	if errors.Is(err, os.ErrNotExist) {
		return heads
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := tlog.ParseCheckpoint(b)
	if err != nil {
		t.Fatal(err)
	}
	return append(heads, Checkpoint{Origin: c.Origin, Size: c.Size, Root: c.Root})
}

// killOnce lets a process write until it has acknowledged enough, kills it and notes everything it said.
func killOnce(t *testing.T, exe, dir string, enough int, promised map[string]bool) {
	t.Helper()
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), crashEnv+"="+dir)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		if line := lines.Text(); strings.HasSuffix(line, " ") || len(line) < 32 {
			continue // cut off by the kill
		} else {
			promised[line] = true
		}
		if n == enough {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("the process was not killed: %v %s", err, stderr.String())
	}
}

// readAll lists kind and id of every record, each at most once.
func readAll(t *testing.T, dir string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	eachFrame(t, dir, func(f *frame) {
		key := f.kind.String() + " " + f.id.String()
		if found[key] {
			t.Errorf("%s is in the log twice", key)
		}
		found[key] = true
	})
	return found
}

// findKind returns the leaves of one kind.
func findKind(t *testing.T, dir string, k kind) (leaves []string) {
	t.Helper()
	eachFrame(t, dir, func(f *frame) {
		if f.kind == k {
			leaves = append(leaves, string(f.leaf))
		}
	})
	return leaves
}

func eachFrame(t *testing.T, dir string, visit func(*frame)) {
	t.Helper()
	r, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Leaves(0, ^uint64(0), func(s *Stored) error {
		visit(&frame{kind: kindOf(s.Kind), id: s.ID, seq: s.Seq, leaf: s.Leaf})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
