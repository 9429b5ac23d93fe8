package attest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// File is one file of a data set with the digest of its bytes.
type File struct {
	Path   string `json:"path"`   // below the data set's folder, with slashes
	SHA256 string `json:"sha256"` // lower-case hex
	Size   int64  `json:"size"`   // bytes
}

// Tree is what a set of files comes to. Both digests are over the same lines, one a file in the order of the paths'
// bytes: the SHA-256 in hex, two spaces, the path, a line feed, which is what sha256sum prints.
type Tree struct {
	Root  string `json:"root"`    // hex; RFC 6962 § 2.1 Merkle tree hash, one leaf a line
	Hash  string `json:"dirHash"` // "h1:…", the directory hash of golang.org/x/mod/sumdb/dirhash, known to in-toto as dirHash
	Files int    `json:"files"`
	Bytes int64  `json:"bytes"`
}

// NewTree sums up files in any order. It refuses paths that stand twice or hold a line feed, and digests that are none.
func NewTree(files []File) (Tree, error) {
	sorted := slices.Clone(files)
	slices.SortFunc(sorted, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	t := Tree{Files: len(sorted)}
	whole := sha256.New()
	leaves := make([][32]byte, 0, len(sorted))
	for i, f := range sorted {
		switch {
		case i > 0 && sorted[i-1].Path == f.Path:
			return Tree{}, errors.New("a path stands twice among the files")
		case f.Path == "" || strings.Contains(f.Path, "\n"):
			return Tree{}, errors.New("a path is empty or holds a line feed")
		case !isSHA256(f.SHA256) || f.Size < 0:
			return Tree{}, fmt.Errorf("the digest or size of file %d is malformed", i+1)
		}
		line := []byte(f.SHA256 + "  " + f.Path + "\n")
		whole.Write(line)
		leaves = append(leaves, sha256.Sum256(append([]byte{0}, line...)))
		t.Bytes += f.Size
	}
	root := merkle(leaves)
	t.Root, t.Hash = hex.EncodeToString(root[:]), "h1:"+base64.StdEncoding.EncodeToString(whole.Sum(nil))
	return t, nil
}

// merkle is the Merkle tree hash of RFC 6962 § 2.1 over leaf hashes.
func merkle(leaves [][32]byte) [32]byte {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	}
	k := 1 << (bits.Len(uint(len(leaves)-1)) - 1) // the largest power of two below the number of leaves
	left, right := merkle(leaves[:k]), merkle(leaves[k:])
	return sha256.Sum256(slices.Concat([]byte{1}, left[:], right[:]))
}

// Digests are the tree's digests as a statement names them.
func (t Tree) Digests() map[string]string {
	return map[string]string{"dirHash": t.Hash, "rfc6962-sha256": t.Root}
}
