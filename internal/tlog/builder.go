package tlog

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Builder turns leaves into tiles and bundles. It holds what no full tile holds yet: less than 256 hashes for each level and
// the entries of the last bundle. It is not safe for concurrent use.
type Builder struct {
	size    uint64
	levels  [][]Hash
	entries []byte // of the last, partial bundle
	scratch []Hash
	bytes   []byte
	emit    func(Tile, []byte) error
}

// NewBuilder returns a builder of an empty tree. emit is called once for each full tile and each full bundle, bundles before
// the tile of their hashes and lower levels before higher ones; the bytes are valid until it returns. After an error of
// emit the builder must not be used.
func NewBuilder(emit func(Tile, []byte) error) *Builder {
	return &Builder{emit: emit, scratch: make([]Hash, TileWidth)}
}

// Size is the number of leaves.
func (b *Builder) Size() uint64 { return b.size }

// Add appends a leaf with its hash.
func (b *Builder) Add(entry []byte, leaf Hash) error {
	var err error
	if b.entries, err = AppendEntry(b.entries, entry); err != nil {
		return err
	}
	b.size++
	if b.size%TileWidth == 0 {
		if err := b.emit(Entries(b.size/TileWidth-1, TileWidth), b.entries); err != nil {
			return err
		}
		b.entries = b.entries[:0]
	}
	return b.push(0, leaf)
}

// push appends a hash to a level and carries full tiles upwards.
func (b *Builder) push(level int, h Hash) error {
	for {
		if level == len(b.levels) {
			b.levels = append(b.levels, make([]Hash, 0, TileWidth))
		}
		b.levels[level] = append(b.levels[level], h)
		if len(b.levels[level]) < TileWidth {
			return nil
		}
		b.bytes = AppendHashes(b.bytes[:0], b.levels[level])
		index := b.size>>(8*uint(level)+8) - 1
		if err := b.emit(Tile{level, index, TileWidth}, b.bytes); err != nil {
			return err
		}
		copy(b.scratch, b.levels[level])
		h = perfect(b.scratch)
		b.levels[level] = b.levels[level][:0]
		level++
	}
}

// Root is the root over all leaves.
func (b *Builder) Root() Hash {
	var nodes []Hash
	for level := len(b.levels) - 1; level >= 0; level-- {
		nodes = appendPerfect(nodes, b.levels[level])
	}
	return foldRight(nodes)
}

// appendPerfect appends the roots of the perfect subtrees over less than 256 hashes, the largest first.
func appendPerfect(nodes, hashes []Hash) []Hash {
	var scratch [TileWidth]Hash
	for bit := TileWidth / 2; bit > 0; bit /= 2 {
		if len(hashes)&bit != 0 {
			copy(scratch[:], hashes[:bit])
			nodes = append(nodes, perfect(scratch[:bit]))
			hashes = hashes[bit:]
		}
	}
	return nodes
}

// Partial calls emit for each partial tile of the present size; see PartialTiles for the order.
func (b *Builder) Partial(emit func(Tile, []byte) error) error {
	for _, t := range PartialTiles(b.size) {
		bytes := b.entries
		if !t.IsEntries() {
			b.bytes = AppendHashes(b.bytes[:0], b.levels[t.Level])
			bytes = b.bytes
		}
		if err := emit(t, bytes); err != nil {
			return err
		}
	}
	return nil
}

var errEdge = errors.New("the tiles at the edge do not fit the size")

// Resume takes over a tree of which the tiles exist already: read gives the bytes of a tile. The caller compares the root.
func (b *Builder) Resume(size uint64, read func(Tile) ([]byte, error)) error {
	b.size, b.levels, b.entries = size, nil, nil
	for hashes := size; hashes > 0; hashes /= TileWidth {
		b.levels = append(b.levels, make([]Hash, 0, TileWidth))
	}
	for _, t := range PartialTiles(size) {
		raw, err := read(t)
		if err != nil {
			return fmt.Errorf("read %s: %w", t.Path(), err)
		}
		if t.IsEntries() {
			if raw, err = cutBundle(raw, t.Width); err != nil {
				return fmt.Errorf("%s: %w", t.Path(), err)
			}
			b.entries = append(b.entries, raw...)
			continue
		}
		if len(raw) < t.Width*HashSize {
			return fmt.Errorf("%s: %w", t.Path(), errEdge)
		}
		hashes, err := ParseTile(raw[:t.Width*HashSize], t.Width)
		if err != nil {
			return fmt.Errorf("%s: %w", t.Path(), err)
		}
		b.levels[t.Level] = append(b.levels[t.Level], hashes...)
	}
	return b.edge()
}

// edge checks that the entries at the edge are those of the hashes.
func (b *Builder) edge() error {
	width := int(b.size % TileWidth)
	entries, err := ParseBundle(b.entries, width)
	if err != nil {
		return err
	}
	for i, e := range entries {
		if LeafHash(e) != b.levels[0][i] {
			return errEdge
		}
	}
	return nil
}

// cutBundle is the beginning of a bundle: so many entries.
func cutBundle(b []byte, width int) ([]byte, error) {
	n := 0
	for range width {
		if len(b) < n+2 {
			return nil, errBundle
		}
		if n += 2 + int(binary.BigEndian.Uint16(b[n:])); n > len(b) {
			return nil, errBundle
		}
	}
	return b[:n], nil
}
