package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// pageEncoder writes values as data pages of version 1 in plain encoding, as the Parquet format describes them.
type pageEncoder struct {
	*column
	out      io.Writer
	start    int64 // where the column begins
	expanded int64 // its size before compression

	count       int
	repetitions levels
	definitions levels
	plain       []byte
	scratch     []byte
}

// levels are run-length encoded numbers of one byte.
type levels struct {
	b    []byte
	last byte
	run  int
}

func (l *levels) add(v int) {
	if l.run > 0 && byte(v) != l.last {
		l.end()
	}
	l.last = byte(v)
	l.run++
}

func (l *levels) end() {
	if l.run > 0 {
		l.b = append(binary.AppendUvarint(l.b, uint64(l.run)<<1), l.last)
		l.run = 0
	}
}

// page writes the values of a page with their edits.
func (e *pageEncoder) page(page parquet.Page, edits map[int][]valueEdit) error {
	values := page.Values()
	for item := 0; ; {
		n, err := values.ReadValues(e.values)
		for _, v := range e.values[:n] {
			if len(e.plain) > Stride && v.RepetitionLevel() == 0 {
				if err := e.flush(); err != nil {
					return err
				}
			}
			e.add(v, edits[item])
			item++
		}
		if errors.Is(err, io.EOF) || n == 0 && err == nil {
			return nil
		}
		if err != nil {
			return errPage
		}
	}
}

func (e *pageEncoder) add(v parquet.Value, edits []valueEdit) {
	repetition, definition, null := v.RepetitionLevel(), v.DefinitionLevel(), v.IsNull()
	if len(edits) > 0 {
		text, _ := e.text(e.scratch[:0], v)
		e.scratch = text
		var ok bool
		if v, ok = valueFrom(e.leaf.Type(), edited(text, edits)); !ok {
			if e.leaf.Optional() {
				definition, null = definition-1, true
			} else {
				v = parquet.ZeroValue(v.Kind())
			}
		}
	}
	if e.count++; e.leaf.MaxRepetitionLevel() > 0 {
		e.repetitions.add(repetition)
	}
	if e.leaf.MaxDefinitionLevel() > 0 {
		e.definitions.add(definition)
	}
	if !null {
		e.plain = appendPlain(e.plain, e.leaf.Type(), v)
	}
}

func edited(text []byte, edits []valueEdit) []byte {
	var out []byte
	at := 0
	for _, e := range edits {
		out = append(append(out, text[at:e.start]...), e.text...)
		at = e.end
	}
	return append(out, text[at:]...)
}

// valueFrom makes a value of a type from text, and reports false where the type has none for it.
func valueFrom(t parquet.Type, text []byte) (v parquet.Value, ok bool) {
	var err error
	var logical format.LogicalTypeValue
	if l := t.LogicalType(); l != nil {
		logical = l.Value
	}
	switch kind := t.Kind(); kind {
	case parquet.ByteArray:
		v = parquet.ByteArrayValue(text)
	case parquet.FixedLenByteArray:
		if len(text) != t.Length() {
			text = make([]byte, t.Length())
		}
		v = parquet.FixedLenByteArrayValue(text)
	case parquet.Int32, parquet.Int64:
		var n int64
		if n, err = integerFrom(logical, string(text), kind); kind == parquet.Int32 {
			v = parquet.Int32Value(int32(n))
		} else {
			v = parquet.Int64Value(n)
		}
	case parquet.Float, parquet.Double:
		var f float64
		if f, err = strconv.ParseFloat(string(text), 64); kind == parquet.Float {
			v = parquet.FloatValue(float32(f))
		} else {
			v = parquet.DoubleValue(f)
		}
	}
	return v, err == nil
}

func integerFrom(logical format.LogicalTypeValue, text string, kind parquet.Kind) (int64, error) {
	switch l := logical.(type) {
	case *format.DateType:
		t, err := time.Parse(time.DateOnly, text)
		return t.Unix() / 86400, err
	case *format.TimestampType:
		t, err := time.Parse(time.DateTime, text)
		switch l.Unit.Value.(type) {
		case *format.MicroSeconds:
			return t.UnixMicro(), err
		case *format.NanoSeconds:
			return t.UnixNano(), err
		}
		return t.UnixMilli(), err
	case *format.IntType:
		if !l.IsSigned {
			n, err := strconv.ParseUint(text, 10, int(l.BitWidth))
			return int64(n), err
		}
	}
	if kind == parquet.Int32 {
		return strconv.ParseInt(text, 10, 32)
	}
	return strconv.ParseInt(text, 10, 64)
}

func appendPlain(dst []byte, t parquet.Type, v parquet.Value) []byte {
	switch t.Kind() {
	case parquet.ByteArray:
		b := v.ByteArray()
		return append(binary.LittleEndian.AppendUint32(dst, uint32(len(b))), b...)
	case parquet.FixedLenByteArray:
		return append(dst, v.ByteArray()...)
	case parquet.Int32:
		return binary.LittleEndian.AppendUint32(dst, uint32(v.Int32()))
	case parquet.Int64:
		return binary.LittleEndian.AppendUint64(dst, uint64(v.Int64()))
	case parquet.Float:
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(v.Float()))
	case parquet.Double:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.Double()))
	}
	panic("a column that has no text is edited: " + t.Kind().String())
}

// flush writes a page of what was added.
func (e *pageEncoder) flush() error {
	if e.count == 0 {
		return nil
	}
	body := e.scratch[:0]
	for _, l := range []*levels{&e.repetitions, &e.definitions} {
		if l.end(); len(l.b) > 0 {
			body = append(binary.LittleEndian.AppendUint32(body, uint32(len(l.b))), l.b...)
		}
		l.b = l.b[:0]
	}
	body = append(body, e.plain...)
	packed, err := parquet.LookupCompressionCodec(e.meta.Codec).Encode(nil, body)
	if err != nil {
		return fmt.Errorf("compress page: %w", err)
	}
	header, err := thrift.Marshal(new(thrift.CompactProtocol), &format.PageHeader{
		Type: format.DataPage, UncompressedPageSize: int32(len(body)), CompressedPageSize: int32(len(packed)),
		DataPageHeader: thrift.New(format.DataPageHeader{
			NumValues: int32(e.count), Encoding: format.Plain,
			DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE,
		}),
	})
	if err != nil {
		return fmt.Errorf("encode page header: %w", err)
	}
	e.expanded += int64(len(header) + len(body))
	e.count, e.plain, e.scratch = 0, e.plain[:0], body
	if _, err := e.out.Write(append(header, packed...)); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// describe sets the metadata of the column that was written.
func (e *pageEncoder) describe(chunk *format.ColumnChunk) {
	m := &chunk.MetaData
	m.Encoding = thrift.Slice[format.Encoding]{format.Plain, format.RLE}
	m.TotalUncompressedSize, m.TotalCompressedSize = e.expanded, e.out.(*counter).n-e.start
	m.DataPageOffset, m.IndexPageOffset, m.DictionaryPageOffset = e.start, 0, 0
	m.Statistics, m.EncodingStats = format.Statistics{}, nil
	m.BloomFilterOffset, m.BloomFilterLength = 0, 0
	m.SizeStatistics, m.GeospatialStatistics = format.SizeStatistics{}, format.GeospatialStatistics{}
	if chunk.FileOffset > 0 {
		chunk.FileOffset = e.start
	}
}
