package custody

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// dropWorkers is how many segments are worked on at once: their syncs overlap.
const dropWorkers = 4

// DropPayloads overwrites the sealed parts of records with zeros and gives their room back. It returns nil only when that is
// durable; after an error it may be done in part, and doing it again is harmless. Segments concerned that are not sealed yet are
// sealed first, the current one ended before its time. Records without a sealed part are left alone.
//
// The record that says why (EventErasure or EventRetention) must be written by the caller; Verify misses it otherwise.
func (l *Log) DropPayloads(ctx context.Context, seqs []uint64) error {
	if len(seqs) == 0 {
		return nil
	}
	seqs = slices.Compact(slices.Sorted(slices.Values(seqs)))
	if last := seqs[len(seqs)-1]; last >= l.head.Load() {
		return fmt.Errorf("drop payload of record %d: %w", last, ErrNotFound)
	}
	spans, err := listSpans(l.dir, nil)
	if err != nil {
		return fmt.Errorf("drop payloads: %w", err)
	}
	if seqs[len(seqs)-1] >= spans[len(spans)-1].first {
		if err := l.endSegment(ctx); err != nil {
			return fmt.Errorf("drop payloads: %w", err)
		}
	}
	var work []dropWork
	for i, at := range spans {
		n := len(seqs)
		if i+1 < len(spans) {
			n, _ = slices.BinarySearch(seqs, spans[i+1].first)
		}
		if n > 0 && seqs[n-1] >= at.first {
			work = append(work, dropWork{at.number, seqs[:n]})
		}
		seqs = seqs[n:]
	}
	return l.dropAll(ctx, work)
}

// dropWork are the records of one segment whose payloads are dropped.
type dropWork struct {
	number uint64
	seqs   []uint64
}

