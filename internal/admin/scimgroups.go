package admin

import (
	"net/http"
	"strings"

	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/scim"
	"github.com/reeve-ai/reeve/internal/store"
)

func multiGroup(name string) bool { return strings.EqualFold(name, "members") }

func groupResource(g *identity.Group) map[string]any {
	members := []any{}
	for _, id := range g.Users {
		members = append(members, map[string]any{"value": id, "type": "User", "$ref": "/scim/v2/Users/" + id})
	}
	for _, id := range g.Groups {
		members = append(members, map[string]any{"value": id, "type": "Group", "$ref": "/scim/v2/Groups/" + id})
	}
	o := map[string]any{"schemas": []any{scim.GroupSchema}, "id": g.ID, "displayName": g.Name, "members": members, "meta": meta("Group", g.ID, g.Created, g.Changed, g.Version)}
	if g.ExternalID != "" {
		o["externalId"] = g.ExternalID
	}
	return o
}

// fillGroup puts what a resource says into a group. Members are users or groups that a SCIM client made: it cannot put
// other accounts into its groups, nor reach their roles.
func (a *Admin) fillGroup(r *http.Request, g *store.Group, o map[string]any) error {
	var ok bool
	name, _ := find(o, "displayName")
	if g.Name, ok = name.(string); !ok || g.Name == "" {
		return &scimError{http.StatusBadRequest, "invalidValue", "displayName is required"}
	}
	external, _ := find(o, "externalId")
	g.ExternalID, _ = external.(string)
	g.Users, g.Groups = nil, nil
	users, err := a.o.Directory.Users(r.Context())
	if err != nil {
		return err
	}
	groups, err := a.o.Directory.Groups(r.Context())
	if err != nil {
		return err
	}
	kind := map[string]string{}
	for i := range users {
		if users[i].Source == identity.SourceSCIM {
			kind[users[i].ID] = "User"
		}
	}
	for i := range groups {
		if groups[i].Source == identity.SourceSCIM {
			kind[groups[i].ID] = "Group"
		}
	}
	members, _ := find(o, "members")
	list, _ := members.([]any)
	for _, m := range list {
		entry, ok := m.(map[string]any)
		id, _ := find(entry, "value")
		text, isText := id.(string)
		if !ok || !isText {
			return &scimError{http.StatusBadRequest, "invalidValue", "a member needs a value, which is an id"}
		}
		switch kind[text] {
		case "User":
			g.Users = append(g.Users, text)
		case "Group":
			g.Groups = append(g.Groups, text)
		default:
			return &scimError{http.StatusBadRequest, "invalidValue", "a member is no user or group of this client"}
		}
	}
	return nil
}

func (a *Admin) scimOwnedGroup(r *http.Request) (identity.Group, error) {
	g, err := a.o.Directory.Group(r.Context(), r.PathValue("id"))
	if err == nil && (g.Source != identity.SourceSCIM || g.ID != r.PathValue("id")) {
		err = store.ErrNotFound
	}
	return g, err
}

func (a *Admin) scimGroups(w http.ResponseWriter, r *http.Request) error {
	groups, err := a.o.Directory.Groups(r.Context())
	if err != nil {
		return err
	}
	all := []map[string]any{}
	for i := range groups {
		if groups[i].Source == identity.SourceSCIM {
			all = append(all, groupResource(&groups[i]))
		}
	}
	return scimList(w, r, all)
}

func (a *Admin) scimCreateGroup(w http.ResponseWriter, r *http.Request) error {
	o, err := scimBody(r)
	if err != nil {
		return err
	}
	var g store.Group
	if err := a.fillGroup(r, &g, o); err != nil {
		return err
	}
	made, err := a.o.Directory.CreateGroup(r.Context(), scimBy(), g)
	if err != nil {
		return err
	}
	return scimOne(w, r, http.StatusCreated, groupResource(&made), made.Version)
}

func (a *Admin) scimGroup(w http.ResponseWriter, r *http.Request) error {
	g, err := a.scimOwnedGroup(r)
	if err != nil {
		return err
	}
	return scimOne(w, r, http.StatusOK, groupResource(&g), g.Version)
}

func (a *Admin) scimChangeGroup(w http.ResponseWriter, r *http.Request, change func(o map[string]any) (map[string]any, error)) error {
	version, err := scimIfMatch(r)
	if err != nil {
		return err
	}
	g, err := a.scimOwnedGroup(r)
	if err != nil {
		return err
	}
	if version == 0 {
		version = g.Version
	}
	o, err := change(groupResource(&g))
	if err != nil {
		return err
	}
	var with store.Group
	if err := a.fillGroup(r, &with, o); err != nil {
		return err
	}
	g, err = a.o.Directory.UpdateGroup(r.Context(), scimBy(), g.ID, version, func(row *store.Group) error {
		row.Name, row.ExternalID, row.Users, row.Groups = with.Name, with.ExternalID, with.Users, with.Groups
		return nil
	})
	if err != nil {
		return err
	}
	return scimOne(w, r, http.StatusOK, groupResource(&g), g.Version)
}

func (a *Admin) scimReplaceGroup(w http.ResponseWriter, r *http.Request) error {
	o, err := scimBody(r)
	if err != nil {
		return err
	}
	return a.scimChangeGroup(w, r, func(map[string]any) (map[string]any, error) { return o, nil })
}

func (a *Admin) scimPatchGroup(w http.ResponseWriter, r *http.Request) error {
	ops, err := scimPatch(r)
	if err != nil {
		return err
	}
	return a.scimChangeGroup(w, r, func(o map[string]any) (map[string]any, error) { return o, scim.Patch(o, ops, multiGroup) })
}

func (a *Admin) scimDeleteGroup(w http.ResponseWriter, r *http.Request) error {
	g, err := a.scimOwnedGroup(r)
	if err != nil {
		return err
	}
	if err := a.o.Directory.DeleteGroup(r.Context(), scimBy(), g.ID); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
