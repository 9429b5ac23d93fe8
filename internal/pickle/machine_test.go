package pickle_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/internal/pickle"
)

// Pieces of pickles, spelt as opcodes.
func short(s string) string { return fmt.Sprintf("\x8c%c%s", len(s), s) } // SHORT_BINUNICODE

func global(m, n string) string {
	return "c" + m + "\n" + n + "\n"
}

func stackGlobal(m, n string) string { return short(m) + short(n) + "\x93" }

func proto(body string) string { return "\x80\x04" + body + "." }

func read(s string) *pickle.Report {
	return pickle.Read(pickle.NewStream(strings.NewReader(s), 0))
}

func TestWhatIsImportedAndCalled(t *testing.T) {
	system := pickle.Import{Module: "os", Name: "system", Count: 1, Calls: 1, Function: true, Args: []string{"id"}}
	with := func(pos int64, op string) pickle.Import {
		i := system
		i.Pos, i.Op = pos, op
		return i
	}
	for _, tt := range []struct {
		name, stream string
		want         pickle.Import
	}{
		{"protocol 0", "cos\nsystem\n(S'id'\ntR.", with(0, "GLOBAL")},
		{"GLOBAL and REDUCE", proto(global("os", "system") + short("id") + "\x85R"), with(2, "GLOBAL")},
		{"STACK_GLOBAL", proto(stackGlobal("os", "system") + short("id") + "\x85R"), with(14, "STACK_GLOBAL")},
		{"names out of the memo", proto(short("system") + "\x94" + short("os") + "\x94" + "00" + "h\x01h\x00\x93" + short("id") + "\x85R"), with(22, "STACK_GLOBAL")},
		{"PUT takes the top", proto(short("os") + short("system") + "q\x05" + "0" + "h\x05\x93" + short("id") + "\x85R"), with(19, "STACK_GLOBAL")},
		{"INST", "(S'id'\nios\nsystem\n.", with(7, "INST")},
		{"OBJ", "(" + global("os", "system") + "S'id'\no.", with(1, "GLOBAL")},
		{"callable out of the memo", proto(global("os", "system") + "q\x000" + "h\x00" + short("id") + "\x85R"), with(2, "GLOBAL")},
		{"call before the stream breaks", "\x80\x04" + global("os", "system") + short("id") + "\x85R\xff\xff", with(2, "GLOBAL")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := read(tt.stream)
			if len(r.Imports) != 1 {
				t.Fatalf("imports %v, violations %v", r.Imports, r.Violations)
			}
			if diff := cmp.Diff(tt.want, *r.Imports[0]); diff != "" {
				t.Error("(-want +got):\n" + diff)
			}
		})
	}
}

func TestViolations(t *testing.T) {
	for _, tt := range []struct {
		name, stream string
		want         pickle.Rule
	}{
		{"module computed by a call", proto(global("a", "b") + ")R" + short("system") + "\x93"), pickle.ComputedImport},
		{"name is bytes", proto(short("os") + "C\x06system" + "\x93"), pickle.ComputedImport},
		{"name longer than what is kept", proto(short("os") + "X\x00\x04\x00\x00" + strings.Repeat("a", 1024) + "\x93"), pickle.ComputedImport},
		{"call of what a call returned", proto(global("functools", "partial") + ")R)R"), pickle.ComputedCall},
		{"call of a persistent object", proto("N" + "Q)R"), pickle.ComputedCall},
		{"NEWOBJ of an object", proto(global("a", "B") + ")\x81)\x81"), pickle.ComputedCall},
		{"extension code", proto("\x82\x01)R"), pickle.ExtensionCode},
		{"BUILD on an import", proto(global("a", "b") + "}b"), pickle.BuildGlobal},
		{"item into an import", proto(global("sys", "modules") + short("a") + "Ns"), pickle.StoreIntoOther},
		{"items into a text", proto(short("a") + "(NNu"), pickle.StoreIntoOther},
		{"opcode over the end of its frame", "\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00" + short("abc") + ".", pickle.FrameCrossed},
		{"frame in a frame", "\x80\x04\x95\x20\x00\x00\x00\x00\x00\x00\x00\x95\x01\x00\x00\x00\x00\x00\x00\x00N.", pickle.FrameCrossed},
		{"no such opcode", "\x80\x04\xff", pickle.Malformed},
		{"protocol 6", "\x80\x06N.", pickle.Malformed},
		{"stack underflow", "\x80\x040.", pickle.Malformed},
		{"no mark", "\x80\x04t.", pickle.Malformed},
		{"pop through a mark", "\x80\x04N(\x85.", pickle.Malformed},
		{"memo without the index", "\x80\x04h\x07.", pickle.Malformed},
		{"cut off in an opcode", "\x80\x04X\xff\x00\x00\x00abc", pickle.NoStop},
		{"no STOP", "\x80\x04N", pickle.NoStop},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := read(tt.stream)
			for _, v := range r.Violations {
				if v.Rule == tt.want {
					return
				}
			}
			t.Errorf("got %+v, want %s", r.Violations, tt.want)
		})
	}
}

