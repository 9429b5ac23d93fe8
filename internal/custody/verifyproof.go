package custody

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/reeve-ai/reeve/internal/tlog"
)

// ErrNoTrust says that a proof cannot be checked without a key or a policy from the caller.
var ErrNoTrust = errors.New("a proof says nothing without the key of the log")

// VerifyPath verifies what lies at path: a data directory, its custody directory, a bundle or a .tlog-proof file.
func VerifyPath(path string, o VerifyOptions) (Report, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Report{}, fmt.Errorf("verify: %w", err)
	}
	if info.Mode().IsRegular() {
		return VerifyProof(path, o)
	}
	if _, err := os.Stat(filepath.Join(path, manifestFile)); err == nil {
		return VerifyBundle(path, o)
	}
	if _, err := os.Stat(filepath.Join(path, "custody")); err != nil && filepath.Base(filepath.Clean(path)) == "custody" {
		path = filepath.Dir(filepath.Clean(path))
	}
	return Verify(path, o)
}

// VerifyProof checks a .tlog-proof file whose extra data is the leaf, as Prove makes it. The caller must bring a key or a policy.
func VerifyProof(path string, o VerifyOptions) (Report, error) {
	v := newVerifier("", o)
	if o.Key == "" && o.Policy == nil {
		return v.r, ErrNoTrust
	}
	info, err := os.Stat(path)
	if err != nil {
		return v.r, fmt.Errorf("verify proof: %w", err)
	}
	if info.Size() > tlog.MaxProofFile {
		return v.r, errors.New("verify proof: the file is too large for one")
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return v.r, fmt.Errorf("verify proof: %w", err)
	}
	t, err := trustFrom(&o, nil)
	if err != nil {
		return v.r, err
	}
	v.proof(filepath.Base(path), raw, t)
	return v.result(), nil
}

// proof checks one proof file and the checkpoint in it.
func (v *verifier) proof(name string, raw []byte, t *trusted) {
	p, err := tlog.ParseProof(raw)
	if err != nil {
		v.problem(name, "%v", err)
		return
	}
	v.r.Origin, v.r.Checkpoint = p.Checkpoint.Origin, p.Checkpoint.Size
	if v.r.Cosigned, err = t.check(p.Checkpoint); err != nil {
		v.problem(name, "checkpoint: %v", err)
		return
	}
	v.unchecked(name, t, p.Checkpoint)
	if err := checkProof(p, p.Index); err != nil {
		v.problemAt(name, p.Index, "%v", err)
		return
	}
	v.r.Leaves = 1
}

// checkProof checks that a proof's extra data is the leaf that it proves.
func checkProof(p *tlog.Proof, seq uint64) error {
	if p.Extra == nil {
		return errors.New("the leaf is not in the proof's extra data")
	}
	if p.Index != seq {
		return fmt.Errorf("the proof is of record %d", p.Index)
	}
	if err := p.Verify(tlog.LeafHash(p.Extra)); err != nil {
		return err
	}
	return checkAlone(p.Extra, seq)
}

// checkAlone checks a leaf for which there is no frame.
func checkAlone(leaf []byte, seq uint64) error {
	info, err := parseLeaf(leaf)
	if err != nil {
		return err
	}
	if string(info.seq) != fmt.Sprint(seq) {
		return errors.New("leaf has another sequence number")
	}
	return nil
}
