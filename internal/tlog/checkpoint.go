package tlog

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Checkpoint is the statement about a whole log that is signed (C2SP tlog-checkpoint): so many leaves, this root.
type Checkpoint struct {
	Origin     string
	Size       uint64
	Root       Hash
	Extensions []string // further lines, not empty; we write none, and ML-DSA-44 does not sign them
}

// SignedCheckpoint is a checkpoint with the note that it was read from. Nobody has checked the signatures yet.
type SignedCheckpoint struct {
	Checkpoint
	Note
}

var errCheckpoint = errors.New("not a checkpoint: want origin, size and root in three lines")

// Body is the text that is signed.
func (c *Checkpoint) Body() string {
	text := c.Origin + "\n" + strconv.FormatUint(c.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(c.Root[:]) + "\n"
	for _, e := range c.Extensions {
		text += e + "\n"
	}
	return text
}

func (c *Checkpoint) valid() error {
	if c.Origin == "" || len(c.Origin) > 255 || strings.Contains(c.Origin, "\n") || c.Size > 1<<63 {
		return errCheckpoint
	}
	return nil
}

// ParseCheckpointText reads the text of a checkpoint as Body writes it, and no other spelling.
func ParseCheckpointText(text string) (*Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[len(lines)-1] != "" {
		return nil, errCheckpoint
	}
	size, err := strconv.ParseUint(lines[1], 10, 64)
	if err != nil {
		return nil, errCheckpoint
	}
	root, err := decodeHash(lines[2])
	if err != nil {
		return nil, errCheckpoint
	}
	c := &Checkpoint{Origin: lines[0], Size: size, Root: root}
	for _, e := range lines[3 : len(lines)-1] {
		if e == "" {
			return nil, errCheckpoint
		}
		c.Extensions = append(c.Extensions, e)
	}
	if c.valid() != nil || c.Body() != text {
		return nil, errCheckpoint
	}
	return c, nil
}

// ParseCheckpoint reads a signed checkpoint. What Marshal writes equals what was read.
func ParseCheckpoint(b []byte) (*SignedCheckpoint, error) {
	n, err := ParseNote(b)
	if err != nil {
		return nil, err
	}
	c, err := ParseCheckpointText(n.Text)
	if err != nil {
		return nil, err
	}
	return &SignedCheckpoint{Checkpoint: *c, Note: *n}, nil
}

// Signed is a signature that was found good.
type Signed struct {
	Key  *Key
	Time uint64 // Unix seconds; 0 where the algorithm has none
}

// ErrSignature says that a signature of a known key is wrong. The whole checkpoint must then be rejected.
var ErrSignature = errors.New("signature is wrong")

// Verify returns which of the keys have signed the checkpoint. Signatures of other keys are ignored; one of a known key that is
// wrong, or that stands twice, gives ErrSignature (wrapped).
func (c *SignedCheckpoint) Verify(keys ...*Key) ([]Signed, error) {
	var out []Signed
	for _, k := range keys {
		found := false
		for i := range c.Sigs {
			s := &c.Sigs[i]
			if s.ID != k.ID || s.Name != k.Name {
				continue
			}
			t, ok := k.verify(&c.Checkpoint, s.Data)
			if !ok || found {
				return nil, fmt.Errorf("%w: %s of %s", ErrSignature, k.Algorithm, k.Name)
			}
			found = true
			out = append(out, Signed{k, t})
		}
	}
	return out, nil
}

// VerifyAll checks that each of the keys has signed the checkpoint. At least one key is needed.
func (c *SignedCheckpoint) VerifyAll(keys ...*Key) error {
	signed, err := c.Verify(keys...)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return errors.New("no key to verify the checkpoint with")
	}
	for _, k := range keys {
		if !has(signed, k) {
			return fmt.Errorf("%w: there is none of %s (%s)", ErrSignature, k.Name, k.Algorithm)
		}
	}
	return nil
}

func has(signed []Signed, k *Key) bool {
	for i := range signed {
		if signed[i].Key.Equal(k) {
			return true
		}
	}
	return false
}
