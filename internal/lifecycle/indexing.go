package lifecycle

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/reeve-ai/reeve/internal/custody"
)

// indexBatch is how many records go into the index in one transaction.
const indexBatch = 4096

// rowsAtOnce are inserted by one statement: a statement costs the driver more than a row.
const (
	rowsAtOnce   = 32
	columns      = 13
	insertRecord = `INSERT INTO records (seq, ulid, t, kind, kek, who, model, route, result, label, label2, rule, payload) VALUES `
	recordRow    = `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
)

// CatchUp adds all records that are durable now. It may be called at any time; callers wait for each other.
func (x *Index) CatchUp(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	end, err := x.src.Size()
	if err != nil {
		return fmt.Errorf("index: %w", err)
	}
	for x.next < end {
		if err := x.some(ctx, end); err != nil {
			return err
		}
	}
	return nil
}

// step adds some of the records that are durable now, and reports whether there are more.
func (x *Index) step(ctx context.Context) (more bool, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	end, err := x.src.Size()
	if err != nil {
		return false, fmt.Errorf("index: %w", err)
	}
	if x.next >= end {
		return false, nil
	}
	err = x.some(ctx, end)
	return x.next < end, err
}

func (x *Index) some(ctx context.Context, end uint64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := x.batch(ctx, min(end, x.next+indexBatch)); err != nil {
		return fmt.Errorf("index records from %d on: %w", x.next, err)
	}
	return nil
}

// batch adds the records up to end. What it holds in memory changes only when the transaction is done.
func (x *Index) batch(ctx context.Context, end uint64) (err error) {
	ctx = context.WithoutCancel(ctx) // a batch is short, and the driver watches a context that can end with a goroutine a statement
	tx, err := x.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	b := &batch{x: x, tx: tx, last: x.last, fresh: map[string]int64{}, opened: map[string]intent{}, tallies: map[tallyKey]int64{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	if err := b.prepare(ctx, tx); err != nil {
		return err
	}
	defer b.close()
	var last []byte
	err = x.src.Leaves(x.next, end, func(r *custody.Stored) error {
		last = append(last[:0], r.Leaf...)
		l, err := indexedLeaf(r.Seq, r.Leaf)
		if err != nil {
			return err
		}
		return b.add(ctx, l)
	})
	if err == nil {
		err = b.flush(ctx)
	}
	if err == nil {
		err = b.tell(ctx)
	}
	if err == nil {
		err = b.last.write(ctx, tx)
	}
	if err != nil {
		return err
	}
	if _, err = tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ('last', $1) ON CONFLICT (name) DO UPDATE SET value = $1`, digest(last)); err != nil {
		return err
	}
	if err = tx.Commit(); err != nil {
		return err
	}
	b.keep()
	x.next, x.last = end, b.last
	x.reached.Store(end)
	for _, step := range b.steps {
		if err := x.steps(step); err != nil {
			return err
		}
	}
	return nil
}

func digest(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}

// batch is one transaction of the index.
type batch struct {
	x                        *Index
	record, word, step, term *sql.Stmt
	many                     *sql.Stmt // rowsAtOnce records in one statement
	rows                     []any     // of records that wait for it
	last                     stretch
	tx                       *sql.Tx
	known, find, drop        *sql.Stmt
	before                   *sql.Stmt
	finding, tally           *sql.Stmt
	remove                   [4]*sql.Stmt
	tallies                  map[tallyKey]int64
	inherited                []found // of the intent of the outcome that is added
	fresh                    map[string]int64
	opened                   map[string]intent
	closed                   []string
	steps                    []*leaf
}

