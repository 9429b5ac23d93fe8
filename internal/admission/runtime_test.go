package admission

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestOllamaNamesOfOneModel(t *testing.T) {
	for name, want := range map[string]string{
		"tiny": "registry.ollama.ai/library/tiny:latest", "TINY:Latest": "registry.ollama.ai/library/tiny:latest",
		"library/tiny": "registry.ollama.ai/library/tiny:latest", "registry.ollama.ai/library/tiny:latest": "registry.ollama.ai/library/tiny:latest",
		"https://registry.ollama.ai/library/tiny": "registry.ollama.ai/library/tiny:latest",
		"hf.co/acme/bot:Q4_0":                     "hf.co/acme/bot:q4_0", "localhost:5000/acme/bot": "localhost:5000/acme/bot:latest",
	} {
		if got := (*Ollama)(nil).Canonical(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// ollamaStore is a folder of models and the API of the Ollama that has it.
type ollamaStore struct {
	t      *testing.T
	dir    string
	mu     sync.Mutex
	tags   map[string]string // name → digest of its manifest; guarded by mu
	loaded map[string]string // the same for what is loaded; guarded by mu
}

func newOllamaStore(t *testing.T) *ollamaStore {
	return &ollamaStore{t: t, dir: t.TempDir(), tags: map[string]string{}, loaded: map[string]string{}}
}

// add lays a model of these layers into the folder.
func (o *ollamaStore) add(name string, layers ...string) (manifest string) {
	type desc struct {
		MediaType string `json:"mediaType"`
		Digest    string `json:"digest"`
		Size      int    `json:"size"`
	}
	blob := func(media, text string) desc {
		write(o.t, filepath.Join(o.dir, "blobs", "sha256-"+sumOf(text)), text)
		return desc{"application/vnd.ollama.image." + media, "sha256:" + sumOf(text), len(text)}
	}
	m := struct {
		Config desc   `json:"config"`
		Layers []desc `json:"layers"`
	}{Config: blob("config", `{"model_format":"gguf"}`)}
	for i, text := range layers {
		m.Layers = append(m.Layers, blob([]string{"model", "template", "params"}[i], text))
	}
	text, err := json.Marshal(m)
	if err != nil {
		o.t.Fatal(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tags[name] = sumOf(string(text))
	return write(o.t, filepath.Join(o.dir, "manifests", "registry.ollama.ai", "library", name, "latest"), string(text))
}

func (o *ollamaStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := func(all map[string]string) {
		var models []string
		for _, name := range sortedKeys(all) {
			models = append(models, fmt.Sprintf(`{"name":"%s:latest","digest":"%s"}`, name, all[name]))
		}
		_, _ = io.WriteString(w, `{"models":[`+strings.Join(models, ",")+`]}`)
	}
	switch r.URL.Path {
	case "/api/tags":
		list(o.tags)
	case "/api/ps":
		list(o.loaded)
	case "/api/generate":
		var q struct {
			Model string `json:"model"`
		}
		_ = json.NewDecoder(r.Body).Decode(&q)
		delete(o.loaded, strings.TrimSuffix(q.Model, ":latest"))
		_, _ = io.WriteString(w, `{"done":true,"done_reason":"unload"}`)
	default:
		http.NotFound(w, r)
	}
}

func TestOllama(t *testing.T) {
	store := newOllamaStore(t)
	manifest := store.add("bot", "weights", "template")
	r := NewOllama(fake(t, store), store.dir)
	model := r.Canonical("bot")
	files, err := r.Files(t.Context(), model)
	if err != nil || len(files) != 4 || files[0].Path != manifest || files[2].Want != sumOf("weights") {
		t.Fatalf("files %+v, %v", files, err)
	}
	g := newGate(t)
	text, err := readFile(manifest, maxManifest)
	if err != nil {
		t.Fatal(err)
	}
	g.verdict("v", nil, string(text), `{"model_format":"gguf"}`, "weights", "template")
	store.loaded["bot"] = store.tags["bot"] // before the gateway knew it
	s := newStage(t, Enforce, r, g.shelf(), func(o *Options, _ *LocalOptions) { o.Rules[0].Model = "bot" })
	refused := func() string {
		if r := s.Admit("local", "BOT:latest").Refusal(time.Now()); r != nil {
			return r.Rule
		}
		return ""
	}
	s.Round(t.Context())
	if got := refused(); got != "" || len(store.loaded) > 0 {
		t.Fatalf("rule %q; loaded from before: %v", got, store.loaded)
	}
	// A blob whose bytes are not what its name says.
	write(t, files[2].Path, "WEIGHTS")
	s.Round(t.Context())
	if got := refused(); got != RuleMismatch {
		t.Errorf("a blob was altered: %q", got)
	}
	write(t, files[2].Path, "weights")
	// The runtime knows another manifest than the one in the folder.
	store.mu.Lock()
	store.tags["bot"] = strings.Repeat("0", 64)
	store.mu.Unlock()
	s.Round(t.Context())
	if got := refused(); got != RuleMismatch {
		t.Errorf("another manifest at the runtime: %q", got)
	}
	// Another model under the name.
	store.add("bot", "other weights")
	s.Round(t.Context())
	if got := refused(); got != RuleVerdict {
		t.Errorf("another model under the name: %q", got)
	}
}

func TestOllamaManifestsThatAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "no JSON": "{", "no layers": `{"config":{"digest":"sha256:` + sumOf("c") + `"}}`,
		"a path for a digest": `{"config":{"digest":"sha256:` + sumOf("c") + `"},"layers":[{"digest":"sha256:../../etc/passwd"}]}`,
		"another algorithm":   `{"config":{"digest":"sha256:` + sumOf("c") + `"},"layers":[{"digest":"md5:00"}]}`,
		"repeated names":      `{"config":{},"config":{},"layers":[]}`,
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "manifests", "registry.ollama.ai", "library", "m", "latest"), text)
		if _, _, err := NewOllama(nil, dir).onDisk((*Ollama)(nil).Canonical("m")); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	for _, name := range []string{"../../x", "a/../b", "", "a/b/c/d/e", ".hidden", "a:../b"} {
		if _, err := NewOllama(nil, t.TempDir()).manifestPath((*Ollama)(nil).Canonical(name)); err == nil {
			t.Errorf("the name %q is taken", name)
		}
	}
	store := newOllamaStore(t)
	store.add("far", "weights")
	path := filepath.Join(store.dir, "blobs", "sha256-"+sumOf(`{"model_format":"gguf"}`))
	write(t, path, `{"remote_host":"https://example.org"}`)
	if _, _, err := NewOllama(nil, store.dir).onDisk((*Ollama)(nil).Canonical("far")); !errors.Is(err, ErrMismatch) {
		t.Errorf("a model on another host: %v", err)
	}
}

func TestLlamaCpp(t *testing.T) {
	dir := t.TempDir()
	model, lora := write(t, filepath.Join(dir, "m.gguf"), "weights"), write(t, filepath.Join(dir, "l.gguf"), "lora")
	for name, c := range map[string]struct {
		props, adapters string
		want            error
	}{
		"as configured":      {`{"model_path":"` + model + `"}`, `[{"id":0,"path":"` + lora + `","scale":1}]`, nil},
		"in a container":     {`{"model_path":"/models/m.gguf"}`, `[]`, nil},
		"another model":      {`{"model_path":"/models/other.gguf"}`, `[]`, ErrMismatch},
		"an unknown adapter": {`{"model_path":"m.gguf"}`, `[{"path":"/tmp/evil.gguf"}]`, ErrMismatch},
		"no such questions":  {"", "", nil},
		"no JSON":            {"<html>", "[]", ErrMismatch},
	} {
		client := fake(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text := map[string]string{"/props": c.props, "/lora-adapters": c.adapters}[r.URL.Path]
			if text == "" {
				http.NotFound(w, r)
				return
			}
			_, _ = io.WriteString(w, text)
		}))
		files, err := NewLlamaCpp(client, []string{model, lora}, Assumed{}).Files(t.Context(), "")
		if !errors.Is(err, c.want) || err == nil && len(files) != 2 {
			t.Errorf("%s: %v, %v", name, files, err)
		}
	}
}

