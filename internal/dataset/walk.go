package dataset

import (
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// WalkOptions say which files Walk finds. A pattern without a slash is compared with the last part of a path, any other
// with the path below the argument; "**" stands for any number of folders, the rest is as in path.Match.
type WalkOptions struct {
	Include []string // empty means all
	Exclude []string // files and folders; goes before Include
}

// Walk calls file for each regular file in paths and below them, in the order of paths and then of names. Folders called
// ".git" are left out. Symbolic links are followed in paths only: below, they are told to skipped like everything else
// that is no regular file or cannot be read. It returns the error of file or of ctx, or that of a malformed pattern.
func Walk(ctx context.Context, paths []string, o WalkOptions, file func(*File) error, skipped func(path, reason string)) error {
	for _, p := range append(append([]string{}, o.Include...), o.Exclude...) {
		if _, err := path.Match(p, ""); err != nil {
			return err
		}
	}
	w := walker{ctx, o, file, skipped}
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			skipped(p, reasonOf(err))
			continue
		}
		if err := w.visit(p, "", info); err != nil {
			return err
		}
	}
	return nil
}

type walker struct {
	ctx     context.Context
	o       WalkOptions
	file    func(*File) error
	skipped func(path, reason string)
}

// visit goes on at p, which is rel below the argument.
func (w walker) visit(p, rel string, info fs.FileInfo) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if rel != "" && matchAny(w.o.Exclude, rel) {
		return nil
	}
	switch {
	case info.IsDir():
		return w.folder(p, rel)
	case !info.Mode().IsRegular():
		w.skipped(filepath.ToSlash(p), notRegular(info.Mode()))
		return nil
	}
	if rel == "" {
		rel = filepath.Base(p)
		if matchAny(w.o.Exclude, rel) {
			return nil
		}
	}
	if len(w.o.Include) > 0 && !matchAny(w.o.Include, rel) {
		return nil
	}
	return w.file(&File{Path: filepath.ToSlash(p), Size: info.Size()})
}

func (w walker) folder(p, rel string) error {
	entries, err := os.ReadDir(p)
	if err != nil {
		w.skipped(filepath.ToSlash(p), reasonOf(err))
	}
	for _, e := range entries {
		if e.Name() == ".git" {
			continue
		}
		below := filepath.Join(p, e.Name())
		info, err := e.Info()
		if err != nil {
			w.skipped(filepath.ToSlash(below), reasonOf(err))
			continue
		}
		if err := w.visit(below, path.Join(rel, e.Name()), info); err != nil {
			return err
		}
	}
	return nil
}

func notRegular(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return "symbolic link, not followed"
	case m&fs.ModeNamedPipe != 0:
		return "named pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	case m&fs.ModeDevice != 0:
		return "device"
	case m.IsDir():
		return "folder"
	}
	return "no regular file"
}

func matchAny(patterns []string, rel string) bool {
	for _, p := range patterns {
		if !strings.Contains(strings.TrimSuffix(p, "/"), "/") {
			if ok, _ := path.Match(strings.TrimSuffix(p, "/"), path.Base(rel)); ok {
				return true
			}
		} else if matchParts(strings.Split(strings.Trim(p, "/"), "/"), strings.Split(rel, "/")) {
			return true
		}
	}
	return false
}

func matchParts(pattern, parts []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == "**" {
			for i := 0; i <= len(parts); i++ {
				if matchParts(pattern[1:], parts[i:]) {
					return true
				}
			}
			return false
		}
		if len(parts) == 0 {
			return false
		}
		if ok, _ := path.Match(pattern[0], parts[0]); !ok {
			return false
		}
		pattern, parts = pattern[1:], parts[1:]
	}
	return len(parts) == 0
}
