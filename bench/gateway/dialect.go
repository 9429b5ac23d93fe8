package main

import (
	"strings"
	"time"
)

// dialect is how one endpoint writes a token, the end of a stream and a whole answer.
type dialect struct {
	ctype            string
	pre, post, final string // a streamed token is pre + text + post; TIME is replaced by the current time
	wholeA, wholeB   string
	streamDefault    bool
	timed            bool
}

const (
	usage    = `"usage":{"prompt_tokens":60,"completion_tokens":100,"total_tokens":160}`
	olTiming = `"total_duration":510000000,"load_duration":1000000,"prompt_eval_count":60,"prompt_eval_duration":9000000,"eval_count":100,"eval_duration":500000000`
)

// dialects are spelt as Ollama spells them, field by field.
var dialects = map[string]dialect{
	"chat": {
		ctype:  "text/event-stream",
		pre:    `data: {"id":"chatcmpl-417","object":"chat.completion.chunk","created":1700000000,"model":"mock","system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":"`,
		post:   `"},"finish_reason":null}]}` + "\n\n",
		final:  `data: {"id":"chatcmpl-417","object":"chat.completion.chunk","created":1700000000,"model":"mock","system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n",
		wholeA: `{"id":"chatcmpl-417","object":"chat.completion","created":1700000000,"model":"mock","system_fingerprint":"fp_ollama","choices":[{"index":0,"message":{"role":"assistant","content":"`,
		wholeB: `"},"finish_reason":"stop"}],` + usage + "}\n",
	},
	"completions": {
		ctype:  "text/event-stream",
		pre:    `data: {"id":"cmpl-417","object":"text_completion","created":1700000000,"choices":[{"text":"`,
		post:   `","index":0,"finish_reason":null}],"model":"mock","system_fingerprint":"fp_ollama"}` + "\n\n",
		final:  `data: {"id":"cmpl-417","object":"text_completion","created":1700000000,"choices":[{"text":"","index":0,"finish_reason":"stop"}],"model":"mock","system_fingerprint":"fp_ollama"}` + "\n\ndata: [DONE]\n\n",
		wholeA: `{"id":"cmpl-417","object":"text_completion","created":1700000000,"model":"mock","system_fingerprint":"fp_ollama","choices":[{"text":"`,
		wholeB: `","index":0,"finish_reason":"stop"}],` + usage + "}\n",
	},
	"ollama-chat": {
		ctype:         "application/x-ndjson",
		pre:           `{"model":"mock","created_at":"TIME","message":{"role":"assistant","content":"`,
		post:          `"},"done":false}` + "\n",
		final:         `{"model":"mock","created_at":"TIME","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop",` + olTiming + "}\n",
		wholeA:        `{"model":"mock","created_at":"TIME","message":{"role":"assistant","content":"`,
		wholeB:        `"},"done":true,"done_reason":"stop",` + olTiming + "}\n",
		streamDefault: true, timed: true,
	},
	"ollama-generate": {
		ctype:         "application/x-ndjson",
		pre:           `{"model":"mock","created_at":"TIME","response":"`,
		post:          `","done":false}` + "\n",
		final:         `{"model":"mock","created_at":"TIME","response":"","done":true,"done_reason":"stop","context":[1,2,3],` + olTiming + "}\n",
		wholeA:        `{"model":"mock","created_at":"TIME","response":"`,
		wholeB:        `","done":true,"done_reason":"stop","context":[1,2,3],` + olTiming + "}\n",
		streamDefault: true, timed: true,
	},
}

func (d *dialect) append(b []byte, s string) []byte {
	if d.timed {
		if i := strings.Index(s, "TIME"); i >= 0 {
			b = append(b, s[:i]...)
			b = time.Now().UTC().AppendFormat(b, time.RFC3339Nano)
			s = s[i+4:]
		}
	}
	return append(b, s...)
}
