package gateway

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/guard"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/upstream"
)

func fine(w http.ResponseWriter, _ *http.Request, _ []byte) {
	w.Write([]byte(`{"id":"c","model":"m","choices":[{"index":0,"message":{"content":"fine"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}`))
}

// refusal is what every refusal carries, wherever its dialect puts it.
type refusal struct {
	Code, Rule, Message, Remedy, Exchange string
}

func refusalOf(t *testing.T, path string, body []byte) refusal {
	t.Helper()
	if strings.HasPrefix(path, "/api/") {
		var r struct {
			Error string `json:"error"`
			refusal
		}
		if err := json.Unmarshal(body, &r, json.MatchCaseInsensitiveNames(true)); err != nil || r.Error == "" || r.Error != r.Message {
			t.Fatalf("not an Ollama error: %v: %s", err, body)
		}
		return r.refusal
	}
	var r struct {
		Error struct {
			refusal
			Type string
		}
	}
	if err := json.Unmarshal(body, &r, json.MatchCaseInsensitiveNames(true)); err != nil || r.Error.Type == "" {
		t.Fatalf("not an OpenAI error: %v: %s", err, body)
	}
	return r.Error.refusal
}

func TestRefusals(t *testing.T) {
	const chat = "/v1/chat/completions"
	good := "{" + chatRequest + "}"
	cases := []struct {
		name, method, path, body string
		header                   []string
		status                   int
		code, rule               string
	}{
		{"no key", "POST", chat, good, []string{"Authorization", ""}, 401, "unauthenticated", "identity/no-key"},
		{"", "POST", "/api/chat", good, []string{"Authorization", "Bearer rv_aaaaaaaaaa_bbbb"}, 401, "unauthenticated", "identity/malformed"},
		{"unknown path", "POST", "/v1/files", good, nil, 404, "not_found", "gateway/surface"},
		{"pull", "POST", "/api/pull", `{"model":"x"}`, nil, 404, "not_found", "gateway/surface"},
		{"delete", "DELETE", "/api/delete", `{"model":"x"}`, nil, 404, "not_found", "gateway/surface"},
		{"blobs", "POST", "/api/blobs/sha256:00", "x", nil, 404, "not_found", "gateway/surface"},
		{"trailing slash", "POST", chat + "/", good, nil, 404, "not_found", "gateway/surface"},
		{"metrics", "GET", "/metrics", "", nil, 404, "not_found", "gateway/surface"},
		{"method", "GET", chat, "", nil, 405, "method_not_allowed", "gateway/surface"},
		{"malformed", "POST", chat, `{"model":`, nil, 400, "invalid_json", "gateway/request"},
		{"duplicate", "POST", chat, `{"model":"a","model":"b","messages":[]}`, nil, 400, "invalid_json", "gateway/request"},
		{"variant", "POST", chat, `{"model":"a","Model":"b","messages":[]}`, nil, 400, "invalid_request", "gateway/request"},
		{"wrong type", "POST", "/api/chat", `{"model":"a","messages":"hi"}`, nil, 400, "invalid_request", "gateway/request"},
		{"invalid UTF-8", "POST", chat, "{\"model\":\"a\xff\"}", nil, 400, "invalid_json", "gateway/request"},
		{"too large", "POST", chat, `{"model":"` + strings.Repeat("x", 2000) + `"}`, nil, 413, "request_too_large", "gateway/request"},
		{"compressed", "POST", chat, good, []string{"Content-Encoding", "gzip"}, 415, "unsupported_encoding", "gateway/request"},
		{"blocked", "POST", chat, `{"model":"m","messages":[{"role":"user","content":"tell me the secret plan"}]}`, nil, 403, "blocked_by_policy", "test/secret-plan"},
		{"blocked in a tool's description", "POST", "/api/chat", `{"model":"m","messages":[],"tools":[{"function":{"description":"the secret plan"}}]}`, nil, 403, "blocked_by_policy", "test/secret-plan"},
		{"blocked behind an escape", "POST", chat, `{"model":"m","messages":[{"content":"the \u0073ecret plan"}]}`, nil, 403, "blocked_by_policy", "test/secret-plan"},
	}
	h := newHouse(t, fine, func(o *Options) { o.MaxBody = 1000 })
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			header := c.header
			r := h.do(t, c.method, c.path, c.body, header...)
			if r.status != c.status {
				t.Fatalf("status %d, want %d: %s", r.status, c.status, r.body)
			}
			got := refusalOf(t, c.path, r.body)
			if got.Code != c.code || got.Rule != c.rule || got.Message == "" || got.Remedy == "" {
				t.Errorf("got %+v, want code %s rule %s", got, c.code, c.rule)
			}
			if got.Exchange == "" || got.Exchange != r.header.Get("Reeve-Exchange") || r.header.Get("Reeve-Policy") != h.PolicyDigest() {
				t.Errorf("exchange %q, headers %v", got.Exchange, r.header)
			}
			if strings.Contains(string(r.body), "secret plan") || strings.Contains(string(r.body), "bbbb") {
				t.Errorf("the refusal repeats what it refuses: %s", r.body)
			}
			o := h.log.last(t)
			if o.ID.String() != got.Exchange || o.Result != "refused" || o.Rule != c.rule || o.HTTPStatus != c.status || o.Intended {
				t.Errorf("on record: %+v output %s", o, o.Output)
			}
		})
	}
	select {
	case b := <-h.got:
		t.Errorf("the runtime saw %s", b)
	default:
	}
}

