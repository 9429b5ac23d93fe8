package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
)

// ErrCannotRewrite is the error of Rewrite for a file that cannot be written back with certainty.
var ErrCannotRewrite = errors.New("cannot be rewritten")

// Rewrite copies a file from src to w and replaces what edit wants to be replaced in each Block. Outside of the edits the
// copy has the same bytes; replacements are written as the format and the charset want it. An edit lies within one
// field and begins in what the Block owns. A file that is compressed with gzip or zstd is compressed anew; Parquet has its
// own rules (rewriteParquet). A file that cannot be read in full, or has another format, is refused with
// ErrCannotRewrite, and what was written until then is of no use.
func Rewrite(ctx context.Context, path string, src Source, w io.Writer, lim Limits, edit func(*Block) ([]Edit, error)) error {
	lim = lim.withDefaults()
	lim.From, lim.To = 0, 0
	rw := &rewriter{from: io.NewSectionReader(src, 0, src.Size()), to: w, edit: edit}
	rd := &reader{ctx: ctx, lim: lim, v: rw}
	in := input{path: path, name: path, src: src}
	k, err := rd.look(&in)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	done := func() error { return nil }
	switch k.open {
	case parquetFile:
		return rewriteParquet(ctx, path, src, w, lim, edit)
	case gzipFile, zstdFile:
		c := k.open
		var end func()
		if in, k, end, err = rd.within(in, c); err != nil {
			return fmt.Errorf("rewrite %s: %w: %s", path, ErrCannotRewrite, reasonOf(err))
		}
		defer end()
		if done, err = rw.compress(src, c); err != nil {
			return fmt.Errorf("rewrite %s: %w", path, err)
		}
	}
	switch {
	case k.reason != "":
		return fmt.Errorf("rewrite %s: %w: %s", path, ErrCannotRewrite, k.reason)
	case k.open != noContainer:
		return fmt.Errorf("rewrite %s: %w: its format is %s", path, ErrCannotRewrite, k.format)
	}
	if len(in.head) > 0 {
		if err := k.read(rd, in); err != nil {
			return err
		}
	}
	if rw.skipped != "" {
		return fmt.Errorf("rewrite %s: %w: %s", path, ErrCannotRewrite, rw.skipped)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := io.Copy(rw.to, rw.from); err != nil {
		return fmt.Errorf("copy %s: %w", path, err)
	}
	return done()
}

// rewriter is the Visitor of Rewrite: it copies the file up to each edit.
type rewriter struct {
	from    io.Reader // the file, from at on
	to      io.Writer
	at      int64
	edit    func(*Block) ([]Edit, error)
	skipped string
	patches []patch
}

func (rw *rewriter) Skipped(_, reason string) { rw.skipped = reason }

func (rw *rewriter) Block(b *Block) error {
	edits, err := rw.edit(b)
	if err != nil || len(edits) == 0 {
		return err
	}
	rw.patches = rw.patches[:0]
	err = perField(b, edits, func(f *Field, edits []Edit) { rw.patches = b.splice(rw.patches, f, edits) })
	if err != nil {
		return err
	}
	for _, p := range rw.patches {
		if err := rw.put(p); err != nil {
			return err
		}
	}
	return nil
}

// perField calls do with the edits of each field, ascending. It refuses edits that lie in no field, belong to another
// Block or overlap.
func perField(b *Block, edits []Edit, do func(f *Field, edits []Edit)) error {
	slices.SortFunc(edits, func(a, b Edit) int { return a.Start - b.Start })
	for i := 0; i < len(edits); {
		k := b.FieldAt(edits[i].Start)
		if k < 0 {
			return fmt.Errorf("edit at %d of %s lies in no field", edits[i].Start, b.Path)
		}
		f, n, last := &b.Fields[k], i, 0
		for ; n < len(edits) && edits[n].Start < f.End; n++ {
			e := edits[n]
			if e.Start < last || e.End < e.Start || e.End > f.End || e.Start < b.From || e.Start >= b.To {
				return fmt.Errorf("edit [%d, %d) of %s overlaps another or leaves its field", e.Start, e.End, b.Path)
			}
			last = e.End
		}
		do(f, edits[i:n])
		i = n
	}
	return nil
}

// put copies up to a patch and writes it. One that begins within the patch before it only goes on behind that.
func (rw *rewriter) put(p patch) error {
	if p.to <= rw.at && p.from < rw.at {
		return nil
	}
	if p.from = max(p.from, rw.at); p.from > rw.at {
		if _, err := io.CopyN(rw.to, rw.from, p.from-rw.at); err != nil {
			return fmt.Errorf("copy: %w", err)
		}
	}
	if _, err := rw.to.Write(p.text); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if _, err := io.CopyN(io.Discard, rw.from, p.to-p.from); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	rw.at = p.to
	return nil
}
