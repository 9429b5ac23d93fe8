package demo

import (
	"cmp"
	"slices"
	"strings"
)

// order is the length of the longest n-gram: four words and the next one, with the question's first key word before
// them all. So it is a 5-gram model whose longest context also knows the topic.
const order = 6

// gram is one n-gram, the next word last. A shorter one has zeros in front.
type gram [order]int32

// window is what stands before the next word, the nearest last. A shorter one has zeros in front.
type window [order - 1]int32

// level holds the n-grams of one length, grouped by context.
type level struct {
	spans map[window]span
	words []int32   // the words seen in a context, ascending
	prob  []float64 // of each: (count − discount) / total
}

// span is a context's part of a level's words.
type span struct {
	from, to int32
	rest     float64 // probability that is left to the shorter context
}

// Train counts the conversations and returns the model. It never fails; without conversations the model ends every
// turn at once or says nothing of use.
func Train(convs []Conversation) *Model {
	m := &Model{vocabulary: newVocabulary(), topics: learnTopics(convs)}
	var grams []gram
	for _, c := range convs {
		for i, msg := range c.Messages {
			ids := []int32{}
			for _, p := range turnPieces(msg.Content) {
				ids = append(ids, m.add(p))
			}
			ids = append(ids, endOfTurn)
			if msg.Role != "assistant" {
				grams = appendGrams(grams, otherStart, ids)
				continue
			}
			grams = appendAnswer(grams, m.keys(c.Messages[:i]), ids)
		}
	}
	m.learnLevels(grams)
	m.digest = m.sum()
	return m
}

// otherStart is where a turn starts that is not the assistant's.
var otherStart = window{filler, filler, filler, filler, userTurn}

// answerStart is where an answer starts. Two key words of the question stand before it; the first stays in the window
// to the end of the answer.
func answerStart(first, second int32) window {
	return window{first, filler, second, first, modelTurn}
}

// startOf is where a turn starts after the history.
func (m *Model) startOf(history []Message, role string) window {
	if role != "assistant" {
		return otherStart
	}
	keys := append(m.keys(history), filler, filler)
	return answerStart(keys[0], keys[1])
}

// appendAnswer counts an answer under each key word of its question, because another question may share only one of
// them, and its start under each pair.
func appendAnswer(grams []gram, keys, ids []int32) []gram {
	if len(keys) == 0 {
		return appendGrams(grams, answerStart(filler, filler), ids)
	}
	for _, first := range keys {
		whole := appendGrams(nil, answerStart(first, filler), ids)
		grams = append(grams, whole...)
		for _, second := range keys {
			if second != first { // the pair is forgotten after a few words
				start := appendGrams(nil, answerStart(first, second), ids[:min(len(ids), order-3)])
				grams = append(grams, start...)
			}
		}
	}
	return grams
}

// then is the context after one more word. The key word keeps its place.
func (c window) then(word int32) window {
	copy(c[1:], c[2:])
	c[order-2] = word
	return c
}

func appendGrams(grams []gram, c window, ids []int32) []gram {
	for _, id := range ids {
		var g gram
		copy(g[:], c[:])
		g[order-1] = id
		grams = append(grams, g)
		c = c.then(id)
	}
	return grams
}

// learnLevels counts the longest n-grams as they stand and every shorter one by how many different words precede it
// (Kneser and Ney, "Improved backing-off for m-gram language modeling", ICASSP 1995), with the three discounts of
// Chen and Goodman ("An empirical study of smoothing techniques for language modeling", TR-10-98, 1998).
func (m *Model) learnLevels(grams []gram) {
	for n := order; n >= 1; n-- {
		slices.SortFunc(grams, compareGrams)
		distinct, counts := countSorted(grams)
		if n > 1 {
			m.levels[n-1] = newLevel(distinct, counts)
		} else {
			m.base = m.newBase(distinct, counts)
		}
		m.grams += len(distinct)
		grams = distinct
		for i := range grams {
			grams[i][order-n] = 0
		}
	}
}

