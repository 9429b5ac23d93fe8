package admission

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/upstream"
)

// Ollama is a runtime that keeps its models as manifests and blobs in a folder (OLLAMA_MODELS), in the layout of an OCI
// registry: manifests/HOST/NAMESPACE/MODEL/TAG names the blobs, blobs/sha256-HEX hold them. It reads a manifest with each
// request, and blobs when it loads a model; what it has loaded it can be told to unload.
type Ollama struct {
	client *upstream.Client
	dir    string
	wait   func(context.Context, time.Duration) error

	mu   sync.Mutex
	read map[string][]File // guarded by mu; what each manifest that was read named, by its digest
}

// maxRead bounds that memory.
const maxRead = 10_000

// NewOllama measures models in a folder such as /usr/share/ollama/.ollama/models.
func NewOllama(c *upstream.Client, dir string) *Ollama {
	return &Ollama{client: c, dir: dir, wait: sleep, read: map[string][]File{}}
}

// Limits of a manifest.
const (
	maxManifest = 1 << 20
	maxLayers   = 256
)

type manifest struct {
	Config layer   `json:"config"`
	Layers []layer `json:"layers"`
}

type layer struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

// Canonical implements Runtime. Ollama fills in host, namespace and tag, and knows names in any case.
func (*Ollama) Canonical(name string) string {
	n := strings.ToLower(strings.TrimSpace(name))
	for _, scheme := range []string{"https://", "http://"} {
		n = strings.TrimPrefix(n, scheme)
	}
	rest, tag := n, "latest"
	if i := strings.LastIndexByte(n, ':'); i > strings.LastIndexByte(n, '/') {
		rest, tag = n[:i], n[i+1:]
	}
	parts := strings.Split(rest, "/")
	switch len(parts) {
	case 1:
		parts = append([]string{"registry.ollama.ai", "library"}, parts...)
	case 2:
		parts = append([]string{"registry.ollama.ai"}, parts...)
	}
	return strings.Join(parts, "/") + ":" + tag
}

type ollamaList struct {
	Models []struct {
		Name   string `json:"name"`
		Digest string `json:"digest"`
	} `json:"models"`
}

// Models implements Runtime.
func (o *Ollama) Models(ctx context.Context) ([]string, error) {
	var list ollamaList
	if err := ask(ctx, o.client, "GET", "/api/tags", nil, &list); err != nil {
		return nil, err
	}
	var names []string
	for _, m := range list.Models {
		names = append(names, o.Canonical(m.Name))
	}
	return names, nil
}

// Files implements Runtime: the manifest and all that it names. The runtime must name the same manifest by its digest.
func (o *Ollama) Files(ctx context.Context, model string) ([]File, error) {
	files, sum, err := o.onDisk(model)
	if err != nil {
		return nil, err
	}
	var list ollamaList
	if err := ask(ctx, o.client, "GET", "/api/tags", nil, &list); err != nil {
		return nil, err
	}
	for _, m := range list.Models {
		if o.Canonical(m.Name) != model {
			continue
		}
		if strings.TrimPrefix(m.Digest, "sha256:") != sum {
			return nil, mismatch("the manifest that Ollama names has another digest than the one in %s; is that its folder of models?", o.dir)
		}
		return files, nil
	}
	return nil, mismatch("Ollama does not list a model that lies in %s; is that its folder of models?", o.dir)
}

var blobDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// onDisk reads a manifest and lists it with its blobs.
func (o *Ollama) onDisk(model string) ([]File, string, error) {
	path, err := o.manifestPath(model)
	if err != nil {
		return nil, "", err
	}
	text, err := readFile(path, maxManifest)
	if err != nil {
		return nil, "", fmt.Errorf("read manifest: %w", err)
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, "", fmt.Errorf("read manifest %s: it is no manifest", path)
	}
	if len(m.Layers) == 0 || len(m.Layers) > maxLayers {
		return nil, "", fmt.Errorf("read manifest %s: %d layers, want 1 to %d", path, len(m.Layers), maxLayers)
	}
	sum := sha256.Sum256(text)
	hexSum := hex.EncodeToString(sum[:])
	files := []File{{Name: "manifest.json", Path: path, Want: hexSum}}
	for _, l := range append([]layer{m.Config}, m.Layers...) {
		if !blobDigest.MatchString(l.Digest) {
			return nil, "", fmt.Errorf("read manifest %s: a layer has no SHA-256 digest", path)
		}
		want := strings.TrimPrefix(l.Digest, "sha256:")
		f := File{Name: layerName(l.MediaType) + "-" + want[:12], Path: filepath.Join(o.dir, "blobs", "sha256-"+want), Want: want}
		if !slices.Contains(files, f) {
			files = append(files, f)
		}
	}
	o.mu.Lock()
	if len(o.read) >= maxRead {
		clear(o.read)
	}
	o.read[hexSum] = files
	o.mu.Unlock()
	return files, hexSum, o.here(m.Config.Digest)
}

