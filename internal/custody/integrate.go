package custody

import (
	"errors"
	"fmt"
	"sync"

	"github.com/reeve-ai/reeve/internal/tlog"
)

// integrator turns leaves into tiles and, now and then, into a signed checkpoint. It runs behind the acknowledgement: a
// failure here delays checkpoints and refuses no record.
type integrator struct {
	mu      sync.Mutex // held while tiles or the checkpoint are written
	feed    feed
	tiles   *tileDir
	b       *tlog.Builder // nil until the tiles on the disk were taken over, and after a failure
	checked bool          // all tiles of the checkpoint that Open found are there
	partial []tlog.Tile   // partial tiles of the newest checkpoint
	litter  []tlog.Tile   // partial tiles of checkpoints that could not be put in place

	signers []*tlog.Signer    // Ed25519 first
	asked   map[string]uint64 // sizes that the witnesses cosigned last, by key
	newest  *Checkpoint       // nil: none yet
	resign  bool              // the newest checkpoint lacks a signature

	// Who waits for a checkpoint.
	waitMu sync.Mutex
	moved  chan struct{} // closed and replaced with every checkpoint
	hurry  chan struct{}
}

var (
	errTileRoot    = errors.New("the tiles do not have the root of the records")
	errMissingLeaf = errors.New("a record cannot be read back")
)

func newIntegrator(dir string) *integrator {
	return &integrator{
		tiles: newTileDir(dir), asked: map[string]uint64{}, moved: make(chan struct{}), hurry: make(chan struct{}, 1),
	}
}

// leaves reads leaves back from the log.
func (l *Log) leaves(from, to uint64, fn func(leaf []byte, h Hash) error) error {
	r, err := l.Reader()
	if err != nil {
		return err
	}
	next := from
	err = r.Leaves(from, to, func(s *Stored) error {
		if s.Seq != next {
			return errMissingLeaf
		}
		next++
		return fn(s.Leaf, s.Hash())
	})
	if err == nil && next != to {
		err = errMissingLeaf
	}
	return errors.Join(err, r.Close())
}

// absorb writes the tiles that have become full.
func (l *Log) absorb() error {
	in := l.integrator
	if in.b == nil {
		b, err := l.takeOver()
		if err != nil {
			return err
		}
		in.b = b
	}
	batch := in.feed.take()
	err := error(nil)
	if batch.from > in.b.Size() { // dropped, or written before this process began
		err = l.leaves(in.b.Size(), batch.from, in.b.Add)
	}
	if err == nil {
		err = batch.each(in.b.Size(), in.b.Add)
	}
	if err != nil {
		in.b = nil
		return fmt.Errorf("write tiles: %w", err)
	}
	return nil
}

// takeOver goes on from the tiles under the newest checkpoint, and makes all of them again where they are not the right ones.
func (l *Log) takeOver() (*tlog.Builder, error) {
	in := l.integrator
	b := tlog.NewBuilder(in.tiles.put)
	if in.newest == nil { // tiles may lie there of a checkpoint that never came
		in.partial = nil
		return b, in.tiles.tidy(0)
	}
	size := in.newest.Size
	err := b.Resume(size, in.tiles.read)
	if err != nil || b.Root() != in.newest.Root {
		if b, _, err = l.remakeAll(size); err != nil {
			return nil, err
		}
		in.checked = true
	}
	if !in.checked {
		least, err := readMinimum(l.dir)
		if err != nil {
			return nil, err
		}
		for _, t := range in.tiles.lacking(least.seq, size) {
			if err := in.tiles.remake(t, l.leaves); err != nil {
				return nil, fmt.Errorf("make %s again: %w", t.Path(), err)
			}
		}
		in.checked = true
	}
	if err := in.tiles.tidy(size); err != nil {
		return nil, fmt.Errorf("tidy tiles: %w", err)
	}
	in.partial = tlog.PartialTiles(size)
	return b, nil
}

// remakeAll makes all tiles of a size again from the leaves, writing only those that are not as they should be. It returns
// the builder that stands there and how many it wrote.
func (l *Log) remakeAll(size uint64) (*tlog.Builder, int, error) {
	in, wrote := l.integrator, 0
	mending := true
	b := tlog.NewBuilder(func(t tlog.Tile, bytes []byte) error {
		if !mending {
			return in.tiles.put(t, bytes)
		}
		did, err := in.tiles.mend(t, bytes)
		if did {
			wrote++
		}
		return err
	})
	least, err := readMinimum(l.dir)
	if err == nil && least.seq > 0 {
		err = l.beforeMinimum(b, least.seq, size)
	}
	if err == nil {
		err = l.leaves(b.Size(), size, b.Add)
	}
	if err != nil {
		return nil, wrote, fmt.Errorf("make tiles again: %w", err)
	}
	if b.Root() != in.newest.Root {
		return nil, wrote, fmt.Errorf("make tiles again: %w: the checkpoint has another root than the records", ErrDamaged)
	}
	err = b.Partial(func(t tlog.Tile, bytes []byte) error {
		did, err := in.tiles.mend(t, bytes)
		if did {
			wrote++
		}
		return err
	})
	mending = false
	return b, wrote, err
}

var errMinimum = errors.New("the tiles of records that retention removed are gone too, and cannot be made again: restore custody/tile from a backup")

// beforeMinimum takes the tree over from the tiles as far as retention removed records. The leaves of the bundle that it ends in
// come from that bundle.
func (l *Log) beforeMinimum(b *tlog.Builder, least, size uint64) error {
	tiles := l.integrator.tiles
	whole := least - least%tlog.TileWidth
	if err := b.Resume(whole, tiles.wider(size)); err != nil {
		return errors.Join(errMinimum, err)
	}
	if whole == least {
		return nil
	}
	raw, err := tiles.wider(size)(tlog.Entries(whole/tlog.TileWidth, int(least-whole)))
	if err != nil {
		return errors.Join(errMinimum, err)
	}
	raw, good := cutTile(raw, tlog.Entries(0, int(least-whole)))
	entries, err := tlog.ParseBundle(raw, int(least-whole))
	if err != nil || !good {
		return errors.Join(errMinimum, err)
	}
	for _, e := range entries {
		if err := b.Add(e, tlog.LeafHash(e)); err != nil {
			return err
		}
	}
	return nil
}

// dropBundles removes the bundles of records that retention removed.
func (l *Log) dropBundles() error {
	l.integrator.mu.Lock()
	defer l.integrator.mu.Unlock()
	least, err := readMinimum(l.dir)
	if err != nil || least.seq == 0 {
		return err
	}
	return l.integrator.tiles.dropBundles(least.seq)
}

// Rebuild makes all tiles under the newest checkpoint again from the records, byte for byte, and removes what does not
// belong there. It returns how many files were missing or wrong. Records are taken meanwhile; checkpoints wait.
func (l *Log) Rebuild() (int, error) {
	in := l.integrator
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.newest == nil {
		return 0, nil
	}
	b, wrote, err := l.remakeAll(in.newest.Size)
	if err != nil {
		in.b = nil
		return wrote, err
	}
	in.b, in.checked, in.partial = b, true, tlog.PartialTiles(in.newest.Size)
	return wrote, in.tiles.tidy(in.newest.Size)
}
