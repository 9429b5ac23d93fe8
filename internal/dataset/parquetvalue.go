package dataset

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// textOf appends a value as text. It returns false for one that is no text.
type textOf func(dst []byte, v parquet.Value) ([]byte, bool)

// textOfColumn says how the values of a type become text, or nil for a type that identifies nobody: truth values, times of
// day, fractions with a fixed point, opaque bytes of fixed length.
func textOfColumn(t parquet.Type) textOf {
	logical := t.LogicalType()
	if logical == nil {
		logical = &format.LogicalType{}
	}
	switch l := logical.Value.(type) {
	case *format.DateType:
		return func(dst []byte, v parquet.Value) ([]byte, bool) {
			return time.Unix(int64(v.Int32())*86400, 0).UTC().AppendFormat(dst, time.DateOnly), true
		}
	case *format.TimestampType:
		return timestampText(l)
	case *format.TimeType, *format.UUIDType, *format.Float16Type:
		return nil
	case *format.DecimalType:
		if l.Scale != 0 || t.Kind() == parquet.ByteArray || t.Kind() == parquet.FixedLenByteArray {
			return nil
		}
	case *format.IntType:
		if !l.IsSigned {
			return unsignedText
		}
	}
	switch t.Kind() {
	case parquet.ByteArray, parquet.FixedLenByteArray:
		_, text := logical.Value.(*format.StringType)
		return func(dst []byte, v parquet.Value) ([]byte, bool) { return bytesText(dst, v.ByteArray(), text) }
	case parquet.Int32:
		return func(dst []byte, v parquet.Value) ([]byte, bool) {
			return strconv.AppendInt(dst, int64(v.Int32()), 10), true
		}
	case parquet.Int64:
		return func(dst []byte, v parquet.Value) ([]byte, bool) { return strconv.AppendInt(dst, v.Int64(), 10), true }
	case parquet.Float:
		return func(dst []byte, v parquet.Value) ([]byte, bool) {
			return strconv.AppendFloat(dst, float64(v.Float()), 'f', -1, 32), true
		}
	case parquet.Double:
		return func(dst []byte, v parquet.Value) ([]byte, bool) {
			return strconv.AppendFloat(dst, v.Double(), 'f', -1, 64), true
		}
	}
	return nil
}

func timestampText(l *format.TimestampType) textOf {
	per := int64(time.Second / time.Millisecond)
	switch l.Unit.Value.(type) {
	case *format.MicroSeconds:
		per = int64(time.Second / time.Microsecond)
	case *format.NanoSeconds:
		per = int64(time.Second)
	}
	return func(dst []byte, v parquet.Value) ([]byte, bool) {
		return time.Unix(v.Int64()/per, 0).UTC().AppendFormat(dst, time.DateTime), true
	}
}

func unsignedText(dst []byte, v parquet.Value) ([]byte, bool) {
	if v.Kind() == parquet.Int32 {
		return strconv.AppendUint(dst, uint64(v.Uint32()), 10), true
	}
	return strconv.AppendUint(dst, v.Uint64(), 10), true
}

// bytesText appends bytes that may be text. Those of a column that is declared as text are, whatever is wrong with them.
func bytesText(dst, b []byte, declared bool) ([]byte, bool) {
	if utf8.Valid(b) && (declared || bytes.IndexByte(b, 0) < 0) {
		return append(dst, b...), true
	}
	if !declared {
		return dst, false
	}
	return append(dst, bytes.ToValidUTF8(b, []byte("\uFFFD"))...), true
}

// vectorFrom is the position in a list from which on fractions are taken for elements of a vector, which identify nobody;
// coordinates come in shorter lists.
const vectorFrom = 16

// page emits the values of a page.
func (c *column) page(page parquet.Page) error {
	values := page.Values()
	c.value = 0
	var scratch []byte
	for {
		n, err := values.ReadValues(c.values)
		for _, v := range c.values[:n] {
			c.value++
			c.step(v.RepetitionLevel())
			if v.IsNull() || c.isVector(v) {
				continue
			}
			text, ok := c.text(scratch[:0], v)
			if scratch = text; !ok {
				c.binary++
				continue
			}
			if len(text) == 0 {
				continue
			}
			f := Field{Name: c.path.name(c.indexes), Record: int(c.row), Offset: -1, item: int32(c.value - 1)}
			if err := c.emit(c.path.prefix, text, f); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || n == 0 && err == nil {
			return nil
		}
		if err != nil {
			c.rd.skip(c.block.Path, refusal("malformed Parquet: a page cannot be read"))
			return nil
		}
	}
}

// step notes where the next value stands.
func (c *column) step(repetition int) {
	if repetition == 0 {
		c.row++
		clear(c.indexes)
		return
	}
	if repetition <= len(c.indexes) {
		c.indexes[repetition-1]++
		clear(c.indexes[repetition:])
	}
}

func (c *column) isVector(v parquet.Value) bool {
	if k := v.Kind(); k != parquet.Float && k != parquet.Double || len(c.indexes) == 0 {
		return false
	}
	return c.indexes[len(c.indexes)-1] >= vectorFrom
}

// columnPath names the values of a column.
type columnPath struct {
	steps  []string // "" is the position in a list
	prefix string
	known  map[string]string
	buf    []byte
}

// newColumnPath leaves out the names that Parquet's lists and maps bring in themselves.
func newColumnPath(root, leaf *parquet.Column) columnPath {
	p := columnPath{known: map[string]string{}}
	hidden := false
	at := root
	for _, step := range leaf.Path() {
		parent := at
		if at = at.Column(step); at == nil {
			break
		}
		kind := parent.Type().String()
		switch nested := kind == "LIST" || kind == "MAP"; {
		case at.Repeated() && nested:
			p.steps = append(p.steps, "")
			hidden = kind == "LIST" && len(at.Columns()) == 1
			continue
		case at.Repeated():
			p.add(step)
			p.steps = append(p.steps, "")
		case !hidden:
			p.add(step)
		}
		hidden = false
	}
	p.prefix += ": "
	return p
}

func (p *columnPath) add(step string) {
	name, _ := cleanName(step)
	if isData([]byte(name)) {
		name = dataName
	}
	p.steps = append(p.steps, name)
	if p.prefix != "" {
		p.prefix += "."
	}
	p.prefix += name
}

// maxKnown bounds the memory for names.
const maxKnown = 4 << 10

func (p *columnPath) name(indexes []int) string {
	b, k := p.buf[:0], 0
	for i, s := range p.steps {
		if i > 0 {
			b = append(b, '.')
		}
		if b = append(b, s...); s == "" && k < len(indexes) {
			b = strconv.AppendInt(b, int64(indexes[k]), 10)
			k++
		}
	}
	p.buf = b
	name, ok := p.known[string(b)]
	if !ok {
		if name = string(b); len(p.known) < maxKnown {
			p.known[name] = name
		}
	}
	return name
}
