package admission

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
)

// What an agent and a gateway say to each other, by HTTPS with certificates on both sides. Each question has a nonce that
// the answer repeats, and both have the time of their sender: an answer to another question, or one that somebody kept,
// is no answer.
type (
	agentQuestion struct {
		Nonce string    `json:"nonce"`
		Time  time.Time `json:"time"`
		Model string    `json:"model,omitzero"`
		ID    string    `json:"id,omitzero"`    // confirm: of a measurement
		Fresh bool      `json:"fresh,omitzero"` // measure: nothing that was known before counts
	}
	agentAnswer struct {
		Nonce  string     `json:"nonce"`
		Time   time.Time  `json:"time"`
		Kind   string     `json:"kind"`
		Models []string   `json:"models,omitzero"`
		ID     string     `json:"id,omitzero"`
		At     time.Time  `json:"at,omitzero"` // when it was measured
		Files  []FileView `json:"files,omitzero"`
		Same   bool       `json:"same,omitzero"`
		Rule   string     `json:"rule,omitzero"` // why it cannot be measured
		Reason string     `json:"reason,omitzero"`
	}
)

const (
	agentModels  = "/agent/v1/models"
	agentMeasure = "/agent/v1/measure"
	agentConfirm = "/agent/v1/confirm"

	maxQuestion  = 64 << 10
	maxAgentBody = 64 << 20
)

// Agent answers a gateway on another host for what lies beside it. It is an http.Handler, and whoever serves it demands
// certificates of callers.
type Agent struct {
	kind   string
	source Source
	clock  reeve.Clock

	mu   sync.Mutex
	held map[string]*heldMeasurement // guarded by mu; the last one of each model
	mux  *http.ServeMux
}

type heldMeasurement struct {
	id string
	m  *Measurement
}

// NewAgent answers from a source; kind is that of the runtime: ollama, llamacpp or vllm. clock may be nil.
func NewAgent(kind string, source Source, clock reeve.Clock) *Agent {
	if clock == nil {
		clock = time.Now
	}
	a := &Agent{kind: kind, source: source, clock: clock, held: map[string]*heldMeasurement{}, mux: http.NewServeMux()}
	a.mux.HandleFunc("POST "+agentModels, a.answering(a.models))
	a.mux.HandleFunc("POST "+agentMeasure, a.answering(a.measure))
	a.mux.HandleFunc("POST "+agentConfirm, a.answering(a.confirm))
	return a
}

// ServeHTTP implements http.Handler.
func (a *Agent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 { // should whoever serves this forget to ask
		http.Error(w, "a certificate is needed", http.StatusUnauthorized)
		return
	}
	a.mux.ServeHTTP(w, r)
}

func (a *Agent) answering(do func(context.Context, *agentQuestion, *agentAnswer)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var q agentQuestion
		err := json.UnmarshalRead(http.MaxBytesReader(w, r.Body, maxQuestion), &q, json.RejectUnknownMembers(true))
		if err != nil || len(q.Nonce) != 32 {
			http.Error(w, "the question cannot be read", http.StatusBadRequest)
			return
		}
		if !near(q.Time, a.clock()) {
			http.Error(w, "the question is not of now: are both clocks right?", http.StatusConflict)
			return
		}
		out := agentAnswer{Nonce: q.Nonce, Kind: a.kind}
		do(r.Context(), &q, &out)
		out.Time = a.clock() // when it was true, not when it was asked
		w.Header().Set("Content-Type", "application/json")
		_ = json.MarshalWrite(w, &out) // the gateway has left
	}
}

// near reports whether two clocks agree well enough.
func near(a, b time.Time) bool {
	d := a.Sub(b)
	return d < clockSkew && d > -clockSkew
}

func (a *Agent) models(ctx context.Context, _ *agentQuestion, out *agentAnswer) {
	names, err := a.source.Models(ctx)
	if err != nil {
		out.fail(err)
		return
	}
	out.Models = names[:min(len(names), maxModels)]
}

func (a *Agent) measure(ctx context.Context, q *agentQuestion, out *agentAnswer) {
	a.mu.Lock()
	held := a.held[q.Model]
	a.mu.Unlock()
	var earlier *Measurement
	if held != nil && !q.Fresh {
		earlier = held.m
	}
	m, err := a.source.Measure(ctx, q.Model, earlier)
	if err != nil {
		out.fail(err)
		return
	}
	if held == nil || held.m != m {
		held = &heldMeasurement{newNonce(), m}
		a.mu.Lock()
		if len(a.held) >= maxModels {
			clear(a.held)
		}
		a.held[q.Model] = held
		a.mu.Unlock()
	}
	out.ID, out.At = held.id, m.At
	for _, f := range m.Files {
		out.Files = append(out.Files, FileView{Name: f.Name, Path: f.Path, SHA256: f.SHA256, Size: f.Identity.Size})
	}
}

func (a *Agent) confirm(ctx context.Context, q *agentQuestion, out *agentAnswer) {
	a.mu.Lock()
	held := a.held[q.Model]
	a.mu.Unlock()
	if held == nil || held.id != q.ID {
		return // it was measured anew since
	}
	same, err := a.source.Confirm(ctx, held.m)
	out.Same = same && err == nil
}

func (out *agentAnswer) fail(err error) {
	out.Rule, _ = ruleOf(err)
	out.Reason = err.Error()
}

// errors of the rules that an agent tells.
func (out *agentAnswer) err() error {
	for rule, is := range map[string]error{RuleAltered: ErrMoving, RuleMismatch: ErrMismatch, RuleUnproven: ErrUnproven} {
		if out.Rule == rule {
			return &agentError{out.Reason, is}
		}
	}
	if out.Rule != "" {
		return errors.New("agent: " + out.Reason)
	}
	return nil
}

type agentError struct {
	reason string
	is     error
}

func (e *agentError) Error() string { return "agent: " + e.reason }
func (e *agentError) Unwrap() error { return e.is }

func newNonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
