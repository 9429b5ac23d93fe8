package identity

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/store"
	"github.com/reeve-ai/reeve/internal/strict"
)

// File declares users, service accounts, groups and keys. What stands in it belongs to it: the API and the command line
// cannot change it, and what leaves it is deleted or revoked.
type File struct {
	Version int         `yaml:"version"`
	Users   []FileUser  `yaml:"users"`
	Groups  []FileGroup `yaml:"groups"`
	Keys    []FileKey   `yaml:"keys"`

	doc *strict.Doc
}

// FileUser is an account in a File.
type FileUser struct {
	Name        string            `yaml:"name"`
	Kind        string            `yaml:"kind"`   // "": user
	Active      *bool             `yaml:"active"` // left out: true
	DisplayName string            `yaml:"display_name"`
	Email       string            `yaml:"email"`
	Roles       []string          `yaml:"roles"`
	Clearance   string            `yaml:"clearance"` // "": public
	Department  string            `yaml:"department"`
	Employment  string            `yaml:"employment"` // "": active
	Country     string            `yaml:"country"`
	Training    []string          `yaml:"training"`
	Attributes  map[string]string `yaml:"attributes"`
	Links       []FileLink        `yaml:"links"`
}

// FileLink is an identity elsewhere; SPIFFE stands for issuer spiffe.
type FileLink struct {
	Issuer  string `yaml:"issuer"`
	Subject string `yaml:"subject"`
	SPIFFE  string `yaml:"spiffe"`
}

// FileGroup is a group in a File. Members are named, and users may come from elsewhere.
type FileGroup struct {
	Name   string   `yaml:"name"`
	Roles  []string `yaml:"roles"`
	Users  []string `yaml:"users"`
	Groups []string `yaml:"groups"`
}

// FileKey is an API key by the hash of its secret; `reeve key create --declare` prints one.
type FileKey struct {
	ID                string   `yaml:"id"`
	SHA256            string   `yaml:"sha256"`
	Name              string   `yaml:"name"`
	Owner             string   `yaml:"owner"`
	Role              string   `yaml:"role"`
	Clearance         string   `yaml:"clearance"`
	Models            []string `yaml:"models"`
	RequestsPerMinute int64    `yaml:"requests_per_minute"`
	TokensPerDay      int64    `yaml:"tokens_per_day"`
	Expires           string   `yaml:"expires"` // a date or an RFC 3339 time; "": never
}

var fileLimits = strict.Limits{Bytes: 1 << 20, Marks: 50_000, Depth: 8}

// LoadFile reads and checks a file. Every error tells its place.
func LoadFile(path string) (*File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, withHint(fmt.Errorf("read identity file: %w", err), "identity.file of the configuration names it")
	}
	return ParseFile(path, text)
}

// ParseFile checks the text of a file; name is for messages.
func ParseFile(name string, text []byte) (*File, error) {
	f := &File{}
	doc, err := strict.Decode(name, text, f, fileLimits)
	if err != nil {
		return nil, err
	}
	f.doc = doc
	if f.Version != 1 {
		return nil, doc.At("version must be 1", "version")
	}
	if _, err := f.users(); err != nil {
		return nil, err
	}
	if _, err := f.groups(func(string) string { return "" }); err != nil {
		return nil, err
	}
	if _, err := f.keys(func(string) string { return "x" }); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *File) users() ([]store.User, error) {
	list, seen := []store.User{}, map[string]bool{}
	for i, in := range f.Users {
		u := store.User{
			Name: in.Name, Kind: in.Kind, Inactive: in.Active != nil && !*in.Active, DisplayName: in.DisplayName, Email: in.Email, Department: in.Department,
			Employment: in.Employment, Country: in.Country, Training: slices.Clone(in.Training), Attributes: in.Attributes,
		}
		if u.Kind == "" {
			u.Kind = reeve.KindUser
		}
		if u.Employment == "" {
			u.Employment = reeve.EmploymentActive
		}
		for _, r := range in.Roles {
			u.Roles = append(u.Roles, reeve.Role(r))
		}
		for j, l := range in.Links {
			link := store.Link{Issuer: l.Issuer, Subject: l.Subject}
			if l.SPIFFE != "" {
				if _, err := parseSPIFFE(l.SPIFFE); err != nil || l.Issuer != "" || l.Subject != "" || u.Kind != reeve.KindService {
					return nil, f.doc.At("want a SPIFFE id alone, and on a service account", "users", i, "links", j)
				}
				link = store.Link{Issuer: SPIFFE, Subject: l.SPIFFE}
			}
			u.Links = append(u.Links, link)
		}
		var err error
		if u.Clearance, err = label(in.Clearance); err != nil {
			return nil, f.doc.At(err.Error(), "users", i, "clearance")
		}
		if err := checkUser(&u); err != nil {
			return nil, f.doc.At(err.Error(), "users", i)
		}
		if seen[u.NameKey] {
			return nil, f.doc.At("another user has this name, or one that looks like it", "users", i, "name")
		}
		seen[u.NameKey] = true
		list = append(list, u)
	}
	return list, nil
}

