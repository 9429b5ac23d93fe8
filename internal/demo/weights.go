package demo

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/go-json-experiment/json"
)

// WeightsName is the file that Save writes into a model's folder.
const WeightsName = "model.safetensors"

// saved is a Model as its file holds it: one tensor of bytes in a safetensors file, so that scanners know what they see.
type saved struct {
	Text   []string
	Topics []topic
	Score  []float64
	Levels []savedLevel
	Base   []float64
	Grams  int
}

type topic struct {
	Word string
	ID   int32
}

type savedLevel struct {
	Contexts []window
	Spans    []savedSpan
	Words    []int32
	Prob     []float64
}

type savedSpan struct {
	From, To int32
	Rest     float64
}

// maxWeights bounds the file that Open reads.
const maxWeights = 64 << 20

// Save writes the model to a file. The same model gives the same bytes.
func (m *Model) Save(path string) error {
	s := saved{Text: m.text, Score: m.score, Base: m.base, Grams: m.grams}
	for word, id := range m.topics.ids {
		s.Topics = append(s.Topics, topic{word, id})
	}
	slices.SortFunc(s.Topics, func(a, b topic) int { return int(a.ID) - int(b.ID) })
	for _, l := range m.levels[1:] {
		out := savedLevel{Words: l.words, Prob: l.prob}
		for c := range l.spans {
			out.Contexts = append(out.Contexts, c)
		}
		slices.SortFunc(out.Contexts, func(a, b window) int { return slices.Compare(a[:], b[:]) })
		for _, c := range out.Contexts {
			p := l.spans[c]
			out.Spans = append(out.Spans, savedSpan{p.from, p.to, p.rest})
		}
		s.Levels = append(s.Levels, out)
	}
	var body bytes.Buffer
	if err := gob.NewEncoder(&body).Encode(&s); err != nil {
		return fmt.Errorf("write demo model: %w", err)
	}
	header, err := json.Marshal(map[string]any{"ngrams": map[string]any{"dtype": "U8", "shape": []int{body.Len()}, "data_offsets": []int{0, body.Len()}}}, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("write demo model: %w", err)
	}
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	return os.WriteFile(path, append(file, body.Bytes()...), 0o600)
}

// Open reads a model that Save wrote.
func Open(path string) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read demo model: %w", err)
	}
	defer f.Close()
	file, err := io.ReadAll(io.LimitReader(f, maxWeights))
	if err != nil {
		return nil, fmt.Errorf("read demo model: %w", err)
	}
	if len(file) < 8 || binary.LittleEndian.Uint64(file) > uint64(len(file)-8) {
		return nil, errors.New("read demo model: it is no safetensors file")
	}
	var s saved
	if err := gob.NewDecoder(bytes.NewReader(file[8+binary.LittleEndian.Uint64(file):])).Decode(&s); err != nil {
		return nil, fmt.Errorf("read demo model: %w", err)
	}
	return s.model()
}

func (s *saved) model() (*Model, error) {
	if len(s.Levels) != order-1 || len(s.Base) != len(s.Text) || len(s.Text) < int(firstPiece) {
		return nil, errors.New("read demo model: its parts do not fit")
	}
	m := &Model{vocabulary: vocabulary{ids: map[string]int32{}, text: s.Text}, topics: topics{ids: map[string]int32{}, score: s.Score}, base: s.Base, grams: s.Grams}
	for id, text := range s.Text[firstPiece:] {
		m.vocabulary.ids[text] = firstPiece + int32(id) //nolint:gosec // bounded by the file
	}
	for _, t := range s.Topics {
		m.topics.ids[t.Word] = t.ID
	}
	for i, l := range s.Levels {
		if len(l.Contexts) != len(l.Spans) || len(l.Words) != len(l.Prob) {
			return nil, errors.New("read demo model: its parts do not fit")
		}
		level := &level{spans: make(map[window]span, len(l.Spans)), words: l.Words, prob: l.Prob}
		for k, c := range l.Contexts {
			p := l.Spans[k]
			if p.From < 0 || p.From > p.To || int(p.To) > len(l.Words) {
				return nil, errors.New("read demo model: its parts do not fit")
			}
			level.spans[c] = span{p.From, p.To, p.Rest}
		}
		for _, w := range l.Words {
			if w < 0 || int(w) >= len(s.Base) {
				return nil, errors.New("read demo model: its parts do not fit")
			}
		}
		m.levels[i+1] = level
	}
	m.digest = m.sum()
	return m, nil
}
