package custody

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/reeve-ai/reeve/internal/keyring"
)

// The sealed part of a frame. All numbers are big-endian.
//
//	 0  16 B  id of the subject's key (KEK)
//	16  12 B  nonce
//	28  80 B  AES-256-GCM under the KEK: data key (32 B), record salt (32 B)
//	108       AES-256-GCM under the data key, nonce zero since the key is used once: sections of u8 name, u32 length, bytes
//
// Both are bound to their place by the additional data: exchange id ‖ sequence number ‖ kind. Whoever destroys the KEK
// takes the data key and the salt along, so that neither the text nor a guess at it can be checked any more.
const (
	sealingV1 = 1
	dekSize   = 32
	saltSize  = 32
	gcmTag    = 16
	aadSize   = 16 + 8 + 1

	wrappedSize = dekSize + saltSize + keyring.Overhead
	sealHead    = 16 + keyring.NonceSize + wrappedSize

	sectionIn   = 1
	sectionOut  = 2
	sectionData = 3
)

var errSealed = errors.New("sealed part is malformed")

func putAAD(aad *[aadSize]byte, id ID, seq uint64, k kind) {
	copy(aad[:], id[:])
	binary.BigEndian.PutUint64(aad[16:], seq)
	aad[24] = byte(k)
}

// seal appends the sealed part to b and fills the holes for the commitments to what is in it.
func (e *entry) seal(b []byte, d *draft, h *holes) []byte {
	secrets, nonce := e.random[:dekSize+saltSize], e.random[dekSize+saltSize:]
	copy(secrets[dekSize:], d.salt[:])
	putAAD(&e.aad, d.id, e.seq, d.kind)

	in, out, data := d.input[:min(len(d.input), d.limit)], d.output[:min(len(d.output), d.limit)], d.data[:min(len(d.data), d.limit)]
	b = slices.Grow(b, sealHead+3*5+len(in)+len(out)+len(data)+gcmTag+frameTail)
	kek := d.subject.ID()
	b = append(b, kek[:]...)
	b = append(b, nonce...)
	b = d.subject.Wrap(b, nonce, secrets, e.aad[:])
	start := len(b)
	if d.hasIn {
		b = appendSection(b, sectionIn, in)
		e.commitTo(b, h.prompt, d.input, len(in), &d.salt)
	}
	if d.hasOut {
		b = appendSection(b, sectionOut, out)
		e.commitTo(b, h.response, d.output, len(out), &d.salt)
	}
	if d.event != nil {
		b = appendSection(b, sectionData, data)
		e.commitTo(b, h.data, d.data, len(data), &d.salt)
	}
	gcm := mustGCM(secrets[:dekSize])
	var zero [keyring.NonceSize]byte
	b = gcm.Seal(b[:start], zero[:], b[start:], e.aad[:])
	clear(e.random[:])
	return b
}

// commitTo fills the hole for the commitment to a text of which the first kept bytes end b.
func (e *entry) commitTo(b []byte, hole int, text []byte, kept int, salt *Salt) {
	var c Hash
	if kept == len(text) {
		c = commitAt(b, len(b)-kept, kept, salt)
	} else { // it was cut: the commitment is to all of it
		e.w.salt = salt
		c = e.w.commit(text)
	}
	fillHole(b[hole:], &c)
}

func appendSection(b []byte, name byte, text []byte) []byte {
	b = append(b, name)
	b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
	return append(b, text...)
}

// mustGCM makes the cipher of one record. It can fail only for a key of wrong size.
func mustGCM(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm
}

// payload is what a sealed part holds. nil means that the record has no such text.
type payload struct {
	salt          Salt
	input, output []byte
	data          []byte // of an event
}

// unseal opens the sealed part of a frame. It returns keyring.ErrErased (wrapped) where the subject's key is destroyed.
func unseal(keys *keyring.Ring, f *frame) (*payload, error) {
	if f.sealing != sealingV1 || len(f.sealed) < sealHead+gcmTag {
		return nil, errSealed
	}
	var aad [aadSize]byte
	putAAD(&aad, f.id, f.seq, f.kind)
	s := f.sealed
	secrets, err := keys.Unwrap(nil, keyring.KEKID(s[:16]), s[16:16+keyring.NonceSize], s[16+keyring.NonceSize:sealHead], aad[:])
	if err != nil {
		return nil, fmt.Errorf("open payload: %w", err)
	}
	if len(secrets) != dekSize+saltSize {
		return nil, errSealed
	}
	defer clear(secrets)
	var zero [keyring.NonceSize]byte
	plain, err := mustGCM(secrets[:dekSize]).Open(nil, zero[:], s[sealHead:], aad[:])
	if err != nil {
		return nil, fmt.Errorf("open payload: %w", err)
	}
	p := &payload{salt: Salt(secrets[dekSize:])}
	return p, p.sections(plain)
}

func (p *payload) sections(b []byte) error {
	for len(b) > 0 {
		if len(b) < 5 {
			return errSealed
		}
		name, n := b[0], binary.BigEndian.Uint32(b[1:])
		if uint64(n) > uint64(len(b)-5) {
			return errSealed
		}
		text := b[5 : 5+n : 5+n]
		switch name {
		case sectionIn:
			p.input = text
		case sectionOut:
			p.output = text
		case sectionData:
			p.data = text
		default:
			return errSealed
		}
		b = b[5+n:]
	}
	return nil
}