func compareGrams(a, b gram) int {
	for i := range a {
		if a[i] != b[i] {
			return cmp.Compare(a[i], b[i])
		}
	}
	return 0
}

// countSorted removes repeats in place and returns how often each n-gram stood there.
func countSorted(grams []gram) ([]gram, []int) {
	counts := make([]int, 0, len(grams))
	n := 0
	for i := range grams {
		if n > 0 && grams[i] == grams[n-1] {
			counts[n-1]++
			continue
		}
		grams[n] = grams[i]
		counts = append(counts, 1)
		n++
	}
	return grams[:n], counts
}

// newLevel groups sorted n-grams by context and turns their counts into probabilities.
func newLevel(grams []gram, counts []int) *level {
	d := newDiscounts(counts)
	l := &level{spans: map[window]span{}, words: make([]int32, len(grams)), prob: make([]float64, len(grams))}
	for from := 0; from < len(grams); {
		c := grams[from].window()
		to, total, taken := from, 0, 0.0
		for ; to < len(grams) && grams[to].window() == c; to++ {
			total += counts[to]
			taken += d.of(counts[to])
		}
		for i := from; i < to; i++ {
			l.words[i] = grams[i][order-1]
			l.prob[i] = (float64(counts[i]) - d.of(counts[i])) / float64(total)
		}
		l.spans[c] = span{from: int32(from), to: int32(to), rest: taken / float64(total)} //nolint:gosec // bounded by the sample
		from = to
	}
	return l
}

func (g gram) window() (c window) {
	copy(c[:], g[:order-1])
	return c
}

// newBase is the distribution without any context: discounted counts over all pieces and the unknown one, the rest
// spread evenly. Ids that cannot be generated have probability zero.
func (m *Model) newBase(grams []gram, counts []int) []float64 {
	base := make([]float64, len(m.text))
	d := newDiscounts(counts)
	total, taken := 1, 1.0 // one count goes to what was never seen, all of it to be spread
	for i := range grams {
		total += counts[i]
		taken += d.of(counts[i])
		base[grams[i][order-1]] += float64(counts[i]) - d.of(counts[i])
	}
	possible := len(base) - int(endOfTurn) + 1 // every piece, the end of a turn, and the unknown
	for id := range base {
		if id32 := int32(id); id32 == unknown || id32 >= endOfTurn { //nolint:gosec // bounded by the vocabulary
			base[id] += taken / float64(possible)
		}
		base[id] /= float64(total)
	}
	return base
}

// discounts are what is taken from the counts 1, 2, and 3 or more.
type discounts [3]float64

// maxDiscount keeps the estimate from taking so much that the model forgets what it read once, which is most of a
// small sample.
const maxDiscount = 0.75

func newDiscounts(counts []int) discounts {
	var n [5]float64
	for _, c := range counts {
		if c < len(n) {
			n[c]++
		}
	}
	d := discounts{maxDiscount, maxDiscount, maxDiscount} // a sample too small for the estimate
	if n[1] == 0 || n[2] == 0 || n[3] == 0 {
		return d
	}
	y := n[1] / (n[1] + 2*n[2])
	for k := 1; k <= 3; k++ {
		estimate := float64(k) - float64(k+1)*y*n[k+1]/n[k]
		d[k-1] = min(max(estimate, 0.1), maxDiscount)
	}
	return d
}

func (d discounts) of(count int) float64 { return d[min(count, 3)-1] }

// Clean returns the conversations with every message replaced by what clean makes of it. The input stays as it is.
func Clean(convs []Conversation, clean func(text string) string) []Conversation {
	out := slices.Clone(convs)
	for i := range out {
		out[i].Messages = slices.Clone(out[i].Messages)
		for j := range out[i].Messages {
			out[i].Messages[j].Content = strings.Clone(clean(out[i].Messages[j].Content))
		}
	}
	return out
}
