package backup

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json"
)

const (
	maxManifest = 64 << 20
	maxFiles    = 1 << 20
)

// Unpack lays the files of backups into a new folder and returns their manifests. Each file is held against its digest; what the
// list does not name is not taken. Two backups must not hold the same file.
func Unpack(ctx context.Context, backups []string, to string) ([]*Manifest, error) {
	if err := os.Mkdir(to, 0o700); err != nil {
		return nil, err
	}
	have := map[string]string{}
	var all []*Manifest
	for _, from := range backups {
		unpack := unpackDir
		if info, err := os.Stat(from); err != nil {
			return nil, fmt.Errorf("read backup: %w", err)
		} else if !info.IsDir() {
			unpack = unpackTar
		}
		m, err := unpack(ctx, from, to)
		if err != nil {
			return nil, fmt.Errorf("read backup %s: %w", from, err)
		}
		for _, f := range m.Files {
			if other, twice := have[f.Name]; twice {
				return nil, fmt.Errorf("%s and %s both hold %s: give one of them", other, from, f.Name)
			}
			have[f.Name] = from
		}
		all = append(all, m)
	}
	return all, nil
}

// Is reports whether a folder is a backup. Its log has no tiles.
func Is(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, ManifestFile))
	return err == nil
}

func parseManifest(b []byte) (*Manifest, error) {
	m := &Manifest{}
	if err := json.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("%s: %w", ManifestFile, ErrNotBackup)
	}
	if m.Format != format {
		if strings.HasPrefix(m.Format, "reeve.backup/") {
			return nil, fmt.Errorf("format %q is not known: use the reeve that wrote it, or a newer one: %w", m.Format, ErrNotBackup)
		}
		return nil, fmt.Errorf("%s: %w", ManifestFile, ErrNotBackup)
	}
	seen := map[string]bool{}
	for _, f := range m.Files {
		if !fileName.MatchString(f.Name) || seen[f.Name] || f.Size < 0 || len(m.Files) > maxFiles {
			return nil, fmt.Errorf("%s lists a file that no backup holds: %w", ManifestFile, ErrNotBackup)
		}
		if isKeys(f.Name) && m.Holds == Log || !isKeys(f.Name) && m.Holds == Keys {
			return nil, fmt.Errorf("%s lists what a backup of this kind does not hold: %w", ManifestFile, ErrNotBackup)
		}
		seen[f.Name] = true
	}
	return m, nil
}

func unpackDir(ctx context.Context, from, to string) (*Manifest, error) {
	f, err := os.Open(filepath.Join(from, ManifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s: %w", ManifestFile, ErrNotBackup)
	}
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	m, err := parseManifest(b)
	if err != nil {
		return nil, err
	}
	for i := range m.Files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := unpackFile(from, to, &m.Files[i]); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func unpackFile(from, to string, want *File) error {
	f, err := os.Open(filepath.Join(from, filepath.FromSlash(want.Name)))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is missing: %w", want.Name, ErrNotBackup)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	got, err := place(to, want.Name, f, want.Size+1)
	if err != nil {
		return err
	}
	return got.same(want)
}

func (f *File) same(want *File) error {
	if f.Size != want.Size || f.SHA256 != want.SHA256 {
		return fmt.Errorf("%s is not the file that was backed up: %w", want.Name, ErrNotBackup)
	}
	return nil
}

// place writes one file and says what it was.
func place(to, name string, from io.Reader, limit int64) (*File, error) {
	path := filepath.Join(to, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	h := newHashing(io.LimitReader(from, limit))
	_, err = io.Copy(f, h)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	return &File{name, h.n, h.digest()}, nil
}

// unpackTar takes every file that a backup may hold, the last of a name, and then removes what the list does not name.
func unpackTar(ctx context.Context, from, to string) (*Manifest, error) {
	f, err := os.Open(from)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	got := map[string]*File{}
	var list []byte
	for in := tar.NewReader(f); ; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotBackup, err)
		}
		switch {
		case h.Typeflag == tar.TypeReg && h.Name == ManifestFile:
			if list, err = io.ReadAll(io.LimitReader(in, maxManifest)); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrNotBackup, err)
			}
		case h.Typeflag == tar.TypeReg && fileName.MatchString(h.Name) && len(got) < maxFiles:
			if _, err := os.Lstat(filepath.Join(to, h.Name)); err == nil && got[h.Name] == nil {
				return nil, fmt.Errorf("another backup holds %s too: give one of them", h.Name)
			}
			if got[h.Name], err = place(to, h.Name, in, h.Size); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("it holds what no backup holds: %w", ErrNotBackup)
		}
	}
	return checkTar(got, list, to)
}

func checkTar(got map[string]*File, list []byte, to string) (*Manifest, error) {
	if list == nil {
		return nil, fmt.Errorf("there is no %s at its end: %w", ManifestFile, ErrNotBackup)
	}
	m, err := parseManifest(list)
	if err != nil {
		return nil, err
	}
	for i := range m.Files {
		want := &m.Files[i]
		if got[want.Name] == nil {
			return nil, fmt.Errorf("%s is missing: %w", want.Name, ErrNotBackup)
		}
		if err := got[want.Name].same(want); err != nil {
			return nil, err
		}
		delete(got, want.Name)
	}
	for name := range got { // a segment in the form that it had before it was sealed
		if err := os.Remove(filepath.Join(to, filepath.FromSlash(name))); err != nil {
			return nil, err
		}
	}
	return m, nil
}
