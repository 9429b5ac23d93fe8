package tlog

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strconv"
)

// Proof is the content of a .tlog-proof file (C2SP tlog-proof): a leaf stands at this place of that log.
type Proof struct {
	Extra      []byte // what the application adds, nil for nothing; no signature covers it
	Index      uint64
	Hashes     []Hash // the leaf's sibling first
	Checkpoint *SignedCheckpoint
}

const (
	proofHeader = "c2sp.org/tlog-proof@v1\n"
	// MaxProofFile is the length of the longest proof file that is read.
	MaxProofFile = 2 << 20
)

var errProofFile = errors.New("not a tlog-proof file")

// Marshal spells the file.
func (p *Proof) Marshal() []byte {
	b := []byte(proofHeader)
	if p.Extra != nil {
		b = append(b, "extra "+base64.StdEncoding.EncodeToString(p.Extra)+"\n"...)
	}
	b = append(b, "index "...)
	b = strconv.AppendUint(b, p.Index, 10)
	b = append(b, '\n')
	for i := range p.Hashes {
		b = base64.StdEncoding.AppendEncode(b, p.Hashes[i][:])
		b = append(b, '\n')
	}
	b = append(b, '\n')
	return append(b, p.Checkpoint.Marshal()...)
}

// ParseProof reads a proof file as Marshal writes it, and no other spelling. It checks no hash and no signature.
func ParseProof(b []byte) (*Proof, error) {
	if len(b) > MaxProofFile {
		return nil, errProofFile
	}
	rest, ok := bytes.CutPrefix(b, []byte(proofHeader))
	if !ok {
		return nil, errProofFile
	}
	head, note, ok := bytes.Cut(rest, []byte("\n\n"))
	if !ok {
		return nil, errProofFile
	}
	p := &Proof{}
	lines := bytes.Split(head, []byte("\n"))
	if extra, has := bytes.CutPrefix(lines[0], []byte("extra ")); has {
		raw, err := decodeBase64(string(extra))
		if err != nil {
			return nil, errProofFile
		}
		p.Extra, lines = append([]byte{}, raw...), lines[1:]
	}
	if err := p.body(lines); err != nil {
		return nil, err
	}
	var err error
	if p.Checkpoint, err = ParseCheckpoint(note); err != nil {
		return nil, err
	}
	if !bytes.Equal(p.Marshal(), b) {
		return nil, errProofFile
	}
	return p, nil
}

// body reads the line of the index and those of the hashes.
func (p *Proof) body(lines [][]byte) error {
	if len(lines) == 0 || len(lines)-1 > MaxProof {
		return errProofFile
	}
	index, ok := bytes.CutPrefix(lines[0], []byte("index "))
	if !ok {
		return errProofFile
	}
	var err error
	if p.Index, err = strconv.ParseUint(string(index), 10, 64); err != nil {
		return errProofFile
	}
	for _, line := range lines[1:] {
		h, err := decodeHash(string(line))
		if err != nil {
			return errProofFile
		}
		p.Hashes = append(p.Hashes, h)
	}
	return nil
}

// Verify checks that the leaf with this hash stands in the tree of the checkpoint. It checks no signature: see Policy.Verify
// and SignedCheckpoint.VerifyAll.
func (p *Proof) Verify(leaf Hash) error {
	return VerifyInclusion(leaf, p.Index, p.Checkpoint.Size, p.Hashes, p.Checkpoint.Root)
}
