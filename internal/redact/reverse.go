package redact

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"

	"github.com/reeve-ai/reeve/internal/dataset"
)

// Reversed is what Reverse did. It holds no value.
type Reversed struct {
	SchemaVersion int       `json:"schema_version"`
	Files         []Turned  `json:"files"`
	Skipped       []Skipped `json:"skipped"`
}

// Turned is one file whose tokens were turned back.
type Turned struct {
	Path     string `json:"path"`
	Out      string `json:"out"`
	Restored int    `json:"restored"`  // values
	OtherKey int    `json:"other_key"` // tokens of another key, which stay
	Damaged  int    `json:"damaged"`   // tokens that cannot be opened, which stay
}

// Reverse writes the values back that Encrypt hid, from in to out, as Run does. What it writes holds personal data.
func Reverse(ctx context.Context, in, out string, o Options) (*Reversed, error) {
	s, err := newSealer(o.Key)
	if err != nil {
		return nil, err
	}
	r := &runner{Options: o, in: filepath.Clean(in), out: filepath.Clean(out), report: &Report{}}
	if err := r.prepare(); err != nil {
		return nil, err
	}
	report := &Reversed{SchemaVersion: 1, Files: []Turned{}}
	err = r.files(ctx, func(ctx context.Context, path, out string) error {
		return r.attempt(ctx, path, out, func(src *input) error {
			t := Turned{Path: path, Out: filepath.ToSlash(out)}
			if err := t.write(ctx, s, src, r.Limits); err != nil {
				return err
			}
			report.Files = append(report.Files, t)
			return nil
		})
	})
	report.Skipped = append([]Skipped{}, r.report.Skipped...)
	return report, err
}

// write puts the file in place with its tokens turned back.
func (t *Turned) write(ctx context.Context, s *sealer, src *input, lim dataset.Limits) error {
	tmp, err := createBeside(t.Out)
	if err != nil {
		return err
	}
	defer tmp.discard()
	err = dataset.Rewrite(ctx, t.Path, src, tmp.file, lim, func(b *dataset.Block) ([]dataset.Edit, error) { return t.edits(s, b), nil })
	if err != nil {
		return err
	}
	if err := src.unchanged(); err != nil {
		return err
	}
	return tmp.place(t.Out)
}

// edits turns back the tokens that begin in what the block owns.
func (t *Turned) edits(s *sealer, b *dataset.Block) []dataset.Edit {
	var out []dataset.Edit
	for i := range b.Fields {
		f := &b.Fields[i]
		for at := f.Start; at < f.End; {
			from, to := nextToken(b.Text[at:f.End])
			if from < 0 {
				break
			}
			from, to = at+from, at+to
			at = to
			if from < b.From || from >= b.To {
				continue
			}
			value, err := s.open(b.Text[from:to])
			switch {
			case errors.Is(err, ErrOtherKey):
				t.OtherKey++
			case err != nil:
				t.Damaged++
			default:
				t.Restored++
				out = append(out, dataset.Edit{Start: from, End: to, Text: bytes.Clone(value)})
			}
		}
	}
	return out
}