func label(text string) (reeve.Label, error) {
	if text == "" {
		return reeve.Label{}, nil
	}
	return reeve.ParseLabel(text)
}

// groups are the declared groups; user finds the id of a user by name. Of groups the names stand where ids will be.
func (f *File) groups(user func(name string) string) ([]store.Group, error) {
	list, all := []store.Group{}, map[string]store.Group{}
	for i, in := range f.Groups {
		g := store.Group{Name: in.Name, Groups: slices.Clone(in.Groups)}
		for _, r := range in.Roles {
			g.Roles = append(g.Roles, reeve.Role(r))
		}
		for _, name := range in.Users {
			g.Users = append(g.Users, user(name))
		}
		if err := checkGroup(&g); err != nil {
			return nil, f.doc.At(err.Error(), "groups", i)
		}
		for _, other := range all {
			if other.NameKey == g.NameKey {
				return nil, f.doc.At("another group has this name, or one that looks like it", "groups", i, "name")
			}
		}
		all[g.Name] = g
		list = append(list, g)
	}
	for i, g := range list {
		for _, name := range g.Groups {
			if _, known := all[name]; !known {
				return nil, f.doc.At("no group of this file is called "+name, "groups", i, "groups")
			}
		}
		if err := acyclic(all, g.Name); err != nil {
			return nil, f.doc.At(err.Error(), "groups", i)
		}
	}
	return list, nil
}

func (f *File) keys(owner func(name string) string) ([]store.APIKey, error) {
	list, seen := []store.APIKey{}, map[string]bool{}
	for i, in := range f.Keys {
		k := store.APIKey{ID: in.ID, Name: in.Name, Role: reeve.Role(in.Role).Canonical(), Models: in.Models, RequestsPerMinute: in.RequestsPerMinute, TokensPerDay: in.TokensPerDay, Source: SourceFile}
		if in.Owner != "" {
			if in.Role != "" || in.Clearance != "" {
				return nil, f.doc.At("a key with an owner has the owner's roles and clearance", "keys", i, "owner")
			}
			if k.Owner = owner(in.Owner); k.Owner == "" {
				return nil, f.doc.At("no user or service account is called "+in.Owner, "keys", i, "owner")
			}
		}
		if k.Role == "" {
			k.Role = reeve.RoleEmployee
		}
		var err error
		if k.Clearance, err = label(in.Clearance); err != nil {
			return nil, f.doc.At(err.Error(), "keys", i, "clearance")
		}
		if n, err := hex.Decode(k.SecretSHA256[:], []byte(in.SHA256[:min(len(in.SHA256), 64)])); err != nil || n != 32 || len(in.SHA256) != 64 {
			return nil, f.doc.At("want the SHA-256 of the secret in 64 hex digits", "keys", i, "sha256")
		}
		if len(k.ID) != idLen || !isBase32(k.ID) || seen[k.ID] {
			return nil, f.doc.At("want the id of the key: ten of a-z and 2-7, each once", "keys", i, "id")
		}
		seen[k.ID] = true
		if in.Expires != "" {
			if k.Expires, err = time.Parse(time.DateOnly, in.Expires); err != nil {
				if k.Expires, err = time.Parse(time.RFC3339, in.Expires); err != nil {
					return nil, f.doc.At("want a date such as 2027-01-31", "keys", i, "expires")
				}
			}
			k.Expires = k.Expires.UTC()
		}
		n := NewKey{Name: k.Name, Role: k.Role, Clearance: k.Clearance, Models: k.Models, RequestsPerMinute: k.RequestsPerMinute, TokensPerDay: k.TokensPerDay}
		if err := n.check(); err != nil {
			return nil, f.doc.At(err.Error(), "keys", i)
		}
		list = append(list, k)
	}
	return list, nil
}

