package custody

import (
	"crypto/rand"
	"crypto/sha256"
	"hash"
)

// Salt keys the commitments of one record: c = HMAC-SHA256(salt, bytes). It is kept sealed with the record,
// so that a commitment to a short text cannot be guessed once the subject's key is destroyed.
type Salt [32]byte

// NewSalt draws a Salt.
func NewSalt() Salt {
	var s Salt
	_, _ = rand.Read(s[:]) // never fails: crypto/rand ends the process instead
	return s
}

// IsZero reports whether the Salt is unset.
func (s *Salt) IsZero() bool { return *s == Salt{} }

// Tally starts a commitment over bytes that come one after another.
func (s *Salt) Tally() *Tally {
	t := &Tally{salt: *s, inner: sha256.New()}
	var pad [64]byte
	hmacPad(&pad, s, 0x36)
	t.inner.Write(pad[:])
	return t
}

// Tally is a running commitment: HMAC-SHA256 (RFC 2104) under the record's Salt, and the number of bytes.
// It is not safe for concurrent use.
type Tally struct {
	salt  Salt
	inner hash.Hash
	n     int64
}

// Write adds bytes. It never fails.
func (t *Tally) Write(p []byte) (int, error) {
	t.n += int64(len(p))
	return t.inner.Write(p)
}

// WriteString adds the bytes of a string. It never fails.
func (t *Tally) WriteString(s string) (int, error) { return t.Write([]byte(s)) }

// Len is the number of bytes so far.
func (t *Tally) Len() int64 { return t.n }

// sum is the commitment to the bytes so far.
func (t *Tally) sum() Hash {
	var inner Hash
	t.inner.Sum(inner[:0])
	return hmacOuter(&t.salt, &inner)
}

func hmacPad(pad *[64]byte, key *Salt, with byte) {
	for i := range pad {
		pad[i] = with
	}
	for i := range key {
		pad[i] ^= key[i]
	}
}
