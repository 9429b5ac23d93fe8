package custody

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
)

// filler writes a file from front to end in whole aligned blocks, behind a head that is written last.
type filler struct {
	f    File
	fs   FS
	path string
	buf  []byte // aligned
	n    int    // bytes in buf
	at   int64  // of buf in the file
}

const fillerSize = 1 << 20

// newFiller begins a file under another name; done moves it to its place.
func newFiller(fs FS, path string, head int) (*filler, error) {
	_ = fs.Remove(path + newSuffix) // left over from a failed try
	f, err := fs.Create(path + newSuffix)
	if err != nil {
		return nil, err
	}
	return &filler{f: f, fs: fs, path: path, buf: aligned(fillerSize), at: int64(head)}, nil
}

// pos is where the next byte goes.
func (w *filler) pos() int64 { return w.at + int64(w.n) }

func (w *filler) write(p []byte) error {
	for len(p) > 0 {
		n := copy(w.buf[w.n:], p)
		w.n += n
		p = p[n:]
		if w.n == len(w.buf) {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// align writes zeros up to the next place of a part.
func (w *filler) align() error {
	var zeros [partAlign]byte
	return w.write(zeros[:alignPart(w.pos())-w.pos()])
}

// pad writes zeros up to the next block.
func (w *filler) pad() error {
	return w.write(make([]byte, int64(roundUp(int(w.pos())))-w.pos()))
}

func (w *filler) flush() error {
	n := roundUp(w.n)
	clear(w.buf[w.n:n])
	if _, err := w.f.WriteAt(w.buf[:n], w.at); err != nil {
		return err
	}
	w.at += int64(w.n)
	w.n = 0
	return nil
}

// done writes the head and makes the file durable in its place.
func (w *filler) done(head []byte) error {
	end := w.pos()
	err := w.flush()
	if err == nil {
		block := aligned(len(head))
		copy(block, head)
		_, err = w.f.WriteAt(block, 0)
	}
	if err == nil {
		err = w.f.Truncate(end)
	}
	if err == nil {
		err = w.f.Sync()
	}
	if err = errors.Join(err, w.f.Close()); err != nil {
		return errors.Join(err, ignored(w.fs.Remove(w.path+newSuffix)))
	}
	if err := w.fs.Rename(w.path+newSuffix, w.path); err != nil {
		return err
	}
	return w.fs.SyncDir(filepath.Dir(w.path))
}

// abandon gives the file up.
func (w *filler) abandon() {
	if w != nil {
		_ = w.f.Close()
		_ = w.fs.Remove(w.path + newSuffix)
	}
}

// splitter writes one segment as leaves and payloads.
type splitter struct {
	src    *segmentFile
	leaves *filler
	parts  *filler
	lh     leafHead
	ph     payHead
	chain  Hash
	block  []byte // leaves of the current block
	packed []byte
	pause  func() error // between blocks; an error ends the work
}

// split writes the two files of a full segment of which the next header says how it ended. It checks every frame and the chain on
// the way: a segment that is damaged stays what it is. The payloads are in their place before the leaves, whose file makes
// the segment a sealed one.
func split(fs FS, dir string, src *segmentFile, next *header, pause func() error) (err error) {
	s := splitter{src: src, pause: pause, chain: src.h.chain}
	s.lh = leafHead{number: src.h.number, first: src.h.first, count: next.first - src.h.first, walEnd: next.prevEnd, segment: src.h}
	s.lh.encoded = src.h.encode()
	s.ph = payHead{number: src.h.number, first: src.h.first, lengths: make([]uint32, 0, s.lh.count)}
	defer func() {
		if err != nil {
			s.leaves.abandon()
			s.parts.abandon()
		}
	}()
	if s.leaves, err = newFiller(fs, filepath.Join(dir, leafName(s.lh.number)), leafHeadSize(len(s.lh.encoded), blocksOf(s.lh.first, s.lh.count))); err != nil {
		return err
	}
	if s.parts, err = newFiller(fs, filepath.Join(dir, payName(s.ph.number)), payHeadSize(int(s.lh.count))); err != nil {
		return err
	}
	if err := s.frames(next); err != nil {
		return err
	}
	s.lh.chain = s.chain
	if err := s.parts.pad(); err != nil {
		return err
	}
	if err := s.parts.done(s.ph.encode()); err != nil {
		return err
	}
	s.parts = nil
	if err := s.leaves.done(s.lh.encode()); err != nil {
		return err
	}
	s.leaves = nil
	return nil
}

func (s *splitter) frames(next *header) error {
	r := newReader(s.src.f, min(s.src.size, int64(next.prevEnd)), s.src.start)
	var scratch []byte
	for seq := s.lh.first; seq < next.first; seq++ {
		f, err := r.next()
		switch {
		case err != nil && isRead(err):
			return err
		case err != nil:
			return fmt.Errorf("%w: record %d: %w", ErrDamaged, seq, err)
		case f.seq != seq || f.prev != s.chain:
			return fmt.Errorf("%w: record %d: out of order", ErrDamaged, seq)
		}
		var leaf Hash
		leaf, scratch = leafHash(scratch, f.leaf)
		s.chain = chainNext(&s.chain, &leaf)
		if err := s.add(&f, seq+1 == next.first); err != nil {
			return err
		}
	}
	if r.offset() != int64(next.prevEnd) || s.chain != next.chain {
		return fmt.Errorf("%w: record %d: the segment does not end as the next one says", ErrDamaged, next.first)
	}
	return nil
}

// add takes one frame; last ends the last block.
func (s *splitter) add(f *frame, last bool) error {
	s.block = binary.BigEndian.AppendUint16(s.block, uint16(len(f.leaf)))
	s.block = append(s.block, f.leaf...)
	if (f.seq+1)%bundleSize == 0 || last {
		if err := s.pack(); err != nil {
			return err
		}
	}
	s.ph.lengths = append(s.ph.lengths, uint32(len(f.sealed)))
	if len(f.sealed) == 0 {
		return nil
	}
	if err := s.parts.align(); err != nil {
		return err
	}
	return s.parts.write(f.sealed)
}

// pack writes a block.
func (s *splitter) pack() error {
	s.packed = packer().EncodeAll(s.block, s.packed[:0])
	s.lh.blocks = append(s.lh.blocks, leafBlock{s.leaves.pos(), uint32(len(s.packed)), uint32(len(s.block)), crc32.Checksum(s.packed, castagnoli)})
	s.block = s.block[:0]
	if err := s.leaves.write(s.packed); err != nil {
		return err
	}
	return s.pause()
}

// removeStale removes a file of ours where it is there.
func removeStale(fs FS, path string) error {
	err := fs.Remove(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
