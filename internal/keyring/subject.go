package keyring

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// NonceSize is the size of the nonce that Wrap takes.
	NonceSize = 12
	// Overhead is what Wrap adds to the key.
	Overhead = 16
	// maxWraps bounds the random nonces under one key: NIST SP 800-38D §8.3 allows 2^32; a restart forgets the count, hence the margin.
	maxWraps = 1 << 30
	// maxCommits bounds the commitments that one subject keeps in memory.
	maxCommits = 64
	pepperSize = 32
	kekSize    = 32
)

// KEKID names one key-encryption key. It is random and says nothing about the subject.
type KEKID [16]byte

// Subject is one person's or program's key: it wraps data keys and makes commitments that die with it.
// It is safe for concurrent use.
type Subject struct {
	id     KEKID
	aead   cipher.AEAD
	pepper [pepperSize]byte
	actor  string
	wraps  atomic.Uint64
	loaded time.Time

	mu      sync.RWMutex
	commits map[commitKey]string
}

type commitKey struct{ what, value string }

// ID names the key that wraps.
func (s *Subject) ID() KEKID { return s.id }

// Actor is the commitment to the subject's own name, 43 characters of unpadded base64url.
func (s *Subject) Actor() string { return s.actor }

// Commit is HMAC-SHA256 under the subject's pepper over the kind of value, a zero byte and the value, as unpadded base64url.
// Equal values give equal commitments for one subject only; without the pepper they cannot be guessed.
func (s *Subject) Commit(what, value string) string {
	key := commitKey{what, value}
	s.mu.RLock()
	c, known := s.commits[key]
	s.mu.RUnlock()
	if known {
		return c
	}
	c = s.commit(what, value)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.commits) >= maxCommits {
		clear(s.commits)
	}
	s.commits[key] = c
	return c
}

