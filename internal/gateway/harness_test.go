package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/guard"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/label"
	"github.com/reeve-ai/reeve/internal/store"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// testPolicy is small and fixed, so that these tests do not change with the policy that ships.
const testPolicy = `
version: 1
rules:
  - id: test/email
    direction: both
    match: {detect: [pii/email]}
    action: mask
    message: an e-mail address was masked
    remedy: leave it out
    legal_basis: [house rule]
    owner: tests
    examples: {match: ["mail a.b@example.org"], no_match: ["nothing here"]}
  - id: test/card
    direction: both
    match: {detect: [pii/payment-card]}
    action: mask
    message: a card number was masked
    remedy: leave it out
    legal_basis: [house rule]
    owner: tests
    examples: {match: ["card 4111 1111 1111 1111"], no_match: ["nothing here"]}
  - id: test/secret-plan
    direction: both
    match: {literals: ["the secret plan"]}
    action: block
    message: this plan is not for models
    remedy: ask the owner
    legal_basis: [house rule]
    owner: tests
    examples: {match: ["tell the secret plan"], no_match: ["tell the secret"]}
  - id: test/watch
    direction: both
    match: {literals: ["watchword"]}
    action: review
    message: a watchword
    remedy: none
    legal_basis: [house rule]
    owner: tests
    examples: {match: ["a watchword"], no_match: ["a word"]}
`

// memoryLog keeps records in memory and remembers the order of everything that happened.
type memoryLog struct {
	mu       sync.Mutex
	events   []string // guarded by mu
	intents  []custody.Intent
	outcomes []custody.Outcome
	refuse   error // what Intent and Outcome answer
	refuseAt string
}

func (l *memoryLog) note(e string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

func (l *memoryLog) intent(in *custody.Intent, how string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse != nil && l.refuseAt != "outcome" {
		return l.refuse
	}
	c := *in
	c.Input = bytes.Clone(in.Input)
	l.intents = append(l.intents, c)
	l.events = append(l.events, how+"intent")
	return nil
}

func (l *memoryLog) outcome(o *custody.Outcome, how string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse != nil {
		return l.refuse
	}
	c := *o
	request := *o.Request
	c.Request, c.Input, c.Output = &request, bytes.Clone(o.Input), bytes.Clone(o.Output)
	l.outcomes = append(l.outcomes, c)
	l.events = append(l.events, how+"outcome")
	return nil
}

func (l *memoryLog) Intent(in *custody.Intent) error       { return l.intent(in, "") }
func (l *memoryLog) IntentAsync(in *custody.Intent) error  { return l.intent(in, "async ") }
func (l *memoryLog) Outcome(o *custody.Outcome) error      { return l.outcome(o, "") }
func (l *memoryLog) OutcomeAsync(o *custody.Outcome) error { return l.outcome(o, "async ") }

func (l *memoryLog) last(t testing.TB) custody.Outcome {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.outcomes) == 0 {
		t.Fatal("nothing is on record")
	}
	return l.outcomes[len(l.outcomes)-1]
}

// await waits until n outcomes are on record.
func (l *memoryLog) await(t testing.TB, n int) {
	t.Helper()
	for {
		l.mu.Lock()
		have := len(l.outcomes)
		l.mu.Unlock()
		if have >= n {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal("the record does not come")
		}
		runtime.Gosched()
	}
}

// discardLog takes every record and keeps none.
type discardLog struct{}

func (discardLog) Intent(*custody.Intent) error        { return nil }
func (discardLog) IntentAsync(*custody.Intent) error   { return nil }
func (discardLog) Outcome(*custody.Outcome) error      { return nil }
func (discardLog) OutcomeAsync(*custody.Outcome) error { return nil }

var labels = label.Default()

func fixedClock() time.Time { return time.Unix(1_790_000_000, 0) }

// accessAll allows everything.
type accessAll struct{}

func (accessAll) Decide(access.Request) access.Decision {
	return access.Decision{Allow: true, Rule: "test/all"}
}

// house is a gateway with a scripted runtime behind it.
type house struct {
	*Gateway
	log  *memoryLog
	key  string
	keys *identity.Directory
	url  string
	got  chan []byte // bodies that the runtime saw
}

type script func(w http.ResponseWriter, r *http.Request, body []byte)

