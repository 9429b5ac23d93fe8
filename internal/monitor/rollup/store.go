package rollup

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the database/sql driver "sqlite"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/monitor/record"
)

// File is the name of the rollups in the data directory.
const File = "rollup.db"

// format is PRAGMA user_version. Another one is no error: the file is made anew.
const format = 2

const schema = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE series (
	id INTEGER PRIMARY KEY, kind TEXT NOT NULL,
	a TEXT NOT NULL, b TEXT NOT NULL, c TEXT NOT NULL, d TEXT NOT NULL, e TEXT NOT NULL
) STRICT;
CREATE TABLE counts (
	grain INTEGER NOT NULL, t INTEGER NOT NULL, series INTEGER NOT NULL,
	n INTEGER NOT NULL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
	us INTEGER NOT NULL, us_guard INTEGER NOT NULL, us_custody INTEGER NOT NULL,
	PRIMARY KEY (grain, t, series)
) STRICT, WITHOUT ROWID;
CREATE TABLE waiting (n INTEGER PRIMARY KEY, ulid BLOB NOT NULL, about BLOB NOT NULL) STRICT;
CREATE TABLE acts (
	seq INTEGER PRIMARY KEY, t INTEGER NOT NULL, ulid BLOB NOT NULL,
	act TEXT NOT NULL, object TEXT NOT NULL, result TEXT NOT NULL, names BLOB NOT NULL
) STRICT;
PRAGMA user_version = 2;
`

// Source is the log as rollups read it. It is safe for concurrent use. *custody.Reader is one.
type Source interface {
	// Size is the number of durable leaves.
	Size() (uint64, error)
	// Leaves hands the records of [from, to) in order, without what is sealed. They are valid until fn returns.
	Leaves(from, to uint64, fn func(*custody.Stored) error) error
}

// Store holds the counters. It is safe for concurrent use.
type Store struct {
	path string
	src  Source
	db   *sql.DB

	behind atomic.Uint64 // next, for readers

	mu     sync.Mutex // of everything below, and of writing
	next   uint64     // first record that is not counted
	newest int64      // time of the newest record, Unix seconds
	parser *record.Parser
	joiner *record.Joiner

	names    sync.RWMutex // of everything below
	ids      map[key]int64
	keys     []key // by id - 1
	perDim   map[Dim]map[string]bool
	perKind  map[Kind]int
	caughtUp time.Time // guarded by mu
	now      func() time.Time
}

// Open opens or makes rollup.db in the data directory. It counts nothing yet: see CatchUp and Run.
func Open(ctx context.Context, dir string, src Source, now func() time.Time) (*Store, error) {
	if now == nil {
		now = time.Now
	}
	s := &Store{path: filepath.Join(dir, File), src: src, now: now}
	err := s.open(ctx)
	if err == nil {
		err = s.sameLog(ctx)
	}
	if err != nil {
		if err = errors.Join(s.discard(), s.open(ctx)); err != nil {
			return nil, fmt.Errorf("open rollups: %w", err)
		}
	}
	return s, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

var errOther = errors.New("the rollups are of another format or another log")

func (s *Store) open(ctx context.Context) error {
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE, 0o600) // SQLite would create it with the process's umask
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)", "temp_store(MEMORY)", "cache_size(-8192)"}}
	if s.db, err = sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: s.path}).EscapedPath(), RawQuery: q.Encode()}).String()); err != nil {
		return err
	}
	s.db.SetMaxOpenConns(4)
	s.forget()
	var version int
	if err := s.db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	switch version {
	case 0:
		_, err = s.db.ExecContext(ctx, schema)
		return err
	case format:
		return s.load(ctx)
	}
	return errOther
}

// forget empties what is kept in memory.
func (s *Store) forget() {
	s.next, s.newest, s.parser, s.joiner = 0, 0, record.NewParser(), record.NewJoiner()
	s.ids, s.keys, s.perDim, s.perKind = map[key]int64{}, nil, map[Dim]map[string]bool{}, map[Kind]int{}
}

// reload takes what is kept in memory back to what the file says, after a batch that failed.
func (s *Store) reload(ctx context.Context) error {
	s.names.Lock()
	defer s.names.Unlock()
	s.forget()
	return s.load(ctx)
}

// load reads what is kept in memory.
func (s *Store) load(ctx context.Context) error {
	if err := s.db.QueryRowContext(ctx, `SELECT coalesce((SELECT value FROM meta WHERE name = 'next'), 0), coalesce((SELECT value FROM meta WHERE name = 'newest'), 0)`).Scan(&s.next, &s.newest); err != nil {
		return err
	}
	s.behind.Store(s.next)
	rows, err := s.db.QueryContext(ctx, `SELECT id, kind, a, b, c, d, e FROM series ORDER BY id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var k key
		var id int64
		n := &k.names
		if err := rows.Scan(&id, &k.kind, &n[0], &n[1], &n[2], &n[3], &n[4]); err != nil {
			return err
		}
		if id != int64(len(s.keys))+1 {
			return errOther
		}
		s.know(k, id)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return s.loadWaiting(ctx)
}

// know notes a series.
func (s *Store) know(k key, id int64) {
	s.ids[k] = id
	s.keys = append(s.keys, k)
	s.perKind[k.kind]++
	for i, d := range dims[k.kind] {
		if s.perDim[d] == nil {
			s.perDim[d] = map[string]bool{}
		}
		s.perDim[d][k.names[i]] = true
	}
}

// sameLog compares the last counted record with the log: it must be there and be the same. One that retention removed since
// says nothing: then the log goes on from behind it.
func (s *Store) sameLog(ctx context.Context) error {
	if s.next == 0 {
		return nil
	}
	size, err := s.src.Size()
	if err != nil {
		return err
	}
	if s.next > size {
		return errOther
	}
	var want []byte
	if err := s.db.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = 'last'`).Scan(&want); err != nil {
		return err
	}
	same := true
	err = s.src.Leaves(s.next-1, s.next, func(r *custody.Stored) error {
		same = r.Seq != s.next-1 || string(digest(r.Leaf)) == string(want)
		return nil
	})
	if err == nil && !same {
		err = errOther
	}
	return err
}

func digest(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}

// discard deletes the file, so that it is made anew.
func (s *Store) discard() error {
	if s.db != nil {
		_ = s.db.Close() // it is thrown away
	}
	for _, ending := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(s.path + ending); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
