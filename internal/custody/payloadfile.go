package custody

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The other file of a sealed segment holds the sealed parts. It is the only thing in the log that is ever changed: a part that
// is dropped is overwritten with zeros. All numbers are big-endian.
//
//	 0  8 B  "reevpayl"
//	 8  u16  format version
//	10  u16  0
//	12  u32  length of the head, a multiple of 4096; parts start there
//	16  u64  number of the segment
//	24  u64  sequence number of the first record
//	32  u64  number of records
//	40       per record u32: length of its sealed part, 0 where it has none
//	    zeros
//	    u32  CRC-32C over everything before it
//
// Parts follow in order, each at a multiple of 16, with zeros between and up to the next multiple of 4096, where the file ends. A part whose first 16
// bytes are zero is gone: the id of a key is never zero, and as 16 bytes at a multiple of 16 never lie in two sectors, no crash
// leaves a half of it.
const (
	payMagic   = "reevpayl"
	payFixed   = 40
	payDir     = "payload"
	paySuffix  = ".pay"
	partAlign  = 16
	goneMarker = 16 // zeros at the start of a part that is gone
)

type payHead struct {
	number, first uint64
	lengths       []uint32
	starts        []int64 // of the parts, and where the file ends
	size          int64   // of the head
}

func payHeadSize(records int) int { return roundUp(payFixed + 4*records + 4) }

func (h *payHead) encode() []byte {
	size := payHeadSize(len(h.lengths))
	b := append(make([]byte, 0, size), payMagic...)
	b = binary.BigEndian.AppendUint16(b, formatVersion)
	b = binary.BigEndian.AppendUint16(b, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(size))
	for _, n := range []uint64{h.number, h.first, uint64(len(h.lengths))} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	for _, n := range h.lengths {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return endHead(b, size)
}

// decodePayHead reads the head of a payload file. It accepts only what encode writes.
func decodePayHead(b []byte) (*payHead, error) {
	n, err := sealedHeadSize(b, payMagic)
	if err != nil {
		return nil, err
	}
	count := binary.BigEndian.Uint64(b[32:])
	if n != len(b) || count > maxHeader/4 || payHeadSize(int(count)) != n {
		return nil, errNotSealed
	}
	h := &payHead{number: binary.BigEndian.Uint64(b[16:]), first: binary.BigEndian.Uint64(b[24:]), size: int64(n)}
	h.lengths = make([]uint32, count)
	for i := range h.lengths {
		h.lengths[i] = binary.BigEndian.Uint32(b[payFixed+4*i:])
		if h.lengths[i] > maxFrame {
			return nil, errNotSealed
		}
	}
	if !bytes.Equal(h.encode(), b) {
		return nil, errNotSealed
	}
	h.place()
	return h, nil
}

// place works out where the parts lie.
func (h *payHead) place() {
	h.starts = make([]int64, len(h.lengths)+1)
	at, end := h.size, h.size
	for i, n := range h.lengths {
		h.starts[i] = at
		if n > 0 {
			end = at + int64(n)
			at = alignPart(end)
		}
	}
	h.starts[len(h.lengths)] = (end + blockSize - 1) &^ (blockSize - 1)
}

func alignPart(at int64) int64 { return (at + partAlign - 1) &^ (partAlign - 1) }

// end is the length that the file must have.
func (h *payHead) end() int64 { return h.starts[len(h.lengths)] }

// payName is the file name of the sealed parts of a segment, below the custody directory.
func payName(number uint64) string {
	return filepath.Join(payDir, fmt.Sprintf("%08d", number)+paySuffix)
}

// payFile is an open payload file.
type payFile struct {
	f    *os.File
	h    *payHead
	size int64 // of the file
}

// openPayFile opens the sealed parts of a segment. An error that wraps errNotSealed means damage, any other that it could not be read.
func openPayFile(dir string, number uint64) (*payFile, error) {
	f, err := os.Open(filepath.Join(dir, payName(number)))
	if err != nil {
		return nil, fmt.Errorf("open payloads: %w", err)
	}
	p, err := newPayFile(f)
	if err == nil && p.h.number != number {
		err = fmt.Errorf("head says segment %d: %w", p.h.number, errNotSealed)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("payloads of segment %d: %w", number, err), f.Close())
	}
	return p, nil
}

func newPayFile(f *os.File) (*payFile, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b, err := readSealedHead(f, payMagic)
	if err != nil {
		return nil, err
	}
	h, err := decodePayHead(b)
	return &payFile{f: f, h: h, size: info.Size()}, err
}

func (p *payFile) close() {
	if p != nil {
		_ = p.f.Close()
	}
}

// part reads the sealed part of a record. gone reports that it was dropped; nil means that the record has none.
func (p *payFile) part(seq uint64) (part []byte, gone bool, err error) {
	i := seq - p.h.first
	if i >= uint64(len(p.h.lengths)) {
		return nil, false, errNoRecord
	}
	n := p.h.lengths[i]
	if n == 0 {
		return nil, false, nil
	}
	part = make([]byte, n)
	if _, err := p.f.ReadAt(part, p.h.starts[i]); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, false, errShort
		}
		return nil, false, err
	}
	if isGone(part) {
		return nil, true, nil
	}
	return part, false, nil
}

func isGone(part []byte) bool { return isZero(part[:min(goneMarker, len(part))]) }
