package custody

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unsafe"
)

const (
	fillBlock   = 1 << 20   // zeros written at once
	fillLeast   = 256 << 10 // zeros written ahead: a half of what is there, within these bounds
	fillMost    = 4 << 20
	maxTailKeep = 4 << 20 // largest drain buffer that is kept
	newSuffix   = ".new"  // name of a file until it is whole
)

// segmentName is the file name of a segment.
func segmentName(number uint64) string { return fmt.Sprintf("%08d.seg", number) }

// segmentNumber reads a file name that segmentName wrote.
func segmentNumber(name string) (uint64, bool) {
	text, is := strings.CutSuffix(name, ".seg")
	n, err := strconv.ParseUint(text, 10, 64)
	return n, is && err == nil && n > 0 && segmentName(n) == name
}

// segment is the file that is written. Only the committer touches it.
//
// It is written in whole blocks at block offsets: buf holds what lies behind base, of which the first durable bytes are on
// the disk already. A block that is not full yet is written again with the next drain; the bytes that were durable stay the same.
type segment struct {
	fs     FS
	dir    string
	file   File
	number uint64
	start  int64 // where frames begin
	limit  int64 // size that a segment should not exceed
	base   int64 // offset of buf in the file, a multiple of blockSize
	buf    []byte
	kept   int   // bytes of buf that are durable
	filled int64 // the file is on the disk up to here: frames, then zeros
	zeros  []byte
}

// end is the offset behind the last durable frame.
func (s *segment) end() int64 { return s.base + int64(s.kept) }

// fits reports whether n more bytes than are in buf stay within the segment.
func (s *segment) fits(n int) bool { return s.base+int64(len(s.buf)+n) <= s.limit }

// createSegment writes a segment under another name and moves it to its place when header and first zeros are durable:
// a file with the name of a segment is whole.
func createSegment(fs FS, dir string, h *header, limit int64) (*segment, error) {
	path := filepath.Join(dir, segmentName(h.number))
	head := h.encode()
	s := &segment{fs: fs, dir: dir, number: h.number, limit: max(limit, int64(len(head))+blockSize)}
	_ = fs.Remove(path + newSuffix) // left over from a failed try
	f, err := fs.Create(path + newSuffix)
	if err != nil {
		return nil, fmt.Errorf("create segment %d: %w", h.number, err)
	}
	s.file = f
	if err := s.begin(head, path); err != nil {
		return nil, errors.Join(fmt.Errorf("create segment %d: %w", h.number, err), f.Close(), ignored(fs.Remove(path+newSuffix)))
	}
	return s, nil
}

func ignored(error) error { return nil }

func (s *segment) begin(head []byte, path string) error {
	s.grow(len(head))
	copy(s.buf, head)
	if _, err := s.file.WriteAt(s.buf, 0); err != nil {
		return err
	}
	s.start, s.base, s.filled, s.buf = int64(len(head)), int64(len(head)), int64(len(head)), s.buf[:0]
	if err := s.fill(s.base + blockSize); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	if err := s.fs.Rename(path+newSuffix, path); err != nil {
		return err
	}
	return s.fs.SyncDir(s.dir)
}

// openSegment goes on with a segment whose last durable frame ends at end; the file must have been cut there.
// tail is what lies between the last block border and end.
func openSegment(fs FS, dir string, number uint64, limit, start, end int64, tail []byte) (*segment, error) {
	f, err := fs.Open(filepath.Join(dir, segmentName(number)))
	if err != nil {
		return nil, fmt.Errorf("open segment %d: %w", number, err)
	}
	s := &segment{fs: fs, dir: dir, file: f, number: number, start: start, limit: limit, base: end - int64(len(tail)), filled: end, kept: len(tail)}
	s.grow(len(tail))
	copy(s.buf, tail)
	return s, nil
}

