package admin

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/docs"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/store"
)

// api lists every operation under /admin/v1. docs/openapi.yaml describes the same list; a test compares them.
func (a *Admin) api() []route {
	const v1 = "/admin/v1"
	return append(slices.Concat(a.reviewRoutes(), a.admissionRoutes(), a.incidentRoutes()), []route{
		{method: "GET", path: v1 + "/openapi.yaml", open: true, do: (*Admin).openAPI},
		{method: "GET", path: v1 + "/whoami", do: (*Admin).whoAmI},
		{method: "GET", path: v1 + "/users", action: "user:list", do: (*Admin).listUsers},
		{method: "POST", path: v1 + "/users", action: "user:create", do: (*Admin).createUser},
		{method: "GET", path: v1 + "/users/{id}", action: "user:read", do: (*Admin).getUser},
		{method: "PATCH", path: v1 + "/users/{id}", action: "user:update", do: (*Admin).updateUser},
		{method: "DELETE", path: v1 + "/users/{id}", action: "user:delete", do: (*Admin).deleteUser},
		{method: "POST", path: v1 + "/users/{id}/revoke", action: "user:revoke-session", do: (*Admin).revokeUser},
		{method: "POST", path: v1 + "/users/{id}/links", action: "user:grant", do: (*Admin).linkUser},
		{method: "POST", path: v1 + "/users/{id}/invite", action: "user:grant", do: (*Admin).inviteUser},
		{method: "POST", path: v1 + "/users/{id}/break-glass", action: "admin:break-glass", do: (*Admin).breakGlass},
		{method: "GET", path: v1 + "/groups", action: "user:list", do: (*Admin).listGroups},
		{method: "POST", path: v1 + "/groups", action: "user:grant", do: (*Admin).createGroup},
		{method: "GET", path: v1 + "/groups/{id}", action: "user:read", do: (*Admin).getGroup},
		{method: "PATCH", path: v1 + "/groups/{id}", action: "user:grant", do: (*Admin).updateGroup},
		{method: "DELETE", path: v1 + "/groups/{id}", action: "user:grant", do: (*Admin).deleteGroup},
		{method: "GET", path: v1 + "/keys", action: "key:list", do: (*Admin).listKeys},
		{method: "POST", path: v1 + "/keys", action: "key:create", do: (*Admin).createKey},
		{method: "DELETE", path: v1 + "/keys/{id}", action: "key:revoke", do: (*Admin).revokeKey},
		{method: "GET", path: v1 + "/sessions", action: "user:list", do: (*Admin).listSessions},
		{method: "DELETE", path: v1 + "/sessions/{id}", action: "user:revoke-session", do: (*Admin).revokeSession},
	}...)
}

func (a *Admin) openAPI(c *call) (int, any, error) {
	c.w.Header().Set("Content-Type", "application/yaml")
	_, err := c.w.Write(docs.OpenAPI)
	return http.StatusOK, nil, err
}

type whoAmI struct {
	ID        string       `json:"id"`
	Name      string       `json:"name"`
	Kind      string       `json:"kind"`
	Roles     []reeve.Role `json:"roles"`
	Groups    []string     `json:"groups"`
	Clearance reeve.Label  `json:"clearance"`
	Authn     string       `json:"authn"`
	MFA       bool         `json:"mfa"`
}

func (a *Admin) whoAmI(c *call) (int, any, error) {
	p := &c.session.Principal
	return http.StatusOK, whoAmI{ID: p.ID, Name: p.Name, Kind: p.Kind, Roles: append([]reeve.Role{}, p.Roles...), Groups: append([]string{}, p.Groups...), Clearance: p.Clearance, Authn: c.session.Authn, MFA: c.session.MFA}, nil
}

// page cuts a list by ?limit= and ?after=ID.
func page[T any](c *call, list []T, id func(*T) string) ([]T, string, *reeve.Refusal) {
	limit, q := 100, c.r.URL.Query()
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return nil, "", bad("limit", "limit is no number from 1 to 1000", "leave it out, or send one")
		}
		limit = n
	}
	if after := q.Get("after"); after != "" {
		i := slices.IndexFunc(list, func(x T) bool { return id(&x) == after })
		if i < 0 {
			return nil, "", bad("after", "nothing in the list has the id that after names", "begin again without it")
		}
		list = list[i+1:]
	}
	if len(list) <= limit {
		return list, "", nil
	}
	return list[:limit], id(&list[limit-1]), nil
}

type userList struct {
	Users []identity.User `json:"users"`
	Next  string          `json:"next,omitzero"` // for ?after=
}

func (a *Admin) listUsers(c *call) (int, any, error) {
	list, err := a.o.Directory.Users(c.r.Context())
	if err != nil {
		return 0, nil, err
	}
	if name := c.r.URL.Query().Get("name"); name != "" {
		list = slices.DeleteFunc(list, func(u identity.User) bool { return u.Name != name })
	}
	list, next, refusal := page(c, list, func(u *identity.User) string { return u.ID })
	if refusal != nil {
		return refused(refusal)
	}
	return http.StatusOK, userList{list, next}, nil
}

// userChange is what can be said of a user. A member that is left out stays as it is.
type userChange struct {
	Name        *string            `json:"name"`
	Kind        *string            `json:"kind"` // when it is created only
	Active      *bool              `json:"active"`
	DisplayName *string            `json:"display_name"`
	Email       *string            `json:"email"`
	Roles       *[]reeve.Role      `json:"roles"`
	Clearance   *reeve.Label       `json:"clearance"`
	Department  *string            `json:"department"`
	Employment  *string            `json:"employment"`
	Country     *string            `json:"country"`
	Training    *[]string          `json:"training"`
	Attributes  *map[string]string `json:"attributes"`
}

