package model_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/reeve-ai/reeve/internal/model"
)

// The samples are put together byte by byte and never loaded by anything.
const (
	opProto  = "\x80\x04"
	callsOS  = opProto + "cposix\nsystem\nX\x02\x00\x00\x00id\x85R."
	stateDic = opProto + "ccollections\nOrderedDict\n)R."
)

func scan(name string, content []byte) *model.Result {
	return model.NewScanner(model.Options{}).Reader(context.Background(), name, bytes.NewReader(content), int64(len(content)))
}

func zipped(t testing.TB, members ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: members[i], Method: zip.Store})
		if err == nil {
			_, err = w.Write([]byte(members[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarred(t testing.TB, name, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o600, Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// patched changes every occurrence of old in the last n bytes, or in all where n is 0.
func patched(b []byte, old, by string, n int) []byte {
	from := 0
	if n > 0 {
		from = len(b) - n
	}
	return append(bytes.Clone(b[:from]), bytes.ReplaceAll(b[from:], []byte(old), []byte(by))...)
}

// directory is the central directory and end record of a zip.
func directory(b []byte) int { return len(b) - bytes.Index(b, []byte("PK\x01\x02")) }

func TestMalicious(t *testing.T) {
	plain := zipped(t, "archive/data.pkl", callsOS)
	for name, content := range map[string][]byte{
		"pickle":                     []byte(callsOS),
		"protocol 0 as a text":       []byte("cos\nsystem\n(S'id'\ntR."),
		"universal resolver":         []byte(opProto + "cpkgutil\nresolve_name\nX\x09\x00\x00\x00os:system\x85R."),
		"dotted name":                []byte(opProto + "\x8c\x05torch\x8c\x09os.system\x93)R."),
		"dunder of an allowed class": []byte(opProto + "\x8c\x0bcollections\x8c\x14OrderedDict.__init__\x93)R."),
		"framework function":         []byte(opProto + "cnumpy.testing._private.utils\nrunstring\nX\x02\x00\x00\x00id\x85R."),
		"unknown code given a shell": []byte(opProto + "cmypkg.tasks\nrun\nX\x10\x00\x00\x00curl http://x.yz\x85R."),
		"after a sound pickle":       []byte(stateDic + callsOS),
		"after junk":                 []byte(stateDic + "junk\x00junk" + callsOS),
		"without STOP":               []byte(strings.TrimSuffix(callsOS, ".")),
		"torch":                      plain,
		"torch, deflated":            deflated(t, "archive/data.pkl", callsOS),
		"name only in the directory": patched(plain, "data.pkl", "data.txt", directory(plain)),
		"local name differs":         append(bytes.Replace(bytes.Clone(plain[:60]), []byte("data.pkl"), []byte("data.txt"), 1), plain[60:]...),
		"flag says encrypted":        flagged(plain, 1),
		"flag of patched data":       flagged(plain, 0x20),
		"zip in gzip":                gzipped(t, string(plain)),
		"pickle in tar in zip":       zipped(t, "a.tar", string(tarred(t, "x/y.pkl", callsOS))),
		"pickle before a zip":        append([]byte(callsOS), plain...),
		"pickle behind a zip":        append(bytes.Clone(zipped(t, "a.txt", "text")), callsOS...),
		"member that is not listed":  unlisted(t),
		"traversal":                  zipped(t, "../../evil.txt", "text"),
		"duplicate member":           zipped(t, "a/data.pkl", stateDic, "a/data.pkl", stateDic),
		"tar traversal":              tarred(t, "../evil", "x"),
		"objects in npy":             npy("'|O'", "(1,)", callsOS),
		"joblib array then a call":   []byte(joblibThenCall()),
		"lambda layer":               zipped(t, "model.weights.h5", "x", "config.json", `{"class_name":"Sequential","module":"keras","config":{"layers":[{"class_name":"Lambda","module":"keras.layers","config":{}}]}}`),
		"keras module":               zipped(t, "model.weights.h5", "x", "config.json", `{"class_name":"function","module":"os","registered_name":"x","config":"system"}`),
		"yaml tag":                   []byte("a: !!python/object/apply:os.system [id]\n"),
		"weight index":               []byte(`{"weight_map":{"a":"../../x.safetensors"}}`),
		"hydra target":               []byte(`{"model":{"_target_":"subprocess.Popen"}}`),
		"onnx external data":         onnx("../../etc/passwd"),
	} {
		t.Run(name, func(t *testing.T) {
			suffix := map[string]string{"yaml tag": ".yaml", "weight index": ".json", "hydra target": ".json"}[name]
			if r := scan("sample"+suffix, content); r.Verdict != model.Malicious {
				t.Errorf("%v (%s): %v", r.Verdict, r.Format, messages(r))
			}
		})
	}
}

func TestNeverClean(t *testing.T) {
	for name, content := range map[string]struct {
		file  string
		bytes []byte
	}{
		"unknown class":        {"m.pkl", []byte(opProto + "c__main__\nNet\n)\x81.")},
		"cut off":              {"m.pkl", []byte(stateDic[:10])},
		"nobody knows":         {"m.bin", []byte("\x01\x02\x03\x04\x05\x06\x07\x08")},
		"code":                 {"modeling.py", []byte("import torch\n")},
		"auto_map":             {"config.json", []byte(`{"auto_map":{"AutoModel":"modeling.Net"}}`)},
		"broken json":          {"config.json", []byte(`{"a":`)},
		"deep json":            {"config.json", []byte(strings.Repeat("[", 5000))},
		"program":              {"run", []byte("\x7fELF....")},
		"truncated zip":        {"m.pt", zipped(t, "a/data.pkl", stateDic)[:60]},
		"custom operators":     {"m.onnx", onnxDomain("evil.ops")},
		"safetensors overlap":  {"m.safetensors", safetensors(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3)},
		"safetensors hole":     {"m.safetensors", safetensors(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3)},
		"safetensors trailing": {"m.safetensors", safetensors(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 3)},
		"safetensors twice":    {"m.safetensors", safetensors(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 2)},
		"safetensors 2^63":     {"m.safetensors", safetensors(`{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}`, 0)},
		"gguf 2^63 values":     {"m.gguf", []byte("GGUF\x03\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x80" + "\x00\x00\x00\x00\x00\x00\x00\x80")},
		"checksum":             {"m.zip", patched(zipped(t, "a.txt", "some text"), "some", "sOme", 0)},
		"text named as pickle": {"m.pkl", []byte("hello world\n")},
	} {
		t.Run(name, func(t *testing.T) {
			if r := scan(content.file, content.bytes); r.Verdict == model.Clean {
				t.Errorf("clean (%s)", r.Format)
			}
		})
	}
}

func TestClean(t *testing.T) {
	for name, content := range map[string]struct {
		file  string
		bytes []byte
	}{
		"state dict":  {"m.pkl", []byte(stateDic)},
		"torch":       {"m.pt", zipped(t, "a/data.pkl", stateDic, "a/version", "3\n", "a/data/0", "\x00\x01\x02\x03")},
		"npy":         {"a.npy", npy("'<f4'", "(2,)", "\x00\x00\x00\x00\x00\x00\x00\x00")},
		"npz":         {"a.npz", zipped(t, "a.npy", string(npy("'<f4'", "(1,)", "\x00\x00\x00\x00")))},
		"safetensors": {"m.safetensors", safetensors(`{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"e":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}}`, 8)},
		"config":      {"config.json", []byte(`{"architectures":["LlamaForCausalLM"],"hidden_size":64}`)},
		"readme":      {"README.md", []byte("# A model\n\nimport os\n")},
		"vocabulary":  {"vocab.txt", []byte("[PAD]\n[CLS]\ncat\n")},
		"onnx":        {"m.onnx", onnxDomain("")},
	} {
		t.Run(name, func(t *testing.T) {
			if r := scan(content.file, content.bytes); r.Verdict != model.Clean {
				t.Errorf("%v (%s): %v", r.Verdict, r.Format, messages(r))
			}
		})
	}
}

func TestTemplates(t *testing.T) {
	for _, tt := range []struct {
		text string
		want model.Verdict
	}{
		{"{% for m in messages %}<|{{ m['role'] }}|>{{ m.content | trim }}{% endfor %}", model.Clean},
		{"{% set ns = namespace(found=false) %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}", model.Clean},
		{"{{ raise_exception('__system__ is not supported') }}", model.Clean},
		{"text with __class__ and {# {{ x.__class__ }} #} in a comment", model.Clean},
		{"{{ ''.__class__.__mro__ }}", model.Malicious},
		{"{{ x['__cla' ~ 'ss__'] }}", model.Malicious},
		{"{{ x['\\x5f\\x5fclass\\x5f\\x5f'] }}", model.Malicious},
		{"{{ x|attr('__class__') }}", model.Malicious},
		{"{{ lipsum.__globals__ }}", model.Malicious},
		{"{{ cycler['x'] }}", model.Malicious},
		{"{{ self._TemplateReference__context }}", model.Malicious},
		{"{% include '/etc/passwd' %}", model.Malicious},
		{"{{ joiner|attr('a') }}", model.Malicious},
		{strings.Repeat("x", 1<<20) + "{{ ''.__class__ }}", model.Malicious},
		{"{{ 'see https://example.org/login' }}", model.Review},
		{"{% if 'password reset' in m.content %}call us{% endif %}", model.Review},
	} {
		if got := scan("chat_template.jinja", []byte(tt.text)).Verdict; got != tt.want {
			t.Errorf("%.80q: %v, want %v", tt.text, got, tt.want)
		}
	}
}

func TestPins(t *testing.T) {
	content := []byte(opProto + "c__main__\nNet\n)\x81.")
	sum := scan("m.pkl", content).SHA256
	for name, tt := range map[string]struct {
		o    model.Options
		want model.Verdict
	}{
		"file":           {model.Options{Pins: map[string]bool{sum: true}}, model.Clean},
		"import":         {model.Options{Allow: map[string]bool{"__main__.Net": true}}, model.Clean},
		"something else": {model.Options{Allow: map[string]bool{"__main__.Other": true}}, model.Review},
	} {
		r := model.NewScanner(tt.o).Reader(context.Background(), "m.pkl", bytes.NewReader(content), int64(len(content)))
		if r.Verdict != tt.want {
			t.Errorf("%s: %v", name, r.Verdict)
		}
	}
	bad := []byte(callsOS)
	r := model.NewScanner(model.Options{Pins: map[string]bool{scan("x", bad).SHA256: true}, Allow: map[string]bool{"posix.system": true}}).
		Reader(context.Background(), "m.pkl", bytes.NewReader(bad), int64(len(bad)))
	if r.Verdict != model.Malicious {
		t.Errorf("what is malicious became %v by being pinned", r.Verdict)
	}
}

func deflated(t testing.TB, name, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write([]byte(content))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// flagged sets a flag in all headers of a zip.
func flagged(b []byte, flag byte) []byte {
	out := bytes.Clone(b)
	for k := range out {
		switch {
		case bytes.HasPrefix(out[k:], []byte("PK\x03\x04")):
			out[k+6] |= flag
		case bytes.HasPrefix(out[k:], []byte("PK\x01\x02")):
			out[k+8] |= flag
		}
	}
	return out
}

// unlisted is a zip with a member in front that the directory does not know.
func unlisted(t testing.TB) []byte {
	t.Helper()
	hidden := zipped(t, "hidden.pkl", callsOS)
	listed := zipped(t, "a.txt", "text")
	return append(bytes.Clone(hidden[:len(hidden)-directory(hidden)]), listed...)
}

func npy(descr, shape, data string) []byte {
	header := fmt.Sprintf("{'descr': %s, 'fortran_order': False, 'shape': %s, }", descr, shape)
	return append(binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(header))), header+data...)
}

func safetensors(header string, data int) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header+strings.Repeat("\x00", data)...)
}

func joblibThenCall() string {
	return opProto + "cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(" +
		"\x8c\x05shapeK\x04\x85\x8c\x05dtypecnumpy\ndtype\n\x8c\x02f8\x85R" + "ub" + strings.Repeat("\xff", 32) + "cposix\nsystem\n\x8c\x02id\x85R."
}

// message is a length-delimited field of a protocol buffer.
func message(field int, content string) string {
	return string(binary.AppendUvarint(nil, uint64(field<<3|2))) + string(binary.AppendUvarint(nil, uint64(len(content)))) + content
}

func onnx(location string) []byte {
	tensor := message(13, message(1, "location")+message(2, location))
	return []byte("\x08\x08" + message(7, message(5, tensor)) + message(8, "\x10\x0d"))
}

func onnxDomain(domain string) []byte {
	node := message(4, "Relu")
	if domain != "" {
		node += message(7, domain)
	}
	return []byte("\x08\x08" + message(7, message(1, node)) + message(8, "\x10\x0d"))
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(callsOS))
	f.Add(zipped(f, "a/data.pkl", stateDic))
	f.Add(npy("'|O'", "(1,)", stateDic))
	f.Add(safetensors(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 2))
	f.Add(onnx("a.bin"))
	f.Add([]byte("GGUF\x03\x00\x00\x00" + strings.Repeat("\x00", 16)))
	f.Add(gzipped(f, callsOS))
	f.Add(tarred(f, "a", stateDic))
	f.Add([]byte(`{"chat_template":"{{ x.__class__ }}"}`))
	for _, s := range seeds(f) {
		f.Add([]byte(s[1]))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		name := "sample"
		if len(b) > 0 { // names matter where nothing else tells what a file is
			name += []string{"", ".jinja", ".json", ".yaml", ".py", ".pb", ".xml", ".msgpack", ".mlmodel"}[b[len(b)-1]%9]
		}
		r := scan(name, b)
		if r.Verdict != model.Clean && len(r.Findings) == 0 {
			t.Errorf("%v without a finding", r.Verdict)
		}
	})
}
