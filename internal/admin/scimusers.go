package admin

import (
	"maps"
	"net/http"
	"strings"

	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/scim"
	"github.com/reeve-ai/reeve/internal/store"
)

func multiUser(name string) bool { return strings.EqualFold(name, "emails") }

// userResource is a user as a SCIM resource. What decides about rights (roles, clearance, training) is not part of it: a SCIM
// client says who there is, not what they may do; groups give roles.
func userResource(u *identity.User, groups []identity.Group) map[string]any {
	o := map[string]any{
		"schemas": []any{scim.UserSchema}, "id": u.ID, "userName": u.Name, "active": u.Active, "meta": meta("User", u.ID, u.Created, u.Changed, u.Version),
	}
	if u.DisplayName != "" {
		o["displayName"] = u.DisplayName
		o["name"] = map[string]any{"formatted": u.DisplayName}
	}
	if u.ExternalID != "" {
		o["externalId"] = u.ExternalID
	}
	if u.Email != "" {
		o["emails"] = []any{map[string]any{"value": u.Email, "primary": true, "type": "work"}}
	}
	if u.Department != "" {
		o["schemas"] = []any{scim.UserSchema, scim.EnterpriseSchema}
		o[scim.EnterpriseSchema] = map[string]any{"department": u.Department}
	}
	var in []any
	for _, g := range groups {
		if contains(g.Users, u.ID) {
			in = append(in, map[string]any{"value": g.ID, "display": g.Name, "type": "direct"})
		}
	}
	if in != nil {
		o["groups"] = in
	}
	return o
}

// fill puts what a resource says into a user. What it leaves out is cleared, as a replace wants it.
func fillUser(u *store.User, o map[string]any) error {
	var err error
	text := func(o map[string]any, name string) string {
		v, there := find(o, name)
		s, ok := v.(string)
		if there && v != nil && !ok && err == nil {
			err = &scimError{http.StatusBadRequest, "invalidValue", name + " is no text"}
		}
		return s
	}
	u.Name, u.ExternalID, u.DisplayName = text(o, "userName"), text(o, "externalId"), text(o, "displayName")
	if u.DisplayName == "" {
		if name, ok := find(o, "name"); ok {
			if parts, ok := name.(map[string]any); ok {
				if u.DisplayName = text(parts, "formatted"); u.DisplayName == "" {
					u.DisplayName = strings.TrimSpace(text(parts, "givenName") + " " + text(parts, "familyName"))
				}
			}
		}
	}
	u.Inactive = false
	if v, there := find(o, "active"); there && v != nil {
		switch v := v.(type) {
		case bool:
			u.Inactive = !v
		case string: // some clients write "False"
			switch strings.ToLower(v) {
			case "true":
			case "false":
				u.Inactive = true
			default:
				return &scimError{http.StatusBadRequest, "invalidValue", "active is neither true nor false"}
			}
		default:
			return &scimError{http.StatusBadRequest, "invalidValue", "active is neither true nor false"}
		}
	}
	u.Email = ""
	if v, ok := find(o, "emails"); ok {
		list, _ := v.([]any)
		for _, entry := range list {
			e, ok := entry.(map[string]any)
			if !ok {
				return &scimError{http.StatusBadRequest, "invalidValue", "an entry of emails is no object"}
			}
			if primary, _ := find(e, "primary"); u.Email == "" || primary == true {
				u.Email = text(e, "value")
			}
		}
	}
	u.Department = ""
	if v, ok := find(o, scim.EnterpriseSchema); ok {
		if e, ok := v.(map[string]any); ok {
			u.Department = text(e, "department")
		}
	}
	if err == nil && u.Name == "" {
		err = &scimError{http.StatusBadRequest, "invalidValue", "userName is required"}
	}
	return err
}

func find(o map[string]any, name string) (any, bool) {
	if v, ok := o[name]; ok {
		return v, true
	}
	for k, v := range o {
		if strings.EqualFold(k, name) {
			return v, true
		}
	}
	return nil, false
}

