package custody

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Reader reads the records of a log by sequence number, beside a running writer or on a stopped log. It checks checksums and
// nothing else: Verify proves. It is safe for concurrent use.
//
// Records that were written and not acknowledged yet may be seen where another process writes; Log.Reader shows none of them.
type Reader struct {
	dir   string        // the custody directory
	limit func() uint64 // records that may be read; nil: all that can be found

	mu     sync.Mutex
	spans  []span            // segments in order
	open   map[uint64]source // by number of the segment
	recent []uint64          // numbers of open, the one used last at the end
}

// span is where a segment lies.
type span struct {
	number, first uint64
	prevEnd       uint64
	createdNS     int64
	sealed        bool
	walEnd        int64 // of one that is not sealed: end of the frames as the next header says, 0 where there is none
}

// source is a segment in one of its forms.
type source interface {
	// entry reads one record. It returns errNoRecord where the segment does not reach that far (yet).
	entry(seq uint64, payload bool) (*Stored, error)
	// scan calls fn for the records in [from, to) that are there. What fn gets is valid until it returns.
	scan(from, to uint64, payload bool, fn func(*Stored) error) error
	// find returns the sequence numbers of the records with an id.
	find(id ID) ([]uint64, error)
	// next is the sequence number behind the last record that is there now.
	next() (uint64, error)
	// stale reports whether the file is not the one of its name any more.
	stale() bool
	close()
}

// errNoRecord says that there is no such record.
var errNoRecord = errors.New("no such record")

// maxOpenSources bounds the files that a Reader keeps open.
const maxOpenSources = 32

// OpenReader opens the log of a data directory for reading.
func OpenReader(dir string) (*Reader, error) {
	r := &Reader{dir: filepath.Join(dir, "custody"), open: map[uint64]source{}}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.refresh(); err != nil {
		return nil, fmt.Errorf("read custody log: %w", err)
	}
	return r, nil
}

// Reader reads what is durable in the log. The caller closes it.
func (l *Log) Reader() (*Reader, error) {
	r, err := OpenReader(l.o.Dir)
	if err == nil {
		r.limit = l.head.Load
	}
	return r, err
}

// Close closes the files.
func (r *Reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop()
	return nil
}

func (r *Reader) drop() {
	for _, s := range r.open {
		s.close()
	}
	r.open, r.recent = map[uint64]source{}, nil
}

// Size is the number of records that can be read now: the next sequence number.
func (r *Reader) Size() (uint64, error) {
	if r.limit != nil {
		return r.limit(), nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.refresh(); err != nil {
		return 0, fmt.Errorf("read custody log: %w", err)
	}
	if len(r.spans) == 0 {
		return 0, nil
	}
	s, err := r.source(len(r.spans) - 1)
	if err != nil {
		return 0, fmt.Errorf("read custody log: %w", err)
	}
	return s.next()
}

// First is the sequence number of the first record that is kept: 0 unless retention removed records.
func (r *Reader) First() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.spans) == 0 {
		return 0
	}
	return r.spans[0].first
}

// Leaf reads the leaf of a record. It returns ErrNotFound (wrapped) where there is none.
func (r *Reader) Leaf(seq uint64) ([]byte, error) {
	s, err := r.read(seq, false)
	if err != nil {
		return nil, err
	}
	return s.Leaf, nil
}

// Record reads a record with its sealed part. It returns ErrNotFound (wrapped) where there is none.
func (r *Reader) Record(seq uint64) (*Stored, error) { return r.read(seq, true) }

