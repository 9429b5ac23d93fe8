package model

import (
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxJSONText     = 16 << 20 // the longest string that is held
	maxJSONDepth    = 200
	maxKerasObjects = 200_000
	maxKerasPaths   = 1000
)

// json judges a JSON file of a model's folder by the members that make loaders do something. Where they stand in the file does
// not matter, and neither does its name.
func (j *job) json(where, name string, r *io.SectionReader) {
	if longest := longestString(r); longest > maxJSONText {
		j.note(Review, "json-size", where, "a text in it is too long to be read", "find out what it is")
		return
	}
	w := newJSONWalk(j, where, r)
	err := w.value("", 0)
	switch {
	case errors.Is(err, errJSONDepth):
		j.note(Review, "too-deep", where, "it is nested too deep to be read", "find out what it is")
	case err != nil && strings.HasSuffix(strings.ToLower(name), ".json"):
		j.note(Invalid, "damaged", where, "it is no sound JSON", "take the file from its source again")
	case err != nil:
		j.text(where, name, r)
	}
	w.conclude()
}

var errJSONDepth = errors.New("nested too deep")

// jsonWalk walks a JSON value in one pass and keeps next to nothing of it.
type jsonWalk struct {
	j          *job
	where      string
	d          *jsontext.Decoder
	autoMap    bool
	remote     bool
	pipelines  bool
	keras      bool
	wrong      bool // a path in a weight index leads out of the folder
	kerasFound []kerasObject
	blobs      []descriptor
	weights    map[string]string // of an index: tensor to file
	paths      []string          // of vocabularies and models that layers read
}

func newJSONWalk(j *job, where string, r *io.SectionReader) *jsonWalk {
	return &jsonWalk{j: j, where: where, d: jsontext.NewDecoder(io.NewSectionReader(r, 0, r.Size()), jsontext.AllowDuplicateNames(true))}
}

// value reads one value that stands under the given key.
func (w *jsonWalk) value(key string, depth int) error {
	if depth > maxJSONDepth {
		return errJSONDepth
	}
	t, err := w.d.ReadToken()
	if err != nil {
		return err
	}
	switch t.Kind() {
	case '{':
		return w.object(key, depth)
	case '[':
		for w.d.PeekKind() != ']' {
			if w.d.PeekKind() == 0 {
				_, err := w.d.ReadToken()
				return orEOF(err)
			}
			if err := w.value(key, depth+1); err != nil {
				return err
			}
		}
		_, err := w.d.ReadToken()
		return err
	case '"':
		w.text(key, t.String())
	case 't':
		w.remote = w.remote || key == "trust_remote_code"
	}
	return nil
}

