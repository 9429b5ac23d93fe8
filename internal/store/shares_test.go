package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/store"
)

// What is shared is listed until it is taken back; each change, and only a change, leaves one act.
func TestShares(t *testing.T) {
	db, err := store.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tickets := store.Share{Kind: "dataset", Name: "tickets", With: "group:support", Created: noon}
	bot := store.Share{Kind: "model", Name: "bot", With: "user:ana", Created: noon}
	act := store.Act{At: noon, Act: "share.add", Subject: "dataset:tickets"}
	for _, step := range []struct {
		do      func() (bool, error)
		changed bool
		want    []store.Share
	}{
		{func() (bool, error) { return db.AddShare(t.Context(), tickets, act) }, true, []store.Share{tickets}},
		{func() (bool, error) { return db.AddShare(t.Context(), tickets, act) }, false, []store.Share{tickets}},
		{func() (bool, error) { return db.AddShare(t.Context(), bot, act) }, true, []store.Share{tickets, bot}},
		{func() (bool, error) { return db.RemoveShare(t.Context(), tickets, act) }, true, []store.Share{bot}},
		{func() (bool, error) { return db.RemoveShare(t.Context(), tickets, act) }, false, []store.Share{bot}},
	} {
		changed, err := step.do()
		if err != nil || changed != step.changed {
			t.Fatalf("changed=%v, %v; want %v", changed, err, step.changed)
		}
		got, err := db.Shares(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Error("(-want +got):\n" + diff)
		}
	}
	acts := 0
	if _, err := db.Drain(t.Context(), func(store.Act) error { acts++; return nil }); err != nil || acts != 3 {
		t.Errorf("%d acts, %v; want 3", acts, err)
	}
}
