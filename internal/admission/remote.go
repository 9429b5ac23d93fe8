package admission

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
)

// Remote is the Source beside which an agent runs. An answer of the runtime waits until the agent has said that nothing
// changed; answers that wait at the same time share one question, which is asked after the last of them came.
type Remote struct {
	url   string
	kind  string
	http  *http.Client
	clock reeve.Clock

	mu      sync.Mutex
	waiting map[string]*confirmation // guarded by mu; the next question about a measurement, by its id
	asking  map[string]bool          // guarded by mu
}

type confirmation struct {
	done chan struct{}
	same bool
	err  error
}

// confirmFor bounds how long an answer waits for the agent, measureFor how long it may hash.
const (
	confirmFor = 5 * time.Second
	measureFor = time.Hour
)

// NewRemote asks the agent at an https:// address. kind is that of its runtime; clock may be nil.
func NewRemote(url, kind string, c *tls.Config, clock reeve.Clock) *Remote {
	if clock == nil {
		clock = time.Now
	}
	t := &http.Transport{TLSClientConfig: c, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, DisableCompression: true}
	return &Remote{url: strings.TrimSuffix(url, "/"), kind: kind, http: &http.Client{Transport: t}, clock: clock, waiting: map[string]*confirmation{}, asking: map[string]bool{}}
}

// Close gives the connections back.
func (r *Remote) Close() error { r.http.CloseIdleConnections(); return nil }

// Canonical implements Source.
func (r *Remote) Canonical(name string) string {
	switch r.kind {
	case "ollama":
		return (*Ollama)(nil).Canonical(name)
	case "llamacpp":
		return ""
	}
	return name
}

// Models implements Source.
func (r *Remote) Models(ctx context.Context) ([]string, error) {
	a, err := r.ask(ctx, askFor, agentModels, agentQuestion{})
	if err != nil {
		return nil, err
	}
	return a.Models, a.err()
}

// Measure implements Source.
func (r *Remote) Measure(ctx context.Context, model string, earlier *Measurement) (*Measurement, error) {
	a, err := r.ask(ctx, measureFor, agentMeasure, agentQuestion{Model: model, Fresh: earlier == nil})
	if err == nil {
		err = a.err()
	}
	if err != nil {
		return nil, err
	}
	if earlier != nil && earlier.id == a.ID {
		return earlier, nil
	}
	m := &Measurement{Model: model, At: a.At, id: a.ID}
	for _, f := range a.Files {
		m.Files = append(m.Files, Measured{File: File{Name: f.Name, Path: f.Path}, SHA256: f.SHA256, Identity: Identity{Size: f.Size}})
	}
	if a.ID == "" || len(m.Files) == 0 {
		return nil, mismatch("the agent names no file")
	}
	return m, nil
}

// Confirm implements Source.
func (r *Remote) Confirm(ctx context.Context, m *Measurement) (bool, error) {
	r.mu.Lock()
	c := r.waiting[m.id]
	if c == nil {
		c = &confirmation{done: make(chan struct{})}
		r.waiting[m.id] = c
	}
	if !r.asking[m.id] {
		r.asking[m.id] = true
		go r.confirm(m.Model, m.id)
	}
	r.mu.Unlock()
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-c.done:
		return c.same, c.err
	}
}

// confirm asks for as long as somebody waits. Whoever comes while a question is on its way waits for the next one.
func (r *Remote) confirm(model, id string) {
	for {
		r.mu.Lock()
		c := r.waiting[id]
		delete(r.waiting, id)
		if c == nil {
			delete(r.asking, id)
			r.mu.Unlock()
			return
		}
		r.mu.Unlock()
		a, err := r.ask(context.Background(), confirmFor, agentConfirm, agentQuestion{Model: model, ID: id})
		if c.err = err; err == nil {
			c.same = a.Same
		}
		close(c.done)
	}
}

func (r *Remote) ask(ctx context.Context, within time.Duration, path string, q agentQuestion) (*agentAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	q.Nonce, q.Time = newNonce(), r.clock()
	body, err := json.Marshal(&q)
	if err != nil {
		return nil, fmt.Errorf("ask agent: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask agent: %w", err)
	}
	resp, err := r.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask agent: %w: %w", ErrUnreachable, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask agent: %w: status %d", ErrUnreachable, resp.StatusCode)
	}
	var a agentAnswer
	if err := json.UnmarshalRead(http.MaxBytesReader(nil, resp.Body, maxAgentBody), &a, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("ask agent: %w: the answer cannot be read", ErrUnreachable)
	}
	switch {
	case a.Nonce != q.Nonce:
		return nil, fmt.Errorf("ask agent: %w: it answers another question", ErrUnreachable)
	case !near(a.Time, r.clock()):
		return nil, fmt.Errorf("ask agent: %w: its clock and this one differ by more than %s", ErrUnreachable, clockSkew)
	case a.Kind != r.kind:
		return nil, mismatch("the agent's runtime is of the kind %q", a.Kind)
	}
	return &a, nil
}
