package tlog

import (
	"errors"
	"fmt"
	"io/fs"
)

// Nodes gives the roots of perfect subtrees: Node(level, index) is the one over the leaves [index << level, (index+1) << level).
type Nodes interface {
	Node(level uint, index uint64) (Hash, error)
}

// TileNodes reads the nodes of a tree from its tiles. It keeps what it has read, and is not safe for concurrent use.
type TileNodes struct {
	size  uint64
	read  func(Tile) ([]byte, error)
	seen  map[Tile][]Hash
	inner map[place]Hash // nodes between the levels that tiles hold: proofs of neighbours share most of them
}

// place is where a node stands.
type place struct {
	level uint
	index uint64
}

// maxTilesKept and maxInnerKept bound what TileNodes keeps: 8 MiB, and about as much.
const (
	maxTilesKept = 1024
	maxInnerKept = 1 << 16
)

// NewTileNodes returns the nodes of a tree of that size. read gives the bytes of a tile and an error that wraps
// fs.ErrNotExist where there is none; a partial tile that is gone is then looked for in the full one.
func NewTileNodes(size uint64, read func(Tile) ([]byte, error)) *TileNodes {
	return &TileNodes{size: size, read: read, seen: map[Tile][]Hash{}, inner: map[place]Hash{}}
}

var errBeyond = errors.New("node lies beyond the tree")

// Node implements Nodes.
func (n *TileNodes) Node(level uint, index uint64) (Hash, error) {
	if level > 63 || index >= n.size>>level {
		return Hash{}, errBeyond
	}
	if h, known := n.inner[place{level, index}]; known {
		return h, nil
	}
	tileLevel, height := level/8, level%8
	first := index << height // hashes of the tile's level
	t := Tile{int(tileLevel), first / TileWidth, TileWidth}
	if full := n.size >> (8 * tileLevel) / TileWidth; t.Index == full {
		t.Width = int(n.size >> (8 * tileLevel) % TileWidth)
	}
	hashes, err := n.tile(t)
	if err != nil {
		return Hash{}, err
	}
	var scratch [TileWidth]Hash
	from := int(first % TileWidth)
	width := copy(scratch[:], hashes[from:from+1<<height])
	h := perfect(scratch[:width])
	if height > 0 {
		if len(n.inner) >= maxInnerKept {
			clear(n.inner)
		}
		n.inner[place{level, index}] = h
	}
	return h, nil
}

func (n *TileNodes) tile(t Tile) ([]Hash, error) {
	if h := n.seen[t]; h != nil {
		return h, nil
	}
	b, err := n.read(t)
	if errors.Is(err, fs.ErrNotExist) && t.Width != TileWidth {
		if b, err = n.read(t.Full()); err == nil && len(b) == TileSize {
			b = b[:t.Width*HashSize]
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t.Path(), err)
	}
	h, err := ParseTile(b, t.Width)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.Path(), err)
	}
	if len(n.seen) >= maxTilesKept {
		clear(n.seen)
	}
	n.seen[t] = h
	return h, nil
}
