package custody

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// A frame is one record in a segment. All numbers are big-endian.
//
//	 0  u32  length of the whole frame; 0 is the end of the log
//	 4  u8   kind
//	 5  u8   format of the sealed part, 0 where there is none
//	 6  u16  length of the leaf
//	 8  u64  sequence number: index of the leaf in the tree
//	16  16 B exchange id
//	32       leaf: canonical JSON
//	         sealed payload (seal.go); its SHA-256 stands in the leaf
//	         u32  place in the drain, 0 for its first frame: a drain is durable as a whole or was never acknowledged
//	         32 B chain hash before this frame
//	         u32  CRC-32C over everything before it
const (
	frameHead    = 32
	frameTail    = 4 + hashSize + 4
	maxLeaf      = 16 << 10
	maxFrame     = 1 << 30
	minFrameSize = frameHead + 2 + frameTail
)

type kind uint8

const (
	kindIntent kind = 1 + iota
	kindOutcome
	kindAdmin
	kindAborted
	kindAccess
	kindScan
	kindGate
	kindReview
	kindHold
	kindErasure
	kindRetention
	kindLaw
	kindTraining
	kindIsolation
	kindPolicy
	kindDegraded
	kindEnd // first unused
)

var kindNames = [kindEnd]string{
	kindIntent: "intent", kindOutcome: "outcome", kindAdmin: EventAdmin, kindAborted: "aborted",
	kindAccess: EventAccess, kindScan: EventScan, kindGate: EventGate, kindReview: EventReview, kindHold: EventHold,
	kindErasure: EventErasure, kindRetention: EventRetention, kindLaw: EventLaw, kindTraining: EventTraining,
	kindIsolation: EventIsolation, kindPolicy: EventPolicy, kindDegraded: "audit_degraded",
}

// leafVersions are the values of "v" in the leaf of each kind.
var leafVersions = func() (v [kindEnd]string) {
	for k := kindIntent; k < kindEnd; k++ {
		v[k] = "reeve." + kindNames[k] + "/1"
	}
	v[kindIntent], v[kindOutcome], v[kindAborted] = leafInference, leafInference, leafInference
	return v
}()

func (k kind) String() string {
	if k == 0 || k >= kindEnd {
		return fmt.Sprintf("kind %d", uint8(k))
	}
	return kindNames[k]
}

// castagnoli is the polynomial of CRC-32C (RFC 3720 appendix B.4).
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	errEnd       = errors.New("end of the log")
	errShort     = errors.New("frame is cut off")
	errMalformed = errors.New("frame is malformed")
	errCRC       = errors.New("frame checksum is wrong")
)

// frame is a decoded frame. Its slices point into the buffer it was decoded from.
type frame struct {
	size     int
	kind     kind
	sealing  uint8
	seq      uint64
	id       ID
	leaf     []byte
	sealed   []byte
	position uint32
	prev     Hash
}

// drain is the sequence number of the first frame in this frame's drain.
func (f *frame) drain() uint64 { return f.seq - uint64(f.position) }

// putFrameHead fills the head of the frame in b, whose head, leaf and sealed part are complete.
func putFrameHead(b []byte, k kind, sealing uint8, leaf int, seq uint64, id ID) {
	binary.BigEndian.PutUint32(b, uint32(len(b)+frameTail))
	b[4], b[5] = byte(k), sealing
	binary.BigEndian.PutUint16(b[6:], uint16(leaf))
	binary.BigEndian.PutUint64(b[8:], seq)
	copy(b[16:], id[:])
}

// appendFrame appends a frame to dst: body as left by putFrameHead with its checksum, then the tail, which only the committer knows.
func appendFrame(dst, body []byte, bodyCRC, position uint32, prev *Hash) []byte {
	dst = append(dst, body...)
	start := len(dst)
	dst = binary.BigEndian.AppendUint32(dst, position)
	dst = append(dst, prev[:]...)
	return binary.BigEndian.AppendUint32(dst, crc32.Update(bodyCRC, castagnoli, dst[start:]))
}

// frameSize reads the length of the frame at the start of b without checking it any further.
func frameSize(b []byte) (int, error) {
	if len(b) < 4 {
		for _, c := range b {
			if c != 0 {
				return 0, errShort
			}
		}
		return 0, errEnd
	}
	n := binary.BigEndian.Uint32(b)
	switch {
	case n == 0:
		return 0, errEnd
	case n < minFrameSize || n > maxFrame:
		return 0, errMalformed
	}
	return int(n), nil
}

// decodeFrame reads the frame at the start of b. It returns errEnd at zeros, errShort where b ends too early, errMalformed or errCRC.
func decodeFrame(b []byte) (frame, error) {
	n, err := frameSize(b)
	if err != nil {
		return frame{}, err
	}
	if n > len(b) {
		return frame{}, errShort
	}
	b = b[:n:n]
	leaf := int(binary.BigEndian.Uint16(b[6:]))
	f := frame{size: n, kind: kind(b[4]), sealing: b[5], seq: binary.BigEndian.Uint64(b[8:]), id: ID(b[16:32])}
	if f.kind == 0 || f.kind >= kindEnd || leaf < 2 || leaf > maxLeaf || frameHead+leaf+frameTail > n {
		return frame{}, errMalformed
	}
	if crc32.Checksum(b[:n-4], castagnoli) != binary.BigEndian.Uint32(b[n-4:]) {
		return frame{}, errCRC
	}
	f.leaf = b[frameHead : frameHead+leaf]
	f.sealed = b[frameHead+leaf : n-frameTail]
	f.position = binary.BigEndian.Uint32(b[n-frameTail:])
	f.prev = Hash(b[n-4-hashSize : n-4])
	if (len(f.sealed) == 0) != (f.sealing == 0) || f.sealing > sealingV1 || uint64(f.position) > f.seq {
		return frame{}, errMalformed
	}
	return f, nil
}

// plausible reports whether a frame with a sequence number in [from, to) could start at b, cheaply enough to be asked at every byte.
func plausible(b []byte, from, to uint64) bool {
	if len(b) < minFrameSize || b[4] == 0 || kind(b[4]) >= kindEnd || b[5] > sealingV1 {
		return false
	}
	n := binary.BigEndian.Uint32(b)
	seq := binary.BigEndian.Uint64(b[8:])
	return n >= minFrameSize && int64(n) <= int64(len(b)) && seq >= from && seq < to
}
