package gateway

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reeve-ai/reeve"
)

// turnstile is an Admission whose one model is altered when a test says so.
type turnstile struct {
	closed  atomic.Bool // before the request
	altered atomic.Bool // noticed
	swapped atomic.Bool // not noticed until it is asked
	warning string
	label   reeve.Label
	asked   atomic.Int32
}

func (s *turnstile) Admit(upstream, model string) Pass {
	s.asked.Add(1)
	if upstream != "local" || model == "free" {
		return nil
	}
	return s
}

func (s *turnstile) no(when *atomic.Bool) *reeve.Refusal {
	if !when.Load() {
		return nil
	}
	return &reeve.Refusal{Status: 403, Code: "model_not_attested", Rule: "admission/altered", Message: "It changed.", Remedy: "Ask again."}
}

func (s *turnstile) Refusal(time.Time) *reeve.Refusal                  { return s.no(&s.closed) }
func (s *turnstile) Altered() *reeve.Refusal                           { return s.no(&s.altered) }
func (s *turnstile) Confirm(context.Context, time.Time) *reeve.Refusal { return s.no(&s.swapped) }
func (s *turnstile) Label() reeve.Label                                { return s.label }
func (s *turnstile) Warning(time.Time) string                          { return s.warning }
func (s *turnstile) Note() string {
	if s.warning != "" {
		return "unattested"
	}
	return "admitted"
}

// asks are the same question in every dialect and form.
var asks = []struct{ name, path, body string }{
	{"openai", "/v1/chat/completions", `{"model":"m","messages":[{"role":"user","content":"hi"}]}`},
	{"openai stream", "/v1/chat/completions", `{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}`},
	{"ollama", "/api/chat", `{"model":"m","stream":false,"messages":[{"role":"user","content":"hi"}]}`},
	{"ollama stream", "/api/chat", `{"model":"m","messages":[{"role":"user","content":"hi"}]}`},
	{"embedding", "/v1/embeddings", `{"model":"m","input":"hi"}`},
}

// answering is a runtime that answers in the form that it is asked in; between is called before the last event of a stream
// and before any other answer.
func answering(between func()) script {
	return func(w http.ResponseWriter, r *http.Request, body []byte) {
		streamed := strings.Contains(string(body), `"stream":true`) || r.URL.Path == "/api/chat" && !strings.Contains(string(body), `"stream":false`)
		flush := func() { _ = http.NewResponseController(w).Flush() }
		switch {
		case r.URL.Path == "/v1/embeddings":
			between()
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":[0.5]}]}`)
		case r.URL.Path == "/api/chat" && streamed:
			w.Header().Set("Content-Type", "application/x-ndjson")
			_, _ = io.WriteString(w, `{"model":"m","message":{"role":"assistant","content":"good "},"done":false}`+"\n")
			flush()
			between()
			_, _ = io.WriteString(w, `{"model":"m","message":{"role":"assistant","content":"morning"},"done":false}`+"\n"+`{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}`+"\n")
		case streamed:
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, `data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"good "}}]}`+"\n\n")
			flush()
			between()
			_, _ = io.WriteString(w, `data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"morning"}}]}`+"\n\n"+`data: {"id":"1","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
		case r.URL.Path == "/api/chat":
			between()
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"model":"m","message":{"role":"assistant","content":"good morning"},"done":true,"done_reason":"stop"}`)
		default:
			between()
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"id":"1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"good morning"},"finish_reason":"stop"}]}`)
		}
	}
}

func TestAModelThatIsNotAttestedIsNeverAsked(t *testing.T) {
	gate := &turnstile{}
	gate.closed.Store(true)
	h := newHouse(t, answering(func() {}), func(o *Options) { o.Admission = gate })
	for _, a := range asks {
		got := h.post(t, a.path, a.body)
		if got.status != http.StatusForbidden || !strings.Contains(string(got.body), "admission/altered") || !strings.Contains(string(got.body), "Ask again.") {
			t.Errorf("%s: %d %s", a.name, got.status, got.body)
		}
		if o := h.log.last(t); o.Result != "refused" || o.Rule != "admission/altered" {
			t.Errorf("%s: on record as %q by %q", a.name, o.Result, o.Rule)
		}
	}
	if n := len(h.got); n > 0 {
		t.Errorf("the runtime was asked %d times", n)
	}
	if got := h.post(t, "/v1/chat/completions", `{"model":"free","messages":[{"role":"user","content":"hi"}]}`); got.status != http.StatusOK || got.header.Get("Reeve-Admission") != "" {
		t.Errorf("a model that nobody asks a verdict for: %d", got.status)
	}
}

