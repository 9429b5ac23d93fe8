package tlog

import (
	"crypto/sha256"
	"math/bits"
)

// HashSize is the size of all hashes of a tree: SHA-256.
const HashSize = sha256.Size

// Hash is a SHA-256 hash.
type Hash = [HashSize]byte

// LeafHash is the hash of a leaf: SHA-256(0x00 ‖ leaf) (RFC 6962 §2.1).
func LeafHash(leaf []byte) Hash {
	h, _ := LeafHashIn(nil, leaf)
	return h
}

// LeafHashIn is LeafHash with a buffer of the caller's, which spares an allocation; the buffer to use next is returned.
func LeafHashIn(scratch, leaf []byte) (Hash, []byte) {
	scratch = append(append(scratch[:0], 0), leaf...)
	return sha256.Sum256(scratch), scratch
}

// NodeHash is the hash of an inner node: SHA-256(0x01 ‖ left ‖ right) (RFC 6962 §2.1).
func NodeHash(left, right *Hash) Hash {
	var b [1 + 2*HashSize]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+HashSize:], right[:])
	return sha256.Sum256(b[:])
}

// EmptyRoot is the root of a tree without leaves: SHA-256 of nothing.
func EmptyRoot() Hash { return sha256.Sum256(nil) }

// Range is the compact range [0, Size) of a tree: the roots of its perfect subtrees, the largest first, one for each set
// bit of Size. The zero value is the empty tree. It allocates nothing per leaf.
type Range struct {
	Size  uint64
	Nodes []Hash
}

// Add appends the hash of a leaf.
func (r *Range) Add(leaf Hash) {
	for s := r.Size; s&1 == 1; s >>= 1 { // each trailing one bit is a subtree as large as what we hold
		last := len(r.Nodes) - 1
		leaf = NodeHash(&r.Nodes[last], &leaf)
		r.Nodes = r.Nodes[:last]
	}
	r.Nodes = append(r.Nodes, leaf)
	r.Size++
}

// Root is the root over all leaves.
func (r *Range) Root() Hash { return foldRight(r.Nodes) }

// Valid reports whether the number of nodes fits the size.
func (r *Range) Valid() bool { return len(r.Nodes) == bits.OnesCount64(r.Size) }

// Clone is a copy that shares nothing.
func (r *Range) Clone() Range {
	return Range{Size: r.Size, Nodes: append(make([]Hash, 0, 64), r.Nodes...)}
}

// foldRight is the root over subtrees that stand side by side, the largest first.
func foldRight(nodes []Hash) Hash {
	if len(nodes) == 0 {
		return EmptyRoot()
	}
	h := nodes[len(nodes)-1]
	for i := len(nodes) - 2; i >= 0; i-- {
		h = NodeHash(&nodes[i], &h)
	}
	return h
}

// perfect is the root over a power of two of hashes. It overwrites them.
func perfect(hashes []Hash) Hash {
	for n := len(hashes); n > 1; n /= 2 {
		for i := range n / 2 {
			hashes[i] = NodeHash(&hashes[2*i], &hashes[2*i+1])
		}
	}
	return hashes[0]
}
