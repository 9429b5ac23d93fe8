package keyring

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Rewrapped says what a change of the root key did.
type Rewrapped struct {
	From, To string // root keys, as Root.ID names them
	Tenants  int    // tenants' keys that were drawn anew
	Subjects int    // subjects' keys that were wrapped anew
}

// Rewrap puts everything under another root key: next, or where that is nil what Root.Rotate of the present one returns. All
// master keys are drawn anew and every subject's key is wrapped anew, so that neither an old root key nor an old master key
// opens what is in keys.db from now on. The keys of subjects stay, and with them every payload, pseudonym and commitment.
//
// It is one transaction: whoever is killed in the middle leaves keys.db under the old root key or under the new one. Other
// processes lose their master keys and refuse to make or open keys until they are started with the new root key; so no server
// should run but this one. The Ring owns next from the moment Rewrap returns nil.
func (r *Ring) Rewrap(ctx context.Context, next Root) (Rewrapped, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.house == nil {
		return Rewrapped{}, errClosed
	}
	var done Rewrapped
	commit := nothing
	w := &rewrapping{old: r.root, next: next, ctx: ctx, to: map[string]*master{}, from: map[string]*master{}}
	err := r.inTx(func(tx *sql.Tx) (err error) {
		if w.next == nil { // here, so that two who rotate at once do it one after the other
			if w.next, commit, err = r.root.Rotate(ctx); err != nil {
				return fmt.Errorf("renew root key: %w", err)
			}
		}
		if err := w.masters(tx, r.clock().UnixMilli()); err != nil {
			return fmt.Errorf("rewrap master keys: %w", err)
		}
		if err := w.secrets(tx); err != nil {
			return fmt.Errorf("rewrap secrets: %w", err)
		}
		if done.Subjects, err = w.subjects(tx); err != nil {
			return fmt.Errorf("rewrap subject keys: %w", err)
		}
		_, err = tx.Exec(`UPDATE meta SET value = value + 1 WHERE name = 'rekeys'; UPDATE meta SET value = max(value, 1) WHERE name = 'residue'`)
		return err
	})
	if err != nil {
		if next == nil && w.next != nil {
			err = errors.Join(err, w.next.Close())
		}
		return Rewrapped{}, err
	}
	done.From, done.To, done.Tenants = r.root.ID(), w.next.ID(), len(w.to)-1
	err = errors.Join(commit(), r.root.Close())
	r.root, r.house = w.next, w.to[string(houseName)]
	r.drop()
	clear(r.tenants)
	r.epoch.advance()
	r.seen.Store(r.epoch.load())
	if err != nil {
		return done, fmt.Errorf("give up the old root key: %w", err)
	}
	return done, r.purge()
}

// rewrapping is one change of the root key.
type rewrapping struct {
	ctx       context.Context
	old, next Root
	from, to  map[string]*master // by row
}

