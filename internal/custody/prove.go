package custody

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"

	"github.com/reeve-ai/reeve/internal/tlog"
)

// ErrUnpublished says that no checkpoint covers a record yet.
var ErrUnpublished = errors.New("no checkpoint covers the record yet")

// Prover makes proofs against one checkpoint of a log. It reads tiles and leaves, works beside a running writer and on a stopped
// log, and needs no key. Proofs of one Prover share their checkpoint. It is safe for concurrent use.
type Prover struct {
	reader     *Reader
	checkpoint *tlog.SignedCheckpoint

	mu    sync.Mutex
	nodes *tlog.TileNodes
}

// OpenProver takes the newest checkpoint of a data directory. It returns ErrUnpublished (wrapped) where there is none.
func OpenProver(dir string) (*Prover, error) {
	p, err := openProver(dir)
	for range 5 { // the writer published in between, and took the partial tiles of the older checkpoint away
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		p, err = openProver(dir)
	}
	return p, err
}

func openProver(dir string) (*Prover, error) {
	custody := filepath.Join(dir, "custody")
	b, err := readSmall(filepath.Join(custody, checkpointFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("prove: %w", ErrUnpublished)
	}
	if err != nil {
		return nil, fmt.Errorf("prove: %w", err)
	}
	c, err := tlog.ParseCheckpoint(b)
	if err != nil {
		return nil, fmt.Errorf("prove: checkpoint: %w", err)
	}
	tiles := newTileDir(custody)
	kept := map[tlog.Tile][]byte{} // the partial tiles, which the writer takes away with the next checkpoint
	for _, t := range tlog.PartialTiles(c.Size) {
		if t.IsEntries() {
			continue
		}
		if kept[t], err = tiles.read(t); err != nil {
			return nil, fmt.Errorf("prove: %w", err)
		}
	}
	p := &Prover{checkpoint: c}
	p.nodes = tlog.NewTileNodes(c.Size, func(t tlog.Tile) ([]byte, error) {
		if b, is := kept[t]; is {
			return b, nil
		}
		return tiles.read(t)
	})
	if p.reader, err = OpenReader(dir); err != nil {
		return nil, fmt.Errorf("prove: %w", err)
	}
	return p, nil
}

// Close closes the files.
func (p *Prover) Close() error { return p.reader.Close() }

// Checkpoint is the checkpoint that all proofs are against. The caller must not change it.
func (p *Prover) Checkpoint() *tlog.SignedCheckpoint { return p.checkpoint }

// Leaf reads a leaf.
func (p *Prover) Leaf(seq uint64) ([]byte, error) { return p.reader.Leaf(seq) }

// Reader reads the records.
func (p *Prover) Reader() *Reader { return p.reader }

// Hashes proves that the leaf stands at seq: the hashes of the inclusion proof (RFC 6962 §2.1.1). It checks them before it gives them away.
// It returns ErrUnpublished (wrapped) where the checkpoint does not cover seq.
func (p *Prover) Hashes(seq uint64, leaf []byte) ([]Hash, error) {
	if seq >= p.checkpoint.Size {
		return nil, fmt.Errorf("record %d: %w", seq, ErrUnpublished)
	}
	p.mu.Lock()
	hashes, err := tlog.Inclusion(p.nodes, seq, p.checkpoint.Size)
	p.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("prove record %d: %w", seq, err)
	}
	if err := tlog.VerifyInclusion(tlog.LeafHash(leaf), seq, p.checkpoint.Size, hashes, p.checkpoint.Root); err != nil {
		return nil, fmt.Errorf("prove record %d: %w: the tiles do not lead to the checkpoint", seq, ErrDamaged)
	}
	return hashes, nil
}

// Prove makes the tlog-proof of a record. Its extra data is the leaf, so that the file can be checked alone.
func (p *Prover) Prove(seq uint64) (*tlog.Proof, error) {
	leaf, err := p.reader.Leaf(seq)
	if err != nil {
		return nil, err
	}
	hashes, err := p.Hashes(seq, leaf)
	if err != nil {
		return nil, err
	}
	return &tlog.Proof{Extra: leaf, Index: seq, Hashes: hashes, Checkpoint: p.checkpoint}, nil
}

// Consistency proves that the tree of one size grew out of that of a smaller one (RFC 6962 §2.1.2). Neither may be larger than the checkpoint.
func (p *Prover) Consistency(old, size uint64) ([]Hash, error) {
	if size > p.checkpoint.Size {
		return nil, fmt.Errorf("size %d: %w", size, ErrUnpublished)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return tlog.Consistency(p.nodes, old, size)
}

// RootAt is the root of the tree at a size that the checkpoint covers.
func (p *Prover) RootAt(size uint64) (Hash, error) {
	if size > p.checkpoint.Size {
		return Hash{}, fmt.Errorf("size %d: %w", size, ErrUnpublished)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return tlog.RootAt(p.nodes, size)
}

// Prove makes the tlog-proof of a record against the newest checkpoint. It returns ErrUnpublished (wrapped) where none covers it yet;
// see Published.
func (l *Log) Prove(seq uint64) (*tlog.Proof, error) {
	p, err := OpenProver(l.o.Dir)
	if err != nil {
		return nil, err
	}
	proof, err := p.Prove(seq)
	return proof, errors.Join(err, p.Close())
}

// Consistency proves that the tree of one size grew out of that of a smaller one.
func (l *Log) Consistency(old, size uint64) ([]Hash, error) {
	p, err := OpenProver(l.o.Dir)
	if err != nil {
		return nil, err
	}
	proof, err := p.Consistency(old, size)
	return proof, errors.Join(err, p.Close())
}

// Prove makes the tlog-proof of an exchange or event in a data directory. An exchange has several records: the proof is of
// its last one, which says how it ended and names what went before; which chooses another by its kind ("intent",
// "outcome", "aborted"). It returns ErrNotFound (wrapped) where there is none and ErrUnpublished (wrapped) where the newest
// checkpoint does not cover it yet.
func Prove(dir, id, which string) (*tlog.Proof, error) {
	x, err := Show(dir, nil, id, false)
	if err != nil {
		return nil, err
	}
	record := x.Records[len(x.Records)-1]
	if which != "" {
		found := false
		for _, r := range x.Records {
			if r.Kind == which {
				record, found = r, true
			}
		}
		if !found {
			return nil, fmt.Errorf("%s has no %s: %w", id, which, ErrNotFound)
		}
	}
	p, err := OpenProver(dir)
	if err != nil {
		return nil, err
	}
	proof, err := p.Prove(record.Seq)
	return proof, errors.Join(err, p.Close())
}
