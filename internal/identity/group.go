package identity

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/store"
)

// Limits of a group and of the set of them.
const (
	maxMembers = 100_000
	maxNesting = 16
)

// Group is what may be known of a group. JSON is the form of the admin API.
type Group struct {
	ID         string       `json:"id"`
	Name       string       `json:"name"`
	Source     string       `json:"source"`
	ExternalID string       `json:"external_id,omitzero"`
	Roles      []reeve.Role `json:"roles"`
	Users      []string     `json:"users"`  // ids of members
	Groups     []string     `json:"groups"` // ids of groups whose members are members too
	Created    time.Time    `json:"created"`
	Changed    time.Time    `json:"changed"`
	Version    int64        `json:"version"`
}

func (s *snapshot) group(g *store.Group) Group {
	out := Group{ID: g.ID, Name: g.Name, Source: g.Source, ExternalID: g.ExternalID, Roles: notNil(slices.Clone(g.Roles)), Users: []string{}, Groups: []string{}, Created: g.Created, Changed: g.Changed, Version: g.Version}
	for _, id := range g.Users {
		if s.users[id] != nil { // a deleted member is no member
			out.Users = append(out.Users, id)
		}
	}
	for _, id := range g.Groups {
		if s.groups[id] != nil {
			out.Groups = append(out.Groups, id)
		}
	}
	return out
}

func checkGroup(g *store.Group) (err error) {
	if g.NameKey, err = NameKey(g.Name, true); err != nil {
		return err
	}
	for i, r := range g.Roles {
		if g.Roles[i], err = reeve.ParseRole(string(r)); err != nil {
			return invalid("%s", err)
		}
	}
	g.Roles = tidyRoles(g.Roles)
	slices.Sort(g.Users)
	slices.Sort(g.Groups)
	g.Users, g.Groups = slices.Compact(g.Users), slices.Compact(g.Groups)
	if len(g.Users)+len(g.Groups) > maxMembers {
		return invalid("a group can have at most %d members", maxMembers)
	}
	if len(g.ExternalID) > 512 || !printable(g.ExternalID) {
		return invalid("every text must be printable and at most 512 bytes long")
	}
	return nil
}

// acyclic refuses a group that would contain itself, or that nests deeper than maxNesting. all are the groups as they
// would be.
func acyclic(all map[string]store.Group, from string) error {
	height := map[string]int{} // -1: on the way down
	var walk func(id string) (int, error)
	walk = func(id string) (int, error) {
		if h, seen := height[id]; seen {
			if h < 0 {
				return 0, invalid("the groups would contain each other in a circle (%s)", all[id].Name)
			}
			return h, nil
		}
		height[id] = -1
		most := 0
		for _, child := range all[id].Groups {
			if _, there := all[child]; !there {
				continue
			}
			h, err := walk(child)
			if err != nil {
				return 0, err
			}
			most = max(most, h+1)
		}
		height[id] = most
		return most, nil
	}
	h, err := walk(from)
	if err == nil && h > maxNesting {
		return invalid("groups may be nested %d deep at most", maxNesting)
	}
	return err
}

// CreateGroup adds a group. Members must exist. The errors are those of CreateUser.
func (d *Directory) CreateGroup(ctx context.Context, by By, g store.Group) (Group, error) {
	if err := checkGroup(&g); err != nil {
		return Group{}, err
	}
	s, err := d.latest(ctx)
	if err != nil {
		return Group{}, err
	}
	if err := s.members(&g); err != nil {
		return Group{}, err
	}
	g.ID, g.Source, g.Created, g.Deleted = newID(), by.Source, d.stampTime(), time.Time{}
	g.Changed = g.Created
	row, err := d.store.CreateGroup(ctx, g, d.act(by, "group.create", "group:"+g.ID, groupRights(&g)))
	if err != nil {
		return Group{}, told(err)
	}
	return d.groupAfter(ctx, &row)
}

func (s *snapshot) members(g *store.Group) error {
	for _, id := range g.Users {
		if s.users[id] == nil {
			return invalid("member %q is no user", id)
		}
	}
	for _, id := range g.Groups {
		if s.groups[id] == nil {
			return invalid("member %q is no group", id)
		}
	}
	return nil
}

func groupRights(g *store.Group) map[string]string {
	roles := make([]string, len(g.Roles))
	for i, r := range g.Roles {
		roles[i] = string(r)
	}
	return map[string]string{"roles": strings.Join(roles, ","), "members": fmt.Sprint(len(g.Users) + len(g.Groups))}
}

func (d *Directory) groupAfter(ctx context.Context, row *store.Group) (Group, error) {
	s, err := d.latest(ctx)
	if err != nil {
		return Group{}, err
	}
	return s.group(row), nil
}

// UpdateGroup changes a group by edit. A circle of groups is ErrInvalid.
func (d *Directory) UpdateGroup(ctx context.Context, by By, id string, ifVersion int64, edit func(*store.Group) error) (Group, error) {
	s, err := d.latest(ctx)
	if err != nil {
		return Group{}, err
	}
	row, err := d.store.UpdateGroup(ctx, id, ifVersion, func(g *store.Group, all map[string]store.Group) (*store.Act, error) {
		if err := by.may(g.Source); err != nil {
			return nil, err
		}
		was := *g
		g.Roles = slices.Clone(g.Roles)
		g.Users = slices.DeleteFunc(g.Users, func(id string) bool { return s.users[id] == nil })
		g.Groups = slices.DeleteFunc(g.Groups, func(id string) bool { _, there := all[id]; return !there })
		if err := edit(g); err != nil {
			return nil, err
		}
		if g.ID != was.ID || g.Source != was.Source {
			return nil, invalid("the source of a group never changes")
		}
		if err := checkGroup(g); err != nil {
			return nil, err
		}
		if err := s.members(g); err != nil {
			return nil, err
		}
		all[id] = *g
		if err := acyclic(all, id); err != nil {
			return nil, err
		}
		g.Changed = d.stampTime()
		act := d.act(by, "group.update", "group:"+id, groupRights(g))
		return &act, nil
	})
	if err != nil {
		return Group{}, told(err)
	}
	return d.groupAfter(ctx, &row)
}

// DeleteGroup forgets a group. Its members lose what it gave them at once.
func (d *Directory) DeleteGroup(ctx context.Context, by By, id string) error {
	_, err := d.store.UpdateGroup(ctx, id, 0, func(g *store.Group, _ map[string]store.Group) (*store.Act, error) {
		if err := by.may(g.Source); err != nil {
			return nil, err
		}
		g.Changed, g.Deleted = d.stampTime(), d.stampTime()
		act := d.act(by, "group.delete", "group:"+id, nil)
		return &act, nil
	})
	return told(err)
}

// Groups returns all groups by name.
func (d *Directory) Groups(ctx context.Context) ([]Group, error) {
	s, err := d.latest(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Group, 0, len(s.groups))
	for _, g := range s.groups {
		list = append(list, s.group(g))
	}
	slices.SortFunc(list, func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// Group finds a group by id or by name.
func (d *Directory) Group(ctx context.Context, which string) (Group, error) {
	s, err := d.latest(ctx)
	if err != nil {
		return Group{}, err
	}
	if g := s.groups[which]; g != nil {
		return s.group(g), nil
	}
	for _, g := range s.groups {
		if g.Name == which {
			return s.group(g), nil
		}
	}
	return Group{}, fmt.Errorf("group: %w", store.ErrNotFound)
}
