package custody

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// smallDisk mounts a file system in memory, or skips.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// TestSmallDisk fills a real file system: everything is refused at once, the log says so on record out of its reserve, and goes on
// without help when there is room again. What was acknowledged is there.
func TestSmallDisk(t *testing.T) {
	dir := smallDisk(t, "12m")
	keys := openRing(t, t.TempDir())
	l, err := Open(Options{Dir: dir, Keys: keys, CheckpointEvery: 50 * time.Millisecond, SegmentBytes: 1 << 20, retryEvery: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for l.keepReserve() != nil { // the sealer makes it at start
		t.Fatal("no reserve")
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 6<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	var promised acked
	for i := 0; l.Ready() == nil && i < 10000; i += 10 {
		promised.exchanges(t, l, 10, i)
	}
	began := time.Now()
	in, _ := sampleExchange(NewID(time.Now()), []byte("q"), nil)
	if err := l.Intent(in); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("on a full disk: %v", err)
	}
	t.Logf("refused after %v; %d exchanges were acknowledged before", time.Since(began), len(promised.ids))
	told := func() []string { return findKind(t, dir, kindDegraded) }
	for i := 0; len(told()) == 0; i++ {
		if i > 300 {
			out, _ := exec.Command("sh", "-c", "df -k "+dir+"; find "+dir+" -type f -size +20k -exec ls -ls {} +").CombinedOutput()
			t.Fatalf("nothing on record: %+v %s", l.Stats(), out)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if text := told()[0]; l.Ready() == nil || !strings.Contains(text, `"object":"ENOSPC","result":"refusing"`) {
		t.Errorf("on a full disk: %s", text)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	for l.Ready() != nil {
		time.Sleep(time.Millisecond)
	}
	t.Logf("takes records again after %v", time.Since(began))
	before := len(promised.ids)
	promised.exchanges(t, l, 20, 20000)
	if len(promised.ids) != before+20 {
		t.Errorf("%d of 20 exchanges acknowledged afterwards", len(promised.ids)-before)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	promised.check(t, dir, keys, "small disk")
}
