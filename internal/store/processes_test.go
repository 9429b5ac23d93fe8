package store_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/reeve-ai/reeve/internal/store"
)

// The test binary runs itself as several processes that work on one data directory at once.
const (
	envDir  = "REEVE_TEST_STORE_DIR"
	envWho  = "REEVE_TEST_STORE_WHO"
	perProc = 25
)

func TestMain(m *testing.M) {
	if os.Getenv(envDir) != "" {
		os.Exit(child())
	}
	os.Exit(m.Run())
}

// child opens the store (with the others, so that all migrate at once), adds keys and revokes every other one.
func child() int {
	ctx := context.Background()
	db, err := store.Open(ctx, os.Getenv(envDir))
	if err != nil {
		fmt.Fprintln(os.Stderr, "open:", err)
		return 1
	}
	defer db.Close()
	for i := range perProc {
		id := fmt.Sprintf("%s-%d", os.Getenv(envWho), i)
		if err := db.CreateKey(ctx, key(id), act(id)); err != nil {
			fmt.Fprintln(os.Stderr, "create:", err)
			return 1
		}
		if i%2 == 0 {
			continue
		}
		if ok, err := db.RevokeKey(ctx, id, noon, store.Act{At: noon, Act: "key.revoke", Subject: "key:" + id}); !ok || err != nil {
			fmt.Fprintln(os.Stderr, "revoke:", ok, err)
			return 1
		}
	}
	return 0
}

func TestSeveralProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	self, err := os.Executable()
	must(t, err)
	dir := t.TempDir()
	const procs = 4
	var running []*exec.Cmd
	var said [procs]strings.Builder
	for i := range procs {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), envDir+"="+dir, fmt.Sprintf("%s=p%d", envWho, i))
		cmd.Stderr = &said[i]
		must(t, cmd.Start())
		running = append(running, cmd)
	}
	for i, cmd := range running {
		if err := cmd.Wait(); err != nil {
			t.Errorf("process %d: %v: %s", i, err, said[i].String())
		}
	}

	db := open(t, dir)
	const changes = procs * (perProc + perProc/2)
	keys, version, err := db.Keys(t.Context(), -1)
	must(t, err)
	if len(keys) != procs*perProc || version != changes {
		t.Errorf("%d keys at version %d, want %d at %d", len(keys), version, procs*perProc, changes)
	}
	if got := db.Stamp(); got != changes {
		t.Errorf("the stamp counts %d changes of %d", got, changes)
	}
	var seqs []int64
	_, err = db.Drain(t.Context(), func(a store.Act) error { seqs = append(seqs, a.Seq); return nil })
	must(t, err)
	if len(seqs) != changes || !slices.IsSorted(seqs) || seqs[0] != 1 || seqs[len(seqs)-1] != changes {
		t.Errorf("%d acts, want %d with dense numbers: %v", len(seqs), changes, seqs)
	}
}
