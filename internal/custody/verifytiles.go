package custody

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/reeve-ai/reeve/internal/tlog"
)

// tileCheck holds every file below tile/ against the leaves. Segments are read at the same time: each has a tileWatch of its
// own, which compares the bundles and the lowest tiles that lie in it whole. What lies across two segments, and the levels
// above, are compared at the end.
type tileCheck struct {
	v     *verifier
	tiles *tileDir
	size  uint64 // under the checkpoint
	raw   []byte // the checkpoint as it was read; another one on the disk means that a writer is at work
	calm  bool   // the log was closed well: nothing may be left over

	mu      sync.Mutex
	keep    map[uint64]*piece  // lowest tiles of which there are partial ones on the disk
	pieces  map[uint64][]piece // of lowest tiles that were not seen whole, by index
	roots   map[uint64]Hash    // of lowest tiles that were
	stale   []tlog.Tile        // partial tiles on the disk that are none of the checkpoint
	beyond  map[tlog.Tile]bool // full tiles on the disk that lie behind the checkpoint
	reports int
	err     error // of reading
}

// piece are some leaves of one lowest tile.
type piece struct {
	from    uint64
	entries []byte
	hashes  []Hash
}

// maxTileReports bounds what is told about tiles one by one; the rest is counted.
const maxTileReports = 100

// staleGrace is what a writer needs at most to take the tiles of the checkpoint before away.
const staleGrace = 100 * time.Millisecond

func newTileCheck(v *verifier, size uint64, raw []byte) *tileCheck {
	return &tileCheck{
		v: v, tiles: newTileDir(v.dir), size: size, raw: raw,
		keep: map[uint64]*piece{}, pieces: map[uint64][]piece{}, roots: map[uint64]Hash{}, beyond: map[tlog.Tile]bool{},
	}
}

// list notes which tiles there are and names what is none.
func (t *tileCheck) list() error {
	for _, tile := range tlog.PartialTiles(t.size) {
		t.wanted(tile)
	}
	return t.tiles.names(func(path string, tile *tlog.Tile) error {
		switch {
		case tile == nil && filepath.Ext(path) == newSuffix:
			t.v.note(path, "unfinished file; it is not part of the log")
		case tile == nil:
			t.v.problem(path, "this file does not belong to the log")
		case tile.In(t.size):
		case tile.Width != tlog.TileWidth:
			t.stale = append(t.stale, *tile)
			t.wanted(*tile)
		default:
			t.beyond[*tile] = true
		}
		return nil
	})
}

// wanted notes that the leaves under a partial tile will be asked for.
func (t *tileCheck) wanted(tile tlog.Tile) {
	if tile.Level <= 0 {
		t.keep[tile.Index] = nil
	}
}

// tileWatch sees the leaves of one segment in order.
type tileWatch struct {
	t *tileCheck
	p piece
}

func (t *tileCheck) watch() *tileWatch { return &tileWatch{t: t} }

// leaf takes the next leaf of the segment.
func (w *tileWatch) leaf(seq uint64, leaf []byte, h *Hash) {
	if len(w.p.hashes) == 0 {
		w.p.from = seq
	}
	w.p.entries = append(binary.BigEndian.AppendUint16(w.p.entries, uint16(len(leaf))), leaf...)
	w.p.hashes = append(w.p.hashes, *h)
	if (seq+1)%tlog.TileWidth == 0 {
		w.flush()
	}
}

// flush ends a tile, or the segment.
func (w *tileWatch) flush() {
	index := w.p.from / tlog.TileWidth
	switch len(w.p.hashes) {
	case 0:
		return
	case tlog.TileWidth:
		w.t.lowest(index, &w.p)
	default:
		w.t.mu.Lock()
		w.t.pieces[index] = append(w.t.pieces[index], piece{w.p.from, bytes.Clone(w.p.entries), slices.Clone(w.p.hashes)})
		w.t.mu.Unlock()
	}
	w.p.entries, w.p.hashes = w.p.entries[:0], w.p.hashes[:0]
}

