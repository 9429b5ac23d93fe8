package drift

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/monitor/rollup"
)

// The kinds of rates.
const (
	OfRule    = "rule"    // share of the exchanges in which a rule matched
	OfModel   = "model"   // share of a model's exchanges that did not end well
	OfLabel   = "label"   // share of the exchanges that had a label
	OfVerdict = "verdict" // share of the exchanges that ended so
	OfTeam    = "team"    // share of a department's exchanges that did not end well; counted from the start of the server
)

// Kinds lists them.
var Kinds = []string{OfRule, OfModel, OfLabel, OfVerdict, OfTeam}

// Rates are the counters that are watched. *rollup.Store is one.
type Rates interface {
	Totals(ctx context.Context, q rollup.Query) ([]rollup.Line, error)
}

// Options of Open. Dir, Rates and Rules are needed.
type Options struct {
	Dir   string // where what is learned is kept
	Rates Rates
	Teams func() map[string]Window // exchanges and bad ends since the start, by department; nil: none
	Rules Rules
	Clock reeve.Clock
	Log   *slog.Logger
}

// Watch judges every hour of every rate once. It is safe for concurrent use.
type Watch struct {
	o Options

	mu    sync.Mutex
	known memory
	teams map[string]Window // at the begin of the hour under way
	hour  time.Time         // that teams belongs to
}

// memory is what the file keeps.
type memory struct {
	Version int               `json:"version"`
	Next    time.Time         `json:"next"` // first hour that is not judged
	States  map[string]*State `json:"states"`
}

// Status is what is known of a rate.
type Status struct {
	Kind     string    `json:"kind"`
	Name     string    `json:"name"`
	Windows  int       `json:"windows"` // of the baseline
	Share    float64   `json:"share"`   // of the baseline
	Alarm    bool      `json:"alarm"`
	Rose     bool      `json:"rose,omitzero"`
	Since    time.Time `json:"since,omitzero"`
	Learning bool      `json:"learning,omitzero"`
}

// file keeps what is learned; maxStates bounds it.
const (
	file      = "drift.json"
	maxFile   = 16 << 20
	maxStates = 2000
	catchUp   = 14 * 24 * time.Hour // how far back hours are judged that nobody judged
)

// Open reads what was learned. A file that cannot be read is begun anew: baselines are learned again.
func Open(o Options) (*Watch, error) {
	w := &Watch{o: o}
	if w.o.Clock == nil {
		w.o.Clock = time.Now
	}
	if w.o.Log == nil {
		w.o.Log = slog.New(slog.DiscardHandler)
	}
	if err := w.load(); err != nil {
		w.o.Log.Warn("what was learned about rates cannot be read and is learned again", "error", err)
		w.known = memory{}
	}
	if w.known.States == nil {
		w.known = memory{Version: 1, States: map[string]*State{}}
	}
	return w, nil
}

func (w *Watch) load() error {
	f, err := os.Open(filepath.Join(w.o.Dir, file))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return err
	}
	if len(b) > maxFile {
		return errors.New("it is too large")
	}
	if err := json.Unmarshal(b, &w.known); err != nil {
		return err
	}
	if w.known.Version != 1 {
		return fmt.Errorf("version %d is not known", w.known.Version)
	}
	return nil
}

