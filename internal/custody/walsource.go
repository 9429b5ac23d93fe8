package custody

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// walSource reads a segment that is not sealed yet. The last one may still grow.
type walSource struct {
	f       *os.File
	first   uint64
	end     int64 // of the frames, 0 where the segment still grows
	offsets []int64
	r       *reader // behind the last frame in offsets
}

func openWAL(dir string, at span) (source, error) {
	s, err := openSegmentFile(filepath.Join(dir, "wal"), at.number)
	if err != nil {
		return nil, err
	}
	size := s.size
	if at.walEnd != 0 {
		size = min(size, at.walEnd)
	}
	return &walSource{f: s.f, first: s.h.first, end: at.walEnd, r: newReader(s.f, size, s.start)}, nil
}

func (s *walSource) close()      { _ = s.f.Close() }
func (s *walSource) stale() bool { return unlinked(s.f) }

// unlinked reports whether an open file has no name any more.
func unlinked(f *os.File) bool {
	info, err := f.Stat()
	if err != nil {
		return true
	}
	st, is := info.Sys().(*syscall.Stat_t)
	return is && st.Nlink == 0
}

// reach indexes frames until seq is among them or there are no more.
func (s *walSource) reach(seq uint64) error {
	if seq < s.first {
		return errNoRecord
	}
	grown := false
	for uint64(len(s.offsets)) <= seq-s.first {
		at := s.r.offset()
		f, err := s.r.next()
		switch {
		case err == nil && f.seq == s.first+uint64(len(s.offsets)):
			s.offsets = append(s.offsets, at)
			grown = false
			continue
		case err != nil && isRead(err):
			return err
		case s.end != 0 || grown: // the end of the log, or of what can be trusted
			return errNoRecord
		}
		if err := s.r.reload(s.f); err != nil {
			return err
		}
		grown = true
	}
	return nil
}

func (s *walSource) entry(seq uint64, payload bool) (*Stored, error) {
	if err := s.reach(seq); err != nil {
		return nil, err
	}
	f, err := newReader(s.f, s.r.size, s.offsets[seq-s.first]).one()
	if err != nil {
		return nil, err
	}
	var out Stored
	out.fill(&f, payload)
	return &out, nil
}

// one reads a single frame without a window.
func (r *reader) one() (frame, error) {
	var head [4]byte
	if _, err := r.f.ReadAt(head[:], r.start); err != nil {
		return frame{}, err
	}
	n, err := frameSize(head[:])
	if err != nil {
		return frame{}, err
	}
	b := make([]byte, n)
	if _, err := r.f.ReadAt(b, r.start); err != nil {
		return frame{}, err
	}
	return decodeFrame(b)
}

func (s *walSource) scan(from, to uint64, payload bool, fn func(*Stored) error) error {
	if err := s.reach(from); err != nil {
		return err
	}
	r := newReader(s.f, s.r.size, s.offsets[from-s.first])
	var out Stored
	for seq := from; seq < to; seq++ {
		f, err := r.next()
		if err != nil || f.seq != seq {
			if err != nil && isRead(err) {
				return err
			}
			return nil
		}
		out.fill(&f, payload)
		if err := fn(&out); err != nil {
			return err
		}
	}
	return nil
}

func (s *walSource) next() (uint64, error) {
	if err := s.reach(^uint64(0)); !errors.Is(err, errNoRecord) {
		return 0, err
	}
	return s.first + uint64(len(s.offsets)), nil
}