// masters draws every master key anew; index keys stay, since pseudonyms and blind indexes come from them. The table is written
// anew too: secure_delete clears the pages of a table that is dropped, but not the places that a row had before in a page.
func (w *rewrapping) masters(tx *sql.Tx, nowMS int64) error {
	rows, err := tx.Query(`SELECT name, wrapped, created_ms FROM masters`)
	if err != nil {
		return err
	}
	defer rows.Close()
	type row struct {
		name, wrapped []byte
		created       int64
	}
	var list []row
	for rows.Next() {
		var m row
		if err := rows.Scan(&m.name, &m.wrapped, &m.created); err != nil {
			return err
		}
		list = append(list, m)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	if _, err := tx.Exec(`DROP TABLE masters; CREATE TABLE masters (name BLOB PRIMARY KEY, wrapped BLOB NOT NULL, created_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID`); err != nil {
		return err
	}
	for _, m := range list {
		wrapped, err := w.master(m.name, m.wrapped)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO masters (name, wrapped, created_ms) VALUES ($1, $2, $3)`, m.name, wrapped, nowMS); err != nil {
			return err
		}
	}
	return nil
}

func (w *rewrapping) master(name, wrapped []byte) ([]byte, error) {
	plain, err := w.old.Unwrap(w.ctx, masterAAD(name), wrapped)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	if w.from[string(name)], err = newMaster(name, wrapped, plain); err != nil {
		return nil, err
	}
	_, _ = rand.Read(plain[:keySize]) // never fails: crypto/rand ends the process instead
	again, err := w.next.Wrap(w.ctx, masterAAD(name), plain)
	if err != nil {
		return nil, err
	}
	w.to[string(name)], err = newMaster(name, again, plain)
	return again, err
}

// secrets wraps the house's own secrets under its new key, in a new table for the same reason as the master keys.
func (w *rewrapping) secrets(tx *sql.Tx) error {
	from, to := w.from[string(houseName)], w.to[string(houseName)]
	if from == nil {
		return errors.New("the house's own key is missing")
	}
	if _, err := tx.Exec(`ALTER TABLE secrets RENAME TO secrets_1; CREATE TABLE secrets (name TEXT PRIMARY KEY, wrapped BLOB NOT NULL) STRICT, WITHOUT ROWID`); err != nil {
		return err
	}
	if _, err := moveSecrets(tx, from.aead, to.aead, ""); err != nil {
		return err
	}
	_, err := tx.Exec(`DROP TABLE secrets_1`)
	return err
}

// subjects wraps the keys of subjects, each in its place and in the order of places.
func (w *rewrapping) subjects(tx *sql.Tx) (n int, err error) {
	put, err := tx.Prepare(`UPDATE slots SET wrapped = $1 WHERE slot = $2`)
	if err != nil {
		return 0, err
	}
	defer put.Close()
	rows, err := tx.Query(`SELECT k.id, k.tenant, k.subject, k.slot, s.wrapped FROM keks k JOIN slots s ON s.slot = k.slot ORDER BY k.slot + 0`)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var id, tenant, subject, wrapped sql.RawBytes
	var slot int64
	for rows.Next() {
		if err := rows.Scan(&id, &tenant, &subject, &slot, &wrapped); err != nil {
			return n, err
		}
		from, to := w.from[string(tenant)], w.to[string(tenant)]
		if from == nil {
			return n, errors.New("a subject's key without its tenant's")
		}
		aad := kekAAD(id, tenant, subject)
		plain, err := unseal(from.aead, wrapped, aad)
		if err != nil {
			return n, err
		}
		_, err = put.Exec(seal(to.aead, plain, aad), slot)
		clear(plain)
		if err != nil {
			return n, err
		}
		n++
	}
	return n, rows.Err()
}

// nextKeyFile is where the default provider puts the key that follows, until keys.db is under it.
const nextKeyFile = rootKeyFile + ".next"

// rotateRootFile writes the next key beside the present one. commit puts it in its place; whoever is killed before that leaves
// both, and resumeRoot finds out which one is in force.
func rotateRootFile(dir string) (Root, func() error, error) {
	next, place := filepath.Join(dir, nextKeyFile), filepath.Join(dir, rootKeyFile)
	if err := os.Remove(next); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, err
	}
	if err := errors.Join(writeRoot(next), syncDir(dir)); err != nil {
		return nil, nil, err
	}
	key, err := rootFromFile(next)
	if err != nil {
		return nil, nil, err
	}
	root, err := fileRoot(dir, key)
	return root, func() error { return errors.Join(os.Rename(next, place), syncDir(dir)) }, err
}

// resumeRoot ends a change of the default root key that was cut off behind its commit. It returns false where there was none.
func (r *Ring) resumeRoot() bool {
	next := filepath.Join(r.dir, nextKeyFile)
	key, err := rootFromFile(next)
	if err != nil {
		return false
	}
	root, err := fileRoot(r.dir, key)
	if err != nil {
		return false
	}
	was := r.root
	r.root = root
	if _, err := r.master(r.db, houseName, false); err != nil {
		r.root = was
		_ = root.Close()
		return false
	}
	if err := errors.Join(os.Rename(next, filepath.Join(r.dir, rootKeyFile)), syncDir(r.dir)); err != nil {
		r.root = was
		return false
	}
	_ = was.Close()
	return true
}
