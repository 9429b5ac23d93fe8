package custody

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A sealed segment is two files. The one with the leaves is primary and never changes. All numbers are big-endian.
//
//	 0  8 B  "reevleaf"
//	 8  u16  format version
//	10  u16  0
//	12  u32  length of the head, a multiple of 4096; blocks start there
//	16  u64  number of the segment
//	24  u64  sequence number of the first leaf
//	32  u64  number of leaves
//	40  u64  where the last frame ended in the write-ahead segment: what the next header calls the length of the segment before
//	48  32 B chain hash after the last leaf
//	80  u32  length of the segment's header, then the header as it was in the write-ahead segment (header.go)
//	    u32  number of blocks, then each: u32 length, u32 length when decompressed, u32 CRC-32C of the compressed bytes
//	    zeros
//	    u32  CRC-32C over everything before it
//
// Blocks follow back to back up to the end of the file. Each is one zstd frame (RFC 8878) and holds the leaves of 256 sequence
// numbers that begin at a multiple of 256, or the part of them that lies in the segment: per leaf its length as u16, then the
// leaf, as in an entry bundle of C2SP tlog-tiles.
const (
	leafMagic   = "reevleaf"
	leafFixed   = 84
	bundleSize  = 256 // leaves in a block
	maxRawBlock = bundleSize * (2 + maxLeaf)
	leafDir     = "leaves"
	leafSuffix  = ".leaf"
)

var errNotSealed = errors.New("not a sealed segment")

type leafHead struct {
	number, first, count uint64
	walEnd               uint64
	chain                Hash // after the last leaf
	segment              *header
	encoded              []byte // segment, as it was
	blocks               []leafBlock
	size                 int64 // of the head
}

type leafBlock struct {
	at        int64 // in the file
	size, raw uint32
	crc       uint32
}

// blocksOf is how many blocks the leaves [first, first+count) take.
func blocksOf(first, count uint64) int {
	if count == 0 {
		return 0
	}
	return int((first+count-1)/bundleSize - first/bundleSize + 1)
}

// leafHeadSize is the length of the head of a leaf file.
func leafHeadSize(segmentHeader, blocks int) int {
	return roundUp(leafFixed + segmentHeader + 4 + 12*blocks + 4)
}

// span of a block in sequence numbers.
func (h *leafHead) span(block int) (from, to uint64) {
	from = (h.first/bundleSize + uint64(block)) * bundleSize
	return max(from, h.first), min(from+bundleSize, h.first+h.count)
}

func (h *leafHead) encode() []byte {
	size := leafHeadSize(len(h.encoded), len(h.blocks))
	b := append(make([]byte, 0, size), leafMagic...)
	b = binary.BigEndian.AppendUint16(b, formatVersion)
	b = binary.BigEndian.AppendUint16(b, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(size))
	for _, n := range []uint64{h.number, h.first, h.count, h.walEnd} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	b = append(b, h.chain[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(h.encoded)))
	b = append(b, h.encoded...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(h.blocks)))
	for _, k := range h.blocks {
		b = binary.BigEndian.AppendUint32(b, k.size)
		b = binary.BigEndian.AppendUint32(b, k.raw)
		b = binary.BigEndian.AppendUint32(b, k.crc)
	}
	return endHead(b, size)
}

// endHead pads a head to its size and adds the checksum.
func endHead(b []byte, size int) []byte {
	b = append(b, make([]byte, size-len(b)-4)...)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// sealedHeadSize reads the length of a sealed file's head from its first 16 bytes. It returns ErrNewer (wrapped) for a newer format.
func sealedHeadSize(b []byte, magic string) (int, error) {
	if len(b) < 16 || string(b[:8]) != magic {
		return 0, errNotSealed
	}
	if v := binary.BigEndian.Uint16(b[8:]); v != formatVersion {
		if v > formatVersion {
			return 0, fmt.Errorf("format %d, this program knows %d: %w", v, formatVersion, ErrNewer)
		}
		return 0, errNotSealed
	}
	n := binary.BigEndian.Uint32(b[12:])
	if n < blockSize || n > maxHeader || n%blockSize != 0 || b[10] != 0 || b[11] != 0 {
		return 0, errNotSealed
	}
	return int(n), nil
}

// readSealedHead reads the head of a sealed file.
func readSealedHead(f io.ReaderAt, magic string) ([]byte, error) {
	var start [16]byte
	if _, err := f.ReadAt(start[:], 0); err != nil {
		return nil, atEnd(err)
	}
	n, err := sealedHeadSize(start[:], magic)
	if err != nil {
		return nil, err
	}
	b := make([]byte, n)
	if _, err := f.ReadAt(b, 0); err != nil {
		return nil, atEnd(err)
	}
	if crc32.Checksum(b[:n-4], castagnoli) != binary.BigEndian.Uint32(b[n-4:]) {
		return nil, errNotSealed
	}
	return b, nil
}

// atEnd tells a file that is too short from one that cannot be read.
func atEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return errNotSealed
	}
	return err
}

