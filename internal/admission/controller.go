package admission

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reeve-ai/reeve"
)

// Rule is what the configuration says of a model: its name at a runtime, and the mode.
type Rule struct {
	Upstream string
	Model    string // name at the runtime
	Mode     Mode
}

// Options configure a Controller. Zero values take the defaults.
type Options struct {
	Rules       []Rule
	Otherwise   Mode              // for models that no rule names
	Upstreams   []string          // all there are
	Sources     map[string]Source // by upstream; one that has none cannot be measured
	Shelf       *Shelf
	Poll        time.Duration     // how often runtimes, files and verdicts are looked at without an occasion; default 5 s, at most 30 s
	Record      func(Event) error // makes a change of standing durable; nil: none
	Clock       reeve.Clock       // default time.Now
	Diagnostics *slog.Logger      // default discards
	Metrics     *Metrics          // default: own, unregistered
}

// Event is a change of standing, for the record.
type Event struct {
	Act      string // "admission.admit", "admission.refuse", "admission.allow", "admission.revoke"
	Standing *Standing
	Actor    string
	Reason   string
	At       time.Time
}

// Controller keeps how every model stands. It is safe for concurrent use: Admit reads a table through one atomic pointer,
// everything else happens beside the requests.
type Controller struct {
	o     Options
	table atomic.Pointer[table]
	kick  chan struct{}

	mu      sync.Mutex
	models  map[place]*model     // guarded by mu
	allowed map[place]*Allowance // guarded by mu
	offers  map[string][]string  // guarded by mu; what each upstream offered last
	asking  map[string]bool      // guarded by mu; upstreams that are being asked
	shelf   sync.Mutex           // the Shelf is used by one at a time
	under   sync.WaitGroup       // what a round has started
	strict  map[place]Mode       // by canonical name, the strictest of the rules; not changed
	unknown map[string]*Standing // by upstream: of a model that it did not offer; not changed
}

// place is a model at an upstream, by its canonical name or by any other spelling.
type place struct{ upstream, model string }

// model is what the controller knows of one.
type model struct {
	mode     Mode
	busy     bool // it is being measured
	measured *Measurement
	err      error // of the last attempt
	standing *Standing
}

// table is one version of all standings. It is never changed.
type table struct {
	canonical map[place]*Standing
	spelt     map[place]*Standing // the same by names that were configured
}

// maxModels bounds how many models of one runtime are looked at.
const maxModels = 1000

