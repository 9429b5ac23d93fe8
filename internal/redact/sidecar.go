package redact

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
)

// The sidecar OUT.surrogates is: this line, the id of the key (4 bytes), the number of tags (8 bytes, big-endian), the tags
// in order, and HMAC-SHA-256 over all of it under the key of the tags, so that nobody without the key can add a tag and
// hide a value behind it.
const sidecarMagic = "reeve-surrogates/1\n"

const sidecarHead = len(sidecarMagic) + 4 + 8

// ErrSidecar says that a sidecar is damaged or was made under another key.
var ErrSidecar = errors.New("the list of surrogates does not belong to this key, or is damaged")

// WriteTo writes the sidecar. The same set gives the same bytes.
func (s *Surrogates) WriteTo(w io.Writer) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.merge(func(tag) error { return nil })
	if err != nil {
		return 0, err
	}
	mac := hmac.New(sha256.New, s.key)
	out := &counter{w: bufio.NewWriterSize(w, 1<<16), mac: mac}
	head := append([]byte(sidecarMagic), s.id[:]...)
	out.write(binary.BigEndian.AppendUint64(head, uint64(n)))
	if _, err := s.merge(func(t tag) error { out.write(t[:]); return out.err }); err != nil {
		return out.n, err
	}
	out.write(mac.Sum(nil))
	if out.err == nil {
		out.err = out.w.Flush()
	}
	return out.n, out.err
}

type counter struct {
	w   *bufio.Writer
	mac hash.Hash
	n   int64
	err error
}

func (c *counter) write(b []byte) {
	if c.err != nil {
		return
	}
	c.mac.Write(b)
	n, err := c.w.Write(b)
	c.n, c.err = c.n+int64(n), err
}

// merge calls each for every tag once, in order, and returns how many there are.
func (s *Surrogates) merge(each func(tag) error) (int, error) {
	text := s.sorted()
	var heads []*head
	for _, r := range append(s.runs[:len(s.runs):len(s.runs)], run{from: bytes.NewReader(text), n: len(text) / tagSize}) {
		h := &head{r: bufio.NewReaderSize(io.NewSectionReader(r.from, r.at, int64(r.n)*tagSize), 1<<16), left: r.n}
		if err := h.next(); err != nil {
			return 0, err
		}
		heads = append(heads, h)
	}
	n := 0
	for {
		var least *head
		for _, h := range heads {
			if h.left >= 0 && (least == nil || bytes.Compare(h.tag[:], least.tag[:]) < 0) {
				least = h
			}
		}
		if least == nil {
			return n, nil
		}
		t := least.tag
		if err := each(t); err != nil {
			return n, err
		}
		n++
		for _, h := range heads {
			for h.left >= 0 && h.tag == t {
				if err := h.next(); err != nil {
					return n, err
				}
			}
		}
	}
}

// head is where the merge stands in a run; left is -1 behind its end.
type head struct {
	r    *bufio.Reader
	tag  tag
	left int
}

func (h *head) next() error {
	h.left--
	if h.left < 0 {
		return nil
	}
	if _, err := io.ReadFull(h.r, h.tag[:]); err != nil {
		return fmt.Errorf("read surrogates: %w", err)
	}
	return nil
}

// OpenSurrogates opens a sidecar and checks it whole. The file stays open until Close. It returns ErrSidecar (wrapped)
// where the file is not one of this key.
func OpenSurrogates(path string, k Key) (*Surrogates, error) {
	s, err := NewSurrogates(k, "")
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open surrogates: %w", err)
	}
	n, err := s.check(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open surrogates %s: %w", path, err), f.Close())
	}
	s.runs = []run{{from: f, at: int64(sidecarHead), n: n, file: f}}
	return s, nil
}

// ID names the list that was opened: two lists with one ID hold the same.
func (s *Surrogates) ID() string { return hex.EncodeToString(s.sum) }

// check reads a sidecar and returns how many tags it holds.
func (s *Surrogates) check(f io.Reader) (int, error) {
	mac := hmac.New(sha256.New, s.key)
	r := bufio.NewReaderSize(f, 1<<16)
	start := make([]byte, sidecarHead)
	if _, err := io.ReadFull(r, start); err != nil || !bytes.HasPrefix(start, []byte(sidecarMagic)) || !bytes.Equal(start[len(sidecarMagic):][:4], s.id[:]) {
		return 0, ErrSidecar
	}
	mac.Write(start)
	n := binary.BigEndian.Uint64(start[sidecarHead-8:])
	if n > 1<<40 {
		return 0, ErrSidecar
	}
	if _, err := io.CopyN(mac, r, int64(n)*tagSize); err != nil {
		return 0, ErrSidecar
	}
	sum := make([]byte, sha256.Size+1)
	if got, err := io.ReadFull(r, sum); !errors.Is(err, io.ErrUnexpectedEOF) || got != sha256.Size || !hmac.Equal(sum[:got], mac.Sum(nil)) {
		return 0, ErrSidecar
	}
	s.sum = sum[:sha256.Size]
	return int(n), nil
}
