package tlog

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"time"

	"filippo.io/mldsa"
)

// SeedSize is the length of the seed of a signing key, of Ed25519 and of ML-DSA-44 alike.
const SeedSize = 32

// Signer signs checkpoints. It is safe for concurrent use.
type Signer struct {
	key   *Key
	ed    ed25519.PrivateKey
	mldsa *mldsa.PrivateKey
}

// NewSigner makes the signer of that name from a seed of SeedSize bytes.
func NewSigner(name string, a Algorithm, seed []byte) (*Signer, error) {
	if len(seed) != SeedSize {
		return nil, fmt.Errorf("seed of %q has the wrong length", name)
	}
	s := &Signer{}
	var public []byte
	if a == MLDSA44 {
		var err error
		if s.mldsa, err = mldsa.NewPrivateKey(mldsa.MLDSA44(), seed); err != nil {
			return nil, fmt.Errorf("key of %q: %w", name, err)
		}
		public = s.mldsa.PublicKey().Bytes()
	} else {
		s.ed = ed25519.NewKeyFromSeed(seed)
		public = s.ed.Public().(ed25519.PublicKey)
	}
	var err error
	s.key, err = NewKey(name, a, public)
	return s, err
}

// Key is the verifier key.
func (s *Signer) Key() *Key { return s.key }

// Sign signs a checkpoint. The time counts in whole seconds and only where the algorithm has one.
func (s *Signer) Sign(c *Checkpoint, now time.Time) (Signature, error) {
	sig := Signature{Name: s.key.Name, ID: s.key.ID}
	t := uint64(max(now.Unix(), 1)) // a time of 0 would say that there is none
	switch s.key.Algorithm {
	case Ed25519:
		sig.Data = ed25519.Sign(s.ed, []byte(c.Body()))
	case CosignatureV1:
		sig.Data = append(binary.BigEndian.AppendUint64(nil, t), ed25519.Sign(s.ed, cosigned(c, t))...)
	case MLDSA44:
		msg, err := subtreeMessage(s.key.Name, c, t)
		if err != nil {
			return sig, err
		}
		signed, err := s.mldsa.SignDeterministic(msg, nil)
		if err != nil {
			return sig, fmt.Errorf("sign checkpoint: %w", err)
		}
		sig.Data = append(binary.BigEndian.AppendUint64(nil, t), signed...)
	}
	return sig, nil
}

// SignCheckpoint is a checkpoint with the signatures of all signers, in their order.
func SignCheckpoint(c *Checkpoint, now time.Time, signers ...*Signer) (*SignedCheckpoint, error) {
	if err := c.valid(); err != nil {
		return nil, err
	}
	out := &SignedCheckpoint{Checkpoint: *c, Note: Note{Text: c.Body()}}
	for _, s := range signers {
		sig, err := s.Sign(c, now)
		if err != nil {
			return nil, err
		}
		out.Sigs = append(out.Sigs, sig)
	}
	return out, nil
}
