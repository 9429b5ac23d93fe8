package console

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/store"
)

// people lists accounts.
func people(v *view) (any, error) {
	list, err := v.c.o.Directory.Users(v.ctx())
	if err != nil {
		return nil, err
	}
	rows := make([]row, 0, len(list))
	for i := range list {
		u := &list[i]
		state := toned(v.T("state.active"), "good")
		if !u.Active {
			state = toned(v.T("state.off"), "warn")
		}
		rows = append(rows, row{ID: u.ID, Cells: []cell{
			plain(u.Name), plain(v.word("principal", u.Kind)), plain(joined(u.Roles)), plain(strings.Join(u.Groups, ", ")), plain(u.Clearance.String()), plain(u.Department), plain(u.Source), state,
		}})
	}
	t := v.list("people", []column{{Name: "name", Sort: true}, {Name: "kind", Sort: true}, {Name: "roles", Sort: true}, {Name: "groups"}, {Name: "clearance", Sort: true}, {Name: "department", Sort: true}, {Name: "source", Sort: true}, {Name: "state", Sort: true}}, rows)
	return &manageData{table: t, List: t, Path: "users", Action: "user:revoke-session"}, nil
}

// manageData is a list with something that can be done to its rows.
type manageData struct {
	*table
	List         *table
	Path, Action string
}

func joined(roles []reeve.Role) string {
	out := make([]string, len(roles))
	for i, r := range roles {
		out[i] = string(r)
	}
	return strings.Join(out, ", ")
}

// keys lists API keys. Their secrets are not known to anybody but their holders.
func keys(v *view) (any, error) {
	list, err := v.c.o.Directory.List(v.ctx())
	if err != nil {
		return nil, err
	}
	rows := make([]row, 0, len(list))
	for i := range list {
		k := &list[i]
		state := toned(v.T("state.active"), "good")
		switch {
		case !k.Revoked.IsZero():
			state = toned(v.T("state.revoked"), "")
		case !k.Expires.IsZero() && !k.Expires.After(v.now):
			state = toned(v.T("state.expired"), "warn")
		case k.BreakGlass:
			state = toned(v.T("state.breakglass"), "bad")
		}
		r := row{ID: k.ID, Cells: []cell{
			mono(k.ID), plain(k.Name), plain(k.Owner), plain(string(k.Role)), plain(k.Clearance.String()), count(k.SpentToday), at(k.Created), at(k.Expires), state,
		}}
		if !k.Revoked.IsZero() {
			r.Tone = "past"
		}
		rows = append(rows, r)
	}
	t := v.list("keys", []column{{Name: "id"}, {Name: "name", Sort: true}, {Name: "owner", Sort: true}, {Name: "role", Sort: true}, {Name: "clearance", Sort: true}, {Name: "tokens_today", Num: true, Sort: true}, {Name: "created", Sort: true}, {Name: "expires", Sort: true}, {Name: "state", Sort: true}}, rows)
	return &manageData{table: t, List: t, Path: "keys", Action: "key:revoke"}, nil
}

// revokeKey ends a key for ever. The directory puts it on record.
func revokeKey(v *view) (string, error) {
	id := v.r.PathValue("id")
	if refusal := v.decide("key:revoke", access.Resource{Kind: access.KindKey, Name: id, Owner: "other:" + id}); refusal != nil {
		return "", sorry(refusal)
	}
	done, err := v.c.o.Directory.RevokeKey(v.ctx(), v.by(), id)
	if err != nil {
		return "", err
	}
	if !done {
		return "", sorry(&reeve.Refusal{Status: 409, Code: "conflict", Rule: "console/conflict", Message: v.T("problem.conflict"), Remedy: v.T("problem.conflict.remedy")})
	}
	return "access/keys?done=key.revoked", nil
}

// revokeUser ends all sessions and keys of an account.
func revokeUser(v *view) (string, error) {
	u, err := v.c.o.Directory.User(v.ctx(), v.r.PathValue("id"))
	if err != nil {
		return "", err
	}
	if refusal := v.decide("user:revoke-session", access.Resource{Kind: access.KindUser, Name: u.ID, Owner: u.Principal()}); refusal != nil {
		return "", sorry(refusal)
	}
	if err := v.c.o.Directory.RevokeUser(v.ctx(), v.by(), u.ID); err != nil {
		return "", err
	}
	return "access?done=user.revoked", nil
}

