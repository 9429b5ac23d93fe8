package custody

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// segmentFile is an open segment in one of its forms.
type segmentFile struct {
	f     *os.File
	h     *header
	start int64 // of the frames
	size  int64

	leaves *leafFile // set for a sealed segment; f is unused then
}

func (s *segmentFile) close() {
	switch {
	case s == nil:
	case s.leaves != nil:
		s.leaves.close()
	default:
		_ = s.f.Close()
	}
}

// name of the file below the custody directory.
func (s *segmentFile) name() string {
	if s.leaves != nil {
		return leafName(s.h.number)
	}
	return "wal/" + segmentName(s.h.number)
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

// openSegmentOf opens a segment in the form that it has; the sealed one where there are both. dir is the custody directory.
func openSegmentOf(dir string, number uint64) (*segmentFile, error) {
	for try := 0; ; try++ {
		l, err := openLeafFile(dir, number)
		if err == nil {
			return &segmentFile{h: l.h.segment, size: l.size, leaves: l}, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			if errors.Is(err, errNotSealed) {
				err = fmt.Errorf("%w: %w", err, errNotHeader)
			}
			return nil, err
		}
		s, err := openSegmentFile(filepath.Join(dir, "wal"), number)
		if errors.Is(err, os.ErrNotExist) && try == 0 { // it may have been sealed between the two looks
			continue
		}
		return s, err
	}
}

// listing is what lies in the directories of the segments.
type listing struct {
	wal, leaves, payloads []uint64 // numbers in order
	others                map[string][]string
}

// numbers are those of all segments, in order.
func (l *listing) numbers() []uint64 {
	all := slices.Concat(l.wal, l.leaves)
	slices.Sort(all)
	return slices.Compact(all)
}

// listAll lists the segments in both forms. A directory that is missing is empty. What is sealed meanwhile is not missed: the
// write-ahead segments are listed first.
func listAll(dir string) (*listing, error) {
	out := &listing{others: map[string][]string{}}
	for _, d := range []struct {
		name, suffix string
		into         *[]uint64
	}{{"wal", ".seg", &out.wal}, {payDir, paySuffix, &out.payloads}, {leafDir, leafSuffix, &out.leaves}} {
		entries, err := os.ReadDir(filepath.Join(dir, d.name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			if n, is := sealedNumber(e.Name(), d.suffix); is && e.Type().IsRegular() {
				*d.into = append(*d.into, n)
			} else {
				out.others[d.name] = append(out.others[d.name], e.Name())
			}
		}
		slices.Sort(*d.into)
	}
	return out, nil
}
