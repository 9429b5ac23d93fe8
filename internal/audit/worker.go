package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/reeve-ai/reeve/internal/dataset"
	"github.com/reeve-ai/reeve/internal/inspect"
	"github.com/reeve-ai/reeve/internal/report"
)

// result is what a chunk came to.
type result struct {
	file     *file
	from, to int64
	finds    encoder
	spilled  *spill // finds that came before those in finds
	tally    []byte // of finds from the cache
	lines    int64  // line breaks in the chunk
	records  int64
	skips    []report.Skip
	skipped  int  // len(skips) without its bound
	binary   bool // nothing but the strings of a file without text
	last     bool // of the file
	piece    *piece
	lazy     *piece // of the old cache, whose finds are loaded when they are told
	cached   bool
	trusted  bool      // the stamp proved the same before
	read     time.Time // when reading began
	err      error     // ends the run
	ready    chan struct{}
}

// worker judges chunks, one after the other.
type worker struct {
	o       *Options
	cache   *cache
	hasher  *hasher
	scratch inspect.Scratch
	hits    []inspect.Hit
	printer printer
	small   []byte // memory for small files

	res     *result // of the chunk that is being judged
	chunk   *chunk
	blocks  int
	texts   int
	jsonl   bool // the file is JSONL
	shift   shift
	context context.Context
	allow   inlineAllow
}

// judge fills r for c. A reader that panics on a file that somebody made up must not end the run: the file is told as not
// scanned.
func (w *worker) judge(ctx context.Context, c *chunk, r *result) {
	defer close(r.ready)
	defer func() {
		if p := recover(); p != nil {
			r.skip(c.file.path, fmt.Sprintf("reading it failed unexpectedly (%T)", p))
			r.piece = nil
		}
	}()
	w.res, w.chunk, w.context = r, c, ctx
	w.blocks, w.texts, w.jsonl = 0, 0, false
	r.read = time.Now()
	src, err := c.file.open()
	if err != nil {
		r.skip(c.file.path, reason(err))
		return
	}
	defer closeSource(src)
	if err := w.source(src); err != nil {
		switch {
		case ctx.Err() != nil:
			r.err = ctx.Err()
		case errors.Is(err, errSpill):
			r.err = err
		default:
			r.skip(c.file.path, reason(err))
		}
	}
	if r.last && changed(c.file, src) {
		r.skip(c.file.path, errChanged.Error())
	}
	if r.skipped > 0 {
		r.piece = nil
	}
	r.binary = w.blocks > 0 && w.texts == 0
}

// source judges the chunk of src.
func (w *worker) source(src dataset.Source) error {
	c := w.chunk
	whole := c.from == 0 && c.to == c.file.size
	if c.buf == nil && whole && c.file.size <= 2*chunkMax {
		c.buf = &buffer{b: w.small[:0]}
		if err := c.buf.fill(src, 0, int(c.file.size)); err != nil {
			return err
		}
		w.small = c.buf.b[:0]
	}
	if whole && c.buf != nil && w.cache.on() {
		c.file.classify(&span{src, 0, c.buf.b, c.file.size})
	}
	if w.cache.on() && w.recall(src) {
		return nil
	}
	if err := w.scan(src, c.from, c.to); err != nil {
		return err
	}
	if err := w.count(src); err != nil {
		return err
	}
	w.remember(src)
	return nil
}

// scan reads [from, to), which is all of the file or whole lines.
func (w *worker) scan(src dataset.Source, from, to int64) error {
	c := w.chunk
	w.shift = shift{bytes: -from}
	lim := w.o.Limits
	lim.From, lim.To = from, to
	if from == 0 && to == c.file.size {
		lim.To = 0
	}
	if c.buf != nil && len(c.buf.b) > 0 {
		base := c.from - int64(c.lead)
		src = &span{src, base, c.buf.b, base + int64(len(c.buf.b))}
	}
	return dataset.ReadFrom(w.context, c.file.path, src, lim, w)
}

// count sets the lines and records of the chunk.
func (w *worker) count(src dataset.Source) error {
	c, r := w.chunk, w.res
	records := w.jsonl || c.file.lines == jsonLines
	lines := !r.last || c.file.piece != nil && !c.file.piece.Last
	switch {
	case !records && !lines:
		return nil
	case c.buf != nil && len(c.buf.b) > 0:
		r.lines, r.records = counts(c.own(), lines, records, r.records)
		return nil
	}
	n := lineCounter{}
	if _, err := io.Copy(&n, io.NewSectionReader(src, c.from, c.to-c.from)); err != nil {
		return err
	}
	r.lines = n.lines
	if records {
		r.records = n.end()
	}
	return nil
}

