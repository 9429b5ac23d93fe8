package custody

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/reeve-ai/reeve/internal/tlog"
)

// leastPause is the least time between two checkpoints where somebody waits for one.
const leastPause = 20 * time.Millisecond

// tick writes tiles and checkpoints until the log closes. A record is under a signed checkpoint after CheckpointEvery at
// the latest: the clock runs twice as fast.
func (l *Log) tick() {
	defer close(l.tickDone)
	t := time.NewTicker(max(l.o.CheckpointEvery/2, leastPause))
	defer t.Stop()
	var last time.Time
	for {
		select {
		case <-l.tickStop:
			return
		case <-l.integrator.hurry:
			if time.Since(last) < leastPause {
				time.Sleep(leastPause - time.Since(last))
			}
			l.publishInRoom()
			last = time.Now()
		case <-t.C:
			l.publishInRoom()
			last = time.Now()
			l.lookAround()
			if l.Ready() == nil {
				l.tellDegraded()
				l.abortOrphans()
			}
		}
	}
}

// publishInRoom is checkpoint, but not on a full disk: what is left of that belongs to the committer.
func (l *Log) publishInRoom() {
	if !isFull(l.lastError()) {
		l.setTickError(l.checkpoint())
	}
}

// checkpoint writes tiles for what is durable and signs the tree over it.
func (l *Log) checkpoint() error {
	in := l.integrator
	in.mu.Lock()
	defer in.mu.Unlock()
	if l.head.Load() == l.signed.Load() && in.b != nil && !in.resign {
		return nil
	}
	if err := l.absorb(); err != nil {
		return err
	}
	if in.newest != nil && (in.b.Size() < in.newest.Size || in.b.Size() == in.newest.Size && !in.resign) {
		return nil
	}
	if in.b.Size() == 0 {
		return nil
	}
	c := Checkpoint{Origin: l.o.Origin, Size: in.b.Size(), Root: in.b.Root()}
	if err := l.agrees(&c); err != nil {
		in.b = nil
		return err
	}
	err := in.b.Partial(func(t tlog.Tile, b []byte) error {
		if slices.Contains(in.partial, t) { // others may be reading it
			return nil
		}
		return in.tiles.put(t, b)
	})
	if err != nil {
		in.litters(c.Size)
		return fmt.Errorf("write tiles: %w", err)
	}
	return l.publish(&c)
}

// maxLitter bounds the tiles that wait to be removed. More of them are found when the log is opened.
const maxLitter = 4096

// litters notes the partial tiles of a checkpoint that did not come about, so that the next one removes them.
func (in *integrator) litters(size uint64) {
	for _, t := range tlog.PartialTiles(size) {
		if len(in.litter) < maxLitter && !slices.Contains(in.litter, t) {
			in.litter = append(in.litter, t)
		}
	}
}

// agrees compares the root with that of the compact range, which the committer keeps on its own, where both are as large.
func (l *Log) agrees(c *Checkpoint) error {
	l.treeMu.Lock()
	defer l.treeMu.Unlock()
	if l.tree.size == c.Size && l.tree.root() != c.Root {
		return errTileRoot
	}
	return nil
}

// publish signs a checkpoint whose tiles are written, has it cosigned and puts it in place.
func (l *Log) publish(c *Checkpoint) error {
	in := l.integrator
	signed, err := tlog.SignCheckpoint(c, l.o.Clock(), in.signers...)
	if err != nil {
		return err
	}
	if err := l.cosign(signed); err != nil {
		in.tiles.drop(without(tlog.PartialTiles(c.Size), in.partial))
		return err
	}
	if err := writeWhole(l.fs, l.checkpointPath(), signed.Marshal()); err != nil {
		in.litters(c.Size) // not removed yet: the checkpoint may be in place all the same
		return fmt.Errorf("write checkpoint: %w", err)
	}
	partial := tlog.PartialTiles(c.Size)
	in.tiles.drop(without(in.partial, partial))
	in.tiles.drop(without(in.litter, partial))
	in.litter = nil
	in.newest, in.partial, in.resign = c, partial, false
	l.signed.Store(c.Size)
	in.waitMu.Lock()
	close(in.moved)
	in.moved = make(chan struct{})
	in.waitMu.Unlock()
	return nil
}

// Published waits until a signed checkpoint, cosigned where that was asked for, covers the record. It returns ErrUnavailable
// (wrapped) where the log closes before.
func (l *Log) Published(ctx context.Context, seq uint64) error {
	in := l.integrator
	for {
		in.waitMu.Lock()
		moved := in.moved
		in.waitMu.Unlock()
		if l.signed.Load() > seq {
			return nil
		}
		select {
		case in.hurry <- struct{}{}:
		default: // somebody has asked already
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return fmt.Errorf("wait for a checkpoint over record %d: %w", seq, ctx.Err())
		case <-l.tickDone:
			if l.signed.Load() > seq {
				return nil
			}
			return fmt.Errorf("wait for a checkpoint over record %d: %w", seq, ErrUnavailable)
		}
	}
}
