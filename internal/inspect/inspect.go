// Package inspect judges blocks of data: detectors for identifiers and secrets, taggers for names, one answer.
package inspect

import (
	"fmt"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/internal/dataset"
)

// Options say what to look for.
type Options struct {
	Detect detect.Options
	Tagger Tagger // finds names, organisations, places and addresses; nil looks for none

	// Readings reports everything that a number without context may be, as hits with the same span, not the best alone.
	// It is for lists of findings; where values are replaced one is enough.
	Readings bool
}

// Tagger finds what has no shape of its own. detect/names has one; a model of the user's own is another.
type Tagger interface {
	// Tag appends what it finds in text, ascending and not overlapping. It is safe for concurrent use.
	Tag(dst []detect.Match, text []byte) []detect.Match
	RuleAt(i int32) *detect.Rule
	Version() string // changes whenever answers may change
}

// Hit is what was found in a Block.
type Hit struct {
	Rule       *detect.Rule
	Field      int // index in Block.Fields
	Start, End int // in Block.Text, within the field
	Score      float32
	Severity   reeve.Severity
}

// Inspector looks for what its Options say. It is immutable and safe for concurrent use.
type Inspector struct {
	engine   *detect.Engine
	tagger   Tagger
	readings bool
	known    func(text []byte) bool
	knownID  string
}

// New compiles the options.
func New(o Options) (*Inspector, error) {
	e, err := detect.New(o.Detect)
	if err != nil {
		return nil, fmt.Errorf("compile detectors: %w", err)
	}
	return &Inspector{engine: e, tagger: o.Tagger, readings: o.Readings}, nil
}

// Without is an inspector that leaves out what known says is no finding, such as the surrogates of a redaction. id changes
// whenever known may answer otherwise. known is called from many goroutines.
func (in *Inspector) Without(known func(text []byte) bool, id string) *Inspector {
	out := *in
	out.known, out.knownID = known, id
	return &out
}

// Scratch is memory that one goroutine reuses from block to block. The zero value is ready.
type Scratch struct {
	matches  []detect.Match
	spans    []detect.Match
	readings []detect.Match
}

// Block appends the hits in b to dst, by Start. What the detectors found goes before what the tagger found where both
// overlap, because a checksum knows better than a guess. A match that lies in no field, or only in part, is none.
func (in *Inspector) Block(dst []Hit, b *dataset.Block, s *Scratch) []Hit {
	s.matches = in.engine.Find(s.matches[:0], b.Text)
	s.spans = s.spans[:0]
	if in.tagger != nil && b.Format.Prose() {
		s.spans = in.tag(s.spans, b)
	}
	k, end := 0, 0
	for _, m := range s.matches {
		for ; k < len(s.spans) && s.spans[k].Start < m.Start; k++ {
			if t := s.spans[k]; t.Start >= end && t.End <= m.Start {
				dst = in.add(dst, b, in.tagger.RuleAt(t.Rule), t.Start, t.End, t.Score)
			}
		}
		dst = in.add(dst, b, in.engine.RuleAt(m.Rule), m.Start, m.End, m.Score)
		if in.readings {
			s.readings = in.engine.Readings(s.readings[:0], b.Text, m)
			for _, r := range s.readings {
				dst = in.add(dst, b, in.engine.RuleAt(r.Rule), r.Start, r.End, r.Score)
			}
		}
		end = m.End
	}
	for ; k < len(s.spans); k++ {
		if t := s.spans[k]; t.Start >= end {
			dst = in.add(dst, b, in.tagger.RuleAt(t.Rule), t.Start, t.End, t.Score)
		}
	}
	return dst
}

// tag asks the tagger about each record by itself: a tagger may look far around a word, and what stands in one record must not
// depend on which others happen to be in the block.
func (in *Inspector) tag(dst []detect.Match, b *dataset.Block) []detect.Match {
	from := 0
	for k := range b.Fields {
		if k+1 < len(b.Fields) && (b.Fields[k].Record == 0 || b.Fields[k+1].Record == b.Fields[k].Record) {
			continue
		}
		to := len(b.Text)
		if b.Fields[k].Record > 0 {
			to = b.Fields[k].End
		}
		for from < to && b.Text[from] == '\n' {
			from++ // the end of the record before
		}
		n := len(dst)
		dst = in.tagger.Tag(dst, b.Text[from:to])
		for i := n; i < len(dst); i++ {
			dst[i].Start += from
			dst[i].End += from
		}
		from = to
	}
	return dst
}

func (in *Inspector) add(dst []Hit, b *dataset.Block, rule *detect.Rule, start, end int, score float32) []Hit {
	if start < b.From || start >= b.To {
		return dst
	}
	f := b.FieldAt(start)
	if f < 0 || end > b.Fields[f].End || in.known != nil && in.known(b.Text[start:end]) {
		return dst
	}
	return append(dst, Hit{
		Rule: rule, Field: f, Start: start, End: end, Score: score,
		Severity: reeve.Severity(rule.SeverityAt(score)),
	})
}
