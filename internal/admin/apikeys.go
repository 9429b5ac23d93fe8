package admin

import (
	"net/http"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/store"
)

type keyList struct {
	Keys []identity.Key `json:"keys"`
	Next string         `json:"next,omitzero"`
}

func (a *Admin) listKeys(c *call) (int, any, error) {
	list, err := a.o.Directory.List(c.r.Context())
	if err != nil {
		return 0, nil, err
	}
	list, next, refusal := page(c, list, func(k *identity.Key) string { return k.ID })
	if refusal != nil {
		return refused(refusal)
	}
	return http.StatusOK, keyList{append([]identity.Key{}, list...), next}, nil
}

// newKey is what a key can be asked for with.
type newKey struct {
	Name              string      `json:"name"`
	Owner             string      `json:"owner"`
	Role              reeve.Role  `json:"role"`
	Clearance         reeve.Label `json:"clearance"`
	Models            []string    `json:"models"`
	RequestsPerMinute int64       `json:"requests_per_minute"`
	TokensPerDay      int64       `json:"tokens_per_day"`
	ExpiresInSeconds  int64       `json:"expires_in_seconds"`
}

func (a *Admin) createKey(c *call) (int, any, error) {
	var n newKey
	if refusal := c.read(&n); refusal != nil {
		return refused(refusal)
	}
	// A key for oneself gives nothing new. Any other gives somebody's rights away.
	if n.Owner != c.session.Principal.ID {
		holder := n.Owner
		if holder == "" {
			holder = nobodyYet // the key acts for itself
		}
		if refusal := c.may("user:grant", holder); refusal != nil {
			return refused(refusal)
		}
	}
	const century = 100 * 366 * 24 * 60 * 60
	if n.ExpiresInSeconds < 0 || n.ExpiresInSeconds > century {
		return refused(bad("expiry", "expires_in_seconds is no time that can be waited for", "leave it out for a key without an end"))
	}
	key, text, err := a.o.Directory.CreateKey(c.r.Context(), c.by, identity.NewKey{
		Name: n.Name, Role: n.Role, Clearance: n.Clearance, Models: n.Models, RequestsPerMinute: n.RequestsPerMinute, TokensPerDay: n.TokensPerDay,
		ExpiresIn: time.Duration(n.ExpiresInSeconds) * time.Second, Owner: n.Owner,
	})
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, secretKey{key, text}, nil
}

func (a *Admin) revokeKey(c *call) (int, any, error) {
	if _, err := a.o.Directory.RevokeKey(c.r.Context(), c.by, c.r.PathValue("id")); err != nil {
		return 0, nil, err
	}
	return http.StatusNoContent, nil, nil
}

type sessionList struct {
	Sessions []identity.WebSession `json:"sessions"`
	Next     string                `json:"next,omitzero"`
}

func (a *Admin) listSessions(c *call) (int, any, error) {
	list, err := a.o.Directory.Sessions(c.r.Context())
	if err != nil {
		return 0, nil, err
	}
	list, next, refusal := page(c, list, func(s *identity.WebSession) string { return s.ID })
	if refusal != nil {
		return refused(refusal)
	}
	return http.StatusOK, sessionList{list, next}, nil
}

func (a *Admin) revokeSession(c *call) (int, any, error) {
	ended, err := a.o.Directory.RevokeSession(c.r.Context(), c.by, c.r.PathValue("id"))
	if err != nil {
		return 0, nil, err
	}
	if !ended {
		return 0, nil, store.ErrNotFound
	}
	return http.StatusNoContent, nil, nil
}

type groupList struct {
	Groups []identity.Group `json:"groups"`
	Next   string           `json:"next,omitzero"`
}

func (a *Admin) listGroups(c *call) (int, any, error) {
	list, err := a.o.Directory.Groups(c.r.Context())
	if err != nil {
		return 0, nil, err
	}
	list, next, refusal := page(c, list, func(g *identity.Group) string { return g.ID })
	if refusal != nil {
		return refused(refusal)
	}
	return http.StatusOK, groupList{list, next}, nil
}

// groupChange is what can be said of a group. A member that is left out stays as it is.
type groupChange struct {
	Name   *string       `json:"name"`
	Roles  *[]reeve.Role `json:"roles"`
	Users  *[]string     `json:"users"`
	Groups *[]string     `json:"groups"`
}

func (ch *groupChange) apply(g *store.Group) {
	set(&g.Name, ch.Name)
	set(&g.Roles, ch.Roles)
	set(&g.Users, ch.Users)
	set(&g.Groups, ch.Groups)
}

func (a *Admin) createGroup(c *call) (int, any, error) {
	var ch groupChange
	if refusal := c.read(&ch); refusal != nil {
		return refused(refusal)
	}
	if refusal := a.ownGroup(c, "", &ch); refusal != nil {
		return refused(refusal)
	}
	var g store.Group
	ch.apply(&g)
	group, err := a.o.Directory.CreateGroup(c.r.Context(), c.by, g)
	if err != nil {
		return 0, nil, err
	}
	c.w.Header().Set("Location", "/admin/v1/groups/"+group.ID)
	c.tag(group.Version)
	return http.StatusCreated, group, nil
}

// ownGroup refuses that somebody puts themselves into a group, or changes the roles of one that they are in.
func (a *Admin) ownGroup(c *call, id string, ch *groupChange) *reeve.Refusal {
	me, err := a.o.Directory.User(c.r.Context(), c.session.Principal.ID)
	if err != nil {
		return nil //nolint:nilerr // a key of its own is in no group
	}
	added := ch.Users != nil && contains(*ch.Users, me.ID)
	if id != "" {
		if g, err := a.o.Directory.Group(c.r.Context(), id); err == nil && (contains(g.Users, me.ID) || contains(me.Groups, g.Name)) {
			added = ch.Roles != nil || ch.Groups != nil
		}
	}
	if added {
		return c.mayGrant(c.session.Principal.ID)
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func (a *Admin) getGroup(c *call) (int, any, error) {
	g, err := a.o.Directory.Group(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return 0, nil, err
	}
	c.tag(g.Version)
	return http.StatusOK, g, nil
}

func (a *Admin) updateGroup(c *call) (int, any, error) {
	var ch groupChange
	if refusal := c.read(&ch); refusal != nil {
		return refused(refusal)
	}
	version, refusal := ifMatch(c.r)
	if refusal == nil {
		refusal = a.ownGroup(c, c.r.PathValue("id"), &ch)
	}
	if refusal != nil {
		return refused(refusal)
	}
	g, err := a.o.Directory.UpdateGroup(c.r.Context(), c.by, c.r.PathValue("id"), version, func(g *store.Group) error { ch.apply(g); return nil })
	if err != nil {
		return 0, nil, err
	}
	c.tag(g.Version)
	return http.StatusOK, g, nil
}

func (a *Admin) deleteGroup(c *call) (int, any, error) {
	if err := a.o.Directory.DeleteGroup(c.r.Context(), c.by, c.r.PathValue("id")); err != nil {
		return 0, nil, err
	}
	return http.StatusNoContent, nil, nil
}
