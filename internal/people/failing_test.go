package people

import (
	"context"
	"time"

	"github.com/reeve-ai/reeve/internal/store"
)

// failingStore fails where an edit would be committed.
type failingStore struct {
	Store
	fail bool
}

func (s *failingStore) EditReview(ctx context.Context, id string, version int64, now time.Time, edit func(*store.ReviewItem, []store.ReviewVerdict) (*store.ReviewVerdict, error)) (store.ReviewItem, error) {
	return s.Store.EditReview(ctx, id, version, now, func(it *store.ReviewItem, earlier []store.ReviewVerdict) (*store.ReviewVerdict, error) {
		v, err := edit(it, earlier)
		if s.fail && err == nil {
			err = errDown
		}
		return v, err
	})
}