func orEOF(err error) error {
	if err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (w *jsonWalk) object(key string, depth int) error {
	members := 0
	var k kerasObject
	var of [2]string // module and class of an object of skops
	d := descriptor{size: -1}
	for w.d.PeekKind() == '"' {
		t, err := w.d.ReadToken()
		if err != nil {
			return err
		}
		name := t.String()
		members++
		inner := name
		if key == "weight_map" || key == "auto_map" || key == "custom_objects" || isTemplateKey(key) {
			inner = key
		}
		if kind := w.d.PeekKind(); key == "weight_map" && kind == '"' || name == "digest" && kind == '"' || name == "size" && kind == '0' || (name == "__module__" || name == "__class__") && kind == '"' {
			v, err := w.d.ReadToken()
			if err != nil {
				return err
			}
			w.noted(&d, &of, key, name, v)
			continue
		}
		if w.d.PeekKind() == '"' && k.wants(name) {
			v, err := w.d.ReadToken()
			if err != nil {
				return err
			}
			k.set(name, v.String())
			w.text(inner, v.String())
			continue
		}
		if err := w.value(inner, depth+1); err != nil {
			return err
		}
	}
	switch key {
	case "auto_map", "auto_mapping":
		w.autoMap = w.autoMap || members > 0
	case "custom_pipelines":
		w.pipelines = w.pipelines || members > 0
	}
	if d.digest != "" && len(w.blobs) < maxKerasPaths {
		w.blobs = append(w.blobs, d)
	}
	if of[0] != "" && of[1] != "" {
		w.j.skopsObject(w.where, of[0], of[1])
	}
	if k.Class != "" {
		w.kerasFound = append(w.kerasFound, k)
		w.keras = w.keras || k.Module != "" || k.Registered != ""
		if len(w.kerasFound) >= maxKerasObjects {
			return errJSONDepth
		}
	}
	_, err := w.d.ReadToken()
	return err
}

// noted keeps members whose meaning lies in their neighbours.
func (w *jsonWalk) noted(d *descriptor, of *[2]string, key, name string, v jsontext.Token) {
	switch {
	case key == "weight_map":
		w.text(key, v.String())
		if w.weights == nil {
			w.weights = map[string]string{}
		}
		if len(w.weights) < maxKerasObjects {
			w.weights[name] = v.String()
		}
	case name == "digest":
		d.digest = v.String()
	case name == "size":
		if n, err := v.Float(); err == nil {
			d.size = int64(n)
		}
	case name == "__module__":
		of[0] = v.String()
	case name == "__class__":
		of[1] = v.String()
	}
}

// text judges a string under a key.
func (w *jsonWalk) text(key, value string) {
	switch marked := strings.Contains(value, "{{") || strings.Contains(value, "{%"); {
	case marked && isTemplateKey(key):
		w.j.template(within(w.where, key), value)
	case marked:
		w.j.judgeTemplate(within(w.where, key), value, Malicious) // it may be anything, and nobody may render it
	}
	switch key {
	case "org.opencontainers.image.title", "org.cncf.model.filepath": // by which clients name the files that they write
		if leadsOut(value) {
			w.j.note(Malicious, "path-traversal", w.where, "a manifest has its client write a file outside of the folder", "do not fetch this image")
		}
	case "weight_map":
		w.wrong = w.wrong || leadsOut(value)
	case "vocabulary", "filepath":
		if len(w.paths) < maxKerasPaths {
			w.paths = append(w.paths, value)
		}
	case "keras_version":
		w.keras = true
	case "function_type":
		if value == "lambda" {
			w.kerasFound = append(w.kerasFound, kerasObject{Class: "__lambda__"})
		}
	case "_target_", "target":
		if key == "_target_" || strings.Count(value, ".") > 0 && isModuleName(value) {
			w.j.target(w.where, value, key == "_target_")
		}
	}
}

// isTemplateKey reports whether tokenizers and runtimes render what stands under a key.
func isTemplateKey(key string) bool {
	return strings.HasSuffix(key, "chat_template") || strings.HasSuffix(key, "chat_templates") || key == "template" || key == "prompt_template" || key == "jinja_template"
}

func (w *jsonWalk) conclude() {
	if w.autoMap || w.remote {
		w.j.note(Review, "remote-code", w.where, "the configuration has loaders run code that comes with the model (auto_map, trust_remote_code)",
			"have the code reviewed and pin it by its hash, or use a model that needs none")
	}
	if w.pipelines {
		w.j.note(Review, "remote-code", w.where, "the configuration names pipelines of its own", "have their code reviewed and pin it by its hash")
	}
	if w.wrong {
		w.j.note(Malicious, "path-traversal", w.where, "the weight index names files outside of the folder", "do not load this model")
	}
	w.j.blobs(w.where, w.blobs)
	w.j.weightIndex(w.where, w.weights)
	w.j.kerasObjects(w.where, w.kerasFound, w.keras)
	for _, p := range w.paths {
		if w.keras {
			w.j.kerasPath(w.where, p)
		}
	}
}

// target judges what hydra and NeMo would import and call.
func (j *job) target(where, value string, certain bool) {
	module, name := value, ""
	if k := strings.LastIndexByte(value, '.'); k >= 0 {
		module, name = value[:k], value[k+1:]
	}
	top, _, _ := strings.Cut(module, ".")
	switch {
	case stdlib[top] || tools[top] || hasToolPart(module):
		j.note(Malicious, "target", where, "the configuration has a loader call "+quoteName(module, name), "do not load this model")
	case certain && !targetsKnown[top]:
		j.note(Review, "target", where, "the configuration has a loader call code of a package that is not known", "have the code behind this name reviewed")
	}
}

var targetsKnown = newSet(`nemo torch torchvision torchaudio pytorch_lightning lightning omegaconf transformers diffusers megatron modelopt ldm sgm timm keras tensorflow`)

// longestString is the length of the longest string literal in r, found without holding it.
func longestString(r *io.SectionReader) (longest int64) {
	if r.Size() <= maxJSONText {
		return r.Size()
	}
	buf := make([]byte, 256<<10)
	inside, escaped, n := false, false, int64(0)
	for at := int64(0); at < r.Size(); {
		k, err := r.ReadAt(buf, at)
		for _, c := range buf[:k] {
			switch {
			case !inside:
				inside, n = c == '"', 0
			case escaped:
				escaped = false
				n++
			case c == '\\':
				escaped = true
				n++
			case c == '"':
				inside = false
			default:
				n++
			}
			longest = max(longest, n)
		}
		if at += int64(k); err != nil || k == 0 {
			break
		}
	}
	return longest
}
