package tlog

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strconv"
)

// AddCheckpoint is what a log sends to a witness (C2SP tlog-witness): the size it believes the witness has cosigned last, a
// proof that the new tree goes on from there, and the checkpoint.
type AddCheckpoint struct {
	Old        uint64
	Proof      []Hash
	Checkpoint *SignedCheckpoint
}

// SizeType is the media type of an answer that tells the size that the witness has cosigned last.
const SizeType = "text/x.tlog.size"

// MaxAddCheckpoint is the length of the longest message that is read.
const MaxAddCheckpoint = MaxNote + 4<<10

var errAddCheckpoint = errors.New("not an add-checkpoint message")

// Marshal spells the message.
func (a *AddCheckpoint) Marshal() []byte {
	b := append([]byte("old "), strconv.FormatUint(a.Old, 10)...)
	b = append(b, '\n')
	for i := range a.Proof {
		b = base64.StdEncoding.AppendEncode(b, a.Proof[i][:])
		b = append(b, '\n')
	}
	b = append(b, '\n')
	return append(b, a.Checkpoint.Marshal()...)
}

// ParseAddCheckpoint reads a message as Marshal writes it, and no other spelling.
func ParseAddCheckpoint(b []byte) (*AddCheckpoint, error) {
	if len(b) > MaxAddCheckpoint {
		return nil, errAddCheckpoint
	}
	head, note, ok := bytes.Cut(b, []byte("\n\n"))
	lines := bytes.Split(head, []byte("\n"))
	if !ok || len(lines)-1 > MaxProof {
		return nil, errAddCheckpoint
	}
	old, ok := bytes.CutPrefix(lines[0], []byte("old "))
	size, err := strconv.ParseUint(string(old), 10, 64)
	if !ok || err != nil {
		return nil, errAddCheckpoint
	}
	a := &AddCheckpoint{Old: size}
	for _, line := range lines[1:] {
		h, err := decodeHash(string(line))
		if err != nil {
			return nil, errAddCheckpoint
		}
		a.Proof = append(a.Proof, h)
	}
	if a.Checkpoint, err = ParseCheckpoint(note); err != nil {
		return nil, err
	}
	if !bytes.Equal(a.Marshal(), b) {
		return nil, errAddCheckpoint
	}
	return a, nil
}

// ConflictError is a witness' answer that it has cosigned another size last than the log believed.
type ConflictError struct{ Size uint64 }

func (e *ConflictError) Error() string {
	return "the witness has cosigned " + strconv.FormatUint(e.Size, 10) + " leaves last"
}
