package verifier

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"sort"

	"github.com/klauspost/compress/zstd"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errFormat = errors.New("malformed")

type intent struct {
	ulid string
	seq  uint64
}

type header struct {
	version       uint16
	number, first uint64
	chain         hash
	prevEnd       uint64
	prevHow       byte
	origin        string
	nodes         []hash
	open          []intent
	length        int
}

// cursor reads fields one after another; it stays at the end once there is too little.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.bad, c.b = true, nil
		return make([]byte, max(n, 0)&0xffff)
	}
	out := c.b[:n]
	c.b = c.b[n:]
	return out
}

func (c *cursor) u8() byte    { return c.take(1)[0] }
func (c *cursor) u16() uint16 { return binary.BigEndian.Uint16(c.take(2)) }
func (c *cursor) u32() uint32 { return binary.BigEndian.Uint32(c.take(4)) }
func (c *cursor) u64() uint64 { return binary.BigEndian.Uint64(c.take(8)) }
func (c *cursor) hash() hash  { return hash(c.take(32)) }

// checked is a head: magic, version, length, checksum at its end, zeros before that.
func checked(b []byte, magic string) (*cursor, uint16, int, error) {
	if len(b) < 16 || string(b[:8]) != magic {
		return nil, 0, 0, errFormat
	}
	version, length := binary.BigEndian.Uint16(b[8:]), int(binary.BigEndian.Uint32(b[12:]))
	if version < 1 || version > 2 || b[10] != 0 || b[11] != 0 || length%4096 != 0 || length == 0 || length > len(b) {
		return nil, 0, 0, errFormat
	}
	if crc32.Checksum(b[:length-4], castagnoli) != binary.BigEndian.Uint32(b[length-4:]) {
		return nil, 0, 0, errors.New("checksum of the head")
	}
	return &cursor{b: b[16 : length-4]}, version, length, nil
}

func zero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

func readHeader(b []byte) (*header, error) {
	c, version, length, err := checked(b, "reevewal")
	if err != nil {
		return nil, err
	}
	h := &header{version: version, length: length, number: c.u64(), first: c.u64()}
	c.u64() // time of creation
	h.chain, h.prevEnd, h.prevHow = c.hash(), c.u64(), c.u8()
	h.origin = string(c.take(int(c.u8())))
	for n := c.u8(); n > 0 && !c.bad; n-- {
		h.nodes = append(h.nodes, c.hash())
	}
	for n := c.u32(); n > 0 && !c.bad; n-- {
		id := c.take(16)
		h.open = append(h.open, intent{ulid(id), c.u64()})
	}
	if c.bad || !zero(c.b) {
		return nil, errFormat
	}
	return h, nil
}

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// ulid spells 16 bytes as a ULID.
func ulid(b []byte) string {
	out := make([]byte, 26)
	hi, lo := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
	for i := 25; i >= 0; i-- {
		out[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(out)
}

type leaf struct {
	V      string      `json:"v"`
	Kind   string      `json:"kind"`
	Seq    uint64      `json:"seq"`
	ULID   string      `json:"ulid"`
	Sealed string      `json:"sealed"`
	KEK    string      `json:"kek"`
	Act    string      `json:"act"`
	Keks   []string    `json:"keks"`
	Ranges [][2]uint64 `json:"ranges"`
}

// kinds by their number in a frame.
var kinds = []string{"", "intent", "outcome", "admin", "aborted", "access", "scan", "gate", "review", "hold", "erasure", "retention", "law", "training", "isolation", "policy", "audit_degraded"}

func parseLeaf(b []byte) (*leaf, error) {
	var any map[string]json.RawMessage
	var l leaf
	if json.Unmarshal(b, &any) != nil || json.Unmarshal(b, &l) != nil {
		return nil, errors.New("the leaf is no JSON object of the kind it should be")
	}
	keys := make([]string, 0, len(any))
	for k := range any {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	out := []byte{'{'}
	for i, k := range keys { // one spelling: sorted, no white space
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), k...), '"', ':')
		out = append(out, any[k]...)
	}
	var small bytes.Buffer
	if json.Compact(&small, b) != nil || !bytes.Equal(append(out, '}'), b) || !bytes.Equal(small.Bytes(), b) || bytes.ContainsAny(b, "\\") {
		return nil, errors.New("the leaf is not canonical")
	}
	want := "reeve." + l.Kind + "/1"
	if l.Kind == "intent" || l.Kind == "outcome" || l.Kind == "aborted" {
		want = "reeve.inference/1"
	}
	if l.V != want {
		return nil, errors.New("the leaf has an unknown version")
	}
	return &l, nil
}

