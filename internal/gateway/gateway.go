// Package gateway is the governed way to a model. Every request walks the stages of pipeline.go, in that order and no
// other; streamed or not, in either dialect, on every channel the same guards judge the same text.
//
// What is refused is refused in the caller's dialect with rule, reason and remedy. What is answered is on record first:
// the intent is durable before one byte goes to the model, the outcome before the last byte goes to the caller.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/guard"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/label"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// Log keeps the records. All methods are safe for concurrent use. Intent, Outcome and Admin return when the record is
// durable; the Async forms return when it is queued in order. Any error means that nothing was promised.
type Log interface {
	Intent(*custody.Intent) error
	IntentAsync(*custody.Intent) error
	Outcome(*custody.Outcome) error
	OutcomeAsync(*custody.Outcome) error
}

// Callers tells who is calling. It is safe for concurrent use and never returns neither a session nor a refusal.
type Callers interface {
	AuthenticateRequest(*http.Request) (*identity.Session, *reeve.Refusal)
}

// Upstream is one runtime. Dialect says what it speaks: an OpenAI runtime serves /v1 only, Ollama both surfaces.
type Upstream struct {
	Name    string
	Dialect upstream.Dialect
	Client  *upstream.Client
	Private bool // nobody can listen on the way: TLS, or this machine
}

// Model maps an alias to a runtime. Models that are not listed go to the first upstream under their own name.
type Model struct {
	Name     string // alias that callers use
	Upstream string // name of an Upstream; "" means the first
	As       string // name that the runtime knows; "" means Name
	Label    reeve.Label
	Takes    *reeve.Label    // highest label of what it may be sent; nil: any
	Resource access.Resource // what access rules may ask about it; kind, name and label come from above
}

// Options configure a Gateway. Zero limits take the defaults.
type Options struct {
	Upstreams   []Upstream
	Models      []Model
	BestEffort  map[string]bool // paths whose records are queued and not waited for
	MaxBody     int64           // bytes of a request; default 32 MiB
	MaxAnswer   int64           // bytes of an answer that is not streamed; default 64 MiB
	MaxFrame    int             // bytes of one event of a stream; default 4 MiB
	ReadBody    time.Duration   // for the whole request body; default 60 s
	WriteStall  time.Duration   // for a caller that does not read; default 60 s
	Clock       reeve.Clock     // default time.Now
	Log         Log
	Callers     Callers
	Access      access.Decider
	Admission   Admission     // nil: no model needs a verdict
	Labels      *label.Policy // default label.Default()
	Policy      *guard.Policy
	Talks       Conversations
	Hold        map[string]string // whether answers wait for a person, HoldFlagged or HoldAll; by path
	Purposes    map[string]string // what a path is used for, such as "training"; by path
	Networks    Networks          // where callers are
	Proxies     []netip.Prefix    // whose X-Forwarded-For is believed
	Trace       bool              // traceparent is read from callers and sent to runtimes
	Diagnostics *slog.Logger      // never gets content; default discards
	Metrics     *Metrics          // default: own, unregistered
}

// Gateway is an http.Handler. It is safe for concurrent use.
type Gateway struct {
	opts      Options
	endpoints map[string]*upstream.Endpoint // by path
	upstreams map[string]*Upstream
	models    map[string]Model
	policy    atomic.Pointer[snapshot]
	access    atomic.Pointer[access.Decider]
	talks     *conversations
	people    People    // nil: none
	pool      sync.Pool // of *exchange
}

// snapshot is one version of the policy. Exchanges keep the one they began with.
type snapshot struct {
	policy     *guard.Policy
	digest     string
	header     []string
	reversible bool // some rule needs a vault
}

