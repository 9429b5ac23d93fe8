package demo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fixedClock makes created and created_at the same in every run.
func fixedClock() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func newHandler(t testing.TB, options ...Option) http.Handler {
	raw, clean := models(t)
	return Server(raw, append([]Option{WithModel("reeve-demo-clean", clean), WithClock(fixedClock)}, options...)...)
}

func ask(t testing.TB, h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}

// decode reads the whole of an answer into a generic value.
func decode(t testing.TB, data []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("answer is no JSON object: %v: %.200s", err, data)
	}
	return v
}

// events returns the payloads of a stream: server-sent events where prefix is "data: ", JSON lines where it is "".
func events(t testing.TB, w *httptest.ResponseRecorder, prefix string) []string {
	t.Helper()
	var out []string
	lines := bufio.NewScanner(w.Body)
	for lines.Scan() {
		if lines.Text() == "" && prefix != "" {
			continue
		}
		payload, ok := strings.CutPrefix(lines.Text(), prefix)
		if !ok {
			t.Fatalf("line %q does not begin with %q", lines.Text(), prefix)
		}
		out = append(out, payload)
	}
	return out
}

func TestErrorsSpeakTheDialect(t *testing.T) {
	h := newHandler(t)
	tests := []struct {
		name, method, path, body string
		status                   int
		code, says               string
	}{
		{"no such path", "GET", "/v1/nothing", "", 404, "not_found", "no such path"},
		{"ollama pull", "POST", "/api/pull", "{}", 404, "", "no such path"},
		{"wrong method", "GET", "/v1/chat/completions", "", 405, "method_not_allowed", "POST only"},
		{"wrong method, ollama", "POST", "/api/tags", "{}", 405, "", "GET only"},
		{"no body", "POST", "/v1/chat/completions", "", 400, "invalid_json", "ends too early"},
		{"half a body", "POST", "/api/chat", `{"model":`, 400, "", "ends too early"},
		{"not JSON", "POST", "/api/chat", `{"model":secret}`, 400, "", "syntax error at byte 10"},
		{"two objects", "POST", "/v1/embeddings", `{"model":"reeve-demo","input":"a"} {}`, 400, "invalid_json", "something follows"},
		{"wrong type", "POST", "/v1/chat/completions", `{"model":"reeve-demo","stream":"yes"}`, 400, "invalid_json", `"stream" cannot be a string`},
		{"no model", "POST", "/v1/completions", `{"prompt":"a"}`, 400, "missing_required_parameter", "model"},
		{"unknown model", "POST", "/v1/completions", `{"model":"gpt-9","prompt":"a"}`, 404, "model_not_found", "`gpt-9`"},
		{"unknown model, ollama", "POST", "/api/show", `{"model":"llama"}`, 404, "", "model 'llama' not found"},
		{"unknown model, list", "GET", "/v1/models/none", "", 404, "model_not_found", "`none`"},
		{"no messages", "POST", "/v1/chat/completions", `{"model":"reeve-demo","messages":[]}`, 400, "invalid_value", "messages"},
		{"odd role", "POST", "/v1/chat/completions", `{"model":"reeve-demo","messages":[{"role":"king","content":"a"}]}`, 400, "invalid_value", "messages[0].role"},
		{"an image", "POST", "/v1/chat/completions", `{"model":"reeve-demo","messages":[{"role":"user","content":[{"type":"image_url"}]}]}`, 400, "invalid_json", "text only"},
		{"an image, ollama", "POST", "/api/chat", `{"model":"reeve-demo","messages":[{"role":"user","content":"a","images":["eA=="]}]}`, 400, "", "text only"},
		{"odd role, ollama", "POST", "/api/chat", `{"model":"reeve-demo","messages":[{"role":"king"}]}`, 400, "", "message 0"},
		{"json format", "POST", "/api/generate", `{"model":"reeve-demo","prompt":"a","format":"json"}`, 400, "", "text only"},
		{"json format, openai", "POST", "/v1/chat/completions", `{"model":"reeve-demo","messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_object"}}`, 400, "invalid_value", "text only"},
		{"too hot", "POST", "/v1/completions", `{"model":"reeve-demo","prompt":"a","temperature":3}`, 400, "invalid_value", "temperature"},
		{"top_p", "POST", "/v1/completions", `{"model":"reeve-demo","prompt":"a","top_p":-1}`, 400, "invalid_value", "top_p"},
		{"min_p", "POST", "/api/generate", `{"model":"reeve-demo","prompt":"a","options":{"min_p":2}}`, 400, "", "min_p"},
		{"n", "POST", "/v1/completions", `{"model":"reeve-demo","prompt":"a","n":9}`, 400, "invalid_value", "n must be"},
		{"max_tokens", "POST", "/v1/completions", `{"model":"reeve-demo","prompt":"a","max_tokens":0}`, 400, "invalid_value", "max_tokens"},
		{"no prompt", "POST", "/v1/completions", `{"model":"reeve-demo"}`, 400, "invalid_value", "prompt"},
		{"too many prompts", "POST", "/v1/completions", `{"model":"reeve-demo","prompt":["a","b","c"],"n":3}`, 400, "invalid_value", "prompt"},
		{"too many stops", "POST", "/v1/completions", `{"model":"reeve-demo","prompt":"a","stop":["1","2","3","4","5","6","7","8","9"]}`, 400, "invalid_value", "stop"},
		{"usage without a stream", "POST", "/v1/completions", `{"model":"reeve-demo","prompt":"a","stream_options":{"include_usage":true}}`, 400, "invalid_value", "stream_options"},
		{"no input", "POST", "/v1/embeddings", `{"model":"reeve-demo","input":[]}`, 400, "invalid_value", "input"},
		{"odd input", "POST", "/v1/embeddings", `{"model":"reeve-demo","input":{"a":1}}`, 400, "invalid_json", "neither"},
		{"odd format", "POST", "/v1/embeddings", `{"model":"reeve-demo","input":"a","encoding_format":"hex"}`, 400, "invalid_value", "encoding_format"},
		{"too many dimensions", "POST", "/api/embed", `{"model":"reeve-demo","input":"a","dimensions":2000}`, 400, "", "dimensions"},
		{"too large", "POST", "/api/chat", `{"model":"` + strings.Repeat("x", maxBody) + `"}`, 413, "", "larger than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := ask(t, h, tt.method, tt.path, tt.body)
			if w.Code != tt.status || w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("status %d, type %s", w.Code, w.Header().Get("Content-Type"))
			}
			v := decode(t, w.Body.Bytes())["error"]
			message, isOllama := v.(string)
			if isOllama != strings.HasPrefix(tt.path, "/api/") {
				t.Fatalf("the error has the wrong dialect's shape: %v", v)
			}
			if !isOllama {
				e := v.(map[string]any)
				message, _ = e["message"].(string)
				if e["code"] != tt.code || e["type"] != "invalid_request_error" {
					t.Errorf("code %v, type %v", e["code"], e["type"])
				}
			}
			if !strings.Contains(message, tt.says) || strings.Contains(message, "secret") {
				t.Errorf("message %q, want something with %q", message, tt.says)
			}
		})
	}
}