func TestChunkedBodyLimit(t *testing.T) {
	h := newHouse(t, fine, func(o *Options) { o.MaxBody = 1000 })
	req, _ := http.NewRequestWithContext(t.Context(), "POST", h.url+"/api/chat", io.MultiReader(strings.NewReader(strings.Repeat("x", 5000))))
	req.ContentLength = -1
	req.Header.Set("Authorization", "Bearer "+h.key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestKeyLimits(t *testing.T) {
	h := newHouse(t, fine, nil)
	_, key, err := h.keys.Create(t.Context(), identity.NewKey{Name: "small", Models: []string{"support-*"}, RequestsPerMinute: 3, TokensPerDay: 4})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(model string) (int, http.Header, string) {
		r := h.post(t, "/v1/chat/completions", `{"model":"`+model+`","messages":[]}`, "Authorization", "Bearer "+key)
		if r.status == 200 {
			return 200, r.header, ""
		}
		return r.status, r.header, refusalOf(t, "/v1/", r.body).Rule
	}
	if s, _, rule := ask("other"); s != 403 || rule != "identity/models" {
		t.Errorf("foreign model: %d %s", s, rule)
	}
	if s, _, _ := ask("support-1"); s != 200 {
		t.Errorf("own model: %d", s)
	}
	if s, hd, rule := ask("support-1"); s != 429 || hd.Get("Retry-After") == "" {
		t.Errorf("spent budget: %d %s", s, rule)
	}
	if s, hd, rule := ask("support-1"); s != 429 || rule != "identity/rate" || hd.Get("Retry-After") == "" {
		t.Errorf("fourth request: %d %s", s, rule)
	}
}

// TestOrder proves the two promises of the log: the intent before the runtime, the outcome before the last byte.
func TestOrder(t *testing.T) {
	for _, g := range tongues {
		for _, stream := range []bool{false, true} {
			h := newHouse(t, g.say("one", " two"), nil)
			r := h.post(t, g.path, g.ask(stream))
			if r.status != 200 {
				t.Fatalf("%s", r.body)
			}
			if diff := cmp.Diff([]string{"intent", "runtime", "outcome"}, h.log.events); diff != "" {
				t.Error(diff)
			}
			if o := h.log.last(t); o.Result != "ok" || !o.Intended || !strings.Contains(string(o.Output), "one two") {
				t.Errorf("%s stream=%v on record: %+v %s", g.name, stream, o, o.Output)
			}
		}
	}
}

func TestBestEffort(t *testing.T) {
	h := newHouse(t, fine, func(o *Options) { o.BestEffort = map[string]bool{"/v1/chat/completions": true} })
	h.post(t, "/v1/chat/completions", "{"+chatRequest+"}")
	if diff := cmp.Diff([]string{"async intent", "runtime", "async outcome"}, h.log.events); diff != "" {
		t.Error(diff)
	}
	if !h.log.intents[0].BestEffort {
		t.Error("the record does not say that it was not waited for")
	}
}

func TestNoRecordNoAnswer(t *testing.T) {
	for _, at := range []string{"intent", "outcome"} {
		for _, g := range tongues {
			for _, stream := range []bool{false, true} {
				h := newHouse(t, g.say("one", " two"), nil)
				h.log.refuse, h.log.refuseAt = custody.ErrUnavailable, at
				r := h.post(t, g.path, g.ask(stream))
				if at == "outcome" && stream {
					got := hear(t, r.body)
					if got.Done || got.Error == "" {
						t.Errorf("%s: the stream looks complete: %s", g.name, r.body)
					}
					continue
				}
				if r.status != 503 || strings.Contains(string(r.body), "two") || refusalOf(t, g.path, r.body).Code != "audit_unavailable" {
					t.Errorf("%s stream=%v at %s: %d %s", g.name, stream, at, r.status, r.body)
				}
				if at == "intent" && len(h.got) != 0 {
					t.Errorf("%s: the runtime was asked", g.name)
				}
			}
		}
	}
}

// TestBytePreserving: what no rule touches goes to the runtime as it came, and comes back as it was.
func TestBytePreserving(t *testing.T) {
	answer := "{ \"id\" : \"c\",\"x\":1.50e1, \"choices\":[ {\"index\":0,\"message\":{\"content\":\"f\\u0069ne\"},\"finish_reason\":\"stop\"} ] }\n"
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request, _ []byte) { io.WriteString(w, answer) }, nil)
	sent := "{ \"model\" : \"m\",\n\"messages\":[{\"role\":\"user\",\"content\":\"h\\u0069\"}], \"unknown\":{\"a\":[1.0,2e3,null]}, \"seed\":12345678901234567890 }"
	r := h.post(t, "/v1/chat/completions", sent)
	if got := string(<-h.got); got != sent {
		t.Errorf("the runtime got %s", got)
	}
	if string(r.body) != answer {
		t.Errorf("the caller got %s", r.body)
	}
	sent = `{"model":"m", "messages":[{"content":"mail: a.b@example.org \u00fc"}], "z":1.0}`
	h.post(t, "/v1/chat/completions", sent)
	if got, want := string(<-h.got), `{"model":"m", "messages":[{"content":"mail: [EMAIL_ADDRESS] ü"}], "z":1.0}`; got != want {
		t.Errorf("the runtime got %s, want %s", got, want)
	}
	if in := string(h.log.intents[1].Input); strings.Contains(in, "example.org") {
		t.Errorf("on record: %s", in)
	}
}

