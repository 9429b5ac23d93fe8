package audit

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/reeve-ai/reeve/internal/dataset"
)

// job is a chunk with the place for its result.
type job struct {
	chunk  *chunk
	result *result
}

// feeder finds files, cuts them and hands chunks to the workers, and their results, in order, to the emitter.
type feeder struct {
	o       *Options
	cache   *cache
	hasher  *hasher
	jobs    chan job
	ordered chan *result
	buffers chan *buffer
	workers sync.WaitGroup
	roots   []string // as absolute paths without links
	exclude []os.FileInfo

	// Where files are only listed: what takes them.
	listed     func(*file) error
	listedSkip func(path, why string)
}

// startFeeder starts the workers. They end when jobs is closed.
func startFeeder(ctx context.Context, o *Options, c *cache) *feeder {
	n := o.workers()
	f := &feeder{
		o: o, cache: c, jobs: make(chan job, n), ordered: make(chan *result, 4*n), buffers: make(chan *buffer, 2*n+1),
	}
	for range cap(f.buffers) {
		f.buffers <- &buffer{}
	}
	if c.on() {
		f.hasher, _ = newHasher(c.key)
	}
	for range n {
		w := &worker{o: o, cache: c}
		if c.on() {
			w.hasher, _ = newHasher(c.key)
		}
		f.workers.Add(1)
		go func() {
			defer f.workers.Done()
			for j := range f.jobs {
				f.work(ctx, w, j)
			}
		}()
	}
	for _, path := range o.Exclude {
		if info, err := os.Stat(path); err == nil {
			f.exclude = append(f.exclude, info)
		}
	}
	return f
}

func (f *feeder) work(ctx context.Context, w *worker, j job) {
	size := j.chunk.to - j.chunk.from
	pooled := j.chunk.buf
	w.judge(ctx, j.chunk, j.result)
	if pooled != nil {
		pooled.b = pooled.b[:0]
		f.buffers <- pooled
	}
	if f.o.Progress != nil {
		f.o.Progress(size)
	}
}

// walk feeds what lies in the paths.
func (f *feeder) walk(ctx context.Context, paths []string) error {
	for _, p := range paths {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			if abs, err := filepath.Abs(real); err == nil {
				f.roots = append(f.roots, abs)
			}
		}
	}
	return dataset.Walk(ctx, paths, f.o.Walk,
		func(df *dataset.File) error { return f.disk(ctx, df.Path) },
		func(path, why string) { f.notRead(ctx, path, why) })
}

// notRead tells what Walk does not read. A link to something that the walk comes to anyway is nothing to tell; one to a
// file elsewhere is read through, because data sets are often folders of links into a store.
func (f *feeder) notRead(ctx context.Context, path, why string) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		f.skip(ctx, path, why)
		return
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		f.skip(ctx, path, "symbolic link that leads nowhere")
		return
	}
	if real, err = filepath.Abs(real); err != nil {
		f.skip(ctx, path, why)
		return
	}
	target, err := os.Stat(real)
	abs, _ := filepath.Abs(path)
	switch {
	case err != nil:
		f.skip(ctx, path, reason(err))
	case target.IsDir() && within(abs, real):
		f.skip(ctx, path, "symbolic link to a folder around it")
	case slices.ContainsFunc(f.roots, func(root string) bool { return within(real, root) }):
	case target.Mode().IsRegular():
		_ = f.disk(ctx, path)
	default:
		f.skip(ctx, path, why)
	}
}

// within reports whether path is folder or lies in it.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}

func (f *feeder) skip(ctx context.Context, path, why string) {
	if f.listedSkip != nil {
		f.listedSkip(path, why)
		return
	}
	_ = f.skipFile(ctx, &file{path: path}, why)
}

// skipFile tells that a file, or the rest of one, is not scanned.
func (f *feeder) skipFile(ctx context.Context, fl *file, why string) error {
	r := &result{file: fl, last: true, ready: make(chan struct{})}
	r.skip(fl.path, why)
	close(r.ready)
	return f.send(ctx, r)
}

