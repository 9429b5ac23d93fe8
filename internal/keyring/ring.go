package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/reeve-ai/reeve"
)

// maxCached bounds the subjects whose keys are held in memory. Beyond it the cache starts anew.
const maxCached = 65536

// Options say where keys live.
type Options struct {
	Dir   string      // data directory; wrapped keys live in Dir/keys.db
	Root  string      // root key provider: "file" or "" (Dir/root.key), "file:PATH", "env:NAME"
	Clock reeve.Clock // default time.Now
}

// Ring holds the keys of one data directory. It is safe for concurrent use.
type Ring struct {
	db    *sql.DB
	clock reeve.Clock
	root  cipher.AEAD
	index []byte // keys the pseudonyms of subjects

	mu        sync.RWMutex
	bySubject map[string]*Subject
	byKEK     map[KEKID]cipher.AEAD
}

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
	r := &Ring{db: db, clock: o.Clock, bySubject: map[string]*Subject{}, byKEK: map[KEKID]cipher.AEAD{}}
	if err := r.unlock(o); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return r, nil
}

// unlock reads the root key and the key for pseudonyms.
func (r *Ring) unlock(o Options) error {
	var secrets int
	if err := r.db.QueryRow(`SELECT count(*) FROM secrets`).Scan(&secrets); err != nil {
		return fmt.Errorf("read keys.db: %w", err)
	}
	key, err := readRoot(o.Dir, o.Root, secrets == 0)
	if err != nil {
		return err
	}
	r.root, err = newAEAD(key)
	clear(key)
	if err != nil {
		return fmt.Errorf("root key: %w", err)
	}
	r.index, err = r.secret("index", 32)
	return err
}

// SigningKey returns the Ed25519 key of the given name, such as "log", and makes it on first use.
func (r *Ring) SigningKey(name string) (ed25519.PrivateKey, error) {
	seed, err := r.secret("ed25519/"+name, ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	defer clear(seed)
	return ed25519.NewKeyFromSeed(seed), nil
}

// Close closes keys.db and drops the keys from the cache.
func (r *Ring) Close() error {
	r.mu.Lock()
	clear(r.bySubject)
	clear(r.byKEK)
	clear(r.index)
	r.mu.Unlock()
	if err := r.db.Close(); err != nil {
		return fmt.Errorf("close keys.db: %w", err)
	}
	return nil
}

// pseudonym is the name under which a subject's keys are stored.
func (r *Ring) pseudonym(subject string) []byte {
	m := hmac.New(sha256.New, r.index)
	m.Write([]byte(subject))
	return m.Sum(nil)
}

// seal wraps a key under the root key; aad binds it to its place.
func (r *Ring) seal(plain, aad []byte) []byte {
	out := make([]byte, r.root.NonceSize(), r.root.NonceSize()+len(plain)+r.root.Overhead())
	_, _ = rand.Read(out) // never fails: crypto/rand ends the process instead
	return r.root.Seal(out, out, plain, aad)
}

func (r *Ring) unseal(wrapped, aad []byte) ([]byte, error) {
	n := r.root.NonceSize()
	if len(wrapped) < n {
		return nil, ErrWrongRoot
	}
	plain, err := r.root.Open(nil, wrapped[:n], wrapped[n:], aad)
	if err != nil {
		return nil, ErrWrongRoot // or the row was altered; authenticated decryption cannot tell which
	}
	return plain, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
