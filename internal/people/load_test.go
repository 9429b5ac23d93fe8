package people

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/store"
)

// memoryLog takes the verdicts of many without a disk: what is measured is the queue.
type memoryLog struct {
	mu   sync.Mutex
	seen map[string]int // decisions by item
	seq  uint64
}

func (l *memoryLog) Event(ev *custody.Event) (custody.Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ev.Act == ActDecide {
		l.seen[ev.Object]++
	}
	l.seq++
	return custody.Receipt{ID: ev.ID, Seq: l.seq}, nil
}

// TestTwentyReviewers has twenty people work off ten thousand items at once, each the author of some of them. No item is lost,
// decided twice, or decided by its author.
func TestTwentyReviewers(t *testing.T) {
	const people = 20
	items := 10_000
	if underRace && os.Getenv("REEVE_LONG") == "" {
		items = 1_000
	}
	engines(t, func(t *testing.T, db *store.DB) {
		verdicts := &memoryLog{seen: map[string]int{}}
		r := newRoom(t, db, func(o *Options) { o.Log = verdicts })
		for i := range items {
			id := custody.NewID(r.now())
			q := &custody.Request{Subject: fmt.Sprintf("user:r%d", i%people), Route: "/v1/chat/completions", Op: "chat", Model: "m"}
			must(t, r.log.OutcomeAsync(&custody.Outcome{ID: id, Start: r.now(), End: r.now(), Request: q, Result: "blocked", GuardOut: acted("pii/email", reeve.Block), LabelOut: "internal"}))
		}
		q := &custody.Request{Subject: "user:last", Route: "/v1/models", Op: "list"}
		must(t, r.log.Outcome(&custody.Outcome{ID: custody.NewID(r.now()), Start: r.now(), End: r.now(), Request: q, Result: "ok"})) // those before are durable with it
		r.caughtUp()
		var wg sync.WaitGroup
		var mu sync.Mutex
		decided, taken := map[string]string{}, 0
		for i := range people {
			who := reviewer(i)
			wg.Go(func() {
				for {
					mine, err := r.Claim(t.Context(), who, 25)
					if err != nil {
						t.Error(err)
						return
					}
					if len(mine) == 0 {
						return
					}
					for k := range mine {
						it, err := r.Decide(t.Context(), who, Decision{Item: mine[k].ID, Version: mine[k].Version, Outcome: OutcomeConfirm, Category: "personal-data", Reason: "right"})
						if err != nil {
							t.Errorf("decide: %v", err)
							return
						}
						mu.Lock()
						if before := decided[it.ID]; before != "" {
							t.Errorf("%s decided what %s had decided", who.ID, before)
						}
						decided[it.ID] = who.ID
						mu.Unlock()
						if k%20 == 0 { // somebody else was looking at the same page
							other := reviewer((i + 1) % people)
							if _, err := r.Decide(t.Context(), other, Decision{Item: it.ID, Version: mine[k].Version, Outcome: OutcomeRelease, Reason: "late"}); !errors.Is(err, ErrTaken) {
								t.Errorf("the second of two got %v", err)
							}
							mu.Lock()
							taken++
							mu.Unlock()
						}
					}
				}
			})
		}
		wg.Wait()
		if len(decided) != items || taken == 0 {
			t.Fatalf("%d of %d items were decided, %d seconds were told", len(decided), items, taken)
		}
		n := 0
		must(t, db.EachReview(t.Context(), noon.AddDate(-1, 0, 0), func(it *store.ReviewItem, v []store.ReviewVerdict) error {
			n++
			if it.State != store.ReviewDecided || len(v) != 1 || v[0].Reviewer != decided[it.ID] || verdicts.seen[it.ID] != 1 {
				t.Errorf("%s: %s with %d verdicts and %d records", it.ID, it.State, len(v), verdicts.seen[it.ID])
			}
			own, err := r.mineOf(decided[it.ID])
			must(t, err)
			if own[it.Author] {
				t.Errorf("%s was decided by its author", it.ID)
			}
			return nil
		}))
		if n != items {
			t.Errorf("%d items in the queue", n)
		}
	})
}
