package dataset

import (
	"archive/tar"
	"archive/zip"
	"compress/bzip2"
	"errors"
	"io"
	"io/fs"
	"strings"
	"unicode"

	"github.com/klauspost/compress/zstd"
)

// memberPath is the path of a member. Names come from the archive, so that control characters in them are not believed.
func memberPath(archive, name string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(name, "?"))
	return archive + "!/" + clean
}

// tar reads the members of a tar archive as they come.
func (rd *reader) tar(in input) error {
	if in.depth >= rd.lim.Depth {
		rd.skip(in.path, errDepth)
		return nil
	}
	source := &counted{r: in.r}
	t := tar.NewReader(source)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			rd.skip(in.path, err)
			return rd.ctx.Err()
		}
		path := memberPath(in.path, h.Name)
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeGNUSparse: // the reader turns the flag of old archives, NUL, into TypeReg
		case tar.TypeDir, tar.TypeXGlobalHeader:
			continue
		default:
			rd.skip(path, refusal(notRegular(h.FileInfo().Mode())))
			continue
		}
		member := &guarded{rd: rd, r: t, compressed: func() int64 { return source.n }}
		if err := rd.read(input{path: path, name: h.Name, depth: in.depth + 1, r: member}); err != nil {
			return err
		}
	}
}

// directorySize is how long the directory of a zip archive may be: about 250,000 members.
const directorySize = 24 << 20

// metered is a Source that ends after some bytes, because archive/zip reads a directory of any length into memory.
type metered struct {
	Source
	left int64
}

func (m *metered) ReadAt(p []byte, at int64) (int, error) {
	if m.left -= int64(len(p)); m.left < 0 {
		return 0, refusal("too many members")
	}
	return m.Source.ReadAt(p, at)
}

// zip reads the members of a zip archive in the order of its directory, or the document that it is.
func (rd *reader) zip(in input) error {
	if in.depth >= rd.lim.Depth {
		rd.skip(in.path, errDepth)
		return nil
	}
	src, err := rd.random(in)
	if err != nil {
		rd.skip(in.path, err)
		return rd.ctx.Err()
	}
	meter := &metered{src, directorySize}
	z, err := zip.NewReader(meter, src.Size())
	if err != nil {
		rd.skip(in.path, err)
		return nil
	}
	meter.left = 1 << 62
	z.RegisterDecompressor(12, func(r io.Reader) io.ReadCloser {
		return io.NopCloser(bzip2.NewReader(r))
	})
	z.RegisterDecompressor(zstd.ZipMethodWinZip, zstd.ZipDecompressor(
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow)))
	if read := officeKind(z); read != nil {
		return read(rd, in, z)
	}
	for _, f := range z.File {
		if err := rd.zipMember(in, f); err != nil {
			return err
		}
	}
	return nil
}

func (rd *reader) zipMember(in input, f *zip.File) error {
	path := memberPath(in.path, f.Name)
	mode := f.Mode()
	switch {
	case strings.HasSuffix(f.Name, "/") || mode.IsDir():
		return nil
	case mode.Type()&^fs.ModeIrregular != 0:
		rd.skip(path, refusal(notRegular(mode)))
		return nil
	}
	r, err := rd.openMember(f)
	if err != nil {
		rd.skip(path, err)
		return nil
	}
	defer r.Close()
	return rd.read(input{path: path, name: f.Name, depth: in.depth + 1, r: r})
}

// openMember opens a member of a zip archive for guarded reading.
func (rd *reader) openMember(f *zip.File) (io.ReadCloser, error) {
	if f.Flags&1 != 0 {
		return nil, refusal("encrypted")
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	size := int64(min(f.CompressedSize64, 1<<62))
	return struct {
		io.Reader
		io.Closer
	}{&guarded{rd: rd, r: r, compressed: func() int64 { return size }}, r}, nil
}
