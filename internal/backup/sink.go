package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// sink takes the files of a backup. A file that is put twice counts as it was put last.
type sink interface {
	put(name string, size int64, from io.Reader) error
	// finish makes everything durable; keep are the names that belong to the backup.
	finish(keep map[string]bool) error
	abort()
}

func newSink(dest string) (sink, error) {
	if _, err := os.Lstat(dest); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", dest, ErrExists)
	}
	if strings.HasSuffix(dest, ".tar") {
		f, err := os.OpenFile(dest+".partial", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, err
		}
		return &tarSink{dest: dest, f: f, w: tar.NewWriter(f)}, nil
	}
	return &dirSink{dir: dest}, os.MkdirAll(dest, 0o700)
}

type dirSink struct{ dir string }

func (s *dirSink) put(name string, size int64, from io.Reader) error {
	path := filepath.Join(s.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, from, size)
	return errors.Join(err, f.Sync(), f.Close())
}

func (s *dirSink) finish(keep map[string]bool) error {
	var dirs []string
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			dirs = append(dirs, path)
			return nil
		}
		name, err := filepath.Rel(s.dir, path)
		if err == nil && !keep[filepath.ToSlash(name)] { // a segment that was sealed meanwhile and is here in its new form
			err = os.Remove(path)
		}
		return err
	})
	for _, d := range append(dirs, filepath.Dir(s.dir)) {
		err = errors.Join(err, syncDir(d))
	}
	return err
}

// abort leaves what was copied for somebody to look at: without its list it is no backup.
func (s *dirSink) abort() {}

type tarSink struct {
	dest string
	f    *os.File
	w    *tar.Writer
}

func (s *tarSink) put(name string, size int64, from io.Reader) error {
	err := s.w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: time.Unix(0, 0), Format: tar.FormatPAX})
	if err != nil {
		return err
	}
	_, err = io.CopyN(s.w, from, size)
	return err
}

func (s *tarSink) finish(map[string]bool) error {
	if err := errors.Join(s.w.Close(), s.f.Sync(), s.f.Close()); err != nil {
		return err
	}
	if err := os.Link(s.f.Name(), s.dest); err != nil { // as rename, but it replaces nothing
		return err
	}
	return errors.Join(os.Remove(s.f.Name()), syncDir(filepath.Dir(s.dest)))
}

func (s *tarSink) abort() {
	_ = s.f.Close()
	_ = os.Remove(s.f.Name())
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// hashing passes bytes on and computes their digest.
type hashing struct {
	from io.Reader
	sum  interface {
		io.Writer
		Sum([]byte) []byte
	}
	n int64
}

func newHashing(from io.Reader) *hashing { return &hashing{from: from, sum: sha256.New()} }

// Read implements io.Reader.
func (h *hashing) Read(p []byte) (int, error) {
	n, err := h.from.Read(p)
	h.sum.Write(p[:n])
	h.n += int64(n)
	return n, err
}

func (h *hashing) digest() string { return hex.EncodeToString(h.sum.Sum(nil)) }
