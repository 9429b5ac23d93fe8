package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// Bounds of what is read of Parquet into memory at once.
const (
	parquetFooter = 16 << 20
	parquetBudget = 2 << 20  // of elements in the footer; a column of a row group takes about 64
	parquetPage   = 64 << 20 // compressed or expanded
	parquetValues = 1 << 24  // in a page
	parquetHeader = 64 << 10 // of a page
)

// parquet reads the columns of each row group one after the other, page by page.
func (rd *reader) parquet(in input) (err error) {
	src, err := rd.random(in)
	if err != nil {
		rd.skip(in.path, err)
		return rd.ctx.Err()
	}
	defer rd.calm(in.path, "malformed Parquet", &err)
	file, err := openParquet(src)
	if err != nil {
		rd.skip(in.path, err)
		return nil
	}
	row := int64(0)
	for k, g := range file.RowGroups() {
		for i, chunk := range g.ColumnChunks() {
			meta := &file.Metadata().RowGroups[k].Columns[i]
			c, err := newColumn(rd, in.path, src, chunk.(*parquet.FileColumnChunk), meta, row)
			if err != nil {
				rd.skip(in.path, err)
				continue
			}
			if err := c.read(); err != nil {
				return err
			}
		}
		row += g.NumRows()
	}
	return nil
}

// calm ends a reading whose library panicked over a malformed file. Panics of the Visitor go on.
func (rd *reader) calm(path, reason string, err *error) {
	p := recover()
	if p == nil {
		return
	}
	if rd.visiting {
		panic(p)
	}
	rd.skip(path, refusal(reason))
	*err = rd.ctx.Err()
}

// openParquet opens a file whose footer claims nothing impossible.
func openParquet(src Source) (*parquet.File, error) {
	size := src.Size()
	var tail [8]byte
	if size < 12 {
		return nil, refusal("truncated Parquet file")
	}
	if _, err := src.ReadAt(tail[:], size-8); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch string(tail[4:]) {
	case "PAR1":
	case "PARE":
		return nil, refusal("encrypted Parquet file")
	default:
		return nil, refusal("truncated Parquet file")
	}
	n := int64(binary.LittleEndian.Uint32(tail[:]))
	if n > size-12 || n > parquetFooter {
		return nil, refusal("malformed Parquet: footer of impossible size")
	}
	footer := make([]byte, n)
	if _, err := src.ReadAt(footer, size-8-n); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	s := skimmer{b: footer, budget: parquetBudget}
	if !s.structure(0, nil) {
		return nil, refusal("malformed Parquet: footer")
	}
	file, err := parquet.OpenFile(src, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, refusal("malformed Parquet")
	}
	return file, nil
}

// column reads one column of one row group.
type column struct {
	*records
	leaf    *parquet.Column
	chunk   *parquet.FileColumnChunk
	meta    *format.ColumnMetaData
	src     io.ReaderAt
	path    columnPath
	text    textOf
	row     int64 // rows before the next value that begins one
	indexes []int // positions in the lists around the value
	binary  int   // values that are no text
	values  []parquet.Value
	value   int // number of values of the page that were seen, nulls too
}

func newColumn(
	rd *reader, path string, src io.ReaderAt, chunk *parquet.FileColumnChunk, meta *format.ColumnChunk, row int64,
) (*column, error) {
	leaf := chunk.Node().(*parquet.Column)
	c := &column{
		records: newRecords(rd, nil, path, Parquet),
		leaf:    leaf, chunk: chunk, meta: &meta.MetaData, src: src, row: row, path: newColumnPath(chunk.File().Root(), leaf),
		indexes: make([]int, leaf.MaxRepetitionLevel()), values: make([]parquet.Value, 256),
	}
	c.block.place, c.block.splice = nil, nil
	if c.text = textOfColumn(leaf.Type()); c.text == nil {
		return c, nil
	}
	var err error
	switch {
	case meta.CryptoMetadata.Value != nil:
		err = refusal("encrypted column")
	case meta.FilePath != "":
		err = refusal("column in another file")
	default:
		err = c.checkPages()
	}
	return c, err
}

// read emits the values of the column.
func (c *column) read() error {
	if c.text == nil {
		return nil
	}
	pages := c.chunk.Pages()
	defer pages.Close()
	for {
		if err := c.rd.ctx.Err(); err != nil {
			return err
		}
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			c.rd.skip(c.block.Path, refusal("malformed Parquet: a page cannot be read"))
			break
		}
		if err = c.page(page); err == nil {
			err = c.flush()
		}
		parquet.Release(page)
		if err != nil {
			return err
		}
	}
	c.rd.notice(c.block.Path, "binary values, not read", c.binary)
	return nil
}

// start is where the first page of the column stands.
func (c *column) start() int64 {
	if d := c.meta.DictionaryPageOffset; d > 0 && d < c.meta.DataPageOffset {
		return d
	}
	return c.meta.DataPageOffset
}

// checkPages looks at the headers of all pages before the library allocates what they claim.
func (c *column) checkPages() error {
	at := c.start()
	for left := c.meta.TotalCompressedSize; left > 0; {
		p, err := readPageHeader(c.src, at, left)
		if err != nil {
			return err
		}
		if p.compressed < 0 || p.expanded < 0 || p.compressed > left-p.header {
			return refusal("malformed Parquet: page header")
		}
		if p.compressed > parquetPage || p.expanded > parquetPage {
			return refusal(fmt.Sprintf("a page of more than %d MiB", parquetPage>>20))
		}
		if p.values < 0 || p.values > parquetValues {
			return refusal(fmt.Sprintf("a page of more than %d values", parquetValues))
		}
		if err := c.checkClaim(at+p.header, p.compressed); err != nil {
			return err
		}
		at, left = at+p.header+p.compressed, left-p.header-p.compressed
	}
	return nil
}

// pageHeader is what is asked of the header of a page, in bytes.
type pageHeader struct{ header, compressed, expanded, kind, values int64 }

func readPageHeader(src io.ReaderAt, at, left int64) (pageHeader, error) {
	for size := int64(512); ; size *= 8 {
		b := make([]byte, min(size, left))
		if _, err := io.ReadFull(io.NewSectionReader(src, at, left), b); err != nil {
			return pageHeader{}, refusal("truncated Parquet file")
		}
		var p pageHeader
		s := skimmer{b: b, budget: 1 << 10}
		ok := s.structure(0, func(id int16, v int64) {
			switch id {
			case 1:
				p.kind = v
			case 2:
				p.expanded = v
			case 3:
				p.compressed = v
			case 501, 701, 801: // of a data page, a dictionary, a data page of version 2
				p.values = v
			}
		})
		if p.header = int64(s.i); ok {
			return p, nil
		}
		if size >= left || size >= parquetHeader {
			return p, refusal("malformed Parquet: page header")
		}
	}
}

// checkClaim looks at what compressed data claims to expand to, where it says so.
func (c *column) checkClaim(at, size int64) error {
	head := make([]byte, min(size, 32))
	n, _ := c.src.ReadAt(head, at)
	head = head[:n]
	claim := 0
	switch c.meta.Codec {
	case format.Snappy:
		claim, _ = snappy.DecodedLen(head)
	case format.Zstd:
		var h zstd.Header
		if h.Decode(head) == nil && h.HasFCS {
			claim = int(min(h.FrameContentSize, 1<<40))
		}
	}
	if claim > parquetPage {
		return refusal(fmt.Sprintf("a page of more than %d MiB", parquetPage>>20))
	}
	return nil
}
