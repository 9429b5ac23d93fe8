//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/gate"
	"github.com/reeve-ai/reeve/internal/label"
)

// assessor signs verdicts as `reeve gate` does, so that these tests are about admission alone.
type assessor struct {
	dir, policy string
	key         *attest.PrivateKey
	digest      string
}

func newAssessor(t *testing.T) *assessor {
	t.Helper()
	a := &assessor{dir: t.TempDir()}
	var err error
	if a.key, err = attest.Generate(attest.Ed25519); err != nil {
		t.Fatal(err)
	}
	writeText(t, filepath.Join(a.dir, "ci.pub"), string(a.key.Public().MarshalPEM()))
	a.policy = writeText(t, filepath.Join(a.dir, "gate.yaml"), "version: 1\nsigners:\n  - {name: ci, keys: [ci.pub], may: [gate-verdict]}\n")
	p, err := gate.Load(a.policy)
	if err != nil {
		t.Fatal(err)
	}
	a.digest = strings.TrimPrefix(p.Digest(), "sha256:")
	return a
}

func writeText(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

type servedFile struct {
	Name   string `json:"name"`
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

type servedModel struct {
	Model    string       `json:"model"`
	Standing string       `json:"standing"`
	Rule     string       `json:"rule"`
	Reason   string       `json:"reason"`
	Files    []servedFile `json:"files"`
}

// pass lays a verdict about files where the gateway looks for them.
func (a *assessor) pass(t *testing.T, name string, files []servedFile) {
	t.Helper()
	var list []attest.File
	var subjects []attest.Resource
	for _, f := range files {
		list = append(list, attest.File{Path: f.Name, SHA256: f.SHA256, Size: f.Size})
		subjects = append(subjects, attest.Resource{Name: f.Name, Digest: map[string]string{"sha256": f.SHA256}})
	}
	tree, err := attest.NewTree(list)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	v := &attest.GateVerdict{
		Origin: attest.Origin{By: attest.Who{Name: "ci"}, At: now, Tool: attest.Tool{Name: "e2e", Version: "1"}, Grade: attest.Verified},
		Target: name, Verdict: attest.Pass, Tree: tree, Expires: now.Add(time.Hour), Label: "public",
		Policy: attest.Material{Name: "gate policy", Digest: map[string]string{"sha256": a.digest}, Grade: attest.Verified},
	}
	for _, p := range gate.Packs(label.Default().Digest()) {
		v.Packs = append(v.Packs, attest.Pack{Name: p.Name, Version: p.Version})
	}
	e, err := attest.SignPredicate(v, subjects, a.key)
	if err != nil {
		t.Fatal(err)
	}
	line, err := e.MarshalLine()
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, filepath.Join(a.dir, "verdicts", name+".intoto.jsonl"), string(line))
}

// admitting is a gateway that serves attested models only.
type admitting struct{ *gateway }

func startAdmitting(t *testing.T, a *assessor, url, dialect, runtime string) *admitting {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(a.dir, "verdicts"), 0o755); err != nil {
		t.Fatal(err)
	}
	config := writeText(t, filepath.Join(a.dir, "reeve.yaml"), fmt.Sprintf(`
version: 1
gateway:
  upstreams:
    - {name: local, url: %q, dialect: %s, runtime: %s}
admission: {mode: enforce, policy: %s, verdicts: [verdicts], poll: 1s}
`, url, dialect, runtime, a.policy))
	g := &gateway{data: filepath.Join(t.TempDir(), "data")}
	g.key = g.newKey(t, "e2e")
	listen, admin := freeAddr(t), freeAddr(t)
	g.process = start(t, "reeve", "http://"+admin+"/readyz", []string{"HOME=" + t.TempDir()}, tools.reeve,
		"serve", "--data", g.data, "--listen", listen, "--admin-listen", admin, "--config", config)
	g.url = "http://" + listen
	return &admitting{g}
}

// models asks how the models stand.
func (g *admitting) models(t *testing.T) []servedModel {
	t.Helper()
	out, code := command(t, tools.reeve, "admission", "status", "--data", g.data, "--format", "json")
	if code > 1 {
		t.Fatalf("admission status: exit %d", code)
	}
	var s struct {
		Models []servedModel `json:"models"`
	}
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatal(err)
	}
	return s.Models
}

