// Package identity says who is calling: API keys, users and service accounts with their groups, tokens of an OpenID
// provider, client certificates and sessions; and it keeps the certificates of the listeners.
//
// A key reads rv_<id>_<secret>. The id is public and names the key in lists, logs and records; of the secret only the
// SHA-256 is kept. Authenticate answers from memory: it takes one cheap system call to learn whether any process has
// changed a key since (so a revoked key stops working with the next request), and reads the store only then.
//
// What cannot be decided is refused: a store that cannot be read, two keys in one request, a key that is almost right.
// No refusal, error or log line repeats any part of a presented key.
package identity

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/store"
)

// Store keeps keys, users, groups and sessions. *store.DB is one. Every method is safe for concurrent use, and those that
// change something are durable when they return nil, together with the act that goes to the custody log, or not at all.
type Store interface {
	// Changes returns what changed after the version known, everything for -1.
	Changes(ctx context.Context, known int64) (store.Changes, error)
	// Stamp differs after any process has changed something; negative means unknown. It is called for every request.
	Stamp() int64

	CreateKey(ctx context.Context, k store.APIKey, act store.Act) error
	// RevokeKey reports false where the key was revoked before. An unknown id is store.ErrNotFound.
	RevokeKey(ctx context.Context, id string, at time.Time, act store.Act) (bool, error)
	AddSpent(ctx context.Context, spent []store.Spent) error

	CreateUser(ctx context.Context, u store.User, act store.Act) (store.User, error)
	UpdateUser(ctx context.Context, id string, ifVersion int64, edit func(*store.User) (*store.Act, error)) (store.User, error)
	DeleteUser(ctx context.Context, id string, at time.Time, act store.Act) error
	RevokeUser(ctx context.Context, id string, at time.Time, act store.Act) error
	CreateGroup(ctx context.Context, g store.Group, act store.Act) (store.Group, error)
	UpdateGroup(ctx context.Context, id string, ifVersion int64, edit func(*store.Group, map[string]store.Group) (*store.Act, error)) (store.Group, error)

	CreateSession(ctx context.Context, s store.Session, act store.Act) error
	SeenSession(ctx context.Context, id string, at time.Time) error
	SessionSeen(ctx context.Context, id string) (time.Time, error)
	RevokeSessions(ctx context.Context, id, userID string, at time.Time, act store.Act) (int64, error)

	PutFlow(ctx context.Context, token [sha256.Size]byte, kind string, body []byte, now, expires time.Time) error
	AddAct(ctx context.Context, act store.Act) error
}

// Options of Open. The zero value is usable.
type Options struct {
	Clock      reeve.Clock   // nil: time.Now
	FlushEvery time.Duration // how often spent tokens go to the store; 0: each second
	Log        *slog.Logger  // nil: silent
	Tokens     TokenVerifier // nil: no bearer tokens but API keys
	Unknown    Unknown       // what becomes of people whom a provider vouches for and the directory does not know
	Programs   ProgramPolicy // client certificates
	Idle       time.Duration // how long a session may rest; 0: 30 minutes
	Absolute   time.Duration // how long it lasts at most; 0: 12 hours
}

// Directory knows who may act: API keys, users, service accounts, groups and sessions. It is safe for concurrent use.
type Directory struct {
	store    Store
	now      reeve.Clock
	log      *slog.Logger
	tokens   TokenVerifier
	unknown  Unknown
	programs ProgramPolicy
	idle     time.Duration
	absolute time.Duration
	known    atomic.Pointer[snapshot]
	vouched  vouchers

	reload  sync.Mutex // one reader of the store at a time; held while known is replaced
	failure error      // of the last read; nil: it succeeded
	failed  time.Time  // when
	flush   sync.Mutex // one writer of spent tokens at a time

	stop    context.CancelFunc
	stopped chan struct{} // closed by the goroutine that flushes
}

