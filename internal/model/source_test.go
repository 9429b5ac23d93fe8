package model_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/reeve-ai/reeve/internal/model"
)

func TestSource(t *testing.T) {
	for code, want := range map[string]model.Verdict{
		"import torch\nclass Net(torch.nn.Module):\n    def forward(self, x):\n        return x\n": model.Review,
		"import os\nos.system('id')\n":                                                             model.Malicious,
		"import os; os.system('id')\n":                                                             model.Malicious,
		"x = (1,\n  __import__('os').system('id'))\n":                                              model.Malicious,
		"import subprocess\nsubprocess.run(['id'])\n":                                              model.Malicious,
		"def f():\n    exec(base64.b64decode('aWQ='))\n":                                           model.Malicious,
		"def f():\n    import subprocess\n    subprocess.run(['nvcc'])\n":                          model.Review,
		"'''\nos.system('id')\n'''\n# os.system('id')\ntext = \"os.system('id')\"\nmodel.eval()\n": model.Review,
		"if __name__ == '__main__':\n    import os\n    os.system('id')\n":                         model.Review,
		"eval('1')\n": model.Malicious,
		"class Net(Module):\n  __torch__ = 1\n  def forward(self, x):\n    return ops.aten.from_file('/etc/passwd')\n": model.Malicious,
	} {
		if r := scan("modeling_net.py", []byte(code)); r.Verdict != want {
			t.Errorf("%q: %v, want %v: %v", code, r.Verdict, want, messages(r))
		}
	}
	if r := scan("notebook.ipynb", []byte(`{"cells":[]}`)); r.Verdict != model.Review {
		t.Errorf("notebook: %v", r.Verdict)
	}
}

func TestTensorFlow(t *testing.T) {
	node := func(op string) string { return message(1, message(1, "n")+message(2, op)) }
	saved := func(op, asset string) []byte {
		graph := message(2, node("Const")+node(op))
		if asset != "" {
			graph += message(6, message(2, asset))
		}
		return []byte("\x08\x01" + message(2, graph))
	}
	metadata := func(class string) []byte {
		return []byte(message(1, "\x10\x00"+message(3, "root")+message(4, "_tf_keras_layer")+message(5, `{"name":"x","class_name":"`+class+`","config":{}}`)))
	}
	table := strings.Repeat("\x00", 48) + string(binary.LittleEndian.AppendUint64(nil, 0xdb4775248b80fb57))
	for _, tt := range []struct {
		name, file string
		content    []byte
		want       model.Verdict
	}{
		{"saved model", "saved_model.pb", saved("MatMul", "vocab.txt"), model.Clean},
		{"Python", "saved_model.pb", saved("PyFunc", ""), model.Malicious},
		{"reads files", "saved_model.pb", saved("ReadFile", ""), model.Malicious},
		{"writes files", "x.bin", saved("WriteFile", ""), model.Malicious},
		{"own operators", "saved_model.pb", saved("Evil>Op", ""), model.Review},
		{"asset outside", "saved_model.pb", saved("MatMul", "../../etc/passwd"), model.Malicious},
		{"frozen graph", "frozen.pb", []byte(node("Const") + node("MatMul")), model.Clean},
		{"frozen graph with Python", "frozen.pb", []byte(node("Const") + node("EagerPyFunc")), model.Malicious},
		{"metadata", "keras_metadata.pb", metadata("Dense"), model.Clean},
		{"metadata with Lambda", "keras_metadata.pb", metadata("Lambda"), model.Malicious},
		{"no model", "saved_model.pb", []byte("\x0a\x01\x02\xff\xff"), model.Invalid},
		{"index", "variables.index", []byte(table), model.Clean},
		{"tensors without an index", "variables.data-00000-of-00001", []byte("\x01\x02\x03\x00\x80\x81\x82\x83\x84"), model.Review},
		{"flex operator", "m.tflite", tflite("FlexReadFile"), model.Malicious},
		{"custom operator", "m.tflite", tflite("MyOp"), model.Review},
		{"no custom operator", "m.tflite", tflite(""), model.Clean},
		{"pieces", "tokenizer.model", []byte(message(1, message(1, "<unk>")+"\x15\x00\x00\x00\x00\x18\x02") + message(2, "\x18\x01")), model.Clean},
		{"message pack", "flax_model.msgpack", []byte("\x82\xa1a\x93\x01\x02\xc4\x03abc\xa1b\xca\x00\x00\x00\x00"), model.Clean},
		{"message pack and more", "flax_model.msgpack", []byte("\x82\xa1a\x01\xa1b\x02" + "\x80\x81"), model.Review},
	} {
		if r := scan(tt.file, tt.content); r.Verdict != tt.want {
			t.Errorf("%s: %v (%s), want %v: %v", tt.name, r.Verdict, r.Format, tt.want, messages(r))
		}
	}
}

// tflite is a model with one operator code, whose custom code is given.
func tflite(custom string) []byte {
	le := binary.LittleEndian
	b := []byte("\x00\x00\x00\x00TFL3")
	// vtable of Model: size 8, table 12, field 0 missing, field 1 at 4
	b = le.AppendUint16(le.AppendUint16(le.AppendUint16(le.AppendUint16(b, 8), 12), 0), 4)
	le.PutUint32(b, uint32(len(b)))
	root := len(b)
	b = le.AppendUint32(b, uint32(root-8))         // to the vtable
	b = le.AppendUint32(b, 8)                      // to the vector
	b = le.AppendUint32(b, 0)                      // padding
	b = le.AppendUint32(le.AppendUint32(b, 1), 12) // one element, 12 bytes on
	vtable := len(b)
	b = le.AppendUint16(le.AppendUint16(le.AppendUint16(le.AppendUint16(b, 8), 8), 0), 4)
	table := len(b)
	b = le.AppendUint32(b, uint32(table-vtable))
	b = le.AppendUint32(b, 4)
	return append(le.AppendUint32(b, uint32(len(custom))), custom+"\x00"...)
}
