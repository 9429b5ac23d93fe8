// Package alert tells people that something needs one of them.
//
// Checks say at any time what is wrong. The Engine compares that with what it knew: a new alert waits a little for others,
// so that one cause makes one message; one that goes on is told again only after a long time; one that is silenced is kept
// and not told; one that is over is told once. What was told to whom outlasts a restart.
package alert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
)

// Severities.
const (
	Warning  = "warning"
	Critical = "critical"
)

// Alert is something that is wrong. Rule and Subject together are its identity; none of the texts holds content.
type Alert struct {
	Rule     string    `json:"rule"`              // what kind of thing, such as canary
	Subject  string    `json:"subject,omitzero"`  // which one
	Severity string    `json:"severity"`          // Warning or Critical
	Summary  string    `json:"summary"`           // one sentence
	Remedy   string    `json:"remedy,omitzero"`   // what to do
	Since    time.Time `json:"since"`             // set by the Engine
	Ended    time.Time `json:"ended,omitzero"`    // set by the Engine; zero: it goes on
	Silenced bool      `json:"silenced,omitzero"` // set by the Engine
}

// Key identifies an alert.
func (a *Alert) Key() string { return a.Rule + " " + a.Subject }

// Check says what is wrong now. An error is a wrong of its own: the alert "check".
type Check struct {
	Name string
	Do   func(context.Context) ([]Alert, error)
}

// Notifier tells somebody. Tell returns nil only when the message was taken.
type Notifier interface {
	Name() string
	Tell(ctx context.Context, m *Message) error
}

// Message is what is told at once. ID is the same when the message comes again.
type Message struct {
	ID     string  `json:"id"`
	Server string  `json:"server"`
	Alerts []Alert `json:"alerts"` // by rule and subject
	Test   bool    `json:"test,omitzero"`
}

// Options of New. Zero times take the defaults.
type Options struct {
	Dir       string // where the state is kept
	Server    string // name of this server
	Checks    []Check
	Notifiers []Notifier
	Every     time.Duration // between two looks; default 15 s
	Wait      time.Duration // default 10 s
	Repeat    time.Duration // default 4 h
	Hold      time.Duration // for how long something must be well to be over; default 1 min
	Began     func(Alert)   // told of each new alert that is not silenced, once; may be nil
	Clock     reeve.Clock
	Log       *slog.Logger
}

// Silence keeps alerts from being told.
type Silence struct {
	Rule  string    `json:"rule"` // pattern as path.Match has it: "canary", "drift*"
	Until time.Time `json:"until"`
}

// ErrPattern says that a silence names no rules.
var ErrPattern = errors.New("want the name of a rule, or a pattern such as drift*")

// maxPattern bounds the pattern of a silence, in bytes.
const maxPattern = 100

// Check reports whether the silence names rules.
func (s *Silence) Check() error {
	if _, err := path.Match(s.Rule, ""); err != nil || s.Rule == "" || len(s.Rule) > maxPattern {
		return ErrPattern
	}
	return nil
}

// Engine is safe for concurrent use.
type Engine struct {
	o Options

	mu    sync.Mutex
	state state
}

// state is what the file keeps.
type state struct {
	Version  int               `json:"version"`
	Alerts   map[string]*known `json:"alerts"`
	Silences []Silence         `json:"silences,omitzero"`
}

type known struct {
	Alert  Alert                `json:"alert"`
	Seen   time.Time            `json:"seen"`            // last look that found it
	Opened bool                 `json:"opened,omitzero"` // Began was told
	Told   map[string]time.Time `json:"told,omitzero"`   // by notifier: that it goes on
	Over   map[string]bool      `json:"over,omitzero"`   // by notifier: that it is over
	Tries  map[string]int       `json:"tries,omitzero"`  // by notifier: failures in a row
	Next   map[string]time.Time `json:"next,omitzero"`   // by notifier: not before
}

const (
	file      = "alerts.json"
	maxFile   = 8 << 20
	maxAlerts = 1000
	keepEnded = 24 * time.Hour
	mostWait  = 10 * time.Minute // between two attempts to tell
)

