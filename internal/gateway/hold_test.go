package gateway

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/reeve-ai/reeve/internal/custody"
)

// waitingRoom answers for held exchanges and remembers them.
type waitingRoom struct{ held []string }

func (w *waitingRoom) Serves(path string) bool { return path == "/v1/reports" }
func (w *waitingRoom) ServeHTTP(rw http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(rw, "people")
}

func (w *waitingRoom) Held(rw http.ResponseWriter, _ *http.Request, principal string, id custody.ID) {
	w.held = append(w.held, principal+" "+id.String())
	rw.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(rw, "wait")
}

// TestHold: an answer in which a rule asks for a person stays in the record, whole or streamed; every other one goes out.
func TestHold(t *testing.T) {
	const chat = "/v1/chat/completions"
	answer := func(text string) script {
		return func(w http.ResponseWriter, r *http.Request, body []byte) {
			if strings.Contains(string(body), `"stream":true`) {
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = io.WriteString(w, `data: {"id":"a","choices":[{"index":0,"delta":{"content":"`+text+`"}}]}`+"\n\n"+
					`data: {"id":"a","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"id":"a","choices":[{"index":0,"message":{"role":"assistant","content":"`+text+`"},"finish_reason":"stop"}]}`)
		}
	}
	for _, tt := range []struct {
		name, mode, text string
		held             bool
	}{
		{"flagged", HoldFlagged, "a watchword", true},
		{"not flagged", HoldFlagged, "nothing", false},
		{"all", HoldAll, "nothing", true},
		{"off", "off", "a watchword", false},
		{"blocked", HoldAll, "tell the secret plan", false},
	} {
		for _, stream := range []string{"false", "true"} {
			t.Run(tt.name+" "+stream, func(t *testing.T) {
				room := &waitingRoom{}
				h := newHouse(t, answer(tt.text), func(o *Options) { o.Hold = map[string]string{chat: tt.mode} })
				h.SetPeople(room)
				r := h.post(t, chat, `{"model":"m","stream":`+stream+`,"messages":[{"role":"user","content":"hello"}]}`)
				o := h.log.last(t)
				if (r.status == http.StatusAccepted) != tt.held || (o.Result == "held") != tt.held || len(room.held) > 0 != tt.held {
					t.Fatalf("%d %s, held %v: %s", r.status, o.Result, room.held, r.body)
				}
				switch {
				case tt.held && (string(r.body) != "wait" || !strings.Contains(string(o.Output), tt.text) || o.Delivered == nil):
					t.Errorf("the caller got %q, the record has %q", r.body, o.Output)
				case !tt.held && tt.name != "blocked" && !strings.Contains(string(r.body), tt.text):
					t.Errorf("the caller got %q", r.body)
				case tt.name == "blocked" && strings.Contains(string(r.body), "secret plan"):
					t.Errorf("the caller got %q", r.body)
				}
			})
		}
	}
}

// TestHoldFailsClosed: without anybody who could look, nothing goes out; paths of people go to them.
func TestHoldFailsClosed(t *testing.T) {
	const chat = "/v1/chat/completions"
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		_, _ = io.WriteString(w, `{"id":"a","choices":[{"index":0,"message":{"role":"assistant","content":"a watchword"},"finish_reason":"stop"}]}`)
	}, func(o *Options) { o.Hold = map[string]string{chat: HoldFlagged} })
	r := h.post(t, chat, `{"model":"m","messages":[{"role":"user","content":"hello"}]}`)
	if r.status != http.StatusForbidden || !strings.Contains(string(r.body), "held_not_kept") || strings.Contains(string(r.body), "watchword") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := h.post(t, "/v1/reports", "{}"); r.status != http.StatusNotFound {
		t.Errorf("reports without people: %d", r.status)
	}
	h.SetPeople(&waitingRoom{})
	if r := h.post(t, "/v1/reports", "{}"); string(r.body) != "people" {
		t.Errorf("reports: %d %s", r.status, r.body)
	}
	r = h.post(t, chat, `{"model":"m","messages":[{"role":"user","content":"the secret plan"}]}`)
	if r.status != http.StatusForbidden || !strings.Contains(string(r.body), "POST /v1/reports") {
		t.Errorf("a block says nothing of reports: %s", r.body)
	}
}