// New checks the options and returns a Gateway.
func New(o Options) (*Gateway, error) {
	if len(o.Upstreams) == 0 || o.Log == nil || o.Callers == nil || o.Access == nil || o.Policy == nil {
		return nil, errors.New("gateway: upstream, log, callers, access and policy are required")
	}
	o.MaxBody = orDefault(o.MaxBody, 32<<20)
	o.MaxAnswer = orDefault(o.MaxAnswer, 64<<20)
	o.MaxFrame = orDefault(o.MaxFrame, 4<<20)
	o.ReadBody = orDefault(o.ReadBody, time.Minute)
	o.WriteStall = orDefault(o.WriteStall, time.Minute)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Labels == nil {
		o.Labels = label.Default()
	}
	if o.Diagnostics == nil {
		o.Diagnostics = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	g := &Gateway{opts: o, endpoints: map[string]*upstream.Endpoint{}, upstreams: map[string]*Upstream{}, models: map[string]Model{}}
	g.pool.New = func() any { return new(exchange) }
	for i := range o.Upstreams {
		u := &o.Upstreams[i]
		if _, twice := g.upstreams[u.Name]; twice {
			return nil, fmt.Errorf("gateway: upstream %q is listed twice", u.Name)
		}
		g.upstreams[u.Name] = u
	}
	for _, m := range o.Models {
		if _, ok := g.upstreams[m.Upstream]; !ok && m.Upstream != "" {
			return nil, fmt.Errorf("gateway: model %q names the unknown upstream %q", m.Name, m.Upstream)
		}
		g.models[m.Name] = m
	}
	for _, e := range upstream.Endpoints() {
		g.endpoints[e.Path] = &e
	}
	var err error
	if g.talks, err = newConversations(o.Talks); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	g.SetAccess(o.Access)
	return g, g.SetPolicy(o.Policy)
}

func orDefault[T int | int64 | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

// SetPolicy puts a new policy in force for exchanges that begin from now on. Those under way end under theirs. The
// labels of what its rules find take part in it; where that cannot be compiled, the policy in force stays.
func (g *Gateway) SetPolicy(p *guard.Policy) error {
	digest := p.Digest()
	p, err := p.WithLabels(handling{g.opts.Labels}, marksOf(g.opts.Labels))
	if err != nil {
		return fmt.Errorf("policy with labels: %w", err)
	}
	s := &snapshot{policy: p, digest: digest, header: []string{digest}}
	for _, r := range p.Rules() {
		s.reversible = s.reversible || r.Reversible
	}
	g.policy.Store(s)
	return nil
}

// handling is the classification policy as the guard wants to know it.
type handling struct{ *label.Policy }

func (h handling) MustMask(l reeve.Label) bool { return !l.IsZero() && h.Handling(l).Mask }

func marksOf(p *label.Policy) (marks []guard.Marked) {
	for i, m := range p.Marks() {
		marks = append(marks, guard.Marked{ID: label.MarkRule + "-" + strconv.Itoa(i+1), Words: m.Words, FoldCase: m.FoldCase, Label: m.Label.String()})
	}
	return marks
}

// PolicyDigest is the digest of the policy in force.
func (g *Gateway) PolicyDigest() string { return g.policy.Load().digest }

// Rules are those of the policy in force, for people to read.
func (g *Gateway) Rules() []*guard.Rule { return g.policy.Load().policy.Rules() }

// LabelDigest is the digest of the classification policy in force.
func (g *Gateway) LabelDigest() string { return g.opts.Labels.Digest() }

// Reach asks every upstream for a connection and reports the first that does not answer.
func (g *Gateway) Reach(ctx context.Context) error {
	for _, u := range g.opts.Upstreams {
		path := "/v1/models"
		if u.Dialect == upstream.Ollama {
			path = "/api/version"
		}
		a, err := u.Client.Do(ctx, "GET", path, nil)
		if err != nil {
			return fmt.Errorf("upstream %s: %w", u.Name, err)
		}
		a.Close()
	}
	return nil
}

// target finds the runtime for a model and the name it has there.
func (g *Gateway) target(model string) (*Upstream, string) {
	m, ok := g.models[model]
	if !ok || m.Upstream == "" {
		m.Upstream = g.opts.Upstreams[0].Name
	}
	if m.As == "" {
		m.As = model
	}
	return g.upstreams[m.Upstream], m.As
}