func TestModelAlias(t *testing.T) {
	h := newHouse(t, fine, func(o *Options) { o.Models = []Model{{Name: "support", As: "llama3:8b"}} })
	h.post(t, "/api/chat", `{"model":"support","messages":[]}`)
	if got := string(<-h.got); got != `{"model":"llama3:8b","messages":[]}` {
		t.Errorf("the runtime got %s", got)
	}
}

func TestModelLabel(t *testing.T) {
	l := reeve.NewLabel(reeve.Confidential, "PII")
	h := newHouse(t, fine, func(o *Options) { o.Models = []Model{{Name: "hr", Label: l}} })
	ask := func(clearance reeve.Label) reply {
		_, key, err := h.keys.Create(t.Context(), identity.NewKey{Name: "x", Clearance: clearance})
		if err != nil {
			t.Fatal(err)
		}
		return h.post(t, "/api/chat", `{"model":"hr","messages":[]}`, "Authorization", "Bearer "+key)
	}
	if r := ask(reeve.Label{Level: reeve.Restricted}); r.status != 403 || refusalOf(t, "/api/", r.body).Rule != "label/clearance" {
		t.Errorf("a higher level without the category: %d %s", r.status, r.body)
	}
	if r := ask(l); r.status != 200 {
		t.Errorf("the label itself: %d %s", r.status, r.body)
	}
}

