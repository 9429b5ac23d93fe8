package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// target is one program that is measured.
type target struct {
	name    string
	pid     int
	headers []string
	model   string
	blocked string // a phrase the policy must not let out
	base    *url.URL
	sut     bool // a program under test, not the mock or a baseline
	idleMB  float64
	policy  string // what checkPolicy found
	leak    int    // the longest leaked prefix of blocked
	res     map[string][]Result
	skip    map[string]string // scenario → why it was not measured
	proc    *exec.Cmd
	ended   chan struct{} // closed when proc has ended
	log     string        // what a program under test printed; "" where it was not started here
}

// died says whether a program that was started here has ended by itself.
func (t *target) died() bool {
	select {
	case <-t.ended: // nil, so never ready, where nothing was started
		return true
	default:
		return false
	}
}

// printed is the end of what the program printed.
func (t *target) printed() []byte {
	b, _ := os.ReadFile(t.log) // an unreadable log only makes the message shorter
	return b[max(0, len(b)-4000):]
}

// startOwn starts a baseline or the mock; the first line it prints is its address.
func (t *target) startOwn(prog string, args ...string) error {
	c := exec.Command(prog, args...)
	c.Stderr = os.Stderr
	c.SysProcAttr = childAttr()
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	t.model = "mock"
	l, err := bufio.NewReader(out).ReadString('\n')
	t.watch(c)
	if err != nil {
		return fmt.Errorf("%s did not start: %w", t.name, err)
	}
	t.base, err = url.Parse("http://" + strings.TrimSpace(l))
	return err
}

// childAttr puts a child into a process group of its own, which ends with the runner's thread.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// sutVars are the variables that a program's command, URL and headers may use.
type sutVars struct {
	prefix string // "SUT", "SUT2" …
	vars   map[string]string
}

func (v sutVars) get(k string) string {
	return os.Expand(os.Getenv(v.prefix+k), func(name string) string {
		if x, ok := v.vars[name]; ok {
			return x
		}
		return os.Getenv(name)
	})
}

// startSUT starts a program under test from its environment variables (see README.md) and waits until it answers.
func (t *target) startSUT(prefix, upstream, tmp string, n int) error {
	dir := filepath.Join(tmp, strconv.Itoa(n))
	v := sutVars{prefix, map[string]string{"BENCH_UPSTREAM": upstream, "BENCH_PORT": strconv.Itoa(freePort()), "BENCH_TMP": dir}}
	if t.name = v.get("_NAME"); t.name == "" {
		t.name = strings.ToLower(prefix)
	}
	if t.model = v.get("_MODEL"); t.model == "" {
		t.model = "mock"
	}
	t.blocked = os.Getenv(prefix + "_BLOCKED")
	u, err := url.Parse(strings.TrimSuffix(v.get("_URL"), "/"))
	if err != nil {
		return err
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%s is not on loopback", u)
	}
	t.base = u
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if cmd := os.Getenv(prefix + "_CMD"); cmd != "" { // the shell expands the variables here
		t.log = filepath.Join(dir, "output.log")
		if err := t.startCommand(cmd, v); err != nil {
			return err
		}
	} else if t.pid, err = strconv.Atoi(v.get("_PID")); err != nil {
		return fmt.Errorf("neither %s_CMD nor %s_PID is set", prefix, prefix)
	}
	return t.await(v)
}

func (t *target) startCommand(cmd string, v sutVars) error {
	f, err := os.Create(t.log)
	if err != nil {
		return err
	}
	defer f.Close()
	c := exec.Command("bash", "-c", cmd)
	c.Env = os.Environ()
	for k, x := range v.vars {
		c.Env = append(c.Env, k+"="+x)
	}
	c.Stdout, c.Stderr = f, f
	c.SysProcAttr = childAttr()
	if err := c.Start(); err != nil {
		return err
	}
	t.watch(c)
	return nil
}

// await asks until the program answers 200, for at most 20 seconds.
func (t *target) await(v sutVars) error {
	last := "none"
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
		if t.died() {
			return fmt.Errorf("the command ended (%s)\n%s", t.proc.ProcessState, t.printed())
		}
		h := v.get("_HEADERS")
		if b, err := os.ReadFile(filepath.Join(v.vars["BENCH_TMP"], "headers")); err == nil { // written by the command
			h += "\n" + string(b)
		}
		t.headers = nil
		for l := range strings.SplitSeq(h, "\n") {
			if l = strings.TrimSpace(l); l != "" {
				t.headers = append(t.headers, l)
			}
		}
		code, b := t.post("chat", false, 0)
		if code == 200 {
			return nil
		}
		last = fmt.Sprintf("%d %.300s", code, b)
	}
	return fmt.Errorf("no answer 200 to POST %s/v1/chat/completions within 20 s, last: %s\n%s", t.base, last, t.printed())
}

func (t *target) watch(c *exec.Cmd) {
	t.proc, t.pid, t.ended = c, c.Process.Pid, make(chan struct{})
	go func() { _ = c.Wait(); close(t.ended) }() // the state is read from proc
}

// stop ends the program and what is left of its process group.
func (t *target) stop() {
	if t.proc == nil {
		return
	}
	_ = syscall.Kill(-t.pid, syscall.SIGTERM)
	select {
	case <-t.ended:
	case <-time.After(3 * time.Second):
	}
	_ = syscall.Kill(-t.pid, syscall.SIGKILL)
}

func freePort() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

var client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
	DisableKeepAlives: true, DisableCompression: true,
	TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
}}

// post sends one request and gives the status (0: none came) and the body.
func (t *target) post(kind string, stream bool, seed int) (int, []byte) {
	body := requestBody(kind, t.model, stream, seed, 200)
	req, err := http.NewRequest("POST", t.base.String()+endpoints[kind].path, bytes.NewReader(body))
	if err != nil {
		return 0, []byte(err.Error())
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer sk-mock")
	for _, h := range t.headers {
		k, v, _ := strings.Cut(h, ":")
		req.Header.Set(k, strings.TrimSpace(v))
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, []byte(err.Error())
	}
	return resp.StatusCode, b
}
