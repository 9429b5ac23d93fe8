package dataset

import (
	"compress/bzip2"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// zstdWindow is the largest window of zstd that is granted; "zstd --long" uses 128 MiB, all other levels up to 8 MiB.
const zstdWindow = 64 << 20

// expand opens a compressed file for reading. What it returns last is called in the end.
func (c container) expand(r io.Reader) (io.Reader, func(), error) {
	switch c {
	case gzipFile:
		z, err := gzip.NewReader(r)
		return z, func() {}, err
	case zstdFile:
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(zstdWindow), zstd.WithDecoderMaxMemory(1<<62))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}
	return bzip2.NewReader(r), func() {}, nil
}

// compressed reads a file that is one compressed stream. What is in it keeps the path; offsets count in what it expands
// to.
func (rd *reader) compressed(in input, c container) error {
	inner, end, err := rd.expanding(in, c)
	if err != nil {
		rd.skip(in.path, err)
		return nil
	}
	defer end()
	return rd.read(inner)
}

// expanding opens what is in a compressed file. end is called when it has been read.
func (rd *reader) expanding(in input, c container) (inner input, end func(), err error) {
	if in.depth >= rd.lim.Depth {
		return in, nil, errDepth
	}
	source := &counted{r: in.r}
	expanded, end, err := c.expand(source)
	if err != nil {
		return in, nil, err
	}
	return input{
		path: in.path, name: innerName(in.name), depth: in.depth + 1,
		r: &guarded{rd: rd, r: expanded, compressed: func() int64 { return source.n }},
	}, end, nil
}

// within opens what is in a compressed file and tells what it is.
func (rd *reader) within(in input, c container) (inner input, k kind, end func(), err error) {
	if inner, end, err = rd.expanding(in, c); err != nil {
		return in, k, nil, err
	}
	if k, err = rd.look(&inner); err != nil {
		end()
		return in, k, nil, err
	}
	return inner, k, end, nil
}

// compress makes a rewriter read the same compressed file and write one like it. It returns what ends the latter.
func (rw *rewriter) compress(src Source, c container) (done func() error, err error) {
	from, _, err := c.expand(io.NewSectionReader(src, 0, src.Size()))
	if err != nil {
		return nil, err
	}
	rw.from = from
	if c == zstdFile {
		z, err := zstd.NewWriter(rw.to, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(8<<20))
		if err != nil {
			return nil, err
		}
		rw.to = z
		return func() error { from.(*zstd.Decoder).Close(); return z.Close() }, nil
	}
	z := gzip.NewWriter(rw.to)
	z.Header = from.(*gzip.Reader).Header
	rw.to = z
	return z.Close, nil
}

const errDepth = refusal("archives nested too deeply")

// innerName is the name of what is in a compressed file.
func innerName(name string) string {
	switch ext := strings.ToLower(path.Ext(name)); ext {
	case ".gz", ".zst", ".bz2", ".zstd", ".gzip", ".xz":
		return name[:len(name)-len(ext)]
	case ".tgz", ".tbz", ".tbz2", ".tzst", ".txz":
		return name[:len(name)-len(ext)] + ".tar"
	}
	return name
}
