package dataset_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"github.com/reeve-ai/reeve/internal/dataset"
)

type message struct {
	Role    string `parquet:"role,dict"`
	Content string `parquet:"content"`
}

type person struct {
	Name     string    `parquet:"name"`
	Phone    int64     `parquet:"phone"`
	Note     *string   `parquet:"note,optional"`
	Height   float64   `parquet:"height"`
	Member   bool      `parquet:"member"`
	Messages []message `parquet:"messages,list"`
	Tags     []string  `parquet:"tags"`
	Photo    []byte    `parquet:"photo"`
}

func people(n int) []person {
	note := "a note"
	rows := []person{}
	for i := range n {
		p := person{
			Name: fmt.Sprintf("name %d", i), Phone: 100 + int64(i), Height: 1.5, Photo: []byte("\x00\xff"),
			Messages: []message{{"user", fmt.Sprintf("hello %d", i)}, {"bot", "bye"}}, Tags: []string{"x", "y"},
		}
		if i%2 == 1 {
			p.Note, p.Messages, p.Tags = &note, nil, nil
		}
		rows = append(rows, p)
	}
	return rows
}

// makeParquet writes two row groups or more.
func makeParquet[T any](t testing.TB, rows []T, codec compress.Codec, options ...parquet.WriterOption) []byte {
	t.Helper()
	var out bytes.Buffer
	options = append(options, parquet.Compression(codec), parquet.KeyValueMetadata("origin", "test"), parquet.PageBufferSize(256))
	w := parquet.NewGenericWriter[T](&out, options...)
	for len(rows) > 0 {
		n := max(1, len(rows)/2)
		if _, err := w.Write(rows[:n]); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		rows = rows[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestParquet(t *testing.T) {
	const p = "a.parquet"
	got := readArchive(t, p, makeParquet(t, people(2), &parquet.Snappy), dataset.Limits{})
	want := []value{
		{p, "name", "name 0", 1, 0},
		{p, "phone", "100", 1, 0},
		{p, "height", "1.5", 1, 0},
		{p, "messages.0.role", "user", 1, 0},
		{p, "messages.1.role", "bot", 1, 0},
		{p, "messages.0.content", "hello 0", 1, 0},
		{p, "messages.1.content", "bye", 1, 0},
		{p, "tags.0", "x", 1, 0},
		{p, "tags.1", "y", 1, 0},
		{p, "name", "name 1", 2, 0},
		{p, "phone", "101", 2, 0},
		{p, "note", "a note", 2, 0},
		{p, "height", "1.5", 2, 0},
	}
	if diff := cmp.Diff(want, got.values); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{p + ": 1 binary values, not read", p + ": 1 binary values, not read"}, got.odd); diff != "" {
		t.Error(diff)
	}
}

func TestBrokenParquet(t *testing.T) {
	data := makeParquet(t, people(20), &parquet.Zstd)
	for _, n := range []int{5, len(data) / 2, len(data) - 1} {
		got := readArchive(t, "a.parquet", data[:n], dataset.Limits{})
		if len(got.skipped) != 1 {
			t.Errorf("cut at %d: skipped %q", n, got.skipped)
		}
	}
	for i := 0; i < len(data); i += 11 {
		broken := bytes.Clone(data)
		broken[i] ^= 0x55
		readArchive(t, "a.parquet", broken, dataset.Limits{}) // anything but a panic
	}
}
