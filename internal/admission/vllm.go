package admission

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/reeve-ai/reeve/internal/upstream"
)

// VLLM is a runtime that has read a folder at its start and LoRA modules then or later. /v1/models names them: root is
// the folder of each, parent the model that a module is laid over.
type VLLM struct {
	client *upstream.Client
	paths  []string // the folder of the model, and those of LoRA modules
	proof  Proof
}

// NewVLLM serves the model in the first folder, with LoRA modules in the others.
func NewVLLM(c *upstream.Client, paths []string, proof Proof) *VLLM {
	return &VLLM{client: c, paths: paths, proof: proof}
}

type vllmModel struct {
	ID     string  `json:"id"`
	Root   string  `json:"root"`
	Parent *string `json:"parent"`
}

func (v *VLLM) list(ctx context.Context) ([]vllmModel, error) {
	var list struct {
		Data []vllmModel `json:"data"`
	}
	err := ask(ctx, v.client, "GET", "/v1/models", nil, &list)
	return list.Data, err
}

// Canonical implements Runtime: names are exact.
func (*VLLM) Canonical(name string) string { return name }

// Models implements Runtime.
func (v *VLLM) Models(ctx context.Context) ([]string, error) {
	list, err := v.list(ctx)
	var names []string
	for _, m := range list {
		names = append(names, m.ID)
	}
	return names, err
}

// Files implements Runtime: the folder of a model; for a LoRA module its own and that of its parent.
func (v *VLLM) Files(ctx context.Context, model string) ([]File, error) {
	list, err := v.list(ctx)
	if err != nil {
		return nil, err
	}
	var all []File
	for name, depth := model, 0; ; depth++ {
		i := slices.IndexFunc(list, func(m vllmModel) bool { return m.ID == name })
		if i < 0 || depth > 2 {
			return nil, mismatch("vLLM does not list the model, or not what it is laid over")
		}
		at, err := v.place(&list[i])
		if err != nil {
			return nil, err
		}
		files, err := fileOrFolder(at)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			if depth > 0 || list[i].Parent != nil { // two folders may hold files of one name
				f.Name = filepath.Base(at) + "/" + f.Name
			}
			all = append(all, f)
		}
		if list[i].Parent == nil || *list[i].Parent == "" {
			return all, nil
		}
		name = *list[i].Parent
	}
}

// place is the configured folder that a model's root names. The root may be the name of a repository, or a path inside of a
// container: the model itself is always in the first folder, and a module is recognised by the folder's name.
func (v *VLLM) place(m *vllmModel) (string, error) {
	for _, p := range v.paths {
		if filepath.Clean(m.Root) == p {
			return p, nil
		}
	}
	if m.Parent == nil || *m.Parent == "" {
		if len(v.paths) > 0 && (!filepath.IsAbs(m.Root) || filepath.Base(m.Root) == filepath.Base(v.paths[0])) {
			return v.paths[0], nil
		}
		return "", mismatch("vLLM serves %s", m.Root)
	}
	for _, p := range v.paths[1:] {
		if filepath.Base(p) == filepath.Base(m.Root) {
			return p, nil
		}
	}
	return "", mismatch("vLLM has loaded the adapter %s, which gateway.upstreams does not name", m.Root)
}

// Settle implements Runtime.
func (v *VLLM) Settle(ctx context.Context, _ string, files []Measured) error {
	return v.proof.LoadedAfter(ctx, files)
}
