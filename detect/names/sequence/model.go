package sequence

import "math"

// Model is what has been learned. It is immutable once made and safe for concurrent use.
type Model struct {
	Lexicon *Lexicon
	rows    []uint64                // one byte per label and feature, offset by 128; the eighth byte is unused
	steps   [Labels][Labels]float32 // weight of a label after another
	scale   float32                 // what one unit of rows is worth
}

// Rows is how many rows of weights a model has.
const Rows = 1 << tableBits

// NewModel rounds the weights of a training run to eight bits. weights has Rows × 8 numbers, eight for each row.
func NewModel(lexicon *Lexicon, weights []float32, steps [Labels][Labels]float32) *Model {
	top := float32(0)
	for _, w := range weights {
		top = max(top, float32(math.Abs(float64(w))))
	}
	m := &Model{Lexicon: lexicon, rows: make([]uint64, Rows), steps: steps, scale: min(top, clip) / 127}
	if m.scale == 0 {
		m.scale = 1
	}
	for i := range m.rows {
		row := uint64(0)
		for l := range Labels {
			q := math.Round(float64(weights[i*8+int(l)] / m.scale))
			row |= uint64(uint8(int(max(-127, min(127, q)))+bias)) << (8 * l)
		}
		m.rows[i] = row | bias<<56
	}
	return m
}

const (
	bias = 128
	even = 0x00ff00ff00ff00ff
	clip = 4 // weights beyond it are cut, so that the others keep their precision
)

// emissions sums the rows into out.
func (m *Model) emissions(out *[Labels]float32, rows []uint32) {
	var a, b uint64 // four sums of 16 bits each: 257 rows of at most 255 fit
	for _, i := range rows {
		w := m.rows[i]
		a += w & even
		b += w >> 8 & even
	}
	base := int32(len(rows)) * bias
	for l := range Labels {
		sum := a
		if l&1 != 0 {
			sum = b
		}
		out[l] = m.scale * float32(int32(sum>>(16*(l>>1))&0xffff)-base)
	}
}

// Allowed reports whether the label next may follow the label l: a span is continued only by its own kind.
func Allowed(l, next Label) bool {
	return !next.Inside() || l == next || l == next-1
}
