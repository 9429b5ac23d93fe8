package model_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/model"
)

// seeds are sound and hostile files of every format, small.
func seeds(t testing.TB) [][2]string {
	out := [][2]string{
		{"m.pkl", callsOS},
		{"m.pkl", stateDic + callsOS},
		{"m.pkl", pandasFrame()},
		{"m.joblib", joblibThenCall()},
		{"m.bin", "cos\nsystem\n(S'id'\ntR."},
		{"m.pt", string(zipped(t, "a/data.pkl", stateDic, "a/version", "3\n", "a/data/0", "\x00\x01\x02\x03"))},
		{"m.zip", string(deflated(t, "a/data.pkl", callsOS))},
		{"m.gz", string(gzipped(t, callsOS))},
		{"m.tar", string(tarred(t, "a/b.pkl", stateDic))},
		{"m.npy", string(npy("'<f4'", "(2,)", "\x00\x00\x00\x00\x00\x00\x00\x00"))},
		{"m.npy", string(npy("'|O'", "(1,)", stateDic))},
		{"m.safetensors", string(safetensors(`{"__metadata__":{"a":"b"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8))},
		{"m.gguf", string(gguf(map[string]string{"general.architecture": "llama", "tokenizer.chat_template": "{% for m in messages %}{{ m.content }}{% endfor %}"}))},
		{"m.onnx", string(onnx("a.bin"))},
		{"m.onnx", string(onnxDomain("x.y"))},
		{"saved_model.pb", "\x08\x01" + message(2, message(2, message(1, message(1, "n")+message(2, "PyFunc"))))},
		{"config.json", `{"class_name":"Sequential","keras_version":"3","config":{"layers":[{"class_name":"Lambda","module":"keras.layers","config":{}}]},"weight_map":{"a":"b"}}`},
		{"tokenizer_config.json", `{"chat_template":[{"name":"x","template":"{% set a = '__cl' ~ 'ass__' %}{{ x[a] }}"}]}`},
		{"chat_template.jinja", "{%- macro f(a, b=[1,2]) -%}{{ a[::-1]|join(', ')|upper }}{%- endmacro -%}{% for k, v in m.items() if v is not none %}{{ f(k ~ v) }}{% else %}x{% endfor %}"},
		{"a.yaml", "a: !!python/name:x\nb:\n  - _target_: os.system\n"},
		{"m.xml", `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "z">]><x/>`},
		{"m.tflite", "\x10\x00\x00\x00TFL3\x00\x00\x00\x00\x08\x00\x0c\x00\x04\x00\x08\x00\x0e\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00"},
		{"m.msgpack", "\x82\xa1a\x93\x01\x02\xc4\x03abc\xa1b\xca\x00\x00\x00\x00"},
		{"m.7z", "7z\xbc\xaf\x27\x1c\x00\x04" + strings.Repeat("\x00", 60)},
		{"m.lz4", "\x04\x22\x4d\x18\x64\x40\xa7\x06\x00\x00\x80abcdef\x00\x00\x00\x00\x00\x00\x00\x00"},
	}
	for _, name := range []string{"keras", "lambda-latest", "outside", "huge"} {
		f, err := os.Open(filepath.Join("..", "hdf5", "testdata", name+".h5.gz"))
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(io.LimitReader(z, 16<<10))
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, [2]string{name + ".h5", string(b)})
	}
	return out
}

// mutate changes a file in one to eight places, as disks, transfers and attackers do.
func mutate(r *rand.Rand, b []byte, other string) []byte {
	b = bytes.Clone(b)
	for range 1 + r.IntN(8) {
		if len(b) < 16 {
			b = append(b, other...)
		}
		at := r.IntN(len(b) - 8)
		switch r.IntN(10) {
		case 0:
			b[at] ^= 1 << r.IntN(8)
		case 1:
			b[at] = byte(r.Uint32())
		case 2: // a length that is far too large
			binary.LittleEndian.PutUint64(b[at:], []uint64{1 << 63, 1<<63 - 1, 1<<64 - 1, 1 << 32, 1<<31 - 1, 1 << 40}[r.IntN(6)])
		case 3:
			binary.LittleEndian.PutUint32(b[at:], []uint32{1 << 31, 1<<31 - 1, 1<<32 - 1, 0, 1 << 24}[r.IntN(5)])
		case 4: // cut off
			b = b[:at+1]
		case 5: // a piece twice
			n := 1 + r.IntN(min(64, len(b)-at))
			b = append(b[:at+n:at+n], b[at:]...)
		case 6: // a piece less
			n := 1 + r.IntN(min(32, len(b)-at))
			b = append(b[:at:at], b[at+n:]...)
		case 7: // a piece of another file
			if len(other) > 1 {
				from := r.IntN(len(other) - 1)
				b = append(append(b[:at:at], other[from:min(len(other), from+1+r.IntN(200))]...), b[at:]...)
			}
		case 8: // an opcode, a mark, a bracket many times
			b = append(append(b[:at:at], strings.Repeat([]string{"(", "\x80\x04", "{{", "[", "PK\x03\x04", "\x95\x01\x00\x00\x00\x00\x00\x00\x00", "2", "q\x00h\x00"}[r.IntN(8)], 1+r.IntN(300))...), b[at:]...)
		case 9:
			b[at], b[at+1] = b[at+1], b[at]
		}
		if len(b) > 64<<10 {
			b = b[:64<<10]
		}
	}
	return b
}

// TestMutations scans mutated files: nothing panics, everything but clean says why, and (with REEVE_LONG) none takes ten times as long as
// its size allows. REEVE_MUTATIONS is their number (a million with REEVE_LONG), REEVE_SEED where they begin.
func TestMutations(t *testing.T) {
	n, long := 3000, os.Getenv("REEVE_LONG") != ""
	if long {
		n = 1_000_000
	}
	if v, err := strconv.Atoi(os.Getenv("REEVE_MUTATIONS")); err == nil {
		n = v
	}
	first, _ := strconv.ParseUint(os.Getenv("REEVE_SEED"), 10, 64)
	from := seeds(t)
	verdicts := map[model.Verdict]int{}
	slowest, worst := time.Duration(0), ""
	for i := range uint64(n) {
		r := rand.New(rand.NewPCG(first+i, 7))
		s := from[r.IntN(len(from))]
		b := mutate(r, []byte(s[1]), from[r.IntN(len(from))][1])
		result, took := guarded(t, first+i, s[0], b)
		verdicts[result.Verdict]++
		if result.Verdict != model.Clean && len(result.Findings) == 0 {
			t.Fatalf("seed %d: %v without a finding", first+i, result.Verdict)
		}
		if long && took > allowed(len(b)) { // the collector's work may fall to any file
			for range 5 {
				_, again := guarded(t, first+i, s[0], b)
				took = min(took, again)
			}
			if took > allowed(len(b)) {
				t.Errorf("seed %d: %s of %d bytes took %v", first+i, s[0], len(b), took)
			}
		}
		if took > slowest {
			slowest, worst = took, fmt.Sprintf("seed %d, %s, %d bytes", first+i, s[0], len(b))
		}
	}
	t.Logf("%d files from seed %d: %v; the slowest took %v (%s)", n, first, verdicts, slowest, worst)
}

// allowed is ten times what the slowest format takes: 20 ms for buffers and decoders, and a second for each megabyte.
func allowed(size int) time.Duration {
	return 10 * (20*time.Millisecond + time.Duration(size)*time.Microsecond)
}

func guarded(t *testing.T, seed uint64, name string, b []byte) (r *model.Result, took time.Duration) {
	defer func() {
		if p := recover(); p != nil {
			t.Fatalf("seed %d: %s: %v\n%s", seed, name, p, debug.Stack())
		}
	}()
	began := cpuTime()
	r = scan(name, b)
	return r, cpuTime() - began
}
