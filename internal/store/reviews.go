package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
)

// States of a review item.
const (
	ReviewOpen    = "open"    // waits for a person
	ReviewClaimed = "claimed" // somebody has it until the lease ends
	ReviewDecided = "decided" // nobody is asked any more
	ReviewExpired = "expired" // a held answer whose time was up before anybody decided
)

// counterReviews puts those who claim in order.
const counterReviews = "review_seq"

// ReviewItem is one exchange that waits, or waited, for a person. It holds no content.
type ReviewItem struct {
	ID       string       `json:"id"`      // of the exchange: an exchange has one item, however many reasons there are
	Origin   string       `json:"origin"`  // name of the log that has it
	Seq      uint64       `json:"seq"`     // of its last record
	Sources  []string     `json:"sources"` // why it is here, sorted
	Share    int64        `json:"share"`   // probability with which it was drawn, in millionths; 0: it was reported and not drawn
	Author   string       `json:"author"`  // id of the key that seals it, which leads to its subject and to nobody else
	KeyID    string       `json:"key_id,omitzero"`
	Model    string       `json:"model,omitzero"`
	Route    string       `json:"route,omitzero"`
	Policy   string       `json:"policy,omitzero"`
	Label    reeve.Label  `json:"label"`
	Result   string       `json:"result"` // of the exchange
	Rule     string       `json:"rule,omitzero"`
	Rules    []ReviewRule `json:"rules"` // what the guards did
	Severity int          `json:"severity"`
	Stream   bool         `json:"stream,omitzero"`
	Held     bool         `json:"held,omitzero"`
	Notes    []string     `json:"notes,omitzero"` // ids of the records of reports about it

	Happened  time.Time `json:"happened"`
	Created   time.Time `json:"created"`
	Due       time.Time `json:"due"`
	Escalated time.Time `json:"escalated,omitzero"`
	Decided   time.Time `json:"decided,omitzero"`
	Rank      int64     `json:"rank"`  // lower ones come first, Unix milliseconds
	Need      int       `json:"need"`  // persons who must agree before anything happens
	Blind     bool      `json:"blind"` // drawn for a second review

	State     string    `json:"state"`
	Round     int       `json:"round"` // of the verdict that is asked for: 1, 2, or 3 where two disagreed
	Assignee  string    `json:"assignee,omitzero"`
	Lease     time.Time `json:"lease,omitzero"`
	Reviewers []string  `json:"reviewers,omitzero"` // who have decided
	Outcome   string    `json:"outcome,omitzero"`   // what is in force; "": nothing yet
	Category  string    `json:"category,omitzero"`
	Incident  string    `json:"incident,omitzero"` // id of the record that opened one
	Version   int64     `json:"version"`
}

// ReviewRule is what one rule did in the exchange.
type ReviewRule struct {
	Rule   string `json:"rule"`
	Action string `json:"action"`
	Stage  string `json:"stage"`
	Count  int64  `json:"count"`
	Score  int64  `json:"score,omitzero"` // of its strongest match, in thousandths; 0: unknown
}

// ReviewVerdict is what one person decided.
type ReviewVerdict struct {
	Record    string    `json:"record"` // id of the record of the custody log
	Item      string    `json:"item"`
	Round     int       `json:"round"`
	Reviewer  string    `json:"reviewer"`
	Outcome   string    `json:"outcome"`
	Violation bool      `json:"violation"` // the exchange is what rules are there to catch
	Category  string    `json:"category"`
	Truth     []string  `json:"truth,omitzero"` // the rules that were right to act, or should have
	Text      string    `json:"text,omitzero"`  // SHA-256 of a corrected text, hex
	At        time.Time `json:"at"`
}

// ReviewPosition is the first record of a log that its feed has not read; false where it has read none.
func (d *DB) ReviewPosition(ctx context.Context, origin string) (next uint64, known bool, err error) {
	var n int64
	err = d.sql.QueryRowContext(ctx, `SELECT next FROM review_feeds WHERE origin = $1`, origin).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read the position of the review queue: %w", explain(err))
	}
	return uint64(n), true, nil //nolint:gosec // it was one
}

