package audit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/reeve-ai/reeve/internal/dataset"
)

// recall fills the result from the cache, as far as it knows the chunk, and reports whether nothing is left to scan.
func (w *worker) recall(src dataset.Source) bool {
	c, r := w.chunk, w.res
	if !c.hashed {
		sum, err := w.hash(src)
		if err != nil {
			return false
		}
		c.sum, c.hashed = sum, true
		for _, p := range c.old {
			if p.sum == sum && p.size == c.to-c.from {
				if body := w.cache.load(p, w.hasher); body != nil {
					r.use(p, body)
					return true
				}
			}
		}
	}
	if c.file.lines == jsonLines && c.buf != nil && len(c.buf.b) > 0 {
		return w.recallLines()
	}
	return false
}

// use takes over what the cache knows.
func (r *result) use(p *piece, b *body) {
	r.finds.buf = b.finds
	r.lines, r.records, r.cached = p.lines, p.records, true
	r.piece = &piece{size: p.size, sum: p.sum, lines: p.lines, records: p.records, check: p.check, body: b}
	r.tally = b.tally
}

// hash is the digest of all that the chunk's result depends on.
func (w *worker) hash(src dataset.Source) (digest, error) {
	c := w.chunk
	if c.buf != nil && len(c.buf.b) > 0 {
		return w.hasher.sum(c.buf.b), nil
	}
	// The digest of the digests of its parts.
	var sums []byte
	part := make([]byte, 256<<10)
	for at := c.from; at < c.to; {
		n, err := src.ReadAt(part[:min(int64(len(part)), c.to-at)], at)
		if n == 0 && err != nil {
			if errors.Is(err, io.EOF) {
				err = errChanged
			}
			return digest{}, err
		}
		sum := w.hasher.sum(part[:n])
		sums = append(sums, sum[:]...)
		at += int64(n)
	}
	return w.hasher.sum(sums), nil
}

// remember makes the piece of what was scanned.
func (w *worker) remember(src dataset.Source) {
	c, r := w.chunk, w.res
	if !w.cache.on() || r.spilled != nil || r.skipped > 0 {
		return
	}
	if !c.hashed {
		var err error
		if c.sum, err = w.hash(src); err != nil {
			return
		}
	}
	r.piece = &piece{size: c.to - c.from, sum: c.sum, lines: r.lines, records: r.records}
	if r.last && c.buf != nil && len(c.buf.b) > 0 { // it may not be the last the next time
		r.piece.lines = int64(bytes.Count(c.own(), []byte{'\n'}))
	}
	r.piece.body = &body{finds: bytes.Clone(r.finds.buf), tally: r.finds.tally.encode()}
	if c.file.lines == jsonLines && c.buf != nil && len(c.buf.b) > 0 {
		r.piece.body.tags = w.tagLines(c.own())
	}
}

// own is the chunk without its surroundings.
func (c *chunk) own() []byte { return c.buf.b[c.lead : c.lead+int(c.to-c.from)] }

func (w *worker) tagLines(b []byte) []byte {
	tags := make([]byte, 0, 1024)
	for len(b) > 0 {
		n := lineLength(b)
		tags = binary.LittleEndian.AppendUint64(tags, w.hasher.line(b[:n]))
		tags = binary.AppendUvarint(tags, uint64(n))
		b = b[n:]
	}
	return tags
}

func lineLength(b []byte) int {
	if nl := bytes.IndexByte(b, '\n'); nl >= 0 {
		return nl + 1
	}
	return len(b)
}

// line is a line of the old chunks, as the tags tell.
type line struct {
	tag    uint64
	length int
	body   int // index of the body
	number int64
	start  int64
}

// recallLines scans only the lines that the old chunks do not have. A record's findings depend on its own line alone, so
// this gives what scanning all of them would.
func (w *worker) recallLines() bool {
	c, r := w.chunk, w.res
	if len(c.old) == 0 || !c.file.utf8 {
		return false
	}
	known, bodies := w.oldLines(c.old)
	if len(known) == 0 {
		return false
	}
	own := c.own()
	if !utf8.Valid(own) {
		return false
	}
	plan, tags := w.align(own, known)
	out := lineWriter{w: w, r: r, finds: make([]cursor, len(bodies)), bodies: bodies}
	for _, step := range plan {
		if err := out.step(own, step, known); err != nil {
			r.finds = encoder{}
			return false
		}
	}
	r.records = out.records
	r.lines = out.lines
	if r.skipped == 0 && r.spilled == nil {
		r.piece = &piece{
			size: c.to - c.from, sum: c.sum, lines: r.lines, records: r.records,
			body: &body{tags: tags, finds: bytes.Clone(r.finds.buf), tally: r.finds.tally.encode()},
		}
	}
	return true
}

// odd reports whether something was odd in the chunk: nobody knows in which of its lines.
func (b *body) odd() bool {
	odd := false
	err := decodeTally(b.tally, func(r *tallyRow) { odd = odd || r.rule == "" })
	return odd || err != nil
}

// oldLines lists the lines of old chunks.
func (w *worker) oldLines(old []*piece) (list []line, bodies []*body) {
	for _, p := range old {
		b := w.cache.load(p, w.hasher)
		if b == nil || len(b.tags) == 0 || b.odd() {
			continue
		}
		number, start := int64(0), int64(0)
		for tags := b.tags; len(tags) > 8; {
			n, size := binary.Uvarint(tags[8:])
			if size <= 0 || n > chunkLimit {
				return nil, nil
			}
			number++
			list = append(list, line{binary.LittleEndian.Uint64(tags), int(n), len(bodies), number, start})
			start += int64(n)
			tags = tags[8+size:]
		}
		bodies = append(bodies, b)
	}
	return list, bodies
}