func TestSoundStreams(t *testing.T) {
	for name, stream := range map[string]string{
		"numbers":           proto("K\x01M\x01\x02J\x00\x00\x00\x00G\x00\x00\x00\x00\x00\x00\x00\x00\x8a\x01\xff\x88\x89(t0000000"[:0] + "(K\x01M\x01\x02J\x00\x00\x00\x80\x8a\x01\xff\x88\x89t"),
		"dict":              proto("}(" + short("a") + "K\x01" + short("b") + "]u"),
		"ordered dict":      proto(global("collections", "OrderedDict") + ")R(" + short("a") + "K\x01u"),
		"frame":             "\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00N.",
		"two frames":        "\x80\x04\x95\x01\x00\x00\x00\x00\x00\x00\x00N\x95\x01\x00\x00\x00\x00\x00\x00\x00.",
		"set and frozenset": proto("\x8f(K\x01\x90" + "(K\x01\x91\x86"),
		"protocol 0 escape": "S'a\\x41\\n'\np0\n.",
		"POP takes a mark":  proto("N(0"),
	} {
		t.Run(name, func(t *testing.T) {
			r := read(stream)
			if len(r.Violations) > 0 || !r.Stopped || r.End != int64(len(stream)) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// Raw bytes of an array behind its wrapper are skipped by shape and type, and what follows is read again.
func TestArrayOfJoblib(t *testing.T) {
	wrapper := global("joblib.numpy_pickle", "NumpyArrayWrapper") + ")\x81}(" +
		short("shape") + "K\x02K\x03\x86" + short("dtype") + global("numpy", "dtype") + short("f4") + "\x85R" +
		short("numpy_array_alignment_bytes") + "K\x10" + "ub"
	raw := "\x04\xff\xff\xff\xff" + strings.Repeat("\xee", 24)
	stream := proto(wrapper + raw + global("os", "system") + "0")
	r := read(stream)
	if !r.Stopped || len(r.Arrays) != 1 || r.Arrays[0].Bytes != 24 || len(r.Imports) != 3 {
		t.Errorf("%+v", r)
	}
}

func TestExpansion(t *testing.T) {
	var b strings.Builder
	b.WriteString("\x80\x04]\x94")
	for i := range 40 {
		fmt.Fprintf(&b, "]\x94(%se", strings.Repeat(fmt.Sprintf("h%c", i), 10))
	}
	r := read(b.String() + ".")
	for _, v := range r.Violations {
		if v.Rule == pickle.Expansion {
			return
		}
	}
	t.Errorf("%+v", r.Violations)
}

// The report does not depend on how the bytes arrive.
func TestReadsInPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stream := rapid.SliceOfN(rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte("(.0cR\x93\x94\x8cKNt}]ubhqX"))), 0, 300).Draw(t, "stream")
		whole := pickle.Read(pickle.NewStream(bytes.NewReader(stream), 0))
		pieces := pickle.Read(pickle.NewStream(iotest.OneByteReader(bytes.NewReader(stream)), 0))
		if diff := cmp.Diff(whole, pieces); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		"cos\nsystem\n(S'id'\ntR.", proto(stackGlobal("os", "system") + short("id") + "\x85R"), "(S'id'\nios\nsystem\n.",
		proto(global("joblib.numpy_pickle", "NumpyArrayWrapper") + ")\x81}(" + short("shape") + ")ub"), "\x80\x05\x96\x01\x00\x00\x00\x00\x00\x00\x00a\x97\x98.",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := pickle.Read(pickle.NewStream(bytes.NewReader(b), 0))
		if r.End > int64(len(b)) || r.Stopped && len(b) > 0 && b[r.End-1] != '.' || !r.Stopped && len(r.Violations) == 0 {
			t.Errorf("%+v", r)
		}
		if again := pickle.Read(pickle.NewStream(io.MultiReader(bytes.NewReader(b)), 0)); !cmp.Equal(r, again) {
			t.Error("a second run differs")
		}
	})
}

func BenchmarkDense(b *testing.B) {
	var s strings.Builder
	s.WriteString("\x80\x04]\x94")
	for s.Len() < 20<<20 {
		s.WriteString("(}\x94(")
		for i := range 8 {
			s.WriteString(short(fmt.Sprintf("key%d", i)) + "K\x05")
		}
		s.WriteString("uK\x01K\x02\x86J\x01\x02\x03\x04e")
	}
	s.WriteString(".")
	text := s.String()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if r := read(text); !r.Stopped {
			b.Fatal(r.Violations)
		}
	}
}
