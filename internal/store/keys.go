package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
)

// APIKey is one row of the table of keys. It never holds the secret, only its SHA-256.
type APIKey struct {
	ID                string
	Name              string // for people; not written to the custody log
	SecretSHA256      [sha256.Size]byte
	Role              reeve.Role
	Clearance         reeve.Label
	Models            []string  // globs of model names; nil allows every model
	RequestsPerMinute int64     // 0 means no limit
	TokensPerDay      int64     // 0 means no limit; a day is a UTC day
	Created           time.Time // all times are UTC with millisecond precision
	Expires           time.Time // zero means never
	Revoked           time.Time // zero means in force
	SpentDay          int64     // the UTC day of SpentTokens, in days since 1970-01-01
	SpentTokens       int64     // tokens spent on that day
	Owner             string    // id of the user or service account that acts with it; "": the key stands for itself
	Source            string    // who may change it: "api" or "file"
	Reason            string    // why a break-glass key was made; "": an ordinary key
}

// Spent is what a key used up on one UTC day since it was last reported.
type Spent struct {
	ID     string
	Day    int64 // days since 1970-01-01
	Tokens int64
}

const keyColumns = `id, name, secret_sha256, role, clearance, models, requests_per_minute, tokens_per_day,
	created_ms, expires_ms, revoked_ms, spent_day, spent_tokens, owner, source, reason`

// Keys returns the keys in the order of their creation, revoked ones included, and the version of the store. Where the
// store still has the version known, it returns no rows and reads none; ask with -1 to get them all.
func (d *DB) Keys(ctx context.Context, known int64) (keys []APIKey, version int64, err error) {
	c, err := d.Changes(ctx, known)
	if err == nil && c.Version != known && !c.All {
		c, err = d.Changes(ctx, -1)
	}
	return c.Keys, c.Version, err
}

func scanKey(rows scanner) (APIKey, error) {
	var k APIKey
	var hash, clearance, models string
	var created, expires, revoked int64
	err := rows.Scan(&k.ID, &k.Name, &hash, &k.Role, &clearance, &models, &k.RequestsPerMinute, &k.TokensPerDay,
		&created, &expires, &revoked, &k.SpentDay, &k.SpentTokens, &k.Owner, &k.Source, &k.Reason)
	if err != nil {
		return k, err
	}
	if n, err := hex.Decode(k.SecretSHA256[:], []byte(hash)); err != nil || n != sha256.Size {
		return k, fmt.Errorf("key %s: its hash is damaged", k.ID)
	}
	if k.Clearance, err = reeve.ParseLabel(clearance); err != nil {
		return k, fmt.Errorf("key %s: %w", k.ID, err)
	}
	if err := json.Unmarshal([]byte(models), &k.Models); err != nil {
		return k, fmt.Errorf("key %s: its list of models is damaged: %w", k.ID, err)
	}
	k.Created, k.Expires, k.Revoked = fromMillis(created), fromMillis(expires), fromMillis(revoked)
	return k, nil
}

// CreateKey adds a key and the act that made it, in one transaction.
func (d *DB) CreateKey(ctx context.Context, k APIKey, act Act) error {
	models := []byte("null")
	if k.Models != nil {
		var err error
		if models, err = json.Marshal(k.Models); err != nil {
			return fmt.Errorf("create key %s: %w", k.ID, err)
		}
	}
	if k.Source == "" {
		k.Source = "api"
	}
	return d.change(ctx, "create key "+k.ID, func(tx *sql.Tx, version int64) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO api_keys (`+keyColumns+`, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
			k.ID, k.Name, hex.EncodeToString(k.SecretSHA256[:]), string(k.Role), k.Clearance.String(), string(models),
			k.RequestsPerMinute, k.TokensPerDay, toMillis(k.Created), toMillis(k.Expires), toMillis(k.Revoked), k.SpentDay, k.SpentTokens,
			k.Owner, k.Source, k.Reason, version)
		if err != nil {
			return err
		}
		return addAct(ctx, tx, act)
	})
}

// RevokeKey ends a key and adds the act, in one transaction. It reports false, and adds nothing, where the key was
// revoked before; the first time stands. An unknown id is ErrNotFound.
func (d *DB) RevokeKey(ctx context.Context, id string, at time.Time, act Act) (revoked bool, err error) {
	var already bool
	err = d.change(ctx, "revoke key", func(tx *sql.Tx, version int64) error {
		var was int64
		err := tx.QueryRowContext(ctx, `SELECT revoked_ms FROM api_keys WHERE id = $1`, id).Scan(&was)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if already = was != 0; err != nil || already {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE api_keys SET revoked_ms = $1, version = $2 WHERE id = $3`, toMillis(at), version, id); err != nil {
			return err
		}
		return addAct(ctx, tx, act)
	})
	return err == nil && !already, err
}

// AddSpent adds what keys used up, all in one transaction. A report for a later day than the stored one starts that
// day's count, one for an earlier day is too late to matter and is dropped. Keys are not thereby "changed": Stamp and
// the version stay.
func (d *DB) AddSpent(ctx context.Context, spent []Spent) error {
	if len(spent) == 0 {
		return nil
	}
	err := inTx(ctx, d.sql, func(tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, `UPDATE api_keys
			SET spent_tokens = CASE WHEN spent_day = $1 THEN spent_tokens + $2 ELSE $3 END, spent_day = $4
			WHERE id = $5 AND spent_day <= $6`)
		if err != nil {
			return err
		}
		defer stmt.Close()
		for _, s := range spent {
			if _, err := stmt.ExecContext(ctx, s.Day, s.Tokens, s.Tokens, s.Day, s.ID, s.Day); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store spent tokens: %w", explain(err))
	}
	return nil
}
