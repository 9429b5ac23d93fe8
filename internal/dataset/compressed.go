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
	if in.depth >= rd.lim.Depth {
		rd.skip(in.path, errDepth)
		return nil
	}
	source := &counted{r: in.r}
	expanded, done, err := c.expand(source)
	if err != nil {
		rd.skip(in.path, err)
		return nil
	}
	defer done()
	return rd.stream(input{
		path: in.path, name: innerName(in.name), depth: in.depth + 1,
		r: &guarded{rd: rd, r: expanded, compressed: func() int64 { return source.n }},
	})
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
