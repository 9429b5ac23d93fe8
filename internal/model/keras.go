package model

import (
	"bytes"
	"io"
	"strings"
)

// kerasObject is what a serialised object of Keras names: a class, or a function, of a module.
type kerasObject struct{ Class, Module, Registered, Config string }

func (k *kerasObject) wants(name string) bool {
	return name == "class_name" || name == "module" || name == "registered_name" || name == "config"
}

func (k *kerasObject) set(name, value string) {
	switch name {
	case "class_name":
		k.Class = value
	case "module":
		k.Module = value
	case "registered_name":
		k.Registered = value
	case "config":
		k.Config = value
	}
}

// kerasObjects judges what a configuration of Keras would import: classes and functions of Keras itself are allowed, Lambda and
// whatever lies elsewhere is not (CVE-2024-3660, CVE-2025-1550, CVE-2025-8747).
func (j *job) kerasObjects(where string, objects []kerasObject, certain bool) {
	for _, k := range objects {
		switch {
		case k.Class == "Lambda" || k.Class == "__lambda__" || strings.HasSuffix(k.Class, ">Lambda"):
			j.note(Malicious, "keras-lambda", where, "a Lambda layer carries Python code", "do not load this model; ask for one without Lambda layers")
		case k.Module == "" || !certain:
		case k.Class == "function" && k.Module == "builtins":
			if !kerasFunctions[k.Config] {
				j.note(Malicious, "keras-module", where, "the configuration names a function that is none of Keras", "do not load this model")
			}
		case k.Module == "builtins" && strings.HasPrefix(k.Class, "__"):
		case !isKerasModule(k.Module):
			j.kerasModule(where, k)
		case strings.Contains(k.Module, "utils") && k.Class == "function" || strings.HasPrefix(k.Config, "get_file"):
			j.note(Malicious, "keras-module", where, "the configuration calls a helper of Keras that fetches or runs something", "do not load this model")
		}
	}
}

func (j *job) kerasModule(where string, k kerasObject) {
	top, _, _ := strings.Cut(k.Module, ".")
	if stdlib[top] || tools[top] || hasToolPart(k.Module) || k.Class == "function" && frameworks[top] {
		j.note(Malicious, "keras-module", where, "the configuration has the loader import "+quoteName(k.Module, k.Class), "do not load this model")
		return
	}
	j.note(Review, "keras-custom", where, "the configuration names a class that is none of Keras", "have its code reviewed and pin the file by its hash")
}

func isKerasModule(module string) bool {
	for _, p := range []string{"keras", "keras.src", "tf_keras", "tensorflow.keras", "tensorflow.python.keras", "keras_hub", "keras_nlp", "keras_cv", "keras_core"} {
		if module == p || strings.HasPrefix(module, p+".") {
			return true
		}
	}
	return false
}

// kerasFunctions are the activations, losses and metrics that Keras writes as functions.
var kerasFunctions = newSet(`relu relu6 leaky_relu elu selu gelu silu swish softmax softplus softsign sigmoid hard_sigmoid hard_silu hard_swish tanh linear exponential mish log_softmax log_sigmoid celu glu
	mean_squared_error mse mean_absolute_error mae binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy accuracy hinge huber kl_divergence poisson cosine_similarity`)

const maxHDF5Config = 16 << 20

// hdf5 looks through an HDF5 file for the configuration of a Keras model, which stands in it as one text; the tree of the format
// itself is not read, so what looks like code is for a person to see.
func (j *job) hdf5(where string, r *io.SectionReader) {
	keras, lambda := false, false
	forEachWindow(r, 1<<20, 256, func(at int64, b []byte) bool {
		for _, mark := range [][]byte{[]byte(`"class_name"`), []byte("model_config")} {
			keras = keras || bytes.Contains(b, mark)
		}
		lambda = lambda || bytes.Contains(b, []byte(`"Lambda"`)) || bytes.Contains(b, []byte(`"__lambda__"`))
		return j.ctx.Err() == nil
	})
	switch {
	case lambda && keras:
		j.note(Malicious, "keras-lambda", where, "a Lambda layer carries Python code", "do not load this model; ask for one without Lambda layers")
	case keras:
		j.hdf5Config(where, r)
	}
	j.resync(where, r, 0, true)
}

// hdf5Config reads the configurations in the file as JSON.
func (j *job) hdf5Config(where string, r *io.SectionReader) {
	forEachWindow(r, maxHDF5Config, 0, func(at int64, b []byte) bool {
		for k := 0; ; {
			next := bytes.Index(b[k:], []byte(`{"`))
			if next < 0 {
				return true
			}
			k += next
			if head := b[k:min(k+40, len(b))]; bytes.Contains(head, []byte(`"class_name"`)) || bytes.Contains(head, []byte(`"module"`)) || bytes.Contains(head, []byte(`"name"`)) {
				end := bytes.IndexByte(b[k:], 0)
				if end < 0 {
					end = len(b) - k
				}
				j.json(within(where, "model_config"), "", io.NewSectionReader(bytes.NewReader(b[k:k+end]), 0, int64(end)))
				k += end
				continue
			}
			k += 2
		}
	})
}

// forEachWindow reads r in windows that share some bytes with the one before.
func forEachWindow(r *io.SectionReader, size, shared int, see func(at int64, b []byte) bool) {
	buf := make([]byte, min(int64(size), r.Size()))
	for at := int64(0); at < r.Size(); {
		n, err := r.ReadAt(buf, at)
		if n == 0 || !see(at, buf[:n]) || err != nil {
			return
		}
		if n <= shared {
			return
		}
		at += int64(n - shared)
	}
}
