package audit

import (
	"bytes"
	"errors"
	"io"
	"os"

	"github.com/reeve-ai/reeve/internal/dataset"
)

// How big files of lines are cut.
const (
	chunkMin   = 512 << 10 // no chunk but the last is shorter
	chunkMax   = 1 << 20   // from here on the next line break cuts
	chunkLimit = 8 << 20   // a file with a longer line is not cut behind it
	// cutWindow are the bytes before a line break that decide whether it cuts; one break in cutEvery does. So an insertion
	// moves the cuts near it and no others.
	cutWindow = 32
	cutEvery  = 16
	// Text outside of a chunk that may change what is found in it, with a margin over what package dataset shares.
	leadText = 8 << 10
	tailText = 32 << 10
)

// chunk is a part of a file that is judged on its own: all of it, or whole lines of it.
type chunk struct {
	file     *file
	from, to int64 // to is the file's size for the last chunk
	buf      *buffer
	lead     int    // bytes of buf before from
	sum      digest // of what can change the result; valid if hashed
	hashed   bool
	old      []*piece // what the cache has where this chunk lies
}

// file is what the chunks of one file share.
type file struct {
	path  string
	key   string // path as fingerprints name it
	size  int64
	stamp stamp
	open  func() (dataset.Source, error)
	lines linesOf
	utf8  bool // the beginning of the file is UTF-8 without a byte order mark

	piece *partLine // in shards: what the part says of the piece
}

// linesOf says whether a file can be cut at lines.
type linesOf uint8

const (
	noLines   linesOf = iota // only as a whole
	jsonLines                // one record a line, independent of the others
	textLines                // text with context across lines
)

// buffer is memory for a chunk with its surroundings.
type buffer struct{ b []byte }

// span is a Source of which a part is in memory already. It ends where that part ends.
type span struct {
	dataset.Source
	base int64
	b    []byte
	end  int64
}

func (s *span) Size() int64 { return s.end }

func (s *span) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	if at := off - s.base; at >= 0 && at < int64(len(s.b)) {
		n = copy(p, s.b[at:])
	}
	if n == len(p) {
		return n, nil
	}
	if off+int64(n) >= s.end {
		return n, io.EOF
	}
	p = p[:min(int64(len(p)), s.end-off)]
	m, err := s.Source.ReadAt(p[n:], off+int64(n))
	if err == nil && off+int64(n+m) == s.end {
		err = io.EOF // p may have been longer
	}
	return n + m, err
}

// diskFile is a Source that is closed after use.
type diskFile struct {
	*os.File
	size int64
}

func (d *diskFile) Size() int64 { return d.size }

func openDisk(path string) (dataset.Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	if !info.Mode().IsRegular() {
		_ = f.Close()
		return nil, errors.New("not a regular file")
	}
	return &diskFile{f, info.Size()}, nil
}

func closeSource(s dataset.Source) {
	if c, ok := s.(io.Closer); ok {
		_ = c.Close()
	}
}

// cutter cuts a file of lines. It reads each chunk, with its surroundings, into a buffer of its own.
type cutter struct {
	src    dataset.Source
	size   int64
	at, to int64 // what is left to cut; to is the beginning of a line or the end
	text   bool  // lines have context
}

// next returns the chunk at the cutter. Its buffer is empty if the line breaks are too far apart: then it is all that is
// left.
func (c *cutter) next(buf *buffer) (from, to int64, lead int, err error) {
	from, to = c.at, c.to
	tail := 0
	if c.text {
		lead, tail = int(min(leadText, from)), tailText
	}
	start := from - int64(lead)
	buf.b = buf.b[:0]
	for want := chunkMin + chunkMin/4; ; want *= 2 {
		if want > chunkLimit {
			buf.b = buf.b[:0]
			c.at = to
			return from, to, lead, nil
		}
		own := min(int64(want), to-from)
		if err := buf.fill(c.src, start, lead+int(own)); err != nil {
			return 0, 0, 0, err
		}
		if cut := cutAt(buf.b[lead:]); cut > 0 {
			to = from + int64(cut)
			break
		}
		if own == to-from {
			break
		}
	}
	if err := buf.fill(c.src, start, int(min(c.size, to+int64(tail))-start)); err != nil {
		return 0, 0, 0, err
	}
	buf.b = buf.b[:int(min(c.size, to+int64(tail))-start)]
	c.at = to
	return from, to, lead, nil
}

// fill reads size bytes at off, of which the first len(b) are there already.
func (buf *buffer) fill(src dataset.Source, off int64, size int) error {
	have := len(buf.b)
	if cap(buf.b) < size {
		grown := make([]byte, have, size+size/4)
		copy(grown, buf.b)
		buf.b = grown
	}
	if size <= have {
		return nil
	}
	n, err := src.ReadAt(buf.b[have:size], off+int64(have))
	buf.b = buf.b[:have+n]
	if have+n == size {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return errChanged
	}
	return err
}

var errChanged = errors.New("the file changed while it was read")

// cutAt returns the length of the first chunk of b, or 0 if b does not show where it ends.
func cutAt(b []byte) int {
	for at := chunkMin; at < len(b); {
		nl := bytes.IndexByte(b[at:], '\n')
		if nl < 0 {
			return 0
		}
		at += nl + 1
		if at >= chunkMax || cuts(b[at-cutWindow:at]) {
			return at
		}
	}
	return 0
}

// cuts is FNV-1a over the window.
func cuts(window []byte) bool {
	h := uint32(2166136261)
	for _, c := range window {
		h = (h ^ uint32(c)) * 16777619
	}
	return (h>>16^h)%cutEvery == 0
}
