package keyring

import (
	"crypto/cipher"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// migrate brings keys.db from format 1, in which the root key wrapped everything itself, to the present one, in one
// transaction. The keys stay the same; only what wraps them changes.
func (r *Ring) migrate() error {
	root, raw := r.root.(*keyed)
	if !raw || root.kind != kindRaw {
		return errors.New("format 1 knows only a key file or an environment variable: open it with those, then change the root key with `reeve custody rekey`")
	}
	err := r.inTx(func(tx *sql.Tx) error {
		if version, err := versionOf(tx); err != nil || version == formatVersion { // another process was first
			return err
		}
		if _, err := tx.Exec(`ALTER TABLE secrets RENAME TO secrets_1; ALTER TABLE keks RENAME TO keks_1;` + schema); err != nil {
			return fmt.Errorf("make tables: %w", err)
		}
		return r.moveRows(tx, root.aead)
	})
	if err != nil {
		return err
	}
	return r.purge()
}

func (r *Ring) moveRows(tx *sql.Tx, old cipher.AEAD) error {
	house, err := r.master(tx, houseName, true)
	if err != nil {
		return err
	}
	index, err := moveSecrets(tx, old, house.aead, "index")
	if err != nil {
		return fmt.Errorf("move secrets: %w", err)
	}
	plain := make([]byte, masterSize)
	defer clear(plain)
	_, _ = rand.Read(plain) // never fails: crypto/rand ends the process instead
	if index != nil {
		copy(plain[keySize:], index) // pseudonyms stay what they were
	}
	name := house.pseudonym("tenant\x00")
	if err := r.putMaster(tx, name, plain); err != nil {
		return err
	}
	m, err := r.master(tx, name, false)
	if err != nil {
		return err
	}
	if err := moveKEKs(tx, old, m); err != nil {
		return fmt.Errorf("move keys: %w", err)
	}
	if _, err := tx.Exec(`DROP TABLE secrets_1; DROP TABLE keks_1`); err != nil {
		return fmt.Errorf("drop tables: %w", err)
	}
	return writeMeta(tx, "residue", residueVacuum)
}

// moveSecrets wraps the house's secrets anew. It leaves one out and returns it: in format 1 the key of pseudonyms was among them.
func moveSecrets(tx *sql.Tx, old, house cipher.AEAD, except string) (left []byte, err error) {
	rows, err := tx.Query(`SELECT name, wrapped FROM secrets_1`)
	if err != nil {
		return nil, err
	}
	secrets := map[string][]byte{}
	for rows.Next() {
		var name string
		var wrapped []byte
		if err := rows.Scan(&name, &wrapped); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		secrets[name] = wrapped
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	for name, wrapped := range secrets {
		plain, err := unseal(old, wrapped, secretAAD(name))
		if err != nil {
			return nil, err
		}
		if name == except {
			left = plain
			continue
		}
		if _, err := tx.Exec(`INSERT INTO secrets (name, wrapped) VALUES ($1, $2)`, name, seal(house, plain, secretAAD(name))); err != nil {
			return nil, err
		}
		clear(plain)
	}
	return left, nil
}

// moveKEKs wraps the keys of subjects anew, a page at a time.
func moveKEKs(tx *sql.Tx, old cipher.AEAD, m *master) error {
	var last []byte
	for {
		page, err := oldKEKs(tx, last)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, k := range page {
			plain, err := unseal(old, k.wrapped, slices.Concat([]byte("reeve.kek/1\x00"), k.id, k.subject))
			if err != nil {
				return err
			}
			slot, err := putSlot(tx, seal(m.aead, plain, kekAAD(k.id, m.name, k.subject)))
			clear(plain)
			if err != nil {
				return err
			}
			_, err = tx.Exec(`INSERT INTO keks (id, tenant, subject, generation, slot, created_ms) VALUES ($1, $2, $3, $4, $5, $6)`,
				k.id, m.name, k.subject, k.generation, slot, k.created)
			if err != nil {
				return err
			}
			last = k.id
		}
	}
}

type oldKEK struct {
	id, subject, wrapped []byte
	generation, created  int64
}

func oldKEKs(tx *sql.Tx, after []byte) (page []oldKEK, err error) {
	if after == nil {
		after = []byte{}
	}
	rows, err := tx.Query(`SELECT id, subject, generation, wrapped, created_ms FROM keks_1 WHERE id > $1 ORDER BY id LIMIT 1000`, after)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var k oldKEK
		if err := rows.Scan(&k.id, &k.subject, &k.generation, &k.wrapped, &k.created); err != nil {
			return nil, err
		}
		page = append(page, k)
	}
	return page, rows.Err()
}
