package pickle

import (
	"bytes"
	"errors"
	"io"
)

const window = 64 << 10

var errEnd = errors.New("stream ended inside an opcode")

// Stream reads bytes forward, with their offset. It is not safe for concurrent use.
type Stream struct {
	r    io.Reader
	buf  []byte
	pos  int   // next byte in buf
	off  int64 // offset of buf[0]
	last error // what r ended with
}

// NewStream reads from r; its first byte has the given offset.
func NewStream(r io.Reader, offset int64) *Stream {
	return &Stream{r: r, buf: make([]byte, 0, window), off: offset}
}

// Pos is the offset of the next byte.
func (s *Stream) Pos() int64 { return s.off + int64(s.pos) }

// Err is why r ended, nil for io.EOF.
func (s *Stream) Err() error {
	if s.last == nil || errors.Is(s.last, io.EOF) {
		return nil
	}
	return s.last
}

// Peek returns the next n bytes without taking them, or as many as there are. n is at most 64 KiB; the bytes are valid until the next call.
func (s *Stream) Peek(n int) []byte {
	s.fill(n)
	return s.buf[s.pos:min(s.pos+n, len(s.buf))]
}

// fill sees to it that n bytes are in the window, if there are.
func (s *Stream) fill(n int) bool {
	if len(s.buf)-s.pos >= n {
		return true
	}
	rest := copy(s.buf[:cap(s.buf)], s.buf[s.pos:])
	s.off += int64(s.pos)
	s.buf, s.pos = s.buf[:rest], 0
	for idle := 0; len(s.buf) < n && s.last == nil; {
		k, err := s.r.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf = s.buf[:len(s.buf)+k]
		if s.last = err; k > 0 {
			idle = 0
		} else if idle++; idle > 100 && err == nil {
			s.last = io.ErrNoProgress
		}
	}
	return len(s.buf) >= n
}

func (s *Stream) byte() (byte, error) {
	if s.pos == len(s.buf) && !s.fill(1) {
		return 0, errEnd
	}
	b := s.buf[s.pos]
	s.pos++
	return b, nil
}

// take takes n bytes, at most a window. They are valid until the next call.
func (s *Stream) take(n int) ([]byte, error) {
	if !s.fill(n) {
		return nil, errEnd
	}
	b := s.buf[s.pos : s.pos+n]
	s.pos += n
	return b, nil
}

// uint takes a little-endian number of n bytes, n at most 8.
func (s *Stream) uint(n int) (uint64, error) {
	b, err := s.take(n)
	if err != nil {
		return 0, err
	}
	v := uint64(0)
	for i := n - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v, nil
}

// Skip takes n bytes and forgets them.
func (s *Stream) Skip(n uint64) error {
	for n > 0 {
		if s.pos == len(s.buf) && !s.fill(1) {
			return errEnd
		}
		k := min(n, uint64(len(s.buf)-s.pos))
		s.pos += int(k)
		n -= k
	}
	return nil
}

// text takes n bytes and returns the first limit of them.
func (s *Stream) text(n uint64, limit int) (string, error) {
	b, err := s.take(int(min(n, uint64(limit))))
	if err != nil {
		return "", err
	}
	t := string(b)
	return t, s.Skip(n - uint64(len(t)))
}

// line takes bytes up to and with a newline and returns them without it, at most limit of them; whole says whether that is all.
// CPython accepts no line without its newline.
func (s *Stream) line(limit int) (text string, whole bool, err error) {
	whole = true
	for {
		if s.pos == len(s.buf) && !s.fill(1) {
			return "", false, errEnd
		}
		rest := s.buf[s.pos:]
		end := bytes.IndexByte(rest, '\n')
		part := rest
		if end >= 0 {
			part = rest[:end]
		}
		if room := limit - len(text); len(part) > room {
			part, whole = part[:room], false
		}
		text += string(part)
		if end >= 0 {
			s.pos += end + 1
			return text, whole, nil
		}
		s.pos = len(s.buf)
	}
}
