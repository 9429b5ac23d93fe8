package custody

import (
	"crypto/sha256"
	"math/bits"
)

// hashSize is the size of all hashes in the log: SHA-256.
const hashSize = sha256.Size

// Hash is a SHA-256 hash.
type Hash = [hashSize]byte

// leafHash is the RFC 6962 §2.1 hash of a leaf: SHA-256(0x00 ‖ leaf). scratch spares an allocation; the used one is returned.
func leafHash(scratch, leaf []byte) (Hash, []byte) {
	scratch = append(scratch[:0], 0)
	scratch = append(scratch, leaf...)
	return sha256.Sum256(scratch), scratch
}

// leafHashIn is the leaf hash of b[1:]. It puts the 0x00 in front of the leaf for a moment, which spares copying the leaf.
func leafHashIn(b []byte) Hash {
	before := b[0]
	b[0] = 0
	h := sha256.Sum256(b)
	b[0] = before
	return h
}

// nodeHash is the RFC 6962 §2.1 hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
func nodeHash(left, right *Hash) Hash {
	var b [1 + 2*hashSize]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+hashSize:], right[:])
	return sha256.Sum256(b[:])
}

// tree is the compact range [0, size) of the RFC 6962 tree: the roots of its perfect subtrees, the largest first.
// It gives the same values as transparency-dev/merkle (a test holds them side by side) and allocates nothing per leaf.
type tree struct {
	size  uint64
	nodes []Hash // one per set bit of size
}

// add appends a leaf.
func (t *tree) add(leaf Hash) {
	for s := t.size; s&1 == 1; s >>= 1 { // each trailing one bit is a subtree as large as what we hold
		last := len(t.nodes) - 1
		leaf = nodeHash(&t.nodes[last], &leaf)
		t.nodes = t.nodes[:last]
	}
	t.nodes = append(t.nodes, leaf)
	t.size++
}

// root is the root of the tree over all leaves.
func (t *tree) root() Hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	r := t.nodes[len(t.nodes)-1]
	for i := len(t.nodes) - 2; i >= 0; i-- {
		r = nodeHash(&t.nodes[i], &r)
	}
	return r
}

// valid reports whether the number of nodes fits the size.
func (t *tree) valid() bool { return len(t.nodes) == bits.OnesCount64(t.size) }

// clone copies the tree.
func (t *tree) clone() tree {
	return tree{size: t.size, nodes: append(make([]Hash, 0, 64), t.nodes...)}
}

// chainNext is the hash chain over the leaves: SHA-256(previous ‖ leaf hash).
func chainNext(prev, leaf *Hash) Hash {
	var b [2 * hashSize]byte
	copy(b[:], prev[:])
	copy(b[hashSize:], leaf[:])
	return sha256.Sum256(b[:])
}

// chainStart is the chain before the first record of a log.
func chainStart(origin string) Hash {
	return sha256.Sum256([]byte("reeve.custody/1\n" + origin + "\n"))
}
