package redact

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/reeve-ai/reeve/internal/dataset"
	"github.com/reeve-ai/reeve/internal/inspect"
)

// maxPasses bounds how often one file is rewritten. The first pass leaves nothing within a block; a second one finds what
// came together where two blocks of a text meet.
const maxPasses = 3

var errChanged = errors.New("it changed while it was read")

// input is an open file that is known not to change while it is read.
type input struct {
	*os.File
	info os.FileInfo
}

func openInput(path string) (*input, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &input{f, info}, nil
}

// Size implements dataset.Source.
func (f *input) Size() int64 { return f.info.Size() }

// unchanged compares the file with what it was.
func (f *input) unchanged() error {
	now, err := f.Stat()
	if err != nil {
		return err
	}
	if now.Size() != f.info.Size() || !now.ModTime().Equal(f.info.ModTime()) {
		return errChanged
	}
	return nil
}

// redactFile writes out. Where something remains after all passes, out is not put in place and the report says how much.
func (r *runner) redactFile(ctx context.Context, path, out string, src *input) (_ *File, err error) {
	red := &redactor{inspector: r.Inspector, ops: r.ops, surrogates: r.surrogates, known: r.Known, subject: "file " + filepath.Base(path), tally: map[Count]int{}}
	f := &File{Path: path, Out: filepath.ToSlash(out)}
	if f.DigestIn, err = digest(src, src.Size()); err != nil {
		return nil, err
	}
	tmp, err := r.passes(ctx, f, red, path, out, src)
	if err != nil {
		return nil, err
	}
	defer tmp.discard()
	if err := src.unchanged(); err != nil {
		return nil, err
	}
	f.Rounds, f.Fields, f.Counts = red.rounds, red.fields, counts(red.tally)
	if f.Remaining > 0 {
		return f, nil
	}
	size, err := tmp.file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if f.DigestOut, err = digest(tmp.file, size); err != nil {
		return nil, err
	}
	return f, tmp.place(out)
}

// passes rewrites the file until a reading of the result finds nothing.
func (r *runner) passes(ctx context.Context, f *File, red *redactor, path, out string, src dataset.Source) (*output, error) {
	var last *output
	for {
		f.Passes++
		tmp, err := createBeside(out)
		if err == nil {
			err = dataset.Rewrite(ctx, path, src, tmp.file, r.Limits, red.edits)
		}
		if last != nil {
			last.discard()
		}
		if err == nil {
			err = r.verify(ctx, f, path, tmp)
		}
		if err != nil {
			tmp.discard()
			return nil, err
		}
		if f.Remaining == 0 || f.Passes == maxPasses {
			return tmp, nil
		}
		last, src = tmp, tmp
	}
}

// verify reads the written file as a scan does and counts what it finds.
func (r *runner) verify(ctx context.Context, f *File, path string, tmp *output) error {
	v := &verifier{inspector: r.Inspector, policy: r.Policy, sets: []*Surrogates{r.surrogates, r.Known}}
	if err := dataset.ReadFrom(ctx, path, tmp, r.Limits, v); err != nil {
		return fmt.Errorf("read %s again: %w", f.Out, err)
	}
	f.Remaining, f.Known, f.Format = v.remaining, v.known, v.format
	if v.skipped {
		f.Remaining++ // what cannot be read cannot be vouched for
	}
	return nil
}

// verifier counts hits that are no surrogates.
type verifier struct {
	inspector        *inspect.Inspector
	policy           *Policy
	sets             []*Surrogates
	remaining, known int
	format           string
	skipped          bool

	scratch inspect.Scratch
	hits    []inspect.Hit
}

func (v *verifier) Skipped(string, string) { v.skipped = true }

func (v *verifier) Block(b *dataset.Block) error {
	v.format = b.Format.String()
	v.hits = v.inspector.Block(v.hits[:0], b, &v.scratch)
next:
	for _, h := range v.hits {
		if v.policy.For(h.Rule).Name == Keep {
			continue
		}
		for _, set := range v.sets {
			ok, err := set.Has(b.Text[h.Start:h.End])
			if err != nil {
				return err
			}
			if ok {
				v.known++
				continue next
			}
		}
		v.remaining++
	}
	return nil
}

func digest(src io.ReaderAt, size int64) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(src, 0, size)); err != nil {
		return "", fmt.Errorf("digest: %w", err)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

func counts(tally map[Count]int) []Count {
	out := make([]Count, 0, len(tally))
	for c, n := range tally {
		c.N = n
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Operator, b.Operator), cmp.Compare(a.Instead, b.Instead))
	})
	return out
}

// output is a file that is written beside its place and not seen under its name before it is whole.
type output struct {
	file   *os.File
	placed bool
}

// createBeside makes a new file for its owner only in the folder of path.
func createBeside(path string) (*output, error) {
	var tag [8]byte
	_, _ = rand.Read(tag[:]) // never fails: crypto/rand ends the process instead
	name := filepath.Join(filepath.Dir(path), ".reeve-"+hex.EncodeToString(tag[:])+".tmp")
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create output: %w", err)
	}
	return &output{file: f}, nil
}

// ReadAt and Size make the unfinished file a dataset.Source.
func (t *output) ReadAt(p []byte, off int64) (int, error) { return t.file.ReadAt(p, off) }

// Size is that of the file now; 0 where the system does not say.
func (t *output) Size() int64 {
	info, err := t.file.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// place makes the file durable and gives it its name.
func (t *output) place(path string) error {
	if err := errors.Join(t.file.Sync(), t.file.Close()); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	if err := os.Rename(t.file.Name(), path); err != nil {
		return fmt.Errorf("put output in place: %w", err)
	}
	t.placed = true
	return nil
}

// discard removes the file unless it was put in place. It may be called on nil.
func (t *output) discard() {
	if t == nil || t.placed {
		return
	}
	_ = t.file.Close()
	_ = os.Remove(t.file.Name())
}

var _ dataset.Source = (*output)(nil)