// Applied counts what a file changed.
type Applied struct{ Created, Updated, Removed int }

// Apply brings the directory to what the file says. The file was checked as a whole before; where something of another
// source is in the way, nothing of that entry is changed, the rest is done, and all errors are told.
func (d *Directory) Apply(ctx context.Context, f *File) (Applied, error) {
	var done Applied
	by := By{Source: SourceFile}
	users, err := f.users()
	if err != nil {
		return done, err
	}
	errs := []error{d.applyUsers(ctx, by, users, &done)}
	s, err := d.latest(ctx)
	if err != nil {
		return done, err
	}
	find := func(name string) string {
		if p := s.find(name); p != nil {
			return p.row.ID
		}
		return ""
	}
	groups, err := f.groups(find)
	if err == nil {
		err = d.applyGroups(ctx, by, groups, &done)
	}
	errs = append(errs, err)
	keys, err := f.keys(find)
	if err == nil {
		err = d.applyKeys(ctx, by, keys, &done)
	}
	return done, errors.Join(append(errs, err)...)
}

func (d *Directory) applyUsers(ctx context.Context, by By, want []store.User, done *Applied) error {
	s, err := d.latest(ctx)
	if err != nil {
		return err
	}
	var errs []error
	wanted := map[string]bool{}
	for _, u := range want {
		wanted[u.NameKey] = true
	}
	for id, p := range s.users { // first what goes: its links and names may come back elsewhere
		if p.row.Source == SourceFile && !wanted[p.row.NameKey] {
			errs = append(errs, d.DeleteUser(ctx, by, id))
			done.Removed++
		}
	}
	for _, u := range want {
		p := s.users[s.names[u.NameKey]]
		if p == nil {
			_, err := d.CreateUser(ctx, by, u)
			errs = append(errs, about("user", u.Name, err))
			done.Created++
			continue
		}
		if same(p.row, u) {
			continue
		}
		_, err := d.UpdateUser(ctx, by, p.row.ID, 0, func(row *store.User) error {
			keep := *row
			*row = u
			row.ID, row.Source, row.Created, row.Version, row.ExternalID = keep.ID, keep.Source, keep.Created, keep.Version, keep.ExternalID
			return nil
		})
		errs = append(errs, about("user", u.Name, err))
		done.Updated++
	}
	return errors.Join(errs...)
}

// same compares what a file says of a user with what is stored.
func same(row, u store.User) bool {
	u.ID, u.Source, u.Created, u.Changed, u.Version, u.ExternalID = row.ID, row.Source, row.Created, row.Changed, row.Version, row.ExternalID
	return row.Source == SourceFile && row.Name == u.Name && row.Kind == u.Kind && row.Inactive == u.Inactive && row.DisplayName == u.DisplayName && row.Email == u.Email &&
		slices.Equal(row.Roles, u.Roles) && row.Clearance.String() == u.Clearance.String() && row.Department == u.Department && row.Employment == u.Employment &&
		row.Country == u.Country && slices.Equal(row.Training, u.Training) && maps.Equal(row.Attributes, u.Attributes) && slices.Equal(row.Links, u.Links)
}

