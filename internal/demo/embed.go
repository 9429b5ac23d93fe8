package demo

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"math"
	"net/http"
	"strings"
)

// Dimensions of an embedding: as many as a request asks for up to the limit.
const (
	defaultDimensions = 64
	maxDimensions     = 1024
)

// Embed returns a text's vector: its words and their three-letter parts, hashed into the dimensions with a sign and
// scaled to length 1. Texts that share words are near each other; nothing is learned. An empty text gives zeros.
func Embed(text string, dimensions int) []float32 {
	sum := make([]float64, dimensions)
	for _, w := range plainWords(text) {
		addHashed(sum, w, 1)
		padded := []rune("^" + w + "$")
		for i := 0; i+3 <= len(padded); i++ {
			addHashed(sum, string(padded[i:i+3]), 0.3)
		}
	}
	norm := 0.0
	for _, x := range sum {
		norm += x * x
	}
	out := make([]float32, dimensions)
	if norm == 0 {
		return out
	}
	for i, x := range sum {
		out[i] = float32(x / math.Sqrt(norm))
	}
	return out
}

func addHashed(sum []float64, feature string, weight float64) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(feature))
	bits := h.Sum64()
	if bits>>63 == 1 {
		weight = -weight
	}
	sum[(bits>>8)%uint64(len(sum))] += weight
}

// embedInput is one text, a list of texts, one list of tokens, or a list of lists of tokens. Tokens stay numbers: each
// is a word of its own.
type embedInput []string

// UnmarshalJSON implements json.Unmarshaler.
func (in *embedInput) UnmarshalJSON(data []byte) error {
	var list texts
	if err := json.Unmarshal(data, &list); err == nil {
		*in = embedInput(list)
		return nil
	}
	var tokens []json.Number
	if err := json.Unmarshal(data, &tokens); err == nil {
		*in = embedInput{joinNumbers(tokens)}
		return nil
	}
	var lists [][]json.Number
	if err := json.Unmarshal(data, &lists); err != nil {
		return invalid("input", "input is neither a text nor a list of texts or tokens")
	}
	for _, l := range lists {
		*in = append(*in, joinNumbers(l))
	}
	return nil
}

func joinNumbers(numbers []json.Number) string {
	var b strings.Builder
	for _, n := range numbers {
		b.WriteString(" " + n.String())
	}
	return b.String()
}

type embedRequest struct {
	Model      string     `json:"model"`
	Input      embedInput `json:"input"`
	Dimensions *int       `json:"dimensions"`
	Format     string     `json:"encoding_format"`
}

func (r *embedRequest) modelName() string { return r.Model }

// vectors checks the request and returns its vectors and how many tokens they were made from.
func (r *embedRequest) vectors() ([][]float32, int, *problem) {
	if len(r.Input) == 0 || len(r.Input) > maxInputs {
		return nil, 0, invalid("input", "input must have 1 to %d texts", maxInputs)
	}
	dimensions := defaultDimensions
	if r.Dimensions != nil {
		dimensions = *r.Dimensions
	}
	if dimensions < 1 || dimensions > maxDimensions {
		return nil, 0, invalid("dimensions", "dimensions must be between 1 and %d", maxDimensions)
	}
	out, tokens := make([][]float32, len(r.Input)), 0
	for i, text := range r.Input {
		out[i] = Embed(text, dimensions)
		tokens += len(pieces(text))
	}
	return out, tokens, nil
}

func (s *server) embeddings(w http.ResponseWriter, r *http.Request) {
	var req embedRequest
	o, ok := s.read(w, r, &req)
	if !ok {
		return
	}
	vectors, tokens, p := req.vectors()
	if p == nil && req.Format != "" && req.Format != "float" && req.Format != "base64" {
		p = invalid("encoding_format", "encoding_format must be float or base64")
	}
	if p != nil {
		failWith(w, r, p)
		return
	}
	type item struct {
		Object    string `json:"object"`
		Index     int    `json:"index"`
		Embedding any    `json:"embedding"`
	}
	data := make([]item, len(vectors))
	for i, v := range vectors {
		data[i] = item{"embedding", i, v}
		if req.Format == "base64" {
			data[i].Embedding = base64Floats(v)
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"object": "list", "data": data, "model": o.name,
		"usage": map[string]int{"prompt_tokens": tokens, "total_tokens": tokens},
	})
}

// base64Floats is the packed form that OpenAI's own clients ask for: little-endian 32-bit floats in base64.
func base64Floats(v []float32) string {
	var b bytes.Buffer
	_ = binary.Write(&b, binary.LittleEndian, v) // writing to a buffer does not fail
	return base64.StdEncoding.EncodeToString(b.Bytes())
}
