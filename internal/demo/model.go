package demo

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
)

// Model is a word n-gram language model with interpolated, modified Kneser–Ney smoothing. It is immutable and safe for
// concurrent use.
type Model struct {
	vocabulary
	topics
	levels [order]*level // by length of the n-gram − 1; the shortest is base
	base   []float64     // by id, without any context
	grams  int
	digest string
}

// Size returns how many n-grams of all lengths the model holds and how many pieces it knows.
func (m *Model) Size() (grams, vocabulary int) { return m.grams, len(m.text) - int(firstPiece) }

// Knows reports whether the model has a piece of text in its vocabulary, with or without a space before it. What it
// does not know it cannot say.
func (m *Model) Knows(piece string) bool {
	return m.id(piece) != unknown || m.id(" "+piece) != unknown
}

// prob returns the probability of one word after a context.
func (m *Model) prob(c window, word int32) float64 {
	p := m.base[word]
	for n := 2; n <= order; n++ {
		s, seen := m.levels[n-1].spans[c.last(n-1)]
		if !seen {
			break // a longer context was not seen either
		}
		p *= s.rest
		if i, found := slices.BinarySearch(m.levels[n-1].words[s.from:s.to], word); found {
			p += m.levels[n-1].prob[int(s.from)+i]
		}
	}
	return p
}

// distribution fills dst with the probabilities of all words after a context, by id. They sum to 1.
func (m *Model) distribution(dst []float64, c window) []float64 {
	dst = append(dst[:0], m.base...)
	for n := 2; n <= order; n++ {
		l := m.levels[n-1]
		s, seen := l.spans[c.last(n-1)]
		if !seen {
			break
		}
		for i := range dst {
			dst[i] *= s.rest
		}
		for i := s.from; i < s.to; i++ {
			dst[l.words[i]] += l.prob[i]
		}
	}
	return dst
}

// last returns the context's n nearest words, zeros in front.
func (c window) last(n int) (short window) {
	copy(short[len(c)-n:], c[len(c)-n:])
	return short
}

// Perplexity returns 2 to the power of the model's cross-entropy, in bits, per piece of the conversations, the ends of
// the turns included. A piece that training did not see counts as the unknown one. No conversations give NaN.
func (m *Model) Perplexity(convs []Conversation) float64 {
	bits, count := 0.0, 0
	for _, conv := range convs {
		for i, msg := range conv.Messages {
			c := m.startOf(conv.Messages[:i], msg.Role)
			for _, id := range append(m.encode(turnPieces(msg.Content)), endOfTurn) {
				bits -= math.Log2(m.prob(c, id))
				c = c.then(id)
				count++
			}
		}
	}
	return math.Exp2(bits / float64(count))
}

func (m *Model) encode(pieces []string) []int32 {
	ids := make([]int32, len(pieces), len(pieces)+1)
	for i, p := range pieces {
		ids[i] = m.id(p)
	}
	return ids
}

// Digest returns the SHA-256 of the model in hexadecimal: of its vocabulary and of its probabilities. Training twice
// on the same conversations gives the same digest.
func (m *Model) Digest() string { return m.digest }

func (m *Model) sum() string {
	h := sha256.New()
	for _, text := range m.text {
		fmt.Fprintf(h, "%q\n", text)
	}
	write := func(v any) { _ = binary.Write(h, binary.LittleEndian, v) } // writing to a hash does not fail
	write(m.base)
	for _, l := range m.levels[1:] {
		write(l.words)
		write(l.prob)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// bytes is about what the model takes in memory.
func (m *Model) bytes() int64 {
	const perGram, perSpan = 4 + 8, 4*(order-1) + 16
	n := int64(8 * len(m.base))
	for _, l := range m.levels[1:] {
		n += int64(perGram*len(l.words) + perSpan*len(l.spans))
	}
	return n
}
