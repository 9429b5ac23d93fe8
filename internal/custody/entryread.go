package custody

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"github.com/reeve-ai/reeve/internal/keyring"
)

// Stored is one record as it lies in the log.
type Stored struct {
	Seq    uint64
	Kind   string // "intent", "outcome", "aborted" or the kind of an Event
	ID     ID
	Leaf   []byte // canonical JSON
	Sealed []byte // sealed part; nil where the record has none, where it was not asked for, and where it is gone
	Gone   bool   // the record had a sealed part that was dropped
}

// Payload is what a sealed part holds. nil means that the record has no such text.
type Payload struct {
	Salt          Salt   // keys the commitments of the leaf
	Input, Output []byte // of an exchange
	Data          []byte // of an event
}

// Hash is the RFC 6962 leaf hash.
func (s *Stored) Hash() Hash { return leafOf(s.Leaf) }

// Clone copies the record out of the buffers of the one who read it.
func (s *Stored) Clone() *Stored {
	c := *s
	c.Leaf, c.Sealed = bytes.Clone(s.Leaf), bytes.Clone(s.Sealed)
	return &c
}

// KEK is the key that the payload was sealed under, as the leaf names it. It reports false where nothing was sealed.
func (s *Stored) KEK() (id keyring.KEKID, sealed bool) {
	info, err := parseLeaf(s.Leaf)
	if err != nil || info.kek == nil {
		return id, false
	}
	id = kekOf(&info)
	return id, id != keyring.KEKID{}
}

// kekOf is the key that a leaf names, zero where it names none.
func kekOf(info *leafInfo) (id keyring.KEKID) {
	if len(info.kek) != base64.RawURLEncoding.EncodedLen(len(id)) {
		return id
	}
	if _, err := base64.RawURLEncoding.Decode(id[:], info.kek); err != nil {
		return keyring.KEKID{}
	}
	return id
}

// Open decrypts the payload; nil where the record has none. It returns keyring.ErrErased (wrapped) where the subject's key is
// destroyed and ErrDropped (wrapped) where only the payload is gone.
func (s *Stored) Open(keys *keyring.Ring) (*Payload, error) {
	if s.Gone {
		return nil, fmt.Errorf("record %d: %w", s.Seq, ErrDropped)
	}
	if s.Sealed == nil {
		return nil, nil
	}
	f := frame{kind: kindOf(s.Kind), id: s.ID, seq: s.Seq, sealing: sealingV1, sealed: s.Sealed}
	p, err := unseal(keys, &f)
	if err != nil {
		return nil, fmt.Errorf("record %d: %w", s.Seq, err)
	}
	return &Payload{p.salt, p.input, p.output, p.data}, nil
}

// kindOf is the number of a kind, 0 where there is none of that name.
func kindOf(name string) kind {
	for k := kindIntent; k < kindEnd; k++ {
		if kindNames[k] == name {
			return k
		}
	}
	return 0
}

// fill takes over a frame.
func (s *Stored) fill(f *frame, payload bool) {
	*s = Stored{Seq: f.seq, Kind: f.kind.String(), ID: f.id, Leaf: f.leaf}
	if payload && f.sealing != 0 {
		s.Sealed = f.sealed
	}
}
