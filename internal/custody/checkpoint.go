package custody

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/tlog"
)

const (
	checkpointFile = "checkpoint"
	logKeyFile     = "log.pub"
	maxCheckpoint  = 256 << 10
)

// Checkpoint is a signed statement about the whole log (C2SP tlog-checkpoint): so many leaves, this root.
type Checkpoint = tlog.Checkpoint

// newSigners are the signers of a log: Ed25519, which everybody can check, and ML-DSA-44 (FIPS 204) for the day when that
// is not enough any more.
func newSigners(origin string, keys *keyring.Ring) ([]*tlog.Signer, error) {
	ed, err := keys.SigningKey(SigningKeyName)
	if err != nil {
		return nil, fmt.Errorf("log key: %w", err)
	}
	seed, err := keys.SigningSeed("mldsa44/" + SigningKeyName)
	if err != nil {
		return nil, fmt.Errorf("log key: %w", err)
	}
	return signersOf(origin, ed.Seed(), seed)
}

func signersOf(origin string, ed, mldsa []byte) ([]*tlog.Signer, error) {
	first, err := tlog.NewSigner(origin, tlog.Ed25519, ed)
	if err != nil {
		return nil, fmt.Errorf("origin %q: %w", origin, err)
	}
	second, err := tlog.NewSigner(origin, tlog.MLDSA44, mldsa)
	if err != nil {
		return nil, fmt.Errorf("origin %q: %w", origin, err)
	}
	return []*tlog.Signer{first, second}, nil
}

// logKeys spells the file log.pub: a verifier key in each line, Ed25519 first.
func logKeys(signers []*tlog.Signer) []byte {
	var b []byte
	for _, s := range signers {
		b = append(b, s.Key().String()+"\n"...)
	}
	return b
}

var errLogKeys = errors.New("want one verifier key in each line: Ed25519, then ML-DSA-44 of the same name")

// ParseLogKeys reads a file log.pub in the one spelling that it has. Logs of old have one key only.
func ParseLogKeys(b []byte) ([]*tlog.Key, error) {
	text, ended := strings.CutSuffix(string(b), "\n")
	lines := strings.Split(text, "\n")
	if !ended || len(lines) > 2 || len(b) > maxCheckpoint {
		return nil, errLogKeys
	}
	keys := make([]*tlog.Key, len(lines))
	for i, line := range lines {
		var err error
		if keys[i], err = tlog.ParseKey(line); err != nil {
			return nil, err
		}
		want := []tlog.Algorithm{tlog.Ed25519, tlog.MLDSA44}[i]
		if keys[i].Algorithm != want || keys[i].Name != keys[0].Name {
			return nil, errLogKeys
		}
	}
	return keys, nil
}

// readCheckpoint opens the checkpoint in a custody directory and checks its signatures. It returns nil where there is none.
func readCheckpoint(dir string, keys []*tlog.Key) (*tlog.SignedCheckpoint, error) {
	b, err := readSmall(filepath.Join(dir, checkpointFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	return openCheckpoint(b, keys)
}

var errExtension = errors.New("checkpoint has lines that we never write")

// openCheckpoint reads a checkpoint of ours: the log of the keys' name, signed with all of them.
func openCheckpoint(b []byte, keys []*tlog.Key) (*tlog.SignedCheckpoint, error) {
	c, err := tlog.ParseCheckpoint(b)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	if len(c.Extensions) > 0 {
		return nil, errExtension
	}
	if len(keys) == 0 || c.Origin != keys[0].Name {
		return nil, fmt.Errorf("checkpoint of another log: %s", c.Origin)
	}
	if err := c.VerifyAll(keys...); err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	return c, nil
}

func signCheckpoint(c *Checkpoint, now time.Time, signers []*tlog.Signer) ([]byte, error) {
	signed, err := tlog.SignCheckpoint(c, now, signers...)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return signed.Marshal(), nil
}

// publishKeys writes log.pub, or checks that it is ours. A log that had the first key only gets the second.
func (l *Log) publishKeys() error {
	path, want := filepath.Join(l.dir, logKeyFile), logKeys(l.integrator.signers)
	b, err := readSmall(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read log key: %w", err)
	}
	first, _, _ := bytes.Cut(want, []byte("\n"))
	switch {
	case err == nil && bytes.Equal(b, want):
		return nil
	case err == nil && !bytes.Equal(b, append(first, '\n')):
		return fmt.Errorf("%s is not the key of this log: %w", path, ErrDamaged)
	}
	if err := writeWhole(l.fs, path, want); err != nil {
		return fmt.Errorf("write log key: %w", err)
	}
	return nil
}

// lastCheckpoint reads the checkpoint that the log goes on from, nil for none. The second signature may be missing in one that was made before the
// log had a second key; it is then signed again.
func (l *Log) lastCheckpoint() (*Checkpoint, error) {
	in := l.integrator
	keys := []*tlog.Key{in.signers[0].Key(), in.signers[1].Key()}
	c, err := readCheckpoint(l.dir, keys)
	if errors.Is(err, tlog.ErrSignature) {
		c, err = readCheckpoint(l.dir, keys[:1])
		in.resign = true
	}
	if c == nil || err != nil {
		return nil, err
	}
	if signed, err := c.Verify(keys...); err != nil || in.resign && len(signed) != 1 {
		return nil, errors.Join(tlog.ErrSignature, err)
	}
	in.newest = &c.Checkpoint
	return in.newest, nil
}

// readSmall reads a small file of ours.
func readSmall(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err == nil && len(b) > maxCheckpoint {
		return nil, errors.New("file is too large")
	}
	return b, err
}

// writeWhole replaces a file: readers see the old bytes or the new ones.
func writeWhole(fs FS, path string, b []byte) error {
	_ = fs.Remove(path + newSuffix) // left over from a failed try
	f, err := fs.Create(path + newSuffix)
	if err != nil {
		return err
	}
	block := aligned(roundUp(len(b)))
	copy(block, b)
	_, err = f.WriteAt(block, 0)
	if err == nil {
		err = f.Truncate(int64(len(b)))
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, ignored(fs.Remove(path+newSuffix)))
	}
	if err := fs.Rename(path+newSuffix, path); err != nil {
		return err
	}
	return fs.SyncDir(filepath.Dir(path))
}