// scimOwned finds a user that a SCIM client made. Others do not exist for it.
func (a *Admin) scimOwned(r *http.Request) (identity.User, []identity.Group, error) {
	u, err := a.o.Directory.User(r.Context(), r.PathValue("id"))
	if err == nil && (u.Source != identity.SourceSCIM || u.ID != r.PathValue("id")) {
		err = store.ErrNotFound
	}
	if err != nil {
		return u, nil, err
	}
	groups, err := a.o.Directory.Groups(r.Context())
	return u, groups, err
}

func (a *Admin) scimUsers(w http.ResponseWriter, r *http.Request) error {
	users, err := a.o.Directory.Users(r.Context())
	if err != nil {
		return err
	}
	groups, err := a.o.Directory.Groups(r.Context())
	if err != nil {
		return err
	}
	all := []map[string]any{}
	for i := range users {
		if users[i].Source == identity.SourceSCIM {
			all = append(all, userResource(&users[i], groups))
		}
	}
	return scimList(w, r, all)
}

func (a *Admin) scimCreateUser(w http.ResponseWriter, r *http.Request) error {
	o, err := scimBody(r)
	if err != nil {
		return err
	}
	var u store.User
	if err := fillUser(&u, o); err != nil {
		return err
	}
	made, err := a.o.Directory.CreateUser(r.Context(), scimBy(), u)
	if err != nil {
		return err
	}
	return scimOne(w, r, http.StatusCreated, userResource(&made, nil), made.Version)
}

func (a *Admin) scimUser(w http.ResponseWriter, r *http.Request) error {
	u, groups, err := a.scimOwned(r)
	if err != nil {
		return err
	}
	return scimOne(w, r, http.StatusOK, userResource(&u, groups), u.Version)
}

// scimChange replaces a user by what change makes of its resource.
func (a *Admin) scimChange(w http.ResponseWriter, r *http.Request, change func(o map[string]any) (map[string]any, error)) error {
	version, err := scimIfMatch(r)
	if err != nil {
		return err
	}
	u, groups, err := a.scimOwned(r)
	if err != nil {
		return err
	}
	if version == 0 { // what is patched is what was read
		version = u.Version
	}
	o, err := change(userResource(&u, nil))
	if err != nil {
		return err
	}
	u, err = a.o.Directory.UpdateUser(r.Context(), scimBy(), u.ID, version, func(row *store.User) error { return fillUser(row, o) })
	if err != nil {
		return err
	}
	return scimOne(w, r, http.StatusOK, userResource(&u, groups), u.Version)
}

func (a *Admin) scimReplaceUser(w http.ResponseWriter, r *http.Request) error {
	o, err := scimBody(r)
	if err != nil {
		return err
	}
	return a.scimChange(w, r, func(map[string]any) (map[string]any, error) { return o, nil })
}

func (a *Admin) scimPatchUser(w http.ResponseWriter, r *http.Request) error {
	ops, err := scimPatch(r)
	if err != nil {
		return err
	}
	return a.scimChange(w, r, func(o map[string]any) (map[string]any, error) {
		before := maps.Clone(o)
		if err := scim.Patch(o, ops, multiUser); err != nil {
			return nil, err
		}
		if d, ok := o["displayName"]; ok && d == before["displayName"] { // a patch of name alone renames too
			if n, ok := o["name"].(map[string]any); ok && (n["formatted"] != d || len(n) > 1) {
				delete(o, "displayName")
				if n["formatted"] == d {
					delete(n, "formatted")
				}
			}
		}
		return o, nil
	})
}

func (a *Admin) scimDeleteUser(w http.ResponseWriter, r *http.Request) error {
	u, _, err := a.scimOwned(r)
	if err != nil {
		return err
	}
	if err := a.o.Directory.DeleteUser(r.Context(), scimBy(), u.ID); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
