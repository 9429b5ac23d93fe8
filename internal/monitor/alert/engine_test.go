package alert

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// world is an engine with a clock of its own, things that are wrong, and somebody who listens.
type world struct {
	t     *testing.T
	dir   string
	now   time.Time
	wrong map[string]bool // by "rule subject"
	heard []string
	deaf  bool
	began []string
	e     *Engine
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, dir: t.TempDir(), now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), wrong: map[string]bool{}}
	w.open()
	return w
}

func (w *world) open() {
	w.e = New(Options{
		Dir: w.dir, Server: "gate", Clock: func() time.Time { return w.now }, Notifiers: []Notifier{w},
		Began: func(a Alert) { w.began = append(w.began, a.Key()) },
		Checks: []Check{{"wrong", func(context.Context) (out []Alert, err error) {
			for key := range w.wrong {
				rule, subject, _ := strings.Cut(key, " ")
				if rule == "broken" {
					return nil, errors.New("cannot look")
				}
				out = append(out, Alert{Rule: rule, Subject: subject, Severity: Critical, Summary: "It is wrong."})
			}
			return out, nil
		}}},
	})
}

func (w *world) Name() string { return "ear" }

func (w *world) Tell(_ context.Context, m *Message) error {
	if w.deaf {
		return errors.New("deaf")
	}
	var keys []string
	for _, a := range m.Alerts {
		keys = append(keys, map[bool]string{true: "", false: "over: "}[a.Ended.IsZero()]+a.Key())
	}
	w.heard = append(w.heard, fmt.Sprintf("%s %s", w.now.Format("15:04:05"), strings.Join(keys, ", ")))
	return nil
}

// pass lets time go by, with a look every 15 seconds.
func (w *world) pass(d time.Duration) {
	for end := w.now.Add(d); w.now.Before(end); w.now = w.now.Add(15 * time.Second) {
		w.e.Look(w.t.Context())
	}
}

func (w *world) expect(want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.heard); diff != "" {
		w.t.Error("(-want +got):\n" + diff)
	}
	w.heard = nil
}

func TestGroupsAndDeduplicates(t *testing.T) {
	w := newWorld(t)
	w.wrong["canary a"], w.wrong["canary b"] = true, true
	w.pass(3 * time.Hour)
	w.expect("09:00:15 canary a, canary b")
	w.wrong["drift x"] = true
	w.pass(2 * time.Hour)
	w.expect("12:00:15 drift x", "13:00:15 canary a, canary b") // again after four hours
	w.wrong = map[string]bool{"canary a": true}
	w.pass(5 * time.Minute)
	w.expect("14:00:45 over: canary b, over: drift x")
	if diff := cmp.Diff([]string{"canary a", "canary b", "drift x"}, w.began); diff != "" {
		t.Error(diff)
	}
}

// TestFlapping: what is well for less than a minute is not over, and not told again.
func TestFlapping(t *testing.T) {
	w := newWorld(t)
	for i := range 20 {
		w.wrong = map[string]bool{}
		if i%2 == 0 {
			w.wrong["canary a"] = true
		}
		w.pass(30 * time.Second)
	}
	w.wrong["canary a"] = true
	w.pass(time.Minute)
	w.expect("09:00:15 canary a")
}

// TestComesBack: what was over and is wrong again is a new alert.
func TestComesBack(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		w.wrong["canary a"] = true
		w.pass(2 * time.Minute)
		w.wrong = map[string]bool{}
		w.pass(2 * time.Minute)
	}
	w.expect("09:00:15 canary a", "09:02:45 over: canary a", "09:04:15 canary a", "09:06:45 over: canary a")
	if len(w.began) != 2 {
		t.Error(w.began)
	}
	w.pass(25 * time.Hour)
	if got := w.e.Active(); len(got) != 0 {
		t.Errorf("what ended a day ago is still listed: %v", got)
	}
}

func TestSilence(t *testing.T) {
	w := newWorld(t)
	if err := w.e.Silence(Silence{"can*", w.now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	w.wrong["canary a"], w.wrong["drift x"] = true, true
	w.pass(30 * time.Minute)
	w.expect("09:00:15 drift x")
	if got := w.e.Active(); len(got) != 2 || len(w.e.Silences()) != 1 || len(w.began) != 1 {
		t.Errorf("%v %v", got, w.began)
	}
	w.pass(31 * time.Minute)
	w.expect("10:00:00 canary a")
	if err := w.e.Silence(Silence{Rule: "["}); err == nil {
		t.Error("a pattern that is none")
	}
}

// TestDeafAndRestarted: what could not be told is told later, and what was told is not told again by the next server.
func TestDeafAndRestarted(t *testing.T) {
	w := newWorld(t)
	w.wrong["canary a"], w.deaf = true, true
	w.pass(time.Hour)
	w.open()
	w.deaf = false
	w.pass(15 * time.Minute)
	if len(w.heard) != 1 {
		t.Error(w.heard)
	}
	w.heard = nil
	w.open()
	w.pass(time.Hour)
	w.expect()
	if len(w.began) != 1 {
		t.Error(w.began)
	}
}

// TestCheckThatFails is an alert of its own; a mute engine still lists it.
func TestCheckThatFails(t *testing.T) {
	w := newWorld(t)
	w.wrong["broken"] = true
	w.pass(time.Minute)
	w.expect("09:00:15 check wrong")
}

func TestTest(t *testing.T) {
	w := newWorld(t)
	if got := w.e.Test(t.Context()); got["ear"] != nil || len(w.heard) != 1 {
		t.Error(got, w.heard)
	}
	w.deaf = true
	if got := w.e.Test(t.Context()); got["ear"] == nil {
		t.Error("nobody heard, and nobody says so")
	}
}
