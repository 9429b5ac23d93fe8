package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Passkey is a public key of a local account (W3C Web Authentication). Body is what the ceremony needs.
type Passkey struct {
	ID      string // the credential's id, base64url
	UserID  string
	Body    []byte
	Created time.Time
}

// PutFlow keeps what belongs to a token until expires: the state of a sign-in under way, or an invitation. Flows that
// ended before now are forgotten on the way.
func (d *DB) PutFlow(ctx context.Context, token [sha256.Size]byte, kind string, body []byte, now, expires time.Time) error {
	err := inTx(ctx, d.sql, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM flows WHERE expires_ms < $1`, toMillis(now)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO flows (token_sha256, kind, body, expires_ms) VALUES ($1, $2, $3, $4)`,
			hex.EncodeToString(token[:]), kind, string(body), toMillis(expires))
		return err
	})
	if err != nil {
		return fmt.Errorf("begin %s: %w", kind, explain(err))
	}
	return nil
}

// Flow reads what belongs to a token and leaves it there; ErrNotFound where there is nothing, or it has ended.
func (d *DB) Flow(ctx context.Context, token [sha256.Size]byte, kind string, now time.Time) ([]byte, error) {
	return d.flow(ctx, `SELECT body FROM flows WHERE token_sha256 = $1 AND kind = $2 AND expires_ms >= $3`, token, kind, now)
}

// TakeFlow reads what belongs to a token and removes it, so that of several takers one gets it.
func (d *DB) TakeFlow(ctx context.Context, token [sha256.Size]byte, kind string, now time.Time) ([]byte, error) {
	return d.flow(ctx, `DELETE FROM flows WHERE token_sha256 = $1 AND kind = $2 AND expires_ms >= $3 RETURNING body`, token, kind, now)
}

func (d *DB) flow(ctx context.Context, query string, token [sha256.Size]byte, kind string, now time.Time) ([]byte, error) {
	var body string
	err := d.sql.QueryRowContext(ctx, query, hex.EncodeToString(token[:]), kind, toMillis(now)).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%s: %w", kind, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", kind, explain(err))
	}
	return []byte(body), nil
}

// Passkeys returns the passkeys of a user, oldest first.
func (d *DB) Passkeys(ctx context.Context, userID string) ([]Passkey, error) {
	scan := func(row scanner) (p Passkey, err error) {
		var body string
		var created int64
		err = row.Scan(&p.ID, &p.UserID, &body, &created)
		p.Body, p.Created = []byte(body), fromMillis(created)
		return p, err
	}
	list, err := scanAll(scan)(d.sql.QueryContext(ctx, `SELECT id, user_id, body, created_ms FROM passkeys WHERE user_id = $1 ORDER BY created_ms, id`, userID))
	if err != nil {
		return nil, fmt.Errorf("read passkeys: %w", explain(err))
	}
	return list, nil
}

// AddPasskey adds a passkey and the act, in one transaction; ErrTaken where the credential is known.
func (d *DB) AddPasskey(ctx context.Context, p Passkey, act Act) error {
	return d.change(ctx, "add passkey", func(tx *sql.Tx, _ int64) error {
		var other string
		err := tx.QueryRowContext(ctx, `SELECT user_id FROM passkeys WHERE id = $1`, p.ID).Scan(&other)
		if err == nil {
			return ErrTaken
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO passkeys (id, user_id, body, created_ms) VALUES ($1, $2, $3, $4)`, p.ID, p.UserID, string(p.Body), toMillis(p.Created)); err != nil {
			return err
		}
		return addAct(ctx, tx, act)
	})
}

// UpdatePasskey keeps what a sign-in changed, such as the signature counter.
func (d *DB) UpdatePasskey(ctx context.Context, p Passkey) error {
	if _, err := d.sql.ExecContext(ctx, `UPDATE passkeys SET body = $1 WHERE id = $2 AND user_id = $3`, string(p.Body), p.ID, p.UserID); err != nil {
		return fmt.Errorf("update passkey: %w", explain(err))
	}
	return nil
}

// RemovePasskeys forgets all passkeys of a user and adds the act.
func (d *DB) RemovePasskeys(ctx context.Context, userID string, act Act) error {
	return d.change(ctx, "remove passkeys", func(tx *sql.Tx, _ int64) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM passkeys WHERE user_id = $1`, userID); err != nil {
			return err
		}
		return addAct(ctx, tx, act)
	})
}
