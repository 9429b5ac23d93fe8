package dataset

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// rewriteParquet copies a Parquet file. Everything before the first column that is edited keeps its bytes, and so do the
// pages of all columns that are not edited. An edited column of a row group keeps its codec and is written plainly, without
// a dictionary and without statistics, because both would still hold what was replaced. Schema, row groups and metadata
// stay; the page index, whose offsets would be wrong, goes.
func rewriteParquet(
	ctx context.Context, path string, src Source, w io.Writer, lim Limits, edit func(*Block) ([]Edit, error),
) (err error) {
	rw := &parquetRewriter{src: src, out: &counter{w: w}, edits: pageEdits{edit: edit}}
	rd := &reader{ctx: ctx, lim: lim, v: &rw.edits}
	defer func() {
		if rw.edits.skipped != "" && (err == nil || errors.Is(err, errPage)) {
			err = fmt.Errorf("rewrite %s: %w: %s", path, ErrCannotRewrite, rw.edits.skipped)
		}
	}()
	defer rd.calm(path, "malformed Parquet", &err)
	file, err := openParquet(src)
	if err != nil {
		return fmt.Errorf("rewrite %s: %w: %s", path, ErrCannotRewrite, reasonOf(err))
	}
	if rw.meta, err = readFooter(src); err != nil {
		return fmt.Errorf("rewrite %s: %w", path, err)
	}
	row := int64(0)
	for k, g := range file.RowGroups() {
		for i, chunk := range g.ColumnChunks() {
			meta := &rw.meta.RowGroups[k].Columns[i]
			c, err := newColumn(rd, path, src, chunk.(*parquet.FileColumnChunk), meta, row)
			if err != nil {
				return fmt.Errorf("rewrite %s: %w: %s", path, ErrCannotRewrite, reasonOf(err))
			}
			if err := rw.column(c, &rw.meta.RowGroups[k], meta); err != nil {
				return err
			}
		}
		row += g.NumRows()
	}
	return rw.finish()
}

// readFooter decodes the metadata once more, to be changed.
func readFooter(src Source) (*format.FileMetaData, error) {
	var tail [8]byte
	if _, err := src.ReadAt(tail[:], src.Size()-8); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	footer := make([]byte, binary.LittleEndian.Uint32(tail[:]))
	if _, err := src.ReadAt(footer, src.Size()-8-int64(len(footer))); err != nil {
		return nil, err
	}
	meta := &format.FileMetaData{}
	return meta, thrift.Unmarshal(new(thrift.CompactProtocol), footer, meta)
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// pageEdits is the Visitor that collects the edits of a page.
type pageEdits struct {
	edit    func(*Block) ([]Edit, error)
	byItem  map[int][]valueEdit
	skipped string
}

// valueEdit replaces bytes of a value.
type valueEdit struct {
	start, end int
	text       []byte
}

func (p *pageEdits) Skipped(_, reason string) { p.skipped = reason }

func (p *pageEdits) Block(b *Block) error {
	edits, err := p.edit(b)
	if err != nil || len(edits) == 0 {
		return err
	}
	if p.byItem == nil {
		p.byItem = map[int][]valueEdit{}
	}
	return perField(b, edits, func(f *Field, edits []Edit) {
		for _, e := range edits {
			v := valueEdit{int(f.from) + e.Start - f.Start, int(f.from) + e.End - f.Start, slices.Clone(e.Text)}
			p.byItem[int(f.item)] = append(p.byItem[int(f.item)], v)
		}
	})
}

// errPage ends the rewriting of a file of which a page cannot be read.
var errPage = errors.New("a page cannot be read")

// parquetRewriter writes the copy.
type parquetRewriter struct {
	src   Source
	out   *counter
	meta  *format.FileMetaData
	edits pageEdits
	from  int64 // what stands before in src is written, or dropped
	moved bool  // a column was edited, so that the rest stands elsewhere
}

// column copies a column of a row group, or writes it anew from its first page with edits.
func (rw *parquetRewriter) column(c *column, g *format.RowGroup, chunk *format.ColumnChunk) error {
	start, size := c.start(), c.meta.TotalCompressedSize
	if start < rw.from || size < 0 || start+size > rw.src.Size() {
		return fmt.Errorf("rewrite %s: %w: its columns overlap", c.block.Path, ErrCannotRewrite)
	}
	first := -1
	if c.text != nil {
		var err error
		if first, err = rw.firstEdited(c); err != nil {
			return err
		}
	}
	if first < 0 {
		if !rw.moved {
			return nil // copied with all before the first edited column
		}
		delta := rw.out.n - start
		if err := rw.copy(start, start+size); err != nil {
			return err
		}
		shift(chunk, delta)
		return nil
	}
	if !rw.moved {
		if err := rw.copy(0, start); err != nil {
			return err
		}
		rw.moved = true
	}
	enc := &pageEncoder{column: c, out: rw.out, start: rw.out.n}
	if err := rw.encode(c, enc, first); err != nil {
		return err
	}
	rw.from = start + size
	g.SortingColumns = nil
	g.TotalByteSize += enc.expanded - c.meta.TotalUncompressedSize
	if g.TotalCompressedSize != 0 {
		g.TotalCompressedSize += rw.out.n - enc.start - size
	}
	enc.describe(chunk)
	return nil
}

// firstEdited returns the number of the first page with edits, which are kept, or -1.
func (rw *parquetRewriter) firstEdited(c *column) (int, error) {
	pages := c.chunk.Pages()
	defer pages.Close()
	for i := 0; ; i++ {
		page, err := rw.next(c, pages)
		if page == nil || err != nil {
			return -1, err
		}
		err = rw.ask(c, page)
		parquet.Release(page)
		if err != nil || len(rw.edits.byItem) > 0 {
			return i, err
		}
	}
}

// next reads a page, or returns nil at the end.
func (rw *parquetRewriter) next(c *column, pages parquet.Pages) (parquet.Page, error) {
	if err := c.rd.ctx.Err(); err != nil {
		return nil, err
	}
	page, err := pages.ReadPage()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		rw.edits.skipped = "malformed Parquet: a page cannot be read"
		return nil, errPage
	}
	return page, nil
}

