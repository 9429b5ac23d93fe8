package aibom

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/model"
)

// Grade says how sure a claim is.
type Grade string

// The grades of the package comment.
const (
	Declared Grade = "declared"
	Inferred Grade = "inferred"
	Verified Grade = "verified"
)

// Claim is a value with its grade and where it stands.
type Claim struct {
	Value string
	Grade Grade
	From  string // such as "README.md" or "model.gguf"
}

// File is one file of a model.
type File struct {
	Path   string // slash-separated, relative to the model
	Size   int64
	SHA256 string
	Format string // by its content
}

// Facts are what a model says and shows of itself.
type Facts struct {
	Files  []File
	Root   string             // SHA-256 over the digests of all files in order, as OpenSSF Model Signing has it
	Claims map[string]Claim   // by name; see the constants below
	Lists  map[string][]Claim // several values: "dataset", "base_model", "language", "tag", "author", "metric"
}

// limits of what is read of a text file.
const (
	maxCard   = 4 << 20
	maxConfig = 16 << 20
)

// Collect reads a model: a folder or one file.
func Collect(ctx context.Context, path string) (*Facts, error) {
	f := &Facts{Claims: map[string]Claim{}, Lists: map[string][]Claim{}}
	root := path
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	if !info.IsDir() {
		root = filepath.Dir(path)
	}
	err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case d.IsDir() && p != path && d.Name() == ".git":
			return fs.SkipDir
		case !d.Type().IsRegular() || p != path && beside(d.Name()):
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		return f.file(p, filepath.ToSlash(rel))
	})
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	if len(f.Files) == 0 {
		return nil, errors.New("read model: there is no file")
	}
	slices.SortFunc(f.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	f.weak("name", strings.TrimSuffix(filepath.Base(abs), filepath.Ext(abs)), Inferred, "file name")
	return f, f.root()
}

// beside reports whether a file lies beside the model and is none of its parts: what is said and signed about it.
func beside(name string) bool {
	return strings.HasSuffix(name, ".intoto.jsonl") || name == "model.sig"
}

// claim notes a value, unless one of at least the same weight is there. Files are read in lexical order.
func (f *Facts) claim(name, value string, g Grade, from string) {
	value = strings.TrimSpace(value)
	if value == "" || strings.EqualFold(value, "unknown") {
		return
	}
	if old, known := f.Claims[name]; !known || old.Grade == Inferred && g != Inferred {
		f.Claims[name] = Claim{value, g, from}
	}
}

// weak notes a value only where there is none.
func (f *Facts) weak(name, value string, g Grade, from string) {
	if _, known := f.Claims[name]; !known {
		f.claim(name, value, g, from)
	}
}

func (f *Facts) list(name, value string, g Grade, from string) {
	value = strings.TrimSpace(value)
	if value == "" || len(f.Lists[name]) >= 1000 || slices.ContainsFunc(f.Lists[name], func(c Claim) bool { return c.Value == value }) {
		return
	}
	f.Lists[name] = append(f.Lists[name], Claim{value, g, from})
}

// file reads one file: its digest, and what it says by what it is.
func (f *Facts) file(path, rel string) error {
	r, err := os.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return err
	}
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return err
	}
	entry := File{Path: rel, Size: info.Size(), SHA256: hex.EncodeToString(h.Sum(nil))}
	section := io.NewSectionReader(r, 0, info.Size())
	entry.Format = f.content(rel, section)
	f.Files = append(f.Files, entry)
	return nil
}

// content reads what a file says, and returns its format.
func (f *Facts) content(rel string, r *io.SectionReader) string {
	base := strings.ToLower(filepath.Base(rel))
	var magic [8]byte
	_, _ = r.ReadAt(magic[:], 0)
	switch {
	case string(magic[:4]) == "GGUF":
		f.gguf(rel, r)
		return "gguf"
	case strings.HasSuffix(base, ".safetensors"):
		f.safetensors(rel, r)
		return "safetensors"
	case base == "config.json" || base == "adapter_config.json" || base == "tokenizer_config.json" || base == "generation_config.json":
		f.config(base, rel, r)
		return "json"
	case base == "readme.md" || base == "model_card.md" || base == "modelcard.md":
		if b, err := whole(r, maxCard); err == nil {
			f.card(rel, string(b))
		}
		return "text"
	case base == "tokenizer.json" || base == "tokenizer.model":
		f.digestClaim("tokenizer_sha256", rel, r)
	case strings.HasPrefix(base, "licen") || base == "copying":
		if b, err := whole(r, maxCard); err == nil {
			f.licenceText(rel, b)
		}
	}
	return strings.TrimPrefix(filepath.Ext(base), ".")
}

func (f *Facts) digestClaim(name, rel string, r *io.SectionReader) {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(r, 0, r.Size())); err == nil {
		f.claim(name, hex.EncodeToString(h.Sum(nil)), Verified, rel)
	}
}

func whole(r *io.SectionReader, limit int64) ([]byte, error) {
	if r.Size() > limit {
		return nil, fmt.Errorf("more than %d bytes", limit)
	}
	return io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
}

// root is the digest over the digests of all files.
func (f *Facts) root() error {
	h := sha256.New()
	for _, file := range f.Files {
		b, err := hex.DecodeString(file.SHA256)
		if err != nil {
			return err
		}
		h.Write(b)
	}
	f.Root = hex.EncodeToString(h.Sum(nil))
	return nil
}

