package main

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// scenario is one shape of load.
type scenario struct {
	name   string
	kind   string // endpoint, see endpoints
	stream bool
	c      int           // connections (closed loop), or the most in flight with rate
	rate   float64       // requests per second, open loop: latency counts from the due time
	gapUS  int           // pause between tokens that the mock is asked for; tokens then carry a stamp
	d      time.Duration // measured time, 0: what the runner was told
	warm   time.Duration
	about  string
}

var scenarios = []scenario{
	{name: "c1", kind: "chat", c: 1, about: "plain JSON, 1 connection"},
	{name: "c32", kind: "chat", c: 32, about: "plain JSON, 32 connections"},
	{name: "burst", kind: "chat", stream: true, c: 8, about: "SSE, 100 tokens at once, 8 connections"},
	{name: "paced", kind: "chat", stream: true, c: 4, gapUS: 5000, warm: 600 * time.Millisecond, about: "SSE, a token every 5 ms, 4 connections"},
	{name: "ndjson", kind: "ollama-chat", stream: true, c: 8, about: "Ollama /api/chat, 100 tokens at once, 8 connections"},
	{name: "generate", kind: "ollama-generate", stream: true, c: 8, about: "Ollama /api/generate, 100 tokens at once, 8 connections"},
	{name: "complete", kind: "completions", stream: true, c: 8, about: "/v1/completions SSE, 100 tokens at once, 8 connections"},
	{name: "embed", kind: "embeddings", c: 8, about: "/v1/embeddings, 384 numbers, 8 connections"},
	{name: "open", kind: "chat", c: 64, rate: 200, about: "plain JSON, 200 requests/s, open loop"},
	{name: "many", kind: "chat", stream: true, c: 1000, gapUS: 50000, d: 6 * time.Second, warm: 6 * time.Second, about: "SSE, a token every 50 ms, 1,000 connections"},
}

func findScenario(name string) (scenario, bool) {
	i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == name })
	if i < 0 {
		return scenario{}, false
	}
	return scenarios[i], true
}

// endpoint is a path, the key whose string value is the answer's text, and whether a stream is SSE or NDJSON.
type endpoint struct {
	path, key string
	sse       bool
}

var endpoints = map[string]endpoint{
	"chat":            {"/v1/chat/completions", `"content":"`, true},
	"completions":     {"/v1/completions", `"text":"`, true},
	"ollama-chat":     {"/api/chat", `"content":"`, false},
	"ollama-generate": {"/api/generate", `"response":"`, false},
	"embeddings":      {"/v1/embeddings", "", false},
}

func requestBody(kind, model string, stream bool, seed, promptBytes int) []byte {
	prompt := strings.Repeat("please summarise this text ", promptBytes/27+1)[:promptBytes]
	m := []map[string]string{{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": prompt}}
	var b map[string]any
	switch kind {
	case "chat":
		b = map[string]any{"model": model, "messages": m, "stream": stream, "max_tokens": nTokens}
	case "completions":
		b = map[string]any{"model": model, "prompt": prompt, "stream": stream, "max_tokens": nTokens}
	case "ollama-chat":
		b = map[string]any{"model": model, "messages": m, "stream": stream}
	case "ollama-generate":
		b = map[string]any{"model": model, "prompt": prompt, "stream": stream}
	case "embeddings":
		b = map[string]any{"model": model, "input": prompt}
	}
	if seed > 0 {
		if strings.HasPrefix(kind, "ollama") {
			b["options"] = map[string]any{"seed": seed}
		} else {
			b["seed"] = seed
		}
	}
	out, _ := json.Marshal(b) // strings, numbers and booleans always marshal
	return out
}
