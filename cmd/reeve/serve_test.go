package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/config"
	"github.com/reeve-ai/reeve/policies"
)

// startServer opens a server on free ports with a runtime that always says the same, and runs it until the test ends.
func startServer(t *testing.T, change func(*settings)) (s *server, stop func()) {
	t.Helper()
	runtime := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, `{"model":"m","message":{"content":"fine"},"done":true,"done_reason":"stop"}`)
	}))
	t.Cleanup(runtime.Close)
	cfg := config.Default()
	cfg.Gateway.Listen, cfg.Gateway.AdminListen = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Gateway.Upstreams = []config.Upstream{{Name: "local", URL: runtime.URL, Dialect: "ollama"}}
	set := &settings{Config: cfg, data: t.TempDir()}
	if change != nil {
		change(set)
	}
	s, err := openServer(t.Context(), set, &lockedBuffer{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return s, stop
}

// lockedBuffer is a buffer for several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestServeLocalTLS(t *testing.T) {
	s, _ := startServer(t, func(set *settings) { set.Gateway.TLS.Mode = "local" })
	ca, err := os.ReadFile(filepath.Join(s.settings.data, "tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		t.Fatal("ca.pem holds no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	for _, url := range []string{"https://" + s.callers.Addr().String() + "/api/tags", "https://" + s.admin.Addr().String() + "/healthz"} {
		resp, err := (&http.Client{Transport: transport}).Get(url)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if want := map[bool]int{true: 200, false: 401}[strings.HasSuffix(url, "healthz")]; resp.StatusCode != want {
			t.Errorf("%s: %d", url, resp.StatusCode)
		}
	}
}

// TestInsecureIsRecorded: plaintext beyond loopback is possible by name only, and the log says so.
func TestInsecureIsRecorded(t *testing.T) {
	s, stop := startServer(t, func(set *settings) { set.Gateway.Listen, set.Gateway.Insecure = "0.0.0.0:0", true })
	stop()
	var log []byte
	names, _ := filepath.Glob(filepath.Join(s.settings.data, "custody", "wal", "*"))
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		log = append(log, b...)
	}
	if !bytes.Contains(log, []byte("listen.insecure")) {
		t.Error("listening in the clear is not on record")
	}
}

// awaitDigest waits until the policy in force is, or is not, the given one.
func awaitDigest(t *testing.T, s *server, digest string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	patience := time.NewTimer(30 * time.Second)
	defer patience.Stop()
	for s.gateway.PolicyDigest() != digest {
		select {
		case <-patience.C:
			t.Fatal("the policy does not change")
		case <-tick.C:
		}
	}
}

// TestReload: a changed policy comes into force; one with a mistake, or that fails its own examples, does not.
func TestReload(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guard.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	first := string(policies.Guard())
	write(first)
	s, _ := startServer(t, func(set *settings) { set.policy = path })
	before := s.gateway.PolicyDigest()

	second := first + "\n# a comment changes the digest\n"
	write(second)
	p, err := loadPolicy(path)
	if err != nil {
		t.Fatal(err)
	}
	awaitDigest(t, s, p.Digest())
	if p.Digest() == before {
		t.Fatal("the digest does not change with the file")
	}

	for name, bad := range map[string]string{
		"not YAML":           "rules: [",
		"unknown key":        strings.Replace(first, "action: mask", "acton: mask", 1),
		"fails its examples": strings.Replace(first, "no_match:", "no_match: [\"the forbidden phrase\", \"mail: a.b@example.org\", \"4111 1111 1111 1111\"]\n      x:", 1),
	} {
		write(bad)
		s.reload() // as SIGHUP does; the watcher may do it besides
		if got := s.gateway.PolicyDigest(); got != p.Digest() {
			t.Errorf("%s: the policy in force is %s", name, got)
		}
	}
	write(first)
	awaitDigest(t, s, before)
}

// TestNothingSecretIsLogged: neither keys nor text of an exchange appear in diagnostics.
func TestNothingSecretIsLogged(t *testing.T) {
	s, stop := startServer(t, nil)
	url := "http://" + s.callers.Addr().String()
	first := s.out.(*lockedBuffer).String()
	_, key, ok := strings.Cut(first, "shown this once: ")
	if !ok {
		t.Fatalf("no first key in %q", first)
	}
	key, _, _ = strings.Cut(key, "\n")
	for _, body := range []string{
		`{"model":"m","messages":[{"content":"canary-7731 mail: a.b@example.org"}]}`, `{"model":"canary-7731"`, `{"model":"m","messages":[],"Model":"canary-7731"}`,
	} {
		req, _ := http.NewRequest("POST", url+"/api/chat?canary-7731=1", strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+key)
		req.Header.Set("User-Agent", "canary-7731")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if strings.Contains(string(b), "canary-7731") {
			t.Errorf("the answer repeats the request: %s", b)
		}
	}
	resp, err := http.Get("http://" + s.admin.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	metrics, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	stop()
	told := strings.Replace(s.out.(*lockedBuffer).String(), key, "", 1)
	for name, text := range map[string]string{"diagnostics": told, "metrics": string(metrics)} {
		for _, secret := range []string{"canary-7731", "example.org", key} {
			if strings.Contains(text, secret) {
				t.Errorf("%s hold %q", name, secret)
			}
		}
	}
	err = filepath.WalkDir(s.settings.data, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, secret := range []string{"canary-7731", "example.org", key} {
			if bytes.Contains(b, []byte(secret)) {
				t.Errorf("%s holds %q in the clear", filepath.Base(path), secret)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The console answers on the admin listener only.
func TestConsoleListener(t *testing.T) {
	s, _ := startServer(t, nil)
	for _, path := range []string{"/console/", "/console/exchanges", "/console/static/console.css", "/auth/login", "/auth/once", "/"} {
		resp, err := http.Get("http://" + s.callers.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound && resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("the listener for callers answers %s with %s", path, resp.Status)
		}
	}
	resp, err := http.Get("http://" + s.admin.Addr().String() + "/console/static/console.css")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the admin listener answers %s", resp.Status)
	}
}
