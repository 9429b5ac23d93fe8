package custody

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/reeve-ai/reeve/internal/tlog"
)

// Shard is the log of one node as a collector found it.
type Shard struct {
	Origin  string `json:"origin"`
	Folder  string `json:"folder"` // in the view
	Old     uint64 `json:"old"`    // records that were mirrored before
	Size    uint64 `json:"size"`   // records that are now
	Root    string `json:"root"`   // hex
	Problem string `json:"problem,omitempty"`
}

// ErrShard says that a shard is not what it should be: it went back, forked, or its signature or its records are wrong. Nothing of
// it is taken over.
var ErrShard = errors.New("shard is not sound")

// ReadFile reads a file of a shard, by its path below the custody directory (C2SP tlog-tiles). It wraps fs.ErrNotExist where there is none.
type ReadFile func(path string) ([]byte, error)

// DirShard reads a shard from a data directory, its custody directory or a mirror.
func DirShard(dir string) ReadFile {
	if _, err := os.Stat(filepath.Join(dir, "custody", logKeyFile)); err == nil {
		dir = filepath.Join(dir, "custody")
	}
	return func(path string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, filepath.FromSlash(path))) }
}

// Collect mirrors one shard into a view and cosigns its checkpoint. The mirror is built from the entries, beginning with what was
// mirrored before: if it comes to the root that the shard has signed, the shard is sound and has grown out of what it was. The
// key of a shard is the one that was seen first; policy, if not nil, must trust it as well. It returns ErrShard (wrapped) where
// the shard is not sound.
func Collect(view string, read ReadFile, signers []*tlog.Signer, policy *tlog.Policy, now time.Time) (*Shard, error) {
	raw, err := read(logKeyFile)
	if err != nil {
		return nil, fmt.Errorf("read key of shard: %w", err)
	}
	keys, err := ParseLogKeys(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: key: %w", ErrShard, err)
	}
	sum := sha256.Sum256([]byte(keys[0].Name))
	s := &Shard{Origin: keys[0].Name, Folder: hex.EncodeToString(sum[:8])}
	m := mirror{dir: filepath.Join(view, s.Folder), read: read, keys: keys, shard: s}
	if err := m.run(raw, signers, policy, now); err != nil {
		s.Problem = err.Error()
		return s, fmt.Errorf("shard %s: %w", s.Origin, err)
	}
	return s, nil
}

type mirror struct {
	dir   string
	read  ReadFile
	keys  []*tlog.Key
	shard *Shard
	old   *tlog.SignedCheckpoint
	ours  []*tlog.Key
}

func (m *mirror) run(pub []byte, signers []*tlog.Signer, policy *tlog.Policy, now time.Time) error {
	for _, s := range signers {
		m.ours = append(m.ours, s.Key())
	}
	if err := m.pin(pub); err != nil {
		return err
	}
	raw, err := m.read(checkpointFile)
	if err != nil {
		return fmt.Errorf("read checkpoint: %w", err)
	}
	c, err := tlog.ParseCheckpoint(raw)
	if err == nil {
		_, err = (&trusted{keys: m.keys, policy: policy}).check(c)
	}
	if err != nil {
		return fmt.Errorf("%w: checkpoint: %w", ErrShard, err)
	}
	m.shard.Size, m.shard.Root = c.Size, hex.EncodeToString(c.Root[:])
	if err := m.before(); err != nil {
		return err
	}
	if c.Size < m.shard.Old {
		return fmt.Errorf("%w: it went back from %d to %d records", ErrShard, m.shard.Old, c.Size)
	}
	if err := m.grow(c); err != nil {
		return err
	}
	for _, s := range signers {
		sig, err := s.Sign(&c.Checkpoint, now)
		if err != nil {
			return err
		}
		c.Sigs = append(c.Sigs, sig)
	}
	if err := writeWhole(diskFS{}, filepath.Join(m.dir, checkpointFile), c.Marshal()); err != nil {
		return fmt.Errorf("write mirror: %w", err)
	}
	tiles := newTileDir(m.dir)
	return tiles.tidy(c.Size)
}

// pin keeps the key that was seen first.
func (m *mirror) pin(pub []byte) error {
	path := filepath.Join(m.dir, logKeyFile)
	seen, err := readSmall(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(m.dir, 0o700); err != nil {
			return fmt.Errorf("make mirror: %w", err)
		}
		return writeWhole(diskFS{}, path, pub)
	}
	if err != nil {
		return fmt.Errorf("read mirror: %w", err)
	}
	if !bytes.Equal(seen, pub) {
		return fmt.Errorf("%w: it has another key than the one that was seen first", ErrShard)
	}
	return nil
}

// before reads what was mirrored. It bears our signature: else somebody has changed the mirror.
func (m *mirror) before() error {
	raw, err := readSmall(filepath.Join(m.dir, checkpointFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read mirror: %w", err)
	}
	if m.old, err = tlog.ParseCheckpoint(raw); err == nil {
		err = m.old.VerifyAll(m.ours...)
	}
	if err != nil {
		return fmt.Errorf("the mirror of %s is damaged: %w", m.shard.Origin, err)
	}
	m.shard.Old = m.old.Size
	return nil
}

// grow builds the new part of the tree from the shard's entries.
func (m *mirror) grow(c *tlog.SignedCheckpoint) error {
	tiles := newTileDir(m.dir)
	b := tlog.NewBuilder(func(t tlog.Tile, raw []byte) error {
		_, err := tiles.mend(t, raw)
		return err
	})
	if m.old != nil {
		if err := b.Resume(m.old.Size, tiles.read); err != nil || b.Root() != m.old.Root {
			return fmt.Errorf("the mirror of %s is damaged: %w", m.shard.Origin, errors.Join(errTileRoot, err))
		}
	}
	for b.Size() < c.Size {
		if err := m.bundle(b, c.Size); err != nil {
			return err
		}
	}
	if b.Root() != c.Root {
		return fmt.Errorf("%w: its records do not lead from the tree that was mirrored to the one that it has signed", ErrShard)
	}
	return b.Partial(func(t tlog.Tile, raw []byte) error {
		_, err := tiles.mend(t, raw)
		return err
	})
}

// bundle reads the bundle that the next entry lies in.
func (m *mirror) bundle(b *tlog.Builder, size uint64) error {
	index := b.Size() / tlog.TileWidth
	t := tlog.Entries(index, int(min(tlog.TileWidth, size-index*tlog.TileWidth)))
	raw, err := m.read(t.Path())
	if errors.Is(err, fs.ErrNotExist) && t.Width != tlog.TileWidth {
		if raw, err = m.read(t.Full().Path()); err == nil {
			raw, _ = cutTile(raw, t)
		}
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", t.Path(), err)
	}
	entries, err := tlog.ParseBundle(raw, t.Width)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrShard, t.Path(), err)
	}
	for _, e := range entries[b.Size()%tlog.TileWidth:] {
		if err := b.Add(e, tlog.LeafHash(e)); err != nil {
			return err
		}
	}
	return nil
}
