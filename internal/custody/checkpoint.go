package custody

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

const (
	checkpointFile = "checkpoint"
	logKeyFile     = "log.pub"
	maxCheckpoint  = 64 << 10
)

// Checkpoint is a signed statement about the whole log (C2SP tlog-checkpoint): so many leaves, this root.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   Hash
}

var errCheckpoint = errors.New("want three lines: origin, size, root")

// text is the text that is signed.
func (c *Checkpoint) text() string {
	return c.Origin + "\n" + strconv.FormatUint(c.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(c.Root[:]) + "\n"
}

// parseCheckpoint reads the text of a checkpoint. It accepts only what text writes: no extension lines, no second spelling.
func parseCheckpoint(text string) (*Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] == "" {
		return nil, errCheckpoint
	}
	size, err := strconv.ParseUint(lines[1], 10, 64)
	if err != nil {
		return nil, errCheckpoint
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != hashSize {
		return nil, errCheckpoint
	}
	c := &Checkpoint{Origin: lines[0], Size: size, Root: Hash(root)}
	if c.text() != text {
		return nil, errCheckpoint
	}
	return c, nil
}

// noteSigner signs with the log's key under its origin.
type noteSigner struct {
	name string
	hash uint32
	key  ed25519.PrivateKey
}

func (s *noteSigner) Name() string                    { return s.name }
func (s *noteSigner) KeyHash() uint32                 { return s.hash }
func (s *noteSigner) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

// newSigner returns the signer of a log and its verifier key (C2SP signed-note vkey).
func newSigner(origin string, key ed25519.PrivateKey) (note.Signer, string, error) {
	vkey, err := note.NewEd25519VerifierKey(origin, key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, "", fmt.Errorf("verifier key: %w", err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, "", fmt.Errorf("origin %q: %w", origin, err)
	}
	return &noteSigner{name: origin, hash: v.KeyHash(), key: key}, vkey, nil
}

func signCheckpoint(c *Checkpoint, signer note.Signer) ([]byte, error) {
	b, err := note.Sign(&note.Note{Text: c.text()}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return b, nil
}

// readCheckpoint opens the checkpoint in a custody directory and checks its signature. It returns nil where there is none.
func readCheckpoint(dir, vkey string) (*Checkpoint, error) {
	b, err := readSmall(filepath.Join(dir, checkpointFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	return openCheckpoint(b, vkey)
}

func openCheckpoint(b []byte, vkey string) (*Checkpoint, error) {
	v, err := parseLogKey(vkey)
	if err != nil {
		return nil, err
	}
	n, err := note.Open(b, note.VerifierList(v))
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	if again, err := spellNote(n); err != nil || !bytes.Equal(again, b) {
		return nil, fmt.Errorf("checkpoint: %w", errCheckpoint)
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	if c.Origin != v.Name() {
		return nil, fmt.Errorf("checkpoint of %q signed by %q", c.Origin, v.Name())
	}
	return c, nil
}

// spellNote spells a note out as note.Sign does, so that a second spelling of the same bytes is noticed.
func spellNote(n *note.Note) ([]byte, error) {
	b := append([]byte(n.Text), '\n')
	for _, s := range slices.Concat(n.Sigs, n.UnverifiedSigs) {
		if _, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil {
			return nil, err
		}
		b = append(b, "— "+s.Name+" "+s.Base64+"\n"...)
	}
	return b, nil
}

// parseLogKey reads a verifier key in the one spelling that we write.
func parseLogKey(vkey string) (note.Verifier, error) {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, fmt.Errorf("log key: %w", err)
	}
	if !strings.HasPrefix(vkey, fmt.Sprintf("%s+%08x+", v.Name(), v.KeyHash())) {
		return nil, errors.New("log key: the key id is not in lower case")
	}
	return v, nil
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
