package keyring

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestKill9 kills a process that changes the root key over and over, and one that makes and destroys subjects, at any moment. Whatever
// it leaves opens, with every key that was there; what was reported as destroyed stays so.
func TestKill9(t *testing.T) {
	if dir := os.Getenv("REEVE_TEST_KILL"); dir != "" {
		busy(t, dir)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	r := open(t, dir, "")
	fill(t, r, 3000)
	id := subject(t, r, "7").ID()
	wrapped := subject(t, r, "7").Wrap(nil, make([]byte, NonceSize), []byte("key"), nil)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	rounds := 12
	if os.Getenv("REEVE_LONG") != "" {
		rounds = 400
	}
	draw := rand.New(rand.NewPCG(3, 4))
	roots := map[string]bool{}
	for round := range rounds {
		cmd := exec.Command(self, "-test.run=^TestKill9$")
		cmd.Env = append(os.Environ(), "REEVE_TEST_KILL="+dir, fmt.Sprint("REEVE_TEST_ROUND=", round))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "changed"; {
		}
		<-time.After(time.Duration(draw.IntN(300)) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		r, err := Open(Options{Dir: dir})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		roots[r.RootID()] = true
		got, err := r.Unwrap(nil, id, make([]byte, NonceSize), wrapped, nil)
		if err != nil || string(got) != "key" || subject(t, r, "7").ID() != id {
			t.Fatalf("round %d: %q %v", round, got, err)
		}
		var n int
		if err := r.db.QueryRow(`SELECT count(*) FROM keks`).Scan(&n); err != nil || n < 3000 {
			t.Errorf("round %d: %d keys, %v", round, n, err)
		}
		list, err := r.Ledger()
		for _, e := range list {
			if _, err := r.kek(e.KEK); !errors.Is(err, ErrErased) {
				t.Errorf("round %d: a destroyed key is there: %v", round, err)
			}
		}
		if err := errors.Join(err, r.Close()); err != nil {
			t.Error(err)
		}
	}
	if len(roots) < 2 {
		t.Errorf("the root key never changed: the test kills too early")
	}
}

// busy works until it is killed.
func busy(t *testing.T, dir string) {
	r := open(t, dir, "")
	for i := range 1 << 20 {
		if _, err := r.Rewrap(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		fmt.Println("changed")
		name := fmt.Sprint("round", os.Getenv("REEVE_TEST_ROUND"), "-", i)
		subject(t, r, name)
		if _, err := r.DestroySubject(name); err != nil {
			t.Fatal(err)
		}
	}
}
