package demo

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// Sampling says how the next word is chosen. The zero value is greedy: always the likeliest word, the same answer
// every time, without a limit.
type Sampling struct {
	Temperature float64  // 0 is greedy; 1 is the model's own distribution
	TopP        float64  // the likeliest words that together have this probability; 0 and 1 mean all
	MinP        float64  // words less likely than this share of the likeliest are not said; 0 means all may be
	Seed        uint64   // the same seed gives the same answer
	MaxTokens   int      // 0 means no limit but the end of the turn and maxTurn
	Stop        []string // text that ends the answer and is not part of it
}

// maxTurn ends an answer that goes round in circles.
const maxTurn = 1024

// Why a generation ended.
const (
	FinishStop   = "stop"   // end of the turn or a stop text
	FinishLength = "length" // the limit of tokens
)

// Generation is one answer in the making. It belongs to one goroutine.
type Generation struct {
	m       *Model
	how     Sampling
	rand    *rand.Rand
	at      window
	prompt  int
	tokens  int
	held    string // generated text that could be the beginning of a stop text
	trim    bool   // the next piece loses the space in front
	finish  string
	weights []float64
	ranked  []int32
}

// Chat starts the assistant's answer to a conversation. The last user message is the question; a conversation that
// ends with an assistant message gets that message continued.
func (m *Model) Chat(messages []Message, how Sampling) *Generation {
	prompt := 0
	for _, msg := range messages {
		prompt += len(turnPieces(msg.Content)) + 2
	}
	g := m.generation(m.startOf(messages, "assistant"), prompt, how)
	if n := len(messages); n > 0 && messages[n-1].Role == "assistant" {
		g.at = m.startOf(messages[:n-1], "assistant")
		g.read(turnPieces(messages[n-1].Content))
	} else {
		g.trim = true
	}
	return g
}

// Complete starts the continuation of a text, as if an assistant had begun it.
func (m *Model) Complete(prompt string, how Sampling) *Generation {
	g := m.generation(m.startOf(nil, "assistant"), len(pieces(prompt)), how)
	text, spaced := strings.CutSuffix(prompt, " ")
	if text != "" {
		g.read(turnPieces(text))
	}
	g.trim = spaced || text == ""
	return g
}

// Answer generates a whole answer to one question.
func (m *Model) Answer(question string, how Sampling) string {
	g := m.Chat([]Message{{Role: "user", Content: question}}, how)
	var b strings.Builder
	for piece, ok := g.Next(); ok; piece, ok = g.Next() {
		b.WriteString(piece)
	}
	return b.String()
}

func (m *Model) generation(at window, prompt int, how Sampling) *Generation {
	return &Generation{m: m, how: how, at: at, prompt: prompt, rand: rand.New(rand.NewPCG(how.Seed, how.Seed^0x9e3779b97f4a7c15))} //nolint:gosec // sampling, not secrecy
}

func (g *Generation) read(pieces []string) {
	for _, id := range g.m.encode(pieces) {
		g.at = g.at.then(id)
	}
}

// Next returns the next piece of the answer, usually one token; false means that the answer is over and Finish says
// why.
func (g *Generation) Next() (piece string, ok bool) {
	for g.finish == "" {
		if g.limit(); g.finish != "" {
			break
		}
		id := g.choose()
		if id == endOfTurn {
			g.finish = FinishStop
			break
		}
		g.tokens++
		g.at = g.at.then(id)
		text := g.m.text[id]
		if g.trim {
			text, g.trim = strings.TrimPrefix(text, " "), false
		}
		if piece = g.release(text); piece != "" {
			return piece, true
		}
	}
	piece, g.held = g.held, ""
	return piece, piece != ""
}

func (g *Generation) limit() {
	if g.how.MaxTokens > 0 && g.tokens >= g.how.MaxTokens || g.tokens >= maxTurn {
		g.finish = FinishLength
	}
}

// release adds text to what is held and returns what no stop text can begin in.
func (g *Generation) release(text string) string {
	g.held += text
	stopAt := -1
	for _, stop := range g.how.Stop {
		if i := strings.Index(g.held, stop); stop != "" && i >= 0 && (stopAt < 0 || i < stopAt) {
			stopAt = i
		}
	}
	if stopAt >= 0 {
		out := g.held[:stopAt]
		g.held, g.finish = "", FinishStop
		return out
	}
	keep := 0
	for _, stop := range g.how.Stop {
		for n := min(len(stop)-1, len(g.held)); n > keep; n-- {
			if strings.HasSuffix(g.held, stop[:n]) {
				keep = n
			}
		}
	}
	out := g.held[:len(g.held)-keep]
	g.held = g.held[len(g.held)-keep:]
	return out
}

// Finish says why the answer ended, "" while it has not.
func (g *Generation) Finish() string { return g.finish }

// Usage returns how many tokens the prompt had and how many were generated so far.
func (g *Generation) Usage() (prompt, completion int) { return g.prompt, g.tokens }

// choose picks the next word.
func (g *Generation) choose() int32 {
	g.weights = g.m.distribution(g.weights, g.at)
	for id := range endOfTurn {
		g.weights[id] = 0 // neither the unknown nor the marks of the turns can be said
	}
	if g.how.Temperature <= 0 {
		return greedy(g.weights)
	}
	peak := slices.Max(g.weights)
	sum := 0.0
	for i, p := range g.weights {
		if p < g.how.MinP*peak {
			g.weights[i] = 0
			continue
		}
		g.weights[i] = math.Pow(p/peak, 1/g.how.Temperature)
		sum += g.weights[i]
	}
	if g.how.TopP > 0 && g.how.TopP < 1 {
		sum = g.cutTail(sum)
	}
	return pick(g.weights, g.rand.Float64()*sum)
}

func greedy(weights []float64) int32 {
	best := endOfTurn
	for id, p := range weights {
		if p > weights[best] {
			best = int32(id) //nolint:gosec // bounded by the vocabulary
		}
	}
	return best
}

// pick returns the word at which the running sum of weights passes r.
func pick(weights []float64, r float64) int32 {
	last := endOfTurn
	for id, p := range weights {
		if p == 0 {
			continue
		}
		last = int32(id) //nolint:gosec // bounded by the vocabulary
		if r -= p; r < 0 {
			break
		}
	}
	return last
}

// cutTail sets to zero what is not among the likeliest words with TopP of the sum, and returns what is left of it.
func (g *Generation) cutTail(sum float64) float64 {
	g.ranked = g.ranked[:0]
	for id := range g.weights {
		g.ranked = append(g.ranked, int32(id)) //nolint:gosec // bounded by the vocabulary
	}
	slices.SortFunc(g.ranked, func(a, b int32) int {
		return cmp.Or(cmp.Compare(g.weights[b], g.weights[a]), cmp.Compare(a, b))
	})
	left, want := 0.0, g.how.TopP*sum
	for _, id := range g.ranked {
		if left >= want {
			g.weights[id] = 0
			continue
		}
		left += g.weights[id]
	}
	return left
}
