package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/reeve-ai/reeve"
)

// Mark is the high-water mark of one conversation: the join of the labels of all that was read in it. Conversations
// that never left public have none.
type Mark struct {
	ID    string // digest of whose conversation it is and which; 1 to 64 bytes
	Label reeve.Label
	Seen  time.Time // when the conversation went on last, to within some minutes
	Ends  time.Time // when it is over unless it goes on
}

const markColumns = `id, label, seen_ms, ends_ms`

// Marks returns the marks that were changed after version since, oldest first and at most limit, with the version up to
// which they are complete. Ask with 0 to get all; where more are left, ask again with that version.
func (d *DB) Marks(ctx context.Context, since int64, limit int) (marks []Mark, version int64, err error) {
	if err := d.signal.heal(); err != nil {
		return nil, 0, fmt.Errorf("read marks: %w", err)
	}
	version = since
	rows, err := d.sql.QueryContext(ctx, `SELECT `+markColumns+`, version FROM marks WHERE version > $1 ORDER BY version LIMIT $2`, since, limit)
	if err != nil {
		return nil, 0, fmt.Errorf("read marks: %w", explain(err))
	}
	defer rows.Close()
	for rows.Next() {
		m, err := scanMark(rows.Scan, &version)
		if err != nil {
			return nil, 0, fmt.Errorf("read marks: %w", explain(err))
		}
		marks = append(marks, m)
	}
	return marks, version, rows.Err()
}

// Mark returns one mark; false where there is none.
func (d *DB) Mark(ctx context.Context, id string) (Mark, bool, error) {
	var version int64
	m, err := scanMark(d.sql.QueryRowContext(ctx, `SELECT `+markColumns+`, version FROM marks WHERE id = $1`, id).Scan, &version)
	if errors.Is(err, sql.ErrNoRows) {
		return Mark{}, false, nil
	}
	if err != nil {
		return Mark{}, false, fmt.Errorf("read mark: %w", explain(err))
	}
	return m, true, nil
}

func scanMark(scan func(...any) error, version *int64) (m Mark, err error) {
	var label string
	var seen, ends int64
	if err := scan(&m.ID, &label, &seen, &ends, version); err != nil {
		return m, err
	}
	if m.Label, err = reeve.ParseLabel(label); err != nil {
		return m, err
	}
	m.Seen, m.Ends = fromMillis(seen), fromMillis(ends)
	return m, nil
}

// RaiseMark joins the label into the mark and moves its times forward, in one transaction, and returns the mark as it
// now is; other processes that raise it at the same time lose nothing. A mark that ended before m.Seen begins anew with
// m's label.
func (d *DB) RaiseMark(ctx context.Context, m Mark) (now Mark, err error) {
	err = d.change(ctx, "raise mark", func(tx *sql.Tx, version int64) error {
		now = m
		var old int64
		was, err := scanMark(tx.QueryRowContext(ctx, `SELECT `+markColumns+`, version FROM marks WHERE id = $1`, m.ID).Scan, &old)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		case was.Ends.After(m.Seen):
			now.Label = was.Label.Join(m.Label)
			if was.Seen.After(now.Seen) {
				now.Seen = was.Seen
			}
			if was.Ends.After(now.Ends) {
				now.Ends = was.Ends
			}
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM marks WHERE id = $1`, m.ID); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO marks (`+markColumns+`, version) VALUES ($1, $2, $3, $4, $5)`,
			now.ID, now.Label.String(), toMillis(now.Seen), toMillis(now.Ends), version)
		return err
	})
	if err != nil {
		return Mark{}, err
	}
	return now, nil
}

// DropMarks forgets conversations that ended before t.
func (d *DB) DropMarks(ctx context.Context, t time.Time) error {
	if _, err := d.sql.ExecContext(ctx, `DELETE FROM marks WHERE ends_ms < $1`, toMillis(t)); err != nil {
		return fmt.Errorf("drop marks: %w", explain(err))
	}
	return nil
}