func (l *Log) dropAll(ctx context.Context, work []dropWork) error {
	l.sealing.mu.Lock()
	defer l.sealing.mu.Unlock()
	errs := make([]error, len(work))
	slots := make(chan struct{}, dropWorkers)
	var wg sync.WaitGroup
	for i, w := range work {
		if errs[i] = ctx.Err(); errs[i] == nil {
			errs[i] = l.sealLocked(w.number, ctx.Err)
		}
		if errs[i] != nil {
			break
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			errs[i] = l.dropIn(w)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("drop payloads: %w", err)
	}
	return nil
}

// dropIn overwrites the parts of one segment: first what leads to their keys, so that what a crash leaves behind is gone for every
// reader, then the rest.
func (l *Log) dropIn(w dropWork) (err error) {
	parts, err := openPayFile(l.dir, w.number)
	if err != nil {
		return err
	}
	defer parts.close()
	if w.seqs[len(w.seqs)-1]-parts.h.first >= uint64(len(parts.h.lengths)) {
		return fmt.Errorf("%w: the payloads of segment %d are those of another", ErrDamaged, w.number)
	}
	file, err := l.fs.Open(filepath.Join(l.dir, payName(w.number)))
	if err != nil {
		return fmt.Errorf("open payloads of segment %d: %w", w.number, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	var heads, whole []byteRange
	for _, seq := range w.seqs {
		at, n := parts.h.starts[seq-parts.h.first], int64(parts.h.lengths[seq-parts.h.first])
		if n > 0 {
			heads = append(heads, byteRange{at, at + min(n, sealHead)})
			whole = append(whole, byteRange{at, at + n})
		}
	}
	z := zeroer{in: parts.f, out: file, size: parts.h.end()}
	for _, ranges := range [][]byteRange{heads, whole} {
		if err := z.zero(ranges); err != nil {
			return fmt.Errorf("overwrite payloads of segment %d: %w", w.number, err)
		}
		if err := file.Sync(); err != nil {
			return fmt.Errorf("overwrite payloads of segment %d: %w", w.number, err)
		}
	}
	if err := punch(file, whole); err != nil {
		return fmt.Errorf("give room of segment %d back: %w", w.number, err)
	}
	return nil
}

type byteRange struct{ from, to int64 }

// zeroer overwrites ranges of a file that is written in whole blocks.
type zeroer struct {
	in   io.ReaderAt
	out  File
	size int64 // a multiple of blockSize
	buf  []byte
}

// zero overwrites ranges, which are in order. Those that share or touch a block are written together.
func (z *zeroer) zero(ranges []byteRange) error {
	for len(ranges) > 0 {
		from, to := ranges[0].from&^(blockSize-1), ranges[0].to
		n := 1
		for n < len(ranges) && ranges[n].from <= (to+blockSize-1)&^(blockSize-1) && ranges[n].to-from <= fillerSize {
			to = ranges[n].to
			n++
		}
		for at := from; at < to; at += fillerSize { // a single large part takes several windows
			if err := z.window(at, min(to, at+fillerSize), ranges[:n]); err != nil {
				return err
			}
		}
		ranges = ranges[n:]
	}
	return nil
}

// window overwrites what lies of ranges in [from, to). from is at a block border.
func (z *zeroer) window(from, to int64, ranges []byteRange) error {
	if z.buf == nil {
		z.buf = aligned(fillerSize)
	}
	b := z.buf[:roundUp(int(to-from))]
	clear(b)
	n, err := z.in.ReadAt(b[:min(int64(len(b)), z.size-from)], from)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	clear(b[n:])
	for _, r := range ranges {
		if lo, hi := max(r.from, from), min(r.to, to); lo < hi {
			clear(b[lo-from : hi-from])
		}
	}
	_, err = z.out.WriteAt(b, from)
	return err
}

// punch gives whole blocks of zeros back to the file system, where it can take them. Parts that follow each other count as one.
func punch(file File, ranges []byteRange) error {
	for i := 0; i < len(ranges); {
		r := ranges[i]
		for i++; i < len(ranges) && alignPart(r.to) == ranges[i].from; i++ {
			r.to = ranges[i].to
		}
		from, to := int64(roundUp(int(r.from))), r.to&^(blockSize-1)
		if from >= to {
			continue
		}
		if err := file.Punch(from, to-from); errors.Is(err, errors.ErrUnsupported) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return file.Sync()
}

// DropLeaves removes whole sealed segments whose records all come before a sequence number, as metadata retention asks for, and
// returns the first record that is kept. It writes the record that says so (EventRetention with ActDropLeaves) before anything
// is removed; actor may be empty. Nothing is done where no segment ends before.
//
// What is kept stays verifiable: the header of its first segment holds the compact range and the chain hash of all before, and
// the signed root proves them. Proofs for records that were removed can be given only by who kept their leaves.
func (l *Log) DropLeaves(ctx context.Context, before uint64, actor string) (first uint64, err error) {
	l.sealing.mu.Lock()
	defer l.sealing.mu.Unlock()
	spans, err := listSpans(l.dir, nil)
	if err != nil {
		return 0, fmt.Errorf("drop leaves: %w", err)
	}
	keep := 0
	for keep+1 < len(spans) && spans[keep].sealed && spans[keep+1].first <= before {
		keep++
	}
	first = spans[keep].first
	if keep == 0 || first == spans[0].first {
		return spans[0].first, l.removeBefore(spans[0].number) // what an earlier call may have left
	}
	if err := ctx.Err(); err != nil {
		return spans[0].first, err
	}
	if l.signed.Load() < first { // the tiles keep what proofs need of them
		if err := l.checkpoint(); err != nil || l.signed.Load() < first {
			return spans[0].first, errors.Join(fmt.Errorf("drop leaves: %w", ErrUnpublished), err)
		}
	}
	if _, err := l.Event(&Event{Kind: EventRetention, Actor: actor, Act: ActDropLeaves, Result: "ok", Ranges: [][2]uint64{{0, first}}}); err != nil {
		return spans[0].first, fmt.Errorf("drop leaves: %w", err)
	}
	if err := writeWhole(l.fs, filepath.Join(l.dir, minimumFile), minimum{spans[keep].number, first}.encode()); err != nil {
		return spans[0].first, fmt.Errorf("drop leaves: %w", err)
	}
	return first, l.removeBefore(spans[keep].number)
}

// removeBefore removes the files of sealed segments before the one with the given number.
func (l *Log) removeBefore(number uint64) error {
	all, err := listAll(l.dir)
	if err != nil {
		return fmt.Errorf("drop leaves: %w", err)
	}
	removed := false
	for _, d := range []struct {
		numbers []uint64
		name    func(uint64) string
	}{{all.payloads, payName}, {all.leaves, leafName}} {
		for _, n := range d.numbers {
			if n >= number {
				break
			}
			if err := l.fs.Remove(filepath.Join(l.dir, d.name(n))); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("drop leaves: %w", err)
			}
			removed = true
		}
	}
	if err := l.dropBundles(); err != nil {
		return fmt.Errorf("drop leaves: %w", err)
	}
	if !removed {
		return nil
	}
	for _, dir := range []string{payDir, leafDir} {
		if err := l.fs.SyncDir(filepath.Join(l.dir, dir)); err != nil {
			return fmt.Errorf("drop leaves: %w", err)
		}
	}
	return nil
}
