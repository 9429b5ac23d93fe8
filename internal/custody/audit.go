package custody

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// audit walks along the log from one segment to its end and checks every byte. Open and Verify share it: what one
// would refuse the other names.
type audit struct {
	walDir string
	cp     *Checkpoint // nil: there is none
	st     state

	seen   int64    // bytes of frames read
	bad    *Problem // the first thing that is wrong; nothing behind it was read
	tail   tail
	cpSeen bool // the root at the checkpoint was compared
}

// tail is where the last segment ends.
type tail struct {
	number     uint64
	start, end int64 // of the frames
	signed     int64 // frames before this are under the checkpoint
	size       int64 // of the file
	torn       bool  // something that was never acknowledged lies behind end
}

type segmentFile struct {
	f     *os.File
	h     *header
	start int64
	size  int64
}

func (s *segmentFile) close() {
	if s != nil {
		_ = s.f.Close()
	}
}

// openSegmentFile opens a segment and reads its header. An error that wraps errNotHeader means damage, any other that it could not be read.
func openSegmentFile(walDir string, number uint64) (*segmentFile, error) {
	f, err := os.Open(filepath.Join(walDir, segmentName(number)))
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open segment: %w", err), f.Close())
	}
	h, start, err := readHeader(f)
	if err == nil && h.number != number {
		err = fmt.Errorf("header says segment %d: %w", h.number, errNotHeader)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("segment %s: %w", segmentName(number), err), f.Close())
	}
	return &segmentFile{f: f, h: h, start: start, size: info.Size()}, nil
}

// flag notes what is wrong at the record that should come next.
func (a *audit) flag(file string, offset int64, format string, args ...any) {
	seq := a.st.next()
	a.bad = &Problem{File: file, Offset: offset, Seq: &seq, Message: fmt.Sprintf(format, args...)}
}

// run walks the segments [first, last]. The state must stand where the first one begins. The error is one of reading, not of damage.
func (a *audit) run(first, last uint64) error {
	cur, err := openSegmentFile(a.walDir, first)
	for n := first; ; n++ {
		name := "wal/" + segmentName(n)
		if errors.Is(err, errNotHeader) || errors.Is(err, os.ErrNotExist) {
			a.flag(name, 0, "the segment is missing or its header is damaged")
			return nil
		}
		if err != nil {
			return err
		}
		if err := a.st.matches(cur.h); err != nil {
			cur.close()
			a.flag(name, 0, "%v", err)
			return nil
		}
		if n == last {
			defer cur.close()
			return a.lastSegment(cur, name)
		}
		next, nextErr := openSegmentFile(a.walDir, n+1)
		err := a.wholeSegment(cur, next, name)
		cur.close()
		if err != nil || a.bad != nil {
			next.close()
			return err
		}
		cur, err = next, nextErr
		if err != nil && !errors.Is(err, errNotHeader) && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err != nil {
			a.flag("wal/"+segmentName(n+1), 0, "the segment is missing or its header is damaged")
			return nil
		}
	}
}

// frames reads frames until one is not good, and says why.
func (a *audit) frames(r *reader) error {
	a.compareRoot(r.offset())
	for a.bad == nil {
		f, err := r.next()
		if err != nil {
			return err
		}
		at := r.offset() - int64(f.size)
		if err := a.st.step(&f, at == r.start); err != nil {
			a.flag("", at, "%v", err)
			return err
		}
		a.seen += int64(f.size)
		a.compareRoot(r.offset())
	}
	return errMalformed // a.bad says why
}

// compareRoot compares the root with the signed one when as many leaves were read as it covers.
//
// offset is where the next frame starts.
func (a *audit) compareRoot(offset int64) {
	if a.cp == nil || a.cpSeen || a.st.next() != a.cp.Size {
		return
	}
	a.cpSeen = true
	a.tail.signed = offset
	if a.st.tree.root() != a.cp.Root {
		a.bad = &Problem{File: checkpointFile, Message: "the first " + strconv.FormatUint(a.cp.Size, 10) + " records do not have the root that was signed"}
	}
}

// wholeSegment reads a segment that has a successor; every byte of it must be good up to where the successor says it ends.
func (a *audit) wholeSegment(s, next *segmentFile, name string) error {
	end := s.size
	if next != nil {
		end = int64(min(next.h.prevEnd, uint64(s.size)))
	}
	r := newReader(s.f, end, s.start)
	err := a.frames(r)
	switch {
	case a.bad != nil:
		a.named(name)
		return nil
	case isRead(err):
		return err
	case !errors.Is(err, errEnd):
		a.flag(name, r.offset(), "%v", err)
		return nil
	case next == nil:
		return nil // the walk stops at the next header
	case uint64(r.offset()) != next.h.prevEnd:
		a.flag(name, r.offset(), "the segment ends too early")
		return nil
	case next.h.prevHow == endSuspect:
		return nil // what follows was never acknowledged
	}
	r.size = s.size
	behind, err := r.lookBehind(a.st.next())
	if err == nil && !behind.zero {
		a.flag(name, r.offset(), "there is something behind the end of the segment")
	}
	return err
}

// lastSegment reads the segment that has no successor. What follows its last good frame is either zeros, or a drain that
// was never acknowledged, or damage.
func (a *audit) lastSegment(s *segmentFile, name string) error {
	r := newReader(s.f, s.size, s.start)
	a.tail.signed = s.start
	for try := 1; ; try++ {
		why := a.frames(r)
		if a.bad != nil {
			a.named(name)
			return nil
		}
		if isRead(why) {
			return why
		}
		behind, err := r.lookBehind(a.st.next())
		if err != nil {
			return err
		}
		if behind.later != nil && try < 3 { // the writer may have been at work between two reads
			if err := r.reload(s.f); err != nil {
				return err
			}
			continue
		}
		a.tail.number, a.tail.start, a.tail.end, a.tail.size, a.tail.torn = s.h.number, s.start, r.offset(), r.size, !behind.zero
		switch {
		case behind.later != nil:
			a.flag(name, r.offset(), "%v, and good records follow it (record %d)", why, behind.later.seq)
		case a.cp != nil && a.st.next() < a.cp.Size:
			a.flag(name, r.offset(), "%d records are signed, the log ends before (%v)", a.cp.Size, why)
		}
		return nil
	}
}

// named says in which file the frame lies that frames found bad.
func (a *audit) named(file string) {
	if a.bad.File == "" {
		a.bad.File = file
	}
}

// isRead reports whether an error is one of reading the file, not of what stands in it.
func isRead(err error) bool {
	return !errors.Is(err, errEnd) && !errors.Is(err, errShort) && !errors.Is(err, errMalformed) && !errors.Is(err, errCRC)
}
