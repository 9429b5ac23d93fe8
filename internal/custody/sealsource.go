package custody

import (
	"errors"
	"fmt"
	"os"
)

// sealedSource reads a sealed segment.
type sealedSource struct {
	dir    string
	leaves *leafFile
	parts  *payFile // opened when it is needed
}

func openSealed(dir string, number uint64) (source, error) {
	l, err := openLeafFile(dir, number)
	if err != nil {
		return nil, err
	}
	return &sealedSource{dir: dir, leaves: l}, nil
}

func (s *sealedSource) close() {
	s.leaves.close()
	s.parts.close()
}

func (s *sealedSource) stale() bool { return unlinked(s.leaves.f) }

func (s *sealedSource) next() (uint64, error) { return s.leaves.h.first + s.leaves.h.count, nil }

// entry implements source.
func (s *sealedSource) entry(seq uint64, payload bool) (*Stored, error) {
	if h := s.leaves.h; seq < h.first || seq >= h.first+h.count {
		return nil, errNoRecord
	}
	var out Stored
	if err := s.read(&out, seq, payload); err != nil {
		return nil, err
	}
	c := out.Clone()
	c.Sealed = out.Sealed // is ours already
	return c, nil
}

func (s *sealedSource) read(out *Stored, seq uint64, payload bool) error {
	leaf, err := s.leaves.leaf(seq)
	if err != nil {
		return err
	}
	info, err := parseLeaf(leaf)
	if err != nil {
		return err
	}
	id, err := ParseID(string(info.ulid))
	if err != nil {
		return err
	}
	*out = Stored{Seq: seq, Kind: kindOf(string(info.kind)).String(), ID: id, Leaf: leaf}
	if !payload || info.sealed == nil {
		return nil
	}
	if err := s.openParts(); err != nil {
		return err
	}
	out.Sealed, out.Gone, err = s.parts.part(seq)
	return err
}

func (s *sealedSource) openParts() (err error) {
	if s.parts != nil && !unlinked(s.parts.f) {
		return nil
	}
	s.parts.close()
	if s.parts, err = openPayFile(s.dir, s.leaves.h.number); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: the payloads of segment %d are missing", ErrDamaged, s.leaves.h.number)
	}
	return err
}

func (s *sealedSource) scan(from, to uint64, payload bool, fn func(*Stored) error) error {
	h := s.leaves.h
	if from < h.first || from >= h.first+h.count {
		return errNoRecord
	}
	var out Stored
	for seq := from; seq < min(to, h.first+h.count); seq++ {
		if err := s.read(&out, seq, payload); err != nil {
			return err
		}
		if err := fn(&out); err != nil {
			return err
		}
	}
	return nil
}
