//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// script is an upstream that plays what no small runtime does: several choices at once, reasoning, tool arguments in
// pieces, a stream that breaks off, a stream that does not end. The scene is named by the request's model.
type script struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string      // of all requests, in order
	left   chan struct{} // one signal for each endless stream whose caller has gone
}

func startScript(t *testing.T) *script {
	t.Helper()
	s := &script{left: make(chan struct{}, 100)}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// count is how many requests have come.
func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bodies)
}

// since gives the bodies of the requests after the first n.
func (s *script) since(n int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.bodies[n:]...)
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if r.Method == http.MethodGet { // somebody asks what there is; no exchange
		fmt.Fprint(w, `{"version":"0.0.0","models":[],"object":"list","data":[]}`)
		return
	}
	s.mu.Lock()
	s.bodies = append(s.bodies, string(body))
	s.mu.Unlock()
	var req struct {
		Model    string `json:"model"`
		Stream   *bool  `json:"stream"`
		Messages []struct {
			Content any `json:"content"`
		} `json:"messages"`
	}
	if err := json.Unmarshal(body, &req); err != nil {
		http.Error(w, `{"error":"bad request"}`, http.StatusBadRequest)
		return
	}
	openai := strings.HasPrefix(r.URL.Path, "/v1/")
	stream := !openai
	if req.Stream != nil {
		stream = *req.Stream
	}
	if stream && openai {
		w.Header().Set("Content-Type", "text/event-stream")
	} else if stream {
		w.Header().Set("Content-Type", "application/x-ndjson")
	} else {
		w.Header().Set("Content-Type", "application/json")
	}
	pieces, ok := scenes[req.Model][openai]
	if !ok {
		pieces = scenes["plain"][openai]
	}
	if req.Model == "echo" {
		pieces = echo(fmt.Sprint(req.Messages[len(req.Messages)-1].Content), openai)
	}
	s.play(w, r, req.Model, pieces, openai, stream)
}

// echo says what it was told, three bytes at a time.
func echo(text string, openai bool) (pieces []string) {
	content := func(s string) string { return fmt.Sprintf(`"content":%q`, s) }
	for i := 0; i < len(text); i += 3 {
		piece := content(text[i:min(i+3, len(text))])
		if openai {
			pieces = append(pieces, delta(0, piece))
		} else {
			pieces = append(pieces, line(piece))
		}
	}
	if openai {
		return append(pieces, finish(0, "stop"), message(content(text), "stop"))
	}
	return append(pieces, last("stop"), whole(content(text), "stop"))
}

// scenes are the pieces of each scene by dialect; a piece is one event of a stream. The whole answer stands last.
var scenes = map[string]map[bool][]string{
	"plain": {
		true:  {delta(0, `"content":"it is"`), delta(0, `"content":" fine"`), finish(0, "stop"), message(`"content":"it is fine"`, "stop")},
		false: {line(`"content":"it is"`), line(`"content":" fine"`), last("stop"), whole(`"content":"it is fine"`, "stop")},
	},
	"choices": {true: {
		delta(0, `"content":"write to jane.d"`), delta(1, `"content":"nobody is"`), delta(0, `"content":"oe@example.org"`),
		delta(1, `"content":" named"`), delta(0, `"content":" today"`), finish(1, "stop"), finish(0, "stop"),
		`{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[` +
			`{"index":0,"message":{"role":"assistant","content":"write to jane.doe@example.org today"},"finish_reason":"stop"},` +
			`{"index":1,"message":{"role":"assistant","content":"nobody is named"},"finish_reason":"stop"}]}`,
	}},
	"thought": {
		true: {
			delta(0, `"reasoning":"mail jane.doe"`), delta(0, `"reasoning":"@example.org now"`), delta(0, `"content":"done"`), finish(0, "stop"),
			message(`"reasoning":"mail jane.doe@example.org now","content":"done"`, "stop"),
		},
		false: {
			line(`"content":"","thinking":"mail jane.doe"`), line(`"content":"","thinking":"@example.org now"`), line(`"content":"done"`), last("stop"),
			whole(`"thinking":"mail jane.doe@example.org now","content":"done"`, "stop"),
		},
	},
	"tool": {
		true: {
			delta(0, `"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"send","arguments":""}}]`),
			delta(0, `"tool_calls":[{"index":0,"function":{"arguments":"{\"to\":\"jane.do"}}]`),
			delta(0, `"tool_calls":[{"index":0,"function":{"arguments":"e@example.org\"}"}}]`), finish(0, "tool_calls"),
			message(`"content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"send","arguments":"{\"to\":\"jane.doe@example.org\"}"}}]`, "tool_calls"),
		},
		false: {
			line(`"content":"","tool_calls":[{"function":{"name":"send","arguments":{"to":"jane.doe@example.org"}}}]`), last("stop"),
			whole(`"content":"","tool_calls":[{"function":{"name":"send","arguments":{"to":"jane.doe@example.org"}}}]`, "stop"),
		},
	},
}

const (
	oneChunk = `{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":%d,"delta":{%s},"finish_reason":%s}]}`
	oneLine  = `{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant",%s},"done":%v%s}`
)

func delta(i int, members string) string { return fmt.Sprintf(oneChunk, i, members, "null") }
func finish(i int, why string) string    { return fmt.Sprintf(oneChunk, i, "", `"`+why+`"`) }
func message(members, why string) string {
	return `{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant",` +
		members + `},"finish_reason":"` + why + `"}]}`
}
func line(members string) string { return fmt.Sprintf(oneLine, members, false, "") }
func last(why string) string {
	return fmt.Sprintf(oneLine, `"content":""`, true, `,"done_reason":"`+why+`"`)
}

func whole(members, why string) string {
	return fmt.Sprintf(oneLine, members, true, `,"done_reason":"`+why+`"`)
}

func (s *script) play(w http.ResponseWriter, r *http.Request, scene string, pieces []string, openai, stream bool) {
	if !stream {
		fmt.Fprint(w, pieces[len(pieces)-1])
		return
	}
	send := func(piece string) {
		if openai {
			piece = "data: " + piece + "\n\n"
		} else {
			piece += "\n"
		}
		_, _ = io.WriteString(w, piece) // a caller that has gone shows in its context
		_ = http.NewResponseController(w).Flush()
	}
	switch scene {
	case "endless":
		for r.Context().Err() == nil {
			send(pieces[0])
			time.Sleep(5 * time.Millisecond)
		}
		s.left <- struct{}{}
		return
	case "broken":
		send(pieces[0])
		panic(http.ErrAbortHandler) // the connection breaks off in the middle of the stream
	}
	for _, p := range pieces[:len(pieces)-1] {
		send(p)
	}
	if openai {
		send("[DONE]")
	}
}
