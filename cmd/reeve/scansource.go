package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/reeve-ai/reeve/internal/audit"
	"github.com/reeve-ai/reeve/internal/dataset"
	"github.com/reeve-ai/reeve/internal/label"
	"github.com/reeve-ai/reeve/internal/report"
)

// gitFlags choose files by what git knows of them.
type gitFlags struct {
	staged bool
	since  string
	lines  bool
}

func (g *gitFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&g.staged, "staged", false, "scan what the next commit changes, as it is staged")
	f.StringVar(&g.since, "since", "", "scan the files that differ from a revision")
	f.BoolVar(&g.lines, "changed-lines", false, "with --staged or --since: only findings on changed lines count")
}

func (g *gitFlags) none() bool { return !g.staged && g.since == "" }

// scanSource is what is scanned.
type scanSource struct {
	paths []string
	named []audit.Named
}

func (s *scanSource) run(ctx context.Context, o audit.Options) (*report.Summary, error) {
	if s.named != nil {
		return audit.RunSources(ctx, s.named, o)
	}
	return audit.Run(ctx, s.paths, o)
}

// source finds out what is to be scanned.
func (s *scanFlags) source(c *cobra.Command, args []string, o *audit.Options) (*scanSource, error) {
	switch {
	case s.stdin:
		return stdinSource(c.InOrStdin(), s.stdinName)
	case s.git.none():
		return &scanSource{paths: args}, nil
	}
	git, err := audit.OpenGit(c.Context(), ".")
	if err != nil {
		return nil, usage("run it inside a git repository", "%w", err)
	}
	o.Root = git.Dir()
	if s.git.lines {
		if o.Lines, err = git.Lines(c.Context(), s.git.staged, s.git.since); err != nil {
			return nil, usage("", "%w", err)
		}
	}
	if s.git.staged {
		named, err := git.Staged(c.Context(), nil)
		if err != nil {
			return nil, usage("", "%w", err)
		}
		return &scanSource{named: append([]audit.Named{}, named...)}, nil
	}
	paths, err := git.Since(c.Context(), s.git.since, nil)
	if err != nil {
		return nil, usage("give --since a branch, a tag or a commit", "%w", err)
	}
	return &scanSource{paths: relative(paths)}, nil
}

// relative names paths below the working directory relative to it.
func relative(paths []string) []string {
	dir, err := os.Getwd()
	if err != nil {
		return paths
	}
	for i, p := range paths {
		if rel, err := filepath.Rel(dir, p); err == nil && filepath.IsLocal(rel) {
			paths[i] = rel
		}
	}
	return paths
}

// stdinSource puts standard input into a file without a name, because readers of some formats begin at the end.
func stdinSource(in io.Reader, name string) (*scanSource, error) {
	open := func() (dataset.Source, error) {
		f, err := os.CreateTemp("", "reeve-stdin-*")
		if err != nil {
			return nil, err
		}
		_ = os.Remove(f.Name())
		n, err := io.Copy(f, in)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return &heldFile{f, n}, nil
	}
	held, err := open()
	if err != nil {
		return nil, err
	}
	return &scanSource{named: []audit.Named{{Path: name, Open: func() (dataset.Source, error) { return held, nil }}}}, nil
}

// heldFile is a Source that stays open until the program ends.
type heldFile struct {
	f    *os.File
	size int64
}

func (h *heldFile) ReadAt(p []byte, off int64) (int, error) { return h.f.ReadAt(p, off) }
func (h *heldFile) Size() int64                             { return h.size }

func loadLabels(path string) (*label.Policy, error) {
	if path == "" {
		return label.Default(), nil
	}
	return label.Load(path)
}

// bufferedOutput saves a system call for each finding.
func bufferedOutput(w io.Writer) (io.Writer, func() error, error) {
	b := bufio.NewWriterSize(w, 256<<10)
	return b, b.Flush, nil
}

// terminal reports whether w is one.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// unread reports whether the report goes where nobody can read it, to the null device: then it need not be written.
func (t *tellFlags) unread(stdout io.Writer) bool {
	null, err := os.Stat(os.DevNull)
	if err != nil {
		return false
	}
	if t.output != "" && t.output != "-" {
		info, err := os.Stat(t.output)
		return err == nil && os.SameFile(info, null)
	}
	f, ok := stdout.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && os.SameFile(info, null)
}

// colorful reports whether w may get colours (no-color.org).
func colorful(w io.Writer) bool { return os.Getenv("NO_COLOR") == "" && terminal(w) }