// step is a run of lines: known ones from an old line on, or new ones.
type step struct {
	from, to int // in the chunk
	old      int // index of the first old line, -1 for lines that must be scanned
	count    int
}

// alignAhead is how far a line is looked for among the old ones; alignSearches is how often in a chunk all of them are
// looked through instead, to find the place again.
const (
	alignAhead    = 256
	alignSearches = 16
)

// align finds the lines of own among the old ones, in order.
func (w *worker) align(own []byte, known []line) (plan []step, tags []byte) {
	at, next, searches := 0, 0, alignSearches
	add := func(n, old int) {
		if last := len(plan) - 1; last >= 0 && (old < 0) == (plan[last].old < 0) && (old < 0 || plan[last].old+plan[last].count == old) {
			plan[last].to += n
			plan[last].count++
		} else {
			plan = append(plan, step{at, at + n, old, 1})
		}
		at += n
	}
	for at < len(own) {
		n := lineLength(own[at:])
		tag := w.hasher.line(own[at : at+n])
		tags = binary.LittleEndian.AppendUint64(tags, tag)
		tags = binary.AppendUvarint(tags, uint64(n))
		found := findLine(known, next, min(next+alignAhead, len(known)), tag, n)
		if found < 0 && searches > 0 {
			searches--
			found = findLine(known, 0, len(known), tag, n)
		}
		if found >= 0 {
			next = found + 1
		}
		add(n, found)
	}
	return plan, tags
}

func findLine(known []line, from, to int, tag uint64, length int) int {
	for i := from; i < to; i++ {
		if known[i].tag == tag && known[i].length == length {
			return i
		}
	}
	return -1
}

// lineWriter puts together the finds of a chunk from old and new lines.
type lineWriter struct {
	w       *worker
	r       *result
	bodies  []*body
	finds   []cursor // in the finds of the bodies
	lines   int64
	records int64
}

func (l *lineWriter) step(own []byte, s step, known []line) error {
	text := own[s.from:s.to]
	if s.old < 0 {
		if err := l.scan(text, s.from); err != nil {
			return err
		}
	} else if err := l.copy(text, s, known); err != nil {
		return err
	}
	l.lines += int64(bytes.Count(text, []byte{'\n'}))
	l.records += countRecords(text)
	return nil
}

// scan reads the lines as a file of their own. The empty record in front makes it one of lines for certain.
func (l *lineWriter) scan(text []byte, from int) error {
	const lead = "{}\n"
	w := l.w
	w.shift = shift{bytes: int64(from - len(lead)), lines: l.lines - 1, records: l.records - 1}
	src := &memory{append(append(make([]byte, 0, len(lead)+len(text)), lead...), text...)}
	return dataset.ReadFrom(w.context, w.chunk.file.path+".jsonl", src, w.o.Limits, shifted{w})
}

// copy takes over the finds of old lines.
func (l *lineWriter) copy(text []byte, s step, known []line) error {
	at, lines, records := s.from, l.lines, l.records
	for i := s.old; i < s.old+s.count; i++ {
		k := known[i]
		line := text[at-s.from : at-s.from+k.length]
		lines++
		if !blank(line) {
			records++
		}
		c := &l.finds[k.body]
		for found := c.seek(l.bodies[k.body].finds, k.number); found; found = c.next(k.number) {
			f := c.find
			f.line, f.record = lines, records
			if f.flags&inField == 0 {
				f.start, f.end = f.start-k.start+int64(at), f.end-k.start+int64(at)
			}
			l.r.finds.add(&f)
		}
		if c.err != nil {
			return c.err
		}
		at += k.length
	}
	return nil
}

// cursor goes through the finds of a body, which are in the order of their lines. Lines are asked for in order but for a few
// jumps back.
type cursor struct {
	decoder
	find    find
	more    bool  // find is one
	started bool  // decoder is that of the body
	line    int64 // that was asked for
}

// seek goes to the first find of a line and reports whether there is one.
func (c *cursor) seek(finds []byte, line int64) bool {
	if !c.started || line <= c.line {
		c.decoder, c.find, c.started = decoder{buf: finds, strings: c.strings[:0]}, find{}, true
		c.more = c.decoder.next(&c.find)
	}
	c.line = line
	for c.more && c.find.line < line {
		c.more = c.decoder.next(&c.find)
	}
	return c.more && c.find.line == line
}

// next goes to the next find and reports whether it is of the same line.
func (c *cursor) next(line int64) bool {
	c.more = c.decoder.next(&c.find)
	return c.more && c.find.line == line
}

// memory is a Source in memory.
type memory struct{ b []byte }

func (m *memory) Size() int64 { return int64(len(m.b)) }

func (m *memory) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= int64(len(m.b)) {
		return 0, io.EOF
	}
	n := copy(p, m.b[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// shift is what must be added to what is read to count from the beginning of the chunk.
type shift struct{ bytes, lines, records int64 }

// shifted is the worker as a Visitor of some lines of a chunk.
type shifted struct{ *worker }

// Block implements dataset.Visitor.
func (s shifted) Block(b *dataset.Block) error {
	b.Path = strings.TrimSuffix(b.Path, ".jsonl")
	return s.worker.Block(b)
}

// Skipped implements dataset.Visitor.
func (s shifted) Skipped(path, reason string) {
	s.worker.Skipped(strings.TrimSuffix(path, ".jsonl"), reason)
}

// Odd implements dataset.Observer.
func (s shifted) Odd(path, what string, count int) {
	s.worker.Odd(strings.TrimSuffix(path, ".jsonl"), what, count)
}
