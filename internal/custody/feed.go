package custody

import (
	"encoding/binary"
	"sync"
)

// maxFeed bounds the leaves that wait in memory for the integrator. Behind that it reads them from the disk.
const maxFeed = 48 << 20

// feed carries leaves from the committer to the integrator.
type feed struct {
	mu     sync.Mutex
	leaves batch
	spare  batch
}

// batch are leaves in a row.
type batch struct {
	from    uint64 // sequence number of the first
	entries []byte // as in an entry bundle: two bytes length, then the leaf
	hashes  []Hash
}

func (b *batch) reset(from uint64) { b.from, b.entries, b.hashes = from, b.entries[:0], b.hashes[:0] }

// add takes a leaf over. It copies it. Where too much waits, all of it is dropped: the integrator finds it on the disk.
func (f *feed) add(drain []*entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := &f.leaves
	for _, e := range drain {
		leaf := e.body[frameHead:][:binary.BigEndian.Uint16(e.body[6:])]
		if next := b.from + uint64(len(b.hashes)); next != e.seq || len(b.entries)+len(leaf) > maxFeed {
			b.reset(e.seq)
		}
		b.entries = append(binary.BigEndian.AppendUint16(b.entries, uint16(len(leaf))), leaf...)
		b.hashes = append(b.hashes, e.leaf)
	}
}

// take gives the leaves that wait. They are valid until the next take.
func (f *feed) take() *batch {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leaves, f.spare = f.spare, f.leaves
	f.leaves.reset(f.spare.from + uint64(len(f.spare.hashes)))
	return &f.spare
}

// each calls fn for the leaves from seq on.
func (b *batch) each(seq uint64, fn func(leaf []byte, h Hash) error) error {
	rest := b.entries
	for i, h := range b.hashes {
		n := 2 + int(binary.BigEndian.Uint16(rest))
		leaf := rest[2:n]
		rest = rest[n:]
		if b.from+uint64(i) < seq {
			continue
		}
		if err := fn(leaf, h); err != nil {
			return err
		}
	}
	return nil
}
