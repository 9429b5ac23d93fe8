package access_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
)

var actions = []access.Action{access.ModelUse, access.ModelList, access.AdminMetrics, access.AdminStatus, access.AdminReload}

func TestRoles(t *testing.T) {
	user := reeve.Principal{ID: "key:u", Roles: []reeve.Role{reeve.RoleEmployee}}
	admin := reeve.Principal{ID: "key:a", Roles: []reeve.Role{reeve.RoleAdmin}}
	model := access.Model("llama3", reeve.Label{})
	for _, tt := range []struct {
		name string
		p    reeve.Principal
		a    access.Action
		r    access.Resource
		want bool
		rule string
	}{
		{"user uses a model", user, access.ModelUse, model, true, "access/role-employee"},
		{"user lists a model", user, access.ModelList, model, true, "access/role-employee"},
		{"user reads metrics", user, access.AdminMetrics, access.Admin(), false, "access/role"},
		{"user reloads", user, access.AdminReload, access.Admin(), false, "access/role"},
		{"admin uses a model", admin, access.ModelUse, model, true, "access/role-admin"},
		{"admin reads metrics", admin, access.AdminMetrics, access.Admin(), true, "access/role-admin"},
		{"admin, action unknown", admin, "model:dance", model, false, "access/unknown-action"},
		{"admin, no action", admin, "", model, false, "access/unknown-action"},
		{"admin, model without a name", admin, access.ModelUse, access.Model("", reeve.Label{}), false, "access/wrong-resource"},
		{"admin, action on the wrong kind", admin, access.ModelUse, access.Admin(), false, "access/wrong-resource"},
		{"user, admin action on a model", user, access.AdminMetrics, model, false, "access/wrong-resource"},
		{"no role", reeve.Principal{ID: "key:x"}, access.ModelUse, model, false, "access/role"},
		{"role of another spelling", reeve.Principal{ID: "key:x", Roles: []reeve.Role{"Admin"}}, access.ModelUse, model, false, "access/role"},
		{"nobody with a role", reeve.Principal{Roles: []reeve.Role{reeve.RoleAdmin}}, access.ModelUse, model, false, "access/nobody"},
		{"all zero", reeve.Principal{}, "", access.Resource{}, false, "access/nobody"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := access.Decide(access.Roles{}, access.Request{Principal: tt.p, Action: tt.a, Resource: tt.r})
			if got.Allow != tt.want || got.Rule != tt.rule {
				t.Errorf("got allow=%v by %q, want %v by %q", got.Allow, got.Rule, tt.want, tt.rule)
			}
			if direct := (access.Roles{}).Decide(access.Request{Principal: tt.p, Action: tt.a, Resource: tt.r}); direct.Allow != got.Allow {
				t.Errorf("the policy alone says %v, with the guard before it %v", direct.Allow, got.Allow)
			}
			if refused := got.Refusal() != nil; refused == tt.want {
				t.Errorf("refused=%v for a decision with allow=%v", refused, tt.want)
			}
		})
	}
}

type decider func() access.Decision

func (d decider) Decide(access.Request) access.Decision { return d() }

func TestDecideFailsClosed(t *testing.T) {
	someone := reeve.Principal{ID: "key:a", Roles: []reeve.Role{reeve.RoleAdmin}}
	yes := decider(func() access.Decision { return access.Decision{Allow: true, Rule: "test/yes"} })
	for _, tt := range []struct {
		name string
		d    access.Decider
		p    reeve.Principal
		rule string
	}{
		{"an allowance with an error", decider(func() access.Decision { return access.Decision{Allow: true, Rule: "test/yes", Errors: []string{"x"}} }), someone, "access/unexplained"},
		{"no decider", nil, someone, "access/no-policy"},
		{"nobody asks", yes, reeve.Principal{Roles: []reeve.Role{reeve.RoleAdmin}}, "access/nobody"},
		{"no rule named", decider(func() access.Decision { return access.Decision{Allow: true} }), someone, "access/unexplained"},
		{"zero decision", decider(func() access.Decision { return access.Decision{} }), someone, "access/undecided"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := access.Decide(tt.d, access.Request{Principal: tt.p, Action: access.ModelUse, Resource: access.Model("m", reeve.Label{})})
			r := got.Refusal()
			if got.Allow || r == nil {
				t.Fatalf("allowed: %+v", got)
			}
			if r.Status != 403 || r.Rule != tt.rule || r.Code == "" || r.Message == "" || r.Remedy == "" {
				t.Errorf("refusal is incomplete or by another rule than %s: %+v", tt.rule, r)
			}
		})
	}
	want := access.Decision{Allow: true, Rule: "test/yes"}
	if diff := cmp.Diff(want, access.Decide(yes, access.Request{Principal: someone, Action: access.ModelUse, Resource: access.Model("m", reeve.Label{})})); diff != "" {
		t.Error("a decision that is in order was changed (-want +got):\n" + diff)
	}
}

// Nothing is allowed that the two sentences of Roles do not say, and nobody gains by losing a role.
func TestRolesGrantNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := reeve.Principal{
			ID:    rapid.SampledFrom([]string{"", "key:a"}).Draw(t, "id"),
			Roles: rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom([]reeve.Role{reeve.RoleEmployee, reeve.RoleAdmin, ""}), rapid.Custom(func(t *rapid.T) reeve.Role { return reeve.Role(rapid.String().Draw(t, "role")) })), 0, 3).Draw(t, "roles"),
		}
		a := rapid.OneOf(rapid.SampledFrom(actions), rapid.Custom(func(t *rapid.T) access.Action { return access.Action(rapid.String().Draw(t, "action")) })).Draw(t, "action")
		r := access.Resource{Kind: rapid.SampledFrom([]string{"", "model", "admin"}).Draw(t, "kind"), Name: rapid.SampledFrom([]string{"", "m"}).Draw(t, "name")}
		got := access.Decide(access.Roles{}, access.Request{Principal: p, Action: a, Resource: r}).Allow
		onModel := (a == access.ModelUse || a == access.ModelList) && r.Kind == "model" && r.Name != ""
		onAdmin := slices.Contains(actions[2:], a) && r.Kind == "admin"
		want := p.ID != "" && (p.Has(reeve.RoleEmployee) && onModel || p.Has(reeve.RoleAdmin) && (onModel || onAdmin))
		if got != want {
			t.Fatalf("%+v %q %+v: allow=%v, want %v", p, a, r, got, want)
		}
	})
}
