package keyring

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// stretching is how a passphrase becomes a key: Argon2id with the cost and the salt that the header of each wrapped key has.
//
//	0  4 B  passes      4  4 B  memory in KiB      8  1 B  lanes      9  16 B  salt
type stretching struct {
	passes, memory uint32
	lanes          uint8
	salt           [16]byte
}

// The cost of new keys: the second recommendation of RFC 9106 §4.
const (
	argonPasses = 3
	argonMemory = 64 << 10
	argonLanes  = 4
)

// What a header may ask for: it comes with keys.db and must not stop the machine.
const (
	maxArgonPasses = 64
	minArgonMemory = 8 << 10
	maxArgonMemory = 1 << 20
	maxArgonLanes  = 64
)

const (
	stretchingSize = 4 + 4 + 1 + 16
	// minPassphrase is the least number of bytes: who steals keys.db can try as many as he likes.
	minPassphrase = 16
	maxPassphrase = 4096
)

func newStretching() *stretching {
	s := &stretching{passes: argonPasses, memory: argonMemory, lanes: argonLanes}
	_, _ = rand.Read(s.salt[:]) // never fails: crypto/rand ends the process instead
	return s
}

func (s *stretching) header() []byte {
	b := binary.BigEndian.AppendUint32(nil, s.passes)
	b = binary.BigEndian.AppendUint32(b, s.memory)
	return append(append(b, s.lanes), s.salt[:]...)
}

func parseStretching(b []byte) (*stretching, error) {
	if len(b) != stretchingSize {
		return nil, errors.New("wrapped key is malformed")
	}
	s := &stretching{passes: binary.BigEndian.Uint32(b), memory: binary.BigEndian.Uint32(b[4:]), lanes: b[8], salt: [16]byte(b[9:])}
	if s.passes < 1 || s.passes > maxArgonPasses || s.memory < minArgonMemory || s.memory > maxArgonMemory || s.lanes < 1 || s.lanes > maxArgonLanes {
		return nil, errors.New("keys.db asks for an Argon2id cost out of bounds")
	}
	return s, nil
}

func (s *stretching) key(passphrase []byte) []byte {
	return argon2.IDKey(passphrase, s.salt[:], s.passes, s.memory, s.lanes, rootKeySize)
}

// openPassphraseRoot reads a passphrase: the file without the line's end. It is stretched when the first key is opened, which takes
// 64 MiB and some tenths of a second, once.
func openPassphraseRoot(_ context.Context, _, path string, _ bool) (Root, error) {
	text, err := readPrivate(path, maxPassphrase+2)
	if err != nil {
		return nil, fmt.Errorf("passphrase: %w", err)
	}
	phrase := bytes.TrimRight(text, "\r\n")
	if len(phrase) < minPassphrase || len(phrase) > maxPassphrase {
		return nil, fmt.Errorf("passphrase in %s has %d bytes: want %d to %d, better six random words", path, len(phrase), minPassphrase, maxPassphrase)
	}
	k := &keyed{kind: kindPassphrase, name: "passphrase-file"}
	k.fresh = func(context.Context) (header, key []byte, err error) {
		s := newStretching()
		return s.header(), s.key(phrase), nil
	}
	k.derive = func(_ context.Context, header []byte) ([]byte, error) {
		s, err := parseStretching(header)
		if err != nil {
			return nil, err
		}
		return s.key(phrase), nil
	}
	k.rotate = func(ctx context.Context) (Root, func() error, error) { // the same words under another salt
		next, err := openPassphraseRoot(ctx, "", path, false)
		return next, nothing, err
	}
	k.forget = func() { clear(text) }
	return k, nil
}

func nothing() error { return nil }
