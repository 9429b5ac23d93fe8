package identity

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/store"
)

// maxGroups is how many groups one principal may be in, nested ones counted. Somebody in more is refused: rules over so
// many groups decide nothing that anybody has thought of, and every decision would pay for them.
const maxGroups = 1000

// snapshot is what was read from the store at one moment. It is never changed, only replaced.
type snapshot struct {
	stamp   int64 // taken before the read
	version int64

	byID map[string]*entry // keys
	list []Key             // in the order of creation

	users    map[string]*person
	names    map[string]string // name key → id of a user
	links    map[store.Link]string
	groups   map[string]*store.Group
	parents  map[string][]string // id of a user or group → groups that list it
	sessions map[[32]byte]*signedIn
}

// entry is one key with what it has used. The usage outlives the snapshot.
type entry struct {
	row     store.APIKey
	session Session
	hash    [32]byte
	owner   *person // nil: the key stands for itself
	broken  bool    // the owner is gone
}

// person is a user or a service account with what follows from its groups.
type person struct {
	row       store.User
	principal reeve.Principal
	tooMany   bool // more groups than maxGroups
	use       *usage
}

// next is the snapshot after some changes. old may be nil.
func (d *Directory) next(c *store.Changes, old *snapshot) *snapshot {
	s := &snapshot{version: c.Version}
	if old == nil || c.All {
		s.byID, s.users, s.groups, s.sessions = map[string]*entry{}, map[string]*person{}, map[string]*store.Group{}, map[[32]byte]*signedIn{}
	} else {
		s.byID, s.users, s.groups, s.sessions = maps.Clone(old.byID), maps.Clone(old.users), maps.Clone(old.groups), maps.Clone(old.sessions)
		s.names, s.links, s.parents, s.list = old.names, old.links, old.parents, old.list
	}
	people := len(c.Users) > 0 || len(c.Groups) > 0 || s.names == nil
	if people {
		s.takePeople(c)
	}
	s.takeKeys(c, old, d.now, people)
	s.takeSessions(c, old, d.now())
	return s
}

func (s *snapshot) takePeople(c *store.Changes) {
	for i := range c.Groups {
		if g := &c.Groups[i]; g.Deleted.IsZero() {
			s.groups[g.ID] = g
		} else {
			delete(s.groups, g.ID)
		}
	}
	for i := range c.Users {
		u := &c.Users[i]
		if !u.Deleted.IsZero() {
			delete(s.users, u.ID)
			continue
		}
		p := &person{row: *u, use: new(usage)}
		if was := s.users[u.ID]; was != nil {
			p.use = was.use
		}
		s.users[u.ID] = p
	}
	if len(c.Groups) > 0 || s.parents == nil {
		s.parents = map[string][]string{}
		for id, g := range s.groups {
			for _, member := range g.Users {
				s.parents[member] = append(s.parents[member], id)
			}
			for _, member := range g.Groups {
				s.parents[member] = append(s.parents[member], id)
			}
		}
	}
	s.names, s.links = make(map[string]string, len(s.users)), map[store.Link]string{}
	for id, p := range s.users {
		s.names[p.row.NameKey] = id
		for _, l := range p.row.Links {
			s.links[l] = id
		}
	}
	if len(c.Groups) == 0 {
		for i := range c.Users {
			if p := s.users[c.Users[i].ID]; p != nil {
				s.resolve(p)
			}
		}
		return
	}
	for id, p := range s.users { // a copy: sessions of the old snapshot still read the old one
		fresh := *p
		s.resolve(&fresh)
		s.users[id] = &fresh
	}
}

// resolve works out the principal of a user: its own roles and those of all its groups, nested ones included.
func (s *snapshot) resolve(p *person) {
	u := &p.row
	roles, names := slices.Clone(u.Roles), []string(nil)
	seen := map[string]bool{}
	todo := slices.Clone(s.parents[u.ID])
	for len(todo) > 0 && len(seen) <= maxGroups {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[id] {
			continue
		}
		seen[id] = true
		roles = append(roles, s.groups[id].Roles...)
		names = append(names, s.groups[id].Name)
		todo = append(todo, s.parents[id]...)
	}
	p.tooMany = len(seen) > maxGroups
	slices.Sort(names)
	p.principal = reeve.Principal{
		ID: u.Kind + ":" + u.ID, Name: u.Name, Kind: u.Kind, Roles: tidyRoles(roles), Groups: names, Clearance: u.Clearance,
		Department: u.Department, Employment: u.Employment, Country: u.Country, Training: u.Training, Attributes: u.Attributes,
	}
}

func tidyRoles(roles []reeve.Role) []reeve.Role {
	for i := range roles {
		roles[i] = roles[i].Canonical()
	}
	slices.Sort(roles)
	return slices.Compact(roles)
}

