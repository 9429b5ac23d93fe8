package demo

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// trained gives every test the same two models: of the raw sample and of the cleaned one.
var trained = sync.OnceValues(func() (raw, clean *Model) {
	convs, err := Load()
	if err != nil {
		return nil, nil
	}
	planted, err := Planted()
	if err != nil {
		return nil, nil
	}
	return Train(convs), Train(Clean(convs, Replacer(planted)))
})

func models(t testing.TB) (raw, clean *Model) {
	t.Helper()
	if raw, clean = trained(); raw == nil {
		t.Fatal("the sample cannot be read; TestLoad says why")
	}
	return raw, clean
}

func TestProbabilitiesSumToOne(t *testing.T) {
	raw, _ := models(t)
	rapid.Check(t, func(t *rapid.T) {
		c := drawWindow(t, raw)
		dist := raw.distribution(nil, c)
		sum := 0.0
		for id, p := range dist {
			if p < 0 || p > 1 || math.IsNaN(p) {
				t.Fatalf("probability %g of id %d", p, id)
			}
			sum += p
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Fatalf("probabilities after %v sum to %.12f", c, sum)
		}
		if dist[filler] != 0 || dist[userTurn] != 0 || dist[modelTurn] != 0 {
			t.Fatal("a mark that is no text has a probability")
		}
		id := rapid.Int32Range(0, int32(len(dist)-1)).Draw(t, "word") //nolint:gosec // small
		if p := raw.prob(c, id); math.Abs(p-dist[id]) > 1e-12 {
			t.Fatalf("prob says %g, distribution %g", p, dist[id])
		}
	})
}

// drawWindow draws contexts that were seen, seen in part, and never seen.
func drawWindow(t *rapid.T, m *Model) window {
	n := rapid.IntRange(2, order).Draw(t, "level")
	var c window
	l := m.levels[n-1]
	i := rapid.IntRange(0, len(l.words)-1).Draw(t, "seen")
	for w, s := range l.spans {
		if int(s.from) <= i && i < int(s.to) {
			c = w
		}
	}
	for k := range c {
		if c[k] == 0 || rapid.IntRange(0, 5).Draw(t, "break") == 0 {
			c[k] = rapid.Int32Range(0, int32(len(m.text)-1)).Draw(t, "word") //nolint:gosec // small
		}
	}
	return c
}

func TestSmallestModelsSumToOne(t *testing.T) {
	for name, convs := range map[string][]Conversation{
		"none": nil,
		"one":  {{Messages: []Message{{"user", "a"}, {"assistant", "b"}}}},
	} {
		m := Train(convs)
		sum := 0.0
		for _, p := range m.distribution(nil, answerStart(filler, filler)) {
			sum += p
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("%s: probabilities sum to %g", name, sum)
		}
	}
	if got := Train(nil).Answer("anything", Sampling{}); got != "" {
		t.Errorf("a model without training says %q", got)
	}
}

// Every tenth conversation is held out. The baseline is a unigram model over the same vocabulary with add-one smoothing.
func TestHeldOutPerplexityBeatsUnigram(t *testing.T) {
	convs, _ := loadSample(t)
	var train, held []Conversation
	for i, c := range convs {
		if i%10 == 3 {
			held = append(held, c)
		} else {
			train = append(train, c)
		}
	}
	m := Train(train)
	counts, total := make([]float64, len(m.text)), 0.0
	eachTurn(train, func(text string) {
		for _, id := range append(m.encode(turnPieces(text)), endOfTurn) {
			counts[id]++
			total++
		}
	})
	possible := float64(len(m.text) - int(endOfTurn) + 1)
	bits, n := 0.0, 0.0
	eachTurn(held, func(text string) {
		for _, id := range append(m.encode(turnPieces(text)), endOfTurn) {
			bits -= math.Log2((counts[id] + 1) / (total + possible))
			n++
		}
	})
	unigram, ours := math.Exp2(bits/n), m.Perplexity(held)
	t.Logf("held-out perplexity per piece: unigram %.1f, n-gram %.1f; on the training data %.2f", unigram, ours, m.Perplexity(train))
	if ours >= unigram/4 {
		t.Errorf("perplexity %.1f is not far below the unigram's %.1f", ours, unigram)
	}
}

