package admission

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/upstream"
)

const testPolicy = "1111111111111111111111111111111111111111111111111111111111111111"

func write(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// replace puts another file in the place of one, as a careful program would.
func replace(t testing.TB, path, text string) {
	t.Helper()
	write(t, path+".new", text)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func sumOf(text string) string {
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:])
}

// gate signs verdicts into a folder.
type gate struct {
	t   testing.TB
	dir string
	key *attest.PrivateKey
}

func newGate(t testing.TB) *gate {
	t.Helper()
	key, err := attest.Generate(attest.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	return &gate{t, t.TempDir(), key}
}

// verdict is one about texts of files; change alters it before it is signed.
func (g *gate) verdict(name string, change func(*attest.GateVerdict), texts ...string) string {
	g.t.Helper()
	var files []attest.File
	var subjects []attest.Resource
	for i, text := range texts {
		path := "f" + string(rune('a'+i))
		files = append(files, attest.File{Path: path, SHA256: sumOf(text)})
		subjects = append(subjects, attest.Resource{Name: path, Digest: map[string]string{"sha256": sumOf(text)}})
	}
	tree, err := attest.NewTree(files)
	if err != nil {
		g.t.Fatal(err)
	}
	now := time.Now()
	v := &attest.GateVerdict{
		Origin: attest.Origin{By: attest.Who{Name: "ci"}, At: now.Add(-time.Minute), Tool: attest.Tool{Name: "reeve", Version: "test"}, Grade: "verified"},
		Target: "m", Verdict: attest.Pass, Policy: attest.Material{Name: "gate.yaml", Digest: map[string]string{"sha256": testPolicy}, Grade: "verified"},
		Tree: tree, Expires: now.Add(time.Hour),
	}
	if change != nil {
		change(v)
	}
	e, err := attest.SignPredicate(v, subjects, g.key)
	if err != nil {
		g.t.Fatal(err)
	}
	line, err := e.MarshalLine()
	if err != nil {
		g.t.Fatal(err)
	}
	return write(g.t, filepath.Join(g.dir, name+".intoto.jsonl"), string(line))
}

func (g *gate) shelf() *Shelf {
	return NewShelf([]string{g.dir}, NewVerdicts(Trust{Policy: "sha256:" + testPolicy, Keys: []*attest.PublicKey{g.key.Public()}}))
}

// plain is a runtime that serves the files at paths; loads and settles are counted.
type plain struct {
	mu      sync.Mutex
	paths   []string
	settled int
	err     error
	settle  func() // called within Settle
}

func (p *plain) Canonical(string) string                  { return "" }
func (p *plain) Models(context.Context) ([]string, error) { return []string{""}, nil }
func (p *plain) Files(context.Context, string) ([]File, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []File
	for _, path := range p.paths {
		all = append(all, File{Name: filepath.Base(path), Path: path})
	}
	return all, p.err
}

func (p *plain) Settle(context.Context, string, []Measured) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settled++
	if p.settle != nil {
		p.settle()
	}
	return nil
}

// stage is a controller over one local runtime.
type stage struct {
	*Controller
	local  *Local
	hasher *Hasher
	mu     sync.Mutex
	events []string // guarded by mu
}

func newStage(t testing.TB, mode Mode, r Runtime, shelf *Shelf, more ...func(*Options, *LocalOptions)) *stage {
	t.Helper()
	s := &stage{hasher: NewHasher(nil)}
	lo := LocalOptions{Runtime: r, Hasher: s.hasher, Changed: func() {
		if s.Controller != nil {
			s.Changed()
		}
	}}
	o := Options{
		Rules: []Rule{{"local", "m", mode}}, Upstreams: []string{"local"}, Shelf: shelf,
		Record: func(e Event) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, e.Act+" "+e.Standing.Rule)
			return nil
		},
	}
	for _, f := range more {
		f(&o, &lo)
	}
	ready := make(chan struct{})
	changed := lo.Changed
	lo.Changed = func() { <-ready; changed() }
	var err error
	if s.local, err = NewLocal(lo); err != nil {
		t.Fatal(err)
	}
	o.Sources = map[string]Source{"local": s.local}
	s.Controller = New(o)
	close(ready)
	t.Cleanup(func() { _ = s.local.Close() }) // a test may have closed it
	return s
}

func (s *stage) recorded() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// rule is what a request for the model meets: "" where it is served.
func (s *stage) rule() string {
	if r := s.Admit("local", "m").Refusal(time.Now()); r != nil {
		return r.Rule
	}
	return ""
}

// serve is one request: it is asked before and after work, which stands for the runtime. It reports whether an answer goes out.
func (s *stage) serve(work func()) bool {
	st := s.Admit("local", "m")
	if st.Refusal(time.Now()) != nil {
		return false
	}
	work()
	return st.Confirm(context.Background(), time.Now()) == nil
}

// fake is a runtime's API: answers by path.
func fake(t testing.TB, h http.Handler) *upstream.Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	c, err := upstream.NewClient(upstream.Options{URL: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
