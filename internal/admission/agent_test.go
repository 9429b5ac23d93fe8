package admission

import (
	"context"
	"errors"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// pair is an agent over a local source, and the gateway's end of it.
type pair struct {
	*stage
	path          string
	server        *httptest.Server
	remote        *Remote
	mu            sync.Mutex
	ahead         time.Duration // of the agent's clock; guarded by mu
	ends, another string        // folders of certificates
}

func (p *pair) clock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Add(p.ahead)
}

func newPair(t *testing.T, g *gate) *pair {
	t.Helper()
	p := &pair{path: write(t, filepath.Join(t.TempDir(), "w"), "weights"), ends: filepath.Join(t.TempDir(), "certs"), another: filepath.Join(t.TempDir(), "certs")}
	for _, dir := range []string{p.ends, p.another} {
		if err := MakeCertificates(dir, []string{"127.0.0.1"}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	local, err := NewLocal(LocalOptions{Runtime: &plain{paths: []string{p.path}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { local.Close() })
	server, err := TLS(filepath.Join(p.ends, "agent.pem"), filepath.Join(p.ends, "agent.key"), filepath.Join(p.ends, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	p.server = httptest.NewUnstartedServer(NewAgent("llamacpp", local, p.clock))
	p.server.TLS = server
	p.server.StartTLS()
	t.Cleanup(p.server.Close)
	p.remote = p.connect(t, p.ends, "llamacpp")
	s := &stage{}
	s.Controller = New(Options{Rules: []Rule{{"local", "m", Enforce}}, Upstreams: []string{"local"}, Sources: map[string]Source{"local": p.remote}, Shelf: g.shelf()})
	p.stage = s
	return p
}

func (p *pair) connect(t *testing.T, dir, kind string) *Remote {
	t.Helper()
	ends, err := TLS(filepath.Join(dir, "gateway.pem"), filepath.Join(dir, "gateway.key"), filepath.Join(p.ends, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	r := NewRemote(p.server.URL, kind, ends, nil)
	t.Cleanup(func() { r.Close() })
	return r
}

func TestAgent(t *testing.T) {
	g := newGate(t)
	g.verdict("v", nil, "weights")
	p := newPair(t, g)
	p.Round(t.Context())
	if !p.serve(func() {}) {
		t.Fatalf("attested: %q", p.rule())
	}
	if p.serve(func() { write(t, p.path, "WEIGHTS") }) {
		t.Fatal("an answer went out although the file had changed while it was made")
	}
	p.Round(t.Context())
	if got := p.rule(); got != RuleVerdict {
		t.Errorf("other bytes: %q", got)
	}
	replace(t, p.path, "weights")
	p.Round(t.Context())
	if !p.serve(func() {}) {
		t.Errorf("the right bytes are back: %q", p.rule())
	}
	p.mu.Lock()
	p.ahead = 3 * time.Minute
	p.mu.Unlock()
	if p.serve(func() {}) {
		t.Error("served although the clocks differ")
	}
	p.mu.Lock()
	p.ahead = 0
	p.mu.Unlock()
	p.server.Close()
	if p.serve(func() {}) {
		t.Error("served although the agent is gone")
	}
	p.Round(t.Context())
	if got := p.rule(); got != RuleUnread {
		t.Errorf("the agent is gone: %q", got)
	}
}

func TestAgentKnowsItsGateway(t *testing.T) {
	p := newPair(t, newGate(t))
	if _, err := p.connect(t, p.another, "llamacpp").Models(t.Context()); !errors.Is(err, ErrUnreachable) {
		t.Errorf("a certificate of another authority: %v", err)
	}
	if _, err := p.connect(t, p.ends, "ollama").Models(t.Context()); !errors.Is(err, ErrMismatch) {
		t.Errorf("another kind of runtime: %v", err)
	}
}

// Answers that wait together share questions, and each gets one that was asked after it came.
func TestConfirmationsAreShared(t *testing.T) {
	g := newGate(t)
	g.verdict("v", nil, "weights")
	p := newPair(t, g)
	p.Round(t.Context())
	m := p.Admit("local", "m").Measured
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if same, err := p.remote.Confirm(context.Background(), m); err != nil || !same {
				t.Errorf("confirm: %v %v", same, err)
			}
		})
	}
	all.Wait()
	p.remote.mu.Lock()
	defer p.remote.mu.Unlock()
	if len(p.remote.waiting) > 0 {
		t.Error("somebody still waits")
	}
}
