package keyring

import (
	"context"
	"crypto/ed25519"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reeve-ai/reeve"
)

const (
	// maxCached bounds the subjects whose keys are held in memory. Beyond it the cache starts anew.
	maxCached = 65536
	// maxAge is how long an unwrapped key of a subject stays in memory; the sweep every sweepEvery finds those that would exceed it.
	maxAge     = 5 * time.Minute
	sweepEvery = time.Minute
)

// Options say where keys live.
type Options struct {
	Dir   string      // data directory; wrapped keys live in Dir/keys.db
	Root  string      // root key provider, see OpenRoot
	Clock reeve.Clock // default time.Now
}

// Ring holds the keys of one data directory. It is safe for concurrent use.
type Ring struct {
	db    *sql.DB
	dir   string
	clock reeve.Clock
	epoch *epoch
	ctx   context.Context // ends with the ring; for the provider of the root key
	stop  context.CancelFunc
	swept sync.WaitGroup

	seen atomic.Uint64 // epoch that the caches belong to

	mu        sync.RWMutex
	root      Root
	house     *master
	tenants   map[string]*master // by name
	bySubject map[subjectName]*Subject
	byKEK     map[KEKID]*opened
	worn      map[KEKID]uint64 // uses of keys that left the cache
}

type subjectName struct{ tenant, subject string }

// Open opens or creates the keys of a data directory, and the root key where the provider is the default file and no keys exist yet.
// It returns ErrNewer, ErrNoRoot or ErrWrongRoot (wrapped) where these are the reason.
func Open(o Options) (*Ring, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	db, err := openDB(o.Dir)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &Ring{
		db: db, dir: o.Dir, clock: o.Clock, ctx: ctx, stop: stop, tenants: map[string]*master{},
		bySubject: map[subjectName]*Subject{}, byKEK: map[KEKID]*opened{}, worn: map[KEKID]uint64{},
	}
	if err := r.unlock(o); err != nil {
		stop()
		return nil, errors.Join(err, r.closeRoot(), db.Close())
	}
	r.swept.Go(r.sweep)
	return r, nil
}

// unlock reads the root key and the master keys, and brings an older format up to date.
func (r *Ring) unlock(o Options) (err error) {
	if r.epoch, err = openEpoch(o.Dir); err != nil {
		return err
	}
	r.seen.Store(r.epoch.load())
	version, err := versionOf(r.db)
	if err != nil {
		return err
	}
	first := false
	if version == formatVersion {
		err = r.db.QueryRow(`SELECT NOT EXISTS (SELECT 1 FROM masters)`).Scan(&first)
	}
	if err != nil {
		return fmt.Errorf("read keys.db: %w", err)
	}
	if r.root, err = OpenRoot(r.ctx, o.Dir, o.Root, first); err != nil {
		return err
	}
	if version < formatVersion {
		if err := r.migrate(); err != nil {
			return fmt.Errorf("bring keys.db up to format %d: %w", formatVersion, err)
		}
	}
	r.house, err = r.master(r.db, houseName, true)
	if errors.Is(err, ErrWrongRoot) && (o.Root == "" || o.Root == "file") && r.resumeRoot() {
		r.house, err = r.master(r.db, houseName, false)
	}
	if err != nil {
		return err
	}
	if err := r.writeLedger(); err != nil {
		return err
	}
	return r.purge()
}

func (r *Ring) closeRoot() error {
	if r.root == nil {
		return nil
	}
	return r.root.Close()
}

// SigningKey returns the Ed25519 key of the given name, such as "log", and makes it on first use.
func (r *Ring) SigningKey(name string) (ed25519.PrivateKey, error) {
	seed, err := r.SigningSeed("ed25519/" + name)
	if err != nil {
		return nil, err
	}
	defer clear(seed)
	return ed25519.NewKeyFromSeed(seed), nil
}

// SigningSeed returns the 32-byte seed of a signing key, named by algorithm and purpose such as "mldsa44/log". It is drawn at
// first use and stays. The caller overwrites it after use.
func (r *Ring) SigningSeed(name string) ([]byte, error) { return r.secret(name, keySize) }

// RootID names the root key in force, such as "file/9f86d081884c7d65".
func (r *Ring) RootID() string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.root.ID()
}

// Close closes keys.db and drops the keys from memory.
func (r *Ring) Close() error {
	r.stop()
	r.swept.Wait()
	r.mu.Lock()
	r.drop()
	r.house = nil
	clear(r.tenants)
	err := r.closeRoot()
	r.mu.Unlock()
	if e := r.db.Close(); e != nil {
		err = errors.Join(err, fmt.Errorf("close keys.db: %w", e))
	}
	return err
}

// sweep ends what is held for too long and what another process kept from being cleared, until the ring closes.
func (r *Ring) sweep() {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-t.C:
			r.evict(r.clock())
			_ = r.purge() // tried again at the next tick
		}
	}
}

// evict drops the keys that would be older than maxAge at the next sweep.
func (r *Ring) evict(now time.Time) {
	limit := now.Add(sweepEvery - maxAge)
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, s := range r.bySubject {
		if !s.loaded.After(limit) {
			r.noteWear(s)
			delete(r.bySubject, name)
		}
	}
	for id, k := range r.byKEK {
		if !k.loaded.After(limit) {
			delete(r.byKEK, id)
		}
	}
}

// drop empties the caches. mu is held.
func (r *Ring) drop() {
	for _, s := range r.bySubject {
		r.noteWear(s)
	}
	clear(r.bySubject)
	clear(r.byKEK)
}

// wornFrom is the number of uses from which a key's count is kept when the key leaves the cache: fewer do not matter against
// maxWraps.
const wornFrom = 1 << 12

// noteWear keeps the count of a key that leaves the cache. mu is held.
func (r *Ring) noteWear(s *Subject) {
	if n := s.wraps.Load(); n >= wornFrom {
		r.worn[s.id] = max(n, r.worn[s.id])
	}
}

// refresh drops what another caller or process made stale. Every use of a cached key asks for it first.
func (r *Ring) refresh() {
	if r.epoch.load() == r.seen.Load() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.epoch.load()
	r.drop()
	for name, m := range r.tenants {
		var wrapped []byte
		err := r.db.QueryRow(`SELECT wrapped FROM masters WHERE name = $1`, m.name).Scan(&wrapped)
		if err != nil || subtle.ConstantTimeCompare(wrapped, m.wrapped) == 0 {
			delete(r.tenants, name)
		}
	}
	r.seen.Store(now)
}