// TestReversibleMasks: the model never sees the value, the caller gets it back, the record does not hold it.
func TestReversibleMasks(t *testing.T) {
	policy, err := guard.Parse("test.yaml", []byte(strings.Replace(testPolicy, "    action: mask\n", "    action: mask\n    reversible: true\n", 1)))
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range tongues {
		for _, stream := range []bool{false, true} {
			var echo []string
			h := newHouse(t, func(w http.ResponseWriter, r *http.Request, b []byte) { g.say(echo...)(w, r, b) }, func(o *Options) { o.Policy = policy })
			echo = split("I wrote to [[EMAIL_1]] today.", 4)
			request := strings.Replace(g.ask(stream), `"hi"`, `"mail: jane.doe@example.org"`, 1)
			r := h.post(t, g.path, request, "Reeve-Mask", "reversible")
			sent := string(<-h.got)
			if strings.Contains(sent, "jane.doe") || !strings.Contains(sent, "[[EMAIL_1]]") {
				t.Errorf("%s: the runtime got %s", g.name, sent)
			}
			if got := hear(t, r.body).Text[g.channel]; got != "I wrote to jane.doe@example.org today." {
				t.Errorf("%s stream=%v: the caller got %q", g.name, stream, got)
			}
			o := h.log.last(t)
			if strings.Contains(string(o.Output), "jane.doe") || strings.Contains(string(h.log.intents[0].Input), "jane.doe") {
				t.Errorf("%s stream=%v: the value is on record: %s", g.name, stream, o.Output)
			}
			r = h.post(t, g.path, request) // not asked for: masked for good
			if got := hear(t, r.body).Text[g.channel]; strings.Contains(got, "jane.doe") {
				t.Errorf("%s: restored without being asked: %q", g.name, got)
			}
		}
	}
}

func TestModelLists(t *testing.T) {
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request, _ []byte) {
		if r.URL.Path == "/api/tags" {
			io.WriteString(w, `{"models":[{"name":"a","size":1},{"name":"b"}]}`)
			return
		}
		io.WriteString(w, `{"object":"list","data":[{"id":"b"},{"id":"a"},{"id":"c"}]}`)
	}, nil)
	_, key, err := h.keys.Create(t.Context(), identity.NewKey{Name: "x", Models: []string{"a", "c"}})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/api/tags": `{"models":[{"name":"a","size":1}]}`, "/v1/models": `{"object":"list","data":[{"id":"a"},{"id":"c"}]}`,
	} {
		if r := h.do(t, "GET", path, "", "Authorization", "Bearer "+key); string(r.body) != want {
			t.Errorf("%s: %s", path, r.body)
		}
	}
}

func TestOpenAIRuntimeHasNoOllamaSurface(t *testing.T) {
	h := newHouse(t, fine, func(o *Options) { o.Upstreams[0].Dialect = upstream.OpenAI })
	if r := h.post(t, "/api/chat", `{"model":"m","messages":[]}`); r.status != 404 {
		t.Errorf("status %d", r.status)
	}
	if r := h.post(t, "/v1/chat/completions", "{"+chatRequest+"}"); r.status != 200 {
		t.Errorf("status %d", r.status)
	}
}

