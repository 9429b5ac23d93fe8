package model

import (
	"bytes"
	"io"
	"path"
	"strings"
)

// codeSuffixes are files that a loader, a build or a person may run.
var codeSuffixes = newSet(`.py .pyw .pyx .pyi .sh .bash .zsh .bat .cmd .ps1 .js .mjs .ts .lua .rb .pl .r .jl .c .cc .cpp .cu .h .java .go .rs .ipynb .service .desktop .vbs`)

// text judges text files: code is for a person to see, templates and YAML are read, everything else is only text.
func (j *job) text(where, name string, r *io.SectionReader) {
	suffix := strings.ToLower(path.Ext(name))
	switch {
	case codeSuffixes[suffix]:
		j.note(Review, "code", where, "source code lies among the files of the model", "have it reviewed and pin the file by its hash, or take it out")
	case isTemplateName(name):
		if j.r.Format == "text" {
			j.r.Format = "jinja"
		}
		if b, ok := j.whole(where, r, maxTemplate+1); ok {
			j.template(where, string(b))
		}
	case suffix == ".yaml" || suffix == ".yml":
		j.yaml(where, r)
	case suffix == ".pkl" || suffix == ".pickle" || suffix == ".pt" || suffix == ".pth" || suffix == ".joblib" || suffix == ".npy" || suffix == ".safetensors" || suffix == ".gguf" || suffix == ".onnx" || suffix == ".h5":
		j.note(Invalid, "mislabelled", where, "the name promises a model, and the content is text", "take the file from its source again")
	}
}

// isTemplateName reports whether a file is a template by its name.
func isTemplateName(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".jinja", ".jinja2", ".j2", ".template", ".tmpl":
		return true
	case ".json":
		return false
	}
	return strings.Contains(name, "chat_template")
}

// whole reads at most limit bytes.
func (j *job) whole(where string, r *io.SectionReader, limit int64) ([]byte, bool) {
	b := make([]byte, min(limit, r.Size()))
	if _, err := r.ReadAt(b, 0); err != nil && err != io.EOF {
		j.note(Error, "unreadable", where, "the bytes cannot be read: "+readError(err), "look at the disk, and scan again")
		return nil, false
	}
	return b, true
}

// yaml looks for tags that make Python's loaders call something, and for the targets of hydra and NeMo.
func (j *job) yaml(where string, r *io.SectionReader) {
	forEachWindow(r, 1<<20, 512, func(_ int64, b []byte) bool {
		if bytes.Contains(b, []byte("!!python/")) || bytes.Contains(b, []byte("tag:yaml.org,2002:python/")) {
			j.note(Malicious, "yaml-python", where, "a tag has Python's YAML loader make an object or call a function", "do not load this model")
		}
		for line := range bytes.Lines(b) {
			line = bytes.TrimLeft(bytes.TrimSpace(line), "- ")
			if rest, ok := bytes.CutPrefix(line, []byte("_target_:")); ok {
				j.target(where, string(bytes.Trim(bytes.TrimSpace(rest), `"'`)), true)
			}
		}
		return true
	})
}
