package access

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"github.com/reeve-ai/reeve"
)

const smallSchema = `
type Label = { level: Long, categories: Set<String> };
entity Role enum ["reader"];
entity User in [Role] = { clearance: Label, hours: Long };
entity Doc = { label: Label, hours: Long, note?: String };
action read;
action show in [read] appliesTo { principal: User, resource: Doc, context: { mfa: Bool } };
`

func small(t testing.TB, policies string) *Set {
	t.Helper()
	s, err := Compile(Sources{Schemas: []Source{{"s.cedarschema", []byte(smallSchema)}}, Policies: []Source{{"p.cedar", []byte(policies)}}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func uid(t types.EntityType, id types.String) types.EntityUID { return types.NewEntityUID(t, id) }

func label(level types.Long, categories ...types.Value) types.Record {
	return types.NewRecord(types.RecordMap{"level": level, "categories": types.NewSet(categories...)})
}

// good is a request that the policies of TestTraps allow.
func good() (user, doc types.Entity, context types.Record) {
	user = types.Entity{UID: uid("User", "u"), Parents: types.NewEntityUIDSet(uid("Role", "reader")), Attributes: types.NewRecord(types.RecordMap{"clearance": label(2), "hours": types.Long(1)})}
	doc = types.Entity{UID: uid("Doc", "d"), Attributes: types.NewRecord(types.RecordMap{"label": label(1), "hours": types.Long(1)})}
	return user, doc, types.NewRecord(types.RecordMap{"mfa": types.True})
}

// The ways in which Cedar, left to itself, allows what a rule was written to forbid. Each is a refusal here.
func TestTraps(t *testing.T) {
	s := small(t, `
@id("grant") permit (principal in Role::"reader", action in Action::"read", resource);
@id("no-read-up") forbid (principal, action in Action::"read", resource) unless { principal.clearance.level >= resource.label.level };
@id("sum") forbid (principal, action, resource) when { resource.hours + principal.hours > 100 };`)
	user, doc, context := good()
	with := func(e types.Entity, name types.String, v types.Value) types.Entity {
		m := e.Attributes.Map()
		if m[name] = v; v == nil {
			delete(m, name)
		}
		e.Attributes = types.NewRecord(m)
		return e
	}
	ask := func(u, d types.Entity, c types.Record, action types.String) Decision {
		return s.Decide(Query{user.UID, uid("Action", action), doc.UID, c, s.Entities(types.EntityMap{u.UID: u, d.UID: d})})
	}
	if d := ask(user, doc, context, "show"); !d.Allow || d.Rule != "grant" {
		t.Fatalf("the request that all others are changes of is denied: %+v", d)
	}
	nobody := types.Entity{UID: uid("User", "other")}
	for name, tt := range map[string]struct {
		d    Decision
		rule string
	}{
		"an attribute is missing":         {ask(with(user, "clearance", nil), doc, context, "show"), "access/bad-request"},
		"an attribute has another type":   {ask(with(user, "clearance", types.Long(3)), doc, context, "show"), "access/bad-request"},
		"the principal has no entity":     {ask(nobody, doc, context, "show"), "access/bad-request"},
		"the resource has no entity":      {ask(user, nobody, context, "show"), "access/bad-request"},
		"an integer overflows":            {ask(user, with(doc, "hours", types.Long(math.MaxInt64)), context, "show"), "access/policy-error"},
		"the action only groups others":   {ask(user, doc, context, "read"), "access/bad-request"},
		"the action is not known":         {ask(user, doc, context, "sing"), "access/bad-request"},
		"an action group forbids":         {ask(with(user, "clearance", label(0)), doc, context, "show"), "no-read-up"},
		"there is no label":               {ask(user, with(doc, "label", nil), context, "show"), "access/bad-request"},
		"the level is below the lowest":   {ask(user, with(doc, "label", label(-1)), context, "show"), "access/bad-request"},
		"the level is above the highest":  {ask(with(user, "clearance", label(4)), doc, context, "show"), "access/bad-request"},
		"a category is empty":             {ask(user, with(doc, "label", label(0, types.String(""))), context, "show"), "access/bad-request"},
		"a context attribute is missing":  {ask(user, doc, types.Record{}, "show"), "access/bad-request"},
		"a context attribute is unknown":  {ask(user, doc, types.NewRecord(types.RecordMap{"mfa": types.True, "x": types.True}), "show"), "access/bad-request"},
		"a context attribute is retyped":  {ask(user, doc, types.NewRecord(types.RecordMap{"mfa": types.String("true")}), "show"), "access/bad-request"},
		"an entity has an unknown parent": {ask(types.Entity{UID: user.UID, Attributes: user.Attributes, Parents: types.NewEntityUIDSet(uid("Doc", "d"))}, doc, context, "show"), "access/bad-request"},
		"principal and resource swapped":  {s.Decide(Query{doc.UID, uid("Action", "show"), user.UID, context, s.Entities(types.EntityMap{user.UID: user, doc.UID: doc})}), "access/bad-request"},
		"no entities at all":              {s.Decide(Query{Principal: user.UID, Action: uid("Action", "show"), Resource: doc.UID, Context: context}), "access/bad-request"},
		"an entity aside does not fit": {s.Decide(Query{user.UID, uid("Action", "show"), doc.UID, context, s.Entities(types.EntityMap{
			user.UID: user, doc.UID: doc, uid("Doc", "e"): {UID: uid("Doc", "e")},
		})}), "access/bad-request"},
	} {
		if tt.d.Allow || tt.d.Rule != tt.rule {
			t.Errorf("%s: allow=%v by %s, want a refusal by %s", name, tt.d.Allow, tt.d.Rule, tt.rule)
		}
		if strings.HasPrefix(tt.rule, "access/") && len(tt.d.Errors) == 0 {
			t.Errorf("%s: refused without saying why", name)
		}
		if tt.d.PolicyDigest == "" || tt.d.SchemaDigest == "" {
			t.Errorf("%s: the decision has no digests", name)
		}
	}
	var big []types.EntityUID
	for i := range maxParents + 1 {
		big = append(big, uid("Role", types.String(fmt.Sprint(i))))
	}
	user.Parents = types.NewEntityUIDSet(big...)
	if d := ask(user, doc, context, "show"); d.Allow || !strings.Contains(d.Errors[0], "more than") {
		t.Errorf("a user in %d groups: %+v", len(big), d)
	}
}

// Mistakes in a set are found when it is read, each with its place and what to do.
func TestCompileRefuses(t *testing.T) {
	long := `@id("a") permit (principal, action, resource) when { ` + strings.Repeat("true && ", 10_000) + "true };"
	for name, tt := range map[string]struct{ policy, want string }{
		"grammar":                {"@id(\"a\")\npermit (principal", "p.cedar:2"},
		"no id":                  {"\npermit (principal, action, resource);", "p.cedar:2:1: the policy has no @id"},
		"an id twice":            {`@id("a") permit (principal, action, resource); @id("a") forbid (principal, action, resource);`, "another policy has this @id"},
		"an id with a control":   {`@id("a\u{7}") permit (principal, action, resource);`, "printable"},
		"an attribute misspelt":  {`@id("a") forbid (principal, action, resource) when { resource.lable.level > 1 };`, "lable"},
		"types that differ":      {`@id("a") forbid (principal, action, resource) when { resource.hours >= "high" };`, "a: "},
		"a type misspelt":        {`@id("a") permit (principal is Usr, action, resource);`, "Usr"},
		"an action misspelt":     {`@id("a") permit (principal, action == Action::"shw", resource);`, "shw"},
		"a context misspelt":     {`@id("a") permit (principal, action, resource) when { context.mfaa };`, "mfaa"},
		"an entity for a text":   {`@id("a") permit (principal, action, resource) when { principal == "u" };`, "a: "},
		"optional without guard": {`@id("a") permit (principal, action, resource) when { resource.note == "x" };`, "optional"},
		"a template":             {`@id("a") permit (principal == ?principal, action, resource);`, "p.cedar:1"},
		"deep brackets":          {`@id("a") permit (principal, action, resource) when { ` + strings.Repeat("(", 5000), "nested deeper"},
		"a very long policy":     {long, "longer than"},
		"signs without end":      {`@id("a") permit (principal, action, resource) when { ` + strings.Repeat("!", 100_000), "longer than"},
	} {
		_, err := Compile(Sources{Schemas: []Source{{"s.cedarschema", []byte(smallSchema)}}, Policies: []Source{{"p.cedar", []byte(tt.policy)}}}, Options{})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
			continue
		}
		if p, is := err.(Problems); !is || p[0].Remedy == "" || p[0].File == "" {
			t.Errorf("%s: no remedy or no file: %v", name, err)
		}
	}
	if _, err := Compile(Sources{Schemas: []Source{{"s.cedarschema", []byte("entity User = { x: Strng };")}}}, Options{}); err == nil {
		t.Error("a schema with an unknown type is accepted")
	}
	if _, err := Compile(Sources{Schemas: []Source{{"a.cedarschema", []byte("entity U = { x: Long };")}, {"b.cedarschema", []byte("entity U = { x: String };")}}}, Options{}); err == nil {
		t.Error("an attribute of two types is accepted")
	}
	if _, err := Compile(Sources{Schemas: []Source{{"a.cedarschema", []byte("entity U = { x: " + strings.Repeat("Set<", 100) + strings.Repeat("{", 100))}}}, Options{}); err == nil {
		t.Error("a schema of deep nesting is accepted")
	}
}

// The conditions of dropping and retyping: every attribute of principal, resource and context, in every case of the policies
// that ship. What remains must be denied or, where the request was allowed before, may stay allowed only if the schema calls
// the attribute optional.
func TestFaultInjection(t *testing.T) {
	s, err := Compile(Default(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	st := &state{Set: s, tagged: true}
	faults, stricter := 0, 0
	for name, r := range sampleRequests() {
		p, res, context := st.user(&r.Principal).entity, st.resource(&r.Resource).entity, contextOf(&r.Context)
		decide := func(p, res types.Entity, c types.Record) Decision {
			return s.Decide(Query{p.UID, uid("Action", types.String(r.Action)), res.UID, c, s.Entities(types.EntityMap{p.UID: p, res.UID: res})})
		}
		before := decide(p, res, context)
		if len(before.Errors) > 0 {
			t.Fatalf("%s: %v", name, before.Errors)
		}
		inject := func(where string, record types.Record, put func(types.Record) Decision) {
			for attribute := range record.Map() {
				for _, v := range []types.Value{nil, types.Long(7), types.String("x"), types.True, types.NewSet(types.Long(1)), types.NewRecord(types.RecordMap{}), uid("Group", "g")} {
					m := record.Map()
					old := m[attribute]
					if v != nil && fmt.Sprintf("%T", v) == fmt.Sprintf("%T", old) {
						continue // another value of the same type is another request, not a fault
					}
					if m[attribute] = v; v == nil {
						delete(m, attribute)
					}
					after := put(types.NewRecord(m))
					if faults++; after.Allow && !before.Allow {
						t.Errorf("%s: %s.%s as %T turns a refusal by %s into an allowance by %s", name, where, attribute, v, before.Rule, after.Rule)
					}
					if v != nil && after.Allow {
						t.Errorf("%s: %s.%s as %T is let pass", name, where, attribute, v)
					}
					if before.Allow && !after.Allow {
						stricter++
					}
				}
			}
		}
		inject("principal", p.Attributes, func(c types.Record) Decision { e := p; e.Attributes = c; return decide(e, res, context) })
		inject("resource", res.Attributes, func(c types.Record) Decision { e := res; e.Attributes = c; return decide(p, e, context) })
		inject("context", context, func(c types.Record) Decision { return decide(p, res, c) })
		for _, e := range []types.Entity{p, res} { // and the entity itself
			if d := s.Decide(Query{p.UID, uid("Action", types.String(r.Action)), res.UID, context, s.Entities(types.EntityMap{e.UID: e})}); d.Allow {
				t.Errorf("%s: allowed with one of the two entities", name)
			}
		}
	}
	t.Logf("%d faults, %d of them turned an allowance into a refusal, none the other way", faults, stricter)
	if faults < 1000 {
		t.Errorf("only %d faults", faults)
	}
}

// sampleRequests are requests that each rule of the policies that ship has a part in.
func sampleRequests() map[string]Request {
	all := reeve.NewLabel(reeve.Restricted, "A", "B")
	ctx := Context{Now: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC), Country: "DE", Purpose: "research", MFA: true, Device: DeviceManaged, Proposer: "sam"}
	p := reeve.Principal{
		ID: "ben", Kind: reeve.KindUser, Roles: []reeve.Role{"employee", "ml-engineer"}, Groups: []string{"pilot"}, Clearance: reeve.NewLabel(reeve.Confidential, "A"),
		Department: "research", Employment: "active", Country: "DE", Training: []string{"privacy"},
	}
	d := Resource{
		Kind: KindDataset, Name: "tickets", Owner: "ben", SharedWith: []string{"ana", "group:pilot"}, Department: "research",
		Label: reeve.NewLabel(reeve.Confidential, "A"), Regions: []string{"DE"}, Purposes: []string{"research"}, RequiredTraining: []string{"privacy"},
	}
	out := map[string]Request{}
	add := func(name string, a Action, change func(*Request)) {
		r := Request{p, a, d, ctx}
		r.Resource.Kind, _ = kindOf(a)
		if change != nil {
			change(&r)
		}
		out[name] = r
	}
	as := func(role reeve.Role) func(*Request) {
		return func(r *Request) {
			r.Principal.ID, r.Principal.Roles, r.Principal.Clearance = "somebody", []reeve.Role{role}, all
		}
	}
	add("train", "dataset:train", nil)
	add("use", ModelUse, nil)
	add("shared with a group", "dataset:read", func(r *Request) { r.Principal.ID, r.Principal.Roles = "zoe", nil })
	add("shared with a person", "dataset:read", func(r *Request) { r.Principal.ID, r.Principal.Roles, r.Principal.Groups = "ana", nil, nil })
	add("read up", "dataset:train", func(r *Request) { r.Principal.Clearance = reeve.Label{} })
	add("write down", "finetune:start", func(r *Request) {
		r.Context.Session = reeve.NewLabel(reeve.Confidential, "A")
		r.Resource.Label = reeve.Label{}
	})
	add("session above", ModelUse, func(r *Request) { r.Context.Session = all })
	add("country", "dataset:train", func(r *Request) { r.Context.Country = "US" })
	add("purpose", "dataset:train", func(r *Request) { r.Context.Purpose = "ads" })
	add("device", "dataset:train", func(r *Request) { r.Context.Device = DeviceUnmanaged })
	add("training", "dataset:train", func(r *Request) { r.Principal.Training = nil })
	add("leave", ModelUse, func(r *Request) { r.Principal.Employment = reeve.EmploymentLeave })
	add("review", "review:decide", as("reviewer"))
	add("own review", "review:decide", func(r *Request) { r.Principal.Roles = []reeve.Role{"reviewer"} })
	add("export", "record:export", as("compliance"))
	add("export without a second factor", "record:export", func(r *Request) { as("compliance")(r); r.Context.MFA = false })
	add("export at night", "record:export", func(r *Request) { as("compliance")(r); r.Context.Now = r.Context.Now.Add(12 * time.Hour) })
	add("relabel", "dataset:relabel", as("security"))
	add("relabel alone", "dataset:relabel", func(r *Request) { as("security")(r); r.Context.Proposer = "" })
	add("admin reads", "record:read", as("admin"))
	add("admin makes keys", "key:create", as("admin"))
	add("auditor", AdminMetrics, as("auditor"))
	add("auditor reloads", AdminReload, as("auditor"))
	return out
}

// The rules that a slice leaves out change neither decision nor rules: over the sample requests with every subset of roles.
func TestSliceDecidesAsAll(t *testing.T) {
	s, err := Compile(Default(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	st := &state{Set: s, tagged: true}
	whole := cedar.NewPolicySet()
	for _, p := range s.policies {
		whole.Add(cedar.PolicyID(p.ID), p.cedar)
	}
	for name, r := range sampleRequests() {
		for mask := range 1 << len(reeve.Roles()) {
			r.Principal.Roles = nil
			for i, role := range reeve.Roles() {
				if mask>>i&1 == 1 {
					r.Principal.Roles = append(r.Principal.Roles, role)
				}
			}
			v := &view{st, st.user(&r.Principal), st.resource(&r.Resource)}
			q := Query{v.principal.entity.UID, uid("Action", types.String(r.Action)), v.resource.entity.UID, contextOf(&r.Context), v}
			got := s.Decide(q)
			decision, diagnostic := cedar.Authorize(whole, v, types.Request{Principal: q.Principal, Action: q.Action, Resource: q.Resource, Context: q.Context})
			var want []string
			for _, by := range diagnostic.Reasons {
				want = append(want, string(by.PolicyID))
			}
			slices.Sort(want)
			if got.Allow != bool(decision) || !slices.Equal(got.Rules, want) {
				t.Fatalf("%s with roles %v: %v by %v, all rules together: %v by %v", name, r.Principal.Roles, got.Allow, got.Rules, decision, want)
			}
		}
	}
}
