//go:build onnx

package onnx

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/detect/names"
)

// Options describe the model.
type Options struct {
	Model      []byte   // the ONNX file
	Vocabulary []string // the words by number, as in BERT's vocab.txt; "[UNK]" stands for all others, "##x" continues a word
	Labels     []string // the labels by number: O, and B-PER, I-PER, B-ORG, I-ORG, B-LOC, I-LOC; other kinds are ignored
	MinScore   float32  // what scores less is not reported; 0 means 0.5
}

// Tagger runs a model. It is immutable and safe for concurrent use.
type Tagger struct {
	graph   *graph
	words   map[string]int
	unknown int
	labels  []label
	floor   float32
	rules   []detect.Rule
	version string
}

type label struct {
	rule  int32 // index in rules, -1 for none
	begin bool
}

// window is how many pieces of words the model sees at once.
const window = 256

var kindOf = map[string]detect.Kind{"PER": names.KindPerson, "PERSON": names.KindPerson, "ORG": names.KindOrganization, "LOC": names.KindLocation, "GPE": names.KindLocation}

// New reads the model and runs it once on texts of several lengths, so that one that does not fit is refused here.
func New(o Options) (*Tagger, error) {
	g, err := parseModel(o.Model)
	if err != nil {
		return nil, fmt.Errorf("read ONNX model: %w", err)
	}
	sum := sha256.Sum256(o.Model)
	t := &Tagger{graph: g, words: map[string]int{}, unknown: -1, floor: o.MinScore, rules: names.Rules(), version: "onnx/" + hex.EncodeToString(sum[:6])}
	if t.floor == 0 {
		t.floor = 0.5
	}
	for i, w := range o.Vocabulary {
		if _, twice := t.words[w]; !twice {
			t.words[w] = i
		}
	}
	unknown, ok := t.words["[UNK]"]
	if !ok {
		return nil, fmt.Errorf("read vocabulary: it has no [UNK]")
	}
	t.unknown = unknown
	for _, l := range o.Labels {
		t.labels = append(t.labels, t.label(l))
	}
	for _, n := range []int{1, 2, 7, window} {
		if _, err := t.infer(make([]float32, n)); err != nil {
			return nil, fmt.Errorf("try ONNX model: %w", err)
		}
	}
	return t, nil
}

func (t *Tagger) label(name string) label {
	prefix, kind, _ := strings.Cut(name, "-")
	for i := range t.rules {
		if k := kindOf[kind]; k != "" && t.rules[i].Kind == k {
			return label{int32(i), prefix == "B"}
		}
	}
	return label{rule: -1}
}

// Version changes with the model.
func (t *Tagger) Version() string { return t.version }

// RuleAt returns the rule with the index i of a Match.
func (t *Tagger) RuleAt(i int32) *detect.Rule { return &t.rules[i] }

// infer returns the probabilities of the labels, one row for each number.
func (t *Tagger) infer(ids []float32) (*tensor, error) {
	inputs := map[string]*tensor{}
	for i, name := range t.graph.inputs {
		in := &tensor{shape: []int{1, len(ids)}, data: ids}
		switch {
		case strings.Contains(name, "mask"):
			in.data = make([]float32, len(ids))
			for k := range in.data {
				in.data[k] = 1
			}
		case strings.Contains(name, "type") || i > 0:
			in.data = make([]float32, len(ids))
		}
		inputs[name] = in
	}
	out, err := t.graph.run(inputs)
	if err != nil {
		return nil, err
	}
	if len(out.data) != len(ids)*len(t.labels) || len(t.labels) == 0 {
		return nil, fmt.Errorf("%w: %d numbers for %d words and %d labels", ErrModel, len(out.data), len(ids), len(t.labels))
	}
	return softmax(&node{}, []*tensor{{shape: []int{len(ids), len(t.labels)}, data: logarithms(out.data)}})
}

// logarithms turns probabilities back into logits; logits stay as they are.
func logarithms(data []float32) []float32 {
	for _, v := range data {
		if v < 0 || v > 1 {
			return data
		}
	}
	out := make([]float32, len(data))
	for i, v := range data {
		out[i] = float32(math.Log(float64(max(v, 1e-9))))
	}
	return out
}

// piece is a word of the text with the place of its first number in the window.
type piece struct{ start, end, at int }

// Tag appends what the model finds in text, ascending and not overlapping. Time is linear in len(text). A window on
// which the model fails, which New has tried to rule out, gives no matches.
func (t *Tagger) Tag(dst []detect.Match, text []byte) []detect.Match {
	var ids []float32
	var words []piece
	flush := func() {
		if len(ids) > 0 {
			if out, err := t.infer(ids); err == nil {
				dst = t.spans(dst, words, out)
			}
		}
		ids, words = ids[:0], words[:0]
	}
	for i := 0; i < len(text); {
		end := wordEnd(text, i)
		if end == i {
			_, size := utf8.DecodeRune(text[i:])
			if text[i] == '\n' && len(ids) > window/2 {
				flush()
			}
			i += size
			continue
		}
		numbers := t.number(string(text[i:end]))
		if len(ids)+len(numbers) > window {
			flush()
		}
		words = append(words, piece{i, end, len(ids)})
		ids = append(ids, numbers...)
		i = end
	}
	flush()
	return dst
}

// wordEnd returns the end of the word or sign at i; i itself where a space stands.
func wordEnd(text []byte, i int) int {
	j := i
	for j < len(text) && j-i < 64 {
		r, size := utf8.DecodeRune(text[j:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) {
			if j == i && !unicode.IsSpace(r) && r != utf8.RuneError {
				return j + size
			}
			break
		}
		j += size
	}
	return j
}

// number returns the numbers of a word: itself, or the longest pieces from the left (WordPiece), or that of [UNK].
func (t *Tagger) number(word string) []float32 {
	for _, w := range []string{word, strings.ToLower(word)} {
		var out []float32
		rest, mark := w, ""
		for rest != "" {
			n := len(rest)
			for ; n > 0; n-- {
				if id, ok := t.words[mark+rest[:n]]; ok {
					out = append(out, float32(id))
					break
				}
			}
			if n == 0 {
				break
			}
			rest, mark = rest[n:], "##"
		}
		if rest == "" {
			return out
		}
	}
	return []float32{float32(t.unknown)}
}

// spans appends the spans of one window.
func (t *Tagger) spans(dst []detect.Match, words []piece, out *tensor) []detect.Match {
	open := false
	for _, w := range words {
		row := out.data[w.at*len(t.labels) : (w.at+1)*len(t.labels)]
		best := 0
		for i, p := range row {
			if p > row[best] {
				best = i
			}
		}
		l, score := t.labels[best], row[best]
		if l.rule < 0 || score < t.floor {
			open = false
			continue
		}
		if last := len(dst) - 1; open && !l.begin && dst[last].Rule == l.rule {
			dst[last].End, dst[last].Score = w.end, min(dst[last].Score, score)
			continue
		}
		dst = append(dst, detect.Match{Rule: l.rule, Start: w.start, End: w.end, Score: min(score, 1)})
		open = true
	}
	return dst
}
