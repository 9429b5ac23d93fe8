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
		if strings.HasPrefix(suffix, ".py") {
			j.source(where, r)
		}
	case isTemplateName(name):
		if j.r.Format == "text" {
			j.r.Format = "jinja"
		}
		if b, ok := j.whole(where, r, maxTemplate+1); ok {
			j.template(where, string(b))
		}
	case suffix == ".yaml" || suffix == ".yml" || name == "MLmodel":
		j.yaml(where, r)
	case suffix == ".xml" || suffix == ".pmml" || startsWith(r, "<?xml"):
		j.xml(where, r)
	case startsWith(r, "%PDF-"):
	case modelSuffixes[suffix]:
		j.note(Invalid, "mislabelled", where, "the name promises a model, and the content is text", "take the file from its source again")
	}
}

// modelSuffixes are endings of names that promise a model.
var modelSuffixes = newSet(`.pkl .pickle .pt .pth .ckpt .joblib .npy .npz .safetensors .gguf .onnx .h5 .hdf5 .keras .tflite`)

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
		if bytes.Contains(b, []byte("{{")) || bytes.Contains(b, []byte("{%")) {
			j.judgeTemplate(where, string(b), Malicious) // templates may go over many lines
		}
		for line := range bytes.Lines(b) {
			line = bytes.TrimLeft(bytes.TrimSpace(line), "- ")
			j.yamlLine(where, line)
		}
		return true
	})
}

func startsWith(r *io.SectionReader, prefix string) bool {
	b := make([]byte, len(prefix))
	n, _ := r.ReadAt(b, 0)
	return string(b[:n]) == prefix
}

// yamlLine judges one line: targets of hydra and NeMo, modules that MLflow imports to load a model, and templates.
func (j *job) yamlLine(where string, line []byte) {
	key, value, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return
	}
	text := string(bytes.Trim(bytes.TrimSpace(value), `"'`))
	switch key := string(bytes.Trim(bytes.TrimSpace(key), `"'`)); {
	case key == "_target_":
		j.target(where, text, true)
	case key == "loader_module" && !strings.HasPrefix(text, "mlflow."):
		if top, _, _ := strings.Cut(text, "."); stdlib[top] || tools[top] {
			j.note(Malicious, "loader-module", where, "the model is loaded by "+quoteName(text, "")+", which runs code", "do not load this model")
			return
		}
		j.note(Review, "loader-module", where, "the model is loaded by code that comes with it", "have the code reviewed and pin it by its hash")
	case strings.Contains(text, "{{") || strings.Contains(text, "{%"):
		least := Malicious
		if isTemplateKey(key) {
			least = Review
		}
		j.judgeTemplate(within(where, key), text, least)
	}
}