// decodeLeafHead reads the head of a leaf file. It accepts only what encode writes.
func decodeLeafHead(b []byte) (*leafHead, error) {
	n, err := sealedHeadSize(b, leafMagic)
	if err != nil {
		return nil, err
	}
	if n != len(b) {
		return nil, errNotSealed
	}
	h := &leafHead{
		number: binary.BigEndian.Uint64(b[16:]), first: binary.BigEndian.Uint64(b[24:]), count: binary.BigEndian.Uint64(b[32:]),
		walEnd: binary.BigEndian.Uint64(b[40:]), chain: Hash(b[48:80]), size: int64(n),
	}
	seg := uint64(binary.BigEndian.Uint32(b[80:]))
	if seg > uint64(n-leafFixed-8) || h.count > 1<<32 || h.first > 1<<62 {
		return nil, errNotSealed
	}
	h.encoded = b[leafFixed : leafFixed+seg]
	if h.segment, err = decodeHeader(h.encoded); err != nil {
		return nil, err
	}
	rest := b[leafFixed+seg : n-4]
	blocks := blocksOf(h.first, h.count)
	if uint64(binary.BigEndian.Uint32(rest)) != uint64(blocks) || len(rest) < 4+12*blocks {
		return nil, errNotSealed
	}
	at := int64(n)
	for e := rest[4:]; len(h.blocks) < blocks; e = e[12:] {
		k := leafBlock{at, binary.BigEndian.Uint32(e), binary.BigEndian.Uint32(e[4:]), binary.BigEndian.Uint32(e[8:])}
		if k.raw > maxRawBlock || k.size > maxRawBlock {
			return nil, errNotSealed
		}
		h.blocks = append(h.blocks, k)
		at += int64(k.size)
	}
	if h.segment.number != h.number || h.segment.first != h.first || !bytes.Equal(h.encode(), b) {
		return nil, errNotSealed
	}
	return h, nil
}

// end is the length that the file must have.
func (h *leafHead) end() int64 {
	if len(h.blocks) == 0 {
		return h.size
	}
	k := h.blocks[len(h.blocks)-1]
	return k.at + int64(k.size)
}

// leaves cuts a decompressed block into its leaves, which must be want many and fill it. ends is reused.
func cutBundle(raw []byte, want int, ends []int) ([]int, error) {
	ends = ends[:0]
	at := 0
	for range want {
		if len(raw)-at < 2 {
			return nil, errMalformed
		}
		n := int(binary.BigEndian.Uint16(raw[at:]))
		if n < 2 || n > maxLeaf || n > len(raw)-at-2 {
			return nil, errMalformed
		}
		at += 2 + n
		ends = append(ends, at)
	}
	if at != len(raw) {
		return nil, errMalformed
	}
	return ends, nil
}

// leafName is the file name of the leaves of a segment, below the custody directory.
func leafName(number uint64) string {
	return filepath.Join(leafDir, fmt.Sprintf("%08d", number)+leafSuffix)
}

// sealedNumber reads a file name with the given ending.
func sealedNumber(name, suffix string) (uint64, bool) {
	text, is := strings.CutSuffix(name, suffix)
	n, err := strconv.ParseUint(text, 10, 64)
	return n, is && err == nil && n > 0 && fmt.Sprintf("%08d", n)+suffix == name
}

// leafFile is an open leaf file.
type leafFile struct {
	f    *os.File
	h    *leafHead
	size int64 // of the file

	block int // that raw holds, -1 for none
	raw   []byte
	ends  []int
	in    []byte
}

// openLeafFile opens the leaves of a segment. An error that wraps errNotSealed means damage, any other that it could not be read.
func openLeafFile(dir string, number uint64) (*leafFile, error) {
	f, err := os.Open(filepath.Join(dir, leafName(number)))
	if err != nil {
		return nil, fmt.Errorf("open leaves: %w", err)
	}
	l, err := newLeafFile(f)
	if err == nil && l.h.number != number {
		err = fmt.Errorf("head says segment %d: %w", l.h.number, errNotSealed)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("leaves of segment %d: %w", number, err), f.Close())
	}
	return l, nil
}

func newLeafFile(f *os.File) (*leafFile, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b, err := readSealedHead(f, leafMagic)
	if err != nil {
		return nil, err
	}
	h, err := decodeLeafHead(b)
	if errors.Is(err, errNotHeader) {
		err = errNotSealed
	}
	return &leafFile{f: f, h: h, size: info.Size(), block: -1}, err
}

func (l *leafFile) close() { _ = l.f.Close() }

// load decompresses a block, checking its checksum and shape.
func (l *leafFile) load(block int) error {
	if block == l.block {
		return nil
	}
	k := l.h.blocks[block]
	l.block = -1
	if cap(l.in) < int(k.size) {
		l.in = make([]byte, k.size)
	}
	l.in = l.in[:k.size]
	if _, err := l.f.ReadAt(l.in, k.at); err != nil {
		if errors.Is(err, io.EOF) {
			return errShort
		}
		return err
	}
	if crc32.Checksum(l.in, castagnoli) != k.crc {
		return errCRC
	}
	raw, err := unzstd(l.in, l.raw[:0], int(k.raw))
	if err != nil {
		return err
	}
	from, to := l.h.span(block)
	l.raw = raw
	if l.ends, err = cutBundle(raw, int(to-from), l.ends); err != nil {
		return err
	}
	l.block = block
	return nil
}

// leaf is the leaf with a sequence number that the file holds, valid until the next call.
func (l *leafFile) leaf(seq uint64) ([]byte, error) {
	block := int(seq/bundleSize - l.h.first/bundleSize)
	if err := l.load(block); err != nil {
		return nil, err
	}
	from, _ := l.h.span(block)
	return l.in256(int(seq - from)), nil
}

// in256 is the i-th leaf of the block that is loaded.
func (l *leafFile) in256(i int) []byte {
	start := 2
	if i > 0 {
		start += l.ends[i-1]
	}
	return l.raw[start:l.ends[i]]
}
