package risk

import (
	"context"
	"hash/fnv"

	"github.com/reeve-ai/reeve/internal/dataset"
)

// Input is the files to look at. It may be read more than once.
type Input struct {
	Paths  []string
	Limits dataset.Limits
	Walk   dataset.WalkOptions
}

// value is one value as it is read; a line in formats without names. The text is valid during the call only.
type value struct {
	path   string
	record int // number of the record, or of the line
	name   string
	text   []byte
	rows   bool // all values of a record come together
}

// reader gives values to a function.
type reader struct {
	each    func(v *value) error
	done    func() error // at the end of each file; may be nil
	skipped map[string]string
	lines   int // of the text that was read
}

// read reads all files. It returns what was not read, by path.
func (in *Input) read(ctx context.Context, each func(v *value) error, done func() error) (map[string]string, error) {
	r := &reader{each: each, done: done, skipped: map[string]string{}}
	err := dataset.Walk(ctx, in.Paths, in.Walk, func(f *dataset.File) error {
		r.lines = 0
		err := f.Read(ctx, in.Limits, r)
		if err == nil && r.done != nil {
			err = r.done()
		}
		return err
	}, r.Skipped)
	return r.skipped, err
}

// Skipped implements dataset.Visitor.
func (r *reader) Skipped(path, reason string) { r.skipped[path] = reason }

// Block implements dataset.Visitor.
func (r *reader) Block(b *dataset.Block) error {
	for i := range b.Fields {
		f := &b.Fields[i]
		if f.Record == 0 {
			if err := r.text(b, f); err != nil {
				return err
			}
			continue
		}
		v := value{b.Path, f.Record, f.Name, b.Text[f.Start:f.End], b.Format != dataset.Parquet && b.Format != dataset.Arrow}
		if err := r.each(&v); err != nil {
			return err
		}
	}
	return nil
}

// text gives the lines that begin in what the block owns.
func (r *reader) text(b *dataset.Block, f *dataset.Field) error {
	start := f.Start
	for at := f.Start; at <= f.End; at++ {
		if at < f.End && b.Text[at] != '\n' {
			continue
		}
		if start >= b.From && start < b.To && start < at {
			r.lines++
			v := value{b.Path, r.lines, f.Name, b.Text[start:at], true}
			if err := r.each(&v); err != nil {
				return err
			}
		}
		start = at + 1
	}
	return nil
}

// mix is a bijection of 64 bits that spreads every bit (Steele et al., "Fast splittable pseudorandom number generators",
// 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hashOf is FNV-1a, spread.
func hashOf(text []byte) uint64 {
	h := fnv.New64a()
	h.Write(text)
	return mix(h.Sum64())
}
