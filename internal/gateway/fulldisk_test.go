package gateway

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
)

// TestFullDisk fills the file system under the log. Nothing is served that cannot be put on record, and without help all goes on when there
// is room again. How long either takes is told, and measured by whoever reads it.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=12m"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	keys, err := keyring.Open(keyring.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	log, err := custody.Open(custody.Options{Dir: disk, Keys: keys, SegmentBytes: 1 << 20, CheckpointEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":"1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"fine"},"finish_reason":"stop"}]}`))
	}, func(o *Options) { o.Log, o.Access = log, accessAll{} })
	ask := func() reply {
		return h.post(t, "/v1/chat/completions", `{"model":"m","messages":[{"role":"user","content":"`+string(bytes.Repeat([]byte("word "), 8000))+`"}]}`)
	}
	if r := ask(); r.status != http.StatusOK {
		t.Fatalf("with room: %d %s", r.status, r.body)
	}
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 5<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	served := 0
	for ; served < 1000; served++ {
		if r := ask(); r.status != http.StatusOK {
			break
		}
	}
	began := time.Now()
	r := ask()
	if took := time.Since(began); r.status != http.StatusServiceUnavailable || !bytes.Contains(r.body, []byte(`"remedy"`)) || bytes.Contains(r.body, []byte("fine")) {
		t.Fatalf("on a full disk, after %d answers: %d %s", served, r.status, r.body)
	} else {
		t.Logf("503 after %v; %d were answered before", took, served)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	for r = ask(); r.status != http.StatusOK; r = ask() {
		if r.status != http.StatusServiceUnavailable {
			t.Fatalf("while the log finds room: %d %s", r.status, r.body)
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("still refused with room on the disk: %s", r.body)
		}
	}
	t.Logf("served again after %v", time.Since(began))
}
