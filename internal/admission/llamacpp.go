package admission

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/reeve-ai/reeve/internal/upstream"
)

// LlamaCpp is llama.cpp's server, or one that embeds it: it serves one model under whatever name it is asked for, and has
// read its files at its start.
type LlamaCpp struct {
	client *upstream.Client
	paths  []string // the model's files first; LoRA files after it
	proof  Proof
}

// NewLlamaCpp serves the files at paths: the GGUF file, or all parts of it, and the LoRA files.
func NewLlamaCpp(c *upstream.Client, paths []string, proof Proof) *LlamaCpp {
	return &LlamaCpp{client: c, paths: paths, proof: proof}
}

// Canonical implements Runtime.
func (*LlamaCpp) Canonical(string) string { return "" }

// Models implements Runtime.
func (*LlamaCpp) Models(context.Context) ([]string, error) { return []string{""}, nil }

// Files implements Runtime. /props and /lora-adapters are asked, which cost the server nothing; servers that embed
// llama.cpp do not have them, and some of them break off an answer under way when they are asked anything else.
func (l *LlamaCpp) Files(ctx context.Context, _ string) ([]File, error) {
	var files []File
	for _, p := range l.paths {
		f, err := fileOrFolder(p)
		if err != nil {
			return nil, err
		}
		files = append(files, f...)
	}
	var props struct {
		ModelPath string `json:"model_path"`
	}
	err := ask(ctx, l.client, "GET", "/props", nil, &props)
	if errors.Is(err, errNotThere) {
		return files, nil
	}
	if err != nil {
		return nil, err
	}
	if props.ModelPath != "" && !listed(files, props.ModelPath) {
		return nil, mismatch("llama.cpp says that it has loaded %s", props.ModelPath)
	}
	var adapters []struct {
		Path string `json:"path"`
	}
	err = ask(ctx, l.client, "GET", "/lora-adapters", nil, &adapters)
	if err != nil && !errors.Is(err, errNotThere) {
		return nil, err
	}
	for _, a := range adapters {
		if !listed(files, a.Path) {
			return nil, mismatch("llama.cpp says that it has loaded the adapter %s", a.Path)
		}
	}
	return files, nil
}

// listed reports whether a path that a runtime names is one of these files. A relative path is relative to a folder that is
// not known here, and a container has other folders: then the names must agree.
func listed(files []File, path string) bool {
	for _, f := range files {
		if f.Path == filepath.Clean(path) || filepath.Base(f.Path) == filepath.Base(path) {
			return true
		}
	}
	return false
}

// Settle implements Runtime.
func (l *LlamaCpp) Settle(ctx context.Context, _ string, files []Measured) error {
	return l.proof.LoadedAfter(ctx, files)
}
