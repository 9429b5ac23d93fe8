package keyring

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
)

// A master key is wrapped by the root key and wraps what lies below it: the house's own secrets, or the keys of one tenant's
// subjects. Its plaintext is a key of 32 bytes and an index key of 32 bytes, under which names become pseudonyms.
type master struct {
	name    []byte // row in masters: "house", or the tenant's pseudonym
	wrapped []byte // as it stands there
	aead    cipher.AEAD
	index   [keySize]byte
}

const (
	keySize    = 32
	masterSize = 2 * keySize
	gcmNonce   = 12
	gcmTag     = 16
	wrappedKEK = gcmNonce + kekSize + pepperSize + gcmTag
)

var houseName = []byte("house")

func newMaster(name, wrapped, plain []byte) (*master, error) {
	if len(plain) != masterSize {
		return nil, errors.New("master key of wrong size")
	}
	aead, err := newAEAD(plain[:keySize])
	if err != nil {
		return nil, err
	}
	m := &master{name: name, wrapped: wrapped, aead: aead, index: [keySize]byte(plain[keySize:])}
	runtime.SetFinalizer(m, func(m *master) { clear(m.index[:]) }) // the cipher wipes itself
	return m, nil
}

func masterAAD(name []byte) []byte { return slices.Concat([]byte("reeve.master/2\x00"), name) }

// pseudonym is the name under which a subject's or tenant's rows are stored.
func (m *master) pseudonym(name string) []byte {
	h := hmac.New(sha256.New, m.index[:])
	h.Write([]byte(name))
	return h.Sum(nil)
}

// master returns the master key of a row. It draws one where there is none and make says so, else it returns ErrErased.
func (r *Ring) master(q querier, name []byte, create bool) (*master, error) {
	var wrapped []byte
	err := q.QueryRow(`SELECT wrapped FROM masters WHERE name = $1`, name).Scan(&wrapped)
	if errors.Is(err, sql.ErrNoRows) {
		if !create {
			return nil, ErrErased
		}
		if err := r.drawMaster(q, name); err != nil {
			return nil, err
		}
		err = q.QueryRow(`SELECT wrapped FROM masters WHERE name = $1`, name).Scan(&wrapped)
	}
	if err != nil {
		return nil, fmt.Errorf("read master key: %w", err)
	}
	plain, err := r.root.Unwrap(r.ctx, masterAAD(name), wrapped)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	defer clear(plain)
	return newMaster(name, wrapped, plain)
}

// drawMaster makes a master key. Where two processes draw at once, the first row stays.
func (r *Ring) drawMaster(q querier, name []byte) error {
	plain := make([]byte, masterSize)
	_, _ = rand.Read(plain) // never fails: crypto/rand ends the process instead
	defer clear(plain)
	return r.putMaster(q, name, plain)
}

func (r *Ring) putMaster(q querier, name, plain []byte) error {
	wrapped, err := r.root.Wrap(r.ctx, masterAAD(name), plain)
	if err != nil {
		return fmt.Errorf("wrap master key: %w", err)
	}
	_, err = q.Exec(`INSERT INTO masters (name, wrapped, created_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		name, wrapped, r.clock().UnixMilli())
	if err != nil {
		return fmt.Errorf("store master key: %w", err)
	}
	return nil
}

// secret returns a sealed secret of the house, drawn at first use. Where two processes draw at once, the first row stays.
func (r *Ring) secret(name string, size int) ([]byte, error) {
	r.mu.RLock()
	house := r.house
	r.mu.RUnlock()
	if house == nil {
		return nil, errClosed
	}
	aad := secretAAD(name)
	fresh := make([]byte, size)
	_, _ = rand.Read(fresh) // never fails: crypto/rand ends the process instead
	var wrapped []byte
	err := r.db.QueryRow(`SELECT wrapped FROM secrets WHERE name = $1`, name).Scan(&wrapped)
	if errors.Is(err, sql.ErrNoRows) {
		if _, err := r.db.Exec(`INSERT INTO secrets (name, wrapped) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, seal(house.aead, fresh, aad)); err != nil {
			return nil, fmt.Errorf("store secret %s: %w", name, err)
		}
		err = r.db.QueryRow(`SELECT wrapped FROM secrets WHERE name = $1`, name).Scan(&wrapped)
	}
	if err != nil {
		return nil, fmt.Errorf("read secret %s: %w", name, err)
	}
	clear(fresh)
	plain, err := unseal(house.aead, wrapped, aad)
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", name, err)
	}
	if len(plain) != size {
		return nil, fmt.Errorf("secret %s has %d bytes, want %d", name, len(plain), size)
	}
	return plain, nil
}

func secretAAD(name string) []byte { return []byte("reeve.secret/1\x00" + name) }
