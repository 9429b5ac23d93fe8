package model

import (
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

// kerasCarriers are classes of Keras that load something beside numbers: Python code, pickles, other models.
var kerasCarriers = map[string]struct {
	verdict Verdict
	why     string
}{
	"Lambda":             {Malicious, "a Lambda layer carries Python code"},
	"__lambda__":         {Malicious, "a function is carried as Python code"},
	"TorchModuleWrapper": {Malicious, "a layer unpickles a module of PyTorch"},
	"ModuleWrapper":      {Review, "a layer wraps a module of somebody's program"},
	"TFSMLayer":          {Review, "a layer loads another model from a path"},
	"JaxLayer":           {Review, "a layer calls functions that the loader has to be given"},
	"FlaxLayer":          {Review, "a layer calls functions that the loader has to be given"},
	"MeanMetricWrapper":  {Review, "a metric calls a function that the loader has to be given"},
	"TensorFlowOpLayer":  {Review, "a layer carries an operator of TensorFlow as a graph"},
	"TFOpLambda":         {Clean, ""},
}

// kerasObjects judges what a configuration of Keras would import: classes and functions of Keras itself are allowed, what carries
// code and what lies elsewhere is not (CVE-2024-3660, CVE-2025-1550, CVE-2025-8747, CVE-2025-9905, CVE-2025-49655). certain says that
// the configuration is one of Keras, and not just one that has the same words.
func (j *job) kerasObjects(where string, objects []kerasObject, certain bool) {
	const remedy = "do not load this model; ask for one without code of its own"
	for i := range objects {
		k := &objects[i]
		class := k.Class[strings.LastIndexByte(k.Class, '>')+1:]
		carrier, carries := kerasCarriers[class]
		switch {
		case class == "Lambda" || class == "__lambda__" || carries && certain && carrier.verdict == Malicious:
			rule := "keras-carrier"
			if strings.Contains(strings.ToLower(class), "lambda") {
				rule = "keras-lambda"
			}
			j.note(Malicious, rule, where, carrier.why, remedy)
		case !certain:
		case carries:
			if carrier.verdict != Clean {
				j.note(carrier.verdict, "keras-carrier", where, carrier.why, "have what it loads reviewed, and pin the file by its hash")
			}
		case k.Module == "":
			j.kerasLegacy(where, k, class)
		case k.Module == "builtins" || k.Module == "__builtin__":
			j.kerasBuiltin(where, k, class)
		case isKerasModule(k.Module):
			j.kerasOwn(where, k, class)
		default:
			j.kerasModule(where, k)
		}
	}
}

// kerasLegacy judges what a configuration of Keras before 3 names by its class alone.
func (j *job) kerasLegacy(where string, k *kerasObject, class string) {
	if strings.HasPrefix(class, "__") || kerasClasses[class] && class == k.Class || kerasFunctions[class] {
		return
	}
	j.customClass(where)
}

func (j *job) customClass(where string) {
	j.note(Review, "keras-custom", where, "the configuration names a class that is none of Keras", "have its code reviewed and pin the file by its hash")
}

// kerasBuiltin judges names of Python itself, under which Keras writes activations, types and its own marks.
func (j *job) kerasBuiltin(where string, k *kerasObject, class string) {
	name := class
	if class == "function" {
		name = k.Config
	}
	switch {
	case pythonRuns[name]:
		j.note(Malicious, "keras-module", where, "the configuration has the loader import "+quoteName(k.Module, name), "do not load this model")
	case class == "function" && kerasFunctions[name]:
	case strings.HasPrefix(class, "__"), class == "str", class == "int", class == "float", class == "bool", class == "list", class == "tuple", class == "dict":
	default:
		j.customClass(where)
	}
}

var pythonRuns = newSet(`exec eval compile open __import__ getattr setattr delattr globals locals vars input breakpoint help memoryview exit quit type super print system popen`)

// kerasOwn judges names of Keras itself: classes that hold numbers and the functions of networks are clean, helpers that fetch, load or run are not.
func (j *job) kerasOwn(where string, k *kerasObject, class string) {
	name := class
	if class == "function" || class == "builtin_function_or_method" || class == "type" {
		name = k.Config
	}
	part := strings.TrimPrefix(strings.TrimPrefix(k.Module, "keras.src"), "keras")
	helper := strings.Contains(part, "util") || strings.Contains(part, "saving") || strings.Contains(part, "config") || strings.Contains(part, "export") ||
		strings.Contains(part, "callbacks") || strings.Contains(part, "backend") || strings.Contains(part, "datasets") || strings.Contains(part, "wrappers") || strings.Contains(part, "legacy")
	switch {
	case kerasClasses[name] || kerasFunctions[name]:
	case kerasFetches[name], helper && !isClassName(name), name != class && !isLibraryFunction(part):
		j.note(Malicious, "keras-module", where, "the configuration calls a helper of Keras that fetches or runs something", "do not load this model")
	case isKerasLibrary(k.Module) && isClassName(name), name != class:
	default:
		j.customClass(where)
	}
}

// kerasFetches are helpers of Keras that fetch, load, unpack or switch safety off.
var kerasFetches = newSet(`get_file load_model load_weights model_from_json model_from_config model_from_yaml enable_unsafe_deserialization deserialize_keras_object func_load
	custom_object_scope load_img image_dataset_from_directory text_dataset_from_directory audio_dataset_from_directory extract_archive from_config get_custom_objects register_keras_serializable
	python_exec run_command save_model TFSMLayer ExportArchive RemoteMonitor LambdaCallback`)

// isLibraryFunction reports whether functions of this part of Keras compute on tensors.
func isLibraryFunction(part string) bool {
	for _, p := range []string{".ops", ".activations", ".losses", ".metrics", ".initializers", ".regularizers", ".constraints", ".random", ".layers"} {
		if strings.HasPrefix(part, p) {
			return true
		}
	}
	return false
}

// isKerasLibrary reports whether a module belongs to the model libraries of the Keras project.
func isKerasLibrary(module string) bool {
	top, _, _ := strings.Cut(module, ".")
	return top == "keras_hub" || top == "keras_nlp" || top == "keras_cv"
}

func (j *job) kerasModule(where string, k *kerasObject) {
	top, _, _ := strings.Cut(k.Module, ".")
	if stdlib[top] || tools[top] || hasToolPart(k.Module) || frameworks[top] && !isClassName(k.Class) || pythonRuns[k.Config] {
		j.note(Malicious, "keras-module", where, "the configuration has the loader import "+quoteName(k.Module, k.Class), "do not load this model")
		return
	}
	j.customClass(where)
}

func isKerasModule(module string) bool {
	for _, p := range []string{"keras", "keras.src", "tf_keras", "tensorflow.keras", "tensorflow.python.keras", "keras_hub", "keras_nlp", "keras_cv", "keras_core"} {
		if module == p || strings.HasPrefix(module, p+".") {
			return true
		}
	}
	return false
}

// kerasPath judges a path that a layer reads when it is built: vocabularies and models (CVE-2025-12058).
func (j *job) kerasPath(where, value string) {
	if leadsOut(value) {
		j.note(Malicious, "keras-path", where, "a layer reads a file outside of the model, or fetches one", "do not load this model")
		return
	}
	j.note(Review, "keras-path", where, "a layer reads another file when the model is loaded", "find out which, and have it reviewed")
}
