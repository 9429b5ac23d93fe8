package redact

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/dataset"
	"github.com/reeve-ai/reeve/internal/inspect"
)

// Options say how a run is done.
type Options struct {
	Inspector *inspect.Inspector
	Policy    *Policy
	Key       Key
	Known     *Surrogates // surrogates of an earlier run, which stay; may be nil
	Limits    dataset.Limits
	Walk      dataset.WalkOptions
	Force     bool // replace files that are there
	Clock     reeve.Clock
	Done      func(path string, size int64) // called after each file; may be nil
}

// Mistakes in what a run was asked for.
var (
	ErrExists = errors.New("is there already")
	ErrInside = errors.New("input and output lie in one another")
)

// SidecarName is the path of the sidecar for an output.
func SidecarName(out string) string { return filepath.Clean(out) + ".surrogates" }

// runner is one run.
type runner struct {
	Options
	ops        *operators
	surrogates *Surrogates
	report     *Report
	in, out    string
	folder     bool
}

// Run redacts the file or folder in to out, which is a folder if in is one. Files get mode 0600, folders 0700. A file is
// put in place when it has been read again and nothing was found. What could not be written is in the report, not an
// error; errors are mistakes in the options and failures of the machine.
func Run(ctx context.Context, in, out string, o Options) (_ *Report, err error) {
	ops, err := newOperators(o.Policy, o.Key, o.Clock().Year())
	if err != nil {
		return nil, err
	}
	r := &runner{Options: o, ops: ops, in: filepath.Clean(in), out: filepath.Clean(out), report: &Report{SchemaVersion: 1, Files: []File{}, Skipped: []Skipped{}}}
	if err := r.prepare(); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(o.Policy.Operators(), func(op Operator) bool { return op.Surrogates() }) {
		if r.surrogates, err = NewSurrogates(o.Key, filepath.Dir(r.out)); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, r.surrogates.Close()) }()
	}
	if err := r.files(ctx, r.redact); err != nil {
		return nil, err
	}
	if r.surrogates != nil {
		if err := r.writeSidecar(); err != nil {
			return nil, err
		}
	}
	r.sum()
	return r.report, nil
}

// prepare refuses outputs that would overwrite something, and makes the folder.
func (r *runner) prepare() error {
	info, err := os.Stat(r.in)
	if err != nil {
		return fmt.Errorf("open input: %w", err)
	}
	r.folder = info.IsDir()
	if lieInOneAnother(r.in, r.out) {
		return fmt.Errorf("%s and %s: %w", r.in, r.out, ErrInside)
	}
	if there, err := os.Stat(r.out); err == nil {
		if there.IsDir() != r.folder {
			return fmt.Errorf("%s %w, and is not of the same sort as %s", r.out, ErrExists, r.in)
		}
		if !r.Force {
			return fmt.Errorf("%s %w", r.out, ErrExists)
		}
	}
	if _, err := os.Stat(SidecarName(r.out)); err == nil && !r.Force {
		return fmt.Errorf("%s %w", SidecarName(r.out), ErrExists)
	}
	if !r.folder {
		return nil
	}
	if err := os.MkdirAll(r.out, 0o700); err != nil {
		return fmt.Errorf("make output folder: %w", err)
	}
	return nil
}

// lieInOneAnother compares the paths behind all symbolic links.
func lieInOneAnother(a, b string) bool {
	a, b = resolved(a), resolved(b)
	return a == b || strings.HasPrefix(a, b+string(filepath.Separator)) || strings.HasPrefix(b, a+string(filepath.Separator))
}

func resolved(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real
	}
	return filepath.Join(resolvedDir(filepath.Dir(abs)), filepath.Base(abs))
}

func resolvedDir(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real
	}
	return dir
}

// files calls do for each input file with the path of its output.
func (r *runner) files(ctx context.Context, do func(ctx context.Context, path, out string) error) error {
	return dataset.Walk(ctx, []string{r.in}, r.Walk, func(f *dataset.File) error {
		out := r.out
		if r.folder {
			rel, err := filepath.Rel(r.in, filepath.FromSlash(f.Path))
			if err != nil || !filepath.IsLocal(rel) {
				return r.skip(f.Path, "its path leaves the folder")
			}
			out = filepath.Join(r.out, rel)
		}
		if err := do(ctx, f.Path, out); err != nil {
			return err
		}
		if r.Done != nil {
			r.Done(f.Path, f.Size)
		}
		return nil
	}, func(path, reason string) { _ = r.skip(path, reason) })
}

func (r *runner) skip(path, reason string) error {
	r.report.Skipped = append(r.report.Skipped, Skipped{path, reason})
	return nil
}

// redact is files' way with one file.
func (r *runner) redact(ctx context.Context, path, out string) error {
	return r.attempt(ctx, path, out, func(src *input) error {
		f, err := r.redactFile(ctx, path, out, src)
		if err == nil {
			r.report.Files = append(r.report.Files, *f)
		}
		return err
	})
}

// attempt opens a file and has it written. Where the reason of a failure lies in the file, the report tells it.
func (r *runner) attempt(ctx context.Context, path, out string, do func(src *input) error) error {
	if _, err := os.Lstat(out); err == nil && !r.Force {
		return r.skip(path, "its output is there already")
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o700); err != nil {
		return fmt.Errorf("make output folder: %w", err)
	}
	src, err := openInput(path)
	if err != nil {
		return r.skip(path, reasonOf(err))
	}
	defer src.Close()
	err = do(src)
	var read *fs.PathError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, dataset.ErrCannotRewrite):
		_, reason, _ := strings.Cut(err.Error(), dataset.ErrCannotRewrite.Error()+": ")
		return r.skip(path, "cannot be rewritten: "+reason)
	case errors.Is(err, errChanged), errors.As(err, &read) && read.Path == path:
		return r.skip(path, reasonOf(err))
	}
	return err
}

// reasonOf is the innermost words of an error.
func reasonOf(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// writeSidecar puts the sidecar beside the output.
func (r *runner) writeSidecar() error {
	name := SidecarName(r.out)
	tmp, err := createBeside(name)
	if err != nil {
		return fmt.Errorf("write surrogates: %w", err)
	}
	defer tmp.discard()
	if _, err := r.surrogates.WriteTo(tmp.file); err != nil {
		return fmt.Errorf("write surrogates: %w", err)
	}
	if err := tmp.place(name); err != nil {
		return fmt.Errorf("write surrogates: %w", err)
	}
	r.report.Surrogates = filepath.ToSlash(name)
	return nil
}

func (r *runner) sum() {
	for i := range r.report.Files {
		f := &r.report.Files[i]
		r.report.Remaining += f.Remaining
		for _, c := range f.Counts {
			r.report.Redacted += c.N
		}
	}
	slices.SortFunc(r.report.Skipped, func(a, b Skipped) int { return cmp.Compare(a.Path, b.Path) })
	r.report.Clean = r.report.Remaining == 0 && len(r.report.Skipped) == 0
}
