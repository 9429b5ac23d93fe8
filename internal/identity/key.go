package identity

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/store"
)

// Key is what may be known of an API key. JSON is the form that `reeve key list` prints.
type Key struct {
	ID                string      `json:"id"`
	Name              string      `json:"name"`
	Role              reeve.Role  `json:"role"`
	Clearance         reeve.Label `json:"clearance"`
	Models            []string    `json:"models,omitempty"`              // globs, "*" matches any run; none allows every model
	RequestsPerMinute int64       `json:"requests_per_minute,omitempty"` // 0: no limit
	TokensPerDay      int64       `json:"tokens_per_day,omitempty"`      // per UTC day, 0: no limit
	SpentToday        int64       `json:"spent_tokens_today"`            // tokens spent on this UTC day
	Owner             string      `json:"owner,omitempty"`               // principal that acts with it; none: the key stands for itself
	BreakGlass        bool        `json:"break_glass,omitempty"`         // lifts its owner for a short time, with a reason on record
	Created           time.Time   `json:"created"`
	Expires           time.Time   `json:"expires,omitzero"` // zero: never
	Revoked           time.Time   `json:"revoked,omitzero"` // zero: in force
}

func keyOf(row store.APIKey) Key {
	return Key{
		ID: row.ID, Name: row.Name, Role: row.Role.Canonical(), Clearance: row.Clearance, Models: row.Models,
		RequestsPerMinute: row.RequestsPerMinute, TokensPerDay: row.TokensPerDay,
		Owner: row.Owner, BreakGlass: row.Reason != "", Created: row.Created, Expires: row.Expires, Revoked: row.Revoked,
	}
}

func (k *Key) principal() reeve.Principal {
	return reeve.Principal{
		ID: "key:" + k.ID, Name: k.Name, Kind: reeve.KindService, Roles: []reeve.Role{k.Role}, Clearance: k.Clearance,
		Employment: reeve.EmploymentActive,
	}
}

// NewKey says what a new key shall be. Only the name is needed.
type NewKey struct {
	Name              string        // 1–128 bytes of printable text
	Role              reeve.Role    // "": employee
	Clearance         reeve.Label   // zero: public
	Models            []string      // globs of allowed models; nil: all
	RequestsPerMinute int64         // 0: no limit
	TokensPerDay      int64         // 0: no limit
	ExpiresIn         time.Duration // 0: never
	Owner             string        // id of the user or service account that acts with it; its roles and clearance count then
	reason            string        // of a break-glass key
}

// Limits of what a key may carry, so that a list of keys stays a list.
const (
	maxName   = 128
	maxModels = 256
	maxGlob   = 256
)

