// Package identity says who is calling: it knows the API keys, their limits, and the certificates of the listeners.
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
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/store"
)

// Store keeps keys. *store.DB is one. Every method is safe for concurrent use and durable when it returns nil.
type Store interface {
	// Keys returns all keys and the version of the table, or no keys where the version is still the known one.
	Keys(ctx context.Context, known int64) (keys []store.APIKey, version int64, err error)
	// CreateKey adds a key and, with it or not at all, the act.
	CreateKey(ctx context.Context, k store.APIKey, act store.Act) error
	// RevokeKey ends a key and, with it or not at all, adds the act; false where it was revoked before.
	// An unknown id is store.ErrNotFound.
	RevokeKey(ctx context.Context, id string, at time.Time, act store.Act) (bool, error)
	// AddSpent adds to the token counts of keys.
	AddSpent(ctx context.Context, spent []store.Spent) error
	// Stamp differs after any process has changed a key; negative means unknown. It is called for every request.
	Stamp() int64
}

// Options of Open. The zero value is usable.
type Options struct {
	Clock      reeve.Clock   // nil: time.Now
	FlushEvery time.Duration // how often spent tokens go to the store; 0: each second
	Log        *slog.Logger  // nil: silent
}

// Keys is the register of API keys. It is safe for concurrent use.
type Keys struct {
	store Store
	now   reeve.Clock
	log   *slog.Logger
	known atomic.Pointer[snapshot]

	reload sync.Mutex // one reader of the store at a time; held while known is replaced
	flush  sync.Mutex // one writer of spent tokens at a time

	stop    context.CancelFunc
	stopped chan struct{} // closed by the goroutine that flushes
}

// snapshot is what was read from the store at one moment. It is never changed, only replaced.
type snapshot struct {
	stamp   int64 // taken before the read
	version int64
	byID    map[string]*entry
	list    []Key // in the order of creation
}

// entry is one key with what it has used. The usage outlives the snapshot.
type entry struct {
	session Session
	hash    [32]byte
}

// Open reads the keys and starts the goroutine that writes spent tokens back. Close ends it.
func Open(ctx context.Context, st Store, o Options) (*Keys, error) {
	k := &Keys{store: st, now: o.Clock, log: o.Log, stopped: make(chan struct{})}
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
func (k *Keys) Close() error {
	k.stop()
	<-k.stopped
	return k.Flush(context.Background())
}

func (k *Keys) run(ctx context.Context, every time.Duration) {
	defer close(k.stopped)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := k.Flush(ctx); err != nil && ctx.Err() == nil {
			k.log.Warn("spent tokens are not stored yet", "error", err)
		}
		// The net below the stamp: a process may die between its commit and the stamp.
		if err := k.check(ctx); err != nil && ctx.Err() == nil {
			k.log.Warn("keys could not be read", "error", err)
		}
	}
}

// current returns keys that are no older than this call.
func (k *Keys) current() (*snapshot, error) {
	s := k.known.Load()
	if stamp := k.store.Stamp(); stamp >= 0 && stamp == s.stamp {
		return s, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return k.refresh(ctx)
}

// refresh replaces the snapshot, unless somebody else just did.
func (k *Keys) refresh(ctx context.Context) (*snapshot, error) {
	k.reload.Lock()
	defer k.reload.Unlock()
	stamp := k.store.Stamp()
	old := k.known.Load()
	if old != nil && stamp >= 0 && stamp == old.stamp {
		return old, nil
	}
	return k.read(ctx, old, stamp)
}

// check reads the version, whatever the stamp says.
func (k *Keys) check(ctx context.Context) error {
	k.reload.Lock()
	defer k.reload.Unlock()
	_, err := k.read(ctx, k.known.Load(), k.store.Stamp())
	return err
}

// read is called with k.reload held.
func (k *Keys) read(ctx context.Context, old *snapshot, stamp int64) (*snapshot, error) {
	version := int64(-1)
	if old != nil {
		version = old.version
	}
	rows, now, err := k.store.Keys(ctx, version)
	if err != nil {
		return nil, err
	}
	if old != nil && now == version {
		if stamp == old.stamp {
			return old, nil
		}
		same := *old
		same.stamp = stamp
		k.known.Store(&same)
		return &same, nil
	}
	s := k.snapshot(rows, old)
	s.stamp, s.version = stamp, now
	k.known.Store(s)
	return s, nil
}

func (k *Keys) snapshot(rows []store.APIKey, old *snapshot) *snapshot {
	s := &snapshot{byID: make(map[string]*entry, len(rows)), list: make([]Key, 0, len(rows))}
	for _, row := range rows {
		key := keyOf(row)
		s.list = append(s.list, key)
		e := &entry{hash: row.SecretSHA256}
		e.session = Session{Key: &key, Principal: key.principal(), now: k.now}
		e.session.RoleDigest = roleDigest(&e.session.Principal)
		if old != nil && old.byID[row.ID] != nil {
			e.session.use = old.byID[row.ID].session.use
		} else {
			e.session.use = newUsage(row)
		}
		s.byID[row.ID] = e
	}
	return s
}

// Flush writes spent tokens to the store now. What could not be written stays for the next time.
func (k *Keys) Flush(ctx context.Context) error {
	k.flush.Lock()
	defer k.flush.Unlock()
	entries := k.known.Load().byID
	var spent []store.Spent
	for id, e := range entries {
		if day, n := e.session.use.take(); n > 0 {
			spent = append(spent, store.Spent{ID: id, Day: day, Tokens: n})
		}
	}
	if len(spent) == 0 {
		return nil
	}
	err := k.store.AddSpent(ctx, spent)
	if err != nil {
		for _, s := range spent {
			entries[s.ID].session.use.putBack(s.Day, s.Tokens)
		}
	}
	return err
}

// ErrInvalid says that a key was asked for that cannot be made; the message says why.
var ErrInvalid = errors.New("invalid key")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}
