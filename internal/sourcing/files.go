package sourcing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve/internal/attest"
)

// Skip is a path that was not read, and why.
type Skip struct{ Path, Reason string }

// Files are the files of a data set's folder.
type Files struct {
	Files   []attest.File // ascending by path
	Skipped []Skip
}

// ours reports whether a path is no data: the manifest, statements, what version control and reeve keep.
func ours(rel string) bool {
	base := path.Base(rel)
	return base == FileName || base == ".git" || base == ".reeve" || base == ".DS_Store" || strings.HasSuffix(base, ".intoto.jsonl")
}

// Beside reports whether a path below a folder is no part of what the folder holds: it or a folder above it is the manifest,
// a statement, or what version control and reeve keep.
func Beside(rel string) bool {
	for p := rel; p != "." && p != "/"; p = path.Dir(p) {
		if ours(p) {
			return true
		}
	}
	return false
}

// Hash reads every regular file below dir once and returns digests. Symbolic links are not followed: what lies elsewhere
// is not part of the folder. What cannot be read is told, not left out in silence.
func Hash(ctx context.Context, dir string) (*Files, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("open data set: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("open data set: %s is no folder", dir)
	}
	dir, err := filepath.EvalSymlinks(dir) // the folder itself may be given by a link, which WalkDir would not follow
	if err != nil {
		return nil, fmt.Errorf("open data set: %w", err)
	}
	out := &Files{}
	err = filepath.WalkDir(dir, func(full string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		rel, relErr := filepath.Rel(dir, full)
		if relErr != nil {
			return relErr
		}
		if rel = filepath.ToSlash(rel); rel == "." && err == nil {
			return nil
		}
		switch {
		case err != nil:
			out.Skipped = append(out.Skipped, Skip{rel, reason(err)})
			return nil
		case ours(rel) && entry.IsDir():
			return filepath.SkipDir
		case ours(rel), entry.IsDir():
			return nil
		case !entry.Type().IsRegular():
			out.Skipped = append(out.Skipped, Skip{rel, "it is no regular file; symbolic links are not followed"})
			return nil
		}
		f, err := hashFile(full)
		if err != nil {
			out.Skipped = append(out.Skipped, Skip{rel, reason(err)})
			return nil
		}
		f.Path = rel
		out.Files = append(out.Files, f)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out.Files, func(a, b attest.File) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// reason is an error without the path, which stands beside it.
func reason(err error) string {
	s := err.Error()
	if i := strings.LastIndex(s, ": "); i >= 0 {
		s = s[i+2:]
	}
	return s
}

// HashFile reads one file; its path is its name alone.
func HashFile(name string) (attest.File, error) {
	f, err := hashFile(name)
	f.Path = filepath.Base(name)
	return f, err
}

func hashFile(name string) (attest.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return attest.File{}, err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return attest.File{}, err
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return attest.File{}, err
	}
	if after, err := f.Stat(); err != nil || n != before.Size() || after.Size() != n || !after.ModTime().Equal(before.ModTime()) {
		return attest.File{}, fmt.Errorf("it changed while it was read")
	}
	return attest.File{SHA256: hex.EncodeToString(h.Sum(nil)), Size: n}, nil
}

// of are the files that globs mean.
func (f *Files) of(globs []string) []attest.File {
	var out []attest.File
	for _, file := range f.Files {
		if matchAny(globs, file.Path) {
			out = append(out, file)
		}
	}
	return out
}

// digestOf writes a tree as the manifest does.
func digestOf(files []attest.File) (digest string, size int64, err error) {
	t, err := attest.NewTree(files)
	return "sha256:" + t.Root, t.Bytes, err
}

// DigestBytes is the digest of some bytes as the manifest writes it.
func DigestBytes(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// readSmall reads a file below dir that is named in a manifest, up to a bound. It refuses names that lead elsewhere.
func readSmall(dir, name string, most int64) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("more than %d bytes", most)
	}
	return b, err
}