// A model that is swapped while it answers answers nobody, whether the swap is noticed by then or only asked about.
func TestAModelThatChangesUnderARequest(t *testing.T) {
	for _, noticed := range []bool{false, true} {
		for _, a := range asks {
			var gate *turnstile
			h := newHouse(t, answering(func() { gate.swapped.Store(true); gate.altered.Store(noticed) }), func(o *Options) {
				gate = &turnstile{}
				o.Admission = gate
			})
			got := h.post(t, a.path, a.body)
			text := string(got.body)
			if strings.Contains(text, "morning") || strings.Contains(text, "0.5") || strings.Contains(text, "[DONE]") || strings.Contains(text, `"done":true`) {
				t.Errorf("%s, noticed %v: the answer went out: %s", a.name, noticed, text)
			}
			if !strings.Contains(text, "admission/altered") {
				t.Errorf("%s, noticed %v: the end does not say why: %s", a.name, noticed, text)
			}
			if o := h.log.last(t); o.Result != "refused" || o.Rule != "admission/altered" {
				t.Errorf("%s: on record as %q by %q", a.name, o.Result, o.Rule)
			}
		}
	}
}

func TestAModelThatIsOnlyWarnedOf(t *testing.T) {
	gate := &turnstile{warning: "admission/verdict"}
	h := newHouse(t, answering(func() {}), func(o *Options) { o.Admission = gate })
	for _, a := range asks {
		got := h.post(t, a.path, a.body)
		if got.status != http.StatusOK || got.header.Get("Reeve-Admission") != "unattested" {
			t.Errorf("%s: %d %q %s", a.name, got.status, got.header.Get("Reeve-Admission"), got.body)
		}
		o := h.log.last(t)
		if o.Result != "ok" || len(o.Request.GuardIn) != 1 || o.Request.GuardIn[0].Rule != "admission/verdict" {
			t.Errorf("%s: on record as %q with %v", a.name, o.Result, o.Request.GuardIn)
		}
	}
}

func TestListsLeaveOutWhatIsRefused(t *testing.T) {
	gate := &turnstile{}
	gate.closed.Store(true)
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"object":"list","data":[{"id":"m"},{"id":"free"}]}`)
	}, func(o *Options) { o.Admission = gate })
	got := h.do(t, "GET", "/v1/models", "")
	if text := string(got.body); strings.Contains(text, `"m"`) || !strings.Contains(text, `"free"`) {
		t.Errorf("the list is %s", text)
	}
}

// What went into a model comes out of it: its verdict's label is joined with the one that it was configured with, for answers, access and
// the list of models.
func TestTheLabelOfAVerdict(t *testing.T) {
	gate := &turnstile{label: reeve.NewLabel(reeve.Confidential)}
	h := newHouse(t, answering(func() {}), func(o *Options) {
		o.Admission = gate
		o.Models = []Model{{Name: "m", Upstream: "local", Label: reeve.NewLabel(reeve.Internal)}, {Name: "free", Upstream: "local"}}
	})
	ask := func(model string) reply {
		return h.post(t, "/v1/chat/completions", `{"model":"`+model+`","messages":[{"role":"user","content":"hi"}]}`)
	}
	if got := ask("m"); got.status != http.StatusForbidden || !strings.Contains(string(got.body), "confidential") && !strings.Contains(string(got.body), "clearance") {
		t.Errorf("a caller cleared for internal: %d %s", got.status, got.body)
	}
	if got := ask("free"); got.status != http.StatusOK {
		t.Errorf("a model without a verdict: %d %s", got.status, got.body)
	}
	gate.label = reeve.Label{}
	if got := ask("m"); got.status != http.StatusOK || got.header.Get("Reeve-Label") != "internal" {
		t.Errorf("a verdict without a label: %d %s %s", got.status, got.header.Get("Reeve-Label"), got.body)
	}
}
