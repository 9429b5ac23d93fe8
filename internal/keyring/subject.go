package keyring

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
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
	aead, err := r.kek(id)
	if err != nil {
		return nil, err
	}
	if len(nonce) != NonceSize {
		return nil, errors.New("unwrap data key: nonce of wrong size")
	}
	plain, err := aead.Open(dst, nonce, wrapped, aad)
	if err != nil {
		return nil, fmt.Errorf("unwrap data key: %w", err)
	}
	return plain, nil
}

// Subject returns the key of a subject and makes it at first use. After the first call for a subject no SQL runs.
func (r *Ring) Subject(subject string) (*Subject, error) {
	r.mu.RLock()
	s := r.bySubject[subject]
	r.mu.RUnlock()
	if s != nil && s.wraps.Load() < maxWraps {
		return s, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if held := r.bySubject[subject]; held != nil && held.wraps.Load() < maxWraps {
		return held, nil
	}
	loaded, err := r.loadSubject(subject, s != nil)
	if err != nil {
		return nil, err
	}
	if len(r.bySubject) >= maxCached {
		clear(r.bySubject)
	}
	r.bySubject[subject] = loaded
	return loaded, nil
}

type kekRow struct {
	id         KEKID
	generation int64
	kek        []byte
	pepper     []byte
}

// loadSubject reads the newest generation of a subject's key, and draws the first one, or one more where that is asked for.
func (r *Ring) loadSubject(subject string, renew bool) (*Subject, error) {
	name := r.pseudonym(subject)
	row, err := r.newestKEK(name)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read subject key: %w", err)
	}
	if errors.Is(err, sql.ErrNoRows) || renew {
		if err := r.insertKEK(name, row); err != nil {
			return nil, fmt.Errorf("store subject key: %w", err)
		}
		if row, err = r.newestKEK(name); err != nil {
			return nil, fmt.Errorf("read subject key: %w", err)
		}
	}
	aead, err := newAEAD(row.kek)
	if err != nil {
		return nil, fmt.Errorf("subject key: %w", err)
	}
	s := &Subject{id: row.id, aead: aead, pepper: [pepperSize]byte(row.pepper), commits: map[commitKey]string{}}
	s.actor = s.commit("actor", subject)
	clear(row.kek)
	return s, nil
}

func (r *Ring) newestKEK(name []byte) (kekRow, error) {
	var row kekRow
	var id, wrapped []byte
	err := r.db.QueryRow(`SELECT id, generation, wrapped FROM keks WHERE subject = $1 ORDER BY generation DESC LIMIT 1`, name).
		Scan(&id, &row.generation, &wrapped)
	if err != nil {
		return row, err
	}
	return row, r.openRow(&row, id, name, wrapped)
}

func (r *Ring) openRow(row *kekRow, id, name, wrapped []byte) error {
	if len(id) != len(row.id) {
		return errors.New("row with a key id of wrong size")
	}
	plain, err := r.unseal(wrapped, kekAAD(id, name))
	if err != nil {
		return err
	}
	if len(plain) != kekSize+pepperSize {
		return errors.New("row with a key of wrong size")
	}
	row.id = KEKID(id)
	row.kek, row.pepper = plain[:kekSize:kekSize], plain[kekSize:]
	return nil
}

// insertKEK adds the generation after the given row, which keeps its pepper. Where two processes insert at once, the first row stays.
func (r *Ring) insertKEK(name []byte, after kekRow) error {
	plain := make([]byte, kekSize+pepperSize)
	_, _ = rand.Read(plain) // never fails: crypto/rand ends the process instead
	if after.pepper != nil {
		copy(plain[kekSize:], after.pepper)
	}
	var id KEKID
	_, _ = rand.Read(id[:])
	_, err := r.db.Exec(`INSERT INTO keks (id, subject, generation, wrapped, created_ms) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		id[:], name, after.generation+1, r.seal(plain, kekAAD(id[:], name)), r.clock().UnixMilli())
	clear(plain)
	return err
}

// kek returns the key of the given id.
func (r *Ring) kek(id KEKID) (cipher.AEAD, error) {
	r.mu.RLock()
	aead := r.byKEK[id]
	r.mu.RUnlock()
	if aead != nil {
		return aead, nil
	}
	var name, wrapped []byte
	err := r.db.QueryRow(`SELECT subject, wrapped FROM keks WHERE id = $1`, id[:]).Scan(&name, &wrapped)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrErased
	}
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	var row kekRow
	if err := r.openRow(&row, id[:], name, wrapped); err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	if aead, err = newAEAD(row.kek); err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	clear(row.kek)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.byKEK) >= maxCached {
		clear(r.byKEK)
	}
	r.byKEK[id] = aead
	return aead, nil
}

// kekAAD binds a wrapped KEK to its id and to the subject's pseudonym.
func kekAAD(id, name []byte) []byte {
	return slices.Concat([]byte("reeve.kek/1\x00"), id, bytes.Clone(name))
}
