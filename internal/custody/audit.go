package custody

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
)

// audit walks along the log from one segment to its end and checks every byte. Open and Verify share it: what one
// would refuse the other names.
type audit struct {
	dir   string      // the custody directory
	cp    *Checkpoint // nil: there is none
	st    state
	tiles *tileCheck  // nil: neither tiles nor times are looked at
	clock *clockCheck // nil: times are not looked at

	gone   []gonePart // sealed parts that were dropped
	why    reasons    // what the log says about them
	more   bool       // the log went on behind the last segment that was listed
	seen   int64      // bytes of frames read
	bad    *Problem   // the first thing that is wrong; nothing behind it was read
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

// flag notes what is wrong at the record that should come next.
func (a *audit) flag(file string, offset int64, format string, args ...any) {
	seq := a.st.next()
	a.bad = &Problem{File: file, Offset: offset, Seq: &seq, Message: fmt.Sprintf(format, args...)}
}

// run walks the segments [first, last], several at a time. The state must stand where the first one begins. Each segment is
// read from what its own header says, and must end as the next header begins: so the first one that is bad is found as if
// they were read one after another. The error is one of reading, not of damage.
func (a *audit) run(first, last uint64) error {
	cur, err := openSegmentOf(a.dir, first)
	if noSegment(err) {
		a.flag(a.nameOf(first), 0, "the segment is missing or its header is damaged")
		return nil
	}
	if err != nil {
		return err
	}
	err = a.st.matches(cur.h)
	cur.close()
	if err != nil {
		a.flag(cur.name(), 0, "%v", err)
		return nil
	}
	parts := make([]*audit, last-first+1)
	errs := make([]error, len(parts))
	var failed atomic.Uint64 // the first segment that is bad: what follows need not be read
	failed.Store(last)
	var next atomic.Uint64
	next.Store(first)
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(parts)) {
		wg.Go(func() {
			for n := next.Add(1) - 1; n <= failed.Load(); n = next.Add(1) - 1 {
				i := n - first
				parts[i] = &audit{dir: a.dir, cp: a.cp, tiles: a.tiles, clock: a.clock}
				if errs[i] = parts[i].one(n, last); errs[i] != nil || parts[i].bad != nil {
					lower(&failed, n)
				}
			}
		})
	}
	wg.Wait()
	if err := a.merge(parts, errs); err != nil || a.bad != nil || !parts[len(parts)-1].more {
		return err
	}
	return a.run(last+1, last+1)
}

// lower makes v at most n.
func lower(v *atomic.Uint64, n uint64) {
	for was := v.Load(); n < was && !v.CompareAndSwap(was, n); was = v.Load() {
	}
}

// merge takes over what was found in the segments, up to the first that is bad.
func (a *audit) merge(parts []*audit, errs []error) error {
	for i, p := range parts {
		if errs[i] != nil {
			return errs[i]
		}
		a.seen += p.seen
		a.gone = append(a.gone, p.gone...)
		a.why.add(&p.why)
		a.cpSeen = a.cpSeen || p.cpSeen
		a.st, a.tail, a.bad = p.st, p.tail, p.bad
		if a.bad != nil {
			return nil
		}
	}
	return nil
}

// noSegment reports whether an error of opening a segment means that it is missing or damaged.
func noSegment(err error) bool { return errors.Is(err, errNotHeader) || errors.Is(err, os.ErrNotExist) }

// nameOf is the name of a segment in the form that it should have.
func (a *audit) nameOf(number uint64) string {
	if _, err := os.Stat(filepath.Join(a.dir, leafName(number))); err == nil {
		return leafName(number)
	}
	return "wal/" + segmentName(number)
}

// one reads the n-th segment of last many, and whether the next one goes on where it ends.
func (a *audit) one(n, last uint64) error {
	cur, err := openSegmentOf(a.dir, n)
	if noSegment(err) {
		return nil // whoever reads the segment before says so
	}
	if err != nil {
		return err
	}
	defer cur.close()
	a.st.from(cur.h)
	if a.clock != nil {
		times := a.clock.watch()
		a.st.visit = func(seq uint64, _ []byte, info *leafInfo, _ *Hash) { times.leaf(seq, info) }
		if a.tiles != nil {
			w := a.tiles.watch()
			defer w.flush()
			a.st.visit = func(seq uint64, leaf []byte, info *leafInfo, h *Hash) {
				times.leaf(seq, info)
				w.leaf(seq, leaf, h)
			}
		}
	}
	if n == last && cur.leaves == nil {
		return a.lastSegment(cur, cur.name())
	}
	a.more = n == last // the last segment is never sealed: it was the last one when they were listed
	next, err := openSegmentOf(a.dir, n+1)
	if err != nil && !noSegment(err) {
		return err
	}
	defer next.close()
	if err := a.wholeSegment(cur, next); err != nil || a.bad != nil {
		return err
	}
	if next == nil {
		a.flag(a.nameOf(n+1), 0, "the segment is missing or its header is damaged")
	} else if err := a.st.matches(next.h); err != nil {
		a.flag(next.name(), 0, "%v", err)
	}
	return nil
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
		a.why.note(f.kind, f.seq, f.leaf)
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
func (a *audit) wholeSegment(s, next *segmentFile) error {
	if s.leaves != nil {
		return a.sealedSegment(s, next)
	}
	name := s.name()
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
	return !errors.As(err, new(*partError)) && !errors.Is(err, errEnd) && !errors.Is(err, errShort) && !errors.Is(err, errMalformed) && !errors.Is(err, errCRC)
}
