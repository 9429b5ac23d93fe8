package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// ErasedName stands where the name of an erased person stood.
const ErasedName = "erased"

const (
	keyPrincipal  = "key:"
	userPrincipal = "user:"
)

// Principals returns the ids of the principals that a name may mean, sorted: those of the keys with this id or name (of an
// owned key its owner), and of the users with this id, name, display name, e-mail address or id elsewhere.
func (d *DB) Principals(ctx context.Context, name string) ([]string, error) {
	c, err := d.Changes(ctx, -1)
	if err != nil {
		return nil, err
	}
	var ids []string
	for i := range c.Keys {
		k := &c.Keys[i]
		own := keyPrincipal + k.ID
		switch {
		case !isOneOf(name, own, k.ID) && (k.Name == ErasedName || !isOneOf(name, k.Name)):
		case k.Owner != "":
			ids = append(ids, userPrincipal+strings.TrimPrefix(k.Owner, userPrincipal))
		default:
			ids = append(ids, own)
		}
	}
	for i := range c.Users {
		u := &c.Users[i]
		if u.Deleted.IsZero() && isOneOf(name, userPrincipal+u.ID, u.ID, u.Name, u.DisplayName, u.Email, u.ExternalID) {
			ids = append(ids, userPrincipal+u.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

func isOneOf(name string, others ...string) bool {
	return slices.ContainsFunc(others, func(o string) bool { return o != "" && strings.EqualFold(o, name) })
}

// ForgetPrincipal clears what tells who a principal is and returns the number of rows that it changed: the name of a key,
// a user's display name, e-mail address, attributes and names elsewhere. Keys and accounts stay in force, a user under its
// login name; DeleteUser removes an account.
func (d *DB) ForgetPrincipal(ctx context.Context, id string) (rows int, err error) {
	err = d.change(ctx, "forget principal", func(tx *sql.Tx, version int64) error {
		if key, is := strings.CutPrefix(id, keyPrincipal); is {
			rows, err = forgetKey(ctx, tx, key, version)
		}
		if user, is := strings.CutPrefix(id, userPrincipal); is {
			rows, err = forgetUser(ctx, tx, user, version)
		}
		return err
	})
	if err == nil {
		err = d.purge(ctx)
	}
	return rows, err
}

func forgetKey(ctx context.Context, tx *sql.Tx, key string, version int64) (int, error) {
	r, err := tx.ExecContext(ctx, `UPDATE api_keys SET name = $1, version = $2 WHERE lower(id) = lower($3) AND name <> $1`, ErasedName, version, key)
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	return int(n), err
}

func forgetUser(ctx context.Context, tx *sql.Tx, user string, version int64) (int, error) {
	u, err := scanUser(tx.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users WHERE lower(id) = lower($1)`, user))
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if u.DisplayName == "" && u.Email == "" && len(u.Attributes) == 0 {
		return 0, nil
	}
	u.DisplayName, u.Email, u.Attributes, u.Version = "", "", nil, version
	body, err := json.Marshal(u, json.Deterministic(true))
	if err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE users SET body = $1, version = $2 WHERE id = $3`, string(body), version, u.ID); err != nil {
		return 0, err
	}
	return 1, nil
}

// purge clears older copies of pages out of the write-ahead log. Where another process reads just now, they go with its
// next checkpoint.
func (d *DB) purge(ctx context.Context) error {
	if _, embedded := d.signal.(*stamp); !embedded {
		return nil
	}
	if _, err := d.sql.ExecContext(ctx, truncateLog); err != nil && !isBusy(err) {
		return fmt.Errorf("clear the store's log: %w", explain(err))
	}
	return nil
}
