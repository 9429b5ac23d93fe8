package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// How a server that shares a PostgreSQL database learns of changes: it asks for the version of the store every
// pollEvery, one row by primary key. Where no answer has come for blindAfter, Stamp says "unknown" and every request asks
// the database itself, so that one that is away lets nobody in.
const (
	pollEvery  = 250 * time.Millisecond
	blindAfter = 900 * time.Millisecond
)

// OpenPostgres opens a store in the PostgreSQL database at url ("postgres://…"), which several servers may share. The
// tables lie in the first schema of the search path and are made where they do not exist. Errors never repeat the url.
func OpenPostgres(ctx context.Context, url string) (*DB, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, withHint(errors.New("open store: the address of the database cannot be read"), "it reads postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full")
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 2 * time.Second
	}
	cfg.RuntimeParams["application_name"] = "reeve"
	cfg.RuntimeParams["statement_timeout"] = "10000"
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(4)
	if err := setUpPostgres(ctx, db); err != nil {
		return nil, errors.Join(fmt.Errorf("open store on %s: %w", cfg.Host, explain(err)), db.Close())
	}
	p := newPoll(db)
	return &DB{sql: db, signal: p, lock: `SELECT pg_try_advisory_xact_lock(7365657265)`}, nil
}

// setUpPostgres migrates. Several servers may start at once: an advisory lock lets one do it.
func setUpPostgres(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock(7365657264)`); err != nil {
		return err
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock(7365657264)`) //nolint:errcheck // ends with the connection
	found, err := version(ctx, conn, tablesOfPostgres)
	if err != nil {
		return err
	}
	if found == int64(len(migrations)-1) {
		return nil
	}
	return migrate(ctx, db, tablesOfPostgres, migrations)
}

// poll is the signal of a shared database.
type poll struct {
	db      *sql.DB
	version atomic.Int64
	fresh   atomic.Int64 // when version was read, ns of the monotonic clock since start
	start   time.Time
	stop    context.CancelFunc
	done    chan struct{}
}

func newPoll(db *sql.DB) *poll {
	ctx, stop := context.WithCancel(context.Background())
	p := &poll{db: db, start: time.Now(), stop: stop, done: make(chan struct{})}
	p.fresh.Store(-int64(time.Hour))
	p.ask(ctx)
	go p.run(ctx)
	return p
}

func (p *poll) run(ctx context.Context) {
	defer close(p.done)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			p.ask(ctx)
		}
	}
}

// ask reads the version. The time counts from before the question, so that an old answer is never taken for a new one.
func (p *poll) ask(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, blindAfter)
	defer cancel()
	asked := time.Since(p.start)
	var v int64
	if err := p.db.QueryRowContext(ctx, `SELECT value FROM reeve_meta WHERE name = $1`, counterKeys).Scan(&v); err == nil {
		p.version.Store(v)
		p.fresh.Store(int64(asked))
	}
}

func (p *poll) read() int64 {
	if int64(time.Since(p.start))-p.fresh.Load() > int64(blindAfter) {
		return -1
	}
	return p.version.Load()
}

// touch makes a change of this process visible to its next request without waiting for the poll.
func (p *poll) touch(version int64) error {
	for {
		was := p.version.Load()
		if was >= version || p.version.CompareAndSwap(was, version) {
			return nil
		}
	}
}

func (p *poll) heal() error { return nil }

func (p *poll) close() error {
	p.stop()
	<-p.done
	return nil
}
