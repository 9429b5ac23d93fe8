package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
)

// ClaimReviews gives up to n waiting items to somebody, the most urgent first, until a time. accept says which ones they may
// have. Claims whose lease has ended wait again. Of several who claim at once each gets other items.
func (d *DB) ClaimReviews(ctx context.Context, who string, now, until time.Time, n int, accept func(*ReviewItem) bool) (claimed []ReviewItem, err error) {
	err = inTx(ctx, d.sql, func(tx *sql.Tx) error {
		claimed = nil
		if err := freeReviews(ctx, tx, now); err != nil {
			return err
		}
		const chunk = 64
		rank, id := int64(-1<<63), ""
		for len(claimed) < n {
			page, err := scanAll(scanReview)(tx.QueryContext(ctx, `SELECT `+reviewColumns+` FROM review_items
				WHERE state = $1 AND (rank_ms > $2 OR rank_ms = $2 AND id > $3) ORDER BY rank_ms, id LIMIT $4`, ReviewOpen, rank, id, chunk))
			if err != nil {
				return err
			}
			for i := range page {
				if it := &page[i]; len(claimed) < n && accept(it) {
					it.State, it.Assignee, it.Lease = ReviewClaimed, who, until
					if err := saveReview(ctx, tx, it); err != nil {
						return err
					}
					claimed = append(claimed, *it)
				}
			}
			if len(page) < chunk {
				return nil
			}
			rank, id = page[chunk-1].Rank, page[chunk-1].ID
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim review items: %w", explain(err))
	}
	return claimed, nil
}

// freeReviews has claims wait again whose lease has ended. It puts those who claim in order.
func freeReviews(ctx context.Context, tx *sql.Tx, now time.Time) error {
	if _, err := bump(ctx, tx, counterReviews); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE review_items SET state = $1, assignee = '', lease_ms = 0, version = version + 1 WHERE state = $2 AND lease_ms <= $3`,
		ReviewOpen, ReviewClaimed, toMillis(now))
	return err
}

// EditReview changes one item in a transaction that holds its row: edit sees it with the verdicts so far, the first one first,
// and changes it. Where edit returns a verdict, that is added. version is the one that the caller has seen; 0 takes any.
// ErrChanged says that it is another one, ErrNotFound that there is no such item.
func (d *DB) EditReview(ctx context.Context, id string, version int64, now time.Time, edit func(*ReviewItem, []ReviewVerdict) (*ReviewVerdict, error)) (it ReviewItem, err error) {
	err = inTx(ctx, d.sql, func(tx *sql.Tx) error {
		// Writing first takes the row's lock, and ends a lease that is over.
		r, err := tx.ExecContext(ctx, `UPDATE review_items SET version = version WHERE id = $1`, id)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(ErrNotFound, err)
		}
		if it, err = scanReview(tx.QueryRowContext(ctx, `SELECT `+reviewColumns+` FROM review_items WHERE id = $1`, id)); err != nil {
			return err
		}
		if version != 0 && it.Version != version {
			return ErrChanged
		}
		if it.State == ReviewClaimed && !it.Lease.After(now) {
			it.State, it.Assignee, it.Lease = ReviewOpen, "", time.Time{}
		}
		earlier, err := reviewVerdicts(ctx, tx, id)
		if err != nil {
			return err
		}
		v, err := edit(&it, earlier)
		if err != nil {
			return err
		}
		if v == nil {
			return saveReview(ctx, tx, &it)
		}
		return putVerdict(ctx, tx, &it, v)
	})
	if err != nil {
		return it, fmt.Errorf("review item %s: %w", id, explain(err))
	}
	return it, nil
}

// OverdueReviews returns waiting items whose time limit has passed and that are not escalated, or are held answers.
func (d *DB) OverdueReviews(ctx context.Context, now time.Time, limit int) ([]ReviewItem, error) {
	list, err := scanAll(scanReview)(d.sql.QueryContext(ctx, `SELECT `+reviewColumns+` FROM review_items
		WHERE state IN ($1, $2) AND due_ms <= $3 AND escalated_ms = 0 ORDER BY due_ms, id LIMIT $4`, ReviewOpen, ReviewClaimed, toMillis(now), limit))
	if err != nil {
		return nil, fmt.Errorf("list overdue review items: %w", explain(err))
	}
	return list, nil
}

// ReviewsDue counts the waiting items whose time limit ends by a time.
func (d *DB) ReviewsDue(ctx context.Context, by time.Time) (n int, err error) {
	err = d.sql.QueryRowContext(ctx, `SELECT COUNT(*) FROM review_items WHERE state IN ($1, $2) AND due_ms <= $3`, ReviewOpen, ReviewClaimed, toMillis(by)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count review items that are due: %w", explain(err))
	}
	return n, nil
}

// ReviewVerdicts returns what was decided about an item, the first verdict first.
func (d *DB) ReviewVerdicts(ctx context.Context, id string) ([]ReviewVerdict, error) {
	list, err := verdictsOf(d.sql.QueryContext(ctx, `SELECT body FROM review_verdicts WHERE item = $1 ORDER BY round`, id))
	if err != nil {
		return nil, fmt.Errorf("read verdicts: %w", explain(err))
	}
	return list, nil
}

// EachReview hands every item that was created from a time on with its verdicts, in the order of ids. fn's error ends the walk.
func (d *DB) EachReview(ctx context.Context, since time.Time, fn func(*ReviewItem, []ReviewVerdict) error) error {
	const chunk = 500
	for after := ""; ; {
		page, err := scanAll(scanReview)(d.sql.QueryContext(ctx, `SELECT `+reviewColumns+` FROM review_items WHERE id > $1 ORDER BY id LIMIT $2`, after, chunk))
		if err != nil {
			return fmt.Errorf("read review items: %w", explain(err))
		}
		if len(page) == 0 {
			return nil
		}
		last := page[len(page)-1].ID
		verdicts, err := verdictsOf(d.sql.QueryContext(ctx, `SELECT body FROM review_verdicts WHERE item > $1 AND item <= $2 ORDER BY item, round`, after, last))
		if err != nil {
			return fmt.Errorf("read verdicts: %w", explain(err))
		}
		for i := range page {
			n := 0
			for n < len(verdicts) && verdicts[n].Item == page[i].ID {
				n++
			}
			if !page[i].Created.Before(since) {
				if err := fn(&page[i], verdicts[:n]); err != nil {
					return err
				}
			}
			verdicts = verdicts[n:]
		}
		after = last
	}
}

// ReviewCounts counts the items by state.
func (d *DB) ReviewCounts(ctx context.Context) (map[string]int, error) {
	rows, err := d.sql.QueryContext(ctx, `SELECT state, COUNT(*) FROM review_items GROUP BY state`)
	if err != nil {
		return nil, fmt.Errorf("count review items: %w", explain(err))
	}
	defer rows.Close()
	counts := map[string]int{}
	for rows.Next() {
		var state string
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return nil, fmt.Errorf("count review items: %w", explain(err))
		}
		counts[state] = n
	}
	return counts, rows.Err()
}

func reviewVerdicts(ctx context.Context, tx *sql.Tx, id string) ([]ReviewVerdict, error) {
	return verdictsOf(tx.QueryContext(ctx, `SELECT body FROM review_verdicts WHERE item = $1 ORDER BY round`, id))
}

func verdictsOf(rows *sql.Rows, err error) ([]ReviewVerdict, error) {
	return scanAll(func(s scanner) (v ReviewVerdict, err error) {
		var body string
		if err := s.Scan(&body); err != nil {
			return v, err
		}
		return v, json.Unmarshal([]byte(body), &v)
	})(rows, err)
}
