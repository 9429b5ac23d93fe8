package custody

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/reeve-ai/reeve/internal/keyring"
)

// gonePart is a sealed part that is missing. A later leaf must say why: an erasure of its key or a retention of its number.
type gonePart struct {
	seq uint64
	kek keyring.KEKID
}

// sealedSegment reads a sealed segment: every byte of both files must be good, and it must end as its head and next say.
func (a *audit) sealedSegment(s, next *segmentFile) error {
	name := s.name()
	parts, err := openPayFile(a.dir, s.h.number)
	switch {
	case errors.Is(err, errNotSealed) || errors.Is(err, os.ErrNotExist):
		a.flag(payName(s.h.number), 0, "the payloads are missing or their head is damaged")
		return nil
	case err != nil:
		return err
	}
	defer parts.close()
	h := s.leaves.h
	if parts.h.first != h.first || uint64(len(parts.h.lengths)) != h.count {
		a.flag(payName(s.h.number), 0, "the payloads are those of another segment")
		return nil
	}
	a.compareRoot(0)
	w := partWalk{parts: parts, a: a}
	for seq := h.first; seq < h.first+h.count && a.bad == nil; seq++ {
		if err := a.sealedRecord(s.leaves, &w, seq, name); err != nil {
			return err
		}
	}
	if a.bad != nil {
		a.named(name)
		return nil
	}
	a.sealedEnd(s, next, parts, &w)
	return nil
}

// sealedRecord checks one record of a sealed segment.
func (a *audit) sealedRecord(l *leafFile, w *partWalk, seq uint64, name string) error {
	leaf, err := l.leaf(seq)
	if err != nil && isRead(err) {
		return err
	}
	if err != nil {
		a.flag(name, l.h.blocks[seq/bundleSize-l.h.first/bundleSize].at, "%v", err)
		return nil
	}
	part, at, err := w.next()
	if err != nil && isRead(err) {
		return err
	}
	if err == nil {
		if err = a.st.stepSealed(seq, leaf, part, w); errors.As(err, new(*partError)) {
			err = a.again(seq, leaf, w, err)
		}
	}
	if err != nil {
		file, offset := name, int64(0)
		if errors.As(err, new(*partError)) || errors.Is(err, errShort) {
			file, offset = payName(l.h.number), at
		}
		a.flag(file, offset, "%v", err)
		return nil
	}
	a.seen += int64(len(leaf) + len(part))
	a.compareRoot(0)
	return nil
}

// again looks at a part once more: it may be overwritten just now. What is gone and not overwritten yet is given some time.
func (a *audit) again(seq uint64, leaf []byte, w *partWalk, err error) error {
	for try := range dropTries {
		if try > 0 {
			if !errors.Is(err, errRemains) {
				return err
			}
			time.Sleep(dropWait)
		}
		part := make([]byte, w.parts.h.lengths[seq-w.parts.h.first])
		if _, err := w.parts.f.ReadAt(part, w.parts.h.starts[seq-w.parts.h.first]); err != nil {
			return err
		}
		if err = a.st.stepSealed(seq, leaf, part, w); err == nil {
			return nil
		}
	}
	return err
}

// errRemains says that a part was begun to be dropped.
var errRemains = &partError{"the payload is gone and not all of it is overwritten"}

const (
	dropTries = 20
	dropWait  = 50 * time.Millisecond
)

// sealedEnd checks what the head and the next header say about the end of the segment.
func (a *audit) sealedEnd(s, next *segmentFile, parts *payFile, w *partWalk) {
	h := s.leaves.h
	switch {
	case a.st.chain != h.chain:
		a.flag(s.name(), 0, "the segment does not end as its head says")
	case s.leaves.size != h.end():
		a.flag(s.name(), h.end(), "there is something behind the end of the leaves, or they are cut off")
	case parts.size != parts.h.end():
		a.flag(payName(h.number), parts.h.end(), "there is something behind the end of the payloads, or they are cut off")
	case !w.atEnd():
		a.flag(payName(h.number), 0, "there is something behind the last payload")
	case next != nil && next.h.prevEnd != h.walEnd:
		a.flag(s.name(), 0, "the segment ends elsewhere than the next one says")
	}
}

// partError is something wrong in the payload file.
type partError struct{ text string }

func (e *partError) Error() string { return e.text }

// partWalk reads the parts of a payload file in order, and checks that nothing else is in it.
type partWalk struct {
	parts *payFile
	a     *audit
	i     int
	r     *reader // its window is what is used
}

// next returns the next part as it lies there, nil for none, and its offset.
func (w *partWalk) next() ([]byte, int64, error) {
	h := w.parts.h
	if w.r == nil {
		w.r = newReader(w.parts.f, w.parts.size, h.size)
	}
	i := w.i
	w.i++
	n := int(h.lengths[i])
	at := h.starts[i]
	if n == 0 {
		return nil, at, nil
	}
	gap := int(at - w.r.offset())
	b, err := w.r.need(gap + n)
	if err != nil {
		return nil, at, err
	}
	if len(b) < gap+n {
		return nil, at, errShort
	}
	if !isZero(b[:gap]) {
		return nil, at - int64(gap), &partError{"there is something between two payloads"}
	}
	w.r.pos += gap + n
	return b[gap : gap+n], at, nil
}

// atEnd reports whether nothing but zeros is left in the file.
func (w *partWalk) atEnd() bool {
	if w.r == nil {
		return w.parts.size == w.parts.h.size
	}
	b, err := w.r.need(blockSize)
	return err == nil && isZero(b)
}

// stepSealed is step for a record of a sealed segment. part is what lies in its place among the payloads.
func (s *state) stepSealed(seq uint64, leaf, part []byte, w *partWalk) error {
	info, err := parseLeaf(leaf)
	if err != nil {
		return err
	}
	f := frame{kind: kindOf(string(info.kind)), seq: seq, leaf: leaf, sealed: part}
	if f.kind == 0 {
		return errors.New("leaf has an unknown kind")
	}
	if f.id, err = ParseID(string(info.ulid)); err != nil {
		return err
	}
	if seq != s.next() {
		return fmt.Errorf("sequence number is %d", seq)
	}
	digest := info.sealed
	gone := false
	var sum Hash
	if len(part) > 0 {
		f.sealing = sealingV1
		if gone = isGone(part); gone && !isZero(part) {
			return errRemains
		}
		sum = sha256.Sum256(part)
	}
	if gone {
		f.sealing, info.sealed = 0, nil
	}
	if err := checkInfo(&f, &info, &sum); err != nil {
		return err
	}
	if gone && digest == nil {
		return &partError{"there is a payload that no leaf knows"}
	}
	if gone {
		w.a.gone = append(w.a.gone, gonePart{seq, kekOf(&info)})
	}
	s.advance(&f, &info)
	w.a.why.note(f.kind, seq, leaf)
	return nil
}
