package dataset_test

import (
	"bytes"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/dataset"
)

// makeArrow writes two record batches as a stream or as a file.
func makeArrow(t testing.TB, file bool, options ...ipc.Option) []byte {
	t.Helper()
	message := arrow.StructOf(arrow.Field{Name: "content", Type: arrow.BinaryTypes.LargeString, Nullable: true})
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "phone", Type: arrow.PrimitiveTypes.Int64},
		{Name: "born", Type: arrow.FixedWidthTypes.Date32},
		{Name: "messages", Type: arrow.ListOf(message)},
		{Name: "kind", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}},
		{Name: "photo", Type: arrow.BinaryTypes.Binary},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	var out bytes.Buffer
	options = append(options, ipc.WithSchema(schema))
	var w interface {
		Write(rec arrow.RecordBatch) error
		Close() error
	}
	w = ipc.NewWriter(&out, options...)
	if file {
		fw, err := ipc.NewFileWriter(&out, options...)
		if err != nil {
			t.Fatal(err)
		}
		w = fw
	}
	for _, text := range []string{"one", "two"} {
		b.Field(0).(*array.StringBuilder).AppendValues([]string{text, ""}, []bool{true, false})
		b.Field(1).(*array.Int64Builder).AppendValues([]int64{100, 101}, nil)
		b.Field(2).(*array.Date32Builder).AppendValues([]arrow.Date32{0, 1}, nil)
		list := b.Field(3).(*array.ListBuilder)
		content := list.ValueBuilder().(*array.StructBuilder)
		list.Append(true)
		for _, s := range []string{"hi " + text, "bye"} {
			content.Append(true)
			content.FieldBuilder(0).(*array.LargeStringBuilder).Append(s)
		}
		list.Append(true)
		for range 2 {
			if err := b.Field(4).(*array.BinaryDictionaryBuilder).AppendString("k"); err != nil {
				t.Fatal(err)
			}
			b.Field(5).(*array.BinaryBuilder).Append([]byte("\x00\xff"))
		}
		rec := b.NewRecordBatch()
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
		rec.Release()
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestArrow(t *testing.T) {
	const p = "data-00000-of-00001.arrow"
	want := []value{
		{p, "text", "one", 1, 0},
		{p, "phone", "100", 1, 0},
		{p, "born", "1970-01-01", 1, 0},
		{p, "messages.0.content", "hi one", 1, 0},
		{p, "messages.1.content", "bye", 1, 0},
		{p, "kind", "k", 1, 0},
		{p, "phone", "101", 2, 0},
		{p, "born", "1970-01-02", 2, 0},
		{p, "kind", "k", 2, 0},
		{p, "text", "two", 3, 0},
		{p, "phone", "100", 3, 0},
		{p, "born", "1970-01-01", 3, 0},
		{p, "messages.0.content", "hi two", 3, 0},
		{p, "messages.1.content", "bye", 3, 0},
		{p, "kind", "k", 3, 0},
		{p, "phone", "101", 4, 0},
		{p, "born", "1970-01-02", 4, 0},
		{p, "kind", "k", 4, 0},
	}
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"stream", makeArrow(t, false)},
		{"compressed stream", makeArrow(t, false, ipc.WithZstd())},
		{"file", makeArrow(t, true)},
		{"compressed file", makeArrow(t, true, ipc.WithLZ4())},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := readArchive(t, p, c.data, dataset.Limits{})
			if diff := cmp.Diff(want, got.values); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{p + ": 4 binary values, not read"}, got.odd); diff != "" {
				t.Error(diff)
			}
			if cut := readArchive(t, p, c.data[:len(c.data)*2/3], dataset.Limits{}); len(cut.skipped) == 0 {
				t.Error("a truncated file is not reported")
			}
			for i := 0; i < len(c.data); i += 13 {
				broken := bytes.Clone(c.data)
				broken[i] ^= 0x55
				readArchive(t, p, broken, dataset.Limits{}) // anything but a panic
			}
		})
	}
}

func TestArrowNameThatIsNoUTF8(t *testing.T) {
	data := bytes.ReplaceAll(makeArrow(t, false), []byte("phone"), []byte("pho\xffe"))
	got := readArchive(t, "a.arrow", data, dataset.Limits{})
	if len(got.values) < 2 || got.values[1].Name != "pho\uFFFDe" {
		t.Errorf("the names are wrong: %v", got.values)
	}
}
