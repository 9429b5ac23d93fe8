package keyring

import (
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
)

// String is the id in hex, as leaves and receipts have it.
func (id KEKID) String() string { return hex.EncodeToString(id[:]) }

// DestroySubject destroys every key of a subject, and with them its pepper, and returns their ids; none where it had none.
// When it returns, no byte of the wrapped keys is left in keys.db or beside it, no process with this keys.db open uses them any
// more, and the ledger has their ids. Where it returns ids together with ErrResidue the keys are destroyed, but an older copy of
// their page is cleared only later.
func (t Tenant) DestroySubject(subject string) ([]KEKID, error) {
	m, err := t.master(false)
	if errors.Is(err, ErrErased) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("destroy subject: %w", err)
	}
	return t.r.destroy(nil, func(tx *sql.Tx) ([]kekRow, error) { return subjectRows(tx, m, subject) })
}

// Destroy forgets the whole tenant: the keys of all its subjects, the tenant's own key and its index. It returns like DestroySubject.
func (t Tenant) Destroy() ([]KEKID, error) {
	m, err := t.master(false)
	if errors.Is(err, ErrErased) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("destroy tenant: %w", err)
	}
	return t.r.destroy(nil, func(tx *sql.Tx) ([]kekRow, error) {
		if _, err := tx.Exec(`DELETE FROM masters WHERE name = $1`, m.name); err != nil {
			return nil, err
		}
		if err := writeMeta(tx, "residue", residueVacuum); err != nil {
			return nil, err
		}
		return queryKEKs(tx, `SELECT id, generation, slot FROM keks WHERE tenant = $1 ORDER BY id`, m.name)
	})
}

// DestroyKEKs destroys single keys, of whatever subject and tenant, and returns those that were still there. All of them are
// in the ledger afterwards. Other generations of a subject's key keep the pepper alive.
func (r *Ring) DestroyKEKs(ids []KEKID) ([]KEKID, error) {
	return r.destroy(ids, func(tx *sql.Tx) ([]kekRow, error) {
		var rows []kekRow
		for _, id := range ids {
			found, err := queryKEKs(tx, `SELECT id, generation, slot FROM keks WHERE id = $1`, id[:])
			if err != nil {
				return nil, err
			}
			rows = append(rows, found...)
		}
		return rows, nil
	})
}

// The values of meta.residue: what is left to clear.
const (
	residueNone   = 0
	residueWAL    = 1 // older copies of pages in the write-ahead log
	residueVacuum = 2 // free space of pages, too
)

// destroy clears the keys that find returns and puts them and the noted ones into the ledger, all in one transaction.
func (r *Ring) destroy(noted []KEKID, find func(tx *sql.Tx) ([]kekRow, error)) ([]KEKID, error) {
	var rows []kekRow
	err := r.inTx(func(tx *sql.Tx) (err error) {
		if rows, err = find(tx); err != nil {
			return fmt.Errorf("destroy keys: %w", err)
		}
		if err := note(tx, noted, r.clock().UnixMilli()); err != nil {
			return err
		}
		if err := note(tx, idsOf(rows), r.clock().UnixMilli()); err != nil {
			return err
		}
		for _, row := range rows {
			if err := clearSlot(tx, row.slot); err != nil {
				return fmt.Errorf("destroy keys: %w", err)
			}
			if _, err := tx.Exec(`DELETE FROM keks WHERE id = $1`, row.id[:]); err != nil {
				return fmt.Errorf("destroy keys: %w", err)
			}
		}
		_, err = tx.Exec(`UPDATE meta SET value = max(value, $1) WHERE name = 'residue'`, residueWAL)
		return err
	})
	if err != nil {
		return nil, err
	}
	r.epoch.advance()
	r.refresh()
	return idsOf(rows), errors.Join(r.writeLedger(), r.purge())
}

// note puts ids into the ledger.
func note(tx *sql.Tx, ids []KEKID, atMS int64) error {
	for _, id := range ids {
		if _, err := tx.Exec(`INSERT INTO destroyed (kek, at_ms) VALUES ($1, $2) ON CONFLICT DO NOTHING`, id[:], atMS); err != nil {
			return fmt.Errorf("write erasure ledger: %w", err)
		}
	}
	return nil
}

// purge clears what a destruction left behind in the write-ahead log.
func (r *Ring) purge() error {
	left, err := readMeta(r.db, "residue")
	if err != nil || left == residueNone {
		return err
	}
	if left == residueVacuum {
		if _, err := r.db.Exec(`VACUUM`); err != nil {
			return fmt.Errorf("vacuum keys.db: %w", err)
		}
	}
	if err := truncateWAL(r.db); err != nil {
		// Another caller may have been quicker and taken this mark for its own.
		_, again := r.db.Exec(`UPDATE meta SET value = max(value, $1) WHERE name = 'residue'`, residueWAL)
		return errors.Join(err, again)
	}
	return writeMeta(r.db, "residue", residueNone)
}

func subjectRows(q querier, m *master, subject string) ([]kekRow, error) {
	// Keys of format 1 had the identifier as it was written.
	return queryKEKs(q, `SELECT id, generation, slot FROM keks WHERE tenant = $1 AND subject IN ($2, $3) ORDER BY generation`,
		m.name, m.pseudonym(Normalize(subject)), m.pseudonym(subject))
}

func queryKEKs(q querier, query string, args ...any) (list []kekRow, err error) {
	rows, err := q.Query(query, args...)
	if err != nil {
		return nil, fmt.Errorf("read keys.db: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var row kekRow
		var id []byte
		if err := rows.Scan(&id, &row.generation, &row.slot); err != nil {
			return nil, fmt.Errorf("read keys.db: %w", err)
		}
		if len(id) != len(row.id) {
			return nil, errors.New("read keys.db: row with a key id of wrong size")
		}
		row.id = KEKID(id)
		list = append(list, row)
	}
	return list, rows.Err()
}

func idsOf(rows []kekRow) []KEKID {
	ids := make([]KEKID, len(rows))
	for i := range rows {
		ids[i] = rows[i].id
	}
	return ids
}