func (s *snapshot) takeKeys(c *store.Changes, old *snapshot, now reeve.Clock, people bool) {
	for i := range c.Keys {
		row := &c.Keys[i]
		e := &entry{row: *row, hash: row.SecretSHA256}
		if was := s.byID[row.ID]; was != nil {
			e.session.use = was.session.use
		} else if old != nil && old.byID[row.ID] != nil {
			e.session.use = old.byID[row.ID].session.use
		} else {
			e.session.use = newUsage(*row)
		}
		s.byID[row.ID] = e
		e.fill(s, now)
	}
	if people {
		for id, was := range s.byID {
			if was.row.Owner != "" {
				e := &entry{row: was.row, hash: was.hash}
				e.session.use = was.session.use
				e.fill(s, now)
				s.byID[id] = e
			}
		}
	}
	if len(c.Keys) > 0 || s.list == nil {
		s.list = make([]Key, 0, len(s.byID))
		for _, e := range s.byID {
			s.list = append(s.list, *e.session.Key)
		}
		slices.SortFunc(s.list, func(a, b Key) int {
			if n := a.Created.Compare(b.Created); n != 0 {
				return n
			}
			return strings.Compare(a.ID, b.ID)
		})
	}
}

// fill works out the session of a key: that of its owner, or one of its own.
func (e *entry) fill(s *snapshot, now reeve.Clock) {
	key := keyOf(e.row)
	e.session.Key, e.session.now, e.session.Authn = &key, now, AuthnKey
	if e.row.Owner == "" {
		e.session.Principal = key.principal()
	} else if e.owner = s.users[e.row.Owner]; e.owner == nil {
		e.broken = true
	} else {
		e.session.Principal = e.owner.principal
		if e.row.Reason != "" {
			e.session.Principal = elevated(e.session.Principal, e.row.Clearance)
		}
	}
	e.session.RoleDigest = roleDigest(&e.session.Principal)
}

// may refuses a user who may not act: switched off, no longer employed, or in too many groups to decide about.
func (p *person) may() *reeve.Refusal {
	switch {
	case p.row.Inactive:
		return refuse("inactive", "the account is switched off", "ask an administrator to switch it on again")
	case p.row.Employment == reeve.EmploymentEnded:
		return refuse("ended", "the employment that the account belongs to has ended", "ask an administrator if that is a mistake")
	case p.tooMany:
		return refuse("groups", fmt.Sprintf("the account is in more than %d groups", maxGroups), "ask an administrator to leave it in those that rules need")
	}
	return nil
}

// ErrConflict says that something else has the name, or that the thing was changed in between.
var ErrConflict = errors.New("conflict")

// told gives the errors of the store the words of this room.
func told(err error) error {
	switch {
	case errors.Is(err, store.ErrTaken):
		return fmt.Errorf("%w: %w (names that look alike count as one)", ErrConflict, err)
	case errors.Is(err, store.ErrChanged):
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return err
}

// By says who makes a change, for the record and for the question who owns what.
type By struct {
	Actor  string // id of the principal; "" is the operator at the command line
	Source string // "api", "file", "scim" or "oidc"
}

// Operator is the person at the command line.
var Operator = By{Source: SourceAPI}

// Where users and groups come from. What a file owns, only the file changes; what a SCIM client owns, only it creates and
// deletes.
const (
	SourceAPI  = "api"
	SourceFile = "file"
	SourceSCIM = "scim"
	SourceOIDC = "oidc"
)

// ErrOwned says that a file or another source owns the thing.
var ErrOwned = errors.New("owned by another source")

func (by By) may(source string) error {
	switch {
	case source == by.Source:
		return nil
	case source == SourceFile:
		return fmt.Errorf("%w: it stands in the identity file; change it there", ErrOwned)
	case by.Source == SourceSCIM:
		return fmt.Errorf("%w: no SCIM client made it", ErrOwned)
	case by.Source == SourceFile:
		return fmt.Errorf("%w: it was made by %s; delete it first, or give the entry of the file another name", ErrOwned, source)
	}
	return nil
}

func (d *Directory) act(by By, act, subject string, details map[string]string) store.Act {
	all := map[string]string{"source": by.Source}
	maps.Copy(all, details)
	if by.Actor != "" {
		all["actor"] = by.Actor
	}
	return store.Act{At: d.stampTime(), Act: act, Subject: subject, Details: all}
}

func (d *Directory) stampTime() time.Time { return d.now().UTC().Truncate(time.Millisecond) }

// latest reads the store and returns what is there now.
func (d *Directory) latest(ctx context.Context) (*snapshot, error) { return d.refresh(ctx) }
