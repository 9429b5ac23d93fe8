package upstream

import (
	"bufio"
	"errors"
	"io"
)

// chunked reads a chunked body (RFC 9112 §7.1). A runtime that streams sends a chunk per token, so that reading chunk by
// chunk, as net/http does, costs more than judging them: Read takes all chunks that have arrived. Extensions and trailers
// are read over. What is not exactly a chunk is an error, and so is an end without the last chunk.
type chunked struct {
	r    *bufio.Reader
	left int // bytes of the current chunk that were not given out yet
	tail bool
	err  error
}

var errChunk = errors.New("malformed chunked body")

// maxChunkLine bounds a size line with its extensions, and a trailer line.
const maxChunkLine = 4 << 10

func (c *chunked) Read(p []byte) (n int, err error) {
	for c.err == nil && n < len(p) {
		if c.left == 0 {
			if n > 0 && !c.headerReady() {
				break // give out what is there before waiting
			}
			c.begin()
			continue
		}
		if n > 0 && c.r.Buffered() == 0 {
			break
		}
		m, err := c.r.Read(p[n:min(len(p), n+c.left)])
		n += m
		if c.left -= m; c.left == 0 && err == nil {
			c.tail = true
		}
		if err != nil {
			c.err = unexpected(err)
		}
	}
	if n > 0 {
		return n, nil
	}
	return 0, c.err
}

// headerReady reports whether the end of the current chunk and the next size line have arrived.
func (c *chunked) headerReady() bool {
	b, _ := c.r.Peek(min(c.r.Buffered(), 64))
	lines := 1
	if c.tail {
		lines = 2
	}
	for _, x := range b {
		if x == '\n' {
			if lines--; lines == 0 {
				return true
			}
		}
	}
	return false
}

// begin reads the end of the chunk before and the size of the next.
func (c *chunked) begin() {
	if c.tail {
		if line, err := c.line(); err != nil || len(line) != 0 {
			c.fail(err)
			return
		}
		c.tail = false
	}
	line, err := c.line()
	if err != nil {
		c.fail(err)
		return
	}
	size, ok := chunkSize(line)
	if !ok {
		c.fail(nil)
		return
	}
	if c.left = size; size > 0 {
		return
	}
	for { // trailers
		line, err := c.line()
		if err != nil {
			c.fail(err)
			return
		}
		if len(line) == 0 {
			c.err = io.EOF
			return
		}
	}
}

func (c *chunked) fail(err error) {
	if c.err = errChunk; err != nil {
		c.err = unexpected(err)
	}
}

// line reads one line and takes its CRLF off. A bare LF is refused: lenient readers are how requests are smuggled.
func (c *chunked) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		if errors.Is(err, bufio.ErrBufferFull) {
			err = errChunk
		}
		return nil, err
	}
	if len(line) < 2 || len(line) > maxChunkLine || line[len(line)-2] != '\r' {
		return nil, errChunk
	}
	return line[:len(line)-2], nil
}

// chunkSize reads the hexadecimal size before an extension.
func chunkSize(line []byte) (size int, ok bool) {
	n := 0
	for n < len(line) && line[n] != ';' && line[n] != ' ' && line[n] != '\t' {
		d := hexValue(line[n])
		if d < 0 || n >= 7 { // 256 MiB in one chunk are enough
			return 0, false
		}
		size = size<<4 | d
		n++
	}
	return size, n > 0
}

func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