// New reads the state. One that cannot be read is begun anew: alerts are told again.
func New(o Options) *Engine {
	e := &Engine{o: o}
	for _, d := range []struct {
		v   *time.Duration
		def time.Duration
	}{{&e.o.Every, 15 * time.Second}, {&e.o.Wait, 10 * time.Second}, {&e.o.Repeat, 4 * time.Hour}, {&e.o.Hold, time.Minute}} {
		if *d.v == 0 {
			*d.v = d.def
		}
	}
	if e.o.Clock == nil {
		e.o.Clock = time.Now
	}
	if e.o.Log == nil {
		e.o.Log = slog.New(slog.DiscardHandler)
	}
	if err := e.load(); err != nil {
		e.o.Log.Warn("what was alerted cannot be read; alerts are told again", "error", err)
		e.state = state{}
	}
	if e.state.Alerts == nil {
		e.state = state{Version: 1, Alerts: map[string]*known{}}
	}
	return e
}

func (e *Engine) load() error {
	f, err := os.Open(filepath.Join(e.o.Dir, file))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err == nil {
		err = json.Unmarshal(b, &e.state)
	}
	if err == nil && e.state.Version != 1 {
		err = fmt.Errorf("version %d is not known", e.state.Version)
	}
	return err
}

func (e *Engine) save() error {
	b, err := json.Marshal(&e.state, json.Deterministic(true))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(e.o.Dir, 0o700); err != nil {
		return err
	}
	at := filepath.Join(e.o.Dir, file)
	if err := os.WriteFile(at+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(at+".new", at)
}

// Run looks and tells until ctx ends.
func (e *Engine) Run(ctx context.Context) error {
	tick := time.NewTicker(e.o.Every)
	defer tick.Stop()
	for {
		e.Look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Look asks all checks and tells what is due.
func (e *Engine) Look(ctx context.Context) {
	found := e.ask(ctx)
	if ctx.Err() != nil {
		return
	}
	e.mu.Lock()
	now := e.o.Clock()
	fresh, changed := e.note(now, found)
	e.mu.Unlock()
	for _, a := range fresh {
		e.o.Log.Warn("alert", "rule", a.Rule, "subject", a.Subject, "severity", a.Severity, "summary", a.Summary)
		if e.o.Began != nil {
			e.o.Began(a)
		}
	}
	for _, n := range e.o.Notifiers {
		if e.tell(ctx, n) {
			changed = true
		}
	}
	if !changed {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.save(); err != nil {
		e.o.Log.Error("the state of alerts is not kept", "error", err)
	}
}

func (e *Engine) ask(ctx context.Context) map[string]Alert {
	found := map[string]Alert{}
	for _, c := range e.o.Checks {
		list, err := c.Do(ctx)
		if err != nil {
			list = append(list, Alert{Rule: "check", Subject: c.Name, Severity: Warning, Summary: "It cannot be told whether something is wrong: " + c.Name + ".", Remedy: "The cause stands in the server's log."})
			e.o.Log.Error("a check failed", "check", c.Name, "error", err)
		}
		for _, a := range list {
			if len(found) < maxAlerts {
				found[a.Key()] = a
			}
		}
	}
	return found
}

// note takes over what was found. It returns the alerts that are new.
func (e *Engine) note(now time.Time, found map[string]Alert) (fresh []Alert, changed bool) {
	for _, key := range slices.Sorted(maps.Keys(found)) {
		a := found[key]
		k := e.state.Alerts[key]
		if k == nil || !k.Alert.Ended.IsZero() {
			if k == nil && len(e.state.Alerts) >= maxAlerts {
				continue
			}
			a.Since = now
			k = &known{Alert: a, Told: map[string]time.Time{}, Over: map[string]bool{}, Tries: map[string]int{}, Next: map[string]time.Time{}}
			e.state.Alerts[key] = k
			changed = true
		}
		k.Seen = now
		k.Alert.Summary, k.Alert.Remedy, k.Alert.Severity = a.Summary, a.Remedy, a.Severity
	}
	for key, k := range e.state.Alerts {
		k.Alert.Silenced = e.silenced(now, &k.Alert)
		_, on := found[key]
		switch {
		case on && !k.Opened && !k.Alert.Silenced:
			k.Opened, changed = true, true
			fresh = append(fresh, k.Alert)
		case !on && k.Alert.Ended.IsZero() && now.Sub(k.Seen) >= e.o.Hold:
			k.Alert.Ended, changed = now, true
		case !k.Alert.Ended.IsZero() && now.Sub(k.Alert.Ended) > keepEnded:
			delete(e.state.Alerts, key)
			changed = true
		}
	}
	slices.SortFunc(fresh, func(a, b Alert) int { return cmp.Compare(a.Key(), b.Key()) })
	return fresh, changed
}

func (e *Engine) silenced(now time.Time, a *Alert) bool {
	return slices.ContainsFunc(e.state.Silences, func(s Silence) bool {
		ok, err := path.Match(s.Rule, a.Rule)
		return err == nil && ok && now.Before(s.Until)
	})
}

// tell sends one message with all that is due for a notifier, and reports whether anything changed.
func (e *Engine) tell(ctx context.Context, n Notifier) bool {
	e.mu.Lock()
	now := e.o.Clock()
	var due []*known
	for _, key := range slices.Sorted(maps.Keys(e.state.Alerts)) {
		if k := e.state.Alerts[key]; e.due(now, n.Name(), k) {
			due = append(due, k)
		}
	}
	m := e.message(due)
	e.mu.Unlock()
	if len(due) == 0 {
		return false
	}
	sending, cancel := context.WithTimeout(ctx, 30*time.Second)
	err := n.Tell(sending, m)
	cancel()
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, k := range due {
		if err != nil {
			k.Tries[n.Name()]++
			k.Next[n.Name()] = now.Add(min(e.o.Every<<min(k.Tries[n.Name()], 16), mostWait))
			continue
		}
		delete(k.Tries, n.Name())
		delete(k.Next, n.Name())
		k.Told[n.Name()] = now
		k.Over[n.Name()] = !m.Alerts[i].Ended.IsZero()
	}
	if err != nil {
		e.o.Log.Error("nobody could be told of alerts; it is tried again", "notifier", n.Name(), "alerts", len(due), "error", err)
	}
	return true
}

// due reports whether a notifier is to be told of an alert now.
func (e *Engine) due(now time.Time, name string, k *known) bool {
	told, before := k.Told[name]
	switch {
	case k.Alert.Silenced || now.Before(k.Next[name]):
		return false
	case !k.Alert.Ended.IsZero():
		return before && !k.Over[name] // of what it never heard, it need not hear the end
	case !before:
		return now.Sub(k.Alert.Since) >= e.o.Wait
	}
	return now.Sub(told) >= e.o.Repeat
}

// message is in the order of due: its alerts are copies.
func (e *Engine) message(due []*known) *Message {
	m := &Message{Server: e.o.Server}
	for _, k := range due {
		m.Alerts = append(m.Alerts, k.Alert)
	}
	m.ID = idOf(m.Alerts)
	return m
}

// Active lists the alerts that go on and those that ended a short time ago, critical ones first.
func (e *Engine) Active() []Alert {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []Alert
	for _, k := range e.state.Alerts {
		out = append(out, k.Alert)
	}
	slices.SortFunc(out, func(a, b Alert) int {
		return cmp.Or(cmp.Compare(boolInt(a.Ended.IsZero()), boolInt(b.Ended.IsZero()))*-1, cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Key(), b.Key()))
	})
	return out
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Silence keeps alerts of rules that a pattern fits from being told until a time; a time that is past lifts it.
func (e *Engine) Silence(s Silence) error {
	if err := s.Check(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.o.Clock()
	e.state.Silences = slices.DeleteFunc(e.state.Silences, func(o Silence) bool { return o.Rule == s.Rule || !now.Before(o.Until) })
	if now.Before(s.Until) {
		e.state.Silences = append(e.state.Silences, s)
	}
	return e.save()
}

// Silences lists those in force.
func (e *Engine) Silences() []Silence {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.o.Clock()
	return slices.DeleteFunc(slices.Clone(e.state.Silences), func(s Silence) bool { return !now.Before(s.Until) })
}

// Test tells everybody that this is a test, and returns what went wrong, by notifier.
func (e *Engine) Test(ctx context.Context) map[string]error {
	now := e.o.Clock()
	a := []Alert{{Rule: "test", Severity: Warning, Summary: "This is a test: alerts of this server arrive here.", Remedy: "Nothing is wrong.", Since: now}}
	out := map[string]error{}
	for _, n := range e.o.Notifiers {
		sending, cancel := context.WithTimeout(ctx, 30*time.Second)
		out[n.Name()] = n.Tell(sending, &Message{ID: fmt.Sprintf("test-%d", now.UnixNano()), Server: e.o.Server, Alerts: a, Test: true})
		cancel()
	}
	return out
}