func encode(h hash) string { return base64.RawURLEncoding.EncodeToString(h[:]) }

// segment is a segment in one of its forms.
type segment struct {
	h    *header
	b    []byte // of the .seg or the .leaf
	pay  []byte // of the .pay
	form string
}

func (v *verifier) header(n int) (*header, error) {
	if b, err := os.ReadFile(filepath.Join(v.dir, "leaves", fmt.Sprintf("%08d.leaf", n))); err == nil {
		s := segment{b: b}
		_, err := s.leafHead()
		return s.h, err
	}
	b, err := os.ReadFile(filepath.Join(v.dir, "wal", fmt.Sprintf("%08d.seg", n)))
	if err != nil {
		return nil, err
	}
	return readHeader(b)
}

func (v *verifier) load(n int, sealed bool) (s *segment, err error) {
	s = &segment{}
	if !sealed {
		if s.b, err = os.ReadFile(filepath.Join(v.dir, "wal", fmt.Sprintf("%08d.seg", n))); err != nil {
			return nil, err
		}
		s.h, err = readHeader(s.b)
		return s, err
	}
	if s.b, err = os.ReadFile(filepath.Join(v.dir, "leaves", fmt.Sprintf("%08d.leaf", n))); err != nil {
		return nil, err
	}
	if s.pay, err = os.ReadFile(filepath.Join(v.dir, "payload", fmt.Sprintf("%08d.pay", n))); err != nil {
		return nil, err
	}
	s.form = "sealed"
	_, err = s.leafHead()
	return s, err
}

// read takes all records of the segment.
func (s *segment) read(v *verifier, last bool) (*ended, error) {
	if s.form == "sealed" {
		return s.readSealed(v, last)
	}
	return s.readFrames(v, last)
}

// readFrames reads a write-ahead segment.
func (s *segment) readFrames(v *verifier, last bool) (*ended, error) {
	at, place := s.h.length, uint32(0)
	first := true
	for {
		f, n, err := readFrame(s.b[at:])
		if err != nil || f == nil {
			if err != nil && last && v.later(s.b[at:]) {
				return nil, err
			}
			if err != nil && last && v.has && uint64(len(v.leaves)) < v.cp.size {
				return nil, err
			}
			return &ended{uint64(at), s.b[at:]}, nil // whether the end is the right one, the next header says
		}
		if f.seq != uint64(len(v.leaves)) || f.prev != v.chain || f.place != 0 && (first || f.place != place+1) {
			return nil, errors.New("a frame does not follow from what came before")
		}
		l, err := parseLeaf(f.leaf)
		if err != nil {
			return nil, err
		}
		if l.Kind != kinds[f.kind] || l.ULID != ulid(f.id) {
			return nil, errors.New("frame and leaf differ")
		}
		if err := v.take(f.leaf, f.sealed, false); err != nil {
			return nil, err
		}
		at, place, first = at+n, f.place, false
	}
}

// later reports whether a good frame of a later drain stands in b: then what comes before it was durable once.
func (v *verifier) later(b []byte) bool {
	for i := range b {
		if f, _, err := readFrame(b[i:]); err == nil && f != nil && f.seq-uint64(f.place) > uint64(len(v.leaves)) && f.seq < 1<<40 {
			return true
		}
	}
	return false
}

type frame struct {
	kind, sealing byte
	seq           uint64
	id            []byte
	leaf, sealed  []byte
	place         uint32
	prev          hash
}

// readFrame reads one frame and its length; nil at the end of the log.
func readFrame(b []byte) (*frame, int, error) {
	if len(b) < 4 || binary.BigEndian.Uint32(b) == 0 {
		if !zero(b[:min(4, len(b))]) {
			return nil, 0, errFormat
		}
		return nil, 0, nil
	}
	n := int(binary.BigEndian.Uint32(b))
	if n < 32+2+40 || n > len(b) || crc32.Checksum(b[:n-4], castagnoli) != binary.BigEndian.Uint32(b[n-4:n]) {
		return nil, 0, errors.New("checksum of a frame")
	}
	size := int(binary.BigEndian.Uint16(b[6:]))
	if 32+size+40 > n || b[4] == 0 || int(b[4]) >= len(kinds) || b[5] > 1 {
		return nil, 0, errFormat
	}
	f := &frame{kind: b[4], sealing: b[5], seq: binary.BigEndian.Uint64(b[8:]), id: b[16:32], leaf: b[32 : 32+size], sealed: b[32+size : n-40]}
	f.place, f.prev = binary.BigEndian.Uint32(b[n-40:]), hash(b[n-36:n-4])
	if (f.sealing == 0) != (len(f.sealed) == 0) {
		return nil, 0, errFormat
	}
	return f, n, nil
}

