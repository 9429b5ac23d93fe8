package custody

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/bits"
	"slices"
)

// A segment starts with a header that lets it be read without the segments before it. All numbers are big-endian.
//
//	 0  8 B  "reevewal"
//	 8  u16  format version
//	10  u16  0
//	12  u32  length of the header, a multiple of 4096; frames start there
//	16  u64  number of the segment, from 1
//	24  u64  sequence number of the first frame: leaves before this segment
//	32  i64  time of creation, Unix nanoseconds
//	40  32 B chain hash before the first frame
//	72  u64  length of the segment before, 0 for the first
//	80  u8   how the segment before ended: 0 there is none, 1 clean, 2 after a failed write or sync, so that what follows its length is void
//	81  u8   length of the origin, then the origin
//	    u8   number of nodes of the compact range over all leaves before, then 32 B each, the largest subtree first
//	    u32  number of exchanges with an intent and no outcome, then each: 16 B id, u64 sequence number of the intent; sorted by that
//	    zeros
//	    u32  CRC-32C over everything before it
const (
	segmentMagic  = "reevewal"
	formatVersion = 2 // segments of version 1 are read, and sealed as they are; none is written
	blockSize     = 4096
	maxHeader     = 64 << 20
)

type ending uint8

const (
	endNone ending = iota
	endClean
	endSuspect
)

type openIntent struct {
	id  ID
	seq uint64
}

type header struct {
	version   uint16 // 0 means formatVersion
	number    uint64
	first     uint64
	createdNS int64
	chain     Hash
	prevEnd   uint64
	prevHow   ending
	origin    string
	nodes     []Hash
	open      []openIntent
}

var errNotHeader = errors.New("not a segment header")

// encode returns the header, padded to whole blocks.
func (h *header) encode() []byte {
	b := append(make([]byte, 0, blockSize), segmentMagic...)
	version := h.version
	if version == 0 {
		version = formatVersion
	}
	b = binary.BigEndian.AppendUint16(b, version)
	b = append(b, 0, 0, 0, 0, 0, 0) // the length is set below
	b = binary.BigEndian.AppendUint64(b, h.number)
	b = binary.BigEndian.AppendUint64(b, h.first)
	b = binary.BigEndian.AppendUint64(b, uint64(h.createdNS))
	b = append(b, h.chain[:]...)
	b = binary.BigEndian.AppendUint64(b, h.prevEnd)
	b = append(b, byte(h.prevHow), byte(len(h.origin)))
	b = append(b, h.origin...)
	b = append(b, byte(len(h.nodes)))
	for i := range h.nodes {
		b = append(b, h.nodes[i][:]...)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(h.open)))
	for i := range h.open {
		b = append(b, h.open[i].id[:]...)
		b = binary.BigEndian.AppendUint64(b, h.open[i].seq)
	}
	size := roundUp(len(b) + 4)
	b = append(b, make([]byte, size-len(b)-4)...)
	binary.BigEndian.PutUint32(b[12:], uint32(size))
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// headerSize reads the length of the header from its first 16 bytes. It returns ErrNewer (wrapped) for a newer format.
func headerSize(b []byte) (int, error) {
	if len(b) < 16 || string(b[:8]) != segmentMagic {
		return 0, errNotHeader
	}
	switch v := binary.BigEndian.Uint16(b[8:]); {
	case v > formatVersion:
		return 0, fmt.Errorf("format %d, this program knows %d: %w", v, formatVersion, ErrNewer)
	case v == 0:
		return 0, errNotHeader
	}
	n := binary.BigEndian.Uint32(b[12:])
	if n < blockSize || n > maxHeader || n%blockSize != 0 {
		return 0, errNotHeader
	}
	return int(n), nil
}

// decodeHeader reads a whole header. It accepts only what encode writes.
func decodeHeader(b []byte) (*header, error) {
	n, err := headerSize(b)
	if err != nil {
		return nil, err
	}
	if n != len(b) || crc32.Checksum(b[:n-4], castagnoli) != binary.BigEndian.Uint32(b[n-4:]) {
		return nil, errNotHeader
	}
	h := &header{
		version: binary.BigEndian.Uint16(b[8:]),
		number:  binary.BigEndian.Uint64(b[16:]), first: binary.BigEndian.Uint64(b[24:]),
		createdNS: int64(binary.BigEndian.Uint64(b[32:])), chain: Hash(b[40:72]),
		prevEnd: binary.BigEndian.Uint64(b[72:]), prevHow: ending(b[80]),
	}
	if !h.decodeLists(b[81 : n-4]) {
		return nil, errNotHeader
	}
	if h.prevHow > endSuspect || (h.prevHow == endNone) != (h.number == 1) || len(h.nodes) != bits.OnesCount64(h.first) {
		return nil, errNotHeader
	}
	if !bytes.Equal(h.encode(), b) {
		return nil, errNotHeader
	}
	return h, nil
}

// decodeLists reads what has no fixed place. It reports false where a list is longer than the header.
func (h *header) decodeLists(rest []byte) bool {
	take := func(n int) []byte {
		if n < 0 || n > len(rest) {
			rest = nil
			return nil
		}
		out := rest[:n]
		rest = rest[n:]
		return out
	}
	n := take(1)
	if n == nil {
		return false
	}
	h.origin = string(take(int(n[0])))
	if n = take(1); n == nil {
		return false
	}
	for range n[0] {
		node := take(hashSize)
		if node == nil {
			return false
		}
		h.nodes = append(h.nodes, Hash(node))
	}
	if n = take(4); n == nil {
		return false
	}
	open := take(int(binary.BigEndian.Uint32(n)) * 24)
	if open == nil && binary.BigEndian.Uint32(n) != 0 {
		return false
	}
	for e := range slices.Chunk(open, 24) {
		h.open = append(h.open, openIntent{ID(e[:16]), binary.BigEndian.Uint64(e[16:])})
	}
	return slices.IsSortedFunc(h.open, func(a, b openIntent) int { return cmp64(a.seq, b.seq) })
}

func cmp64(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// roundUp rounds up to whole blocks.
func roundUp(n int) int { return (n + blockSize - 1) &^ (blockSize - 1) }
