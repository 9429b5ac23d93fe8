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
)

// Session is a person who signed in at the admin listener. The token is not kept, only its SHA-256.
type Session struct {
	TokenSHA256 [sha256.Size]byte `json:"-"`
	ID          string            `json:"-"` // public: names the session in lists and records
	UserID      string            `json:"-"`
	Method      string            `json:"method"` // "oidc", "passkey"
	MFA         bool              `json:"mfa,omitzero"`
	Claims      string            `json:"claims,omitzero"` // what the provider vouched for, JSON
	Created     time.Time         `json:"created"`
	Seen        time.Time         `json:"-"` // to the minute
	Expires     time.Time         `json:"-"` // whatever happens
	Revoked     time.Time         `json:"-"` // zero: in force
	Version     int64             `json:"-"`
}

const sessionColumns = `token_sha256, id, user_id, body, seen_ms, expires_ms, revoked_ms, version`

func scanSession(row scanner) (s Session, err error) {
	var hash, body string
	var seen, expires, revoked int64
	if err := row.Scan(&hash, &s.ID, &s.UserID, &body, &seen, &expires, &revoked, &s.Version); err != nil {
		return s, err
	}
	if n, err := hex.Decode(s.TokenSHA256[:], []byte(hash)); err != nil || n != sha256.Size {
		return s, fmt.Errorf("session %s: its hash is damaged", s.ID)
	}
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		return s, fmt.Errorf("session %s is damaged: %w", s.ID, err)
	}
	s.Seen, s.Expires, s.Revoked = fromMillis(seen), fromMillis(expires), fromMillis(revoked)
	return s, nil
}

// CreateSession adds a session and the act, in one transaction, and forgets those that ended a day before it began.
func (d *DB) CreateSession(ctx context.Context, s Session, act Act) error {
	body, err := json.Marshal(s, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("create session: %w", err)
	}
	return d.change(ctx, "create session", func(tx *sql.Tx, version int64) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE expires_ms < $1`, toMillis(s.Created.Add(-24*time.Hour))); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO sessions (`+sessionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			hex.EncodeToString(s.TokenSHA256[:]), s.ID, s.UserID, string(body), toMillis(s.Seen), toMillis(s.Expires), int64(0), version)
		if err != nil {
			return err
		}
		return addAct(ctx, tx, act)
	})
}

// SeenSession notes that a session is in use. That is no change: Stamp and version stay.
func (d *DB) SeenSession(ctx context.Context, id string, at time.Time) error {
	_, err := d.sql.ExecContext(ctx, `UPDATE sessions SET seen_ms = $1 WHERE id = $2 AND seen_ms < $3`, toMillis(at), id, toMillis(at))
	if err != nil {
		return fmt.Errorf("note session: %w", explain(err))
	}
	return nil
}

// SessionSeen is when any process last noted the session; ErrNotFound where there is none.
func (d *DB) SessionSeen(ctx context.Context, id string) (time.Time, error) {
	var ms int64
	err := d.sql.QueryRowContext(ctx, `SELECT seen_ms FROM sessions WHERE id = $1 AND revoked_ms = 0`, id).Scan(&ms)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, fmt.Errorf("session: %w", ErrNotFound)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read session: %w", explain(err))
	}
	return fromMillis(ms), nil
}

// RevokeSessions ends one session (id) or all of a user (userID), adds the act, and returns how many ended. Where none
// was in force nothing is added.
func (d *DB) RevokeSessions(ctx context.Context, id, userID string, at time.Time, act Act) (ended int64, err error) {
	err = d.change(ctx, "revoke sessions", func(tx *sql.Tx, version int64) error {
		where, arg := "id", id
		if id == "" {
			where, arg = "user_id", userID
		}
		r, err := tx.ExecContext(ctx, `UPDATE sessions SET revoked_ms = $1, version = $2 WHERE `+where+` = $3 AND revoked_ms = 0`, toMillis(at), version, arg)
		if err != nil {
			return err
		}
		if ended, err = r.RowsAffected(); err != nil || ended == 0 {
			return err
		}
		return addAct(ctx, tx, act)
	})
	return ended, err
}

// RevokeUser ends all sessions of a user and all keys that act for it, and adds the act.
func (d *DB) RevokeUser(ctx context.Context, userID string, at time.Time, act Act) error {
	return d.change(ctx, "revoke keys and sessions", func(tx *sql.Tx, version int64) error {
		for _, s := range []string{
			`UPDATE sessions SET revoked_ms = $1, version = $2 WHERE user_id = $3 AND revoked_ms = 0`,
			`UPDATE api_keys SET revoked_ms = $1, version = $2 WHERE owner = $3 AND revoked_ms = 0`,
		} {
			if _, err := tx.ExecContext(ctx, s, toMillis(at), version, userID); err != nil {
				return err
			}
		}
		return addAct(ctx, tx, act)
	})
}
