package vulndb

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
)

// blockSize is the size of the blocks whose digests a manifest names, in bytes; the last one of a file is shorter.
const blockSize = 256 << 10

// maxCached bounds the blocks of one file that are kept, 64 MiB.
const maxCached = 256

// blocks reads a file of a snapshot. Every byte that it returns is in a block whose digest is that of the manifest; another is
// ErrCorrupt (wrapped). So a look-up need not read the whole file to trust what it finds. Not safe for concurrent use.
type blocks struct {
	file  *os.File
	name  string
	size  int64
	sums  []string // hex of the SHA-256 of each block
	cache map[int64][]byte
}

func openBlocks(path, name string, size int64, sums []string) (*blocks, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %s is missing", ErrCorrupt, name)
	}
	info, err := f.Stat()
	if err != nil || info.Size() != size || int64(len(sums)) != (size+blockSize-1)/blockSize {
		_ = f.Close()
		return nil, fmt.Errorf("%w: %s has another size than the manifest says", ErrCorrupt, name)
	}
	return &blocks{file: f, name: name, size: size, sums: sums, cache: map[int64][]byte{}}, nil
}

// Close closes the file.
func (b *blocks) Close() error { return b.file.Close() }

// ReadAt reads as io.ReaderAt does.
func (b *blocks) ReadAt(p []byte, at int64) (int, error) {
	n := 0
	for n < len(p) {
		if at >= b.size {
			return n, io.EOF
		}
		block, err := b.block(at / blockSize)
		if err != nil {
			return n, err
		}
		k := copy(p[n:], block[at%blockSize:])
		n += k
		at += int64(k)
	}
	return n, nil
}

func (b *blocks) block(i int64) ([]byte, error) {
	if block, known := b.cache[i]; known {
		return block, nil
	}
	block := make([]byte, min(blockSize, b.size-i*blockSize))
	if _, err := b.file.ReadAt(block, i*blockSize); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read %s: %w", b.name, err)
	}
	sum := sha256.Sum256(block)
	if hex.EncodeToString(sum[:]) != b.sums[i] {
		return nil, fmt.Errorf("%w: %s has other content than the manifest says", ErrCorrupt, b.name)
	}
	if len(b.cache) >= maxCached {
		clear(b.cache)
	}
	b.cache[i] = block
	return block, nil
}

// blockSums takes the digests of blocks of what is written to it.
type blockSums struct {
	hash hash.Hash
	fill int
	size int64
	sums []string
}

func newBlockSums() *blockSums { return &blockSums{hash: sha256.New()} }

// Write never fails.
func (s *blockSums) Write(p []byte) (int, error) {
	n := len(p)
	s.size += int64(n)
	for len(p) > 0 {
		k := min(len(p), blockSize-s.fill)
		s.hash.Write(p[:k])
		s.fill += k
		p = p[k:]
		if s.fill == blockSize {
			s.end()
		}
	}
	return n, nil
}

func (s *blockSums) end() {
	if s.fill > 0 {
		s.sums = append(s.sums, hex.EncodeToString(s.hash.Sum(nil)))
		s.hash.Reset()
		s.fill = 0
	}
}
