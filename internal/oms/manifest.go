package oms

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/zeebo/blake3"
	"golang.org/x/crypto/blake2b"
)

// defaultIgnored are left out at the root of a model.
var defaultIgnored = []string{".git", ".gitattributes", ".github", ".gitignore"}

// newHash returns the hash of a name in the format; nil for an unknown one.
func newHash(name string) hash.Hash {
	switch name {
	case "sha256":
		return sha256.New()
	case "blake2b":
		h, _ := blake2b.New512(nil)
		return h
	case "blake3":
		return blake3.New()
	}
	return nil
}

// unit is what one resource is the digest of.
type unit struct {
	name     string
	path     string
	from, to int64
}

// files lists the regular files of a model that a signature covers, by slash-separated names relative to it, in order of code points.
func files(root string, ignore []string, allowSymlinks bool) ([]string, error) {
	var names []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		switch {
		case name == ".":
			return nil
		case slices.Contains(ignore, name):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return nil
		case d.Type()&fs.ModeSymlink != 0 && !allowSymlinks:
			return fmt.Errorf("%s is a symbolic link", name)
		case !d.Type().IsRegular() && d.Type()&fs.ModeSymlink == 0:
			return fmt.Errorf("%s is no regular file", name)
		case !isRelative(name):
			return fmt.Errorf("%q is no name that a signature can hold", name)
		}
		names = append(names, name)
		return nil
	})
	slices.Sort(names)
	return names, err
}

// units divides a model into what its resources are digests of.
func units(root string, names []string, s *Serialization) ([]unit, error) {
	var out []unit
	for _, name := range names {
		p := filepath.Join(root, filepath.FromSlash(name))
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if s.Method == "files" {
			out = append(out, unit{name: name, path: p, to: info.Size()})
			continue
		}
		for at := int64(0); at < info.Size(); at += s.ShardSize {
			end := min(at+s.ShardSize, info.Size())
			out = append(out, unit{name: fmt.Sprintf("%s:%d:%d", name, at, end), path: p, from: at, to: end})
		}
	}
	if s.Method == "shards" {
		slices.SortFunc(out, func(a, b unit) int { return strings.Compare(a.name, b.name) })
	}
	return out, nil
}

// splitShard takes a shard's name apart at its last two colons.
func splitShard(name string) (file string, from, to int64, err error) {
	k := strings.LastIndexByte(name, ':')
	j := -1
	if k > 0 {
		j = strings.LastIndexByte(name[:k], ':')
	}
	if j < 0 {
		return "", 0, 0, fmt.Errorf("%w: a shard without its range", ErrMalformed)
	}
	from, err1 := strconv.ParseInt(name[j+1:k], 10, 64)
	to, err2 := strconv.ParseInt(name[k+1:], 10, 64)
	if err := errors.Join(err1, err2); err != nil || from < 0 || to <= from {
		return "", 0, 0, fmt.Errorf("%w: a shard's range", ErrMalformed)
	}
	return name[:j], from, to, nil
}

// digests hashes units, several at once.
func digests(ctx context.Context, all []unit, hashType string, workers int) ([]Resource, error) {
	out := make([]Resource, len(all))
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	next := make(chan int)
	for range max(workers, 1) {
		wg.Go(func() {
			buf := make([]byte, 1<<20)
			for i := range next {
				out[i], errs[i] = digest(ctx, &all[i], hashType, buf)
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	wg.Wait()
	return out, errors.Join(errs...)
}

func digest(ctx context.Context, u *unit, hashType string, buf []byte) (Resource, error) {
	f, err := os.Open(u.path)
	if err != nil {
		return Resource{}, err
	}
	defer f.Close()
	h := newHash(hashType)
	n, err := io.CopyBuffer(h, contextReader{ctx, io.NewSectionReader(f, u.from, u.to-u.from)}, buf)
	if err == nil && n != u.to-u.from {
		err = fmt.Errorf("%s changed while it was read", u.name)
	}
	return Resource{Name: u.name, Digest: hex.EncodeToString(h.Sum(nil)), Algorithm: hashType}, err
}

type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// rootDigest is SHA-256 over the digests of the resources, in their order, in lower-case hex.
func rootDigest(rs []Resource) (string, error) {
	h := sha256.New()
	for i := range rs {
		b, err := hex.DecodeString(rs[i].Digest)
		if err != nil {
			return "", err
		}
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// ignored are the paths that a signature does not cover, relative to the model, sorted.
func ignored(root, signature string, more []string) ([]string, error) {
	out := slices.Clone(defaultIgnored)
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	for i, p := range append([]string{signature}, more...) {
		if p == "" {
			continue
		}
		a, err := filepath.Abs(p)
		if err != nil {
			return nil, err
		}
		rel, err := filepath.Rel(abs, a)
		if err == nil && filepath.IsLocal(rel) {
			out = append(out, filepath.ToSlash(rel))
			continue
		}
		if i > 0 && filepath.IsLocal(p) { // a path relative to the model
			out = append(out, path.Clean(filepath.ToSlash(p)))
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
