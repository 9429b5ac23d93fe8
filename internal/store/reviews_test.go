package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/store"
)

func reviewItem(i int) store.ReviewItem {
	return store.ReviewItem{
		ID: fmt.Sprintf("01ARZ3NDEKTSV4RRFFQ69G%04d", i), Origin: "test", Sources: []string{"random"}, Share: 10_000, Created: noon, Due: noon.Add(time.Hour), Rank: int64(i % 7),
		Need: 1, State: store.ReviewOpen, Round: 1, Rules: []store.ReviewRule{},
	}
}

func everyItem(*store.ReviewItem) bool { return true }

func TestReviewFeedTwice(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB, again func() *store.DB) {
		ctx := t.Context()
		if _, known, err := db.ReviewPosition(ctx, "test"); known || err != nil {
			t.Fatalf("a feed that never ran: %v %v", known, err)
		}
		var items []store.ReviewItem
		for i := range 20 {
			items = append(items, reviewItem(i))
		}
		if n := must1(db.FeedReviews(ctx, store.ReviewFeed{Origin: "test", Next: 100, Items: items[:15]}))(t); n != 15 {
			t.Errorf("%d items are new", n)
		}
		// The same records again, as after a crash, and some more: what is there stays, reasons are added.
		items[3].Sources, items[3].Share, items[3].Rank = []string{"report"}, 0, -5
		if n := must1(again().FeedReviews(ctx, store.ReviewFeed{Origin: "test", Next: 120, Items: items}))(t); n != 5 {
			t.Errorf("%d items are new", n)
		}
		next, known, err := db.ReviewPosition(ctx, "test")
		if next != 120 || !known || err != nil {
			t.Errorf("position %d %v %v", next, known, err)
		}
		it := must1(db.Review(ctx, items[3].ID))(t)
		if !slices.Equal(it.Sources, []string{"random", "report"}) || it.Share != 10_000 || it.Rank != -5 || it.Version != 2 {
			t.Errorf("%+v", it)
		}
		if _, err := db.Review(ctx, "none"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an item that is not there: %v", err)
		}
		// The list has every item once, page after page, the most urgent first.
		var seen []string
		var ranks []int64
		for after := ""; ; {
			page := must1(db.Reviews(ctx, store.ReviewFilter{State: store.ReviewOpen, After: after, Limit: 6}))(t)
			if len(page) == 0 {
				break
			}
			for _, it := range page {
				seen, ranks = append(seen, it.ID), append(ranks, it.Rank)
			}
			after = seen[len(seen)-1]
		}
		if !slices.IsSorted(ranks) || len(seen) != 20 {
			t.Errorf("%d items, ranks %v", len(seen), ranks)
		}
		if page := must1(db.Reviews(ctx, store.ReviewFilter{Source: "report"}))(t); len(page) != 1 {
			t.Errorf("%d reported items", len(page))
		}
	})
}

func TestReviewClaims(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB, again func() *store.DB) {
		ctx := t.Context()
		must1(db.FeedReviews(ctx, store.ReviewFeed{Origin: "test", Next: 9, Items: []store.ReviewItem{reviewItem(0), reviewItem(1), reviewItem(2)}}))(t)
		mine := must1(db.ClaimReviews(ctx, "a", noon, noon.Add(time.Minute), 2, everyItem))(t)
		rest := must1(again().ClaimReviews(ctx, "b", noon, noon.Add(time.Minute), 9, func(it *store.ReviewItem) bool { return true }))(t)
		if len(mine) != 2 || len(rest) != 1 || mine[0].ID == rest[0].ID {
			t.Fatalf("%v and %v", mine, rest)
		}
		if none := must1(db.ClaimReviews(ctx, "c", noon, noon.Add(time.Minute), 9, everyItem))(t); len(none) != 0 {
			t.Errorf("claimed twice: %v", none)
		}
		// Of two who decide the same version, the second is told.
		decide := func(who string) func(*store.ReviewItem, []store.ReviewVerdict) (*store.ReviewVerdict, error) {
			return func(it *store.ReviewItem, earlier []store.ReviewVerdict) (*store.ReviewVerdict, error) {
				it.State, it.Outcome = store.ReviewDecided, "confirm"
				return &store.ReviewVerdict{Record: "r-" + who, Item: it.ID, Round: len(earlier) + 1, Reviewer: who, Outcome: "confirm", At: noon}, nil
			}
		}
		done := must1(db.EditReview(ctx, mine[0].ID, mine[0].Version, noon, decide("a")))(t)
		if _, err := db.EditReview(ctx, mine[0].ID, mine[0].Version, noon, decide("b")); !errors.Is(err, store.ErrChanged) {
			t.Errorf("the second of two: %v", err)
		}
		if _, err := db.EditReview(ctx, "none", 0, noon, decide("b")); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("no such item: %v", err)
		}
		refuse := errors.New("no")
		if _, err := db.EditReview(ctx, mine[1].ID, 0, noon, func(*store.ReviewItem, []store.ReviewVerdict) (*store.ReviewVerdict, error) { return nil, refuse }); !errors.Is(err, refuse) {
			t.Errorf("a refused edit: %v", err)
		}
		if got := must1(again().ReviewVerdicts(ctx, done.ID))(t); len(got) != 1 || got[0].Reviewer != "a" {
			t.Errorf("%+v", got)
		}
		// A lease that ended gives the item back; one that is decided is not given again.
		later := must1(db.ClaimReviews(ctx, "c", noon.Add(time.Hour), noon.Add(2*time.Hour), 9, everyItem))(t)
		if len(later) != 2 {
			t.Errorf("after the leases: %v", later)
		}
		if over := must1(db.OverdueReviews(ctx, noon.Add(2*time.Hour), 10))(t); len(over) != 2 {
			t.Errorf("overdue: %v", over)
		}
		if early, late := must1(db.ReviewsDue(ctx, noon.Add(-time.Hour)))(t), must1(db.ReviewsDue(ctx, noon.Add(2*time.Hour)))(t); early != 0 || late != 2 {
			t.Errorf("due: %d, then %d", early, late)
		}
		counts := must1(db.ReviewCounts(ctx))(t)
		if counts[store.ReviewDecided] != 1 || counts[store.ReviewClaimed] != 2 {
			t.Errorf("%v", counts)
		}
		n, verdicts := 0, 0
		must(t, db.EachReview(ctx, noon, func(_ *store.ReviewItem, v []store.ReviewVerdict) error { n++; verdicts += len(v); return nil }))
		if n != 3 || verdicts != 1 {
			t.Errorf("%d items with %d verdicts", n, verdicts)
		}
	})
}
