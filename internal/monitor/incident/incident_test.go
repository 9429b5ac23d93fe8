package incident

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/monitor/rollup"
)

func newBook(t *testing.T) (*Book, *custody.Reader) {
	t.Helper()
	dir := t.TempDir()
	ring, err := keyring.Open(keyring.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	log, err := custody.Open(custody.Options{Dir: dir, Keys: ring})
	if err != nil {
		t.Fatal(err)
	}
	reader, err := log.Reader()
	if err != nil {
		t.Fatal(err)
	}
	store, err := rollup.Open(t.Context(), dir, reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close(); reader.Close(); log.Close(); ring.Close() })
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	return &Book{Log: log, Acts: store, Clock: func() time.Time { now = now.Add(time.Minute); return now }}, reader
}

// TestLife: an incident is opened once, taken up, closed with an assessment, and opened again; every step is a record, and no
// reason stands in the clear.
func TestLife(t *testing.T) {
	b, reader := newBook(t)
	ctx := t.Context()
	first, err := b.Open(ctx, Report{Rule: "canary", Subject: "secret", Severity: "critical"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.Open(ctx, Report{Rule: "canary", Subject: "secret", Severity: "critical"})
	if err != nil || again.ID != first.ID {
		t.Errorf("the same thing is another incident: %v %v", again, err)
	}
	if first.State != Open || len(first.Clocks) != 3 || !first.Clocks[2].Due.Equal(first.Opened.Add(15*24*time.Hour)) || !first.Clocks[1].Draft || first.Clocks[0].Draft {
		t.Errorf("%+v", first)
	}
	for _, tt := range []struct {
		step Step
		want string // state after it
		err  error
	}{
		{Step{To: Closed, Actor: "u1", Reason: "because"}, "", errors.New("say what it was")},
		{Step{To: Acknowledged, Actor: "u1"}, "", ErrReason},
		{Step{To: Acknowledged, Actor: "u1", Reason: "marzipan"}, Acknowledged, nil},
		{Step{To: Acknowledged, Actor: "u1", Reason: "twice"}, "", ErrState},
		{Step{To: Open, Actor: "u1", Reason: "not closed"}, "", ErrState},
		{Step{To: Closed, Actor: "u2", Reason: "a test key", Assessment: "not-serious"}, Closed, nil},
		{Step{To: Closed, Actor: "u2", Reason: "again", Assessment: "not-serious"}, "", ErrState},
		{Step{To: Open, Actor: "u2", Reason: "it was real"}, Open, nil},
		{Step{To: "gone", Actor: "u2", Reason: "x"}, "", ErrState},
	} {
		tt.step.ID = first.ID
		in, err := b.Take(ctx, tt.step)
		if (err == nil) != (tt.err == nil) || tt.err != nil && !errors.Is(err, tt.err) && !strings.Contains(err.Error(), tt.err.Error()) {
			t.Errorf("%+v: %v", tt.step, err)
		}
		if err == nil && in.State != tt.want {
			t.Errorf("%+v: %s", tt.step, in.State)
		}
	}
	in, err := b.Get(ctx, first.ID)
	if err != nil || len(in.Records) != 4 || in.Assessment != "" {
		t.Errorf("%+v %v", in, err)
	}
	err = reader.Leaves(0, 100, func(s *custody.Stored) error {
		if strings.Contains(string(s.Leaf), "marzipan") {
			t.Errorf("a reason stands in the clear: %s", s.Leaf)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestOpens(t *testing.T) {
	b, _ := newBook(t)
	ctx := t.Context()
	for name, r := range map[string]Report{
		"no severity": {Rule: "manual", Actor: "u", Reason: "x"},
		"no reason":   {Rule: "manual", Actor: "u", Severity: "warning"},
		"too long":    {Rule: "manual", Actor: "u", Severity: "warning", Reason: strings.Repeat("x", maxReason+1)},
		"no exchange": {Rule: "manual", Actor: "u", Severity: "warning", Reason: "x", Exchange: "../../etc"},
	} {
		if _, err := b.Open(ctx, r); err == nil {
			t.Error(name + ": no error")
		}
	}
	if _, err := b.Take(ctx, Step{ID: "inc-0", To: Closed, Reason: "x"}); !errors.Is(err, ErrNoIncident) {
		t.Error(err)
	}
	var ids []string
	for range 2 { // what people report is never one incident
		in, err := b.Open(ctx, Report{Rule: "manual", Actor: "u", Severity: "warning", Reason: "x", Exchange: custody.NewID(time.Now()).String()})
		if err != nil {
			t.Fatal(err)
		}
		ids = append([]string{in.ID}, ids...)
	}
	if _, err := b.Take(ctx, Step{ID: ids[1], To: Closed, Reason: "x", Assessment: "false-alarm", Actor: "u"}); err != nil {
		t.Fatal(err)
	}
	for all, want := range map[bool][]string{false: ids[:1], true: ids} {
		list, err := b.List(ctx, all)
		var got []string
		for _, in := range list {
			got = append(got, in.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Error(err, diff)
		}
	}
}
