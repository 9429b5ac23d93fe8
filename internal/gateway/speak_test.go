package gateway

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/reeve-ai/reeve/internal/upstream"
)

// tongue is one way in which an answer can reach a caller: endpoint and channel.
type tongue struct {
	name    string
	path    string
	request string // without "stream"
	whole   string // %s is the text as the inside of a JSON string
	piece   string
	end     string
	sse     bool
	channel string // as heard names it
}

const chatRequest = `"model":"m","messages":[{"role":"user","content":"hi"}]`

var tongues = []tongue{
	{
		"chat content", "/v1/chat/completions", chatRequest,
		`{"id":"c1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"%s"},"finish_reason":"stop"}]}`,
		`{"id":"c1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}`,
		`{"id":"c1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`, true, "0 content",
	},
	{
		"chat reasoning", "/v1/chat/completions", chatRequest,
		`{"id":"c1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"","reasoning_content":"%s"},"finish_reason":"stop"}]}`,
		`{"id":"c1","model":"m","choices":[{"index":0,"delta":{"reasoning_content":"%s"},"finish_reason":null}]}`,
		`{"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}]}`, true, "0 reasoning",
	},
	{
		"chat refusal", "/v1/chat/completions", chatRequest,
		`{"id":"c1","model":"m","choices":[{"index":0,"message":{"refusal":"%s"},"finish_reason":"stop"}]}`,
		`{"id":"c1","model":"m","choices":[{"index":0,"delta":{"refusal":"%s"}}]}`,
		`{"id":"c1","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`, true, "0 refusal",
	},
	{
		"second choice", "/v1/chat/completions", chatRequest + `,"n":2`,
		`{"id":"c1","model":"m","choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"},{"index":1,"message":{"content":"%s"},"finish_reason":"stop"}]}`,
		`{"id":"c1","model":"m","choices":[{"index":1,"delta":{"content":"%s"},"finish_reason":null}]}`,
		`{"id":"c1","model":"m","choices":[{"index":1,"delta":{},"finish_reason":"stop"},{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}`, true, "1 content",
	},
	{
		"completions", "/v1/completions", `"model":"m","prompt":"hi"`,
		`{"id":"c1","model":"m","choices":[{"index":0,"text":"%s","finish_reason":"stop"}]}`,
		`{"id":"c1","model":"m","choices":[{"text":"%s","index":0,"logprobs":null,"finish_reason":null}]}`,
		`{"id":"c1","model":"m","choices":[{"text":"","index":0,"finish_reason":"stop"}]}`, true, "0 content",
	},
	{
		"ollama chat", "/api/chat", chatRequest,
		`{"model":"m","message":{"role":"assistant","content":"%s"},"done":true,"done_reason":"stop"}`,
		`{"model":"m","message":{"role":"assistant","content":"%s"},"done":false}`,
		`{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}`, false, "0 content",
	},
	{
		"ollama thinking", "/api/chat", chatRequest,
		`{"model":"m","message":{"role":"assistant","content":"","thinking":"%s"},"done":true,"done_reason":"stop"}`,
		`{"model":"m","message":{"role":"assistant","content":"","thinking":"%s"},"done":false}`,
		`{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}`, false, "0 reasoning",
	},
	{
		"ollama generate", "/api/generate", `"model":"m","prompt":"hi"`,
		`{"model":"m","response":"%s","done":true,"done_reason":"stop"}`,
		`{"model":"m","response":"%s","done":false}`,
		`{"model":"m","response":"","done":true,"done_reason":"stop"}`, false, "0 content",
	},
}

// say answers with a text in a tongue, streamed in pieces where the request asks for it.
func (g *tongue) say(pieces ...string) script {
	return func(w http.ResponseWriter, _ *http.Request, body []byte) {
		if !strings.Contains(string(body), `"stream":true`) {
			b := fmt.Appendf(nil, g.whole, upstream.AppendQuoted(nil, []byte(strings.Join(pieces, ""))))
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", strconv.Itoa(len(b)))
			w.Write(b)
			return
		}
		media, before, after := "application/x-ndjson", "", "\n"
		if g.sse {
			media, before, after = "text/event-stream", "data: ", "\n\n"
		}
		w.Header().Set("Content-Type", media)
		for _, p := range pieces {
			fmt.Fprintf(w, before+g.piece+after, upstream.AppendQuoted(nil, []byte(p)))
			w.(http.Flusher).Flush()
		}
		fmt.Fprint(w, before+g.end+after)
		if g.sse {
			fmt.Fprint(w, "data: [DONE]\n\n")
		}
	}
}

func (g *tongue) ask(stream bool) string {
	return "{" + g.request + `,"stream":` + strconv.FormatBool(stream) + "}"
}
