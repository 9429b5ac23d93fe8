// Package probe sends canary prompts through the gateway itself, on a schedule: what a guard must stop is still stopped,
// what must pass still passes, and a model still answers as it did. A canary takes the same way as every request, with a key
// of its own, and is recorded like every exchange; its result is a record, too.
package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
)

// Canary is a prompt and how it must end.
type Canary struct {
	Name, Model, Prompt string
	Every, Timeout      time.Duration
	Expect              string // ok, blocked or refused
	Rule                string // that must have refused it; "": any
	Match, Absent       *regexp.Regexp
}

// Log writes records. *custody.Log is one.
type Log interface {
	Event(*custody.Event) (custody.Receipt, error)
}

// Options of New.
type Options struct {
	Gateway  http.Handler
	Key      string // of the service account that asks
	Canaries []Canary
	Log      Log
	Clock    reeve.Clock
	Diag     *slog.Logger
}

// Result is how a canary ended.
type Result struct {
	Name     string    `json:"name"`
	At       time.Time `json:"at"`
	OK       bool      `json:"ok"`
	Expected string    `json:"expected"`
	Got      string    `json:"got"`           // ok, blocked, refused, timeout or failed
	Rule     string    `json:"rule,omitzero"` // that refused it
	Why      string    `json:"why,omitzero"`  // what did not fit; no content
	Exchange string    `json:"exchange,omitzero"`
}

// Probe is safe for concurrent use.
type Probe struct {
	o Options

	mu      sync.Mutex
	results map[string]Result
}

// New returns a Probe.
func New(o Options) *Probe {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Diag == nil {
		o.Diag = slog.New(slog.DiscardHandler)
	}
	return &Probe{o: o, results: map[string]Result{}}
}

// Run sends each canary at its times, the first at once, until ctx ends. One that takes longer than its period is not sent
// twice at a time.
func (p *Probe) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for i := range p.o.Canaries {
		all.Go(func() {
			c := &p.o.Canaries[i]
			tick := time.NewTicker(c.Every)
			defer tick.Stop()
			for {
				if _, err := p.Send(ctx, c); err != nil && ctx.Err() == nil {
					p.o.Diag.Error("the result of a canary is not on record", "canary", c.Name, "error", err)
				}
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
			}
		})
	}
	all.Wait()
	return nil
}

// All sends every canary now, one after the other.
func (p *Probe) All(ctx context.Context) ([]Result, error) {
	var out []Result
	var errs []error
	for i := range p.o.Canaries {
		r, err := p.Send(ctx, &p.o.Canaries[i])
		out, errs = append(out, r), append(errs, err)
	}
	return out, errors.Join(errs...)
}

// Results are the newest result of each canary that was sent, in the order of the configuration.
func (p *Probe) Results() []Result {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []Result
	for i := range p.o.Canaries {
		if r, sent := p.results[p.o.Canaries[i].Name]; sent {
			out = append(out, r)
		}
	}
	return out
}

// Send sends a canary and puts its result on record.
func (p *Probe) Send(ctx context.Context, c *Canary) (Result, error) {
	r := p.ask(ctx, c)
	if ctx.Err() != nil {
		return r, ctx.Err() // the server stops: that says nothing of the canary
	}
	p.mu.Lock()
	p.results[c.Name] = r
	p.mu.Unlock()
	if !r.OK {
		p.o.Diag.Warn("a canary did not end as it must", "canary", c.Name, "expected", r.Expected, "got", r.Got, "rule", r.Rule, "why", r.Why)
	}
	names := map[string]string{"expected": r.Expected, "got": r.Got}
	for key, value := range map[string]string{"model": c.Model, "rule": r.Rule, "exchange": r.Exchange} {
		if value != "" {
			names[key] = value
		}
	}
	_, err := p.o.Log.Event(&custody.Event{
		Kind: custody.EventAdmin, Time: r.At, Actor: "reeve", Act: "canary.run", Object: c.Name, Result: map[bool]string{true: "ok", false: "failed"}[r.OK], Names: names,
	})
	if err != nil {
		return r, fmt.Errorf("record canary %s: %w", c.Name, err)
	}
	return r, nil
}