// ask collects the edits of a page.
func (rw *parquetRewriter) ask(c *column, page parquet.Page) error {
	rw.edits.byItem = nil
	if err := c.page(page); err != nil {
		return err
	}
	if err := c.flush(); err != nil {
		return err
	}
	if rw.edits.skipped != "" {
		return errPage
	}
	return nil
}

// encode writes all pages of a column; the edits of the page first are known already.
func (rw *parquetRewriter) encode(c *column, enc *pageEncoder, first int) error {
	pages := c.chunk.Pages()
	defer pages.Close()
	known := rw.edits.byItem
	for i := 0; ; i++ {
		page, err := rw.next(c, pages)
		if page == nil || err != nil {
			return or(err, enc.flush())
		}
		var edits map[int][]valueEdit
		if i == first {
			edits = known
		} else if i > first {
			err = rw.ask(c, page)
			edits = rw.edits.byItem
		}
		if err == nil {
			err = enc.page(page, edits)
		}
		parquet.Release(page)
		if err != nil {
			return err
		}
	}
}

// copy writes bytes of the source.
func (rw *parquetRewriter) copy(from, to int64) error {
	n, err := io.Copy(rw.out, io.NewSectionReader(rw.src, from, to-from))
	if err == nil && n != to-from {
		err = io.ErrUnexpectedEOF
	}
	if rw.from = to; err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	return nil
}

// shift moves the offsets of a column that stands elsewhere now.
func shift(chunk *format.ColumnChunk, delta int64) {
	m := &chunk.MetaData
	for _, at := range []*int64{&m.DataPageOffset, &m.DictionaryPageOffset, &m.IndexPageOffset, &chunk.FileOffset} {
		if *at > 0 {
			*at += delta
		}
	}
	m.BloomFilterOffset, m.BloomFilterLength = 0, 0
}

// finish writes the footer, or copies it if nothing was edited.
func (rw *parquetRewriter) finish() error {
	if !rw.moved {
		return rw.copy(0, rw.src.Size())
	}
	for k := range rw.meta.RowGroups {
		g := &rw.meta.RowGroups[k]
		for i := range g.Columns {
			c := &g.Columns[i]
			c.OffsetIndexOffset, c.OffsetIndexLength, c.ColumnIndexOffset, c.ColumnIndexLength = 0, 0, 0, 0
		}
		if len(g.Columns) > 0 && g.FileOffset > 0 {
			m := &g.Columns[0].MetaData
			if g.FileOffset = m.DataPageOffset; m.DictionaryPageOffset > 0 {
				g.FileOffset = min(g.FileOffset, m.DictionaryPageOffset)
			}
		}
	}
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), rw.meta)
	if err != nil {
		return fmt.Errorf("encode footer: %w", err)
	}
	footer = binary.LittleEndian.AppendUint32(footer, uint32(len(footer)))
	if _, err := rw.out.Write(append(footer, "PAR1"...)); err != nil {
		return fmt.Errorf("write footer: %w", err)
	}
	return nil
}
