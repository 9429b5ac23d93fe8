package model

import (
	"compress/bzip2"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// oldJoblibHead is the length of "ZF" and of 2^64 in hexadecimal digits as Python writes it (joblib/numpy_pickle_compat.py).
const oldJoblibHead = 2 + 19

// compressed scans what one compressed stream holds.
func (j *job) compressed(where, name string, head []byte, r *io.SectionReader, depth int) {
	kind := compression(head)
	j.format(kind, depth)
	stream, done, err := openCompressed(kind, r)
	if err != nil {
		if kind == "zlib" || kind == "lzma" { // two bytes are no proof
			j.rest(where, name, head, r, depth, sniffText(head))
			return
		}
		j.note(Invalid, "damaged", where, "it cannot be unpacked: "+readError(err), "take the file from its source again")
		return
	}
	defer done()
	if stream == nil {
		j.note(Review, "unknown-format", where, "compressed by "+kind+", which is not unpacked here", "unpack it and scan what is inside")
		return
	}
	_ = j.unpack(where, stream, r.Size(), func(inner *io.SectionReader) {
		j.blob(within(where, "("+kind+")"), name, inner, depth+1)
	})
}

// openCompressed returns the decoder of a stream; nil for a format that is only recognised.
func openCompressed(kind string, r io.Reader) (io.Reader, func(), error) {
	nothing := func() {}
	switch kind {
	case "gzip":
		z, err := gzip.NewReader(r)
		return z, nothing, wrapOpen(err)
	case "zlib":
		z, err := zlib.NewReader(r)
		return z, nothing, wrapOpen(err)
	case "bzip2":
		return bzip2.NewReader(r), nothing, nil
	case "xz":
		z, err := xz.ReaderConfig{DictCap: 64 << 20}.NewReader(r)
		return z, nothing, wrapOpen(err)
	case "lzma":
		z, err := lzma.ReaderConfig{DictCap: 64 << 20}.NewReader(r)
		return z, nothing, wrapOpen(err)
	case "zstd":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20), zstd.WithDecoderMaxWindow(32<<20))
		if err != nil {
			return nil, nothing, wrapOpen(err)
		}
		return z, z.Close, nil
	case "lz4":
		return lz4.NewReader(r), nothing, nil
	case "joblib-zlib": // of joblib before 0.10: a mark, the length in hexadecimal digits, and a stream
		if _, err := io.CopyN(io.Discard, r, oldJoblibHead); err != nil {
			return nil, nothing, wrapOpen(err)
		}
		z, err := zlib.NewReader(r)
		return z, nothing, wrapOpen(err)
	}
	return nil, nothing, nil
}

func wrapOpen(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return fmt.Errorf("open: %w", err)
}