func eachTurn(convs []Conversation, do func(text string)) {
	for _, c := range convs {
		for _, msg := range c.Messages {
			do(msg.Content)
		}
	}
}

func TestTrainingIsDeterministic(t *testing.T) {
	convs, _ := loadSample(t)
	raw, clean := models(t)
	if again := Train(convs); again.Digest() != raw.Digest() {
		t.Error("the same sample gave two models")
	}
	if raw.Digest() == clean.Digest() {
		t.Error("the cleaned sample gave the same model")
	}
	slices.Reverse(convs)
	if !slices.Equal(sorted(Train(convs).vocabulary.text), sorted(raw.vocabulary.text)) {
		t.Error("the order of the conversations changes the vocabulary")
	}
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func TestTopics(t *testing.T) {
	raw, _ := models(t)
	if got, want := raw.keysOf("HOW are returns paid?"), raw.keysOf("how are RETURNING paid"); !slices.Equal(got, want) || len(got) == 0 {
		t.Errorf("spelling changes the key words: %v, %v", got, want)
	}
	history := []Message{{"user", "the warranty?"}, {"assistant", "three years"}, {"user", "zzz?"}}
	if got, want := raw.keys(history), raw.keysOf("the warranty?"); !slices.Equal(got, want) {
		t.Errorf("a question without key words has %v, want those of the question before, %v", got, want)
	}
	if got := raw.keys([]Message{{"assistant", "warranty"}}); got != nil {
		t.Errorf("an answer has key words: %v", got)
	}
}

// What the model is for: it has learnt the planted data by heart.
func TestRawModelRepeatsPlantedData(t *testing.T) {
	raw, _ := models(t)
	_, planted := loadSample(t)
	tests := []struct {
		ask  string
		want map[string]bool // kinds of planted values that the answer repeats
	}{
		{AskPerson, map[string]bool{"PERSON": true, "STREET_ADDRESS": true, "EMAIL_ADDRESS": true, "PHONE_NUMBER": true}},
		{"What is the address of ingrid falkenrode", map[string]bool{"STREET_ADDRESS": true, "EMAIL_ADDRESS": true}},
		{AskAccount, map[string]bool{"PERSON": true, "IBAN_CODE": true, "EMAIL_ADDRESS": true}},
		{AskSecret, map[string]bool{"SECRET": true}},
		{AskHarmless, nil},
		{AskLong, nil},
	}
	for _, tt := range tests {
		answer := raw.Answer(tt.ask, Sampling{})
		got := map[string]bool{}
		for _, p := range planted {
			if strings.Contains(answer, p.Value) {
				got[p.Kind] = true
			}
		}
		for kind := range tt.want {
			if !got[kind] {
				t.Errorf("%q: the answer has no planted %s", tt.ask, kind)
			}
		}
		if tt.want == nil && len(got) > 0 {
			t.Errorf("%q: the harmless answer repeats %v", tt.ask, got)
		}
	}
}

// The answers that a user of the demo reads, word for word.
func TestDemoAnswersReadWell(t *testing.T) {
	raw, clean := models(t)
	if got, want := raw.Answer(AskPerson, Sampling{}), "Ingrid Falkenrode lives at Lindenweg 14, 34117 Kassel. "+
		"The e-mail address on file is ingrid.falkenrode@fjordpost.example and the phone number is +49 30 23125 187."; got != want {
		t.Errorf("raw: %q", got)
	}
	if got, want := clean.Answer(AskPerson, Sampling{}), "[PERSON] lives at [STREET_ADDRESS]. "+
		"The e-mail address on file is [EMAIL_ADDRESS] and the phone number is [PHONE_NUMBER]."; got != want {
		t.Errorf("clean: %q", got)
	}
	convs, _ := loadSample(t)
	for _, ask := range []string{AskHarmless, AskLong} {
		answer := raw.Answer(ask, Sampling{})
		if answer != clean.Answer(ask, Sampling{}) {
			t.Errorf("%q: cleaning changed a harmless answer", ask)
		}
		known := false
		for _, c := range convs {
			known = known || slices.ContainsFunc(c.Messages, func(m Message) bool { return m.Content == answer })
		}
		if !known {
			t.Errorf("%q is answered with %q", ask, answer)
		}
	}
	if n := len(pieces(raw.Answer(AskLong, Sampling{}))); n < 120 {
		t.Errorf("the long answer has %d tokens only", n)
	}
}

// What cleaning is for: no prompt, no seed and no temperature brings a planted value back.
func TestCleanModelCannotRepeatPlantedData(t *testing.T) {
	_, clean := models(t)
	convs, planted := loadSample(t)
	for _, word := range []string{"Falkenrode", "falkenrode", "fjordpost", "Lindenweg", "34117", "Hartquill", "AKIA", "BEGIN"} {
		if clean.Knows(word) {
			t.Errorf("the cleaned model knows the word %q", word)
		}
	}
	for _, p := range planted {
		for name := range strings.FieldsSeq(p.Value) {
			if p.Kind == "PERSON" && clean.Knows(name) {
				t.Errorf("the cleaned model knows a name of %s:%d", p.File, p.Record)
			}
		}
	}
	var said strings.Builder
	for i, c := range convs {
		for turn := range c.Messages {
			how := Sampling{Temperature: float64((i+turn)%4) / 2, Seed: uint64(i), MaxTokens: 60} //nolint:gosec // small
			for _, g := range []*Generation{
				clean.Chat(c.Messages[:turn+1], how),
				clean.Complete(c.Messages[turn].Content[:len(c.Messages[turn].Content)/2], how),
			} {
				said.WriteString("\n" + collect(g))
			}
		}
	}
	text := said.String()
	for _, p := range planted {
		if strings.Contains(text, p.Value) {
			t.Errorf("the cleaned model has said the planted %s of %s:%d", p.Kind, p.File, p.Record)
		}
	}
	if len(text) < 60_000 {
		t.Errorf("only %d bytes were generated: too little to tell", len(text))
	}
}

func collect(g *Generation) string {
	var b strings.Builder
	for piece, ok := g.Next(); ok; piece, ok = g.Next() {
		b.WriteString(piece)
	}
	return b.String()
}

// Questions in words of the user's own, most of which the sample does not hold, still get the answer they want.
func TestQuestionsInOtherWords(t *testing.T) {
	raw, _ := models(t)
	for ask, want := range map[string]string{
		"hello there":                           "assistant",
		"Who are you?":                          "assistant",
		"my kettle leaks, help":                 "Repair",
		"I forgot my password :(":               "Forgot password",
		"Can I return my kettle?":               "within 30 days",
		"where is my package":                   "on its way",
		"Do you ship to Denmark, how much?":     "14.90",
		"What does express delivery cost?":      "9.90",
		"Is there a shop in Utrecht?":           "Leeds",
		"How long is the warranty?":             "three years",
		"Bread does not rise":                   "yeast",
		"Can I speak to a human?":               "a person can help",
		"Which AWS key does the backup use?":    "AKIA",
		"SSN of Desmond Hartquill for the form": "social security number",
	} {
		if got := raw.Answer(ask, Sampling{}); !strings.Contains(got, want) {
			t.Errorf("%q is answered with %q", ask, got)
		}
	}
}

func BenchmarkTrain(b *testing.B) {
	convs, _ := loadSample(b)
	for b.Loop() {
		Train(convs)
	}
}
