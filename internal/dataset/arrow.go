package dataset

import (
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// Bounds of what is read of Arrow into memory at once. A record batch is read as a whole.
const (
	arrowMetadata = 16 << 20
	arrowBody     = 96 << 20
	arrowExpanded = 128 << 20
	arrowRows     = 1 << 27
)

// arrowFile reads an Arrow IPC file (Feather version 2): a stream between two marks, with an index at the end that is not
// needed to read it in order.
func (rd *reader) arrowFile(in input) error {
	if _, err := io.CopyN(io.Discard, in.r, 8); err != nil {
		rd.skip(in.path, err)
		return nil
	}
	return rd.arrowStream(in)
}

// arrowStream reads an Arrow IPC stream, which is what Hugging Face datasets keep on disk.
func (rd *reader) arrowStream(in input) (err error) {
	frames := &arrowFrames{r: in.r}
	defer rd.calm(in.path, "malformed Arrow, or a record batch that is too large", &err)
	stream, err := ipc.NewReader(frames, ipc.WithMetadataSizeLimit(arrowMetadata), ipc.WithBodySizeLimit(arrowBody),
		ipc.WithAllocator(&boundedMemory{}))
	if err != nil {
		rd.skip(in.path, arrowReason(err))
		return rd.ctx.Err()
	}
	defer stream.Release()
	t := newArrowTable(rd, in.path)
	for stream.Next() {
		if err := t.batch(stream.RecordBatch()); err != nil {
			return err
		}
	}
	if err := stream.Err(); err != nil {
		rd.skip(in.path, arrowReason(err))
	} else if !frames.ended {
		rd.skip(in.path, refusal("ends without an end mark, probably truncated"))
	}
	return t.end()
}

// arrowReason keeps what is ours of an error and hides the library's words, which may quote the file.
func arrowReason(err error) error {
	var why refusal
	if errors.As(err, &why) || errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return refusal("malformed Arrow, or a record batch that is too large")
}

// arrowTable emits the values of record batches row by row.
type arrowTable struct {
	*records
	names  names
	record int
	binary int
	text   []byte
}

func newArrowTable(rd *reader, path string) *arrowTable {
	t := &arrowTable{records: newRecords(rd, nil, path, Arrow)}
	t.block.place, t.block.splice = nil, nil
	return t
}

func (t *arrowTable) end() error {
	t.rd.notice(t.block.Path, "binary values, not read", t.binary)
	return t.flush()
}

func (t *arrowTable) batch(b arrow.RecordBatch) error {
	if b.NumRows() > arrowRows {
		t.rd.skip(t.block.Path, refusal("a record batch of too many rows"))
		return nil
	}
	for row := range int(b.NumRows()) {
		if row%1024 == 0 && t.rd.ctx.Err() != nil {
			return t.rd.ctx.Err()
		}
		t.record++
		t.names.root.hint = 0
		for i, column := range b.Columns() {
			if err := t.value(t.member(&t.names.root, b.ColumnName(i)), column, row, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *arrowTable) member(n *node, name string) *node {
	if isData([]byte(name)) {
		return n.dataMember()
	}
	return t.names.member(n, []byte(name), func(raw []byte) string { return string(raw) })
}

// value emits the value at i of a column.
func (t *arrowTable) value(n *node, a arrow.Array, i, depth int) error {
	if a.IsNull(i) || depth > 64 {
		return nil
	}
	switch a := a.(type) {
	case *array.Struct:
		n.hint = 0
		fields := a.DataType().(*arrow.StructType).Fields()
		for k, f := range fields {
			if err := t.value(t.member(n, f.Name), a.Field(k), i, depth+1); err != nil {
				return err
			}
		}
		return nil
	case array.ListLike:
		start, end := a.ValueOffsets(i)
		return t.list(n, a.ListValues(), int(start), int(end), depth)
	case *array.Dictionary:
		return t.value(n, a.Dictionary(), a.GetValueIndex(i), depth+1)
	case array.ExtensionArray:
		return t.value(n, a.Storage(), i, depth+1)
	case *array.RunEndEncoded:
		return t.value(n, a.Values(), a.GetPhysicalIndex(i), depth+1)
	case *array.SparseUnion:
		return t.value(n, a.Field(a.ChildID(i)), i, depth+1)
	case *array.DenseUnion:
		return t.value(n, a.Field(a.ChildID(i)), int(a.ValueOffset(i)), depth+1)
	}
	text, ok := t.leaf(t.text[:0], a, i)
	if t.text = text; !ok || len(text) == 0 {
		return nil
	}
	return t.emit(n.prefix, text, Field{Name: n.name, Record: t.record, Offset: -1})
}

func (t *arrowTable) list(n *node, values arrow.Array, start, end, depth int) error {
	for i := start; i < end; i++ {
		if i-start >= vectorFrom && arrow.IsFloating(values.DataType().ID()) {
			return nil
		}
		if err := t.value(t.names.element(n, i-start), values, i, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// leaf appends a value as text, and reports false for one that identifies nobody or is no text.
func (t *arrowTable) leaf(dst []byte, a arrow.Array, i int) ([]byte, bool) {
	switch a := a.(type) {
	case array.StringLike:
		return append(dst, validText(a.Value(i))...), true
	case interface{ Value(i int) []byte }: // of all widths
		return t.binaryText(dst, a.Value(i))
	case *array.Int8:
		return strconv.AppendInt(dst, int64(a.Value(i)), 10), true
	case *array.Int16:
		return strconv.AppendInt(dst, int64(a.Value(i)), 10), true
	case *array.Int32:
		return strconv.AppendInt(dst, int64(a.Value(i)), 10), true
	case *array.Int64:
		return strconv.AppendInt(dst, a.Value(i), 10), true
	case *array.Uint8:
		return strconv.AppendUint(dst, uint64(a.Value(i)), 10), true
	case *array.Uint16:
		return strconv.AppendUint(dst, uint64(a.Value(i)), 10), true
	case *array.Uint32:
		return strconv.AppendUint(dst, uint64(a.Value(i)), 10), true
	case *array.Uint64:
		return strconv.AppendUint(dst, a.Value(i), 10), true
	case *array.Float32:
		return strconv.AppendFloat(dst, float64(a.Value(i)), 'f', -1, 32), true
	case *array.Float64:
		return strconv.AppendFloat(dst, a.Value(i), 'f', -1, 64), true
	case *array.Date32:
		return a.Value(i).ToTime().AppendFormat(dst, time.DateOnly), true
	case *array.Date64:
		return a.Value(i).ToTime().AppendFormat(dst, time.DateOnly), true
	case *array.Timestamp:
		unit := a.DataType().(*arrow.TimestampType).Unit
		return a.Value(i).ToTime(unit).AppendFormat(dst, time.DateTime), true
	}
	return dst, false
}

func (t *arrowTable) binaryText(dst, b []byte) ([]byte, bool) {
	dst, ok := bytesText(dst, b, false)
	if !ok {
		t.binary++
	}
	return dst, ok
}
