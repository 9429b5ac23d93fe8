package demo

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestEveryAnswerComesToAnEnd(t *testing.T) {
	raw, _ := models(t)
	convs, _ := loadSample(t)
	for _, c := range convs {
		for i, msg := range c.Messages {
			if msg.Role != "user" {
				continue
			}
			g := raw.Chat(c.Messages[:i+1], Sampling{MaxTokens: 300})
			if text := collect(g); g.Finish() != FinishStop || text == "" {
				t.Errorf("%s:%d: the answer ends with %q after %d bytes", c.File, c.Record, g.Finish(), len(text))
			}
		}
	}
}

func TestSameSeedSameAnswer(t *testing.T) {
	raw, _ := models(t)
	rapid.Check(t, func(t *rapid.T) {
		how := Sampling{
			Temperature: rapid.Float64Range(0, 2).Draw(t, "temperature"), TopP: rapid.Float64Range(0, 1).Draw(t, "top_p"),
			MinP: rapid.Float64Range(0, 1).Draw(t, "min_p"), Seed: rapid.Uint64().Draw(t, "seed"), MaxTokens: 30,
		}
		ask := rapid.SampledFrom([]string{AskHarmless, AskLong, "", "zzz"}).Draw(t, "ask")
		if a, b := raw.Answer(ask, how), raw.Answer(ask, how); a != b {
			t.Fatalf("%q and %q", a, b)
		}
	})
}

func TestSeedAndTemperatureMatter(t *testing.T) {
	raw, _ := models(t)
	hot, cold := map[string]bool{}, map[string]bool{}
	for seed := range uint64(20) {
		hot[raw.Answer("Can I return it?", Sampling{Temperature: 1, Seed: seed, MaxTokens: 40})] = true
		cold[raw.Answer("Can I return it?", Sampling{Seed: seed, MaxTokens: 40})] = true
	}
	if len(hot) < 5 || len(cold) != 1 {
		t.Errorf("%d answers at temperature 1, %d at 0; want many and one", len(hot), len(cold))
	}
}

// At temperature 1 words come as often as the model says; with a small top_p or a min_p of 1 only the likeliest does.
func TestSamplingFollowsTheDistribution(t *testing.T) {
	raw, _ := models(t)
	start := answerStart(filler, filler)
	dist := raw.distribution(nil, start)
	likeliest := greedy(dist)
	const n = 4000
	count := func(how Sampling) (hits int) {
		g := raw.generation(start, 0, how)
		for range n {
			if g.choose() == likeliest {
				hits++
			}
		}
		return hits
	}
	possible := 1 - dist[unknown]
	want := dist[likeliest] / possible
	if got := float64(count(Sampling{Temperature: 1, Seed: 1})) / n; got < want-0.04 || got > want+0.04 {
		t.Errorf("the likeliest word came in %.3f of all draws, want %.3f", got, want)
	}
	for _, how := range []Sampling{{Temperature: 1, TopP: 1e-9}, {Temperature: 1, MinP: 1}, {}} {
		if got := count(how); got != n {
			t.Errorf("%+v: the likeliest word came %d times of %d", how, got, n)
		}
	}
}

func TestMaxTokens(t *testing.T) {
	raw, _ := models(t)
	whole := raw.Answer(AskLong, Sampling{})
	for _, n := range []int{1, 2, 7} {
		g := raw.Chat([]Message{{"user", AskLong}}, Sampling{MaxTokens: n})
		text := collect(g)
		if _, tokens := g.Usage(); tokens != n || g.Finish() != FinishLength || !strings.HasPrefix(whole, text) || len(pieces(text)) != n {
			t.Errorf("max %d: %d tokens, %s, %q", n, tokens, g.Finish(), text)
		}
	}
}

// A stop text ends the answer where it first stands, wherever the tokens are cut, and never shows itself.
func TestStop(t *testing.T) {
	raw, _ := models(t)
	whole := raw.Answer(AskLong, Sampling{})
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.IntRange(0, len(whole)-1).Draw(t, "from")
		to := rapid.IntRange(from+1, min(len(whole), from+20)).Draw(t, "to")
		stop := whole[from:to]
		g := raw.Chat([]Message{{"user", AskLong}}, Sampling{Stop: []string{"no such text", stop, ""}})
		want, _, _ := strings.Cut(whole, stop)
		if got := collect(g); got != want || g.Finish() != FinishStop {
			t.Fatalf("stop %q: got %q, want %q", stop, got, want)
		}
	})
	if got := collect(raw.Chat([]Message{{"user", AskLong}}, Sampling{Stop: []string{"faster than before.!"}})); got != whole {
		t.Errorf("a stop text that only begins at the end took something away: %q", got[len(got)-20:])
	}
}

func TestComplete(t *testing.T) {
	raw, _ := models(t)
	const want = " Lindenweg 14, 34117 Kassel."
	if got := collect(raw.Complete("Ingrid Falkenrode lives at", Sampling{MaxTokens: 6})); got != want {
		t.Errorf("got %q", got)
	}
	if got := collect(raw.Complete("Ingrid Falkenrode lives at ", Sampling{MaxTokens: 6})); got != want[1:] {
		t.Errorf("after a space: %q", got)
	}
	if got := collect(raw.Complete("", Sampling{})); got == "" || strings.HasPrefix(got, " ") {
		t.Errorf("from nothing: %q", got)
	}
}

func TestChatContinuesAnAssistantMessage(t *testing.T) {
	raw, _ := models(t)
	g := raw.Chat([]Message{{"user", AskPerson}, {"assistant", "Ingrid Falkenrode lives"}}, Sampling{MaxTokens: 2})
	if got := collect(g); got != " at Lindenweg" {
		t.Errorf("got %q", got)
	}
}

func BenchmarkAnswer(b *testing.B) {
	raw, _ := models(b)
	for b.Loop() {
		raw.Answer(AskLong, Sampling{})
	}
}