// lowest compares a full bundle and the full tile of its hashes.
func (t *tileCheck) lowest(index uint64, p *piece) {
	t.full(tlog.Entries(index, tlog.TileWidth), p.entries)
	raw := tlog.AppendHashes(make([]byte, 0, tlog.TileSize), p.hashes)
	t.full(tlog.Tile{Level: 0, Index: index, Width: tlog.TileWidth}, raw)
	var r tlog.Range
	for _, h := range p.hashes {
		r.Add(h)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.roots[index] = r.Root()
	if _, is := t.keep[index]; is {
		t.keep[index] = &piece{p.from, bytes.Clone(p.entries), slices.Clone(p.hashes)}
	}
}

// full compares a full tile. Behind the checkpoint it may be missing, or unfinished where a writer is or was at work.
func (t *tileCheck) full(tile tlog.Tile, want []byte) {
	got, err := t.tiles.read(tile)
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.beyond, tile)
	covered := tile.In(t.size)
	switch {
	case err == nil && bytes.Equal(got, want):
	case errors.Is(err, fs.ErrNotExist) && !covered:
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		t.err = err
	case !covered && !t.calm:
		t.v.note(tile.Path(), "unfinished tile behind the checkpoint; it is made again")
	case err != nil:
		t.say(tile, "the tile is missing")
	default:
		t.say(tile, "the tile differs from the records")
	}
}

// finish compares what no segment could compare alone. seen is how many leaves are good; broken says that there are more.
func (t *tileCheck) finish(seen uint64, broken bool) error {
	last := t.assemble(seen)
	if !broken {
		t.removed(seen)
	}
	level := t.levelOf(seen)
	for l := 1; len(level) > 0; l++ {
		t.upper(l, level)
		level = nextLevel(level)
	}
	if seen >= t.size {
		t.keep[seen/tlog.TileWidth] = last
		t.partials(seen)
	}
	for tile := range t.beyond {
		if !broken { // else it may be that of a record that could not be read
			t.say(tile, "a tile that no record explains")
		}
	}
	if t.reports > maxTileReports {
		t.v.problem("tile", "%d more tiles are wrong", t.reports-maxTileReports)
	}
	return t.err
}

// removed takes over the lowest tiles of records that retention removed. Nothing else knows their hashes; that they lead to the
// signed root shows that they are the right ones. Their bundles must be gone.
func (t *tileCheck) removed(seen uint64) {
	least := t.v.removed
	for i := uint64(0); i*tlog.TileWidth < least && (i+1)*tlog.TileWidth <= t.size; i++ {
		tile := tlog.Tile{Level: 0, Index: i, Width: tlog.TileWidth}
		raw, err := t.tiles.read(tile)
		hashes, bad := tlog.ParseTile(raw, tlog.TileWidth)
		if err != nil || bad != nil {
			t.say(tile, "the tile is missing or cut off")
			continue
		}
		if p := joinedAt(t.pieces[i]); len(p.hashes) > 0 && !slices.Equal(hashes[tlog.TileWidth-len(p.hashes):], p.hashes) {
			t.say(tile, "the tile differs from the records")
		}
		var r tlog.Range
		for _, h := range hashes {
			r.Add(h)
		}
		t.roots[i] = r.Root()
		if (i+1)*tlog.TileWidth <= least {
			if _, err := t.tiles.read(tlog.Entries(i, tlog.TileWidth)); !errors.Is(err, fs.ErrNotExist) {
				t.v.note(tlog.Entries(i, tlog.TileWidth).Path(), "a bundle of records that retention removed")
			}
		}
	}
	if least == 0 || t.size == 0 || seen < t.size {
		return
	}
	root, err := tlog.RootAt(tlog.NewTileNodes(t.size, t.tiles.read), t.size)
	if t.v.cp != nil && (err != nil || root != t.v.cp.Root) {
		t.v.problem("tile", "the tiles do not lead to the root that was signed")
	}
}

// joinedAt is what is known of the end of a tile.
func joinedAt(pieces []piece) *piece {
	slices.SortFunc(pieces, func(a, b piece) int { return cmp64(a.from, b.from) })
	out := &piece{}
	for _, p := range pieces {
		out.hashes = append(out.hashes, p.hashes...)
	}
	return out
}

// assemble compares the lowest tiles that lie across segments. It returns the leaves of the last tile, which is not full.
func (t *tileCheck) assemble(seen uint64) *piece {
	last := &piece{}
	for index, pieces := range t.pieces {
		whole := joined(pieces)
		switch {
		case len(whole.hashes) == tlog.TileWidth:
			t.lowest(index, whole)
		case index == seen/tlog.TileWidth && whole.from == index*tlog.TileWidth:
			last = whole
		}
	}
	return last
}

// joined puts pieces of one tile together.
func joined(pieces []piece) *piece {
	out := &piece{}
	for range pieces {
		for i := range pieces {
			if p := &pieces[i]; len(out.hashes) == 0 && p.from%tlog.TileWidth == 0 || len(out.hashes) > 0 && p.from == out.from+uint64(len(out.hashes)) {
				if len(out.hashes) == 0 {
					out.from = p.from
				}
				out.entries, out.hashes = append(out.entries, p.entries...), append(out.hashes, p.hashes...)
			}
		}
	}
	return out
}

