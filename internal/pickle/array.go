package pickle

import (
	"math/bits"
	"strconv"
	"strings"
)

// built follows BUILD on an object. joblib writes the bytes of an array right behind the BUILD of its NumpyArrayWrapper; they are
// skipped by the shape and the type that the stream itself declares, as joblib does (joblib/numpy_pickle.py, read_array), since
// reading them as opcodes would lose the thread.
func (m *machine) built(target, state *value) error {
	made := target.made()
	if made == nil || made.Name != "NumpyArrayWrapper" || !strings.HasPrefix(made.Module, "joblib.") {
		return nil
	}
	shape, ok := state.member("shape")
	if !ok || shape.kind != kTuple {
		return m.lost("a wrapper without a shape")
	}
	dtype, ok := state.member("dtype")
	if !ok {
		return m.lost("a wrapper without a type")
	}
	size, object, ok := itemSize(&dtype)
	if !ok {
		return m.lost("an array of unknown type")
	}
	if object {
		m.endFrameAt(m.s.Pos())
		return m.inner()
	}
	n := uint64(size)
	for i := range shape.items() {
		d := &shape.items()[i]
		hi, lo := bits.Mul64(n, uint64(d.num))
		if d.kind != kInt || d.num < 0 || d.text != "" || hi != 0 || lo > 1<<62 {
			return m.lost("an array of unknown shape")
		}
		n = lo
	}
	if len(shape.items()) >= maxItems {
		return m.lost("an array of too many dimensions")
	}
	return m.skipArray(state, n)
}

func (m *machine) skipArray(state *value, n uint64) error {
	m.endFrameAt(m.s.Pos())
	if align, ok := state.member("numpy_array_alignment_bytes"); ok && align.kind == kInt {
		pad, err := m.s.byte()
		if err != nil {
			return err
		}
		if err := m.s.Skip(uint64(pad)); err != nil {
			return err
		}
	}
	if len(m.r.Arrays) < maxArrays {
		m.r.Arrays = append(m.r.Arrays, Array{m.s.Pos(), int64(n)})
	}
	return m.s.Skip(n)
}

// endFrameAt leaves a frame that ends here: raw bytes stand outside of frames.
func (m *machine) endFrameAt(pos int64) {
	if m.frame > 0 && m.frame == pos {
		m.frame = 0
	}
}

// lost says that what follows cannot be told apart from opcodes.
func (m *machine) lost(why string) error {
	return malformed("raw data of unknown length follows: %s", why)
}

// itemSize is the size of one element of a numpy dtype, in bytes, from the argument that made it, such as 'f8' or 'U12'.
func itemSize(dtype *value) (size int64, object, ok bool) {
	if dtype.kind != kObject || len(dtype.items()) == 0 || dtype.made().Name != "dtype" || dtype.made().Module != "numpy" {
		return 0, false, false
	}
	spec := &dtype.items()[0]
	if !spec.isConstant() || spec.text == "" {
		return 0, false, false
	}
	text := strings.TrimLeft(spec.text, "<>=|")
	if text == "" {
		return 0, false, false
	}
	if text[0] == 'O' {
		return 0, true, true
	}
	n, err := strconv.ParseInt(text[1:], 10, 32)
	if err != nil || n < 0 || !strings.ContainsRune("biufcmMSUV", rune(text[0])) {
		return 0, false, false
	}
	if text[0] == 'U' {
		n *= 4
	}
	return n, false, true
}