// New returns a Controller in which every model waits to be measured.
func New(o Options) *Controller {
	if o.Poll == 0 {
		o.Poll = 5 * time.Second
	}
	o.Poll = min(o.Poll, 30*time.Second)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Diagnostics == nil {
		o.Diagnostics = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	c := &Controller{
		o: o, kick: make(chan struct{}, 1), models: map[place]*model{}, allowed: map[place]*Allowance{}, offers: map[string][]string{},
		asking: map[string]bool{}, strict: map[place]Mode{}, unknown: map[string]*Standing{},
	}
	for _, r := range o.Rules {
		p := c.canonical(r.Upstream, r.Model)
		c.strict[p] = max(c.strict[p], r.Mode)
	}
	for _, u := range o.Upstreams {
		if o.Otherwise != Off {
			c.unknown[u] = &Standing{
				Upstream: u, Mode: o.Otherwise, Rule: RuleUnknown, Reason: "the runtime did not offer it when it was asked last", Remedy: "Check the model's name; a new model is known within " + o.Poll.String() + ".",
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.survey()
	c.publish()
	return c
}

func (c *Controller) canonical(upstream, name string) place {
	if s := c.o.Sources[upstream]; s != nil {
		name = s.Canonical(name)
	}
	return place{upstream, name}
}

// Admit tells how a model stands, by the name under which the runtime is asked for it. It is a look into a table.
func (c *Controller) Admit(upstream, name string) *Standing {
	t := c.table.Load()
	if s, ok := t.spelt[place{upstream, name}]; ok {
		return s
	}
	if s, ok := t.canonical[c.canonical(upstream, name)]; ok {
		return s
	}
	return c.unknown[upstream]
}

// Notice tells the controller that something may have changed. It never waits.
func (c *Controller) Notice() {
	select {
	case c.kick <- struct{}{}:
	default: // a round is due anyway
	}
}

// Changed is for a Source whose sentry has seen a change: what has changed is refused from now on, and a round is due.
func (c *Controller) Changed() {
	for _, s := range c.table.Load().canonical {
		if s == nil || s.Measured == nil || s.altered.Load() {
			continue
		}
		if same, err := s.source.Confirm(context.Background(), s.Measured); err == nil && !same {
			s.alter()
		}
	}
	c.Notice()
}

// Run looks at everything until ctx ends: at once, when there is an occasion, and every Poll.
func (c *Controller) Run(ctx context.Context) error {
	tick := time.NewTicker(c.o.Poll)
	defer tick.Stop()
	for {
		c.round(ctx)
		select {
		case <-ctx.Done():
			c.under.Wait()
			return nil
		case <-tick.C:
		case <-c.kick:
		}
	}
}

// Round looks at everything once and returns when that is done.
func (c *Controller) Round(ctx context.Context) {
	c.round(ctx)
	c.under.Wait() // lists
	c.round(ctx)
	c.under.Wait() // models that the lists have brought
}

// round starts what is to be done, but for what is still under way.
func (c *Controller) round(ctx context.Context) {
	c.shelf.Lock()
	_, err := c.o.Shelf.Refresh(ctx)
	c.shelf.Unlock()
	if err != nil && ctx.Err() == nil {
		c.o.Diagnostics.Warn("not all verdicts can be read", "error", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.o.Otherwise != Off {
		for name, s := range c.o.Sources {
			if !c.asking[name] {
				c.asking[name] = true
				c.under.Go(func() { c.ask(ctx, name, s) })
			}
		}
	}
	c.survey()
	for p, m := range c.models {
		if s := c.o.Sources[p.upstream]; s != nil && !m.busy {
			m.busy = true
			earlier := m.measured
			if m.standing.altered.Load() { // whatever is there now, what was loaded in between is not known
				earlier = nil
			}
			c.under.Go(func() { c.measure(ctx, s, p, m, earlier) })
		}
	}
	c.settle()
}

// ask notes what a runtime offers.
func (c *Controller) ask(ctx context.Context, upstream string, s Source) {
	names, err := s.Models(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asking[upstream] = false
	if err != nil {
		return // what it offered before is still looked at; a new model is unknown, and refused
	}
	names = names[:min(len(names), maxModels)]
	fresh := !slices.Equal(names, c.offers[upstream])
	c.offers[upstream] = names
	if fresh {
		c.survey()
		c.publish()
		c.Notice()
	}
}

// survey brings the list of models to what rules and runtimes name. mu is held.
func (c *Controller) survey() {
	want := maps.Clone(c.strict)
	for upstream, names := range c.offers {
		for _, name := range names {
			p := place{upstream, name}
			if _, ok := want[p]; !ok {
				want[p] = c.o.Otherwise
			}
		}
	}
	for p := range c.models {
		if _, ok := want[p]; !ok {
			delete(c.models, p)
		}
	}
	for p, mode := range want {
		if c.models[p] == nil && mode != Off {
			c.models[p] = &model{mode: mode, standing: c.first(p, mode)}
		}
	}
}

// first is how a model stands before it is measured.
func (c *Controller) first(p place, mode Mode) *Standing {
	s := &Standing{Upstream: p.upstream, Model: p.model, Mode: mode, Since: c.o.Clock(), source: c.o.Sources[p.upstream]}
	if s.source == nil {
		s.Rule, s.Reason, s.Remedy = RuleUnread, "it is not known where the runtime's files are", "Say it with gateway.upstreams[].runtime in reeve.yaml."
		return s
	}
	s.Rule, s.Reason, s.Remedy = RulePending, "its files are being hashed", "Try again; hashing takes about a second for each gigabyte."
	return s
}

func (c *Controller) measure(ctx context.Context, s Source, p place, m *model, earlier *Measurement) {
	began := c.o.Clock()
	got, err := s.Measure(ctx, p.model, earlier)
	c.mu.Lock()
	defer c.mu.Unlock()
	m.busy = false
	if ctx.Err() != nil {
		return
	}
	if err == nil && got != earlier {
		c.o.Metrics.measured(got, c.o.Clock().Sub(began))
	}
	m.measured, m.err = got, err
	c.settle()
	if m.standing.altered.Load() {
		c.Notice() // it changed while it was measured
	}
}

// settle judges all models anew and publishes what has changed. mu is held.
func (c *Controller) settle() {
	now := c.o.Clock()
	changed := false
	for _, p := range slices.SortedFunc(maps.Keys(c.models), comparePlaces) {
		m := c.models[p]
		if m.measured == nil && m.err == nil {
			continue
		}
		s := c.judge(p, m, now)
		old := m.standing
		if s.same(old) || old.altered.Load() && m.err == nil && m.measured == old.Measured { // only another measurement clears what was noticed
			continue
		}
		s.Since = now
		if err := c.record(Event{Act: actOf(s), Standing: s, Reason: s.Reason, At: now}); err != nil {
			c.o.Diagnostics.Error("a change of admission cannot be recorded, nothing is admitted by it", "upstream", p.upstream, "model", p.model, "error", err)
			if s.Admitted {
				continue // the old standing stays, altered or not
			}
		}
		if old.Measured != s.Measured || !s.Admitted {
			old.altered.Store(true) // answers under way end
		}
		m.standing, changed = s, true
	}
	if changed || c.table.Load() == nil {
		c.publish()
	}
}

func comparePlaces(a, b place) int {
	if a.upstream != b.upstream {
		if a.upstream < b.upstream {
			return -1
		}
		return 1
	}
	if a.model < b.model {
		return -1
	}
	return 1
}

func actOf(s *Standing) string {
	if s.Admitted {
		return "admission.admit"
	}
	return "admission.refuse"
}

func (c *Controller) record(e Event) error {
	c.o.Metrics.changed(e)
	if c.o.Record == nil {
		return nil
	}
	return c.o.Record(e)
}

// same reports whether two standings say the same to everybody.
func (s *Standing) same(t *Standing) bool {
	verdict := func(s *Standing) string {
		if s.Verdict == nil {
			return ""
		}
		return s.Verdict.ID
	}
	return s.Mode == t.Mode && s.Admitted == t.Admitted && s.Rule == t.Rule && s.Reason == t.Reason && s.Allowed == t.Allowed &&
		verdict(s) == verdict(t) && s.Measured == t.Measured && s.Until.Equal(t.Until)
}

// judge says how a model stands after what was measured last.
func (c *Controller) judge(p place, m *model, now time.Time) *Standing {
	s := &Standing{Upstream: p.upstream, Model: p.model, Mode: m.mode, Measured: m.measured, Since: m.standing.Since, source: c.o.Sources[p.upstream], notice: func(*Standing) { c.Notice() }}
	if m.err != nil {
		s.Measured = nil
		s.Rule, s.Remedy = ruleOf(m.err)
		s.Reason = m.err.Error()
		return s
	}
	c.shelf.Lock()
	v, why := c.o.Shelf.find(m.measured.Digests(), now)
	c.shelf.Unlock()
	if v != nil {
		s.Admitted, s.Verdict, s.Until = true, v, v.Expires
		return s
	}
	if a := c.allowed[p]; a != nil && a.covers(m.measured, now) {
		s.Admitted, s.Allowed, s.Until = true, a, a.Until
		return s
	}
	s.Rule, s.Reason, s.Remedy = RuleVerdict, why, "Have the gate judge these files: `reeve admission files`, then `reeve gate`."
	return s
}

func ruleOf(err error) (rule, remedy string) {
	switch {
	case errors.Is(err, ErrMoving):
		return RuleAltered, "Wait until nobody writes to the model's files."
	case errors.Is(err, ErrMismatch):
		return RuleMismatch, "Serve the files that were attested, or name the right ones in gateway.upstreams[].runtime."
	case errors.Is(err, ErrUnproven):
		return RuleUnproven, "Restart the runtime, so that it reads its files again."
	}
	return RuleUnread, "Check that the runtime runs, and that reeve can read its files."
}

// publish puts all standings in force. mu is held.
func (c *Controller) publish() {
	t := &table{canonical: make(map[place]*Standing, len(c.models)), spelt: map[place]*Standing{}}
	for p, m := range c.models {
		t.canonical[p] = m.standing
	}
	for p, mode := range c.strict {
		if mode == Off {
			t.canonical[p] = nil // by choice: Otherwise does not count for it
		}
	}
	for _, r := range c.o.Rules {
		t.spelt[place{r.Upstream, r.Model}] = t.canonical[c.canonical(r.Upstream, r.Model)]
	}
	c.table.Store(t)
	c.o.Metrics.standings(t.canonical)
}

// Standings are all, by upstream and model.
func (c *Controller) Standings() []*Standing {
	var all []*Standing
	t := c.table.Load()
	for _, p := range slices.SortedFunc(maps.Keys(t.canonical), comparePlaces) {
		if s := t.canonical[p]; s != nil {
			all = append(all, s)
		}
	}
	return all
}

// Allow admits the bytes that a model has now, for a time, without a verdict.
func (c *Controller) Allow(upstream, name, by, reason string, life time.Duration) (*Allowance, error) {
	now := c.o.Clock()
	p := c.canonical(upstream, name)
	a := &Allowance{Upstream: upstream, Model: p.model, By: by, Reason: reason, From: now, Until: now.Add(life)}
	if err := a.check(now); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.models[p]
	if m == nil || m.measured == nil {
		return nil, fmt.Errorf("%w: its files were not measured; `reeve admission status` tells why", ErrAllowance)
	}
	a.Files = m.measured.Digests()
	if err := c.record(Event{Act: "admission.allow", Standing: m.standing, Actor: by, Reason: reason, At: now}); err != nil {
		return nil, fmt.Errorf("record it: %w", err)
	}
	c.allowed[p] = a
	c.settle()
	return a, nil
}

// Revoke ends an allowance at once. It reports whether there was one.
func (c *Controller) Revoke(upstream, name, by string) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.canonical(upstream, name)
	a := c.allowed[p]
	if a == nil {
		return false, nil
	}
	delete(c.allowed, p)
	var s *Standing
	if m := c.models[p]; m != nil {
		s = m.standing
	}
	err := c.record(Event{Act: "admission.revoke", Standing: s, Actor: by, At: c.o.Clock()})
	c.settle() // whether it is recorded or not
	return true, err
}
