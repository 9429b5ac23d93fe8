package keyring

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
)

// Derive returns 32 bytes for a purpose, such as "redact", always the same ones for one data directory (HKDF-SHA-256 over a
// secret of the ring that serves nothing else, RFC 5869). They are lost with the root key.
func (r *Ring) Derive(purpose string) ([]byte, error) {
	seed, err := r.secret("derive", 32)
	if err != nil {
		return nil, err
	}
	defer clear(seed)
	out, err := hkdf.Key(sha256.New, seed, nil, "reeve.derive/1 "+purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("derive key for %s: %w", purpose, err)
	}
	return out, nil
}