func (n *NewKey) check() error {
	switch {
	case n.Name == "" || len(n.Name) > maxName:
		return invalid("the name must have 1 to %d bytes", maxName)
	case !printable(n.Name):
		return invalid("the name must be printable text")
	case !n.Role.Known():
		return invalid("role %q is none of %v", n.Role, reeve.Roles())
	case n.RequestsPerMinute < 0 || n.TokensPerDay < 0 || n.ExpiresIn < 0:
		return invalid("limits and lifetime must not be negative")
	case len(n.Models) > maxModels:
		return invalid("at most %d models can be listed", maxModels)
	}
	for _, m := range n.Models {
		if m == "" || len(m) > maxGlob || !printable(m) {
			return invalid("a model pattern must be printable text of 1 to %d bytes", maxGlob)
		}
	}
	return nil
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Create makes a key. The text is the only copy of the secret: it is shown once and cannot be read again.
// A request that cannot be met is ErrInvalid.
func (d *Directory) Create(ctx context.Context, n NewKey) (key Key, text string, err error) {
	return d.CreateKey(ctx, Operator, n)
}

// CreateKey is Create by somebody in particular.
func (d *Directory) CreateKey(ctx context.Context, by By, n NewKey) (key Key, text string, err error) {
	n.reason = ""
	if n.Owner != "" && (n.Role != "" || n.Clearance.Level != reeve.Public || len(n.Clearance.Categories) > 0) {
		return Key{}, "", invalid("a key with an owner has the owner's roles and clearance; leave role and clearance out")
	}
	return d.create(ctx, by, n)
}

func (d *Directory) create(ctx context.Context, by By, n NewKey) (key Key, text string, err error) {
	if n.Role == "" {
		n.Role = reeve.RoleEmployee
	}
	n.Role = n.Role.Canonical()
	if err := n.check(); err != nil {
		return Key{}, "", err
	}
	id, secret := newID(), newSecret()
	now := d.stampTime()
	row := store.APIKey{
		ID: id, Name: n.Name, SecretSHA256: hashSecret(secret), Role: n.Role, Clearance: n.Clearance, Models: slices.Clone(n.Models),
		RequestsPerMinute: n.RequestsPerMinute, TokensPerDay: n.TokensPerDay, Created: now, Source: by.Source, Reason: n.reason,
	}
	if n.ExpiresIn > 0 {
		row.Expires = now.Add(n.ExpiresIn).Truncate(time.Millisecond)
	}
	act := d.act(by, "key.create", "key:"+id, created(row))
	if n.Owner != "" {
		owner, err := d.ownerOf(ctx, n.Owner)
		if err != nil {
			return Key{}, "", err
		}
		row.Owner, act.Details["owner"] = owner.row.ID, owner.principal.ID
	}
	if n.reason != "" {
		act.Act, act.Details["reason"] = ActBreakGlass, n.reason
	}
	if err := d.store.CreateKey(ctx, row, act); err != nil {
		return Key{}, "", err
	}
	return keyOf(row), formatKey(id, secret), nil
}

// ActBreakGlass is the act on which a server raises an alarm.
const ActBreakGlass = "user.break-glass"

// created is the act that goes to the custody log: what the key may do, not what a person called it.
func created(row store.APIKey) map[string]string {
	details := map[string]string{"role": string(row.Role), "clearance": row.Clearance.String()}
	if row.Models != nil {
		details["models"] = strconv.Itoa(len(row.Models))
	}
	if row.RequestsPerMinute > 0 {
		details["requests_per_minute"] = strconv.FormatInt(row.RequestsPerMinute, 10)
	}
	if row.TokensPerDay > 0 {
		details["tokens_per_day"] = strconv.FormatInt(row.TokensPerDay, 10)
	}
	if !row.Expires.IsZero() {
		details["expires"] = row.Expires.Format(time.RFC3339)
	}
	return details
}

// List returns all keys, revoked ones included, in the order of their creation.
func (d *Directory) List(ctx context.Context) ([]Key, error) {
	s, err := d.refresh(ctx)
	if err != nil {
		return nil, err
	}
	list := slices.Clone(s.list)
	for i := range list {
		list[i].SpentToday = s.byID[list[i].ID].session.use.today(dayOf(d.now()))
	}
	return list, nil
}

// Revoke ends a key for ever, and reports whether it was in force until now. An unknown id is store.ErrNotFound.
// When it returns, no later request passes with the key, in any process on this host.
func (d *Directory) Revoke(ctx context.Context, id string) (bool, error) {
	return d.RevokeKey(ctx, Operator, id)
}

// RevokeKey is Revoke by somebody in particular.
func (d *Directory) RevokeKey(ctx context.Context, by By, id string) (bool, error) {
	if len(id) != idLen {
		return false, fmt.Errorf("revoke key: %w", store.ErrNotFound)
	}
	s, err := d.latest(ctx)
	if err != nil {
		return false, err
	}
	if e := s.byID[id]; e != nil && e.row.Source == SourceFile {
		if err := by.may(SourceFile); err != nil {
			return false, err
		}
	}
	return d.store.RevokeKey(ctx, id, d.stampTime(), d.act(by, "key.revoke", "key:"+id, nil))
}

// Bootstrap makes one administrator's key where there is no key at all, and returns its text; "" where keys exist.
func (d *Directory) Bootstrap(ctx context.Context, name string) (text string, err error) {
	keys, err := d.List(ctx)
	if err != nil || len(keys) > 0 {
		return "", err
	}
	_, text, err = d.Create(ctx, NewKey{Name: name, Role: reeve.RoleAdmin, Clearance: reeve.Label{Level: reeve.Restricted}})
	return text, err
}

// Declare makes a key that no store knows: its id, the SHA-256 of its secret in hex and its text, for a File.
func Declare() (id, hash, text string) {
	id, secret := newID(), newSecret()
	sum := hashSecret(secret)
	return id, hex.EncodeToString(sum[:]), formatKey(id, secret)
}
