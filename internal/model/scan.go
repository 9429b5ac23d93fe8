package model

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/pickle"
)

// Options say what a scan accepts and how far it goes. The zero value is the strictest.
type Options struct {
	Allow  map[string]bool // further imports that are clean, as "module.name"
	Pins   map[string]bool // files that somebody has reviewed, by SHA-256 in hex: their review findings are told and do not count
	Limits Limits
}

// Limits bound the work on one file. Zero values mean the defaults.
type Limits struct {
	Depth   int   // containers within containers; default 6
	Members int   // members of all containers of one file; default 100,000
	Bytes   int64 // unpacked bytes of all members of one file; default 64 GiB
	Ratio   int64 // unpacked to packed, of one member beyond its first 64 MiB; default 200
}

func (l Limits) withDefaults() Limits {
	if l.Depth <= 0 {
		l.Depth = 6
	}
	if l.Members <= 0 {
		l.Members = 100_000
	}
	if l.Bytes <= 0 {
		l.Bytes = 64 << 30
	}
	if l.Ratio <= 0 {
		l.Ratio = 200
	}
	return l
}

// Scanner scans files. It is safe for concurrent use.
type Scanner struct{ opts Options }

// NewScanner returns a Scanner.
func NewScanner(o Options) *Scanner {
	o.Limits = o.Limits.withDefaults()
	return &Scanner{opts: o}
}

// job is the work on one file.
type job struct {
	s       *Scanner
	ctx     context.Context
	r       *Result
	members int
	bytes   int64

	storages map[string][]pickle.Storage // what the pickle of an archive of torch refers to, by the pickle's place
}

// Path is Paths for one path and one worker.
func (s *Scanner) Path(ctx context.Context, path string, tell func(*Result) error) error {
	return s.Paths(ctx, []string{path}, 1, tell)
}

// walk gives the work on a file, or on every regular file below a folder in lexical order, to do. It follows no symbolic link out
// of the folder; a link is told as such. It returns the context's error and that of do, nothing else: what cannot be read is a Result.
func (s *Scanner) walk(ctx context.Context, path string, do func(func() *Result) error) error {
	fails := func(p string, err error) error { return do(func() *Result { return unreadable(p, err) }) }
	info, err := os.Stat(path)
	if err != nil {
		return fails(path, err)
	}
	if !info.IsDir() {
		return do(func() *Result { return s.file(ctx, path) })
	}
	return filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fails(p, err)
		case d.IsDir():
			if p != path && d.Name() == ".git" {
				return fs.SkipDir
			}
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			return s.link(ctx, path, p, do)
		case !d.Type().IsRegular():
			return fails(p, errors.New("neither a file nor a folder"))
		}
		return do(func() *Result { return s.file(ctx, p) })
	})
}

// link scans what a link points to where that lies inside of root, as the caches of model hubs are made of such links.
func (s *Scanner) link(ctx context.Context, root, p string, do func(func() *Result) error) error {
	target, err := filepath.EvalSymlinks(p)
	if err != nil {
		return do(func() *Result { return unreadable(p, err) })
	}
	abs, err1 := filepath.Abs(target)
	base, err2 := filepath.EvalSymlinks(root)
	if err2 == nil {
		base, err2 = filepath.Abs(base)
	}
	if err := errors.Join(err1, err2); err != nil {
		return do(func() *Result { return unreadable(p, err) })
	}
	if rel, err := filepath.Rel(base, abs); err != nil || !filepath.IsLocal(rel) {
		return do(func() *Result { return linkOutside(p) })
	}
	if info, err := os.Stat(target); err == nil && info.IsDir() {
		return nil // its files are met where they lie
	}
	return do(func() *Result { return s.file(ctx, p) })
}

func linkOutside(p string) *Result {
	r := &Result{Path: p, Findings: []reeve.Finding{}}
	r.note(Review, reeve.Finding{
		Rule: "model/link-outside", Message: "a symbolic link leads out of the model's folder", Remedy: "put the file itself into the folder",
	})
	return r
}

func (s *Scanner) file(ctx context.Context, path string) *Result {
	f, err := os.Open(path)
	if err != nil {
		return unreadable(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("no regular file")
	}
	if err != nil {
		return unreadable(path, err)
	}
	return s.Reader(ctx, path, f, info.Size())
}

// Reader scans size bytes of r. path is only a name: what the bytes are is told from the bytes.
func (s *Scanner) Reader(ctx context.Context, path string, r io.ReaderAt, size int64) *Result {
	result := &Result{Path: path, Size: size, Findings: []reeve.Finding{}}
	digest := make(chan error, 1)
	go func() { digest <- hashInto(ctx, result, r, size) }()
	j := &job{s: s, ctx: ctx, r: &Result{Path: path, Findings: result.Findings}}
	j.blob("", baseName(path), io.NewSectionReader(r, 0, size), 0)
	err := <-digest
	result.Verdict, result.Findings, result.Format = j.r.Verdict, j.r.Findings, j.r.Format
	if err != nil {
		result.note(Error, reeve.Finding{Rule: "model/unreadable", Message: "the file could not be read to its end: " + readError(err), Remedy: "look at the disk, and scan again"})
	}
	if want := digestName(path); want != "" && err == nil && want != result.SHA256 {
		j.r = result
		j.digestMismatch("")
	}
	if result.Verdict == Review && s.opts.Pins[result.SHA256] {
		result.Verdict = Clean
	}
	return result
}

// hashInto computes the digest of the whole file beside the scan, so that the bytes come from the disk once.
func hashInto(ctx context.Context, result *Result, r io.ReaderAt, size int64) error {
	h := sha256.New()
	buf := make([]byte, 1<<20)
	for at := int64(0); at < size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		h.Write(buf[:n])
		at += int64(n)
		if err != nil && at < size {
			return err
		}
	}
	result.SHA256 = hex.EncodeToString(h.Sum(nil))
	return nil
}

func unreadable(path string, err error) *Result {
	r := &Result{Path: path, Findings: []reeve.Finding{}}
	r.note(Error, reeve.Finding{Rule: "model/unreadable", Message: "the file cannot be read: " + readError(err), Remedy: "give the right to read it, or leave it out by name"})
	return r
}

// readError is the reason of an error of the file system without the path, which stands beside it already.
func readError(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// note adds a finding about a member.
func (j *job) note(v Verdict, rule, where, message, remedy string) {
	j.r.note(v, reeve.Finding{Rule: "model/" + rule, Field: where, Message: message, Remedy: remedy})
}

// enter counts one member of a container. It reports false where a limit is reached, and says so.
func (j *job) enter(where string, depth int) bool {
	l := &j.s.opts.Limits
	j.members++
	switch {
	case j.ctx.Err() != nil:
		return false
	case depth > l.Depth:
		j.note(Review, "too-deep", where, fmt.Sprintf("containers are nested deeper than %d", l.Depth), "unpack it and scan what is inside")
		return false
	case j.members > l.Members:
		j.note(Review, "too-many-members", "", fmt.Sprintf("more than %d members", l.Members), "unpack it and scan what is inside")
		return false
	}
	return true
}
