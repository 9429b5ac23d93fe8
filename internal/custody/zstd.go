package custody

import (
	"sync"

	"github.com/klauspost/compress/zstd"
)

// The leaves of one block are alike: the fastest level takes most of what there is to gain.
var (
	packer = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
		if err != nil {
			panic(err) // the options are constant
		}
		return e
	})
	unpacker = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxRawBlock), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			panic(err)
		}
		return d
	})
)

// unzstd decompresses one frame of exactly size bytes behind dst, using its room.
func unzstd(in, dst []byte, size int) ([]byte, error) {
	if cap(dst)-len(dst) < size {
		dst = append(make([]byte, 0, len(dst)+size), dst...)
	}
	start := len(dst)
	out, err := unpacker().DecodeAll(in, dst[:start:start+size])
	if err != nil || len(out)-start != size {
		return nil, errMalformed
	}
	return out, nil
}
