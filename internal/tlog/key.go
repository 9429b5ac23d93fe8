package tlog

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"filippo.io/mldsa"
)

// Algorithm is the signature type of a key (C2SP signed-note, tlog-cosignature).
type Algorithm byte

const (
	// Ed25519 signs the text of a note.
	Ed25519 Algorithm = 0x01
	// CosignatureV1 is Ed25519 over a time and the text of a checkpoint.
	CosignatureV1 Algorithm = 0x04
	// MLDSA44 is ML-DSA-44 over names, time, range and hash of a subtree.
	MLDSA44 Algorithm = 0x06
)

// String names the algorithm.
func (a Algorithm) String() string {
	switch a {
	case Ed25519:
		return "Ed25519"
	case CosignatureV1:
		return "Ed25519 cosignature/v1"
	case MLDSA44:
		return "ML-DSA-44"
	}
	return fmt.Sprintf("algorithm 0x%02x", byte(a))
}

const (
	mldsaPublicSize = 1312
	mldsaSigSize    = 2420
	timeSize        = 8
)

// Key is a verifier key.
type Key struct {
	Name      string
	ID        uint32
	Algorithm Algorithm
	Public    []byte

	mldsa *mldsa.PublicKey // of MLDSA44
}

var errKey = errors.New("not a verifier key")

// NewKey makes a verifier key. It refuses names and public keys that no signature can have.
func NewKey(name string, a Algorithm, public []byte) (*Key, error) {
	k := &Key{Name: name, Algorithm: a, Public: public, ID: keyID(name, a, public)}
	if !validKeyName(name) {
		return nil, fmt.Errorf("%w: the name is empty, too long, or has spaces or plus signs", errKey)
	}
	switch a {
	case Ed25519, CosignatureV1:
		if len(public) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("%w: wrong length", errKey)
		}
	case MLDSA44:
		var err error
		if k.mldsa, err = mldsa.NewPublicKey(mldsa.MLDSA44(), public); err != nil || len(public) != mldsaPublicSize {
			return nil, fmt.Errorf("%w: wrong length", errKey)
		}
	default:
		return nil, fmt.Errorf("%w: %s is not supported", errKey, a)
	}
	return k, nil
}

// ParseKey reads a verifier key, name+id+base64(algorithm ‖ public key), as String writes it and in no other spelling.
func ParseKey(vkey string) (*Key, error) {
	name, rest, ok := strings.Cut(vkey, "+")
	id, encoded, ok2 := strings.Cut(rest, "+")
	if !ok || !ok2 || len(id) != 8 || len(vkey) > 4096 {
		return nil, errKey
	}
	raw, err := decodeBase64(encoded)
	if err != nil || len(raw) < 2 {
		return nil, errKey
	}
	k, err := NewKey(name, Algorithm(raw[0]), raw[1:])
	if err != nil {
		return nil, err
	}
	if k.String() != vkey {
		return nil, fmt.Errorf("%w: the id is not that of the key", errKey)
	}
	return k, nil
}

// String is the key as ParseKey reads it.
func (k *Key) String() string {
	raw := append([]byte{byte(k.Algorithm)}, k.Public...)
	return fmt.Sprintf("%s+%08x+%s", k.Name, k.ID, base64.StdEncoding.EncodeToString(raw))
}

// Equal reports whether two keys are the same.
func (k *Key) Equal(o *Key) bool { return k.String() == o.String() }

// keyID is the first four bytes of SHA-256(name ‖ newline ‖ algorithm ‖ public key).
func keyID(name string, a Algorithm, public []byte) uint32 {
	b := append([]byte(name), '\n', byte(a))
	sum := sha256.Sum256(append(b, public...))
	return binary.BigEndian.Uint32(sum[:])
}

// verify checks a signature over a checkpoint and returns its time in seconds, 0 for an algorithm that has none.
func (k *Key) verify(c *Checkpoint, data []byte) (uint64, bool) {
	switch k.Algorithm {
	case Ed25519:
		return 0, ed25519.Verify(k.Public, []byte(c.Body()), data)
	case CosignatureV1:
		if len(data) != timeSize+ed25519.SignatureSize {
			return 0, false
		}
		t := binary.BigEndian.Uint64(data)
		return t, ed25519.Verify(k.Public, cosigned(c, t), data[timeSize:])
	case MLDSA44:
		if len(data) != timeSize+mldsaSigSize {
			return 0, false
		}
		t := binary.BigEndian.Uint64(data)
		msg, err := subtreeMessage(k.Name, c, t)
		return t, err == nil && mldsa.Verify(k.mldsa, msg, data[timeSize:], nil) == nil
	}
	return 0, false
}

// cosigned is what a cosignature/v1 signs.
func cosigned(c *Checkpoint, t uint64) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", t, c.Body())
}

var errLongName = errors.New("name is longer than 255 bytes")

// subtreeMessage is what an ML-DSA-44 signature signs: the tree as the subtree [0, size). It leaves extension lines out.
func subtreeMessage(signer string, c *Checkpoint, t uint64) ([]byte, error) {
	if len(signer) > 255 || len(c.Origin) > 255 {
		return nil, errLongName
	}
	b := append([]byte("subtree/v1\n\x00"), byte(len(signer)))
	b = append(b, signer...)
	b = binary.BigEndian.AppendUint64(b, t)
	b = append(b, byte(len(c.Origin)))
	b = append(b, c.Origin...)
	b = binary.BigEndian.AppendUint64(b, 0)
	b = binary.BigEndian.AppendUint64(b, c.Size)
	return append(b, c.Root[:]...), nil
}
