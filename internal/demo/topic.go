package demo

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
)

// An n-gram sees a few words back and would have forgotten the question by its third word. So the question takes part
// in the context through its key words, those that say most about the answer. Nothing is looked up: the words are
// conditions of the n-gram like those before the next word, and are dropped by the same back-off.

const (
	keyWords    = 6   // most telling words of a question that training looks at; an answer starts from two of them
	minKeyScore = 1.0 // below it a word says nothing about the answer: "the", "please", "my"
	shrink      = 5.0 // words of the average answer that are mixed into the answers to a rare word
)

// topics knows how much each word of a question says about its answer. Its ids are those of a vocabulary of its own,
// shifted by topicBase, so that they are never mistaken for pieces.
type topics struct {
	ids   map[string]int32
	score []float64 // by id − topicBase
}

const topicBase int32 = 1 << 24

// wordCounts counts in how many answers a word stands.
type wordCounts struct {
	n     map[string]float64
	total float64
}

func (w *wordCounts) add(answer map[string]bool) {
	if w.n == nil {
		w.n = map[string]float64{}
	}
	for word := range answer {
		w.n[word]++
		w.total++
	}
}

// learnTopics scores the words of all questions: how much an answer differs from the average one when the word stands
// in the question, and a little how rare the word is.
func learnTopics(convs []Conversation) topics {
	var all wordCounts
	after, asked, questions := map[string]*wordCounts{}, map[string]int{}, 0
	for _, c := range convs {
		for i, msg := range c.Messages {
			if msg.Role != "assistant" {
				continue
			}
			answer := distinctStems(msg.Content)
			all.add(answer)
			questions++
			for w := range distinctStems(lastQuestion(c.Messages[:i])) {
				if after[w] == nil {
					after[w] = &wordCounts{}
				}
				after[w].add(answer)
				asked[w]++
			}
		}
	}
	t := topics{ids: map[string]int32{}}
	for _, w := range slices.Sorted(maps.Keys(after)) {
		rarity := math.Sqrt(math.Log2(float64(questions) / float64(asked[w])))
		if score := after[w].gain(&all) * rarity; score >= minKeyScore {
			t.ids[w] = topicBase + int32(len(t.score)) //nolint:gosec // bounded by the vocabulary
			t.score = append(t.score, score)
		}
	}
	return t
}

// gain is the relative entropy, in bits, of the words of these answers to those of all answers. Few answers are mixed
// with the average one, so that a word that stood in one question by chance gains little.
func (w *wordCounts) gain(all *wordCounts) float64 {
	bits, elsewhere := 0.0, 1.0 // elsewhere: share of the words that these answers do not have
	for _, word := range slices.Sorted(maps.Keys(w.n)) {
		q := all.n[word] / all.total
		p := (w.n[word] + shrink*q) / (w.total + shrink)
		bits += p * math.Log2(p/q)
		elsewhere -= q
	}
	rest := shrink / (w.total + shrink)
	return bits + rest*elsewhere*math.Log2(rest)
}

func distinctStems(text string) map[string]bool {
	stems := map[string]bool{}
	for _, w := range plainWords(text) {
		stems[stem(w)] = true
	}
	return stems
}

// stem makes one of "return", "returns" and "returning".
func stem(word string) string {
	const length = 6
	if len(word) > 3 {
		word = strings.TrimSuffix(word, "s")
	}
	runes := []rune(word)
	return string(runes[:min(len(runes), length)])
}

// keys returns the ids of the words of the last question that say something about its answer, the most telling first.
// A question without any ("And then?") takes those of the question before it.
func (t *topics) keys(history []Message) []int32 {
	for i := len(history) - 1; i >= 0; i-- {
		if history[i].Role != "user" {
			continue
		}
		if keys := t.keysOf(history[i].Content); len(keys) > 0 {
			return keys
		}
	}
	return nil
}

func (t *topics) keysOf(question string) []int32 {
	var found []int32
	for w := range distinctStems(question) {
		if id, known := t.ids[w]; known {
			found = append(found, id)
		}
	}
	slices.SortFunc(found, func(a, b int32) int {
		return cmp.Or(cmp.Compare(t.score[b-topicBase], t.score[a-topicBase]), cmp.Compare(a, b))
	})
	return found[:min(len(found), keyWords)]
}

// plainWords returns the words of a text in lower case, without punctuation and without the English genitive.
func plainWords(text string) []string {
	var out []string
	for _, p := range pieces(text) {
		w := strings.ToLower(strings.TrimSpace(p))
		w = strings.TrimSuffix(strings.TrimSuffix(w, "'s"), "’s")
		if first := strings.IndexFunc(w, wordRune); first == 0 {
			out = append(out, w)
		}
	}
	return out
}

// lastQuestion returns the last message of the user.
func lastQuestion(history []Message) string {
	for i := len(history) - 1; i >= 0; i-- {
		if history[i].Role == "user" {
			return history[i].Content
		}
	}
	return ""
}
