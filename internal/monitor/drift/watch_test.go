package drift

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/monitor/rollup"
)

// fakeRates has a rule that matches in 2 of 100 exchanges, and from hour 100 on in none.
type fakeRates struct{ silentFrom time.Time }

func (f *fakeRates) Totals(_ context.Context, q rollup.Query) ([]rollup.Line, error) {
	line := func(name string, n int64) rollup.Line { return rollup.Line{Name: name, Total: rollup.Sums{N: n}} }
	switch {
	case q.Kind == rollup.Hits && q.From.Before(f.silentFrom):
		return []rollup.Line{line("pii/email", 20)}, nil
	case q.Kind == rollup.Hits:
		return nil, nil
	case q.By == rollup.Verdict:
		return []rollup.Line{line("ok", 990), line("blocked", 10)}, nil
	case q.By == rollup.Label:
		return []rollup.Line{line("public", 1000)}, nil
	case q.Where != nil:
		return []rollup.Line{line("m", 990)}, nil
	}
	return []rollup.Line{line("m", 1000)}, nil
}

// TestWatch: a rule that falls silent is told; what is learned outlasts a restart; each hour is judged once.
func TestWatch(t *testing.T) {
	dir, now := t.TempDir(), begin
	rates := &fakeRates{begin.Add(100 * time.Hour)}
	team := Window{}
	open := func() *Watch {
		w, err := Open(Options{Dir: dir, Rates: rates, Rules: Rules{Baseline: 24, MinN: 30}, Clock: func() time.Time { return now }, Teams: func() map[string]Window { return map[string]Window{"legal": team} }})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := open()
	for h := range 110 {
		now = begin.Add(time.Duration(h)*time.Hour + 2*time.Minute)
		if team.N += 100; h < 60 {
			team.K += 1
		} else {
			team.K += 60
		}
		for range 2 {
			if err := w.Judge(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if h == 50 { // hours of teams live in memory: one is not whole
			w = open()
		}
	}
	var got []string
	for _, s := range w.Status() {
		if s.Alarm {
			got = append(got, s.Kind+" "+s.Name+map[bool]string{true: " up", false: " down"}[s.Rose])
		}
	}
	// The team's alarm of hour 60 has become its new past after 24 hours.
	if diff := cmp.Diff([]string{"rule pii/email down"}, got); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	if diff := cmp.Diff(map[string]int{"rule": 1, "model": 0, "label": 0, "verdict": 0, "team": 0}, w.Active()); diff != "" {
		t.Error(diff)
	}
	if s := w.known.States["team legal"]; s == nil || sum(s.Base).share() < 0.5 {
		t.Errorf("the team: %+v", s)
	}
	if len(w.known.States["model m"].Base) != 24 {
		t.Error("hours were judged twice")
	}
}

func TestDamagedMemoryIsLearnedAgain(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, file), []byte(`{"version":1,"states":{"rule x":`), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := Open(Options{Dir: dir, Rates: &fakeRates{}, Rules: rules})
	if err != nil || len(w.Status()) != 0 {
		t.Error(w, err)
	}
}
