//go:build onnx

package onnx

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/internal/inspect"
)

var _ inspect.Tagger = (*Tagger)(nil)

// field writes a protobuf field of bytes, number a field of a number.
func field(n int, b []byte) []byte {
	return append(binary.AppendUvarint(binary.AppendUvarint(nil, uint64(n)<<3|2), uint64(len(b))), b...)
}

func number(n int, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(n)<<3), v)
}

func join(parts ...[]byte) (out []byte) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func floats(name string, rows, columns int, data ...float32) []byte {
	var raw []byte
	for _, v := range data {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return field(5, join(number(1, uint64(rows)), number(1, uint64(columns)), number(2, 1), field(8, []byte(name)), field(9, raw)))
}

func step(op, out string, in ...string) []byte {
	var b []byte
	for _, name := range in {
		b = append(b, field(1, []byte(name))...)
	}
	return field(1, join(b, field(2, []byte(out)), field(4, []byte(op))))
}

// tiny is a model that knows four words: Gather → MatMul → Add → Softmax.
func tiny(last string) []byte {
	return field(7, join(
		step("Gather", "e", "table", "input_ids"), step("MatMul", "m", "e", "weights"), step("Add", "a", "m", "shift"), step(last, "p", "a"),
		floats("table", 4, 3 /* [UNK] */, 1, 0, 0 /* kate */, 0, 1, 0 /* smith */, 0, 0, 1 /* ##son */, 0, 0, 1),
		floats("weights", 3, 3, 5, 0, 0, 0, 5, 0, 0, 0, 5),
		floats("shift", 1, 3, 0.1, 0, 0),
		field(11, field(1, []byte("input_ids"))), field(12, field(1, []byte("p"))),
	))
}

func options() Options {
	return Options{Model: tiny("Softmax"), Vocabulary: []string{"[UNK]", "kate", "smith", "##son"}, Labels: []string{"O", "B-PER", "I-PER"}}
}

func TestTag(t *testing.T) {
	tagger, err := New(options())
	if err != nil {
		t.Fatal(err)
	}
	text := "Then Kate Smith (Kate) left. Smithson stayed.\nKate"
	var got []string
	for _, m := range tagger.Tag(nil, []byte(text)) {
		got = append(got, string(tagger.RuleAt(m.Rule).Kind)+" "+text[m.Start:m.End])
		if m.Score < 0.5 || m.Score > 1 {
			t.Errorf("score %v", m.Score)
		}
	}
	want := []string{"PERSON Kate Smith", "PERSON Kate", "PERSON Smithson", "PERSON Kate"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no model":         func(o *Options) { o.Model = nil },
		"cut":              func(o *Options) { o.Model = o.Model[:len(o.Model)/2] },
		"unknown operator": func(o *Options) { o.Model = tiny("Attention") },
		"too few labels":   func(o *Options) { o.Labels = o.Labels[:2] },
	} {
		o := options()
		change(&o)
		if _, err := New(o); !errors.Is(err, ErrModel) {
			t.Errorf("%s: %v", name, err)
		}
	}
	o := options()
	o.Vocabulary[0] = "the"
	if _, err := New(o); err == nil {
		t.Error("a vocabulary without [UNK] was taken")
	}
}

func FuzzModel(f *testing.F) {
	f.Add(tiny("Softmax"))
	f.Add([]byte{0x3a, 0x00})
	f.Fuzz(func(t *testing.T, b []byte) {
		o := options()
		o.Model = b
		tagger, err := New(o)
		if err != nil {
			return
		}
		var _ []detect.Match = tagger.Tag(nil, []byte("Then Kate left."))
	})
}
