package custody

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// reader reads the frames of one segment through a window.
type reader struct {
	f     io.ReaderAt
	size  int64 // of the file when it was opened
	start int64 // where frames begin
	buf   []byte
	off   int64 // of buf in the file
	pos   int   // of the next frame in buf
}

const readWindow = 1 << 20

func newReader(f io.ReaderAt, size, start int64) *reader {
	return &reader{f: f, size: size, start: start, off: start}
}

// offset is where the next frame starts.
func (r *reader) offset() int64 { return r.off + int64(r.pos) }

// reload forgets what was read ahead, since the file is being written.
func (r *reader) reload(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	r.size, r.off, r.pos, r.buf = info.Size(), r.offset(), 0, r.buf[:0]
	return nil
}

// need makes n bytes from the next frame on available, fewer at the end of the file.
func (r *reader) need(n int) ([]byte, error) {
	if have := len(r.buf) - r.pos; have >= n || r.off+int64(len(r.buf)) >= r.size {
		return r.buf[r.pos:], nil
	}
	keep := copy(r.buf, r.buf[r.pos:])
	r.off += int64(r.pos)
	r.pos = 0
	size := min(max(n, readWindow), int(r.size-r.off))
	if cap(r.buf) < size {
		r.buf = append(make([]byte, 0, size), r.buf[:keep]...)
	}
	r.buf = r.buf[:size]
	m, err := r.f.ReadAt(r.buf[keep:], r.off+int64(keep))
	r.buf = r.buf[:keep+m]
	if errors.Is(err, io.EOF) {
		r.size = r.off + int64(len(r.buf))
		err = nil
	}
	return r.buf, err
}

// next reads a frame. Its slices are valid until the next call. At zeros and at the end of the file it returns errEnd.
func (r *reader) next() (frame, error) {
	b, err := r.need(4)
	if err != nil {
		return frame{}, err
	}
	n, err := frameSize(b)
	if err != nil {
		return frame{}, err
	}
	if int64(n) > r.size-r.offset() {
		return frame{}, errShort
	}
	if b, err = r.need(n); err != nil {
		return frame{}, err
	}
	f, err := decodeFrame(b)
	if err == nil {
		r.pos += f.size
	}
	return f, err
}

// rest is what lies behind the last good frame.
type rest struct {
	zero  bool   // nothing but zeros
	later *frame // a good frame of a drain that began after the given record: that record was durable once
}

// lookBehind searches what follows the last good frame. seq is the record that should come next.
func (r *reader) lookBehind(seq uint64) (rest, error) {
	b := make([]byte, r.size-r.offset())
	n, err := r.f.ReadAt(b, r.offset())
	if err != nil && !errors.Is(err, io.EOF) {
		return rest{}, err
	}
	b = b[:n]
	out := rest{zero: isZero(b)}
	if out.zero {
		return out, nil
	}
	for i := range b {
		if !plausible(b[i:], seq, seq+1<<40) {
			continue
		}
		if f, err := decodeFrame(b[i:]); err == nil && f.drain() > seq {
			out.later = &f
			return out, nil
		}
	}
	return out, nil
}

func isZero(b []byte) bool {
	for len(b) >= 8 {
		if b[0]|b[1]|b[2]|b[3]|b[4]|b[5]|b[6]|b[7] != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// state is what the log says up to a record: everything that the next header must repeat.
type state struct {
	origin   string
	chain    Hash
	tree     tree
	open     unanswered
	position uint32 // of the last frame in its drain
	scratch  []byte

	visit func(seq uint64, leaf []byte, info *leafInfo, h *Hash) // called for each good leaf; may be nil
}

// next is the sequence number that comes next.
func (s *state) next() uint64 { return s.tree.size }

// from takes over what a header says.
func (s *state) from(h *header) {
	s.origin, s.chain = h.origin, h.chain
	s.tree = tree{size: h.first, nodes: slices.Clone(h.nodes)}
	s.open = unanswered{}
	for _, o := range h.open {
		s.open[o.id] = o.seq
	}
}

// matches reports what in a header differs from the state.
func (s *state) matches(h *header) error {
	switch {
	case h.origin != s.origin:
		return errors.New("header names another log")
	case h.first != s.next():
		return fmt.Errorf("header begins at record %d, want %d", h.first, s.next())
	case h.chain != s.chain:
		return errors.New("header breaks the hash chain")
	case !slices.Equal(h.nodes, s.tree.nodes):
		return errors.New("header differs from the tree")
	case !slices.Equal(h.open, s.open.sorted()):
		return errors.New("header differs in the unanswered intents")
	}
	return nil
}

func (u unanswered) sorted() []openIntent {
	out := make([]openIntent, 0, len(u))
	for id, seq := range maps.All(u) {
		out = append(out, openIntent{id, seq})
	}
	slices.SortFunc(out, func(a, b openIntent) int { return cmp64(a.seq, b.seq) })
	return out
}

// step adds a frame after checking everything that can be checked without a key.
func (s *state) step(f *frame, firstInSegment bool) error {
	if f.seq != s.next() {
		return fmt.Errorf("sequence number is %d", f.seq)
	}
	if f.prev != s.chain {
		return errors.New("hash chain is broken")
	}
	if f.position != 0 && (firstInSegment || f.position != s.position+1) {
		return errors.New("place in the drain is wrong")
	}
	var digest Hash
	if f.sealing != 0 {
		digest = sha256.Sum256(f.sealed)
	}
	info, err := checkLeaf(f, &digest)
	if err != nil {
		return err
	}
	s.advance(f, &info)
	s.position = f.position
	return nil
}

// advance adds a record that was checked.
func (s *state) advance(f *frame, info *leafInfo) {
	var leaf Hash
	leaf, s.scratch = leafHash(s.scratch, f.leaf)
	s.chain = chainNext(&s.chain, &leaf)
	s.tree.add(leaf)
	if s.visit != nil {
		s.visit(f.seq, f.leaf, info, &leaf)
	}
	s.open.note(f.kind, f.id, f.seq)
}

// readHeader reads the header of a segment file.
func readHeader(f io.ReaderAt) (*header, int64, error) {
	var start [16]byte
	if _, err := f.ReadAt(start[:], 0); err != nil {
		if errors.Is(err, io.EOF) {
			err = errNotHeader
		}
		return nil, 0, err
	}
	n, err := headerSize(start[:])
	if err != nil {
		return nil, 0, err
	}
	b := make([]byte, n)
	if _, err := f.ReadAt(b, 0); err != nil {
		if errors.Is(err, io.EOF) {
			err = errNotHeader
		}
		return nil, 0, err
	}
	h, err := decodeHeader(b)
	return h, int64(n), err
}

// listSegments returns the numbers of the segments in a directory in order, and the names of files that are none.
func listSegments(dir string) (numbers []uint64, other []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		if n, is := segmentNumber(e.Name()); is && e.Type().IsRegular() {
			numbers = append(numbers, n)
		} else {
			other = append(other, e.Name())
		}
	}
	slices.Sort(numbers)
	return numbers, other, nil
}