// harden writes the frames from an offset on again and syncs. A process that died after a failed sync leaves frames that can be
// read from memory and are not on the disk; nothing may be chained to them before they are.
func (s *segment) harden(from int64) error {
	end := s.end()
	if from >= end {
		return nil
	}
	in, err := os.Open(filepath.Join(s.dir, segmentName(s.number)))
	if err != nil {
		return err
	}
	defer in.Close()
	window := aligned(fillBlock)
	for off := from &^ (blockSize - 1); off < end; off += fillBlock {
		n := int(min(fillBlock, end-off))
		if _, err := in.ReadAt(window[:n], off); err != nil {
			return err
		}
		clear(window[n:roundUp(n)])
		if _, err := s.file.WriteAt(window[:roundUp(n)], off); err != nil {
			return err
		}
	}
	return s.file.Sync()
}

// grow makes room for n more bytes in buf and lengthens it by them.
func (s *segment) grow(n int) {
	need := len(s.buf) + n
	if cap(s.buf) < roundUp(need) {
		size := max(256<<10, 2*cap(s.buf))
		for size < need {
			size *= 2
		}
		b := aligned(size)
		copy(b, s.buf)
		s.buf = b[:len(s.buf)]
	}
	s.buf = s.buf[:need]
}

// aligned is memory that starts at a block border, as direct writes want it.
func aligned(n int) []byte {
	b := make([]byte, n+blockSize)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (blockSize - 1))
	return b[skip : skip+n : skip+n]
}

// append puts a frame behind what waits to be written.
func (s *segment) append(body []byte, bodyCRC, position uint32, prev *Hash) {
	start := len(s.buf)
	s.grow(len(body) + frameTail)
	appendFrame(s.buf[:start], body, bodyCRC, position, prev)
}

// flush writes and syncs what was appended. After an error the segment must not be written again.
func (s *segment) flush() error {
	n := roundUp(len(s.buf))
	if err := s.fill(s.base + int64(n)); err != nil {
		return &soundError{fmt.Errorf("extend segment %d: %w", s.number, err)}
	}
	block := s.buf[:n]
	clear(block[len(s.buf):])
	if _, err := s.file.WriteAt(block, s.base); err != nil {
		return fmt.Errorf("write segment %d: %w", s.number, err)
	}
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("sync segment %d: %w", s.number, err)
	}
	whole := len(s.buf) &^ (blockSize - 1)
	s.kept = copy(s.buf, s.buf[whole:])
	s.buf, s.base = s.buf[:s.kept], s.base+int64(whole)
	if cap(s.buf) > maxTailKeep {
		small := aligned(256 << 10)
		copy(small, s.buf)
		s.buf = small[:s.kept]
	}
	return nil
}

// forget drops what was appended and not flushed.
func (s *segment) forget() { s.buf = s.buf[:s.kept] }

// soundError says that no frame was touched: the segment is sound and may be written again.
type soundError struct{ err error }

func (e *soundError) Error() string { return e.err.Error() }
func (e *soundError) Unwrap() error { return e.err }

// fill writes zeros so that the file reaches at least to. They become durable with the next sync of frames: until then
// no frame lies on them that anybody was told about.
func (s *segment) fill(to int64) error {
	from := (s.filled + blockSize - 1) &^ (blockSize - 1) // the block that buf begins with is never zeroed
	if from < s.base {
		from = s.base
	}
	if from >= to {
		return nil
	}
	// Each extension costs a commit of the file system's journal: few large ones, but no more than a small disk can bear.
	end := from + min(max(from/2, fillLeast), fillMost)
	end = int64(roundUp(int(max(min(end, s.limit), to))))
	if s.zeros == nil {
		s.zeros = aligned(int(min(fillBlock, int64(roundUp(int(s.limit))))))
	}
	for from < end {
		n := min(int64(len(s.zeros)), end-from)
		wrote, err := s.file.WriteAt(s.zeros[:n], from)
		from += int64(wrote) &^ (blockSize - 1)
		s.filled = max(s.filled, from)
		switch {
		case err == nil:
		case !isFull(err) || end == to && from < end:
			return err
		default: // there may be room for what is needed
			end = to
		}
	}
	return nil
}

// finish cuts the zeros off behind the last frame and closes the file.
func (s *segment) finish() error {
	err := s.file.Truncate(s.end())
	if err == nil {
		err = s.file.Sync()
	}
	return errors.Join(err, s.file.Close())
}
