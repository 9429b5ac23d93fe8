package risk

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// SampleOptions say how records are drawn.
type SampleOptions struct {
	N          int
	Seed       uint64
	Confidence float64
	Out        io.Writer // takes the records with their text, for a person to label; may be nil
}

// Sample is an estimate of what redaction left.
type Sample struct {
	Seed        uint64   `json:"seed"`
	Records     int      `json:"records"` // in the data
	Drawn       int      `json:"drawn"`
	Confidence  float64  `json:"confidence"`
	Identifiers Bound    `json:"identifiers"` // records in which the crude search sees something like a number or an address
	Names       Bound    `json:"names"`       // … or like a name
	Labelled    *Outcome `json:"labelled,omitzero"`
}

// Bound is how many of the drawn records are suspicious, and the highest share of all records that may be.
type Bound struct {
	Suspicious int     `json:"suspicious"`
	Upper      float64 `json:"upper"`
}

// Outcome is what a person found.
type Outcome struct {
	N              int      `json:"n"`
	WithLeaks      int      `json:"with_leaks"` // records in which something was left
	Leaks          int      `json:"leaks"`      // values that were left
	Rate           float64  `json:"rate"`
	Wilson         Interval `json:"wilson"`
	ClopperPearson Interval `json:"clopper_pearson"`
	Expected       Interval `json:"expected_records"` // of the whole data, by Clopper and Pearson
}

// Row is one line of the file that a person labels: leaks is the number of values that should not be there.
type Row struct {
	Path   string            `json:"path"`
	Record int               `json:"record"`
	Text   map[string]string `json:"text,omitzero"`
	Leaks  *int              `json:"leaks"`
}

// drawn is a record with the number that decides whether it is drawn.
type drawn struct {
	order uint64
	key
}

// key names a record.
type key struct {
	path   string
	record int
}

// least is a heap whose top is the greatest.
type least []drawn

func (l least) Len() int           { return len(l) }
func (l least) Less(i, k int) bool { return l[i].order > l[k].order }
func (l least) Swap(i, k int)      { l[i], l[k] = l[k], l[i] }
func (l *least) Push(x any)        { *l = append(*l, x.(drawn)) }
func (l *least) Pop() any {
	x := (*l)[len(*l)-1]
	*l = (*l)[:len(*l)-1]
	return x
}

// MaxSample bounds the records that are held with their text.
const MaxSample = 100_000

// DrawSample draws the records whose hash with the seed is least: the same for one seed, whatever the order of files.
func DrawSample(ctx context.Context, in *Input, o SampleOptions) (*Sample, map[string]string, error) {
	if o.N < 1 || o.N > MaxSample {
		return nil, nil, fmt.Errorf("a sample has 1 to %d records", MaxSample)
	}
	s := &sampler{o: &o}
	skipped, err := in.read(ctx, s.see, s.endFile)
	if err != nil {
		return nil, nil, err
	}
	s.rows = map[key]*Row{}
	for _, d := range s.chosen {
		s.rows[d.key] = &Row{Path: d.path, Record: d.record, Text: map[string]string{}}
	}
	if _, err := in.read(ctx, s.take, nil); err != nil {
		return nil, nil, err
	}
	out := s.judge()
	if o.Out != nil {
		err = s.write()
	}
	return out, skipped, err
}

// sampler draws in one reading and takes the texts in a second.
type sampler struct {
	o       *SampleOptions
	chosen  least
	records int
	path    string
	last    int // highest record of the file so far
	rows    map[key]*Row
}

// see counts a record when it is first met. Records are numbered upwards, also in column stores.
func (s *sampler) see(v *value) error {
	if v.record <= s.last && v.path == s.path {
		return nil
	}
	s.path, s.last = v.path, v.record
	s.records++
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], s.o.Seed)
	binary.BigEndian.PutUint64(b[8:], uint64(v.record))
	d := drawn{hashOf(append(b[:], v.path...)), key{v.path, v.record}}
	switch {
	case len(s.chosen) < s.o.N:
		heap.Push(&s.chosen, d)
	case d.order < s.chosen[0].order:
		s.chosen[0] = d
		heap.Fix(&s.chosen, 0)
	}
	return nil
}

func (s *sampler) endFile() error {
	s.last = 0
	return nil
}

// maxRowText bounds the text of one drawn record.
const maxRowText = 64 << 10

func (s *sampler) take(v *value) error {
	r := s.rows[key{v.path, v.record}]
	if r == nil {
		return nil
	}
	name := v.name
	if name == "" {
		name = "text"
	}
	if len(r.Text) < 1000 {
		r.Text[name] = string(v.text[:min(len(v.text), maxRowText)])
	}
	return nil
}

// judge has the crude search look at what was drawn.
func (s *sampler) judge() *Sample {
	out := &Sample{Seed: s.o.Seed, Records: s.records, Drawn: len(s.rows), Confidence: s.o.Confidence}
	for _, r := range s.rows {
		var all suspicion
		for _, text := range r.Text {
			one := suspect([]byte(text))
			all.identifier, all.name = all.identifier || one.identifier, all.name || one.name
		}
		if all.identifier {
			out.Identifiers.Suspicious++
		}
		if all.name {
			out.Names.Suspicious++
		}
	}
	for _, b := range []*Bound{&out.Identifiers, &out.Names} {
		b.Upper = Upper(b.Suspicious, out.Drawn, s.o.Confidence)
	}
	return out
}

// write gives the records to the person who labels them, in order of path and record.
func (s *sampler) write() error {
	var rows []*Row
	for _, r := range s.rows {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b *Row) int { return cmp.Or(cmp.Compare(a.Path, b.Path), a.Record-b.Record) })
	for _, r := range rows {
		line, err := json.Marshal(r, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
		if err != nil {
			return fmt.Errorf("write sample: %w", err)
		}
		if _, err := s.o.Out.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("write sample: %w", err)
		}
	}
	return nil
}

// maxLabelLine bounds a line of the labelled file.
const maxLabelLine = 8 << 20

// ReadLabels reads the file that a person labelled and estimates what the whole data of the given number of records hold. A
// line without a label is an error: a sample from which the hard ones are left out says nothing.
func ReadLabels(r io.Reader, records int, confidence float64) (*Outcome, error) {
	out := &Outcome{}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 1<<16), maxLabelLine)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		var row Row
		if err := json.Unmarshal(line, &row); err != nil {
			return nil, fmt.Errorf("labels, line %d: not a record of a sample", n)
		}
		if row.Leaks == nil || *row.Leaks < 0 {
			return nil, fmt.Errorf("labels, line %d: leaks is not set to a number", n)
		}
		out.N++
		out.Leaks += *row.Leaks
		if *row.Leaks > 0 {
			out.WithLeaks++
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read labels: %w", err)
	}
	if out.N == 0 {
		return nil, errors.New("the file of labels is empty")
	}
	out.Rate = float64(out.WithLeaks) / float64(out.N)
	out.Wilson = Wilson(out.WithLeaks, out.N, confidence)
	out.ClopperPearson = ClopperPearson(out.WithLeaks, out.N, confidence)
	out.Expected = Interval{out.ClopperPearson.Low * float64(records), out.ClopperPearson.High * float64(records)}
	return out, nil
}
