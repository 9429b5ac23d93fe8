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

// Group is a set of users and of other groups. Its members have its roles.
type Group struct {
	ID         string       `json:"-"`
	NameKey    string       `json:"-"`
	Name       string       `json:"name"`
	Source     string       `json:"source"` // who may change it: "api", "file" or "scim"
	ExternalID string       `json:"external_id,omitzero"`
	Roles      []reeve.Role `json:"roles,omitzero"`
	Users      []string     `json:"users,omitzero"`  // ids; those of deleted users mean nothing
	Groups     []string     `json:"groups,omitzero"` // ids
	Created    time.Time    `json:"created"`
	Changed    time.Time    `json:"changed"`
	Deleted    time.Time    `json:"deleted,omitzero"`
	Version    int64        `json:"-"`
}

const groupColumns = `id, name_key, body, version`

func scanGroup(row scanner) (g Group, err error) {
	var body string
	if err := row.Scan(&g.ID, &g.NameKey, &body, &g.Version); err != nil {
		return g, err
	}
	if err := json.Unmarshal([]byte(body), &g); err != nil {
		return g, fmt.Errorf("group %s is damaged: %w", g.ID, err)
	}
	return g, nil
}

// CreateGroup adds a group and the act, in one transaction. ErrTaken says that the name belongs to another group.
func (d *DB) CreateGroup(ctx context.Context, g Group, act Act) (Group, error) {
	err := d.change(ctx, "create group", func(tx *sql.Tx, version int64) error {
		g.Version = version
		if err := nameFree(ctx, tx, "user_groups", g.NameKey, ""); err != nil {
			return err
		}
		body, err := json.Marshal(g, json.Deterministic(true))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO user_groups (`+groupColumns+`) VALUES ($1, $2, $3, $4)`, g.ID, g.NameKey, string(body), version); err != nil {
			return err
		}
		return addAct(ctx, tx, act)
	})
	return g, err
}

// UpdateGroup changes a group as UpdateUser changes a user. edit also gets every group that is not deleted, by id, as
// they are in the transaction, so that it can refuse a cycle. A group whose Deleted is set by edit gives its name free.
func (d *DB) UpdateGroup(ctx context.Context, id string, ifVersion int64, edit func(g *Group, all map[string]Group) (*Act, error)) (g Group, err error) {
	err = d.change(ctx, "change group", func(tx *sql.Tx, version int64) error {
		rows, err := scanAll(scanGroup)(tx.QueryContext(ctx, `SELECT `+groupColumns+` FROM user_groups`))
		if err != nil {
			return err
		}
		all := map[string]Group{}
		for _, row := range rows {
			if row.Deleted.IsZero() {
				all[row.ID] = row
			}
		}
		was, ok := all[id]
		switch {
		case !ok:
			return ErrNotFound
		case ifVersion != 0 && was.Version != ifVersion:
			return ErrChanged
		}
		g = was
		g.Users, g.Groups = slices.Clone(was.Users), slices.Clone(was.Groups)
		act, err := edit(&g, all)
		if err != nil || act == nil {
			return err
		}
		if !g.Deleted.IsZero() {
			g = Group{ID: id, NameKey: "deleted:" + id, Source: g.Source, Created: g.Created, Changed: g.Changed, Deleted: g.Deleted}
		}
		if g.NameKey != was.NameKey {
			if err := nameFree(ctx, tx, "user_groups", g.NameKey, id); err != nil {
				return err
			}
		}
		g.Version = version
		body, err := json.Marshal(g, json.Deterministic(true))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE user_groups SET name_key = $1, body = $2, version = $3 WHERE id = $4`, g.NameKey, string(body), version, id); err != nil {
			return err
		}
		return addAct(ctx, tx, *act)
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return g, err
}