func (p *Probe) ask(ctx context.Context, c *Canary) Result {
	r := Result{Name: c.Name, At: p.o.Clock(), Expected: c.Expect}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	body, err := json.Marshal(map[string]any{"model": c.Model, "messages": []any{map[string]string{"role": "user", "content": c.Prompt}}}, json.Deterministic(true))
	if err != nil {
		r.Got, r.Why = "failed", "the prompt is no text"
		return r
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "/v1/chat/completions", bytes.NewReader(body))
	if err != nil {
		r.Got, r.Why = "failed", "no request can be made"
		return r
	}
	req.RemoteAddr, req.Host, req.RequestURI = "127.0.0.1:0", "localhost", "/v1/chat/completions"
	req.Header.Set("Authorization", "Bearer "+p.o.Key)
	req.Header.Set("Content-Type", "application/json")
	w := &answer{head: http.Header{}}
	w.serve(p.o.Gateway, req)
	r.Exchange = w.head.Get("Reeve-Exchange")
	text := r.read(w, ctx.Err() != nil)
	r.judge(c, text)
	return r
}

// answer keeps what the gateway answers, up to a bound.
type answer struct {
	head    http.Header
	status  int
	body    bytes.Buffer
	aborted bool
}

// maxAnswer bounds the answer that is looked at.
const maxAnswer = 1 << 20

// serve runs the gateway, which may give up an exchange by a panic that net/http knows.
func (w *answer) serve(h http.Handler, r *http.Request) {
	defer func() {
		if recover() != nil {
			w.aborted = true
		}
	}()
	h.ServeHTTP(w, r)
}

// Header implements http.ResponseWriter.
func (w *answer) Header() http.Header { return w.head }

// WriteHeader implements http.ResponseWriter.
func (w *answer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write implements http.ResponseWriter.
func (w *answer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.body.Len()+len(p) > maxAnswer {
		return 0, errors.New("the answer to a canary is too long")
	}
	return w.body.Write(p)
}

// Flush implements http.Flusher.
func (*answer) Flush() {}

// read says how it ended, and what the model answered.
func (r *Result) read(w *answer, late bool) string {
	switch {
	case late:
		r.Got = "timeout"
		return ""
	case w.aborted || w.status == 0:
		r.Got = "failed"
		return ""
	}
	return r.parse(w.status, w.body.Bytes())
}

// parse reads an answer in OpenAI's shape.
func (r *Result) parse(status int, body []byte) string {
	var a struct {
		Choices []struct {
			Message struct {
				Content string `json:"content"`
			} `json:"message"`
		} `json:"choices"`
		Error struct {
			Code string `json:"code"`
			Rule string `json:"rule"`
		} `json:"error"`
	}
	err := json.Unmarshal(body, &a)
	if status != http.StatusOK {
		r.Got, r.Rule = "failed", a.Error.Rule
		switch {
		case err != nil || status >= 500:
		case strings.HasPrefix(a.Error.Code, "blocked"):
			r.Got = "blocked"
		default:
			r.Got = "refused"
		}
		return ""
	}
	if err != nil || len(a.Choices) == 0 {
		r.Got = "failed"
		return ""
	}
	r.Got = "ok"
	return a.Choices[0].Message.Content
}

// judge compares with what was expected.
func (r *Result) judge(c *Canary, text string) {
	switch {
	case r.Got != c.Expect && !(c.Expect == "refused" && r.Got == "blocked"):
		r.Why = "it ended otherwise"
	case c.Rule != "" && r.Rule != c.Rule:
		r.Why = "another rule refused it"
	case c.Match != nil && !c.Match.MatchString(text):
		r.Why = "the answer does not match"
	case c.Absent != nil && c.Absent.MatchString(text):
		r.Why = "the answer holds what it must not"
	default:
		r.OK = true
	}
}
