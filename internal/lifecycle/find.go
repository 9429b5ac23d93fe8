package lifecycle

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/reeve-ai/reeve/internal/custody"
)

// numbers are the numbers of keys' ids and commitments; those that are not in the index are left out.
func (x *Index) numbers(ctx context.Context, subjects []who) ([]int64, error) {
	var out []int64
	for i := range subjects {
		words := make([][]byte, 0, len(subjects[i].keks)+1)
		for _, id := range subjects[i].keks {
			words = append(words, id[:])
		}
		if c, err := decodeCommitment(subjects[i].actor); err == nil && len(c) > 0 {
			words = append(words, c)
		}
		for _, w := range words {
			var n int64
			err := x.db.QueryRowContext(ctx, `SELECT coalesce(max(n), 0) FROM words WHERE word = $1`, w).Scan(&n)
			if err != nil {
				return nil, fmt.Errorf("read index: %w", err)
			}
			if n != 0 {
				out = append(out, n)
			}
		}
	}
	return out, nil
}

// inList writes numbers of our own as a list for SQL.
func inList(numbers []int64) string {
	text := make([]string, len(numbers))
	for i, n := range numbers {
		text[i] = fmt.Sprint(n)
	}
	return "(" + strings.Join(text, ",") + ")"
}

// recordsOf are the records of subjects, in order: those sealed for them, those that speak of them, what belongs to the same
// exchanges, and who read those.
func (x *Index) recordsOf(ctx context.Context, subjects []who) ([]uint64, error) {
	numbers, err := x.numbers(ctx, subjects)
	if err != nil || len(numbers) == 0 {
		return nil, err
	}
	list := inList(numbers)
	theirs := `SELECT ulid FROM records WHERE kek IN ` + list + ` UNION SELECT ulid FROM records WHERE who IN ` + list
	return x.seqs(ctx, `SELECT seq FROM records WHERE ulid IN (`+theirs+`) UNION SELECT seq FROM terms WHERE term IN (`+theirs+`) ORDER BY seq`)
}

// payloadsUnder are the records with a payload under these keys, and the bytes of text in them.
func (x *Index) payloadsUnder(ctx context.Context, keks []KEKID) (seqs []uint64, bytes int64, err error) {
	numbers, err := x.numbers(ctx, []who{{keks: keks}})
	if err != nil || len(numbers) == 0 {
		return nil, 0, err
	}
	where := ` FROM records WHERE payload > 0 AND kek IN ` + inList(numbers)
	if err := x.db.QueryRowContext(ctx, `SELECT coalesce(sum(payload - 1), 0)`+where).Scan(&bytes); err != nil {
		return nil, 0, fmt.Errorf("read index: %w", err)
	}
	seqs, err = x.seqs(ctx, `SELECT seq`+where+` ORDER BY seq`)
	return seqs, bytes, err
}

// recordsUnder is the number of records under these keys, with or without their payload.
func (x *Index) recordsUnder(ctx context.Context, keks []KEKID) (n int, err error) {
	numbers, err := x.numbers(ctx, []who{{keks: keks}})
	if err != nil || len(numbers) == 0 {
		return 0, err
	}
	if err := x.db.QueryRowContext(ctx, `SELECT count(*) FROM records WHERE kek IN `+inList(numbers)).Scan(&n); err != nil {
		return 0, fmt.Errorf("read index: %w", err)
	}
	return n, nil
}

// recordsIn are the records of one exchange or event.
func (x *Index) recordsIn(ctx context.Context, id custody.ID) ([]uint64, error) {
	return x.seqs(ctx, `SELECT seq FROM records WHERE ulid = $1 ORDER BY seq`, id[:])
}