// TestBadRuntimes: whatever a runtime does wrong, the caller gets a clear error and nothing unjudged.
func TestBadRuntimes(t *testing.T) {
	stream := func(text string) script {
		return func(w http.ResponseWriter, _ *http.Request, _ []byte) {
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, text)
		}
	}
	const first = `data: {"choices":[{"index":0,"delta":{"content":"Hello"}}]}` + "\n\n"
	cases := []struct {
		name   string
		run    script
		stream bool
		status int
		code   string
	}{
		{"no JSON", func(w http.ResponseWriter, _ *http.Request, _ []byte) { io.WriteString(w, "<html>a.b@example.org") }, false, 502, "upstream_invalid"},
		{"duplicate names", func(w http.ResponseWriter, _ *http.Request, _ []byte) { io.WriteString(w, `{"a":1,"a":2}`) }, false, 502, "upstream_invalid"},
		{"too large", func(w http.ResponseWriter, _ *http.Request, _ []byte) { io.WriteString(w, strings.Repeat("x", 5000)) }, false, 502, "upstream_invalid"},
		{"cut", func(w http.ResponseWriter, _ *http.Request, _ []byte) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"choices"`)
		}, false, 502, "upstream_unavailable"},
		{"gone", func(http.ResponseWriter, *http.Request, []byte) { panic(http.ErrAbortHandler) }, false, 502, "upstream_unavailable"},
		{"text error", func(w http.ResponseWriter, _ *http.Request, _ []byte) { http.Error(w, "mail a.b@example.org", 500) }, false, 500, "upstream_error"},
		{"stream cut", func(w http.ResponseWriter, _ *http.Request, _ []byte) {
			stream(first)(w, nil, nil)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, true, 200, "upstream_cut"},
		{"stream without an end", stream(first), true, 200, "upstream_cut"},
		{"half an event", stream(first + `data: {"choices":[{"index":0,"delta":{"content":"a.b@exa`), true, 200, "upstream_cut"},
		{"invalid UTF-8", stream(first + "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\xff\"}}]}\n\n"), true, 200, "upstream_invalid"},
		{"not an event", stream(first + "data: a.b@example.org\n\n"), true, 200, "upstream_invalid"},
		{"endless answer", stream(first + strings.Repeat(`data: {"choices":[{"index":1,"delta":{"content":" and more"}}]}`+"\n\n", 500)), true, 200, "upstream_invalid"},
		{"endless choices", func(w http.ResponseWriter, _ *http.Request, _ []byte) {
			stream(first)(w, nil, nil)
			for i := range 600 {
				fmt.Fprintf(w, "data: {\"choices\":[{\"index\":%d,\"delta\":{\"content\":\"x\"}}]}\n\n", i+1)
			}
		}, true, 200, "upstream_invalid"},
		{"endless line", stream(first + "data: " + strings.Repeat("x", 5000)), true, 200, "upstream_invalid"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, c.run, func(o *Options) { o.MaxAnswer, o.MaxFrame = 1000, 1000 })
			r := h.post(t, "/v1/chat/completions", fmt.Sprintf(`{%s,"stream":%v}`, chatRequest, c.stream))
			if r.status != c.status || strings.Contains(string(r.body), "example.org") {
				t.Fatalf("status %d, want %d: %s", r.status, c.status, r.body)
			}
			if c.stream {
				if got := hear(t, r.body); got.Error != c.code || got.Text["0 content"] != "Hello" || got.Done {
					t.Errorf("%+v: %s", got, r.body)
				}
			} else if got := refusalOf(t, "/v1/", r.body); got.Code != c.code {
				t.Errorf("%+v", got)
			}
			if o := h.log.last(t); o.Refusal != c.code || !o.Intended {
				t.Errorf("on record: %+v output %s", o, o.Output)
			}
		})
	}
}

func TestNoRuntime(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	client, err := upstream.NewClient(upstream.Options{URL: "http://" + addr})
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, fine, func(o *Options) { o.Upstreams[0].Client = client })
	r := h.post(t, "/api/chat", `{"model":"m","messages":[]}`)
	if r.status != 502 || refusalOf(t, "/api/", r.body).Code != "upstream_unavailable" || strings.Contains(string(r.body), addr) {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// TestCallerLeaves: the runtime is told to stop, and what was given is on record.
func TestCallerLeaves(t *testing.T) {
	stopped := make(chan struct{})
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request, _ []byte) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "data: %s\n\n", `{"choices":[{"index":0,"delta":{"content":"Hello you"}}]}`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(stopped)
	}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "POST", h.url+"/v1/chat/completions", strings.NewReader(`{`+chatRequest+`,"stream":true}`))
	req.Header.Set("Authorization", "Bearer "+h.key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := resp.Body.Read(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.ReadAll(resp.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	resp.Body.Close()
	<-stopped
	h.log.await(t, 1)
	if o := h.log.last(t); o.Result != "cut" || !strings.Contains(string(o.Output), "Hello") {
		t.Errorf("on record: %+v output %s", o, o.Output)
	}
}

// TestSlowCaller: a body that does not come ends in 408, not in a goroutine that waits for ever.
func TestSlowCaller(t *testing.T) {
	h := newHouse(t, fine, func(o *Options) { o.ReadBody = 20 * time.Millisecond })
	c, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /api/chat HTTP/1.1\r\nHost: x\r\nX-Api-Key: %s\r\nContent-Length: 100\r\n\r\n{\"model\"", h.key)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusRequestTimeout || refusalOf(t, "/api/", b).Code != "request_timeout" {
		t.Errorf("%d %s", resp.StatusCode, b)
	}
}

// TestPanicIsConcluded: a stage that panics leaves a record and no answer.
func TestPanicIsConcluded(t *testing.T) {
	h := newHouse(t, fine, nil)
	h.Gateway.upstreams = nil // what cannot happen
	h.Gateway.opts.Access = accessAll{}
	req, _ := http.NewRequestWithContext(t.Context(), "POST", h.url+"/api/chat", strings.NewReader(`{"model":"m","messages":[]}`))
	req.Header.Set("Authorization", "Bearer "+h.key)
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		t.Errorf("answered %d", resp.StatusCode)
	}
	h.log.await(t, 1)
	if o := h.log.last(t); o.Result != "failed" {
		t.Errorf("on record: %+v output %s", o, o.Output)
	}
}