func TestVLLM(t *testing.T) {
	base, lora := filepath.Join(t.TempDir(), "base"), filepath.Join(t.TempDir(), "lora")
	write(t, filepath.Join(base, "model.safetensors"), "weights")
	write(t, filepath.Join(base, "sub", "config.json"), "{}")
	write(t, filepath.Join(base, "gate.intoto.jsonl"), "statement")
	write(t, filepath.Join(lora, "adapter_model.safetensors"), "lora")
	client := fake(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"data":[{"id":"m","root":"`+base+`"},{"id":"tuned","root":"/in/container/lora","parent":"m"},{"id":"evil","root":"/tmp/evil","parent":"m"},{"id":"loop","root":"`+lora+`","parent":"loop"}]}`)
	}))
	r := NewVLLM(client, []string{base, lora}, Assumed{})
	for model, want := range map[string][]string{
		"m":     {"model.safetensors", "sub/config.json"},
		"tuned": {"base/model.safetensors", "base/sub/config.json", "lora/adapter_model.safetensors"},
		"evil":  nil, "loop": nil, "unknown": nil,
	} {
		files, err := r.Files(t.Context(), model)
		var got []string
		for _, f := range files {
			got = append(got, f.Name)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%s: %v, %v", model, got, err)
		}
	}
}

// The process of this test listens, and began before any file that it writes now.
func TestProcess(t *testing.T) {
	client := fake(t, http.NotFoundHandler())
	p := NewProcess(client.Addr())
	defer p.Close()
	f := File{Name: "w", Path: write(t, filepath.Join(t.TempDir(), "w"), "weights")}
	if err := p.LoadedAfter(t.Context(), []Measured{{File: f, Identity: lookAt(f.Path)}}); !errors.Is(err, ErrUnproven) {
		t.Errorf("a file that is younger than the process: %v", err)
	}
	old := Measured{File: f, Identity: Identity{Ctime: 1}}
	err := p.LoadedAfter(t.Context(), []Measured{old})
	if exactIdentity && err != nil {
		t.Errorf("a file that is older than the process: %v", err)
	}
	if !p.Alive() {
		t.Error("this process is alive")
	}
	if err := NewProcess("192.0.2.1:80").LoadedAfter(t.Context(), []Measured{old}); !errors.Is(err, ErrUnproven) {
		t.Errorf("another host: %v", err)
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"config":{"digest":"sha256:00"},"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:00"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "manifests", "registry.ollama.ai", "library", "m", "latest"), string(text))
		files, _, _ := NewOllama(nil, dir).onDisk((*Ollama)(nil).Canonical("m"))
		for _, file := range files {
			if !strings.HasPrefix(file.Path, dir) {
				t.Fatalf("a manifest leads to %s", file.Path)
			}
		}
	})
}
