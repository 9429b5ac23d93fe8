package lifecycle

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	_ "modernc.org/sqlite" // the database/sql driver "sqlite"

	"github.com/reeve-ai/reeve/internal/custody"
)

// IndexFile is the name of the index in the data directory.
const IndexFile = "index.db"

// indexFormat is PRAGMA user_version of index.db. Another one is no error: the index is made anew.
const indexFormat = 4

// Strings that repeat (models, results, keys' ids, commitments) stand once in words; records hold their numbers. The row of a
// key's id or a commitment is the blind index: without it nothing leads from a subject to its records. Terms are the blind
// indexes of identifiers in payloads, and the ids of exchanges that an access record is about. The kinds of an exchange's records have
// fixed numbers, so that events have an index of their own; so has the result "ok", which is no index's business because nearly all are. Stretches say between
// which times records lie: the log is nearly in the order of time, but a clock may be set back. Findings are what rules did to an exchange; tallies count by the hour (tally.go).
const indexSchema = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE words (n INTEGER PRIMARY KEY, word BLOB NOT NULL UNIQUE) STRICT;
CREATE TABLE records (
	seq     INTEGER PRIMARY KEY,
	ulid    BLOB    NOT NULL,
	t       INTEGER NOT NULL,
	kind    INTEGER NOT NULL,
	kek     INTEGER,
	who     INTEGER,
	model   INTEGER,
	route   INTEGER,
	result  INTEGER,
	label   INTEGER,
	label2  INTEGER,
	rule    INTEGER,
	payload INTEGER NOT NULL
) STRICT;
CREATE INDEX records_ulid ON records (ulid);
CREATE INDEX records_kek  ON records (kek) WHERE kek IS NOT NULL;
CREATE INDEX records_who  ON records (who) WHERE who IS NOT NULL;
CREATE INDEX records_result ON records (result) WHERE result <> 4;
CREATE INDEX records_model ON records (model) WHERE result IS NOT NULL AND model IS NOT NULL;
CREATE INDEX records_event ON records (kind) WHERE kind > 3;
CREATE TABLE stretches (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL) STRICT;
CREATE TABLE steps (seq INTEGER PRIMARY KEY) STRICT;
CREATE TABLE terms (term BLOB NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (term, seq)) STRICT, WITHOUT ROWID;
CREATE INDEX terms_seq ON terms (seq);
CREATE TABLE findings (rule INTEGER NOT NULL, seq INTEGER NOT NULL, action INTEGER NOT NULL, stage INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (rule, seq, action, stage)) STRICT, WITHOUT ROWID;
CREATE INDEX findings_seq ON findings (seq);
CREATE TABLE tallies (hour INTEGER NOT NULL, what INTEGER NOT NULL, a INTEGER NOT NULL, b INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (what, hour, a, b)) STRICT, WITHOUT ROWID;
INSERT INTO words (n, word) VALUES (1, CAST('intent' AS BLOB)), (2, CAST('outcome' AS BLOB)), (3, CAST('aborted' AS BLOB)), (4, CAST('ok' AS BLOB));
PRAGMA user_version = 4;
`

// Source is the log as the index reads it. It is safe for concurrent use.
type Source interface {
	// Size is the number of durable leaves.
	Size() (uint64, error)
	// Leaves hands the records of [from, to) in order, without what is sealed. They are valid until fn returns.
	Leaves(from, to uint64, fn func(*custody.Stored) error) error
}

// Index finds records by subject, exchange, time, model, result and label. It is derived: where it is missing, of another
// format, damaged, or speaks of another log, it is made anew. It is safe for concurrent use.
type Index struct {
	path string
	src  Source
	db   *sql.DB

	steps func(*leaf) error             // told of each record that the ledger is made of, in order
	terms func(*leaf) ([][]byte, error) // blind indexes of further identifiers in a payload; may be nil
	late  func(KEKID, uint64)           // told of a record under a key; may be nil

	mu      sync.Mutex    // of everything below, and of writing
	next    uint64        // first record that is not in the index
	reached atomic.Uint64 // next, for those who do not wait for mu
	last    stretch       // of records; the one that still grows
	words   map[string]int64
	opening map[string]intent // intents whose outcome did not come yet, by ulid
}

// intent is what an outcome does not repeat.
type intent struct {
	model, route, label, who int64
	found                    []found
}

// found is what a rule did, in numbers of words.
type found struct{ rule, action, stage, n int64 }

// OpenIndex opens or makes Dir/index.db. steps is told of every record of a hold or an erasure, in the order of the log:
// first those that the index holds already, later the new ones, each once.
func OpenIndex(ctx context.Context, dir string, src Source, steps func(*leaf) error) (*Index, error) {
	x := &Index{path: filepath.Join(dir, IndexFile), src: src, steps: steps}
	err := x.open(ctx)
	if err == nil {
		err = x.sameLog(ctx)
	}
	if err != nil {
		if err = errors.Join(x.discard(), x.open(ctx)); err != nil {
			return nil, fmt.Errorf("open index: %w", err)
		}
	}
	if err := x.replay(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open index: %w", err), x.db.Close())
	}
	return x, nil
}

// Close closes the index.
func (x *Index) Close() error { return x.db.Close() }

// size is the number of durable records, or the last known one where that cannot be told.
func (x *Index) size(known uint64) uint64 {
	if n, err := x.src.Size(); err == nil {
		return n
	}
	return known
}

var errOtherIndex = errors.New("the index is of another format or another log")

func (x *Index) open(ctx context.Context) error {
	f, err := os.OpenFile(x.path, os.O_RDWR|os.O_CREATE, 0o600) // SQLite would create it with the process's umask
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)", "secure_delete(ON)", "temp_store(MEMORY)", "cache_size(-16384)"}}
	if x.db, err = sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: x.path}).EscapedPath(), RawQuery: q.Encode()}).String()); err != nil {
		return err
	}
	x.db.SetMaxOpenConns(4)
	x.words, x.opening, x.next, x.last = map[string]int64{}, map[string]intent{}, 0, stretch{}
	x.reached.Store(0)
	var version int
	if err := x.db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	switch version {
	case 0:
		_, err = x.db.ExecContext(ctx, indexSchema)
		return err
	case indexFormat:
		return x.load(ctx)
	}
	return errOtherIndex
}

// load reads what is kept in memory.
func (x *Index) load(ctx context.Context) error {
	err := x.db.QueryRowContext(ctx, `SELECT coalesce(max(seq) + 1, 0) FROM records`).Scan(&x.next)
	x.reached.Store(x.next)
	return err
}

// sameLog compares the last record of the index with the log: it must be there and be the same.
func (x *Index) sameLog(ctx context.Context) error {
	if x.next == 0 {
		return nil
	}
	size, err := x.src.Size()
	if err != nil {
		return err
	}
	if x.next > size {
		return errOtherIndex
	}
	var want []byte
	if err := x.db.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = 'last'`).Scan(&want); err != nil {
		return err
	}
	same := false
	err = x.src.Leaves(x.next-1, x.next, func(r *custody.Stored) error {
		same = string(digest(r.Leaf)) == string(want)
		return nil
	})
	if err == nil && !same {
		err = errOtherIndex
	}
	return err
}

// discard deletes the index, so that it is made anew.
func (x *Index) discard() error {
	if x.db != nil {
		_ = x.db.Close() // it is thrown away
	}
	for _, ending := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(x.path + ending); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// replay tells the ledger of the steps that are in the index.
func (x *Index) replay(ctx context.Context) error {
	seqs, err := x.seqs(ctx, `SELECT seq FROM steps ORDER BY seq`)
	if err != nil {
		return err
	}
	for _, seq := range seqs {
		err := x.src.Leaves(seq, seq+1, func(r *custody.Stored) error {
			l, err := parseLeaf(r.Seq, r.Leaf)
			if err != nil {
				return err
			}
			return x.steps(l)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// seqs runs a query of one column of sequence numbers.
func (x *Index) seqs(ctx context.Context, query string, args ...any) ([]uint64, error) {
	rows, err := x.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read index: %w", err)
	}
	defer rows.Close()
	var out []uint64
	for rows.Next() {
		var seq uint64
		if err := rows.Scan(&seq); err != nil {
			return nil, fmt.Errorf("read index: %w", err)
		}
		out = append(out, seq)
	}
	return out, rows.Err()
}
