package sequence

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
)

// A file of weights is: magic, SHA-256 of what follows it, then in little-endian order: the bits of the lexicon's size, the
// lexicon, the steps, the scale, the rows label by label. Most slots of the lexicon are free and most weights are zero, so
// of each there is a bit for every place and then what stands at those whose bit is set: nearly as small as if it were
// deflated, and read in a tenth of the time, which every command pays that looks for names.
const (
	magic      = "reeve names 2\n"
	fileLimit  = 4 << 20 // bytes of a file
	lexicalMax = 22      // bits of the lexicon's size
)

// ErrFile means that a file holds no model that this version can read.
var ErrFile = errors.New("not a file of name weights")

// Write writes m.
func (m *Model) Write(w io.Writer) error {
	body := m.content()
	sum := sha256.Sum256(body)
	for _, part := range [][]byte{[]byte(magic), sum[:], body} {
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("write weights: %w", err)
		}
	}
	return nil
}

func (m *Model) content() []byte {
	b := []byte{byte(64 - m.Lexicon.shift)}
	used := make([]uint64, len(m.Lexicon.slots)/64)
	for i, s := range m.Lexicon.slots {
		if s != 0 {
			used[i>>6] |= 1 << (i & 63)
		}
	}
	b = appendWords(b, used)
	for _, s := range m.Lexicon.slots {
		if s != 0 {
			b = binary.LittleEndian.AppendUint32(b, s)
		}
	}
	for _, row := range m.steps {
		for _, w := range row {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(w))
		}
	}
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(m.scale))
	for l := range Labels {
		set := make([]uint64, Rows/64)
		var weights []byte
		for i, row := range m.rows {
			if w := byte(row >> (8 * l)); w != bias {
				set[i>>6] |= 1 << (i & 63)
				weights = append(weights, w)
			}
		}
		b = append(appendWords(b, set), weights...)
	}
	return b
}

func appendWords(b []byte, words []uint64) []byte {
	for _, w := range words {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

// Read reads what Write wrote.
func Read(file []byte) (*Model, error) {
	head := len(magic) + sha256.Size
	if len(file) > fileLimit || len(file) < head || string(file[:len(magic)]) != magic {
		return nil, ErrFile
	}
	if sum := sha256.Sum256(file[head:]); !bytes.Equal(sum[:], file[len(magic):head]) {
		return nil, fmt.Errorf("%w: its checksum is wrong", ErrFile)
	}
	return parse(file[head:])
}

func parse(b []byte) (*Model, error) {
	r := content{b: b}
	size := r.take(1)
	if r.short || size[0] < 6 || size[0] > lexicalMax {
		return nil, ErrFile
	}
	m := &Model{Lexicon: &Lexicon{shift: 64 - uint(size[0])}, rows: make([]uint64, Rows)}
	free := r.lexicon(m.Lexicon, 1<<size[0])
	for p := range Labels {
		for l := range Labels {
			m.steps[p][l] = math.Float32frombits(r.number())
		}
	}
	m.scale = math.Float32frombits(r.number())
	for i := range m.rows {
		m.rows[i] = zeroRow
	}
	for l := range Labels {
		r.weights(m.rows, 8*uint(l))
	}
	switch {
	case r.short || len(r.b) > 0:
		return nil, fmt.Errorf("%w: its length is wrong", ErrFile)
	case !free:
		return nil, fmt.Errorf("%w: its lexicon is full", ErrFile)
	}
	return m, nil
}

// zeroRow has no weight for any label.
const zeroRow = bias * 0x0101010101010101

// content is what is left of a file. What is missing reads as zero.
type content struct {
	b     []byte
	short bool
}

// take returns the next n bytes, nil if there are not so many.
func (r *content) take(n int) []byte {
	if n > len(r.b) {
		r.short, r.b = true, nil
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *content) number() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// places takes the bits of so many places and size bytes for each whose bit is set.
func (r *content) places(n, size int) (set, values []byte) {
	set = r.take(n / 8)
	count := 0
	for k := 0; k < len(set); k += 8 {
		count += bits.OnesCount64(binary.LittleEndian.Uint64(set[k:]))
	}
	return set, r.take(size * count)
}

// lexicon fills l and reports whether a slot is free.
func (r *content) lexicon(l *Lexicon, slots int) bool {
	set, values := r.places(slots, 4)
	if r.short {
		return false
	}
	l.slots = make([]uint32, slots)
	for k := 0; k < len(set); k += 8 {
		for w := binary.LittleEndian.Uint64(set[k:]); w != 0; w &= w - 1 {
			l.slots[8*k+bits.TrailingZeros64(w)] = binary.LittleEndian.Uint32(values)
			values = values[4:]
		}
	}
	return bytes.Count(set, []byte{0xFF}) < len(set)
}

// weights sets the weights of the label that lies at shift.
func (r *content) weights(rows []uint64, shift uint) {
	set, values := r.places(len(rows), 1)
	if r.short {
		return
	}
	next := 0
	for k := 0; k < len(set); k += 8 {
		eight := rows[8*k : 8*k+64]
		for w := binary.LittleEndian.Uint64(set[k:]); w != 0; w &= w - 1 {
			eight[bits.TrailingZeros64(w)] ^= uint64(values[next]^bias) << shift
			next++
		}
	}
}

// sorted returns the keys in order, so that equal input makes equal files.
func sorted(words map[uint64]Entry) []uint64 {
	keys := make([]uint64, 0, len(words))
	for k := range words {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, cmp.Compare[uint64])
	return keys
}

// Digest is the checksum in a file of weights that Read accepts.
func Digest(file []byte) []byte { return file[len(magic) : len(magic)+sha256.Size] }
