//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// weather is a tool in the shape that both dialects share.
var weather = []object{{"type": "function", "function": object{
	"name": "get_weather", "description": "tells the weather",
	"parameters": object{
		"type": "object", "properties": object{"city": object{"type": "string"}}, "required": []string{"city"},
	},
}}}

// conversation is a chat that has gone through a tool call already; it ends with a cue.
func conversation(dialect string) []object {
	var arguments any = object{"city": "Oslo"}
	if dialect == "openai" {
		arguments = `{"city":"Oslo"}`
	}
	answer := object{"role": "tool", "content": "sunny"}
	called := object{"function": object{"name": "get_weather", "arguments": arguments}}
	if dialect == "openai" {
		called["id"], called["type"], answer["tool_call_id"] = "call_1", "function", "call_1"
	} else {
		answer["tool_name"] = "get_weather"
	}
	return []object{
		{"role": "system", "content": "be brief"},
		{"role": "user", "content": "what is the weather"},
		{"role": "assistant", "content": "", "tool_calls": []object{called}},
		answer,
		{"role": "user", "content": cuePlain},
	}
}

// harmless are calls in which no rule has anything to say: a client must see behind reeve exactly what it sees without it.
func harmless(dialect string) []step {
	chat := object{"model": reciter, "messages": user(cuePlain)}
	prompt := object{"model": reciter, "prompt": cuePlain}
	forever := object{"model": reciter, "messages": user(cueForever)}
	tool := object{"model": reciter, "messages": user(cueTool), "tools": weather}
	streamed := object{"stream": true}
	steps := []step{
		{Name: "chat", Call: "chat", Args: chat},
		{Name: "chat stream", Call: "chat", Args: with(chat, streamed)},
		{Name: "completion", Call: "completion", Args: prompt},
		{Name: "completion stream", Call: "completion", Args: with(prompt, streamed)},
		{Name: "long", Call: "chat", Args: forever},
		{Name: "long stream", Call: "chat", Args: with(forever, streamed)},
		{Name: "babble", Call: "completion", Args: object{"model": babbler, "prompt": "hello world"}},
		{Name: "tool call", Call: "chat", Args: tool},
		{Name: "tool call stream", Call: "chat", Args: with(tool, streamed)},
		{Name: "tool answer", Call: "chat", Args: object{"model": reciter, "messages": conversation(dialect), "tools": weather}},
		{Name: "embedding", Call: "embedding", Args: object{"model": babbler, "input": "hello"}},
		{Name: "embeddings", Call: "embedding", Args: object{"model": babbler, "input": []string{"hello", "world"}}},
		{Name: "models", Call: "models"},
		{Name: "no such model", Call: "chat", Args: object{"model": "absent", "messages": user("hello")}},
	}
	if dialect == "openai" {
		return append(steps,
			step{Name: "usage in the stream", Call: "chat", Args: with(chat, object{"stream": true, "stream_options": object{"include_usage": true}})},
			step{Name: "sampling", Call: "chat", Args: with(chat, object{"temperature": 0.1, "top_p": 0.9, "seed": 3, "stop": []string{" all"}})},
			step{Name: "json", Call: "chat", Args: with(chat, object{"max_tokens": 3})},
		)
	}
	return append(steps,
		step{Name: "options", Call: "chat", Args: with(chat, object{"options": object{"num_predict": 3, "temperature": 0.1}, "keep_alive": "5m"})},
		step{Name: "raw", Call: "completion", Args: with(prompt, object{"raw": true})},
		step{Name: "show", Call: "show", Args: object{"model": reciter}},
	)
}

// The four real clients get through reeve what they get from Ollama itself, call by call, and every exchange is in the log.
func TestClientsSeeNoDifference(t *testing.T) {
	ollama := startOllama(t)
	reeve := startReeve(t, ollama.url, "ollama")
	seen := map[string]bool{}
	for _, c := range realClients {
		t.Run(c.name, func(t *testing.T) {
			steps := harmless(c.dialect)
			direct := c.run(t, ollama.url, "none", steps)
			governed := c.run(t, reeve.url, reeve.key, steps)
			for i, want := range direct {
				got := governed[i]
				if got.Exchange == "" || seen[got.Exchange] || got.Policy == "" {
					t.Errorf("%s: exchange %q (new: %v), policy %q", want.Name, got.Exchange, !seen[got.Exchange], got.Policy)
				}
				seen[got.Exchange] = true
				got.Exchange, got.Policy = "", ""
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("%s: direct (-) and through reeve (+) differ:\n%s", want.Name, d)
				}
			}
			expectTexts(t, direct)
		})
	}
	for id := range seen {
		if x := reeve.show(t, id); len(x.Records) == 0 {
			t.Errorf("exchange %s has no record", id)
		}
	}
	if leaves := reeve.verify(t); leaves < 2*len(seen) {
		t.Errorf("%d leaves for %d exchanges, want an intent and an outcome each", leaves, len(seen))
	}
	reeve.quiet(t, "nothing at all hidden", "tells the weather", reeve.key)
}

// expectTexts makes sure that the runtime really said what the comparison rests on.
func expectTexts(t *testing.T, results []result) {
	t.Helper()
	for _, r := range results {
		switch {
		case r.Name == "chat" || r.Name == "chat stream" || r.Name == "completion" || r.Name == "completion stream" || r.Name == "tool answer":
			if r.text() != plainText || r.Choices[0].Finish != "stop" {
				t.Errorf("%s: the model said %q (%s)", r.Name, r.text(), r.Choices[0].Finish)
			}
		case strings.HasPrefix(r.Name, "tool call"):
			want := []call{{"get_weather", `{"city":"Oslo"}`}}
			if len(r.Choices) != 1 || !cmp.Equal(want, r.Choices[0].ToolCalls) {
				t.Errorf("%s: the model answered %+v", r.Name, r.Choices)
			}
		case strings.HasPrefix(r.Name, "long"):
			if r.Choices[0].Finish != "length" || len(strings.Fields(r.text())) < 60 {
				t.Errorf("%s: the model said %q (%s)", r.Name, r.text(), r.Choices[0].Finish)
			}
		case strings.HasPrefix(r.Name, "embedding"):
			if len(r.Sizes) == 0 || r.Sizes[0] != 64 {
				t.Errorf("%s: sizes %v", r.Name, r.Sizes)
			}
		case r.Name == "no such model":
			if r.status() != 404 {
				t.Errorf("%s: error %+v", r.Name, r.Error)
			}
		}
	}
}
