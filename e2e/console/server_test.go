//go:build e2e

package console

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
func need(t testing.TB, variable string) string {
	t.Helper()
	v := os.Getenv(variable)
	if v == "" && os.Getenv("REEVE_E2E_REQUIRE") != "" {
		t.Fatalf("%s is not set although nothing may be skipped", variable)
	}
	if v == "" {
		t.Skipf("skipped: %s is not set; e2e/console/run.sh sets it", variable)
	}
	return v
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// hostile is what the model answers: markup, a script, terminal escapes, marks that turn the direction of text, and a long line.
var hostile = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> \x1b[31mred \u202egpj.exe\u2069 " + strings.Repeat("x", 20_000)

// model is a runtime that answers every request with hostile text.
func model(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/v1/models" {
			io.WriteString(w, `{"object":"list","data":[{"id":"support-bot","object":"model"}]}`)
			return
		}
		text, _ := json.Marshal(hostile)
		fmt.Fprintf(w, `{"id":"1","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":%s},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`, text)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// server is a running reeve.
type server struct {
	t              testing.TB
	dir            string
	gateway, admin string
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

const settings = `version: 1
gateway:
  listen: 127.0.0.1:GATEWAY
  admin_listen: 127.0.0.1:ADMIN
  upstreams: [{name: local, url: MODEL, dialect: openai}]
  models:
    - {name: support-bot, upstream: local, label: internal, owner: ""}
    - {name: hr-assistant, upstream: local, upstream_model: support-bot, label: "restricted{HR}"}
identity: {public_url: 'http://localhost:ADMIN'}
`

func serve(t testing.TB) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir()}
	gateway, admin := freePort(t), freePort(t)
	s.gateway, s.admin = fmt.Sprintf("http://127.0.0.1:%d", gateway), fmt.Sprintf("http://localhost:%d", admin)
	text := strings.NewReplacer("GATEWAY", fmt.Sprint(gateway), "ADMIN", fmt.Sprint(admin), "MODEL", model(t)).Replace(settings)
	text = strings.ReplaceAll(text, `, owner: ""`, "")
	path := filepath.Join(s.dir, "reeve.yaml")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	cmd := exec.Command(reeve, "serve", "--config", path, "--data", filepath.Join(s.dir, "data"))
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
	for deadline := time.Now().Add(60 * time.Second); ; {
		resp, err := http.Get(s.admin + "/healthz")
		if err == nil {
			resp.Body.Close()
			return s
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
}

func (s *server) log() string {
	text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return string(text)
}

// cli runs a command on the server's data and returns what it prints.
func (s *server) cli(args ...string) string {
	s.t.Helper()
	cmd := exec.Command(reeve, append(args, "--data", filepath.Join(s.dir, "data"))...)
	cmd.Env = append(os.Environ(), "REEVE_CONFIG="+filepath.Join(s.dir, "reeve.yaml"))
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("reeve %v: %v: %s", args, err, errs.String())
	}
	return strings.TrimSpace(string(out))
}

// chat asks a model and returns the exchange's id.
func (s *server) chat(key, model, question string) (int, string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	body, err := json.Marshal(map[string]any{"model": model, "messages": []any{map[string]string{"role": "user", "content": question}}})
	must(s.t, err)
	r, err := http.NewRequestWithContext(ctx, "POST", s.gateway+"/v1/chat/completions", bytes.NewReader(body))
	must(s.t, err)
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	must(s.t, err)
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, resp.Header.Get("Reeve-Exchange")
}

// key makes an API key and returns its text.
func (s *server) key(args ...string) string {
	s.t.Helper()
	var made struct {
		Key string `json:"key"`
	}
	must(s.t, json.Unmarshal([]byte(s.cli(append([]string{"key", "create", "--format", "json"}, args...)...)), &made))
	return made.Key
}
