package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/store"
)

func TestMarks(t *testing.T) {
	dir := t.TempDir()
	open := func() *store.DB {
		d, err := store.Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		return d
	}
	a, b := open(), open()
	at := time.UnixMilli(1_790_000_000_000).UTC()
	hour := at.Add(time.Hour)
	raise := func(d *store.DB, seen, ends time.Time, l reeve.Label) store.Mark {
		t.Helper()
		m, err := d.RaiseMark(t.Context(), store.Mark{ID: "c1", Label: l, Seen: seen, Ends: ends})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	before := b.Stamp()
	raise(a, at, hour, reeve.NewLabel(reeve.Confidential, "PII"))
	if b.Stamp() == before {
		t.Error("the other process is not told")
	}
	got := raise(b, at.Add(-time.Minute), hour.Add(-time.Minute), reeve.NewLabel(reeve.Internal, "HR"))
	want := store.Mark{ID: "c1", Label: reeve.NewLabel(reeve.Confidential, "HR", "PII"), Seen: at, Ends: hour}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("joined (-want +got):\n" + diff)
	}
	marks, version, err := a.Marks(t.Context(), 0, 10)
	if err != nil || cmp.Diff([]store.Mark{want}, marks) != "" {
		t.Errorf("%v, %v", marks, err)
	}
	if more, same, err := a.Marks(t.Context(), version, 10); len(more) != 0 || same != version || err != nil {
		t.Errorf("nothing has changed: %v, %d, %v", more, same, err)
	}
	if m, found, err := b.Mark(t.Context(), "c1"); !found || err != nil || cmp.Diff(want, m) != "" {
		t.Errorf("%v, %v, %v", m, found, err)
	}
	if _, found, err := b.Mark(t.Context(), "c2"); found || err != nil {
		t.Errorf("an unknown mark: %v, %v", found, err)
	}
	if got := raise(a, hour.Add(time.Second), hour.Add(time.Hour), reeve.Label{Level: reeve.Internal}); got.Label.String() != "internal" {
		t.Errorf("a conversation that was over begins at %s", got.Label)
	}
	if err := a.DropMarks(t.Context(), hour.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, found, _ := a.Mark(t.Context(), "c1"); found {
		t.Error("the mark is still there")
	}
}

// Many raise one mark from two processes at once: every part of every label is in the end.
func TestMarksLoseNothing(t *testing.T) {
	dir := t.TempDir()
	var wait sync.WaitGroup
	names := []string{"A", "B", "C", "D", "E", "F"}
	at := time.UnixMilli(1_790_000_000_000)
	for _, half := range [][]string{names[:3], names[3:]} {
		d, err := store.Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		for _, n := range half {
			wait.Go(func() {
				if _, err := d.RaiseMark(t.Context(), store.Mark{ID: "x", Label: reeve.NewLabel(reeve.Internal, n), Seen: at, Ends: at.Add(time.Hour)}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wait.Wait()
	d, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if m, _, err := d.Mark(t.Context(), "x"); err != nil || m.Label.String() != "internal{A,B,C,D,E,F}" {
		t.Errorf("%s, %v", m.Label, err)
	}
}