// await waits until a model stands as it is said.
func (g *admitting) await(t *testing.T, model, standing, rule string) servedModel {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		all := g.models(t)
		for _, m := range all {
			if strings.Contains(m.Model, model) && m.Standing == standing && m.Rule == rule {
				return m
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is not %s by %q within a minute: %+v", model, standing, rule, all)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// ask asks one question; it returns the status and the body.
func (g *admitting) ask(t *testing.T, path string, request object) (int, string) {
	t.Helper()
	body, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+g.key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// flip changes one byte in the middle of a file.
func flip(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, info.Size()/2); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if _, err := f.WriteAt(b, info.Size()/2); err != nil {
		t.Fatal(err)
	}
}

func TestAdmissionOllama(t *testing.T) {
	ollama := startOllama(t)
	a := newAssessor(t)
	g := startAdmitting(t, a, ollama.url, "ollama", fmt.Sprintf("{kind: ollama, models: %q}", ollama.files))
	chat := func(model string) (int, string) {
		return g.ask(t, "/api/chat", object{"model": model, "messages": user(cuePlain), "stream": false})
	}
	m := g.await(t, reciter, "refused", "admission/verdict")
	if status, text := chat(reciter); status != http.StatusForbidden || !strings.Contains(text, "admission/verdict") {
		t.Fatalf("without a verdict: %d %s", status, text)
	}
	a.pass(t, reciter, m.Files)
	g.await(t, reciter, "admitted", "")
	for _, name := range []string{reciter, reciter + ":latest", strings.ToUpper(reciter)} {
		if status, text := chat(name); status != http.StatusOK && !strings.Contains(text, "not found") {
			t.Errorf("%s, attested: %d %s", name, status, text)
		}
	}
	if status, text := chat(babbler); status != http.StatusForbidden || !strings.Contains(text, "admission/verdict") {
		t.Errorf("another model, not attested: %d %s", status, text)
	}
	if status, text := chat("nothing-of-this-name"); status != http.StatusForbidden || !strings.Contains(text, "admission/unknown") {
		t.Errorf("a model that is not there: %d %s", status, text)
	}
	// Another model takes the name: Ollama serves it at once, and the gateway does not.
	manifest, err := os.ReadFile(m.Files[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	post(t, ollama.url+"/api/copy", strings.NewReader(`{"source":"`+babbler+`","destination":"`+reciter+`"}`), http.StatusOK)
	if status, text := chat(reciter); status != http.StatusForbidden {
		t.Errorf("another model under the name: %d %s", status, text)
	}
	g.await(t, reciter, "refused", "admission/verdict")
	// The first one comes back, and one byte of its weights changes.
	writeText(t, m.Files[0].Path, string(manifest))
	g.await(t, reciter, "admitted", "")
	if status, text := chat(reciter); status != http.StatusOK {
		t.Errorf("the attested model is back: %d %s", status, text)
	}
	for _, f := range m.Files {
		if strings.HasPrefix(f.Name, "model-") {
			flip(t, f.Path)
		}
	}
	if status, text := chat(reciter); status != http.StatusForbidden || !strings.Contains(text, "admission/") {
		t.Errorf("one byte changed: %d %s", status, text)
	}
	g.await(t, reciter, "refused", "admission/mismatch")
	g.verify(t)
}

func TestAdmissionLlamaCpp(t *testing.T) {
	llama := startLlama(t)
	a := newAssessor(t)
	g := startAdmitting(t, a, llama.url, "openai", fmt.Sprintf("{kind: llamacpp, paths: [%q]}", llama.files))
	chat := object{"model": reciter, "messages": user(cuePlain), "max_tokens": 32, "temperature": 0}
	m := g.await(t, "", "refused", "admission/verdict")
	if status, text := g.ask(t, "/v1/chat/completions", chat); status != http.StatusForbidden {
		t.Fatalf("without a verdict: %d %s", status, text)
	}
	a.pass(t, reciter, m.Files)
	g.await(t, "", "admitted", "")
	if status, text := g.ask(t, "/v1/chat/completions", chat); status != http.StatusOK {
		t.Fatalf("attested: %d %s", status, text)
	}
	// The same bytes are put there anew: nobody knows whether the runtime has read those, so it must start again.
	whole, err := os.ReadFile(llama.files)
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, llama.files+".new", string(whole))
	if err := os.Rename(llama.files+".new", llama.files); err != nil {
		t.Fatal(err)
	}
	if status, text := g.ask(t, "/v1/chat/completions", chat); status != http.StatusForbidden {
		t.Errorf("replaced: %d %s", status, text)
	}
	g.await(t, "", "refused", "admission/unproven")
	flip(t, llama.files)
	g.await(t, "", "refused", "admission/unproven")
	if status, text := g.ask(t, "/v1/chat/completions", chat); status != http.StatusForbidden {
		t.Errorf("one byte changed: %d %s", status, text)
	}
	g.verify(t)
}
