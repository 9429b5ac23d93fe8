package dataset

import (
	"fmt"
	"io"
)

// headroom is what an archive may expand to whatever its ratio: small files compress well.
const headroom = 16 << 20

// counted counts what is read.
type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// guarded is expanded data. It ends with a refusal when there is too much of it.
type guarded struct {
	rd         *reader
	r          io.Reader
	compressed func() int64 // bytes that it came from so far
	n          int64
}

func (g *guarded) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	g.n += int64(n)
	g.rd.expanded += int64(n)
	switch {
	case g.rd.expanded > g.rd.lim.Expanded:
		return 0, refusal(fmt.Sprintf("expands to more than %d bytes", g.rd.lim.Expanded))
	case g.n > headroom && g.n/g.rd.lim.Ratio > g.compressed():
		return 0, refusal(fmt.Sprintf("expands to more than %d times its size", g.rd.lim.Ratio))
	}
	return n, err
}

// inMemory is how large a file may be that must be read from its end and only comes as a stream.
const inMemory = 64 << 20

// random gives random access to an input.
func (rd *reader) random(in input) (Source, error) {
	if in.src != nil {
		return in.src, nil
	}
	data, err := io.ReadAll(io.LimitReader(in.r, inMemory+1))
	if err != nil {
		return nil, err
	}
	if len(data) > inMemory {
		return nil, refusal(fmt.Sprintf("larger than %d MiB within an archive or a stream", inMemory>>20))
	}
	return memory(data), nil
}

// memory is a Source of bytes in memory.
type memory []byte

func (m memory) Size() int64 { return int64(len(m)) }

func (m memory) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 || at >= int64(len(m)) {
		return 0, io.EOF
	}
	n := copy(p, m[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