func set[T any](into *T, from *T) {
	if from != nil {
		*into = *from
	}
}

func (ch *userChange) apply(u *store.User) {
	set(&u.Name, ch.Name)
	set(&u.DisplayName, ch.DisplayName)
	set(&u.Email, ch.Email)
	set(&u.Roles, ch.Roles)
	set(&u.Clearance, ch.Clearance)
	set(&u.Department, ch.Department)
	set(&u.Employment, ch.Employment)
	set(&u.Country, ch.Country)
	set(&u.Training, ch.Training)
	set(&u.Attributes, ch.Attributes)
	if ch.Active != nil {
		u.Inactive = !*ch.Active
	}
}

// grants reports whether the change gives or takes rights, which needs user:grant beside user:update.
func (ch *userChange) grants() bool {
	return ch.Roles != nil || ch.Clearance != nil || ch.Department != nil || ch.Employment != nil || ch.Country != nil || ch.Training != nil || ch.Attributes != nil
}

// mayGrant asks for user:grant, and refuses that somebody changes their own rights, whatever their role.
func (c *call) mayGrant(principal string) *reeve.Refusal {
	if principal == c.session.Principal.ID {
		return &reeve.Refusal{
			Status: http.StatusForbidden, Code: "forbidden", Rule: "identity/self-grant",
			Message: "nobody changes their own roles, clearance, training or attributes", Remedy: "ask another administrator",
		}
	}
	return c.may("user:grant", principal)
}

func (a *Admin) createUser(c *call) (int, any, error) {
	var ch userChange
	if refusal := c.read(&ch); refusal != nil {
		return refused(refusal)
	}
	if ch.grants() {
		if refusal := c.mayGrant(nobodyYet); refusal != nil {
			return refused(refusal)
		}
	}
	var u store.User
	ch.apply(&u)
	set(&u.Kind, ch.Kind)
	user, err := a.o.Directory.CreateUser(c.r.Context(), c.by, u)
	if err != nil {
		return 0, nil, err
	}
	c.w.Header().Set("Location", "/admin/v1/users/"+user.ID)
	c.tag(user.Version)
	return http.StatusCreated, user, nil
}

// tag is the entity tag of a version.
func (c *call) tag(version int64) { c.w.Header().Set("ETag", etag(version)) }

func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// ifMatch is the version that the caller has seen; 0 where it does not say.
func ifMatch(r *http.Request) (int64, *reeve.Refusal) {
	text := r.Header.Get("If-Match")
	if text == "" || text == "*" {
		return 0, nil
	}
	v, err := strconv.ParseInt(strings.Trim(strings.TrimPrefix(text, "W/"), `"`), 10, 64)
	if err != nil || v < 1 {
		return 0, bad("if-match", "If-Match names no version of this server", "send the ETag as it was received")
	}
	return v, nil
}

func (a *Admin) getUser(c *call) (int, any, error) {
	u, err := a.o.Directory.User(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return 0, nil, err
	}
	c.tag(u.Version)
	return http.StatusOK, u, nil
}

func (a *Admin) updateUser(c *call) (int, any, error) {
	var ch userChange
	if refusal := c.read(&ch); refusal != nil {
		return refused(refusal)
	}
	version, refusal := ifMatch(c.r)
	if refusal != nil {
		return refused(refusal)
	}
	u, err := a.o.Directory.User(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return 0, nil, err
	}
	if ch.grants() || ch.Active != nil && u.Principal() == c.session.Principal.ID {
		if refusal := c.mayGrant(u.Principal()); refusal != nil {
			return refused(refusal)
		}
	}
	if ch.Kind != nil {
		return refused(bad("kind", "the kind of an account never changes", "make another account"))
	}
	u, err = a.o.Directory.UpdateUser(c.r.Context(), c.by, u.ID, version, func(u *store.User) error { ch.apply(u); return nil })
	if err != nil {
		return 0, nil, err
	}
	c.tag(u.Version)
	return http.StatusOK, u, nil
}

func (a *Admin) deleteUser(c *call) (int, any, error) {
	if err := a.o.Directory.DeleteUser(c.r.Context(), c.by, c.r.PathValue("id")); err != nil {
		return 0, nil, err
	}
	return http.StatusNoContent, nil, nil
}

func (a *Admin) revokeUser(c *call) (int, any, error) {
	if err := a.o.Directory.RevokeUser(c.r.Context(), c.by, c.r.PathValue("id")); err != nil {
		return 0, nil, err
	}
	return http.StatusNoContent, nil, nil
}

func (a *Admin) linkUser(c *call) (int, any, error) {
	var l store.Link
	if refusal := c.read(&l); refusal != nil {
		return refused(refusal)
	}
	u, err := a.o.Directory.Link(c.r.Context(), c.by, c.r.PathValue("id"), l)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, u, nil
}

type secretKey struct {
	identity.Key
	Text string `json:"key"` // shown this once
}

func (a *Admin) breakGlass(c *call) (int, any, error) {
	var in struct {
		Reason  string `json:"reason"`
		Minutes int    `json:"minutes"`
	}
	if refusal := c.read(&in); refusal != nil {
		return refused(refusal)
	}
	if in.Minutes < 0 || in.Minutes > 60 {
		return refused(bad("minutes", "an emergency lasts 1 to 60 minutes", "leave minutes out for 15"))
	}
	key, text, err := a.o.Directory.BreakGlass(c.r.Context(), c.by, c.r.PathValue("id"), in.Reason, time.Duration(in.Minutes)*time.Minute)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, secretKey{key, text}, nil
}