func (r *Reader) read(seq uint64, payload bool) (*Stored, error) {
	if r.limit != nil && seq >= r.limit() {
		return nil, fmt.Errorf("record %d: %w", seq, ErrNotFound)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for fresh := false; ; fresh = true {
		s, err := r.at(seq)
		if err == nil && s.stale() {
			err = errNoRecord
		}
		if err == nil {
			var rec *Stored
			if rec, err = s.entry(seq, payload); err == nil {
				return rec, nil
			}
		}
		switch {
		case !fresh && (errors.Is(err, errNoRecord) || errors.Is(err, os.ErrNotExist)):
			if err := r.refresh(); err != nil { // a segment began, or was sealed
				return nil, fmt.Errorf("read custody log: %w", err)
			}
		case errors.Is(err, errNoRecord):
			return nil, fmt.Errorf("record %d: %w", seq, ErrNotFound)
		default:
			return nil, fmt.Errorf("read record %d: %w", seq, err)
		}
	}
}

// Range calls fn for the records [from, to) in order, with their sealed parts; those that are not there are left out at both
// ends. What fn gets is valid until it returns; its error ends the walk and is returned. fn may use the Reader.
func (r *Reader) Range(from, to uint64, fn func(*Stored) error) error {
	return r.walk(from, to, true, fn)
}

// Leaves is Range without the sealed parts, which is cheaper.
func (r *Reader) Leaves(from, to uint64, fn func(*Stored) error) error {
	return r.walk(from, to, false, fn)
}

func (r *Reader) walk(from, to uint64, payload bool, fn func(*Stored) error) error {
	if r.limit != nil {
		to = min(to, r.limit())
	}
	r.mu.Lock()
	var err error
	if len(r.spans) == 0 || to > r.spans[len(r.spans)-1].first { // what is full does not change
		err = r.refresh()
	}
	first := uint64(0)
	if len(r.spans) > 0 {
		first = r.spans[0].first
	}
	r.mu.Unlock()
	if err != nil {
		return fmt.Errorf("read custody log: %w", err)
	}
	for from = max(from, first); from < to; {
		next, err := r.walkOne(from, to, payload, fn)
		if err != nil {
			return err
		}
		if next == from {
			return nil
		}
		from = next
	}
	return nil
}

// walkOne walks through one segment with a source of its own, so that nothing is locked while fn runs.
func (r *Reader) walkOne(from, to uint64, payload bool, fn func(*Stored) error) (next uint64, err error) {
	next = from
	visit := func(s *Stored) error {
		if err := fn(s); err != nil {
			return &visitError{err}
		}
		next = s.Seq + 1
		return nil
	}
	for fresh := false; ; fresh = true {
		s, err := r.private(from)
		if err == nil {
			err = s.scan(next, to, payload, visit)
			s.close()
		}
		var own *visitError
		switch {
		case errors.As(err, &own):
			return next, own.err
		case err == nil:
			return next, nil
		case !fresh && (errors.Is(err, errNoRecord) || errors.Is(err, os.ErrNotExist)):
			r.mu.Lock()
			err = r.refresh()
			r.mu.Unlock()
			if err != nil {
				return next, fmt.Errorf("read custody log: %w", err)
			}
		case errors.Is(err, errNoRecord):
			return next, nil
		default:
			return next, fmt.Errorf("read record %d: %w", next, err)
		}
	}
}

// visitError is an error of the caller's own function.
type visitError struct{ err error }

func (e *visitError) Error() string { return e.err.Error() }

// private opens a source for one walk.
func (r *Reader) private(seq uint64) (source, error) {
	r.mu.Lock()
	i := r.find(seq)
	if i < 0 {
		r.mu.Unlock()
		return nil, errNoRecord
	}
	at := r.spans[i]
	r.mu.Unlock()
	return r.openSource(at)
}

// at is the source that holds seq, if any does.
func (r *Reader) at(seq uint64) (source, error) {
	i := r.find(seq)
	if i < 0 {
		return nil, errNoRecord
	}
	return r.source(i)
}

// find is the index of the span that seq falls into, -1 for none.
func (r *Reader) find(seq uint64) int {
	i, found := slices.BinarySearchFunc(r.spans, seq, func(s span, seq uint64) int { return cmp64(s.first, seq) })
	for found && i+1 < len(r.spans) && r.spans[i+1].first == seq { // an empty segment
		i++
	}
	if !found {
		i--
	}
	return i
}

// source opens the i-th segment, or gives the one that is open.
func (r *Reader) source(i int) (source, error) {
	at := r.spans[i]
	if s, is := r.open[at.number]; is {
		if k := slices.Index(r.recent, at.number); k >= 0 {
			r.recent = append(slices.Delete(r.recent, k, k+1), at.number)
		}
		return s, nil
	}
	s, err := r.openSource(at)
	if err != nil {
		return nil, err
	}
	if len(r.recent) >= maxOpenSources {
		r.forget(r.recent[0])
	}
	r.open[at.number] = s
	r.recent = append(r.recent, at.number)
	return s, nil
}

func (r *Reader) forget(number uint64) {
	if s, is := r.open[number]; is {
		s.close()
		delete(r.open, number)
	}
	r.recent = slices.DeleteFunc(r.recent, func(n uint64) bool { return n == number })
}

// refresh lists the segments anew and lets go of those that changed.
func (r *Reader) refresh() error {
	spans, err := listSpans(r.dir, r.spans)
	if err != nil {
		return err
	}
	was := map[uint64]span{}
	for _, s := range r.spans {
		was[s.number] = s
	}
	r.spans = spans
	for _, s := range spans {
		if o, is := r.open[s.number]; is && (was[s.number] != s || o.stale()) {
			r.forget(s.number)
		}
	}
	return nil
}

// listSpans lists the segments. Sealed ones that are known already are not read again.
func listSpans(dir string, known []span) ([]span, error) {
	all, err := listAll(dir)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, err
	}
	sealed := map[uint64]span{}
	for _, s := range known {
		if s.sealed {
			sealed[s.number] = s
		}
	}
	numbers := all.numbers()
	out := make([]span, 0, len(numbers))
	for _, n := range numbers {
		s, is := sealed[n]
		if !is {
			if s, err = readSpan(dir, n); errors.Is(err, os.ErrNotExist) && len(out) == 0 {
				continue // removed by retention just now
			} else if err != nil {
				return nil, err
			}
		}
		if last := len(out) - 1; last >= 0 && out[last].number == n-1 && !out[last].sealed {
			out[last].walEnd = int64(s.prevEnd)
		}
		out = append(out, s)
	}
	return out, nil
}

func readSpan(dir string, number uint64) (span, error) {
	s, err := openSegmentOf(dir, number)
	if err != nil {
		return span{}, err
	}
	defer s.close()
	return span{number: number, first: s.h.first, prevEnd: s.h.prevEnd, createdNS: s.h.createdNS, sealed: s.leaves != nil}, nil
}

// openSource opens a segment in the form that it has.
func (r *Reader) openSource(at span) (source, error) {
	if at.sealed {
		return openSealed(r.dir, at.number)
	}
	return openWAL(r.dir, at)
}