func (w *Watch) save() error {
	b, err := json.Marshal(w.known, json.Deterministic(true))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(w.o.Dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(w.o.Dir, file)
	if err := os.WriteFile(path+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// Run judges each hour a minute after its end, until ctx ends.
func (w *Watch) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		if err := w.Judge(ctx); err != nil && ctx.Err() == nil {
			w.o.Log.Error("rates were not judged; they are in a minute", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Judge judges all hours that have ended and were not judged.
func (w *Watch) Judge(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	end := w.o.Clock().Add(-time.Minute).UTC().Truncate(time.Hour)
	if w.known.Next.Before(end.Add(-catchUp)) {
		w.known.Next = end.Add(-catchUp)
	}
	judged := false
	for ; w.known.Next.Before(end); judged = true {
		if err := w.judge(ctx, w.known.Next); err != nil {
			return err
		}
		w.known.Next = w.known.Next.Add(time.Hour)
	}
	w.judgeTeams(end)
	if !judged {
		return nil
	}
	return w.save()
}

// judge judges the hour that begins at a time.
func (w *Watch) judge(ctx context.Context, at time.Time) error {
	count := func(kind rollup.Kind, by rollup.Dim) (map[string]int64, int64, error) {
		lines, err := w.o.Rates.Totals(ctx, rollup.Query{Kind: kind, By: by, From: at, To: at.Add(time.Hour), Grain: rollup.Hour})
		out, all := map[string]int64{}, int64(0)
		for _, l := range lines {
			out[l.Name] += l.Total.N
			all += l.Total.N
		}
		return out, all, err
	}
	verdicts, all, err := count(rollup.Exchanges, rollup.Verdict)
	if err != nil || all == 0 {
		return err
	}
	rules, _, err := count(rollup.Hits, rollup.Rule)
	if err != nil {
		return err
	}
	labels, _, err := count(rollup.Exchanges, rollup.Label)
	if err != nil {
		return err
	}
	models, _, err := count(rollup.Exchanges, rollup.Model)
	if err != nil {
		return err
	}
	well, err := w.o.Rates.Totals(ctx, rollup.Query{By: rollup.Model, From: at, To: at.Add(time.Hour), Grain: rollup.Hour, Where: map[rollup.Dim]string{rollup.Verdict: "ok"}})
	if err != nil {
		return err
	}
	windows := map[string]Window{}
	for kind, names := range map[string]map[string]int64{OfRule: rules, OfLabel: labels, OfVerdict: verdicts} {
		for name, n := range names {
			windows[kind+" "+name] = Window{all, min(n, all)}
		}
	}
	for key := range w.known.States { // what did not come at all has a share, too
		if kind, _, _ := cut(key); kind == OfRule || kind == OfLabel || kind == OfVerdict {
			if _, came := windows[key]; !came {
				windows[key] = Window{all, 0}
			}
		}
	}
	bad := maps.Clone(models)
	for _, l := range well {
		bad[l.Name] -= l.Total.N
	}
	for name, n := range models {
		if name != "" {
			windows[OfModel+" "+name] = Window{n, max(0, bad[name])}
		}
	}
	w.steps(at, windows)
	return nil
}

// steps takes one window of each rate, in the order of their names.
func (w *Watch) steps(at time.Time, windows map[string]Window) {
	for _, key := range slices.Sorted(maps.Keys(windows)) {
		s := w.known.States[key]
		if s == nil {
			if len(w.known.States) >= maxStates {
				continue
			}
			s = &State{}
			w.known.States[key] = s
		}
		j := s.Step(at, windows[key], w.o.Rules)
		kind, name, _ := cut(key)
		switch {
		case j.Began:
			w.o.Log.Warn("a rate has left its own past", "kind", kind, "name", name, "was", j.Was, "is", j.Is, "hour", at)
		case j.Ended:
			w.o.Log.Info("a rate is steady again", "kind", kind, "name", name, "hour", at)
		}
	}
}

// judgeTeams takes the hour of teams, whose counters live in memory. The first hour of a server is not whole and not judged.
func (w *Watch) judgeTeams(hour time.Time) {
	if w.o.Teams == nil || !hour.After(w.hour) {
		return
	}
	now := w.o.Teams()
	if !w.hour.IsZero() && hour.Sub(w.hour) == time.Hour {
		windows := map[string]Window{}
		for name, c := range now {
			windows[OfTeam+" "+name] = Window{c.N - w.teams[name].N, c.K - w.teams[name].K}
		}
		w.steps(w.hour, windows)
	}
	w.hour, w.teams = hour, now
}

func cut(key string) (kind, name string, ok bool) {
	for i := range key {
		if key[i] == ' ' {
			return key[:i], key[i+1:], true
		}
	}
	return key, "", false
}

// Status tells about every rate, alarms first.
func (w *Watch) Status() []Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Status
	for key, s := range w.known.States {
		kind, name, _ := cut(key)
		out = append(out, Status{
			Kind: kind, Name: name, Windows: len(s.Base), Share: sum(s.Base).share(), Alarm: !s.Since.IsZero(), Rose: s.Rose, Since: s.Since, Learning: len(s.Base) < w.o.Rules.Baseline,
		})
	}
	slices.SortFunc(out, func(a, b Status) int {
		return cmp.Or(-cmp.Compare(number(a.Alarm), number(b.Alarm)), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return out
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Active counts alarms that are on, by kind; every kind is there.
func (w *Watch) Active() map[string]int {
	out := map[string]int{}
	for _, k := range Kinds {
		out[k] = 0
	}
	for _, s := range w.Status() {
		out[s.Kind] += number(s.Alarm)
	}
	return out
}