func TestModelsAreListed(t *testing.T) {
	h := newHandler(t)
	raw, _ := models(t)
	got := decode(t, ask(t, h, "GET", "/v1/models", "").Body.Bytes())
	created := float64(fixedClock().Unix())
	want := map[string]any{"object": "list", "data": []any{
		map[string]any{"id": "reeve-demo", "object": "model", "created": created, "owned_by": "reeve"},
		map[string]any{"id": "reeve-demo-clean", "object": "model", "created": created, "owned_by": "reeve"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	tags := decode(t, ask(t, h, "GET", "/api/tags", "").Body.Bytes())["models"].([]any)
	first := tags[0].(map[string]any)
	if len(tags) != 2 || first["name"] != "reeve-demo:latest" || first["digest"] != raw.Digest() || len(raw.Digest()) != 64 {
		t.Errorf("tags: %v", tags)
	}
	if got := decode(t, ask(t, h, "GET", "/v1/models/reeve-demo", "").Body.Bytes()); got["id"] != "reeve-demo" {
		t.Errorf("one model: %v", got)
	}
	show := decode(t, ask(t, h, "POST", "/api/show", `{"name":"reeve-demo:latest"}`).Body.Bytes())
	if show["details"].(map[string]any)["format"] != "ngram" || show["model_info"].(map[string]any)["kneser-ney.order"] != float64(order) {
		t.Errorf("show: %v", show)
	}
	if got := decode(t, ask(t, h, "GET", "/api/version", "").Body.Bytes()); got["version"] != Version {
		t.Errorf("version: %v", got)
	}
	if w := ask(t, h, "GET", "/", ""); w.Body.String() != "reeve-demo is running\n" {
		t.Errorf("root: %q", w.Body.String())
	}
}

var streamed = map[string]string{
	"/v1/chat/completions": `{"model":"reeve-demo","stream":true,"messages":[{"role":"user","content":"` + AskLong + `"}]}`,
	"/v1/completions":      `{"model":"reeve-demo","stream":true,"prompt":"Descaling a kettle"}`,
	"/api/chat":            `{"model":"reeve-demo","messages":[{"role":"user","content":"` + AskLong + `"}]}`,
	"/api/generate":        `{"model":"reeve-demo","prompt":"` + AskLong + `"}`,
}

// The pace is that of a token, and each event is flushed as soon as it is written.
func TestPaceAndFlush(t *testing.T) {
	for path, body := range streamed {
		synctest.Test(t, func(t *testing.T) {
			raw, _ := models(t)
			h := Server(raw, WithPace(20*time.Millisecond))
			w := &flushCounter{ResponseRecorder: httptest.NewRecorder()}
			start := time.Now()
			h.ServeHTTP(w, httptest.NewRequest("POST", path, strings.NewReader(body)))
			spent := time.Since(start)
			if w.flushes < 100 || w.unflushed != 0 {
				t.Errorf("%s: %d flushes, %d writes not flushed", path, w.flushes, w.unflushed)
			}
			if least := time.Duration(w.flushes-4) * 20 * time.Millisecond; spent < least {
				t.Errorf("%s: %d events took %v, want %v at least", path, w.flushes, spent, least)
			}
		})
	}
}

// flushCounter counts the writes of events that a flush follows.
type flushCounter struct {
	*httptest.ResponseRecorder
	flushes, unflushed int
	onFlush            func(n int)
}

func (f *flushCounter) Write(b []byte) (int, error) {
	f.unflushed++
	return f.ResponseRecorder.Write(b)
}

func (f *flushCounter) Flush() {
	f.flushes++
	f.unflushed--
	f.ResponseRecorder.Flush()
	if f.onFlush != nil {
		f.onFlush(f.flushes)
	}
}

func TestAStreamEndsWhenTheClientLeaves(t *testing.T) {
	h := newHandler(t)
	for path, body := range streamed {
		ctx, leave := context.WithCancel(t.Context())
		w := &flushCounter{ResponseRecorder: httptest.NewRecorder(), onFlush: func(n int) {
			if n == 5 {
				leave()
			}
		}}
		h.ServeHTTP(w, httptest.NewRequest("POST", path, strings.NewReader(body)).WithContext(ctx))
		if w.flushes != 5 || bytes.Contains(w.Body.Bytes(), []byte("[DONE]")) {
			t.Errorf("%s: %d events, want 5 and no end", path, w.flushes)
		}
	}
}

func TestAWaitEndsWhenTheClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{pace: time.Hour}
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		start := time.Now()
		if err := s.wait(ctx); err == nil || time.Since(start) != time.Second {
			t.Errorf("waited %v: %v", time.Since(start), err)
		}
	})
}

// Whatever a client sends, the server answers with a status of its own and in JSON.
func FuzzRequests(f *testing.F) {
	paths := []string{"/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/api/chat", "/api/generate", "/api/embed", "/api/show"}
	for i := range paths {
		for _, body := range streamed {
			f.Add(uint8(i), []byte(body)) //nolint:gosec // small
		}
		f.Add(uint8(i), []byte(`{"model":"reeve-demo","input":[[1,2],[3]],"prompt":["a","b"],"stop":["x"],"n":2,"max_tokens":3,"echo":true}`)) //nolint:gosec // small
	}
	h := newHandler(f)
	f.Fuzz(func(t *testing.T, path uint8, body []byte) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", paths[int(path)%len(paths)], bytes.NewReader(body)))
		switch w.Code {
		case http.StatusOK:
		case http.StatusBadRequest, http.StatusNotFound, http.StatusRequestEntityTooLarge:
			decode(t, w.Body.Bytes())
		default:
			t.Errorf("status %d", w.Code)
		}
	})
}