func (b *batch) prepare(ctx context.Context, tx *sql.Tx) (err error) {
	for _, p := range []struct {
		stmt **sql.Stmt
		sql  string
	}{
		{&b.record, insertRecord + recordRow},
		{&b.many, insertRecord + strings.Repeat(recordRow+", ", rowsAtOnce-1) + recordRow},
		{&b.word, `INSERT INTO words (word) VALUES ($1)`},
		{&b.known, `SELECT n FROM words WHERE word = $1`},
		{&b.drop, `UPDATE records SET payload = 0 WHERE seq >= $1 AND seq < $2 AND payload > 0`},
		{&b.remove[0], `DELETE FROM records WHERE seq >= $1 AND seq < $2`},
		{&b.remove[1], `DELETE FROM steps WHERE seq >= $1 AND seq < $2`},
		{&b.remove[2], `DELETE FROM terms WHERE seq >= $1 AND seq < $2`},
		{&b.remove[3], `DELETE FROM findings WHERE seq >= $1 AND seq < $2`},
		{&b.finding, `INSERT INTO findings (rule, seq, action, stage, n) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`},
		{&b.before, `SELECT f.rule, f.action, f.stage, f.n FROM findings f JOIN records r ON r.seq = f.seq WHERE r.ulid = $1`},
		{&b.tally, `INSERT INTO tallies (hour, what, a, b, n) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (what, hour, a, b) DO UPDATE SET n = n + $5`},
		{&b.step, `INSERT INTO steps (seq) VALUES ($1)`},
		{&b.term, `INSERT INTO terms (term, seq) VALUES ($1, $2) ON CONFLICT DO NOTHING`},
		{&b.find, `SELECT coalesce(model, 0), coalesce(route, 0), coalesce(label, 0), coalesce(who, 0) FROM records WHERE ulid = $1 ORDER BY seq LIMIT 1`},
	} {
		if *p.stmt, err = tx.PrepareContext(ctx, p.sql); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) close() {
	for _, s := range []*sql.Stmt{b.record, b.many, b.word, b.known, b.step, b.term, b.find, b.drop, b.finding, b.tally, b.before, b.remove[0], b.remove[1], b.remove[2], b.remove[3]} {
		if s != nil {
			_ = s.Close() // the transaction ends with it
		}
	}
}

// keep takes over what the transaction made durable.
func (b *batch) keep() {
	if len(b.x.words)+len(b.fresh) > maxOpening {
		clear(b.x.words) // what is asked for again is read from the table
	}
	for word, n := range b.fresh {
		b.x.words[word] = n
	}
	for id, in := range b.opened {
		b.x.opening[id] = in
	}
	for _, id := range b.closed {
		delete(b.x.opening, id)
	}
	if len(b.x.opening) > maxOpening {
		clear(b.x.opening) // what is asked for again is read from the table
	}
}

// maxOpening bounds the intents that are held in memory until their outcome comes, and the words.
const maxOpening = 65536

func (b *batch) add(ctx context.Context, l *leaf) error {
	id, err := custody.ParseID(l.ID)
	if err != nil {
		return fmt.Errorf("record %d: %w", l.Seq, err)
	}
	r, err := b.row(ctx, l, id)
	if err == nil {
		err = b.count(ctx, l, &r)
	}
	if err != nil {
		return fmt.Errorf("record %d: %w", l.Seq, err)
	}
	t := l.when().UnixNano()
	if err := b.stretch(ctx, l.Seq, t); err != nil {
		return err
	}
	b.rows = append(b.rows, l.Seq, id[:], t, r.kind, orNull(r.kek), orNull(r.who), orNull(r.model), orNull(r.route),
		orNull(r.result), orNull(r.label), orNull(r.label2), orNull(r.rule), r.payload)
	if len(b.rows) == rowsAtOnce*columns {
		if _, err := b.many.ExecContext(ctx, b.rows...); err != nil {
			return err
		}
		b.rows = b.rows[:0]
	}
	switch l.Kind {
	case custody.EventHold, custody.EventErasure, custody.EventRetention:
		if _, err := b.step.ExecContext(ctx, l.Seq); err != nil {
			return err
		}
		b.steps = append(b.steps, l)
	}
	if err := b.dropped(ctx, l); err != nil {
		return err
	}
	for _, ref := range l.Refs { // so that a person learns who read what is theirs
		of, err := custody.ParseID(ref)
		if err != nil || l.Kind != custody.EventAccess {
			continue
		}
		if _, err := b.term.ExecContext(ctx, of[:], l.Seq); err != nil {
			return err
		}
	}
	if kek, sealed := l.kek(); sealed && b.x.late != nil {
		b.x.late(kek, l.Seq)
	}
	if b.x.terms == nil || l.Sealed == "" {
		return nil
	}
	terms, err := b.x.terms(l)
	for _, term := range terms {
		if _, err := b.term.ExecContext(ctx, term, l.Seq); err != nil {
			return err
		}
	}
	return err
}

// flush inserts the records that wait.
func (b *batch) flush(ctx context.Context) error {
	for ; len(b.rows) > 0; b.rows = b.rows[columns:] {
		if _, err := b.record.ExecContext(ctx, b.rows[:columns]...); err != nil {
			return err
		}
	}
	return nil
}

// dropped takes over what a record of retention says: payloads that are gone, or whole records.
func (b *batch) dropped(ctx context.Context, l *leaf) error {
	if l.Kind != custody.EventRetention {
		return nil
	}
	if err := b.flush(ctx); err != nil {
		return err
	}
	for _, r := range l.Ranges {
		stmts := []*sql.Stmt{b.drop}
		if l.Act == custody.ActDropLeaves {
			stmts = b.remove[:]
		}
		for _, s := range stmts {
			if _, err := s.ExecContext(ctx, r[0], r[1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// row is what the table holds of a record besides its number, exchange and time: numbers of words, 0 for none.
type row struct{ kind, kek, who, model, route, result, label, label2, rule, payload int64 }

// row makes the row of a record. An outcome gets what only its intent says.
func (b *batch) row(ctx context.Context, l *leaf, id custody.ID) (r row, err error) {
	result, route := l.Result, l.Route
	if l.Kind == "aborted" {
		result = l.Kind
	}
	if l.Act != "" {
		route = l.Act
	}
	for _, of := range [...]struct {
		n    *int64
		word string
	}{
		{&r.kind, l.Kind}, {&r.model, l.Model}, {&r.route, route}, {&r.result, result}, {&r.label, l.LabelIn}, {&r.label2, l.LabelOut}, {&r.rule, l.Rule},
	} {
		if of.word == "" {
			continue
		}
		if *of.n, err = b.number(ctx, of.word); err != nil {
			return r, err
		}
	}
	if kek, sealed := l.kek(); sealed {
		r.payload = 1 + l.NPrompt + l.NResponse + l.NPayload // one more than the bytes of text that are sealed
		if r.kek, err = b.number(ctx, string(kek[:])); err != nil {
			return r, err
		}
	}
	who := l.Subject
	if who == "" {
		who = l.Actor
	}
	if c, bad := decodeCommitment(who); who != "" && bad == nil {
		if r.who, err = b.number(ctx, string(c)); err != nil {
			return r, err
		}
	}
	return r, b.join(ctx, l, id, &r)
}

// join keeps what an intent says, and gives it to what ends the exchange. Where a key leads to the outcome already, who it is about stands
// with the intent alone: the two are found together.
func (b *batch) join(ctx context.Context, l *leaf, id custody.ID, r *row) error {
	b.inherited = nil
	switch {
	case l.Kind == "intent":
		b.opened[l.ID] = intent{model: r.model, route: r.route, label: r.label, who: r.who}
	case l.Kind == "aborted", l.Kind == "outcome" && l.Intended:
		in, known := b.opened[l.ID]
		if !known {
			in, known = b.x.opening[l.ID]
		}
		if !known {
			if err := b.flush(ctx); err != nil {
				return err
			}
			err := b.find.QueryRowContext(ctx, id[:]).Scan(&in.model, &in.route, &in.label, &in.who)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if in.found, err = b.foundBefore(ctx, id); err != nil {
				return err
			}
		}
		delete(b.opened, l.ID)
		b.closed = append(b.closed, l.ID)
		r.model, r.route, r.label = in.model, in.route, in.label
		if r.kek == 0 {
			r.who = in.who
		}
		b.inherited = in.found
	}
	return nil
}

func orNull(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// number is the number of a word, a new one where it is new.
func (b *batch) number(ctx context.Context, word string) (int64, error) {
	if n, known := b.x.words[word]; known {
		return n, nil
	}
	if n, known := b.fresh[word]; known {
		return n, nil
	}
	var n int64
	err := b.known.QueryRowContext(ctx, []byte(word)).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		var result sql.Result
		if result, err = b.word.ExecContext(ctx, []byte(word)); err == nil {
			n, err = result.LastInsertId()
		}
	}
	if err != nil {
		return 0, err
	}
	b.fresh[word] = n
	return n, nil
}
