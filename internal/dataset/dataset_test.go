package dataset_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/reeve-ai/reeve/internal/dataset"
)

// value is a Field with its text.
type value struct {
	Path, Name, Text string
	Record, Line     int
}

// collector is a Visitor that checks what must hold for every Block and keeps the values.
type collector struct {
	t       testing.TB
	raw     []byte // the file, to compare plain fields with; nil compares nothing
	values  []value
	skipped []string
	odd     []string
	formats []dataset.Format
	owned   []byte // the owned text of Blocks, joined
}

func (c *collector) Skipped(path, reason string) { c.skipped = append(c.skipped, path+": "+reason) }

func (c *collector) Odd(path, what string, n int) {
	c.odd = append(c.odd, fmt.Sprintf("%s: %d %s", path, n, what))
}

func (c *collector) Block(b *dataset.Block) error {
	if !utf8.Valid(b.Text) {
		c.t.Fatalf("a Block of %s is no UTF-8", b.Path)
	}
	if b.From < 0 || b.From > b.To || b.To > len(b.Text) {
		c.t.Fatalf("a Block of %s owns [%d, %d) of %d bytes", b.Path, b.From, b.To, len(b.Text))
	}
	c.owned = append(c.owned, b.Text[b.From:b.To]...)
	c.formats = append(c.formats, b.Format)
	last := 0
	for i := range b.Fields {
		f := &b.Fields[i]
		if f.Start < last || f.End < f.Start || f.End > len(b.Text) {
			c.t.Fatalf("field %d of %s is [%d, %d) behind %d of %d", i, b.Path, f.Start, f.End, last, len(b.Text))
		}
		last = f.End
		if f.Plain && c.raw != nil && !bytes.HasPrefix(c.raw[f.Offset:], b.Text[f.Start:f.End]) {
			c.t.Fatalf("field %q of %s does not stand at %d", f.Name, b.Path, f.Offset)
		}
		c.values = append(c.values, value{b.Path, f.Name, string(b.Text[f.Start:f.End]), f.Record, f.Line})
	}
	return nil
}

// read reads data as a file of that name.
func read(t testing.TB, name string, data []byte, lim dataset.Limits) *collector {
	t.Helper()
	c := &collector{t: t, raw: data}
	if err := dataset.ReadFrom(context.Background(), name, bytes.NewReader(data), lim, c); err != nil {
		t.Fatal(err)
	}
	return c
}
