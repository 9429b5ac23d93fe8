package custody

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestSystemCallsFail lets the kernel's answers be wrong, by strace: system calls of the writing process fail in turn. What it
// acknowledged before it is killed must be there. REEVE_LONG=1 tries many more places.
func TestSystemCallsFail(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	if exec.Command(strace, "-qq", "-o", os.DevNull, "true").Run() != nil {
		t.Skip("strace may not trace here")
	}
	if testing.Short() {
		t.Skip("kills many processes")
	}
	places, faults := []int{9, 40}, []string{"EIO"}
	if os.Getenv("REEVE_LONG") != "" {
		places, faults = nil, []string{"EIO", "ENOSPC", "EINTR"}
		for n := 1; n < 60; n++ {
			places = append(places, n)
		}
	}
	for _, call := range []string{"pwrite64", "fdatasync", "fsync", "renameat", "unlinkat", "ftruncate", "openat"} {
		for _, fault := range faults {
			for _, n := range places {
				if call == "openat" && n < 30 {
					continue // the program itself would not start
				}
				straceRun(t, strace, call, fault, n)
			}
		}
	}
}

func straceRun(t *testing.T, strace, call, fault string, n int) {
	t.Helper()
	what := fmt.Sprintf("%s fails with %s at call %d", call, fault, n)
	dir := t.TempDir()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	keys := openRing(t, dir) // made before, so that only the log is tried
	cmd := exec.Command(strace, "-f", "-qq", "-o", os.DevNull, "-e", "trace="+call, "-e", fmt.Sprintf("inject=%s:error=%s:when=%d", call, fault, n), exe)
	cmd.Env = append(os.Environ(), crashEnv+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	promised := map[string]bool{}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if line := lines.Text(); strings.HasPrefix(line, "intent ") || strings.HasPrefix(line, "outcome ") {
			if _, id, _ := strings.Cut(line, " "); len(id) == 26 {
				promised[line] = true
			}
		}
		if len(promised) >= 250 {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		}
	}
	_ = cmd.Wait() // it was killed, or gave up
	if _, err := os.Stat(filepath.Join(dir, "custody", logKeyFile)); err != nil {
		if len(promised) > 0 {
			t.Fatalf("%s: no log, and %d records were acknowledged", what, len(promised))
		}
		return // it could not even begin
	}
	l, err := Open(Options{Dir: dir, Keys: keys, FS: quickFS{}, SegmentBytes: 256 << 10})
	if err != nil {
		t.Fatalf("%s: open again: %v", what, err)
	}
	if err := l.Close(); err != nil {
		t.Fatalf("%s: close: %v", what, err)
	}
	if r := mustVerify(t, dir); !r.OK {
		t.Fatalf("%s: %+v", what, r)
	}
	found := readAll(t, dir)
	for line := range promised {
		if !found[line] {
			t.Fatalf("%s: acknowledged %s is lost", what, line)
		}
	}
}