// here refuses a model whose weights are elsewhere: then no file here says what answers.
func (o *Ollama) here(config string) error {
	text, err := readFile(filepath.Join(o.dir, "blobs", strings.Replace(config, ":", "-", 1)), maxManifest)
	if err != nil {
		return fmt.Errorf("read the model's configuration: %w", err)
	}
	var c struct {
		RemoteHost  string `json:"remote_host"`
		RemoteModel string `json:"remote_model"`
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return errors.New("read the model's configuration: it is none")
	}
	if c.RemoteHost != "" || c.RemoteModel != "" {
		return mismatch("the model is served from another host")
	}
	return nil
}

// layerName is the last word of a media type such as application/vnd.ollama.image.model.
func layerName(media string) string {
	name := media[strings.LastIndexByte(media, '.')+1:]
	name, _, _ = strings.Cut(name, "+")
	if name == "" || strings.ContainsAny(name, "/\\") {
		return "layer"
	}
	return name
}

// manifestPath finds the manifest of a canonical name, in whatever case its folders are written.
func (o *Ollama) manifestPath(model string) (string, error) {
	at := strings.LastIndexByte(model, ':')
	if at < 0 {
		return "", fmt.Errorf("%q is no model's name", model)
	}
	path := filepath.Join(o.dir, "manifests")
	parts := append(strings.Split(model[:at], "/"), model[at+1:])
	if len(parts) != 4 {
		return "", fmt.Errorf("%q is no model's name", model)
	}
	for _, part := range parts {
		if part == "" || part[0] == '.' || strings.ContainsAny(part, `\/`) {
			return "", fmt.Errorf("%q is no model's name", model)
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return "", fmt.Errorf("find manifest: %w", err)
		}
		found := ""
		for _, e := range entries {
			if !strings.EqualFold(e.Name(), part) {
				continue
			}
			if found != "" {
				return "", mismatch("two models differ by the case of their letters only: %s", model)
			}
			found = e.Name()
		}
		if found == "" {
			return "", fmt.Errorf("the model %s is not in %s", model, o.dir)
		}
		path = filepath.Join(path, found)
	}
	return path, nil
}

// unloadFor is how long answers under way may take when a model is unloaded; it is looked for more and more rarely.
const (
	unloadFor   = 2 * time.Minute
	unloadFirst = 20 * time.Millisecond
	unloadLast  = 2 * time.Second
)

// Settle implements Runtime: it has Ollama unload every model that shares a blob with this one, so that it reads the files
// again with the next request.
func (o *Ollama) Settle(ctx context.Context, _ string, files []Measured) error {
	ctx, cancel := context.WithTimeout(ctx, unloadFor)
	defer cancel()
	told := map[string]bool{}
	for every := unloadFirst; ; every = min(2*every, unloadLast) {
		if every == unloadLast {
			clear(told) // somebody may have had it loaded again
		}
		loaded, err := o.sharing(ctx, files)
		if err != nil || len(loaded) == 0 {
			return err
		}
		for _, name := range loaded {
			if told[name] {
				continue
			}
			told[name] = true
			var done struct{}
			if err := ask(ctx, o.client, "POST", "/api/generate", map[string]any{"model": name, "keep_alive": 0, "stream": false}, &done); err != nil && !errors.Is(err, errNotThere) {
				return fmt.Errorf("unload %s: %w", name, err)
			}
		}
		if err := o.wait(ctx, every); err != nil {
			return fmt.Errorf("%w: Ollama does not unload the model", ErrUnproven)
		}
	}
}

// sharing lists the loaded models that hold a blob of these files, by the name that the runtime has for them.
func (o *Ollama) sharing(ctx context.Context, files []Measured) ([]string, error) {
	var running ollamaList
	if err := ask(ctx, o.client, "GET", "/api/ps", nil, &running); err != nil {
		return nil, err
	}
	ours := map[string]bool{}
	for _, f := range files {
		if strings.HasPrefix(f.Name, "model-") || strings.HasPrefix(f.Name, "adapter-") || strings.HasPrefix(f.Name, "projector-") {
			ours[f.Path] = true
		}
	}
	var names []string
	for _, m := range running.Models {
		if others, known := o.loadedFrom(m.Name, m.Digest); !known || slices.ContainsFunc(others, func(f File) bool { return ours[f.Path] }) {
			names = append(names, m.Name)
		}
	}
	return names, nil
}

// loadedFrom is what a model was loaded from, by the digest of the manifest that it had then. A name may mean another
// manifest by now: Ollama keeps what was loaded by the old one, and asks it no more unless both name the same blob.
func (o *Ollama) loadedFrom(name, digest string) ([]File, bool) {
	_, _, _ = o.onDisk(o.Canonical(name)) // it may not have been read yet; where it cannot be, it may hold anything
	o.mu.Lock()
	defer o.mu.Unlock()
	files, known := o.read[strings.TrimPrefix(digest, "sha256:")]
	return files, known
}

func readFile(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("%s has more than %d bytes", path, most)
	}
	return text, nil
}
