package tlog

import (
	"errors"
	"math/bits"
)

// ErrProof says that a proof does not prove what it should.
var ErrProof = errors.New("proof does not fit the root")

var errProofSize = errors.New("no such leaf or size in the tree")

// MaxProof is the largest number of hashes that a proof can have: one for each level of a tree of 2^63 leaves.
const MaxProof = 63

// span is the subtree over the leaves [from, to); to - from is at most the power of two at which the tree was split.
type span struct{ from, to uint64 }

// split is the largest power of two below n, n ≥ 2.
func split(n uint64) uint64 { return 1 << (bits.Len64(n-1) - 1) }

// hash is the root over a span.
func (s span) hash(n Nodes) (Hash, error) {
	var nodes []Hash
	for at := s.from; at < s.to; {
		level := uint(bits.Len64(s.to-at) - 1) // the first leaf of a span is a multiple of every power of two that fits in it
		h, err := n.Node(level, at>>level)
		if err != nil {
			return Hash{}, err
		}
		nodes = append(nodes, h)
		at += 1 << level
	}
	return foldRight(nodes), nil
}

// RootAt is the root of the tree at a smaller or equal size.
func RootAt(n Nodes, size uint64) (Hash, error) { return span{0, size}.hash(n) }

// Inclusion proves that a leaf stands in a tree: the hashes from the leaf's sibling upwards (RFC 6962 §2.1.1).
func Inclusion(n Nodes, index, size uint64) ([]Hash, error) {
	if index >= size {
		return nil, errProofSize
	}
	var down []span
	for s := (span{0, size}); s.to-s.from > 1; {
		k := s.from + split(s.to-s.from)
		if index < k {
			down = append(down, span{k, s.to})
			s.to = k
		} else {
			down = append(down, span{s.from, k})
			s.from = k
		}
	}
	return hashes(n, down)
}

// Consistency proves that the tree of size is the tree of old with leaves appended (RFC 6962 §2.1.2). It is empty where old is 0 or size.
func Consistency(n Nodes, old, size uint64) ([]Hash, error) {
	if old > size {
		return nil, errProofSize
	}
	if old == 0 || old == size {
		return nil, nil
	}
	var down []span
	whole := true // the old tree is a whole subtree of the new one: the verifier knows its root
	s := span{0, size}
	for old != s.to {
		k := s.from + split(s.to-s.from)
		if old <= k {
			down = append(down, span{k, s.to})
			s.to = k
		} else {
			down = append(down, span{s.from, k})
			s.from, whole = k, false
		}
	}
	if !whole {
		down = append(down, s)
	}
	return hashes(n, down)
}

// hashes are the roots over spans, the last one first.
func hashes(n Nodes, spans []span) ([]Hash, error) {
	out := make([]Hash, len(spans))
	for i, s := range spans {
		h, err := s.hash(n)
		if err != nil {
			return nil, err
		}
		out[len(spans)-1-i] = h
	}
	return out, nil
}

// VerifyInclusion checks that a leaf with this hash stands at index of the tree with this size and root (RFC 9162 §2.1.3.2).
func VerifyInclusion(leaf Hash, index, size uint64, proof []Hash, root Hash) error {
	if index >= size {
		return errProofSize
	}
	h, at, last := leaf, index, size-1
	for i := range proof {
		if last == 0 {
			return ErrProof
		}
		if at&1 == 1 || at == last {
			h = NodeHash(&proof[i], &h)
			for at&1 == 0 && at != 0 {
				at, last = at>>1, last>>1
			}
		} else {
			h = NodeHash(&h, &proof[i])
		}
		at, last = at>>1, last>>1
	}
	if last != 0 || h != root {
		return ErrProof
	}
	return nil
}

// VerifyConsistency checks that the tree with size and root is the tree with old and oldRoot with leaves appended (RFC 9162
// §2.1.4.2). From the empty tree, whose root must be EmptyRoot, every tree follows with an empty proof.
func VerifyConsistency(old, size uint64, proof []Hash, oldRoot, root Hash) error {
	switch {
	case old > size:
		return errProofSize
	case old == 0:
		if len(proof) != 0 || oldRoot != EmptyRoot() || size == 0 && root != oldRoot {
			return ErrProof
		}
		return nil
	case old == size:
		if len(proof) != 0 || oldRoot != root {
			return ErrProof
		}
		return nil
	}
	at, last := old-1, size-1
	for at&1 == 1 {
		at, last = at>>1, last>>1
	}
	a := oldRoot
	if at != 0 { // else the old tree is a perfect one: its root begins
		if len(proof) == 0 {
			return ErrProof
		}
		a, proof = proof[0], proof[1:]
	}
	b := a
	for i := range proof {
		if last == 0 {
			return ErrProof
		}
		if at&1 == 1 || at == last {
			a, b = NodeHash(&proof[i], &a), NodeHash(&proof[i], &b)
			for at&1 == 0 && at != 0 {
				at, last = at>>1, last>>1
			}
		} else {
			b = NodeHash(&b, &proof[i])
		}
		at, last = at>>1, last>>1
	}
	if last != 0 || a != oldRoot || b != root {
		return ErrProof
	}
	return nil
}