// levelOf are the roots of the lowest tiles in order, as far as they are known without a gap.
func (t *tileCheck) levelOf(seen uint64) []Hash {
	out := make([]Hash, 0, seen/tlog.TileWidth)
	for i := range seen / tlog.TileWidth {
		h, is := t.roots[i]
		if !is {
			break
		}
		out = append(out, h)
	}
	return out
}

// upper compares the full tiles of a level with hashes of all of it.
func (t *tileCheck) upper(level int, hashes []Hash) {
	for i := range len(hashes) / tlog.TileWidth {
		raw := tlog.AppendHashes(nil, hashes[i*tlog.TileWidth:(i+1)*tlog.TileWidth])
		t.full(tlog.Tile{Level: level, Index: uint64(i), Width: tlog.TileWidth}, raw)
	}
}

// nextLevel are the roots of the full tiles of a level.
func nextLevel(hashes []Hash) []Hash {
	var out []Hash
	for ; len(hashes) >= tlog.TileWidth; hashes = hashes[tlog.TileWidth:] {
		var r tlog.Range
		for _, h := range hashes[:tlog.TileWidth] {
			r.Add(h)
		}
		out = append(out, r.Root())
	}
	return out
}

// partials compares the partial tiles of the checkpoint and those of other sizes.
func (t *tileCheck) partials(seen uint64) {
	for _, tile := range tlog.PartialTiles(t.size) {
		want, known := t.beginning(tile, seen)
		got, err := t.tiles.read(tile)
		switch {
		case err == nil && known && bytes.Equal(got, want):
		case errors.Is(err, fs.ErrNotExist) && t.superseded():
		case errors.Is(err, fs.ErrNotExist):
			t.say(tile, "the tile is missing")
		case err != nil:
			t.err = err
		case known:
			t.say(tile, "the tile differs from the records")
		}
	}
	if t.calm && len(t.stale) > 0 {
		time.Sleep(staleGrace)
	}
	for _, tile := range t.stale {
		want, known := t.beginning(tile, seen)
		switch got, err := t.tiles.read(tile); {
		case errors.Is(err, fs.ErrNotExist): // taken away by now
		case err != nil || known && !bytes.Equal(got, want):
			t.say(tile, "a stale tile that differs from the records")
		case !known:
			t.say(tile, "a tile that no record explains")
		case t.calm:
			t.say(tile, "a stale tile")
		default:
			t.v.note(tile.Path(), "a tile of another checkpoint; it is removed when the log is opened")
		}
	}
}

// beginning is what a partial tile must be: the beginning of the full tile, or of the last one. It reports false where the records do not reach that far.
func (t *tileCheck) beginning(tile tlog.Tile, seen uint64) ([]byte, bool) {
	level := max(tile.Level, 0)
	if level > 7 || (tile.Index*tlog.TileWidth+uint64(tile.Width))<<(8*uint(level)) > seen {
		return nil, false
	}
	if level > 0 {
		hashes := t.levelOf(seen)
		for range level - 1 {
			hashes = nextLevel(hashes)
		}
		from := tile.Index * tlog.TileWidth
		if from+uint64(tile.Width) > uint64(len(hashes)) {
			return nil, false
		}
		return tlog.AppendHashes(nil, hashes[from:from+uint64(tile.Width)]), true
	}
	p := t.keep[tile.Index]
	if p == nil {
		return nil, false
	}
	raw := p.entries
	if !tile.IsEntries() {
		raw = tlog.AppendHashes(nil, p.hashes)
	}
	return cutTile(raw, tile)
}

// cutTile is the beginning of a tile's bytes.
func cutTile(raw []byte, tile tlog.Tile) ([]byte, bool) {
	if !tile.IsEntries() {
		n := tile.Width * hashSize
		return raw[:min(n, len(raw))], n <= len(raw)
	}
	n := 0
	for range tile.Width {
		if len(raw) < n+2 {
			return nil, false
		}
		n += 2 + int(binary.BigEndian.Uint16(raw[n:]))
	}
	return raw[:min(n, len(raw))], n <= len(raw)
}

// superseded reports whether a writer has put a newer checkpoint in place since ours was read.
func (t *tileCheck) superseded() bool {
	now, err := os.ReadFile(filepath.Join(t.v.dir, checkpointFile))
	return err == nil && !bytes.Equal(now, t.raw)
}

func (t *tileCheck) say(tile tlog.Tile, what string) {
	if t.reports++; t.reports > maxTileReports {
		return
	}
	p := Problem{File: tile.Path(), Message: what}
	if seq := tile.First(); seq < t.size {
		p.Seq = &seq
	}
	t.v.r.Problems = append(t.v.r.Problems, p)
}
