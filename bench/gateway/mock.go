package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// mock is a model server without a model. It speaks the OpenAI and the Ollama dialect:
//
//	POST /v1/chat/completions, /v1/completions   JSON or SSE           GET  /v1/models, /v1/models/{id}
//	POST /v1/embeddings, /api/embed              384 numbers per input GET  /api/tags, /api/ps, /api/version
//	POST /api/chat, /api/generate                JSON or NDJSON        POST /api/show
type mock struct {
	interval time.Duration
	whole    string   // the whole answer, quoted
	tokens   []string // its tokens, quoted
	phrase   atomic.Value
	said     atomic.Int64 // how often the phrase was said
}

func mockMain(args []string) {
	fs := flag.NewFlagSet("mock", flag.ExitOnError)
	addr := fs.String("addr", "127.0.0.1:9001", "listen address")
	tokens := fs.Int("tokens", nTokens, "tokens per answer")
	interval := fs.Duration("interval", 0, "pause between streamed tokens (0: as fast as they can be written)")
	_ = fs.Parse(args) // exits on an error
	serve(*addr, mockHandler(*tokens, *interval))
}

func mockHandler(tokens int, interval time.Duration) http.Handler {
	m := &mock{interval: interval, whole: quoted(answer(tokens)), tokens: make([]string, tokens)}
	m.phrase.Store("")
	for i := range m.tokens {
		m.tokens[i] = quoted(token(i))
	}
	vec := newVector()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", m.generate("chat"))
	mux.HandleFunc("POST /v1/completions", m.generate("completions"))
	mux.HandleFunc("POST /v1/embeddings", vec.serveOpenAI)
	mux.HandleFunc("GET /v1/models", fixed(`{"object":"list","data":[`+mockModel+`]}`))
	mux.HandleFunc("GET /v1/models/{id}", fixed(mockModel))
	mux.HandleFunc("POST /api/chat", m.generate("ollama-chat"))
	mux.HandleFunc("POST /api/generate", m.generate("ollama-generate"))
	mux.HandleFunc("POST /api/embed", vec.serveOllama)
	mux.HandleFunc("GET /api/tags", fixed(`{"models":[`+mockTag+`}]}`))
	mux.HandleFunc("GET /api/ps", fixed(`{"models":[`+mockTag+`,"expires_at":"2033-11-14T22:13:20Z","size_vram":0}]}`))
	mux.HandleFunc("GET /api/version", fixed(`{"version":"0.12.0"}`))
	mux.HandleFunc("POST /api/show", fixed(`{"modelfile":"FROM mock","parameters":"","template":"{{ .Prompt }}",`+mockDetails+`,"model_info":{"general.architecture":"mock"},"capabilities":["completion"]}`))
	mux.HandleFunc("PUT /mock/say", func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		m.phrase.Store(string(b))
	})
	mux.HandleFunc("GET /mock/say", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, m.said.Load()) })
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "Ollama is running") })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		log.Printf("mock: unexpected %s %s", r.Method, r.URL)
		http.Error(w, `{"error":"not found"}`, http.StatusNotFound)
	})
	return mux
}

const (
	mockModel   = `{"id":"mock","object":"model","created":1700000000,"owned_by":"library"}`
	mockDigest  = `sha256:0000000000000000000000000000000000000000000000000000000000000417`
	mockDetails = `"details":{"parent_model":"","format":"gguf","family":"mock","families":["mock"],"parameter_size":"1B","quantization_level":"Q4_0"}`
	mockTag     = `{"name":"mock","model":"mock","modified_at":"2023-11-14T22:13:20Z","size":417,"digest":"` + mockDigest + `",` + mockDetails
)

func fixed(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, s)
	}
}

// mockRequest is what steers an answer.
type mockRequest struct {
	Stream  *bool  `json:"stream"`
	Seed    *int64 `json:"seed"`
	Options struct {
		Seed *int64 `json:"seed"`
	} `json:"options"`
}

func (q *mockRequest) seed() int64 {
	switch {
	case q.Seed != nil:
		return *q.Seed
	case q.Options.Seed != nil:
		return *q.Options.Seed
	}
	return 0
}

func (m *mock) generate(name string) http.HandlerFunc {
	d := dialects[name]
	return func(w http.ResponseWriter, r *http.Request) {
		var req mockRequest
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &req)
		}
		if err != nil {
			http.Error(w, `{"error":{"message":"bad request","type":"invalid_request_error"}}`, http.StatusBadRequest)
			return
		}
		gap, stamped, text, pieces := m.interval, false, m.whole, m.tokens
		switch seed := req.seed(); {
		case seed == saySeed:
			text, pieces = m.say()
		case seed > 0 && seed <= 1e6:
			gap, stamped = time.Duration(seed)*time.Microsecond, true
		}
		stream := d.streamDefault
		if req.Stream != nil {
			stream = *req.Stream
		}
		if stream {
			d.stream(w, pieces, gap, stamped)
			return
		}
		buf := append(append(d.append(make([]byte, 0, 1024), d.wholeA), text...), d.wholeB...)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(buf)))
		_, _ = w.Write(buf)
	}
}

// say gives the phrase as a whole answer and cut into pieces of three bytes, never inside a UTF-8 sequence.
func (m *mock) say() (text string, pieces []string) {
	m.said.Add(1)
	say := sayLead + m.phrase.Load().(string) + " and more follows"
	text = quoted(say)
	for len(say) > 0 {
		n := 3
		for n < len(say) && say[n]&0xC0 == 0x80 {
			n++
		}
		n = min(n, len(say))
		pieces = append(pieces, quoted(say[:n]))
		say = say[n:]
	}
	return text, pieces
}

func (d *dialect) stream(w http.ResponseWriter, pieces []string, gap time.Duration, stamped bool) {
	w.Header().Set("Content-Type", d.ctype)
	w.Header().Set("Cache-Control", "no-cache")
	rc := http.NewResponseController(w)
	buf := make([]byte, 0, 1024)
	for i, p := range pieces {
		if gap > 0 && i > 0 {
			time.Sleep(gap)
		}
		buf = append(d.append(buf[:0], d.pre), p...)
		if stamped {
			buf = appendStamp(append(buf, ' '), time.Now().UnixNano())
		}
		buf = append(buf, d.post...)
		if _, err := w.Write(buf); err != nil {
			return
		}
		_ = rc.Flush()
	}
	_, _ = w.Write(d.append(buf[:0], d.final))
}
