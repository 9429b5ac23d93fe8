package admission

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Identity tells one state of a file from any other that it had or will have: the inode number is that file's alone while it
// exists, and the change time, which no program can set, moves with every write, rename and link. Times are nanoseconds since 1970.
type Identity struct {
	Dev, Ino     uint64
	Size         int64
	Mtime, Ctime int64
}

// File is a file that a runtime loads.
type File struct {
	Name string // below the model, with slashes; for people
	Path string // as it is opened here
	Want string // SHA-256 in hex that the runtime claims by the file's name; "" where it claims none
}

// Limits of what a model may consist of.
const (
	maxFiles = 20_000
	maxDepth = 16
)

// isStatement knows what is no part of a model: a runtime does not load it, and it is written about the model.
// The gate leaves out the same.
func isStatement(name string) bool {
	return strings.HasSuffix(name, ".intoto.jsonl") || strings.HasSuffix(name, ".cdx.json") ||
		slices.Contains([]string{"model.sig", "bom.json", "sourcing.yaml", "gate.svg"}, name)
}

// folder lists the regular files below dir, in order. Links to files are followed, as the caches of Hugging Face are made of
// them; links to folders are not a form in which models come, and anything else than files and folders cannot be hashed.
func folder(dir string) ([]File, error) {
	var all []File
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if d.IsDir() && rel == ".git" {
			return fs.SkipDir
		}
		if d.IsDir() {
			if strings.Count(rel, string(filepath.Separator)) > maxDepth {
				return fmt.Errorf("%s: more than %d folders deep", dir, maxDepth)
			}
			return nil
		}
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return err
		case info.IsDir():
			return fmt.Errorf("%s: the link leads to a folder", path)
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s: no regular file", path)
		case isStatement(d.Name()):
			return nil
		case len(all) == maxFiles:
			return fmt.Errorf("%s: more than %d files", dir, maxFiles)
		}
		all = append(all, File{Name: filepath.ToSlash(rel), Path: path})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list model: %w", err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("list model: %s holds no file", dir)
	}
	return all, nil
}

// fileOrFolder is a model at a path.
func fileOrFolder(path string) ([]File, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s is not there", path)
	case err != nil:
		return nil, err
	case info.IsDir():
		return folder(path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: no regular file", path)
	}
	return []File{{Name: filepath.Base(path), Path: path}}, nil
}

// links are the symbolic links that lie on the way to a path, outermost first: whoever turns one of them changes what the
// path means although no file has changed.
func links(path string) ([]string, error) {
	var found []string
	for seen := 0; seen < 40; {
		at, turned := string(filepath.Separator), false
		parts := strings.Split(strings.TrimPrefix(filepath.Clean(path), at), at)
		for i, part := range parts {
			at = filepath.Join(at, part)
			info, err := os.Lstat(at)
			if err != nil {
				return nil, err
			}
			if info.Mode()&fs.ModeSymlink == 0 {
				continue
			}
			target, err := os.Readlink(at)
			if err != nil {
				return nil, err
			}
			if !filepath.IsAbs(target) {
				target = filepath.Join(filepath.Dir(at), target)
			}
			found = append(found, at)
			path, turned = filepath.Join(append([]string{target}, parts[i+1:]...)...), true
			seen++
			break
		}
		if !turned {
			return found, nil
		}
	}
	return nil, fmt.Errorf("%s: too many links", path)
}
