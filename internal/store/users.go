package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
)

// User is a person or a service account. What decisions rest on stands here and nowhere else.
type User struct {
	ID          string            `json:"-"`
	NameKey     string            `json:"-"`        // what names that look alike have in common; unique
	Name        string            `json:"name"`     // unique
	Kind        string            `json:"kind"`     // "user" or "service"
	Source      string            `json:"source"`   // who may change it: "api", "file", "scim" or "oidc"
	Inactive    bool              `json:"inactive"` // may not act at all
	DisplayName string            `json:"display_name,omitzero"`
	Email       string            `json:"email,omitzero"`
	ExternalID  string            `json:"external_id,omitzero"` // what a SCIM client calls it
	Roles       []reeve.Role      `json:"roles,omitzero"`
	Clearance   reeve.Label       `json:"clearance"`
	Department  string            `json:"department,omitzero"`
	Employment  string            `json:"employment,omitzero"`
	Country     string            `json:"country,omitzero"`
	Training    []string          `json:"training,omitzero"`
	Attributes  map[string]string `json:"attributes,omitzero"`
	Claimed     []string          `json:"claimed,omitzero"` // groups by name that the provider asserted at the last sign-in
	Links       []Link            `json:"links,omitzero"`   // identities elsewhere; each belongs to one user only
	Created     time.Time         `json:"created"`
	Changed     time.Time         `json:"changed"`
	Deleted     time.Time         `json:"deleted,omitzero"` // set: nothing but the id is kept
	Version     int64             `json:"-"`
}

// Link is an identity elsewhere: an OpenID Connect issuer and subject, or "spiffe" and a SPIFFE id.
type Link struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
}

const userColumns = `id, name_key, body, version`

func scanUser(row scanner) (u User, err error) {
	var body string
	if err := row.Scan(&u.ID, &u.NameKey, &body, &u.Version); err != nil {
		return u, err
	}
	if err := json.Unmarshal([]byte(body), &u); err != nil {
		return u, fmt.Errorf("user %s is damaged: %w", u.ID, err)
	}
	return u, nil
}

// CreateUser adds a user and the act, in one transaction. ErrTaken says that the name, one that looks like it, or a
// link belongs to somebody.
func (d *DB) CreateUser(ctx context.Context, u User, act Act) (User, error) {
	err := d.change(ctx, "create user", func(tx *sql.Tx, version int64) error {
		u.Version = version
		if err := nameFree(ctx, tx, "users", u.NameKey, ""); err != nil {
			return err
		}
		body, err := json.Marshal(u, json.Deterministic(true))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO users (`+userColumns+`) VALUES ($1, $2, $3, $4)`, u.ID, u.NameKey, string(body), version)
		if err != nil {
			return err
		}
		if err := setLinks(ctx, tx, u.ID, nil, u.Links); err != nil {
			return err
		}
		return addAct(ctx, tx, act)
	})
	return u, err
}

// UpdateUser changes a user by edit, and adds the act that edit returns, in one transaction. An edit that returns an
// error changes nothing; one that returns no act leaves everything as it is. ifVersion 0 means any version; another one
// that is not the stored one is ErrChanged. Deleted and unknown users are ErrNotFound.
func (d *DB) UpdateUser(ctx context.Context, id string, ifVersion int64, edit func(*User) (*Act, error)) (u User, err error) {
	err = d.change(ctx, "change user", func(tx *sql.Tx, version int64) error {
		was, err := scanUser(tx.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users WHERE id = $1`, id))
		switch {
		case errors.Is(err, sql.ErrNoRows), err == nil && !was.Deleted.IsZero():
			return ErrNotFound
		case err != nil:
			return err
		case ifVersion != 0 && was.Version != ifVersion:
			return ErrChanged
		}
		u = was
		u.Links = slices.Clone(was.Links)
		act, err := edit(&u)
		if err != nil || act == nil {
			return err
		}
		if u.NameKey != was.NameKey {
			if err := nameFree(ctx, tx, "users", u.NameKey, id); err != nil {
				return err
			}
		}
		u.Version = version
		body, err := json.Marshal(u, json.Deterministic(true))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE users SET name_key = $1, body = $2, version = $3 WHERE id = $4`, u.NameKey, string(body), version, id); err != nil {
			return err
		}
		if err := setLinks(ctx, tx, id, was.Links, u.Links); err != nil {
			return err
		}
		return addAct(ctx, tx, *act)
	})
	return u, err
}

// DeleteUser forgets a user: of the row only the id stays, so that records keep their meaning. Keys and sessions end,
// passkeys go. An unknown or deleted id is ErrNotFound.
func (d *DB) DeleteUser(ctx context.Context, id string, at time.Time, act Act) error {
	return d.change(ctx, "delete user", func(tx *sql.Tx, version int64) error {
		was, err := scanUser(tx.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users WHERE id = $1`, id))
		if errors.Is(err, sql.ErrNoRows) || err == nil && !was.Deleted.IsZero() {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		body, err := json.Marshal(User{Kind: was.Kind, Source: was.Source, Inactive: true, Created: was.Created, Changed: at, Deleted: at})
		if err != nil {
			return err
		}
		for _, s := range []struct {
			sql  string
			args []any
		}{
			{`UPDATE users SET name_key = $1, body = $2, version = $3 WHERE id = $4`, []any{"deleted:" + id, string(body), version, id}},
			{`DELETE FROM user_links WHERE user_id = $1`, []any{id}},
			{`DELETE FROM passkeys WHERE user_id = $1`, []any{id}},
			{`UPDATE api_keys SET revoked_ms = $1, version = $2 WHERE owner = $3 AND revoked_ms = 0`, []any{toMillis(at), version, id}},
			{`UPDATE sessions SET revoked_ms = $1, version = $2 WHERE user_id = $3 AND revoked_ms = 0`, []any{toMillis(at), version, id}},
		} {
			if _, err := tx.ExecContext(ctx, s.sql, s.args...); err != nil {
				return err
			}
		}
		return addAct(ctx, tx, act)
	})
}

// nameFree refuses a name that another row of the table has.
func nameFree(ctx context.Context, tx *sql.Tx, table, nameKey, mine string) error {
	var other string
	err := tx.QueryRowContext(ctx, `SELECT id FROM `+table+` WHERE name_key = $1`, nameKey).Scan(&other)
	if errors.Is(err, sql.ErrNoRows) || err == nil && other == mine {
		return nil
	}
	if err == nil {
		return ErrTaken
	}
	return err
}

func setLinks(ctx context.Context, tx *sql.Tx, id string, was, now []Link) error {
	for _, l := range was {
		if !slices.Contains(now, l) {
			if _, err := tx.ExecContext(ctx, `DELETE FROM user_links WHERE issuer = $1 AND subject = $2 AND user_id = $3`, l.Issuer, l.Subject, id); err != nil {
				return err
			}
		}
	}
	for _, l := range now {
		if slices.Contains(was, l) {
			continue
		}
		var other string
		err := tx.QueryRowContext(ctx, `SELECT user_id FROM user_links WHERE issuer = $1 AND subject = $2`, l.Issuer, l.Subject).Scan(&other)
		if err == nil {
			return fmt.Errorf("the identity at %s: %w", l.Issuer, ErrTaken)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO user_links (issuer, subject, user_id) VALUES ($1, $2, $3)`, l.Issuer, l.Subject, id); err != nil {
			return err
		}
	}
	return nil
}
