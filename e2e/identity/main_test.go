//go:build e2e

package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var reeve string // the binary under test

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if reeve = os.Getenv("REEVE_E2E_REEVE"); reeve != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "reeve-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	reeve = filepath.Join(dir, "reeve")
	build := exec.Command("go", "build", "-o", reeve, "../../cmd/reeve")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e: build reeve:", err)
		return 1
	}
	return m.Run()
}

// need skips a test whose tool is missing, and fails it where nothing may be skipped.
func need(t *testing.T, variable string) string {
	t.Helper()
	v := os.Getenv(variable)
	if v == "" && os.Getenv("REEVE_E2E_REQUIRE") != "" {
		t.Fatalf("%s is not set although nothing may be skipped", variable)
	}
	if v == "" {
		t.Skipf("skipped: %s is not set; e2e/identity/run.sh sets it", variable)
	}
	return v
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// model is a runtime that answers every request the same.
func model(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/v1/models" {
			io.WriteString(w, `{"object":"list","data":[{"id":"m","object":"model"}]}`)
			return
		}
		io.WriteString(w, `{"id":"1","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// server is a running reeve.
type server struct {
	t              *testing.T
	dir            string
	gateway, admin string
	key            string // of the first administrator; "" where the store had keys
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// serve starts reeve with a configuration; ADMIN in it stands for the port of the admin listener.
func serve(t *testing.T, identity string, env ...string) *server {
	t.Helper()
	return serveAt(t, freePort(t), identity, env...)
}

func serveAt(t *testing.T, admin int, identity string, env ...string) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir()}
	gateway := freePort(t)
	s.gateway, s.admin = fmt.Sprintf("http://127.0.0.1:%d", gateway), fmt.Sprintf("http://localhost:%d", admin)
	config := fmt.Sprintf("version: 1\ngateway:\n  listen: 127.0.0.1:%d\n  admin_listen: 127.0.0.1:%d\n  upstreams: [{name: local, url: %s, dialect: openai}]\n%s", gateway, admin, model(t), strings.ReplaceAll(identity, "ADMIN", fmt.Sprint(admin)))
	path := filepath.Join(s.dir, "reeve.yaml")
	must(t, os.WriteFile(path, []byte(config), 0o600))
	cmd := exec.Command(reeve, "serve", "--config", path, "--data", filepath.Join(s.dir, "data"))
	cmd.Env = append(os.Environ(), env...)
	log, err := os.Create(filepath.Join(s.dir, "log"))
	must(t, err)
	cmd.Stdout, cmd.Stderr = log, log
	must(t, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Log(s.log())
		}
	})
	for deadline := time.Now().Add(30 * time.Second); ; {
		resp, err := http.Get(s.admin + "/healthz")
		if err == nil {
			resp.Body.Close()
			break
		}
		select {
		case <-ended:
			t.Fatalf("reeve ended: %s", s.log())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("reeve does not answer: %s", s.log())
		}
	}
	if m := regexp.MustCompile(`rv_[a-z2-7]{10}_[0-9A-Za-z]{49}`).FindString(s.log()); m != "" {
		s.key = m
	}
	return s
}

func (s *server) log() string {
	text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return string(text)
}

// cli runs a command on the server's store and returns what it prints.
func (s *server) cli(env []string, args ...string) string {
	s.t.Helper()
	cmd := exec.Command(reeve, append(args, "--data", filepath.Join(s.dir, "data"))...)
	cmd.Env = append(append(os.Environ(), "REEVE_CONFIG="+filepath.Join(s.dir, "reeve.yaml")), env...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("reeve %v: %v: %s", args, err, errs.String())
	}
	return strings.TrimSpace(string(out))
}

// do sends JSON with a bearer and returns status and answer.
func do(t *testing.T, method, url, bearer, body string) (int, map[string]any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	must(t, err)
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	fields := map[string]any{}
	_ = json.Unmarshal(text, &fields)
	return resp.StatusCode, fields
}

const prompt = `{"model":"m","messages":[{"role":"user","content":"hi"}]}`

func (s *server) chat(bearer string) int {
	s.t.Helper()
	status, _ := do(s.t, "POST", s.gateway+"/v1/chat/completions", bearer, prompt)
	return status
}
