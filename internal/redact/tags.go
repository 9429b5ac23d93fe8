package redact

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

// tagSize is the size of a tag: HMAC-SHA-256 cut to 128 bits.
const tagSize = 16

type tag [tagSize]byte

// maxTags is how many tags are held in memory before they go to a file.
const maxTags = 1 << 20

// Surrogates is a set of texts that reeve wrote in the place of values. It holds keyed digests only: with the key one can
// ask whether a text is in it, and without the key nothing. It is safe for concurrent use. Memory stays under 64 MiB;
// what is more goes to an unnamed file.
type Surrogates struct {
	key []byte
	id  [4]byte
	dir string // for the unnamed files
	sum []byte // of a sidecar that was opened

	mu     sync.Mutex
	recent map[tag]struct{}
	runs   []run
}

// run is a sorted list of tags in a file.
type run struct {
	from io.ReaderAt
	at   int64
	n    int
	file *os.File // to be closed, or nil
}

// NewSurrogates makes an empty set. dir takes the unnamed files.
func NewSurrogates(k Key, dir string) (*Surrogates, error) {
	if !k.Set() {
		return nil, ErrNoKey
	}
	return &Surrogates{key: k.derive("tag", KeySize), id: k.id(), dir: dir, recent: map[tag]struct{}{}}, nil
}

func (s *Surrogates) tagOf(text []byte) (t tag) {
	mac := hmac.New(sha256.New, s.key)
	mac.Write(text)
	copy(t[:], mac.Sum(nil))
	return t
}

// Add puts a text into the set.
func (s *Surrogates) Add(text []byte) error {
	t := s.tagOf(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recent[t] = struct{}{}
	if len(s.recent) < maxTags {
		return nil
	}
	return s.spill()
}

// Has reports whether a text is in the set. A nil set has none.
func (s *Surrogates) Has(text []byte) (bool, error) {
	if s == nil {
		return false, nil
	}
	t := s.tagOf(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.recent[t]; ok {
		return true, nil
	}
	for i := range s.runs {
		if ok, err := s.runs[i].has(t); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// has looks a tag up by halves.
func (r *run) has(t tag) (bool, error) {
	low, high := 0, r.n
	for low < high {
		mid := (low + high) / 2
		got, err := r.tag(mid)
		if err != nil {
			return false, err
		}
		switch c := bytes.Compare(got[:], t[:]); {
		case c == 0:
			return true, nil
		case c < 0:
			low = mid + 1
		default:
			high = mid
		}
	}
	return false, nil
}

func (r *run) tag(i int) (t tag, err error) {
	if _, err := r.from.ReadAt(t[:], r.at+int64(i)*tagSize); err != nil {
		return t, fmt.Errorf("read surrogates: %w", err)
	}
	return t, nil
}

// sorted are the tags in memory, in order.
func (s *Surrogates) sorted() []byte {
	list := make([]tag, 0, len(s.recent))
	for t := range s.recent {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b tag) int { return bytes.Compare(a[:], b[:]) })
	out := make([]byte, 0, len(list)*tagSize)
	for _, t := range list {
		out = append(out, t[:]...)
	}
	return out
}

// spill moves the tags in memory to an unnamed file.
func (s *Surrogates) spill() error {
	f, err := os.CreateTemp(s.dir, ".reeve-tags-*")
	if err != nil {
		return fmt.Errorf("keep surrogates: %w", err)
	}
	_ = os.Remove(f.Name()) // the file stays as long as it is open; a system that cannot do that shows a list of digests
	text := s.sorted()
	if _, err := f.Write(text); err != nil {
		return fmt.Errorf("keep surrogates: %w", err)
	}
	s.runs = append(s.runs, run{from: f, n: len(text) / tagSize, file: f})
	clear(s.recent)
	return nil
}

// Len is how many tags there are at most; a text that was added before and after a spill counts twice.
func (s *Surrogates) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.recent)
	for i := range s.runs {
		n += s.runs[i].n
	}
	return n
}

// Close frees the unnamed files.
func (s *Surrogates) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var first error
	for _, r := range s.runs {
		if r.file != nil {
			if err := r.file.Close(); err != nil && first == nil {
				first = err
			}
		}
	}
	s.runs = nil
	return first
}