func newHouse(t testing.TB, run script, change func(*Options)) *house {
	t.Helper()
	h := &house{log: &memoryLog{}, got: make(chan []byte, 1000)}
	model := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.log.note("runtime")
		select {
		case h.got <- body:
		default:
		}
		run(w, r, body)
	}))
	t.Cleanup(model.Close)
	client, err := upstream.NewClient(upstream.Options{URL: model.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	db, err := store.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if h.keys, err = identity.Open(t.Context(), db, identity.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.keys.Close() })
	if _, h.key, err = h.keys.Create(t.Context(), identity.NewKey{Name: "test", Clearance: reeve.NewLabel(reeve.Internal)}); err != nil {
		t.Fatal(err)
	}
	policy, err := guard.Parse("test.yaml", []byte(testPolicy))
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Upstreams: []Upstream{{Name: "local", Dialect: upstream.Ollama, Client: client, Private: true}},
		Log:       h.log, Callers: h.keys, Access: access.Roles{}, Policy: policy,
	}
	if change != nil {
		change(&o)
	}
	if h.Gateway, err = New(o); err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(h.Gateway)
	t.Cleanup(front.Close)
	h.url = front.URL
	return h
}

type reply struct {
	status int
	header http.Header
	body   []byte
}

func (h *house) post(t testing.TB, path, body string, header ...string) reply {
	t.Helper()
	return h.do(t, "POST", path, body, header...)
}

func (h *house) do(t testing.TB, method, path, body string, header ...string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, h.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+h.key)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
		if header[i+1] == "" {
			req.Header.Del(header[i])
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, b}
}

// heard is what a caller understands from an answer, streamed or not, in either dialect.
type heard struct {
	Text   map[string]string // by choice and channel
	Finish map[string]string
	Note   string // rule of the note that a guard leaves
	Error  string
	Done   bool
}

type piece struct {
	Choices []struct {
		Index        int
		Delta        message
		Message      message
		Text         string
		FinishReason string `json:"finish_reason"`
		Logprobs     any
	}
	Message    message
	Response   string
	Thinking   string
	Done       bool
	DoneReason string `json:"done_reason"`
	Error      any
	Reeve      struct{ Rule string }
}

type message struct {
	Content, Refusal, Thinking string
	ReasoningContent           string     `json:"reasoning_content"`
	ToolCalls                  []toolCall `json:"tool_calls"`
}

type toolCall struct {
	Index    int
	Function struct {
		Name      string
		Arguments any
	}
}

func hear(t testing.TB, body []byte) heard {
	t.Helper()
	h := heard{Text: map[string]string{}, Finish: map[string]string{}}
	for line := range bytes.Lines(body) {
		line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("data: ")))
		if len(line) == 0 {
			continue
		}
		if string(line) == "[DONE]" {
			h.Done = true
			continue
		}
		var p piece
		if err := json.Unmarshal(line, &p, json.MatchCaseInsensitiveNames(true)); err != nil {
			t.Fatalf("not JSON: %v: %s", err, line)
		}
		h.take(&p)
	}
	return h
}

func (h *heard) take(p *piece) {
	add := func(choice, channel, text string) {
		if text != "" {
			h.Text[choice+" "+channel] += text
		}
	}
	msg := func(choice string, m *message) {
		add(choice, "content", m.Content)
		add(choice, "reasoning", m.ReasoningContent+m.Thinking)
		add(choice, "refusal", m.Refusal)
		for _, c := range m.ToolCalls {
			switch a := c.Function.Arguments.(type) {
			case string:
				add(choice, "tool", a)
			case nil:
			default:
				b, _ := json.Marshal(a)
				add(choice, "tool", string(b))
			}
		}
	}
	for i := range p.Choices {
		c := &p.Choices[i]
		choice := string(rune('0' + c.Index))
		msg(choice, &c.Delta)
		msg(choice, &c.Message)
		add(choice, "content", c.Text)
		if c.FinishReason != "" {
			h.Finish[choice] = c.FinishReason
		}
	}
	msg("0", &p.Message)
	add("0", "content", p.Response)
	add("0", "reasoning", p.Thinking)
	if p.DoneReason != "" {
		h.Finish["0"] = p.DoneReason
	}
	h.Done = h.Done || p.Done
	if p.Reeve.Rule != "" {
		h.Note = p.Reeve.Rule
	}
	switch e := p.Error.(type) {
	case string:
		h.Error = e
	case map[string]any:
		h.Error, _ = e["code"].(string)
	}
}