// policies lists the rules in force: those of access and those of the guards.
func policies(v *view) (any, error) {
	var rows []row
	if v.c.o.Policies != nil {
		if set := v.c.o.Policies(); set != nil {
			for _, p := range set.Policies() {
				effect := v.T("effect.permit")
				if p.Forbid {
					effect = v.T("effect.forbid")
				}
				rows = append(rows, row{ID: p.ID, Cells: []cell{mono(p.ID), plain(v.T("source.access")), plain(effect), plain(p.Reason), plain(p.Remedy), mono(p.File)}})
			}
		}
	}
	if v.c.o.Guards != nil {
		for _, r := range v.c.o.Guards() {
			rows = append(rows, row{ID: r.ID, Cells: []cell{mono(r.ID), plain(v.T("source.guard")), plain(v.word("action", r.Source)), plain(r.Message), plain(r.Remedy), plain(r.Owner)}})
		}
	}
	return v.list("policies", []column{{Name: "rule", Sort: true}, {Name: "part", Sort: true}, {Name: "effect", Sort: true}, {Name: "message"}, {Name: "remedy"}, {Name: "where"}}, rows), nil
}

// question is what the pages who-can and explain are asked.
type question struct {
	Actions                       []option
	Principal, Action, Kind, Name string
	Label, MFA                    string
	Asked                         bool
	Allowed                       bool
	Decision                      access.Decision
	Rules                         []why
	Grants                        *table
}

func (q *question) tables() []*table {
	if q.Grants == nil {
		return []*table{{}}
	}
	return []*table{q.Grants}
}

// ask reads the question from the address.
func (v *view) ask() (*question, access.Request, error) {
	q := &question{Principal: v.q.Get("principal"), Action: v.q.Get("action"), Name: v.q.Get("name"), Label: v.q.Get("label"), MFA: v.q.Get("mfa")}
	for _, a := range access.Actions() {
		q.Actions = append(q.Actions, option{string(a), string(a), string(a) == q.Action})
	}
	q.Asked = q.Action != ""
	r := access.Request{Action: access.Action(q.Action), Resource: resourceOf(access.Action(q.Action)), Context: access.Context{Now: v.now, IP: netip.Addr{}, MFA: q.MFA != ""}}
	if q.Name != "" && r.Resource.Kind != access.KindAdmin {
		r.Resource.Name = q.Name
	}
	if r.Resource.Kind == access.KindModel {
		for _, m := range v.c.models() {
			if m.Name == q.Name {
				r.Resource.Owner, r.Resource.Department = m.Owner, m.Department
				if label, err := reeve.ParseLabel(m.Label); err == nil {
					r.Resource.Label = label
				}
			}
		}
	}
	if q.Label != "" {
		label, err := reeve.ParseLabel(q.Label)
		if err != nil {
			return nil, r, invalid("label", v.T("problem.label"), v.T("problem.label.remedy"))
		}
		r.Resource.Label = label
	}
	return q, r, nil
}

// whoCan lists the principals that the rules in force let do something.
func whoCan(v *view) (any, error) {
	q, ask, err := v.ask()
	if err != nil || !q.Asked {
		return q, err
	}
	list, err := v.c.o.Directory.Principals(v.ctx())
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, p := range list {
		ask.Principal = p
		d := access.Decide(v.c.o.Decider, ask)
		if d.Refusal() == nil {
			rows = append(rows, row{ID: p.ID, Cells: []cell{plain(p.Name), mono(p.ID), plain(p.RoleNames()), plain(p.Clearance.String()), mono(strings.Join(d.Rules, ", "))}})
		}
	}
	q.Grants = v.list("who-can", []column{{Name: "name", Sort: true}, {Name: "principal", Sort: true}, {Name: "roles", Sort: true}, {Name: "clearance", Sort: true}, {Name: "rules"}}, rows)
	q.Grants.Filters = nil
	return q, nil
}

// explain decides one question under the rules in force and says why.
func explain(v *view) (any, error) {
	q, ask, err := v.ask()
	if err != nil || !q.Asked || q.Principal == "" {
		q.Asked = false
		return q, err
	}
	p, known, err := v.c.o.Directory.Principal(v.ctx(), q.Principal)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if !known || err != nil {
		return nil, invalid("principal", v.T("problem.principal"), v.T("problem.principal.remedy"))
	}
	ask.Principal = p
	q.Decision = access.Decide(v.c.o.Decider, ask)
	q.Allowed = q.Decision.Refusal() == nil
	rules := v.c.rules()
	for _, id := range q.Decision.Rules {
		w := why{Rule: rules[id], Decisive: id == q.Decision.Rule}
		w.ID = id
		q.Rules = append(q.Rules, w)
	}
	slices.SortFunc(q.Rules, func(a, b why) int { return strings.Compare(a.ID, b.ID) })
	return q, nil
}
