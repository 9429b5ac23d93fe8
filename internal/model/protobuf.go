package model

import (
	"encoding/binary"
	"errors"
	"io"
	"path"
	"strings"
)

// Protocol buffers are walked by their wire format alone: a schema would have to be trusted, too.

var errWire = errors.New("no sound protocol buffer")

const (
	maxWireText   = 4096 // bytes kept of a text field
	maxWireFields = 200_000_000
	maxWireDepth  = 40
)

// wire walks the fields of one message.
type wire struct {
	r      *io.SectionReader
	at     int64
	end    int64
	budget *int64
}

// field is one field: a number, and for length-delimited ones where its bytes are.
type field struct {
	number   int
	kind     int // wire type
	value    uint64
	from, to int64
}

// next reads a field. It returns io.EOF at the end of the message.
func (w *wire) next() (field, error) {
	var f field
	if w.at == w.end {
		return f, io.EOF
	}
	if *w.budget--; *w.budget < 0 {
		return f, errWire
	}
	key, err := w.varint()
	if err != nil {
		return f, err
	}
	f.number, f.kind = int(key>>3), int(key&7)
	if f.number == 0 || key>>3 > 1<<29-1 {
		return f, errWire
	}
	switch f.kind {
	case 0:
		f.value, err = w.varint()
	case 1:
		w.at += 8
	case 5:
		w.at += 4
	case 2:
		var n uint64
		if n, err = w.varint(); err == nil {
			f.from = w.at
			if n > uint64(w.end-w.at) {
				return f, errWire
			}
			w.at += int64(n)
			f.to = w.at
		}
	default:
		err = errWire
	}
	if err == nil && w.at > w.end {
		err = errWire
	}
	return f, err
}

func (w *wire) varint() (uint64, error) {
	var b [10]byte
	n, err := w.r.ReadAt(b[:min(10, max(w.end-w.at, 0))], w.at)
	if n == 0 && err != nil {
		return 0, errWire
	}
	v, k := binary.Uvarint(b[:n])
	if k <= 0 {
		return 0, errWire
	}
	w.at += int64(k)
	return v, nil
}

func (w *wire) into(f field) *wire { return &wire{r: w.r, at: f.from, end: f.to, budget: w.budget} }

func (w *wire) text(f field) string {
	b := make([]byte, min(f.to-f.from, maxWireText))
	_, _ = w.r.ReadAt(b, f.from)
	return string(b)
}

// each calls see for every field of the message.
func (w *wire) each(see func(f field) error) error {
	for {
		f, err := w.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = see(f)
		}
		if err != nil {
			return err
		}
	}
}

func newWire(r *io.SectionReader) *wire {
	budget := int64(maxWireFields)
	return &wire{r: r, end: r.Size(), budget: &budget}
}

// isProtobufModel reports whether bytes are an ONNX model or a SavedModel: by the shape of their first fields, not by name.
func isProtobufModel(name string, head []byte, r *io.SectionReader) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".onnx", ".pb", ".ort":
		return true
	}
	return len(head) > 2 && (looksLikeONNX(r) || looksLikeSavedModel(r) || looksLikeGraph(r))
}

// looksLikeONNX reports whether the fields of a ModelProto are there: a version, a graph and a set of operators.
func looksLikeONNX(r *io.SectionReader) bool {
	seen := map[int]bool{}
	n := 0
	err := newWire(r).each(func(f field) error {
		if n++; n > 10_000 {
			return errWire
		}
		want := map[int]int{1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}
		if k, known := want[f.number]; !known || k != f.kind {
			return errWire
		}
		seen[f.number] = true
		return nil
	})
	return err == nil && seen[1] && seen[7] && seen[8]
}

func looksLikeSavedModel(r *io.SectionReader) bool {
	version, graphs := false, false
	n := 0
	err := newWire(r).each(func(f field) error {
		if n++; n > 1000 {
			return errWire
		}
		switch {
		case f.number == 1 && f.kind == 0:
			version = true
		case f.number == 2 && f.kind == 2:
			graphs = true
		default:
			return errWire
		}
		return nil
	})
	return err == nil && version && graphs
}

// looksLikeGraph reports whether the fields of a GraphDef are there (tensorflow/core/framework/graph.proto): nodes with a name and an operator.
func looksLikeGraph(r *io.SectionReader) bool {
	nodes, n := 0, 0
	w := newWire(r)
	err := w.each(func(f field) error {
		if want, ok := map[int]int{1: 2, 2: 2, 3: 0, 4: 2, 5: 2}[f.number]; !ok || want != f.kind {
			return errWire
		}
		if n++; f.number != 1 || n > 50 {
			return nil
		}
		nodes++
		op := false
		err := w.into(f).each(func(g field) error {
			op = op || g.number == 2 && g.kind == 2
			return nil
		})
		if !op {
			return errWire
		}
		return err
	})
	return err == nil && nodes > 0
}

// kerasMetadata judges the configurations in the keras_metadata.pb of a SavedModel (keras/protobuf/saved_metadata.proto), and reports whether it is one.
func (j *job) kerasMetadata(where string, r *io.SectionReader) bool {
	nodes := 0
	w := newWire(r)
	err := w.each(func(f field) error {
		if f.number != 1 || f.kind != 2 {
			return errWire
		}
		return w.into(f).each(func(g field) error {
			if g.number == 4 && g.kind == 2 && strings.HasPrefix(w.text(g), "_tf_keras") {
				nodes++
			}
			if g.number == 5 && g.kind == 2 {
				walk := newJSONWalk(j, where, io.NewSectionReader(r, g.from, g.to-g.from))
				walk.keras = true
				_ = walk.value("", 0)
				walk.conclude()
			}
			return nil
		})
	})
	return err == nil && nodes > 0
}

// isFingerprint reports whether bytes are the fingerprint.pb of a SavedModel: numbers and a few short texts.
func isFingerprint(r *io.SectionReader) bool {
	return r.Size() < 4096 && newWire(r).each(func(f field) error {
		if f.number > 7 || f.kind != 0 && f.kind != 2 {
			return errWire
		}
		return nil
	}) == nil
}

func (j *job) protobuf(where, name string, r *io.SectionReader, depth int) {
	switch {
	case looksLikeONNX(r):
		j.format("onnx", depth)
		j.onnx(where, r)
	case looksLikeSavedModel(r):
		j.format("savedmodel", depth)
		j.savedModel(where, r)
	case looksLikeGraph(r):
		j.format("graphdef", depth)
		j.graphDef(where, r)
	case strings.EqualFold(name, "fingerprint.pb") && isFingerprint(r):
		j.format("savedmodel-fingerprint", depth)
	case j.kerasMetadata(where, r):
		j.format("keras-metadata", depth)
	default:
		j.note(Invalid, "mislabelled", where, "the name promises a model, and the content is none", "take the file from its source again")
	}
	j.trailing(where, r, depth)
}
