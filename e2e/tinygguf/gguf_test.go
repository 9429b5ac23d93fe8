package tinygguf

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// file is what the test reads back: enough of the format to see that a reader finds every tensor where the head says.
type file struct {
	Keys    []string
	Tensors []string
	DataEnd uint64 // end of the last tensor, relative to the data section
	Rest    int    // bytes from the data section's start to the end of the file
}

func TestWriteIsReadBack(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, Model{}); err != nil {
		t.Fatal(err)
	}
	f := read(t, b.Bytes())
	if len(f.Keys) != 23 || len(f.Tensors) != 21 {
		t.Errorf("%d keys and %d tensors, want 23 and 21", len(f.Keys), len(f.Tensors))
	}
	if f.DataEnd != uint64(f.Rest) {
		t.Errorf("tensors end at %d of %d bytes", f.DataEnd, f.Rest)
	}
	if f.Tensors[0] != "token_embd.weight" || f.Tensors[1] != "blk.0.attn_norm.weight" {
		t.Errorf("tensors begin with %v", f.Tensors[:2])
	}
}

func TestWriteIsDeterministic(t *testing.T) {
	one, two, other := encode(t, Model{Seed: 3}), encode(t, Model{Seed: 3}), encode(t, Model{Seed: 4})
	if !bytes.Equal(one, two) {
		t.Error("the same model gave different bytes")
	}
	if bytes.Equal(one, other) {
		t.Error("another seed gave the same bytes")
	}
}

func TestWithout(t *testing.T) {
	whole := read(t, encode(t, Model{}))
	for _, name := range []string{"llama.block_count", "tokenizer.ggml.tokens", "blk.1.ffn_up.weight"} {
		f := read(t, encode(t, Model{Without: name}))
		if n := len(whole.Keys) + len(whole.Tensors) - len(f.Keys) - len(f.Tensors); n != 1 {
			t.Errorf("without %s: %d entries are missing, want 1", name, n)
		}
		if strings.Contains(strings.Join(append(f.Keys, f.Tensors...), " "), name) {
			t.Errorf("%s is still there", name)
		}
	}
}

// A reciting model is followed by hand: the best successor of each token in a script must be the next one.
func TestRecitingHead(t *testing.T) {
	scripts := []Script{{'1', []string{" one", " two", " three"}}, {'2', []string{" four", "five", " six."}}}
	v, err := newVocabulary(scripts)
	if err != nil {
		t.Fatal(err)
	}
	ts := tensors(Model{Scripts: scripts}.withDefaults(), v)
	embed, output := ts[0].values, ts[len(ts)-1].values
	best := func(id int) int {
		top, at := float32(0), -1
		for j := range v.tokens {
			dot := float32(0)
			for i := range 64 {
				dot += embed[id*64+i] * output[j*64+i]
			}
			if at < 0 || dot > top {
				top, at = dot, j
			}
		}
		return at
	}
	want := [][]string{{" one", " two", " three", "</s>"}, {" four", "five", " six.", "</s>"}}
	var got [][]string
	for _, chain := range v.chains {
		var said []string
		for id := chain[0]; id != idEnd && len(said) < 9; {
			id = best(id)
			said = append(said, strings.ReplaceAll(v.tokens[id].text, mark, " "))
		}
		got = append(got, said)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if first := v.words[0]; best(idLetters+5) != first || best(idByte+'x') != first || best(first) != v.words[1] {
		t.Error("a token outside every script does not lead to the plain words")
	}
}

func TestBadModels(t *testing.T) {
	for name, m := range map[string]Model{
		"width":       {Width: 12},
		"layers":      {Layers: -1},
		"cue":         {Scripts: []Script{{'x', []string{"a b"}}}},
		"cue twice":   {Scripts: []Script{{'1', []string{"a b"}}, {'1', []string{"b c"}}}},
		"piece twice": {Scripts: []Script{{'1', []string{"a b", "a b"}}}},
	} {
		var b bytes.Buffer
		if err := Write(&b, m); err == nil || b.Len() > 0 {
			t.Errorf("%s: error %v after %d bytes", name, err, b.Len())
		}
	}
}

func encode(t *testing.T, m Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read walks the head of a file as the format describes it.
func read(t *testing.T, b []byte) (f file) {
	t.Helper()
	at := 0
	u32 := func() uint32 { at += 4; return binary.LittleEndian.Uint32(b[at-4:]) }
	u64 := func() uint64 { at += 8; return binary.LittleEndian.Uint64(b[at-8:]) }
	text := func() string { n := int(u64()); at += n; return string(b[at-n : at]) }
	skip := func(kind uint32) {
		switch kind {
		case typeU32, typeI32, typeF32:
			at += 4
		case typeString:
			text()
		default:
			t.Fatalf("value type %d", kind)
		}
	}
	if string(b[:4]) != "GGUF" {
		t.Fatalf("magic %q", b[:4])
	}
	at = 4
	if v := u32(); v != 3 {
		t.Fatalf("version %d", v)
	}
	tensors, keys := u64(), u64()
	for range keys {
		f.Keys = append(f.Keys, text())
		kind := u32()
		if kind != typeArray {
			skip(kind)
			continue
		}
		element, n := u32(), u64()
		for range n {
			skip(element)
		}
	}
	for range tensors {
		f.Tensors = append(f.Tensors, text())
		size := uint64(4)
		for range u32() {
			size *= u64()
		}
		if kind := u32(); kind != tensorF32 {
			t.Fatalf("tensor type %d", kind)
		}
		f.DataEnd = u64() + (size+alignment-1)/alignment*alignment
	}
	at = (at + alignment - 1) / alignment * alignment
	f.Rest = len(b) - at
	return f
}
