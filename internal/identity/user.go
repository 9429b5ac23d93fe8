package identity

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/store"
)

// User is what may be known of a user or service account. JSON is the form of the admin API and of `reeve user list`.
type User struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Kind        string            `json:"kind"`
	Source      string            `json:"source"`
	Active      bool              `json:"active"`
	DisplayName string            `json:"display_name,omitzero"`
	Email       string            `json:"email,omitzero"`
	ExternalID  string            `json:"external_id,omitzero"`
	Roles       []reeve.Role      `json:"roles"`
	Groups      []string          `json:"groups"` // names, nested ones included
	Clearance   reeve.Label       `json:"clearance"`
	Department  string            `json:"department,omitzero"`
	Employment  string            `json:"employment,omitzero"`
	Country     string            `json:"country,omitzero"`
	Training    []string          `json:"training,omitzero"`
	Attributes  map[string]string `json:"attributes,omitzero"`
	Links       []store.Link      `json:"links,omitzero"`
	Created     time.Time         `json:"created"`
	Changed     time.Time         `json:"changed"`
	Version     int64             `json:"version"`
}

// Principal is the id by which decisions and records name the user.
func (u *User) Principal() string { return u.Kind + ":" + u.ID }

func (s *snapshot) user(row *store.User) User {
	p := &person{row: *row}
	s.resolve(p)
	return User{
		ID: row.ID, Name: row.Name, Kind: row.Kind, Source: row.Source, Active: !row.Inactive, DisplayName: row.DisplayName, Email: row.Email,
		ExternalID: row.ExternalID, Roles: notNil(slices.Clone(row.Roles)), Groups: notNil(p.principal.Groups), Clearance: row.Clearance,
		Department: row.Department, Employment: row.Employment, Country: row.Country, Training: row.Training, Attributes: row.Attributes,
		Links: row.Links, Created: row.Created, Changed: row.Changed, Version: row.Version,
	}
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// checkUser refuses what a user may not carry, and puts the rest into one form.
func checkUser(u *store.User) (err error) {
	if u.NameKey, err = NameKey(u.Name, false); err != nil {
		return err
	}
	for i, r := range u.Roles {
		if u.Roles[i], err = reeve.ParseRole(string(r)); err != nil {
			return invalid("%s", err)
		}
	}
	u.Roles = tidyRoles(u.Roles)
	slices.Sort(u.Training)
	u.Training = slices.Compact(u.Training)
	switch {
	case u.Kind != reeve.KindUser && u.Kind != reeve.KindService:
		return invalid("kind %q is neither %s nor %s", u.Kind, reeve.KindUser, reeve.KindService)
	case !slices.Contains([]string{"", reeve.EmploymentActive, reeve.EmploymentLeave, reeve.EmploymentEnded}, u.Employment):
		return invalid("employment %q is none of active, leave and ended", u.Employment)
	case u.Country != "" && !isCountry(u.Country):
		return invalid("country %q is no code of two capital letters (ISO 3166-1)", u.Country)
	case len(u.Training) > 256 || len(u.Attributes) > 64 || len(u.Links) > 16:
		return invalid("at most 256 trainings, 64 attributes and 16 links can be kept")
	}
	texts := slices.Concat([]string{u.DisplayName, u.Email, u.ExternalID, u.Department}, u.Training, slices.Collect(maps.Keys(u.Attributes)), slices.Collect(maps.Values(u.Attributes)))
	for _, l := range u.Links {
		if l.Issuer == "" || l.Subject == "" {
			return invalid("a link needs an issuer and a subject")
		}
		texts = append(texts, l.Issuer, l.Subject)
	}
	for _, s := range texts {
		if len(s) > 512 || !printable(s) {
			return invalid("every text must be printable and at most 512 bytes long")
		}
	}
	for name := range u.Attributes {
		if name == "" {
			return invalid("an attribute needs a name")
		}
	}
	return nil
}

func isCountry(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

// CreateUser adds a user or service account. Of u only what a person can say is read; a kind is "user" and employment is
// "active" unless said otherwise. What cannot be is ErrInvalid, a name that is taken or looks like one ErrConflict.
func (d *Directory) CreateUser(ctx context.Context, by By, u store.User) (User, error) {
	if u.Kind == "" {
		u.Kind = reeve.KindUser
	}
	if u.Employment == "" && by.Source != SourceFile {
		u.Employment = reeve.EmploymentActive
	}
	if err := checkUser(&u); err != nil {
		return User{}, err
	}
	u.ID, u.Source, u.Created, u.Deleted = newID(), by.Source, d.stampTime(), time.Time{}
	u.Changed = u.Created
	row, err := d.store.CreateUser(ctx, u, d.act(by, "user.create", u.Kind+":"+u.ID, rights(&u)))
	if err != nil {
		return User{}, told(err)
	}
	return d.userAfter(&row), nil
}

// userAfter shows a row that was just written. Its groups are those that are known already: reading everything anew for each
// of a hundred thousand accounts that a client provisions would cost more than all else.
func (d *Directory) userAfter(row *store.User) User { return d.known.Load().user(row) }

// rights is what the record of a change keeps: what the account may do, not what a person is called.
func rights(u *store.User) map[string]string {
	roles := make([]string, len(u.Roles))
	for i, r := range u.Roles {
		roles[i] = string(r)
	}
	m := map[string]string{"roles": strings.Join(roles, ","), "clearance": u.Clearance.String(), "active": strconv.FormatBool(!u.Inactive)}
	if u.Employment != "" {
		m["employment"] = u.Employment
	}
	return m
}

// UpdateUser changes a user by edit, which sees the stored row. ifVersion 0 means any version. Switching a user off ends
// its sessions with the next request; its keys are refused while it is off.
func (d *Directory) UpdateUser(ctx context.Context, by By, id string, ifVersion int64, edit func(*store.User) error) (User, error) {
	row, err := d.store.UpdateUser(ctx, id, ifVersion, func(u *store.User) (*store.Act, error) {
		if err := by.may(u.Source); err != nil {
			return nil, err
		}
		was := *u
		u.Roles, u.Training, u.Attributes = slices.Clone(u.Roles), slices.Clone(u.Training), maps.Clone(u.Attributes)
		if err := edit(u); err != nil {
			return nil, err
		}
		if u.Kind != was.Kind || u.ID != was.ID || u.Source != was.Source {
			return nil, invalid("kind and source of an account never change")
		}
		if err := checkUser(u); err != nil {
			return nil, err
		}
		u.Changed = d.stampTime()
		act := d.act(by, "user.update", u.Kind+":"+u.ID, rights(u))
		return &act, nil
	})
	if err != nil {
		return User{}, told(err)
	}
	if row.Inactive && !row.Deleted.IsZero() {
		return User{}, store.ErrNotFound
	}
	if row.Inactive {
		if err := d.store.RevokeUser(ctx, id, d.stampTime(), d.act(by, "user.revoke", row.Kind+":"+id, nil)); err != nil {
			return User{}, err
		}
	}
	return d.userAfter(&row), nil
}

// DeleteUser forgets a user. Its keys and sessions end at once; only the id stays, so that records keep their meaning.
func (d *Directory) DeleteUser(ctx context.Context, by By, id string) error {
	s, err := d.latest(ctx)
	if err != nil {
		return err
	}
	p := s.users[id]
	if p == nil {
		return fmt.Errorf("delete user: %w", store.ErrNotFound)
	}
	if err := by.may(p.row.Source); err != nil {
		return err
	}
	return d.store.DeleteUser(ctx, id, d.stampTime(), d.act(by, "user.delete", p.row.Kind+":"+id, nil))
}

// Users returns all users and service accounts by name.
func (d *Directory) Users(ctx context.Context) ([]User, error) {
	s, err := d.latest(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]User, 0, len(s.users))
	for _, p := range s.users {
		list = append(list, s.user(&p.row))
	}
	slices.SortFunc(list, func(a, b User) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// User finds a user by id, by principal ("user:…") or by name, in this order.
func (d *Directory) User(ctx context.Context, who string) (User, error) {
	s, err := d.latest(ctx)
	if err != nil {
		return User{}, err
	}
	p := s.find(who)
	if p == nil {
		return User{}, fmt.Errorf("user: %w", store.ErrNotFound)
	}
	return s.user(&p.row), nil
}

func (s *snapshot) find(who string) *person {
	if p := s.users[who]; p != nil {
		return p
	}
	if kind, id, ok := strings.Cut(who, ":"); ok {
		if p := s.users[id]; p != nil && p.row.Kind == kind {
			return p
		}
	}
	if key, err := NameKey(who, false); err == nil {
		if p := s.users[s.names[key]]; p != nil && p.row.Name == who {
			return p
		}
	}
	return nil
}

// Principal is the principal of a user as decisions see it now: groups and their roles included. False: nobody, or
// somebody who may not act.
func (d *Directory) Principal(ctx context.Context, who string) (reeve.Principal, bool, error) {
	s, err := d.latest(ctx)
	if err != nil {
		return reeve.Principal{}, false, err
	}
	p := s.find(who)
	if p == nil {
		return reeve.Principal{}, false, nil
	}
	return p.principal, p.may() == nil, nil
}

// Principals lists every principal that may act: users and service accounts, and the keys that stand for themselves.
func (d *Directory) Principals(ctx context.Context) ([]reeve.Principal, error) {
	s, err := d.latest(ctx)
	if err != nil {
		return nil, err
	}
	var list []reeve.Principal
	for _, p := range s.users {
		if p.may() == nil {
			list = append(list, p.principal)
		}
	}
	for _, e := range s.byID {
		if k := e.session.Key; e.row.Owner == "" && k.Revoked.IsZero() && (k.Expires.IsZero() || d.now().Before(k.Expires)) {
			list = append(list, e.session.Principal)
		}
	}
	slices.SortFunc(list, func(a, b reeve.Principal) int { return strings.Compare(a.ID, b.ID) })
	return list, nil
}

// RevokeUser ends all keys and sessions of a user and leaves the account as it is.
func (d *Directory) RevokeUser(ctx context.Context, by By, id string) error {
	s, err := d.latest(ctx)
	if err != nil {
		return err
	}
	p := s.users[id]
	if p == nil {
		return fmt.Errorf("revoke: %w", store.ErrNotFound)
	}
	return d.store.RevokeUser(ctx, id, d.stampTime(), d.act(by, "user.revoke", p.row.Kind+":"+id, nil))
}

// Link ties an identity elsewhere to a user: an OpenID Connect issuer and subject, or SPIFFE and a SPIFFE id.
func (d *Directory) Link(ctx context.Context, by By, id string, l store.Link) (User, error) {
	if l.Issuer == SPIFFE {
		if _, err := parseSPIFFE(l.Subject); err != nil {
			return User{}, err
		}
	}
	return d.UpdateUser(ctx, by, id, 0, func(u *store.User) error {
		if l.Issuer == SPIFFE && u.Kind != reeve.KindService {
			return invalid("a SPIFFE id names a program: link it to a service account")
		}
		if slices.Contains(u.Links, l) {
			return nil
		}
		u.Links = append(u.Links, l)
		return nil
	})
}

// Unlink unties an identity elsewhere.
func (d *Directory) Unlink(ctx context.Context, by By, id string, l store.Link) (User, error) {
	return d.UpdateUser(ctx, by, id, 0, func(u *store.User) error {
		i := slices.Index(u.Links, l)
		if i < 0 {
			return fmt.Errorf("link: %w", store.ErrNotFound)
		}
		u.Links = slices.Delete(u.Links, i, i+1)
		return nil
	})
}

// IsNotFound reports whether an error says that there is no such thing.
func IsNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }
