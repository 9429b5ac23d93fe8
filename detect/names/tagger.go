// Package names finds names of people, organisations and places, and postal addresses, in running text and in the
// values of records.
//
// Names have no shape of their own, so a model decides: a conditional random field over hashed features whose
// eight-bit weights are embedded (see package sequence; DATA.md tells what it learned from). Addresses have a shape,
// which differs by language, so a grammar finds them. Scores of names are the model's probabilities.
package names

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"

	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/detect/names/sequence"
)

//go:embed weights.bin
var weights []byte

// Options say how names are looked for. The zero value is the product's choice.
type Options struct {
	Weights  []byte   // file written by the training command; nil means the embedded one
	MinScore float32  // what scores less is not reported; 0 means 0.55
	Rules    []string // IDs of the rules to apply; nil means all
}

// Tagger finds names and addresses. It is immutable and safe for concurrent use.
type Tagger struct {
	model   *sequence.Model
	digest  []byte // of the weights
	floor   float32
	on      [len(rules)]bool
	scratch sync.Pool // *scratch

	versionOnce sync.Once
	version     string
}

// scratch is the memory of one call of Tag.
type scratch struct {
	reader sequence.Reader
	spans  []sequence.Span
	places []detect.Match
}

// New reads the weights.
func New(o Options) (*Tagger, error) {
	file := o.Weights
	if file == nil {
		file = weights
	}
	m, err := sequence.Read(file)
	if err != nil {
		return nil, fmt.Errorf("read name weights: %w", err)
	}
	t := &Tagger{model: m, floor: o.MinScore, digest: slices.Clone(sequence.Digest(file))}
	if t.floor == 0 {
		t.floor = 0.55
	}
	for i, r := range rules {
		t.on[i] = o.Rules == nil || slices.Contains(o.Rules, r.ID)
	}
	t.scratch.New = func() any {
		s := new(scratch)
		s.reader.Use(m)
		return s
	}
	return t, nil
}

// grammarVersion changes whenever the tagger may answer differently in a way that no example of a rule shows.
const grammarVersion = "2"

// Version changes whenever answers may change: it is a digest of the weights, the options, and how the tagger answers
// the examples of its own rules. It is meant for caches of results. It takes some milliseconds the first time.
func (t *Tagger) Version() string {
	t.versionOnce.Do(func() {
		h := sha256.New()
		fmt.Fprintln(h, grammarVersion, t.floor, t.on)
		h.Write(t.digest)
		var dst []detect.Match
		for i := range rules {
			r := &rules[i]
			fmt.Fprintf(h, "%q %q %d %q %q %q\n", r.ID, r.Kind, r.Severity, r.Description, r.Positives, r.Negatives)
			for _, text := range slices.Concat(r.Positives, r.Negatives) {
				dst = t.Tag(dst[:0], []byte(text))
				fmt.Fprintln(h, dst)
			}
		}
		t.version = "names/" + hex.EncodeToString(h.Sum(nil)[:8])
	})
	return t.version
}

// RuleAt returns the rule with the index i of a Match.
func (t *Tagger) RuleAt(i int32) *detect.Rule { return &rules[i] }

// Tag appends what it finds in text to dst, ascending and not overlapping. An address goes before the names that stand
// in it. Time is linear in len(text).
func (t *Tagger) Tag(dst []detect.Match, text []byte) []detect.Match {
	s := t.scratch.Get().(*scratch)
	defer t.scratch.Put(s)
	s.spans = s.reader.Tag(s.spans[:0], text)
	s.places = addresses(s.places[:0], text, s.spans)
	k := 0
	address := func(before int) {
		for ; k < len(s.places) && s.places[k].Start < before; k++ {
			if t.on[streetAddress] {
				dst = append(dst, s.places[k])
			}
		}
	}
	for _, p := range s.spans {
		address(p.End)
		rule := int32(p.Label-sequence.BeginPerson) / 2
		if p.Score < t.floor || !t.on[rule] || k > 0 && s.places[k-1].End > p.Start {
			continue
		}
		dst = append(dst, detect.Match{Rule: rule, Start: p.Start, End: p.End, Score: p.Score})
	}
	address(len(text))
	return dst
}