// touches reports whether a record with a payload under these keys lies in a scope.
func (x *Index) touches(ctx context.Context, keks []KEKID, s Scope) (bool, error) {
	numbers, err := x.numbers(ctx, []who{{keks: keks}})
	if err != nil || len(numbers) == 0 {
		return false, err
	}
	var c condition
	c.add(`payload > 0 AND kek IN ` + inList(numbers))
	if s.From != 0 {
		c.add(`seq >= ?`, s.From)
	}
	if s.To != 0 {
		c.add(`seq < ?`, s.To)
	}
	if !s.Since.IsZero() {
		c.add(`t >= ?`, s.Since.UnixNano())
	}
	if !s.Until.IsZero() {
		c.add(`t < ?`, s.Until.UnixNano())
	}
	var in bool
	err = x.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM records WHERE `+c.String()+`)`, c.args...).Scan(&in)
	if err != nil {
		return false, fmt.Errorf("read index: %w", err)
	}
	return in, nil
}

const factColumns = `SELECT r.seq, r.t, k.word, m.word, o.word, a.word, b.word, kk.word, r.payload, r.ulid FROM records r
	LEFT JOIN words k ON k.n = r.kind LEFT JOIN words m ON m.n = r.model LEFT JOIN words o ON o.n = r.route
	LEFT JOIN words a ON a.n = r.label LEFT JOIN words b ON b.n = r.label2 LEFT JOIN words kk ON kk.n = r.kek `

// due are records whose payload is older than cutoff, in order, at most limit of them, from the record from on.
func (x *Index) due(ctx context.Context, from uint64, cutoff time.Time, limit int) ([]dueRecord, error) {
	return x.facts(ctx, factColumns+`WHERE r.payload > 0 AND r.seq >= $1 AND r.t < $2 ORDER BY r.seq LIMIT $3`, from, cutoff.UnixNano(), limit)
}

// oldest are the first records that are kept, in order, at most limit of them, from the record from on.
func (x *Index) oldest(ctx context.Context, from uint64, limit int) ([]dueRecord, error) {
	return x.facts(ctx, factColumns+`WHERE r.seq >= $1 ORDER BY r.seq LIMIT $2`, from, limit)
}

// factsOf are the records of one exchange or event.
func (x *Index) factsOf(ctx context.Context, id custody.ID) ([]dueRecord, error) {
	return x.facts(ctx, factColumns+`WHERE r.ulid = $1 ORDER BY r.seq`, id[:])
}

func (x *Index) facts(ctx context.Context, query string, args ...any) ([]dueRecord, error) {
	rows, err := x.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read index: %w", err)
	}
	defer rows.Close()
	var out []dueRecord
	for rows.Next() {
		var r dueRecord
		var t, payload int64
		var kind, model, route, in, label, kek, id []byte
		if err := rows.Scan(&r.Seq, &t, &kind, &model, &route, &in, &label, &kek, &payload, &id); err != nil {
			return nil, fmt.Errorf("read index: %w", err)
		}
		r.Time, r.Kind, r.Model, r.Route, r.dropped = time.Unix(0, t).UTC(), string(kind), string(model), string(route), payload == 0
		r.Labels = parseLabels(string(in), string(label))
		if len(id) == len(custody.ID{}) {
			r.id = custody.ID(id).String()
		}
		if len(kek) == len(r.kek) {
			r.kek = KEKID(kek)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// dueRecord is a record of which a decision is asked for.
type dueRecord struct {
	Facts
	id      string
	kek     KEKID
	dropped bool // there is no payload (any more)
}

// forget takes the ways out of the index that lead from the owner of these keys to its records. Nothing of them stays in the file.
func (x *Index) forget(ctx context.Context, keks []KEKID) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	numbers, err := x.numbers(ctx, []who{{keks: keks}})
	if err != nil || len(numbers) == 0 {
		return err
	}
	list := inList(numbers)
	err = x.inTx(ctx, func(tx *sql.Tx) error {
		for _, text := range []string{
			`DELETE FROM terms WHERE seq IN (SELECT seq FROM records WHERE kek IN ` + list + `)`,
			`DELETE FROM words WHERE n IN (SELECT who FROM records WHERE kek IN ` + list + `)`,
			`UPDATE records SET who = NULL WHERE who IN (SELECT who FROM records WHERE kek IN ` + list + `)`,
			`UPDATE records SET kek = NULL, payload = 0 WHERE kek IN ` + list,
			`DELETE FROM words WHERE n IN ` + list,
		} {
			if _, err := tx.ExecContext(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	clear(x.words)
	clear(x.opening)
	if _, err := x.db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		return fmt.Errorf("clear index: %w", err)
	}
	return nil
}

func (x *Index) inTx(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := x.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("write index: %w", err)
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback() // the error that counts is the first
		return fmt.Errorf("write index: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("write index: %w", err)
	}
	return nil
}
