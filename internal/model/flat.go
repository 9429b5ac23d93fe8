package model

import (
	"encoding/binary"
	"io"
	"strings"
)

// flat reads FlatBuffers. After something impossible bad is set and numbers are zero.
type flat struct {
	r   *io.SectionReader
	bad bool
}

type flatVector struct{ at, n int64 }

// tflite reads the operators of a model for TensorFlow Lite (schema.fbs: Model.operator_codes, OperatorCode.custom_code).
func (j *job) tflite(where string, r *io.SectionReader) {
	b := flat{r: r}
	root := b.offset(0)
	codes := b.vector(b.field(root, 1))
	if b.bad || codes.n > 1<<16 {
		j.note(Invalid, "damaged", where, "its tables are damaged", "take the file from its source again")
		return
	}
	for i := range codes.n {
		at := codes.at + 4*i
		code := b.text(b.field(at+b.uint32(at), 1))
		switch op, flex := strings.CutPrefix(code, "Flex"); {
		case code == "" || code == "TFLite_Detection_PostProcess":
		case flex && savedDangerous[op]:
			j.note(Malicious, "savedmodel-op", where, "the graph has the operator "+quoteName("", op)[1:]+", which runs Python or reaches files or the network", "do not load this model")
		case !flex:
			j.note(Review, "custom-operator", where, "operators of a library of its own are used", "have the library reviewed that brings them")
		}
	}
	if b.bad {
		j.note(Invalid, "damaged", where, "its tables are damaged", "take the file from its source again")
	}
}

func (b *flat) number(at int64, n int) int64 {
	var buf [4]byte
	if at < 0 || at+int64(n) > b.r.Size() {
		b.bad = true
		return 0
	}
	_, _ = b.r.ReadAt(buf[:n], at)
	return int64(binary.LittleEndian.Uint32(buf[:]))
}

func (b *flat) uint32(at int64) int64 { return b.number(at, 4) }
func (b *flat) offset(at int64) int64 { return at + b.uint32(at) }

// field is where field number i of the table at an offset stands, 0 where it has none.
func (b *flat) field(table int64, i int64) int64 {
	vtable := table - int64(int32(b.uint32(table)))
	if size := b.number(vtable, 2); 4+2*i >= size || b.bad {
		return 0
	}
	if rel := b.number(vtable+4+2*i, 2); rel > 0 {
		return table + rel
	}
	return 0
}

func (b *flat) vector(at int64) flatVector {
	if at == 0 || b.bad {
		return flatVector{}
	}
	start := b.offset(at)
	return flatVector{start + 4, b.uint32(start)}
}

func (b *flat) text(at int64) string {
	v := b.vector(at)
	if v.n > 1<<12 || v.at+v.n > b.r.Size() {
		b.bad = true
		return ""
	}
	s := make([]byte, v.n)
	_, _ = b.r.ReadAt(s, v.at)
	return string(s)
}