// nothing feeds a piece in which no line begins.
func (f *feeder) nothing(ctx context.Context, fl *file) error {
	r := &result{file: fl, from: fl.piece.From, to: fl.piece.From, last: true, ready: make(chan struct{})}
	close(r.ready)
	return f.send(ctx, r)
}

func (f *feeder) send(ctx context.Context, r *result) error {
	select {
	case f.ordered <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// disk feeds a file on disk.
func (f *feeder) disk(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		f.skip(ctx, path, reason(err))
		return nil
	}
	if slices.ContainsFunc(f.exclude, func(x os.FileInfo) bool { return os.SameFile(x, info) }) {
		return nil
	}
	fl := &file{
		path: path, key: keyPath(f.o.Root, path), size: info.Size(), stamp: stampOf(info),
		open: func() (dataset.Source, error) { return openDisk(path) },
	}
	if f.listed != nil {
		return f.listed(fl)
	}
	old := f.cache.lookup(path)
	if old != nil && old.stamp == fl.stamp && fl.stamp.modified != 0 && f.recallFile(ctx, fl, old) {
		return ctx.Err()
	}
	var pieces []*piece
	if old != nil {
		pieces = old.pieces
	}
	return f.file(ctx, fl, pieces)
}

// keyPath names a file relative to root, so that fingerprints do not depend on where a repository lies.
func keyPath(root, path string) string {
	if root == "" {
		return path
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(root, abs)
	if err != nil || strings.HasPrefix(rel, "..") {
		return path
	}
	return filepath.ToSlash(rel)
}

// recallFile takes all of a file's findings from the cache, unread.
func (f *feeder) recallFile(ctx context.Context, fl *file, old *entry) bool {
	at := int64(0)
	list := make([]*result, 0, len(old.pieces))
	for i, p := range old.pieces {
		r := &result{
			file: fl, from: at, to: at + p.size, last: i == len(old.pieces)-1, cached: true, binary: old.binary,
			lines: p.lines, records: p.records, ready: make(chan struct{}), lazy: p, piece: p, trusted: true,
		}
		close(r.ready)
		at += p.size
		list = append(list, r)
	}
	if at != fl.size || len(list) == 0 {
		return false
	}
	for _, r := range list {
		if f.send(ctx, r) != nil {
			return true
		}
	}
	if f.o.Progress != nil {
		f.o.Progress(fl.size)
	}
	return true
}

// named feeds sources that are no files on disk.
func (f *feeder) named(ctx context.Context, list []Named) error {
	for _, n := range list {
		src, err := n.Open()
		if err != nil {
			f.skip(ctx, n.Path, reason(err))
			continue
		}
		size := src.Size()
		closeSource(src)
		if err := f.file(ctx, &file{path: n.Path, key: n.Path, size: size, open: n.Open}, nil); err != nil {
			return err
		}
	}
	return nil
}

// file feeds a file, in chunks if it is big and has lines.
func (f *feeder) file(ctx context.Context, fl *file, old []*piece) error {
	if fl.size <= 2*chunkMax {
		fl.classify(nil)
		return f.enqueue(ctx, &chunk{file: fl, to: fl.size, old: old}, &result{last: true})
	}
	src, err := fl.open()
	if err != nil {
		return f.skipFile(ctx, fl, reason(err))
	}
	defer closeSource(src)
	if fl.classify(src); fl.lines == noLines {
		return f.enqueue(ctx, &chunk{file: fl, to: fl.size, old: old}, &result{last: true})
	}
	return f.cut(ctx, fl, src, old, 0, fl.size)
}

// classify finds out whether a file has lines that can be read by themselves.
func (fl *file) classify(src dataset.Source) {
	if src == nil {
		return // small: the worker looks, once it has read the file
	}
	fl.lines, fl.utf8 = linesIn(fl.path, src)
}

// linesIn says whether a file can be cut at lines, and whether its beginning is plain UTF-8.
func linesIn(path string, src dataset.Source) (linesOf, bool) {
	head := make([]byte, min(64<<10, src.Size()))
	n, _ := src.ReadAt(head, 0)
	if bytes.IndexByte(head[:n], 0) >= 0 || bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return noLines, false // in UTF-16 the byte of a line break is none
	}
	format, splits := dataset.Detect(path, src)
	switch {
	case !splits:
		return noLines, false
	case format == dataset.JSONL:
		return jsonLines, plainUTF8(head[:n])
	}
	return textLines, plainUTF8(head[:n])
}

// plainUTF8 reports whether head, which may end within a character, is UTF-8 without a byte order mark or zero bytes.
func plainUTF8(head []byte) bool {
	for cut := 0; cut < utf8.UTFMax && cut < len(head); cut++ {
		if utf8.Valid(head[:len(head)-cut]) {
			return !bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) && bytes.IndexByte(head, 0) < 0
		}
	}
	return len(head) == 0
}

