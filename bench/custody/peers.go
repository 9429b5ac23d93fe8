package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"path/filepath"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	_ "modernc.org/sqlite"
)

// quiet is the CPU time in µs that reference takes on a quiet core of the kind that the bars were set on.
const quiet = 0.85

// reference is the CPU time of SHA-256 over 1.5 KB right now, in µs: it grows with what else runs on the machine.
func reference() float64 {
	in := make([]byte, 1500)
	const n = 20000
	began := cpuTime()
	for range n {
		in[0] ^= sha256.Sum256(in)[0]
	}
	return float64((cpuTime() - began).Nanoseconds()) / 1e3 / n
}

// record is what a peer stores: as many bytes as our leaf and payload together have content.
func record(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// sqlite is one table under synchronous=FULL in WAL mode, written by one goroutine that takes all that waits, up to 1024 records, into one
// transaction, and chains them by SHA-256.
func sqlite(o *options) (appender, func() error, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(o.dir, "peer.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE log (seq INTEGER PRIMARY KEY, chain BLOB, data BLOB)"); err != nil {
		return nil, nil, err
	}
	type request struct {
		data []byte
		done chan error
	}
	queue := make(chan request, o.inFlight)
	go func() {
		var chain [32]byte
		for first := range queue {
			batch := []request{first}
			for more := true; more && len(batch) < 1024; {
				select {
				case r := <-queue:
					batch = append(batch, r)
				default:
					more = false
				}
			}
			err := func() error {
				tx, err := db.Begin()
				if err != nil {
					return err
				}
				defer func() { _ = tx.Rollback() }()
				insert, err := tx.Prepare("INSERT INTO log (chain, data) VALUES (?, ?)")
				if err != nil {
					return err
				}
				for _, r := range batch {
					chain = sha256.Sum256(append(chain[:], r.data...))
					if _, err := insert.Exec(chain[:], r.data); err != nil {
						return err
					}
				}
				return tx.Commit()
			}()
			for _, r := range batch {
				r.done <- err
			}
		}
	}()
	data := record(o.bytes)
	return func(int) error {
		r := request{data, make(chan error, 1)}
		queue <- r
		return <-r.done
	}, db.Close, nil
}

// tesseraPOSIX is Tessera's POSIX log; a record counts when it is integrated, which is when it is durable there.
func tesseraPOSIX(o *options) (appender, func() error, error) {
	ctx, cancel := context.WithCancel(context.Background())
	driver, err := posix.New(ctx, posix.Config{Path: filepath.Join(o.dir, "tessera")})
	if err != nil {
		cancel()
		return nil, nil, err
	}
	secret, _, err := note.GenerateKey(rand.Reader, "peer.example")
	if err != nil {
		cancel()
		return nil, nil, err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	log, stop, _, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(signer).WithCheckpointInterval(time.Second).WithBatching(1024, 50*time.Millisecond))
	if err != nil {
		cancel()
		return nil, nil, err
	}
	add := func(int) error {
		_, err := log.Add(ctx, tessera.NewEntry(record(o.bytes)))()
		return err
	}
	return add, func() error {
		err := stop(ctx)
		cancel()
		return err
	}, nil
}