// gguf reads the header of a GGUF file (ggml, docs/gguf.md).
func (f *Facts) gguf(rel string, r *io.SectionReader) {
	g, err := model.ReadGGUF(r)
	if g == nil || err != nil {
		return
	}
	text := func(key string) string {
		switch v := g.Values[key].(type) {
		case string:
			return v
		case int64:
			return strconv.FormatInt(v, 10)
		}
		return ""
	}
	for claim, key := range map[string]string{
		"name": "general.name", "version": "general.version", "author": "general.author", "organization": "general.organization", "description": "general.description",
		"licence": "general.license", "licence_link": "general.license.link", "url": "general.repo_url", "website": "general.url", "vcs": "general.source.repo_url", "doi": "general.doi", "size_label": "general.size_label", "finetune": "general.finetune",
	} {
		f.claim(claim, text(key), Declared, rel)
	}
	arch := text("general.architecture")
	f.claim("architecture", arch, Inferred, rel)
	for claim, key := range map[string]string{
		"context_length": arch + ".context_length", "embedding_length": arch + ".embedding_length", "block_count": arch + ".block_count",
		"attention_head_count": arch + ".attention.head_count", "attention_head_count_kv": arch + ".attention.head_count_kv", "rope_dimension_count": arch + ".rope.dimension_count", "feed_forward_length": arch + ".feed_forward_length", "expert_count": arch + ".expert_count", "tokenizer_class": "tokenizer.ggml.model",
		"quantization_version": "general.quantization_version", "file_type": "general.file_type",
	} {
		f.claim(claim, text(key), Inferred, rel)
	}
	f.claim("parameters", strconv.FormatUint(g.Params, 10), Inferred, rel)
	f.claim("quantisation", model.GGUFTypeNames(g.Types), Inferred, rel)
	if t := text("tokenizer.chat_template"); t != "" {
		sum := sha256.Sum256([]byte(t))
		f.claim("chat_template_sha256", hex.EncodeToString(sum[:]), Verified, rel)
	}
	if list, ok := g.Values["general.datasets"].([]string); ok {
		for _, d := range list {
			f.list("dataset", d, Declared, rel)
		}
	}
	if list, ok := g.Values["general.languages"].([]string); ok {
		for _, l := range list {
			f.list("language", l, Declared, rel)
		}
	}
	if n, ok := g.Values["general.base_model.count"].(int64); ok {
		for i := range min(n, 100) {
			prefix := fmt.Sprintf("general.base_model.%d.", i)
			for _, key := range []string{"repo_url", "url", "name"} {
				if v := text(prefix + key); v != "" {
					f.list("base_model", v, Declared, rel)
					break
				}
			}
		}
	}
}

// safetensors reads what the header of a safetensors file shows: types and the number of parameters.
func (f *Facts) safetensors(rel string, r *io.SectionReader) {
	s, err := model.ReadSafetensors(r)
	if err != nil {
		return
	}
	total := s.Params
	if old, known := f.Claims["parameters"]; known && old.Grade == Inferred && strings.HasSuffix(old.From, ".safetensors") {
		if n, err := strconv.ParseUint(old.Value, 10, 64); err == nil { // a shard of several
			total += n
		}
	}
	f.Claims["parameters"] = Claim{strconv.FormatUint(total, 10), Inferred, rel}
	f.claim("precision", strings.Join(s.Types, ","), Inferred, rel)
}

// config reads the configuration files of a model hub's folder.
func (f *Facts) config(base, rel string, r *io.SectionReader) {
	b, err := whole(r, maxConfig)
	if err != nil {
		return
	}
	var m map[string]any
	if json.Unmarshal(b, &m) != nil {
		return
	}
	text := func(key string) string {
		switch v := m[key].(type) {
		case string:
			return v
		case float64:
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
		return ""
	}
	switch base {
	case "config.json":
		f.claim("architecture", text("model_type"), Inferred, rel)
		if list, ok := m["architectures"].([]any); ok && len(list) > 0 {
			if s, ok := list[0].(string); ok {
				f.claim("model_class", s, Inferred, rel)
			}
		}
		if q, ok := m["quantization_config"].(map[string]any); ok {
			f.claim("quantisation", strings.TrimSpace(oneText(q["quant_method"])+" "+oneText(q["bits"])), Inferred, rel)
		}
		for claim, key := range map[string]string{
			"vocab_size": "vocab_size", "context_length": "max_position_embeddings", "embedding_length": "hidden_size", "block_count": "num_hidden_layers",
			"attention_head_count": "num_attention_heads", "attention_head_count_kv": "num_key_value_heads", "feed_forward_length": "intermediate_size", "precision": "torch_dtype", "framework": "transformers_version",
		} {
			f.claim(claim, text(key), Inferred, rel)
		}
	case "adapter_config.json":
		f.list("base_model", text("base_model_name_or_path"), Declared, rel)
		f.claim("adapter", text("peft_type"), Inferred, rel)
	case "tokenizer_config.json":
		f.claim("tokenizer_class", text("tokenizer_class"), Inferred, rel)
		if t := text("chat_template"); t != "" {
			sum := sha256.Sum256([]byte(t))
			f.claim("chat_template_sha256", hex.EncodeToString(sum[:]), Verified, rel)
		}
	}
}
