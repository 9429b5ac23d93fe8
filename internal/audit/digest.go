package audit

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
)

// digest is a hash under the secret of a cache.
type digest [16]byte

// hasher hashes with GHASH (NIST SP 800-38D section 6.4) under a key that was drawn at random for one cache and is kept
// in it: a universal hash, so two given texts have the same digest with a probability below 2^-100, and it runs at memory
// speed where SHA-256 or BLAKE3 would cost more than the scan they save. It is no signature: who can read the cache can
// make texts of equal digest, and who can write it can put anything there. A hasher is not safe for concurrent use.
type hasher struct {
	gcm   cipher.AEAD
	nonce [12]byte
	out   []byte
}

func newHasher(key [16]byte) (*hasher, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("key the cache's hash: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("key the cache's hash: %w", err)
	}
	return &hasher{gcm: gcm, out: make([]byte, 0, 16)}, nil
}

func (h *hasher) sum(b []byte) (d digest) {
	h.out = h.gcm.Seal(h.out[:0], h.nonce[:], nil, b)
	copy(d[:], h.out)
	return d
}

// line is a digest of a line, shorter because there are many of them.
func (h *hasher) line(b []byte) uint64 {
	d := h.sum(b)
	return uint64(d[0]) | uint64(d[1])<<8 | uint64(d[2])<<16 | uint64(d[3])<<24 |
		uint64(d[4])<<32 | uint64(d[5])<<40 | uint64(d[6])<<48 | uint64(d[7])<<56
}