func (s *Subject) commit(what, value string) string {
	m := hmac.New(sha256.New, s.pepper[:])
	m.Write([]byte(what))
	m.Write([]byte{0})
	m.Write([]byte(value))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// Wrap appends the key sealed with AES-256-GCM under the subject's KEK to dst. The nonce must be random and fresh.
func (s *Subject) Wrap(dst, nonce, key, aad []byte) []byte {
	s.wraps.Add(1)
	return s.aead.Seal(dst, nonce, key, aad)
}

// Unwrap appends what Wrap sealed under the key of the given id to dst.
// It returns ErrErased where that key does not exist any more.
func (r *Ring) Unwrap(dst []byte, id KEKID, nonce, wrapped, aad []byte) ([]byte, error) {
	k, err := r.kek(id)
	if err != nil {
		return nil, err
	}
	if len(nonce) != NonceSize {
		return nil, errors.New("unwrap data key: nonce of wrong size")
	}
	plain, err := k.aead.Open(dst, nonce, wrapped, aad)
	if err != nil {
		return nil, fmt.Errorf("unwrap data key: %w", err)
	}
	return plain, nil
}

// Subject returns the key of a subject and makes it at first use. After the first call for a subject no SQL runs, until the
// key is five minutes old. A subject is known by its normalised identifier; after its keys were destroyed it gets new ones.
func (t Tenant) Subject(subject string) (*Subject, error) {
	r, name := t.r, subjectName{t.name, subject}
	r.refresh()
	r.mu.RLock()
	s := r.bySubject[name]
	r.mu.RUnlock()
	if s != nil && s.wraps.Load() < maxWraps {
		return s, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if held := r.bySubject[name]; held != nil && held.wraps.Load() < maxWraps {
		return held, nil
	}
	loaded, err := t.loadSubject(subject, s != nil)
	if err != nil {
		return nil, err
	}
	if len(r.bySubject) >= maxCached {
		r.drop()
	}
	r.bySubject[name] = loaded
	return loaded, nil
}

// loadSubject reads the newest generation of a subject's key, and draws the first one, or one more where that one is worn. mu is held.
func (t Tenant) loadSubject(subject string, renew bool) (*Subject, error) {
	m, err := t.lockedMaster(true)
	if err != nil {
		return nil, fmt.Errorf("subject key: %w", err)
	}
	subject = Normalize(subject)
	row, err := t.r.newestKEK(m, m.pseudonym(subject))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read subject key: %w", err)
	}
	if errors.Is(err, sql.ErrNoRows) || renew || t.r.worn[row.id] >= maxWraps {
		if err := t.r.insertKEK(m, m.pseudonym(subject), row); err != nil {
			return nil, fmt.Errorf("store subject key: %w", err)
		}
		if row, err = t.r.newestKEK(m, m.pseudonym(subject)); err != nil {
			return nil, fmt.Errorf("read subject key: %w", err)
		}
	}
	defer clear(row.plain)
	aead, err := newAEAD(row.kek())
	if err != nil {
		return nil, fmt.Errorf("subject key: %w", err)
	}
	s := &Subject{id: row.id, aead: aead, pepper: [pepperSize]byte(row.pepper()), commits: map[commitKey]string{}, loaded: t.r.clock()}
	s.wraps.Store(t.r.worn[s.id])
	s.actor = s.commit("actor", subject)
	runtime.SetFinalizer(s, func(s *Subject) { clear(s.pepper[:]) }) // the cipher wipes itself
	return s, nil
}

type kekRow struct {
	id         KEKID
	generation int64
	slot       int64
	plain      []byte // KEK and pepper; nil where they were not read
}

func (k *kekRow) kek() []byte    { return k.plain[:kekSize:kekSize] }
func (k *kekRow) pepper() []byte { return k.plain[kekSize:] }

func (r *Ring) newestKEK(m *master, subject []byte) (kekRow, error) {
	var row kekRow
	var id, wrapped []byte
	err := r.db.QueryRow(`SELECT k.id, k.generation, k.slot, s.wrapped FROM keks k JOIN slots s ON s.slot = k.slot
		WHERE k.tenant = $1 AND k.subject = $2 ORDER BY k.generation DESC LIMIT 1`, m.name, subject).
		Scan(&id, &row.generation, &row.slot, &wrapped)
	if err != nil {
		return row, err
	}
	return row, row.open(m, id, subject, wrapped)
}

// open unwraps what a row's slot holds.
func (k *kekRow) open(m *master, id, subject, wrapped []byte) error {
	if len(id) != len(k.id) {
		return errors.New("row with a key id of wrong size")
	}
	plain, err := unseal(m.aead, wrapped, kekAAD(id, m.name, subject))
	if err != nil {
		return err
	}
	if len(plain) != kekSize+pepperSize {
		return errors.New("row with a key of wrong size")
	}
	k.id, k.plain = KEKID(id), plain
	return nil
}

// insertKEK adds the generation after the given row, which keeps its pepper. Where two processes insert at once, the first row
// stays. Where the tenant's key is not the one in force any more, it returns an error: nobody could open the row.
func (r *Ring) insertKEK(m *master, subject []byte, after kekRow) error {
	plain := make([]byte, kekSize+pepperSize)
	defer clear(plain)
	_, _ = rand.Read(plain) // never fails: crypto/rand ends the process instead
	if after.plain != nil {
		copy(plain[kekSize:], after.pepper())
	}
	var id KEKID
	_, _ = rand.Read(id[:])
	return r.inTx(func(tx *sql.Tx) error {
		var current, taken bool
		err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM masters WHERE name = $1 AND wrapped = $2),
			EXISTS (SELECT 1 FROM keks WHERE tenant = $1 AND subject = $3 AND generation = $4)`,
			m.name, m.wrapped, subject, after.generation+1).Scan(&current, &taken)
		if err != nil || taken {
			return err
		}
		if !current {
			return errors.New("the tenant's key was changed by another process: open the keys again")
		}
		slot, err := putSlot(tx, seal(m.aead, plain, kekAAD(id[:], m.name, subject)))
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO keks (id, tenant, subject, generation, slot, created_ms) VALUES ($1, $2, $3, $4, $5, $6)`,
			id[:], m.name, subject, after.generation+1, slot, r.clock().UnixMilli())
		return err
	})
}

// opened is the key of an older record.
type opened struct {
	aead   cipher.AEAD
	loaded time.Time
}

// kek returns the key of the given id.
func (r *Ring) kek(id KEKID) (*opened, error) {
	r.refresh()
	r.mu.RLock()
	k := r.byKEK[id]
	r.mu.RUnlock()
	if k != nil {
		return k, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var tenant, subject, wrapped []byte
	err := r.db.QueryRow(`SELECT k.tenant, k.subject, s.wrapped FROM keks k JOIN slots s ON s.slot = k.slot WHERE k.id = $1`, id[:]).
		Scan(&tenant, &subject, &wrapped)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrErased
	}
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	m, err := r.masterOf(tenant)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	var row kekRow
	if err := row.open(m, id[:], subject, wrapped); err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	defer clear(row.plain)
	k = &opened{loaded: r.clock()}
	if k.aead, err = newAEAD(row.kek()); err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	if len(r.byKEK) >= maxCached {
		clear(r.byKEK)
	}
	r.byKEK[id] = k
	return k, nil
}

// masterOf returns the master key of a row's tenant. mu is held.
func (r *Ring) masterOf(name []byte) (*master, error) {
	for _, m := range r.tenants {
		if string(m.name) == string(name) {
			return m, nil
		}
	}
	m, err := r.master(r.db, name, false)
	if err != nil {
		return nil, err
	}
	r.tenants["\x00"+string(name)] = m // by its row: the name behind the pseudonym is not known here
	return m, nil
}

// kekAAD binds a wrapped KEK to its id, its tenant and the subject's pseudonym.
func kekAAD(id, tenant, subject []byte) []byte {
	return slices.Concat([]byte("reeve.kek/2\x00"), id, tenant, subject)
}
