package demo

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// An n-gram sees a few words back and would have forgotten the question by its third word. So the question takes part
// in the context through its key words: words that answers tend to repeat ("kettle" is answered with "the kettle") and
// that are rare enough to tell one question from another. Nothing is looked up: the words are conditions of the
// n-gram like those before the next word, and are dropped by the same back-off.

const (
	keyWords    = 3   // key words that condition the start of an answer
	minKeyScore = 0.8 // below it a word says nothing about the answer: "the", "please", "thanks"
)

// topics knows how much each word of a question says about its answer. Its ids are those of a vocabulary of its own,
// shifted by topicBase, so that they are never mistaken for pieces.
type topics struct {
	ids   map[string]int32
	score []float64 // by id − topicBase
}

const topicBase int32 = 1 << 24

// learnTopics scores the words of all questions: the share of questions in which the answer repeats the word, times
// the logarithm of the word's rarity.
func learnTopics(convs []Conversation) topics {
	asked, echoed := map[string]int{}, map[string]int{}
	questions := 0
	for _, c := range convs {
		for i, msg := range c.Messages {
			if msg.Role != "assistant" {
				continue
			}
			questions++
			answer := map[string]bool{}
			for _, w := range plainWords(msg.Content) {
				answer[w] = true
			}
			for _, w := range slices.Compact(slices.Sorted(slices.Values(plainWords(lastQuestion(c.Messages[:i]))))) {
				asked[w]++
				if answer[w] {
					echoed[w]++
				}
			}
		}
	}
	t := topics{ids: map[string]int32{}}
	words := make([]string, 0, len(asked))
	for w := range asked {
		words = append(words, w)
	}
	slices.Sort(words)
	for _, w := range words {
		echo := float64(echoed[w]) / float64(asked[w]+1)
		score := echo * math.Log(float64(questions+1)/float64(asked[w]))
		if score < minKeyScore {
			continue
		}
		t.ids[w] = topicBase + int32(len(t.score)) //nolint:gosec // bounded by the vocabulary
		t.score = append(t.score, score)
	}
	return t
}

// keys returns up to keyWords ids of the most telling words of the last question, the least telling first. A question
// without any ("And how long does it take?") takes those of the question before it.
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
	for _, w := range plainWords(question) {
		if id, known := t.ids[w]; known && !slices.Contains(found, id) {
			found = append(found, id)
		}
	}
	slices.SortFunc(found, func(a, b int32) int {
		return cmp.Or(cmp.Compare(t.score[a-topicBase], t.score[b-topicBase]), cmp.Compare(a, b))
	})
	return found[max(0, len(found)-keyWords):]
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