func about(kind, name string, err error) error {
	if err != nil {
		return fmt.Errorf("%s %s: %w", kind, name, err)
	}
	return nil
}

func (d *Directory) applyGroups(ctx context.Context, by By, want []store.Group, done *Applied) error {
	s, err := d.latest(ctx)
	if err != nil {
		return err
	}
	ids, errs := map[string]string{}, []error(nil)
	for id, g := range s.groups {
		ids[g.Name] = id
	}
	for _, g := range want { // all of them first, then what they hold, because they may hold each other
		if ids[g.Name] == "" {
			made, err := d.CreateGroup(ctx, by, store.Group{Name: g.Name})
			errs = append(errs, about("group", g.Name, err))
			ids[g.Name] = made.ID
			done.Created++
		}
	}
	fresh := map[string]bool{}
	for id := range ids {
		fresh[id] = s.groups[ids[id]] == nil
	}
	if s, err = d.latest(ctx); err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, g := range want {
		wanted[ids[g.Name]] = true
		if slices.Contains(g.Users, "") {
			errs = append(errs, fmt.Errorf("group %s: a member is no user here", g.Name))
			continue
		}
		for i, name := range g.Groups {
			g.Groups[i] = ids[name]
		}
		slices.Sort(g.Groups)
		if row := s.groups[ids[g.Name]]; row != nil && slices.Equal(row.Users, g.Users) && slices.Equal(row.Groups, g.Groups) && slices.Equal(row.Roles, g.Roles) && row.Source == SourceFile {
			continue
		}
		_, err := d.UpdateGroup(ctx, by, ids[g.Name], 0, func(row *store.Group) error {
			row.Users, row.Groups, row.Roles = g.Users, g.Groups, g.Roles
			return nil
		})
		errs = append(errs, about("group", g.Name, err))
		if !fresh[g.Name] {
			done.Updated++
		}
	}
	for id, g := range s.groups {
		if g.Source == SourceFile && !wanted[id] {
			errs = append(errs, d.DeleteGroup(ctx, by, id))
			done.Removed++
		}
	}
	return errors.Join(errs...)
}

func (d *Directory) applyKeys(ctx context.Context, by By, want []store.APIKey, done *Applied) error {
	s, err := d.latest(ctx)
	if err != nil {
		return err
	}
	wanted, errs := map[string]bool{}, []error(nil)
	for _, k := range want {
		wanted[k.ID] = true
		e := s.byID[k.ID]
		if e == nil {
			k.Created = d.stampTime()
			act := d.act(by, "key.create", "key:"+k.ID, created(k))
			if k.Owner != "" {
				act.Details["owner"] = s.users[k.Owner].principal.ID
			}
			errs = append(errs, about("key", k.ID, d.store.CreateKey(ctx, k, act)))
			done.Created++
			continue
		}
		was := e.row
		k.Created, k.Revoked, k.SpentDay, k.SpentTokens = was.Created, was.Revoked, was.SpentDay, was.SpentTokens
		switch {
		case was.Source != SourceFile:
			errs = append(errs, fmt.Errorf("key %s: %w: it was made by %s", k.ID, ErrOwned, was.Source))
		case !was.Revoked.IsZero():
			errs = append(errs, fmt.Errorf("key %s: it was revoked, and that is for ever; make another one", k.ID))
		case !reflect.DeepEqual(was, k):
			errs = append(errs, fmt.Errorf("key %s: what a key may do never changes; make another one", k.ID))
		}
	}
	for id, e := range s.byID {
		if e.row.Source == SourceFile && !wanted[id] && e.row.Revoked.IsZero() {
			_, err := d.RevokeKey(ctx, by, id)
			errs = append(errs, about("key", id, err))
			done.Removed++
		}
	}
	return errors.Join(errs...)
}
