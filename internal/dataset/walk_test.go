package dataset_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/dataset"
)

func writeFiles(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func walk(t *testing.T, dir string, o dataset.WalkOptions, paths ...string) (files, skipped []string) {
	t.Helper()
	short := func(path string) string { return strings.TrimPrefix(path, filepath.ToSlash(dir)+"/") }
	err := dataset.Walk(context.Background(), paths, o,
		func(f *dataset.File) error { files = append(files, short(f.Path)); return nil },
		func(path, reason string) { skipped = append(skipped, short(path)+": "+reason) })
	if err != nil {
		t.Fatal(err)
	}
	return files, skipped
}

func TestWalk(t *testing.T) {
	dir := writeFiles(t, "b.txt", "a/c.jsonl", "a/d/e.go", ".git/config", "a/.hidden")
	for name, target := range map[string]string{"a/loop": dir, "a/link": filepath.Join(dir, "b.txt")} {
		if err := os.Symlink(target, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Fatal(err)
		}
	}
	links := []string{"a/link: symbolic link, not followed", "a/loop: symbolic link, not followed"}
	for _, c := range []struct {
		name    string
		o       dataset.WalkOptions
		paths   []string
		files   []string
		skipped []string
	}{
		{"all", dataset.WalkOptions{}, []string{""}, []string{"a/.hidden", "a/c.jsonl", "a/d/e.go", "b.txt"}, links},
		{"a link that is given", dataset.WalkOptions{}, []string{"a/link"}, []string{"a/link"}, nil},
		{"include", dataset.WalkOptions{Include: []string{"*.go", "a/*.jsonl"}}, []string{""}, []string{"a/c.jsonl", "a/d/e.go"}, links},
		{"exclude", dataset.WalkOptions{Exclude: []string{"a/**/*.go", ".hidden"}}, []string{""}, []string{"a/c.jsonl", "b.txt"}, links},
		{"exclude a folder", dataset.WalkOptions{Exclude: []string{"a/"}}, []string{""}, []string{"b.txt"}, nil},
		{"nothing there", dataset.WalkOptions{}, []string{"x", "b.txt"}, []string{"b.txt"}, []string{"x: does not exist"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var paths []string
			for _, p := range c.paths {
				paths = append(paths, filepath.Join(dir, p))
			}
			files, skipped := walk(t, dir, c.o, paths...)
			if diff := cmp.Diff(c.files, files); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.skipped, skipped); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// changing is a Visitor that changes the file that it is given.
type changing struct {
	collector
	path string
}

func (c *changing) Block(*dataset.Block) error {
	f, err := os.OpenFile(c.path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString("more")
	return err
}

func TestFileThatChanges(t *testing.T) {
	dir := writeFiles(t, "a.txt")
	v := &changing{path: filepath.Join(dir, "a.txt")}
	f := &dataset.File{Path: v.path}
	if err := f.Read(context.Background(), dataset.Limits{}, v); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{v.path + ": changed while it was read"}, v.skipped); diff != "" {
		t.Error(diff)
	}
}

func TestFileThatCannotBeRead(t *testing.T) {
	dir := writeFiles(t, "a.txt")
	for path, want := range map[string]string{filepath.Join(dir, "no"): "does not exist", dir: "folder", os.DevNull: "device"} {
		c := &collector{t: t}
		f := &dataset.File{Path: path}
		if err := f.Read(context.Background(), dataset.Limits{}, c); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{path + ": " + want}, c.skipped); diff != "" {
			t.Error(diff)
		}
	}
}