// cut feeds the lines [from, to) of a file in chunks.
func (f *feeder) cut(ctx context.Context, fl *file, src dataset.Source, old []*piece, from, to int64) error {
	c := cutter{src: src, size: fl.size, at: from, to: to, text: fl.lines == textLines}
	head := digest{}
	if f.cache.on() {
		b := make([]byte, 64<<10)
		n, _ := src.ReadAt(b, 0)
		head = f.hasher.sum(b[:n])
	}
	known := map[digest]int{}
	for i, p := range old {
		known[p.sum] = i
	}
	next := 0 // where in old the next chunk probably is
	for c.at < to {
		var buf *buffer
		select {
		case buf = <-f.buffers:
		case <-ctx.Done():
			return ctx.Err()
		}
		ch := &chunk{file: fl, buf: buf}
		var err error
		if ch.from, ch.to, ch.lead, err = c.next(buf); err != nil {
			f.buffers <- buf
			return f.skipFile(ctx, fl, reason(err))
		}
		last := ch.to == to
		if f.cache.on() && len(buf.b) > 0 {
			ch.sum, ch.hashed = f.hasher.sum(buf.b), true
			if c.text {
				ch.sum.mix(head)
			}
			if i, ok := known[ch.sum]; ok && old[i].size == ch.to-ch.from && f.recallChunk(ctx, ch, old[i], last) {
				next = i + 1
				f.buffers <- buf
				continue
			}
			ch.old = old[min(max(next-1, 0), len(old)):min(next+3, len(old))]
			next++
		}
		if err := f.enqueue(ctx, ch, &result{last: last}); err != nil {
			return err
		}
	}
	return nil
}

// mix joins another digest into d.
func (d *digest) mix(with digest) {
	for i := range d {
		d[i] ^= with[(i+3)%len(with)]
	}
}

// recallChunk takes a chunk's findings from the cache.
func (f *feeder) recallChunk(ctx context.Context, c *chunk, p *piece, last bool) bool {
	body := f.cache.load(p, f.hasher)
	if body == nil {
		return false
	}
	r := &result{file: c.file, from: c.from, to: c.to, last: last, ready: make(chan struct{})}
	r.use(p, body)
	if last {
		if info, err := os.Stat(c.file.path); err != nil || stampOf(info) != c.file.stamp {
			r.skip(c.file.path, errChanged.Error())
		}
	}
	close(r.ready)
	if f.o.Progress != nil {
		f.o.Progress(c.to - c.from)
	}
	return f.send(ctx, r) == nil
}

func (f *feeder) enqueue(ctx context.Context, c *chunk, r *result) error {
	r.file, r.from, r.to, r.ready = c.file, c.from, c.to, make(chan struct{})
	if c.buf != nil && len(c.buf.b) == 0 {
		f.buffers <- c.buf
		c.buf = nil
	}
	if err := f.send(ctx, r); err != nil {
		return err
	}
	select {
	case f.jobs <- job{c, r}:
		return nil
	case <-ctx.Done():
		r.err = ctx.Err()
		close(r.ready)
		return ctx.Err()
	}
}
