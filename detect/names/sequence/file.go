package sequence

import (
	"bytes"
	"cmp"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// A file of weights is: magic, SHA-256 of what follows it, then deflated: the lexicon, the steps, the scale, the rows.
const (
	magic      = "reeve names 1\n"
	fileLimit  = 4 << 20  // bytes of a file
	inflated   = 32 << 20 // bytes of its content
	lexicalMax = 22       // bits of the lexicon's size
)

// ErrFile means that a file holds no model that this version can read.
var ErrFile = errors.New("not a file of name weights")

// Write writes m.
func (m *Model) Write(w io.Writer) error {
	var body bytes.Buffer
	z, err := flate.NewWriter(&body, flate.BestCompression)
	if err != nil {
		return fmt.Errorf("compress weights: %w", err)
	}
	if _, err = z.Write(m.content()); err == nil {
		err = z.Close()
	}
	if err != nil {
		return fmt.Errorf("compress weights: %w", err)
	}
	sum := sha256.Sum256(body.Bytes())
	for _, part := range [][]byte{[]byte(magic), sum[:], body.Bytes()} {
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("write weights: %w", err)
		}
	}
	return nil
}

// content is what is compressed: numbers in little-endian order, the rows label by label because that packs better.
func (m *Model) content() []byte {
	b := []byte{byte(64 - m.Lexicon.shift)}
	for _, s := range m.Lexicon.slots {
		b = binary.LittleEndian.AppendUint32(b, s)
	}
	for _, row := range m.steps {
		for _, w := range row {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(w))
		}
	}
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(m.scale))
	for l := range Labels {
		for _, row := range m.rows {
			b = append(b, byte(row>>(8*l)))
		}
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
	b, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(file[head:])), inflated))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	return parse(b)
}

func parse(b []byte) (*Model, error) {
	if len(b) == 0 || b[0] < 4 || b[0] > lexicalMax {
		return nil, ErrFile
	}
	bits := uint(b[0])
	b = b[1:]
	if len(b) != 4<<bits+4*int(Labels)*int(Labels)+4+Rows*int(Labels) {
		return nil, fmt.Errorf("%w: its length is wrong", ErrFile)
	}
	take := func() (v uint32) {
		v, b = binary.LittleEndian.Uint32(b), b[4:]
		return v
	}
	m := &Model{Lexicon: &Lexicon{slots: make([]uint32, 1<<bits), shift: 64 - bits}, rows: make([]uint64, Rows)}
	free := false
	for i := range m.Lexicon.slots {
		m.Lexicon.slots[i] = take()
		free = free || m.Lexicon.slots[i] == 0
	}
	if !free {
		return nil, fmt.Errorf("%w: its lexicon is full", ErrFile)
	}
	for p := range Labels {
		for l := range Labels {
			m.steps[p][l] = math.Float32frombits(take())
		}
	}
	m.scale = math.Float32frombits(take())
	for i := range m.rows {
		row := uint64(bias) << 56
		for l := range Labels {
			row |= uint64(b[int(l)*Rows+i]) << (8 * l)
		}
		m.rows[i] = row
	}
	return m, nil
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