// counts counts what is asked for; records is the answer otherwise.
func counts(own []byte, lines, recordsToo bool, records int64) (int64, int64) {
	n := int64(0)
	if lines {
		n = int64(bytes.Count(own, []byte{'\n'}))
	}
	if recordsToo {
		records = countRecords(own)
	}
	return n, records
}

// lineCounter counts lines, and those that are not blank, of what is written to it.
type lineCounter struct {
	lines, records int64
	filled         bool // the line so far is not blank
}

func (l *lineCounter) Write(b []byte) (int, error) {
	for _, c := range b {
		if c == '\n' {
			l.lines++
			l.end()
		} else if c > ' ' {
			l.filled = true
		}
	}
	return len(b), nil
}

// end ends a line and returns the records so far.
func (l *lineCounter) end() int64 {
	if l.filled {
		l.records++
	}
	l.filled = false
	return l.records
}

// countRecords counts lines that are not blank.
func countRecords(b []byte) (n int64) {
	for len(b) > 0 {
		size := lineLength(b)
		if !blank(b[:size]) {
			n++
		}
		b = b[size:]
	}
	return n
}

func blank(line []byte) bool {
	for _, c := range line {
		if c > ' ' {
			return false
		}
	}
	return true
}

// Block implements dataset.Visitor.
func (w *worker) Block(b *dataset.Block) error {
	if err := w.context.Err(); err != nil {
		return err
	}
	c := w.chunk
	w.blocks++
	if b.Format != dataset.Binary {
		w.texts++
	}
	r := w.res
	if b.Format == dataset.JSONL && len(b.Path) == len(c.file.path) {
		w.jsonl = true
	}
	if n := len(b.Fields); n > 0 && r.last {
		r.records = max(r.records, int64(b.Fields[n-1].Record)+w.shift.records)
	}
	w.hits = w.o.Inspector.Block(w.hits[:0], b, &w.scratch)
	if len(w.hits) == 0 {
		return nil
	}
	w.allow.begin(b)
	for i := range w.hits {
		w.add(b, &w.hits[i])
	}
	if len(r.finds.buf) > spillAfter {
		return r.spill()
	}
	return nil
}

// add turns a hit into a find.
func (w *worker) add(b *dataset.Block, h *inspect.Hit) {
	f := &b.Fields[h.Field]
	out := find{
		rule: h.Rule.ID, kind: string(h.Rule.Kind), about: h.Rule.Description, field: f.Name,
		record: int64(f.Record), line: int64(b.LineAt(f, h.Start)),
		severity: uint8(h.Severity), score: uint8(h.Score*100 + 0.5),
	}
	var inFile bool
	out.start, inFile = b.Place(f, h.Start)
	out.end, _ = b.Place(f, h.End)
	key := w.chunk.file.key
	if member, ok := strings.CutPrefix(b.Path, w.chunk.file.path); ok && member != "" {
		out.path = member
		key += member
	}
	if !inFile {
		out.flags |= inField
	} else {
		out.start += w.shift.bytes
		out.end += w.shift.bytes
	}
	if out.line > 0 {
		out.line += w.shift.lines
	}
	if out.record > 0 {
		out.record += w.shift.records
	}
	out.print = w.printer.base(key, h.Rule.ID, b, f, h.Start, h.End)
	if w.allow.has(h.Start, h.Rule.ID) {
		out.flags |= allowedInline
	}
	value := b.Text[h.Start:h.End]
	if w.o.Allow.hasValue(h.Rule.ID, key, value, w.o.Today) {
		out.flags |= allowedValue
	}
	if w.o.Values {
		out.value = string(value)
	}
	if w.o.Explain {
		out.explain = w.o.Inspector.Explain(b, h)
	}
	w.res.finds.add(&out)
}

// Skipped implements dataset.Visitor.
func (w *worker) Skipped(path, reason string) { w.res.skip(path, reason) }

// Odd implements dataset.Observer.
func (w *worker) Odd(path, what string, count int) {
	w.res.finds.tally.odd(strings.TrimPrefix(path, w.chunk.file.path), what, count)
}

// maxSkips bounds what one chunk may say.
const maxSkips = 1000

func (r *result) skip(path, reason string) {
	if r.skipped++; len(r.skips) < maxSkips {
		r.skips = append(r.skips, report.Skip{Path: path, Reason: reason})
	}
}

// reason says why a file was not read, without its path, which stands beside it.
func reason(err error) string {
	var path *fs.PathError
	switch {
	case errors.As(err, &path):
		return path.Err.Error()
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends early"
	}
	return err.Error()
}

// changed reports whether the file is another than when the run found it.
func changed(f *file, src dataset.Source) bool {
	d, ok := src.(*diskFile)
	if !ok {
		return false
	}
	info, err := d.Stat()
	return err != nil || stampOf(info) != f.stamp
}