type block struct {
	size, raw int
	crc       uint32
}

type leafHead struct {
	first, count, walEnd uint64
	chain                hash
	blocks               []block
	length               int
}

// leafHead reads the head of a leaf file and the header in it.
func (s *segment) leafHead() (*leafHead, error) {
	c, _, length, err := checked(s.b, "reevleaf")
	if err != nil {
		return nil, err
	}
	number := c.u64()
	h := &leafHead{length: length, first: c.u64(), count: c.u64(), walEnd: c.u64(), chain: c.hash()}
	if s.h, err = readHeader(c.take(int(c.u32()))); err != nil {
		return nil, err
	}
	for n := c.u32(); n > 0 && !c.bad; n-- {
		h.blocks = append(h.blocks, block{int(c.u32()), int(c.u32()), c.u32()})
	}
	if c.bad || !zero(c.b) || number != s.h.number || h.first != s.h.first {
		return nil, errFormat
	}
	return h, nil
}

// readSealed reads a sealed segment: leaves block by block, payloads in step with them.
func (s *segment) readSealed(v *verifier, last bool) (*ended, error) {
	h, err := s.leafHead()
	if err != nil {
		return nil, err
	}
	parts, wrong := s.parts(h) // of the records that come before what is wrong
	at, seq := h.length, h.first
	unpack, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return nil, err
	}
	defer unpack.Close()
	for _, k := range h.blocks {
		if at+k.size > len(s.b) || crc32.Checksum(s.b[at:at+k.size], castagnoli) != k.crc {
			return nil, errors.New("checksum of a block")
		}
		raw, err := unpack.DecodeAll(s.b[at:at+k.size], nil)
		if err != nil || len(raw) != k.raw {
			return nil, errors.New("a block cannot be unpacked")
		}
		at += k.size
		end := min(seq-seq%256+256, h.first+h.count)
		for ; seq < end; seq++ {
			c := cursor{b: raw}
			text := c.take(int(c.u16()))
			if c.bad {
				return nil, errFormat
			}
			raw = c.b
			if seq-h.first >= uint64(len(parts)) {
				return nil, wrong
			}
			p := parts[seq-h.first]
			gone := len(p) > 0 && zero(p[:min(16, len(p))])
			if gone && !zero(p) {
				return nil, errors.New("a payload is gone and not all of it is overwritten")
			}
			if err := v.take(text, p, gone); err != nil {
				return nil, err
			}
		}
		if len(raw) != 0 {
			return nil, errFormat
		}
	}
	if wrong != nil {
		return nil, wrong
	}
	if at != len(s.b) || seq != h.first+h.count || v.chain != h.chain || last {
		return nil, errors.New("it does not end as its head says")
	}
	return &ended{length: h.walEnd}, nil
}

// parts cuts the payload file. With an error it gives the parts before what is wrong.
func (s *segment) parts(l *leafHead) ([][]byte, error) {
	c, _, length, err := checked(s.pay, "reevpayl")
	if err != nil {
		return nil, fmt.Errorf("payloads: %w", err)
	}
	if number, first, count := c.u64(), c.u64(), c.u64(); number != s.h.number || first != l.first || count != l.count || count*4 > uint64(len(c.b)) {
		return nil, errors.New("payloads of another segment")
	}
	var out [][]byte
	at := length
	for range l.count {
		n := int(c.u32())
		if n == 0 {
			out = append(out, nil)
			continue
		}
		start := (at + 15) &^ 15
		if start+n > len(s.pay) || !zero(s.pay[at:start]) {
			return out, errors.New("payloads are cut off, or there is something between two of them")
		}
		out, at = append(out, s.pay[start:start+n]), start+n
	}
	if c.bad || !zero(c.b) || !zero(s.pay[at:]) || len(s.pay) != (at+4095)&^4095 {
		return out, errors.New("payloads do not end as their head says")
	}
	return out, nil
}
