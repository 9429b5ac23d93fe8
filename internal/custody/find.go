package custody

import (
	"bytes"
	"errors"
	"os"
	"time"
)

// Find returns the sequence numbers of the records with the given id, in order: of an exchange its intent and its outcome, of an
// event one. It reads everything that was written since the id was made until the exchange ended; an index is faster.
func (r *Reader) Find(id ID) ([]uint64, error) {
	var seqs []uint64
	err := r.each(id, func(s *Stored) error {
		seqs = append(seqs, s.Seq)
		return nil
	})
	return seqs, err
}

// each calls fn for the records with an id, sealed parts included, until the one that ends the exchange.
func (r *Reader) each(id ID, fn func(*Stored) error) error {
	r.mu.Lock()
	err := r.refresh()
	spans := r.spans
	r.mu.Unlock()
	if err != nil {
		return err
	}
	for i, at := range spans {
		if i+1 < len(spans) && time.Unix(0, spans[i+1].createdNS).Before(id.Time().Add(-clockSlack)) {
			continue // it ended before the exchange began
		}
		done, err := r.eachIn(at, id, fn)
		if err != nil || done {
			return err
		}
	}
	return nil
}

// eachIn looks into one segment. It reports true when there can be no more records of the exchange.
func (r *Reader) eachIn(at span, id ID, fn func(*Stored) error) (done bool, err error) {
	s, err := r.openSource(at)
	if errors.Is(err, os.ErrNotExist) { // sealed meanwhile
		at.sealed = true
		s, err = r.openSource(at)
	}
	if err != nil {
		return false, err
	}
	defer s.close()
	var found []uint64
	if found, err = s.find(id); err != nil {
		return false, err
	}
	for _, seq := range found {
		if r.limit != nil && seq >= r.limit() {
			return true, nil
		}
		rec, err := s.entry(seq, true)
		if err != nil {
			return false, err
		}
		if err := fn(rec); err != nil {
			return false, err
		}
		done = kindOf(rec.Kind) != kindIntent
	}
	return done, nil
}

// find implements source.
func (s *walSource) find(id ID) (found []uint64, err error) {
	if err := s.reach(^uint64(0)); !errors.Is(err, errNoRecord) {
		return nil, err
	}
	r := newReader(s.f, s.r.size, s.r.start)
	for i := range s.offsets {
		b, err := r.need(frameHead)
		if err != nil {
			return nil, err
		}
		n, err := frameSize(b)
		if err != nil || len(b) < frameHead {
			return nil, errShort
		}
		if bytes.Equal(b[16:frameHead], id[:]) {
			found = append(found, s.first+uint64(i))
		}
		r.skip(n)
	}
	return found, nil
}

// skip moves over n bytes, which may lie behind the window.
func (r *reader) skip(n int) {
	r.pos += n
	if r.pos > len(r.buf) {
		r.off, r.pos, r.buf = r.off+int64(r.pos), 0, r.buf[:0]
	}
}

// find implements source.
func (s *sealedSource) find(id ID) (found []uint64, err error) {
	want := append(id.AppendText([]byte(`"ulid":"`)), '"')
	for block := range s.leaves.h.blocks {
		if err := s.leaves.load(block); err != nil {
			return nil, err
		}
		if !bytes.Contains(s.leaves.raw, want) {
			continue
		}
		from, to := s.leaves.h.span(block)
		for seq := from; seq < to; seq++ {
			if bytes.Contains(s.leaves.in256(int(seq-from)), want) {
				found = append(found, seq)
			}
		}
	}
	return found, nil
}