// Open reads the keys and starts the goroutine that writes spent tokens back. Close ends it.
func Open(ctx context.Context, st Store, o Options) (*Directory, error) {
	k := &Directory{
		store: st, now: o.Clock, log: o.Log, tokens: o.Tokens, unknown: o.Unknown, programs: o.Programs, idle: o.Idle, absolute: o.Absolute,
		stopped: make(chan struct{}),
	}
	if k.idle == 0 {
		k.idle = 30 * time.Minute
	}
	if k.absolute == 0 {
		k.absolute = 12 * time.Hour
	}
	if k.now == nil {
		k.now = time.Now
	}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	if o.FlushEvery == 0 {
		o.FlushEvery = time.Second
	}
	if _, err := k.refresh(ctx); err != nil {
		return nil, err
	}
	ctx, k.stop = context.WithCancel(context.WithoutCancel(ctx))
	go k.run(ctx, o.FlushEvery)
	return k, nil
}

// Close writes what was spent and ends the goroutine. The store stays open: it belongs to the caller.
func (d *Directory) Close() error {
	d.stop()
	<-d.stopped
	return d.Flush(context.Background())
}

func (d *Directory) run(ctx context.Context, every time.Duration) {
	defer close(d.stopped)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := d.Flush(ctx); err != nil && ctx.Err() == nil {
			d.log.Warn("spent tokens are not stored yet", "error", err)
		}
		// The net below the stamp: a process may die between its commit and the stamp.
		if err := d.check(ctx); err != nil && ctx.Err() == nil {
			d.log.Warn("keys could not be read", "error", err)
		}
	}
}

// current returns keys that are no older than this call.
func (d *Directory) current() (*snapshot, error) {
	s := d.known.Load()
	if stamp := d.store.Stamp(); stamp >= 0 && stamp == s.stamp {
		return s, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return d.refresh(ctx)
}

// refresh replaces the snapshot, unless somebody else just did.
func (d *Directory) refresh(ctx context.Context) (*snapshot, error) {
	asked := time.Now()
	d.reload.Lock()
	defer d.reload.Unlock()
	stamp := d.store.Stamp()
	old := d.known.Load()
	if old != nil && stamp >= 0 && stamp == old.stamp {
		return old, nil
	}
	return d.read(ctx, old, stamp, asked)
}

// check reads the version, whatever the stamp says.
func (d *Directory) check(ctx context.Context) error {
	d.reload.Lock()
	defer d.reload.Unlock()
	_, err := d.read(ctx, d.known.Load(), d.store.Stamp(), time.Now())
	return err
}

// read is called with k.reload held.
func (d *Directory) read(ctx context.Context, old *snapshot, stamp int64, asked time.Time) (*snapshot, error) {
	if d.failure != nil && d.failed.After(asked) { // it failed while this caller waited: one failure for all who did
		return nil, d.failure
	}
	version := int64(-1)
	if old != nil {
		version = old.version
	}
	c, err := d.store.Changes(ctx, version)
	if d.failure, d.failed = err, time.Now(); err != nil {
		return nil, err
	}
	if old != nil && c.Version == version {
		if stamp == old.stamp {
			return old, nil
		}
		same := *old
		same.stamp = stamp
		d.known.Store(&same)
		return &same, nil
	}
	s := d.next(&c, old)
	s.stamp = stamp
	d.known.Store(s)
	return s, nil
}

// Flush writes spent tokens to the store now. What could not be written stays for the next time.
func (d *Directory) Flush(ctx context.Context) error {
	d.flush.Lock()
	defer d.flush.Unlock()
	entries := d.known.Load().byID
	var spent []store.Spent
	for id, e := range entries {
		if day, n := e.session.use.take(); n > 0 {
			spent = append(spent, store.Spent{ID: id, Day: day, Tokens: n})
		}
	}
	if len(spent) == 0 {
		return nil
	}
	err := d.store.AddSpent(ctx, spent)
	if err != nil {
		for _, s := range spent {
			entries[s.ID].session.use.putBack(s.Day, s.Tokens)
		}
	}
	return err
}

// ErrInvalid says that something was asked for that cannot be; the message says why.
var ErrInvalid = errors.New("invalid")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}
