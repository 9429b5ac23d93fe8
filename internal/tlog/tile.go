package tlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	// TileWidth is the number of hashes in a full tile and of entries in a full bundle.
	TileWidth = 256
	// TileSize is the length of a full tile in bytes.
	TileSize = TileWidth * HashSize
	// MaxEntry is the length of the longest entry that a bundle can hold.
	MaxEntry = 1<<16 - 1
	// MaxBundle is the length of the longest bundle.
	MaxBundle = TileWidth * (2 + MaxEntry)

	maxTileLevel = 63
	entriesLevel = -1
)

// Tile names one tile or one bundle of entries of a tree.
type Tile struct {
	Level int    // 0 holds leaf hashes, l+1 the roots of full tiles of level l; -1 is a bundle of entries
	Index uint64 // number in its level, from 0
	Width int    // hashes or entries: 256 for a full one, 1 to 255 for a partial one
}

// Entries names a bundle of entries.
func Entries(index uint64, width int) Tile { return Tile{entriesLevel, index, width} }

// IsEntries reports whether the tile is a bundle of entries.
func (t Tile) IsEntries() bool { return t.Level == entriesLevel }

// Full is the full tile at the same place.
func (t Tile) Full() Tile { return Tile{t.Level, t.Index, TileWidth} }

// Path is where the tile lies below the log's prefix (C2SP tlog-tiles): tile/L/N or tile/L/N.p/W, L being "entries" for a
// bundle and N written in groups of three digits, all but the last with an x before them.
func (t Tile) Path() string {
	b := make([]byte, 0, 48)
	b = append(b, "tile/"...)
	if t.IsEntries() {
		b = append(b, "entries"...)
	} else {
		b = strconv.AppendInt(b, int64(t.Level), 10)
	}
	b = append(b, '/')
	b = appendIndex(b, t.Index)
	if t.Width != TileWidth {
		b = append(b, ".p/"...)
		b = strconv.AppendInt(b, int64(t.Width), 10)
	}
	return string(b)
}

func appendIndex(b []byte, n uint64) []byte {
	if n >= 1000 {
		b = appendIndexGroups(b, n/1000)
	}
	return fmt.Appendf(b, "%03d", n%1000)
}

func appendIndexGroups(b []byte, n uint64) []byte {
	if n >= 1000 {
		b = appendIndexGroups(b, n/1000)
	}
	return fmt.Appendf(b, "x%03d/", n%1000)
}

var errTilePath = errors.New("not the path of a tile")

// ParseTilePath reads a path as Path writes it, and no other spelling.
func ParseTilePath(path string) (Tile, error) {
	rest, ok := strings.CutPrefix(path, "tile/")
	level, rest, ok2 := strings.Cut(rest, "/")
	if !ok || !ok2 || len(rest) > 64 {
		return Tile{}, errTilePath
	}
	t := Tile{Level: entriesLevel, Width: TileWidth}
	if level != "entries" {
		l, err := strconv.ParseUint(level, 10, 8)
		if err != nil || l > maxTileLevel {
			return Tile{}, errTilePath
		}
		t.Level = int(l)
	}
	if number, width, partial := strings.Cut(rest, ".p/"); partial {
		w, err := strconv.ParseUint(width, 10, 16)
		if err != nil || w == 0 || w >= TileWidth {
			return Tile{}, errTilePath
		}
		rest, t.Width = number, int(w)
	}
	digits := strings.ReplaceAll(strings.ReplaceAll(rest, "x", ""), "/", "")
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return Tile{}, errTilePath
	}
	if t.Index = n; t.Path() != path {
		return Tile{}, errTilePath
	}
	return t, nil
}

// shift is how many bits of a leaf's index lie below one hash of the level.
func (t Tile) shift() uint {
	if t.IsEntries() {
		return 0
	}
	return uint(t.Level) * 8
}

// First is the index of the first leaf under the tile.
func (t Tile) First() uint64 { return t.Index << 8 << t.shift() }

// In reports whether the tile belongs to a tree of that size: as a full tile, or as the partial one of exactly that size.
func (t Tile) In(size uint64) bool {
	if t.shift() > 56 {
		return false
	}
	hashes := size >> t.shift()
	full, rest := hashes/TileWidth, int(hashes%TileWidth)
	return t.Width == TileWidth && t.Index < full || t.Width != TileWidth && t.Index == full && t.Width == rest
}

// PartialTiles are the partial tiles of a tree of that size, the bundle of entries first. There is none where a level ends
// with a full tile.
func PartialTiles(size uint64) []Tile {
	var out []Tile
	for level, hashes := entriesLevel, size; hashes > 0; level++ {
		if w := int(hashes % TileWidth); w != 0 {
			out = append(out, Tile{level, hashes / TileWidth, w})
		}
		if level != entriesLevel {
			hashes /= TileWidth
		}
	}
	return out
}

// AppendHashes appends the bytes of a tile.
func AppendHashes(dst []byte, hashes []Hash) []byte {
	for i := range hashes {
		dst = append(dst, hashes[i][:]...)
	}
	return dst
}

var (
	errTileBytes = errors.New("tile has the wrong length")
	errBundle    = errors.New("entry bundle is malformed")
	errEntrySize = errors.New("entry is longer than 65535 bytes")
)

// ParseTile reads the bytes of a tile of so many hashes.
func ParseTile(b []byte, width int) ([]Hash, error) {
	if len(b) != width*HashSize {
		return nil, errTileBytes
	}
	out := make([]Hash, width)
	for i := range out {
		out[i] = Hash(b[i*HashSize:])
	}
	return out, nil
}

// AppendEntry appends an entry to the bytes of a bundle: two bytes length, big-endian, then the entry.
func AppendEntry(dst, entry []byte) ([]byte, error) {
	if len(entry) > MaxEntry {
		return dst, errEntrySize
	}
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(entry))), entry...), nil
}

// ParseBundle reads a bundle of so many entries. They point into b.
func ParseBundle(b []byte, width int) ([][]byte, error) {
	out := make([][]byte, 0, max(0, min(width, TileWidth)))
	for range width {
		if len(b) < 2 {
			return nil, errBundle
		}
		n := int(binary.BigEndian.Uint16(b))
		if b = b[2:]; len(b) < n {
			return nil, errBundle
		}
		out = append(out, b[:n:n])
		b = b[n:]
	}
	if len(b) != 0 {
		return nil, errBundle
	}
	return out, nil
}
