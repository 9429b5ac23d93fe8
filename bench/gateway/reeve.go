package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// reeve is one gateway process on its own data directory, started and killed as a trial needs it.
type reeve struct {
	bin      string
	data     string   // data directory; survives the process
	upstream string   // the mock's base URL
	extra    []string // further arguments of serve
	key      string
	port     int
	admin    int
	cmd      *exec.Cmd
	ended    chan struct{} // closed when cmd has ended
}

// newReeve makes a data directory under dir with one key in it.
func newReeve(bin, dir, upstream string) (*reeve, error) {
	path, err := filepath.Abs(bin)
	if err != nil {
		return nil, err
	}
	r := &reeve{bin: path, data: filepath.Join(dir, "data"), upstream: upstream}
	out, err := r.run("key", "create", "--data", r.data, "--name", "bench", "--format", "json")
	if err != nil {
		return nil, err
	}
	var made struct{ Key string }
	if err := json.Unmarshal(out, &made); err != nil || made.Key == "" {
		return nil, fmt.Errorf("key create printed no key: %.100s", out)
	}
	r.key = made.Key
	return r, nil
}

// run runs another command of the binary to its end and gives its standard output. Any other status than 0 is an error.
func (r *reeve) run(args ...string) ([]byte, error) {
	c := exec.Command(r.bin, args...)
	var out, problem bytes.Buffer
	c.Stdout, c.Stderr = &out, &problem
	if err := c.Run(); err != nil {
		return out.Bytes(), fmt.Errorf("%s %s: %w\n%.500s", args[0], args[1], err, problem.Bytes())
	}
	return out.Bytes(), nil
}

// start runs serve on free ports and waits until it is ready, for at most 20 seconds.
func (r *reeve) start() error {
	r.port, r.admin = freePort(), freePort()
	args := append([]string{
		"serve", "--data", r.data, "--listen", "127.0.0.1:" + strconv.Itoa(r.port),
		"--admin-listen", "127.0.0.1:" + strconv.Itoa(r.admin), "--upstream", r.upstream, "--dialect", "ollama",
	}, r.extra...)
	log, err := os.OpenFile(r.data+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	r.cmd = exec.Command(r.bin, args...)
	r.cmd.Stdout, r.cmd.Stderr = log, log
	r.cmd.SysProcAttr = childAttr()
	if err := r.cmd.Start(); err != nil {
		return err
	}
	r.ended = make(chan struct{})
	go func() { _ = r.cmd.Wait(); close(r.ended) }() // the state is read from cmd
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		if r.died() {
			return fmt.Errorf("serve ended: %s", r.cmd.ProcessState)
		}
		resp, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/readyz", r.admin))
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return nil
		}
	}
	return errors.New("serve was not ready within 20 s")
}

// died says whether the process has ended.
func (r *reeve) died() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

// log is the end of what serve has printed.
func (r *reeve) log() string {
	b, _ := os.ReadFile(r.data + ".log") // a missing log only makes the message shorter
	return string(b[max(0, len(b)-2000):])
}

// signal sends a signal to the process, and waits for its end where that is what the signal asks for.
func (r *reeve) signal(s syscall.Signal) {
	if r.cmd == nil || r.cmd.Process == nil {
		return
	}
	_ = r.cmd.Process.Signal(s) // it may be gone already
	if s == syscall.SIGKILL || s == syscall.SIGTERM {
		<-r.ended
	}
}

// spec is a load on this gateway.
func (r *reeve) spec(s scenario) loadSpec {
	return loadSpec{
		name: "reeve", base: &url.URL{Scheme: "http", Host: "127.0.0.1:" + strconv.Itoa(r.port)}, model: "mock",
		headers: []string{"Authorization: Bearer " + r.key}, pid: r.cmd.Process.Pid, s: s, prompt: 200,
	}
}

// verify runs custody verify on the live data directory.
func (r *reeve) verify() (leaves uint64, err error) {
	out, err := r.run("custody", "verify", r.data, "--format", "json")
	if err != nil {
		return 0, fmt.Errorf("%w\n%.500s", err, out)
	}
	var report struct {
		OK     bool
		Leaves uint64
	}
	if err := json.Unmarshal(out, &report); err != nil {
		return 0, err
	}
	if !report.OK {
		return 0, fmt.Errorf("custody verify is not ok: %.500s", out)
	}
	return report.Leaves, nil
}

// shown asks custody show for an exchange and gives the number of its records.
func (r *reeve) shown(id string) (records int, err error) {
	out, err := r.run("custody", "show", id, "--data", r.data, "--format", "json")
	if err != nil {
		return 0, err
	}
	var x struct {
		ID      string
		Records []json.RawMessage
	}
	if err := json.Unmarshal(out, &x); err != nil {
		return 0, err
	}
	if x.ID != id {
		return 0, fmt.Errorf("custody show %s answers about %q", id, x.ID)
	}
	return len(x.Records), nil
}

// mockFor starts a mock of a trial's own in this process's binary.
func mockFor() (*target, error) {
	t := &target{name: "mock"}
	return t, t.startOwn("/proc/self/exe", "mock", "-addr", "127.0.0.1:0")
}