// ReviewFeed is what was found in records of a log.
type ReviewFeed struct {
	Origin   string
	Next     uint64 // first record that was not read
	Items    []ReviewItem
	Verdicts []ReviewVerdict // of records whose decision did not come to the end
	// Finish puts a verdict of the log into its item as if it had just been decided.
	Finish func(item *ReviewItem, earlier []ReviewVerdict, v *ReviewVerdict) error
}

// FeedReviews takes what was found and the position in one transaction. What is there already is only given the further
// reasons: the same records may be read again.
func (d *DB) FeedReviews(ctx context.Context, f ReviewFeed) (added int, err error) {
	err = inTx(ctx, d.sql, func(tx *sql.Tx) error {
		for i := range f.Items {
			fresh, err := addReview(ctx, tx, &f.Items[i])
			if err != nil {
				return err
			}
			if fresh {
				added++
			}
		}
		for i := range f.Verdicts {
			if err := finishReview(ctx, tx, &f, &f.Verdicts[i]); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO review_feeds (origin, next) VALUES ($1, $2) ON CONFLICT (origin) DO UPDATE SET next = $2`, f.Origin, int64(f.Next)) //nolint:gosec // counts records
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("feed the review queue: %w", explain(err))
	}
	return added, nil
}

func addReview(ctx context.Context, tx *sql.Tx, it *ReviewItem) (fresh bool, err error) {
	was, err := scanReview(tx.QueryRowContext(ctx, `SELECT `+reviewColumns+` FROM review_items WHERE id = $1`, it.ID))
	if errors.Is(err, sql.ErrNoRows) {
		return true, insertReview(ctx, tx, it)
	}
	if err != nil {
		return false, err
	}
	sources, notes := union(was.Sources, it.Sources), union(was.Notes, it.Notes)
	if len(sources) == len(was.Sources) && len(notes) == len(was.Notes) && (was.Share > 0 || it.Share == 0) {
		return false, nil
	}
	was.Sources, was.Notes, was.Share = sources, notes, max(was.Share, it.Share)
	if was.Outcome == "" && was.State != ReviewExpired {
		was.Rank, was.Severity = min(was.Rank, it.Rank), max(was.Severity, it.Severity)
		if it.Due.Before(was.Due) {
			was.Due = it.Due
		}
	}
	return false, saveReview(ctx, tx, &was)
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

func finishReview(ctx context.Context, tx *sql.Tx, f *ReviewFeed, v *ReviewVerdict) error {
	it, err := scanReview(tx.QueryRowContext(ctx, `SELECT `+reviewColumns+` FROM review_items WHERE id = $1`, v.Item))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	earlier, err := reviewVerdicts(ctx, tx, v.Item)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(earlier, func(o ReviewVerdict) bool { return o.Record == v.Record || o.Reviewer == v.Reviewer }) || it.Round != v.Round {
		return nil
	}
	if err := f.Finish(&it, earlier, v); err != nil {
		return err
	}
	return putVerdict(ctx, tx, &it, v)
}

func putVerdict(ctx context.Context, tx *sql.Tx, it *ReviewItem, v *ReviewVerdict) error {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO review_verdicts (record, item, round, reviewer, body, at_ms) VALUES ($1, $2, $3, $4, $5, $6)`,
		v.Record, v.Item, v.Round, v.Reviewer, string(body), toMillis(v.At))
	if err != nil {
		return err
	}
	return saveReview(ctx, tx, it)
}

const reviewColumns = `id, state, assignee, lease_ms, escalated_ms, version, body`

func scanReview(row scanner) (it ReviewItem, err error) {
	var id, state, assignee, body string
	var lease, escalated, version int64
	if err := row.Scan(&id, &state, &assignee, &lease, &escalated, &version, &body); err != nil {
		return it, err
	}
	if err := json.Unmarshal([]byte(body), &it); err != nil {
		return it, fmt.Errorf("review item %s is damaged: %w", id, err)
	}
	it.ID, it.State, it.Assignee, it.Lease, it.Escalated, it.Version = id, state, assignee, fromMillis(lease), fromMillis(escalated), version
	return it, nil
}

// reviewValues are the columns of an item but for its id and version, in the order of the table.
func reviewValues(it *ReviewItem) ([]any, error) {
	body, err := json.Marshal(it, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	sources := "," + strings.Join(it.Sources, ",") + ","
	return []any{it.State, it.Rank, toMillis(it.Due), toMillis(it.Escalated), it.Assignee, toMillis(it.Lease), sources, it.Outcome, string(body)}, nil
}

func insertReview(ctx context.Context, tx *sql.Tx, it *ReviewItem) error {
	it.Version = 1
	values, err := reviewValues(it)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO review_items (state, rank_ms, due_ms, escalated_ms, assignee, lease_ms, sources, outcome, body, id, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1)`, append(values, it.ID)...)
	return err
}

// saveReview writes an item that has not changed since it was read, else it returns ErrChanged.
func saveReview(ctx context.Context, tx *sql.Tx, it *ReviewItem) error {
	was := it.Version
	it.Version++
	values, err := reviewValues(it)
	if err != nil {
		return err
	}
	r, err := tx.ExecContext(ctx, `UPDATE review_items SET state = $1, rank_ms = $2, due_ms = $3, escalated_ms = $4, assignee = $5, lease_ms = $6,
		sources = $7, outcome = $8, body = $9, version = version + 1 WHERE id = $10 AND version = $11`, append(values, it.ID, was)...)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n != 1 {
		return errors.Join(ErrChanged, err)
	}
	return nil
}

// ReviewFilter says which items are listed. What is set must all fit.
type ReviewFilter struct {
	State    string
	Source   string
	Assignee string
	After    string // id of the last item of the page before
	Limit    int    // 0: 100; at most 1000
}

// Reviews lists items, the most urgent first.
func (d *DB) Reviews(ctx context.Context, f ReviewFilter) ([]ReviewItem, error) {
	where, args := []string{"1 = 1"}, []any{}
	add := func(text string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			text = strings.Replace(text, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		where = append(where, text)
	}
	if f.State != "" {
		add(`state = ?`, f.State)
	}
	if f.Source != "" {
		add(`sources LIKE ?`, "%,"+f.Source+",%")
	}
	if f.Assignee != "" {
		add(`assignee = ?`, f.Assignee)
	}
	if f.After != "" {
		var rank int64
		err := d.sql.QueryRowContext(ctx, `SELECT rank_ms FROM review_items WHERE id = $1`, f.After).Scan(&rank)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("review item %s: %w", f.After, ErrNotFound)
		}
		if err != nil {
			return nil, fmt.Errorf("list review items: %w", explain(err))
		}
		add(`(rank_ms > ? OR rank_ms = ? AND id > ?)`, rank, rank, f.After)
	}
	if f.Limit <= 0 {
		f.Limit = 100
	}
	add(`1 = 1 ORDER BY rank_ms, id LIMIT ?`, min(f.Limit, 1000))
	list, err := scanAll(scanReview)(d.sql.QueryContext(ctx, `SELECT `+reviewColumns+` FROM review_items WHERE `+strings.Join(where, " AND "), args...))
	if err != nil {
		return nil, fmt.Errorf("list review items: %w", explain(err))
	}
	return list, nil
}

// Review returns one item. Where there is none it returns ErrNotFound.
func (d *DB) Review(ctx context.Context, id string) (ReviewItem, error) {
	it, err := scanReview(d.sql.QueryRowContext(ctx, `SELECT `+reviewColumns+` FROM review_items WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return it, fmt.Errorf("review item %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return it, fmt.Errorf("read review item: %w", explain(err))
	}
	return it, nil
}
