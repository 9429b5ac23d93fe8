//go:build e2e

package e2e

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a server that a test has started; it ends with the test.
type process struct {
	name  string
	url   string
	log   string // file with all it printed
	files string // of a runtime: where its models are
	cmd   *exec.Cmd
	ended chan struct{}
}

// start runs a server in a process group of its own and waits until ready answers 200.
func start(t *testing.T, name, ready string, env []string, prog string, args ...string) *process {
	t.Helper()
	p := &process{name: name, log: filepath.Join(t.TempDir(), name+".log"), cmd: exec.Command(prog, args...), ended: make(chan struct{})}
	out, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	go func() { _ = p.cmd.Wait(); close(p.ended) }() // the state is read from cmd
	t.Cleanup(func() { p.stop(t) })
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	for !answers(ctx, ready) {
		select {
		case <-p.ended:
			t.Fatalf("%s ended: %s\n%s", name, p.cmd.ProcessState, p.printed())
		case <-ctx.Done():
			t.Fatalf("%s was not ready in time\n%s", name, p.printed())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return p
}

func answers(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// stop ends the server as an operator would, and what is left of its process group after ten seconds.
func (p *process) stop(t *testing.T) {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM) // it may be gone already
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		t.Errorf("%s did not end within 10 s of SIGTERM", p.name)
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	if t.Failed() {
		t.Logf("%s printed:\n%s", p.name, p.printed())
	}
}

// printed is the end of the server's output.
func (p *process) printed() string {
	b, _ := os.ReadFile(p.log) // a missing log only makes the message shorter
	return string(b[max(0, len(b)-4000):])
}

// freeAddr gives a loopback address that nothing listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// command runs a program to its end and gives its output and exit code.
func command(t *testing.T, prog string, args ...string) (stdout string, code int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), prog, args...)
	var problem strings.Builder
	c.Stderr = &problem
	out, err := c.Output()
	if c.ProcessState == nil {
		t.Fatalf("%s: %v", prog, err)
	}
	if err != nil {
		t.Logf("%s %s: %v\n%s", filepath.Base(prog), strings.Join(args, " "), err, problem.String())
	}
	return string(out), c.ProcessState.ExitCode()
}
