package access_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
)

// A share lets somebody use what no role gives them, until it is taken back; it never beats a label.
func TestShares(t *testing.T) {
	e := defaults(t)
	ask := func(label reeve.Label) bool {
		return access.Decide(e, access.Request{
			Principal: reeve.Principal{ID: "user:zoe", Kind: reeve.KindUser, Employment: reeve.EmploymentActive, Groups: []string{"pilot"}},
			Action:    "dataset:read", Resource: access.Resource{Kind: access.KindDataset, Name: "tickets", Label: label}, Context: monday,
		}).Allow
	}
	if ask(reeve.Label{}) {
		t.Error("allowed before anything is shared")
	}
	for _, with := range []string{"user:zoe", "group:pilot"} {
		e.SetShares(map[string][]string{"dataset:tickets": {with}})
		if !ask(reeve.Label{}) || ask(reeve.NewLabel(reeve.Internal)) {
			t.Errorf("shared with %s: a public data set must be readable, an internal one not", with)
		}
	}
	e.SetShares(map[string][]string{"dataset:tickets": {"group:other", "user:ana"}, "model:tickets": {"user:zoe"}})
	if ask(reeve.Label{}) {
		t.Error("allowed by what is shared with others")
	}
	e.SetShares(nil)
	if ask(reeve.Label{}) {
		t.Error("allowed after the share was taken back")
	}
}

// A decision is the same whether its entities were built now or before, and a principal that changed is seen at once.
func TestCachedEntitiesFollow(t *testing.T) {
	e := defaults(t)
	r := access.Request{
		Principal: reeve.Principal{ID: "key:a", Kind: reeve.KindService, Roles: []reeve.Role{reeve.RoleEmployee}, Clearance: reeve.NewLabel(reeve.Internal)},
		Action:    access.ModelUse, Resource: access.Model("m", reeve.NewLabel(reeve.Internal)), Context: monday,
	}
	first := access.Decide(e, r)
	if diff := cmp.Diff(first, access.Decide(e, r)); diff != "" || !first.Allow {
		t.Fatal("the second decision differs, or it is refused:\n" + diff)
	}
	r.Principal.Roles[0] = reeve.RoleAuditor // in the caller's own list
	if d := access.Decide(e, r); d.Allow || d.EntityDigest == first.EntityDigest {
		t.Errorf("a changed role is not seen: %+v", d)
	}
	r.Principal.Roles[0] = reeve.RoleEmployee
	r.Resource.Label = reeve.NewLabel(reeve.Restricted)
	if d := access.Decide(e, r); d.Allow || d.Rule != "mac-no-read-up" {
		t.Errorf("a changed label is not seen: %+v", d)
	}
	r.Context.Now = time.Time{}
	if d := access.Decide(e, r); d.Allow || d.Rule != "access/bad-request" {
		t.Errorf("a request without a time: %+v", d)
	}
	r.Context, r.Principal.Groups = monday, make([]string, 1_000_000)
	if d := access.Decide(e, r); d.Allow || d.Rule != "access/too-many-groups" {
		t.Errorf("a user with a million groups: %+v", d)
	}
	if d := access.Decide(&access.Engine{}, r); d.Allow || d.Rule != "access/no-policy" {
		t.Errorf("an engine without a set: %+v", d)
	}
	r.Principal.Groups, r.Resource.Label = nil, reeve.Label{}
	if err := e.Swap(nil); err == nil || !access.Decide(e, r).Allow {
		t.Error("a set that is none came into force, or the old one ended")
	}
}

// A set whose schema the server cannot serve never comes into force: it would refuse everything.
func TestSwapRefusesSchemas(t *testing.T) {
	e := defaults(t)
	digest := e.Set().PolicyDigest()
	alone := access.Sources{Schemas: []access.Source{{Name: "house.cedarschema", Text: []byte("entity User = { kind: String };")}}}
	wants := access.Default() // an attribute more, which the server does not know
	wants.Schemas = append(wants.Schemas, access.Source{Name: "house.cedarschema", Text: []byte("entity User = { badge: String };")})
	for _, src := range []access.Sources{alone, wants} {
		set, err := access.Compile(src, access.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Swap(set); err == nil || e.Set().PolicyDigest() != digest {
			t.Errorf("in force, %v", err)
		}
	}
	src := access.Default() // optional attributes and further types are welcome
	src.Schemas = append(src.Schemas, access.Source{Name: "house.cedarschema", Text: []byte(`entity User = { badge?: String }; entity Role enum ["guest"]; entity Robot;`)})
	src.Policies = append(src.Policies, access.Source{Name: "house.cedar", Text: []byte(`@id("house-guest") permit (principal in Role::"guest", action == Action::"model:list", resource) when { principal has badge || principal.hasTag("badge") };`)})
	set, err := access.Compile(src, access.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Swap(set); err != nil {
		t.Fatal(err)
	}
	d := access.Decide(e, access.Request{
		Principal: reeve.Principal{ID: "g", Kind: reeve.KindService, Roles: []reeve.Role{"guest"}, Attributes: map[string]string{"badge": "7"}},
		Action:    access.ModelList, Resource: access.Model("*", reeve.Label{}), Context: monday,
	})
	if !d.Allow || d.Rule != "house-guest" {
		t.Errorf("a rule of the house's own: %+v", d)
	}
}
