package admin_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/admin"
	"github.com/reeve-ai/reeve/internal/admission"
	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/monitor/alert"
	"github.com/reeve-ai/reeve/internal/monitor/incident"
	"github.com/reeve-ai/reeve/internal/monitor/rollup"
)

// runtime serves one model, whose files are never out of date.
type runtime struct{ at time.Time }

func (runtime) Canonical(name string) string { return strings.TrimSuffix(name, ":latest") }

func (runtime) Models(context.Context) ([]string, error) { return []string{"m"}, nil }

func (runtime) Confirm(context.Context, *admission.Measurement) (bool, error) { return true, nil }

func (r runtime) Measure(_ context.Context, model string, earlier *admission.Measurement) (*admission.Measurement, error) {
	if earlier != nil {
		return earlier, nil
	}
	sum := strings.Repeat("ab", 32)
	return &admission.Measurement{Model: model, At: r.at, Files: []admission.Measured{{File: admission.File{Name: "w.gguf", Path: "/m/w.gguf"}, SHA256: sum}}}, nil
}

// strict trusts nobody.
type strict struct{}

func (strict) Policy() string                                           { return "sha256:1" }
func (strict) Read(*attest.Envelope) (v *admission.Verdict, why string) { return nil, "" }

// staff are the keys of one person of each role.
func staff(s *server) map[string]string {
	keys := map[string]string{}
	for _, role := range []string{"employee", "ml-engineer", "reviewer", "compliance", "security", "admin", "auditor"} {
		id := s.want(201, "", s.do("POST", "/admin/v1/users", `{"name":"`+role+`","roles":["`+role+`"],"employment":"active","clearance":"internal"}`)).get("id")
		keys[role] = s.keyOf(id)
	}
	return keys
}

// onlyFor demands that people of some roles, and of no others, are let through to an operation.
func onlyFor(s *server, keys map[string]string, method, path, body string, roles ...string) {
	s.t.Helper()
	for _, role := range slices.Sorted(maps.Keys(keys)) {
		got := s.do(method, path, body, key(keys[role]))
		if let := got.status != 403; let != slices.Contains(roles, role) {
			s.t.Errorf("%s %s by %s: status %d: %s", method, path, role, got.status, got.text)
		}
	}
	s.want(401, "identity/no-key", s.do(method, path, body, keyOfNobody))
}

// answered demands that every operation under a path was answered with success.
func answered(s *server, prefix string) {
	s.t.Helper()
	n := 0
	for path, operations := range s.doc.paths {
		for method := range operations {
			if strings.HasPrefix(path, prefix) && method != "parameters" {
				if n++; !s.doc.seen[strings.ToUpper(method)+" "+path] {
					s.t.Errorf("%s %s was never answered", method, path)
				}
			}
		}
	}
	if n == 0 {
		s.t.Error("the document has nothing under " + prefix)
	}
}

// TestAdmissionOperations calls every operation on admission under the policies that ship.
func TestAdmissionOperations(t *testing.T) {
	var events []admission.Event
	broken := false
	s := newServer(t, func(o *admin.Options) {
		byPolicy(o)
		c := admission.New(admission.Options{
			Otherwise: admission.Enforce, Upstreams: []string{"local"}, Sources: map[string]admission.Source{"local": runtime{o.Clock()}},
			Shelf: admission.NewShelf([]string{t.TempDir()}, strict{}), Clock: o.Clock,
			Record: func(e admission.Event) error {
				if broken {
					return errors.New("the log is full")
				}
				events = append(events, e)
				return nil
			},
		})
		c.Round(t.Context())
		o.Admission = c
	})
	const path = "/admin/v1/admission"
	keys := staff(s)
	sam := s.want(200, "", s.do("GET", "/admin/v1/users?name=security", "")).fields["users"].([]any)[0].(map[string]any)["id"].(string)
	token := s.signIn(sam)
	second := []with{session(token), sameOrigin}
	allow := func(body string) *answer { return s.do("POST", path+"/allow", body, second...) }
	const good = `{"upstream":"local","model":"m:latest","reason":"the gate's host is down","minutes":60}`

	if got := s.want(200, "", s.do("GET", path+"?limit=1", "")); !strings.Contains(got.text, `"standing":"refused"`) {
		t.Error(got.text)
	}
	onlyFor(s, keys, "GET", path, "", "ml-engineer", "reviewer", "compliance", "security", "admin", "auditor")
	onlyFor(s, keys, "POST", path+"/allow", good) // none has a second factor
	s.want(403, "abac-second-factor", s.do("POST", path+"/allow", good, key(keys["security"])))
	for _, tt := range []struct {
		status     int
		rule, body string
	}{
		{400, "admin/minutes", `{"upstream":"local","model":"m","reason":"the gate's host is down","minutes":1441}`},
		{400, "admin/minutes", `{"upstream":"local","model":"m","reason":"the gate's host is down"}`},
		{400, "admin/minutes", `{"upstream":"local","model":"m","reason":"the gate's host is down","minutes":-1}`},
		{400, "admin/body", `{"upstream":"local","model":"m","reason":"the gate's host is down","minutes":1,"by":"somebody else"}`},
		{400, "admin/body", `{"upstream":"local","upstream":"local","model":"m","minutes":1}`},
		{422, "admission/allowance", `{"upstream":"local","model":"m","reason":"short","minutes":5}`},
		{422, "admission/allowance", `{"upstream":"local","model":"other","reason":"the gate's host is down","minutes":5}`},
		{404, "admin/not-found", `{"upstream":"elsewhere","model":"m","reason":"the gate's host is down","minutes":5}`},
	} {
		s.want(tt.status, tt.rule, allow(tt.body))
	}
	s.want(404, "admin/not-found", s.do("POST", path+"/revoke", `{"upstream":"local","model":"m"}`, key(keys["security"])))
	broken = true // nothing is let pass that is not on record
	s.want(503, "admin/store", allow(good))
	broken = false
	if got := s.want(200, "", s.do("GET", path, "")); !strings.Contains(got.text, `"standing":"refused"`) {
		t.Error(got.text)
	}
	if got := s.want(201, "", allow(good)); got.get("by") != "user:"+sam || got.get("until") != "2026-03-01T13:00:00Z" {
		t.Error(got.text)
	}
	if got := s.want(200, "", s.do("GET", path, "")); !strings.Contains(got.text, `"standing":"allowed"`) || strings.Contains(got.text, "the gate's host") {
		t.Error(got.text)
	}
	onlyFor(s, keys, "POST", path+"/revoke", `{"upstream":"local","model":"none"}`, "security", "admin")
	s.want(204, "", s.do("POST", path+"/revoke", `{"upstream":"local","model":"m"}`, key(keys["security"])))
	s.want(404, "admin/not-found", s.do("POST", path+"/revoke", `{"upstream":"local","model":"m"}`, key(keys["security"])))
	var acts []string
	for _, e := range events {
		if e.Actor != "" {
			acts = append(acts, e.Act+" by "+e.Actor)
		}
	}
	if diff := cmp.Diff([]string{"admission.allow by user:" + sam, "admission.revoke by user:" + sam}, acts); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	answered(s, path)

	without := newServer(t, byPolicy)
	root := without.user("root", "admin")
	without.want(404, "admin/admission", without.do("GET", path, ""))
	without.want(404, "admin/admission", without.do("POST", path+"/revoke", `{}`))
	without.want(404, "admin/admission", without.do("POST", path+"/allow", good, session(without.signIn(root)), sameOrigin))
}

// book is a log that keeps the events of incidents.
type book struct {
	events []*custody.Event
}

func (b *book) Event(ev *custody.Event) (custody.Receipt, error) {
	b.events = append(b.events, ev)
	return custody.Receipt{}, nil
}

func (b *book) Acts(context.Context, string) (out []rollup.Kept, err error) {
	for _, ev := range b.events {
		out = append(out, rollup.Kept{Time: ev.Time, ID: custody.NewID(ev.Time), Act: ev.Act, Object: ev.Object, Names: ev.Names})
	}
	return out, nil
}

// TestIncidentOperations calls every operation on incidents under the policies that ship.
func TestIncidentOperations(t *testing.T) {
	log := &book{}
	s := newServer(t, func(o *admin.Options) {
		byPolicy(o)
		o.Incidents = &incident.Book{Log: log, Acts: log, Clock: o.Clock}
	})
	const path = "/admin/v1/incidents"
	keys := staff(s)
	cleo := key(keys["compliance"])
	for _, tt := range []struct {
		status     int
		rule, body string
	}{
		{422, "incident/invalid", `{"severity":"critical"}`},
		{422, "incident/invalid", `{"severity":"critical","reason":"` + strings.Repeat("x", 4001) + `"}`},
		{422, "incident/invalid", `{"severity":"dire","reason":"a customer's data in an answer"}`},
		{422, "incident/invalid", `{"severity":"warning","reason":"a customer's data in an answer","exchange":"x"}`},
		{400, "admin/body", `{"severity":"warning","reason":"a customer's data in an answer","rule":"canary"}`},
		{400, "admin/body", `[]`},
	} {
		s.want(tt.status, tt.rule, s.do("POST", path, tt.body, cleo))
	}
	if len(log.events) > 0 {
		t.Errorf("what was refused is on record: %+v", log.events[0])
	}
	onlyFor(s, keys, "POST", path, `{}`, "compliance", "security", "admin")
	made := s.want(201, incident.Manual, s.do("POST", path, `{"severity":"critical","reason":"a customer's data in an answer","exchange":"01ARZ3NDEKTSV4RRFFQ69G5FAV"}`, cleo))
	one := made.header.Get("Location")
	if one != path+"/"+made.get("id") {
		t.Errorf("%s: %s", one, made.text)
	}
	onlyFor(s, keys, "GET", path, "", "compliance", "security", "admin", "auditor")
	onlyFor(s, keys, "GET", one, "", "compliance", "security", "admin", "auditor")
	for _, step := range []string{"/ack", "/close", "/reopen"} {
		onlyFor(s, keys, "POST", one+step, `{}`, "compliance", "security", "admin")
		s.want(404, "admin/not-found", s.do("POST", path+"/inc-000000000000"+step, `{"reason":"x"}`, cleo))
		s.want(400, "admin/body", s.do("POST", one+step, `{"reason":"x","actor":"user:somebody"}`, cleo))
	}
	s.want(404, "admin/not-found", s.do("GET", path+"/inc-000000000000", "", cleo))
	for _, tt := range []struct {
		status           int
		rule, step, body string
		state            string
	}{
		{422, "incident/invalid", "/ack", `{"reason":" "}`, ""},
		{409, "incident/state", "/reopen", `{"reason":"again"}`, ""},
		{200, incident.Manual, "/ack", `{"reason":"looking at it"}`, "acknowledged"},
		{409, "incident/state", "/ack", `{"reason":"looking at it"}`, ""},
		{422, "incident/invalid", "/close", `{"reason":"test data"}`, ""},
		{422, "incident/invalid", "/close", `{"reason":"test data","assessment":"fine"}`, ""},
		{200, incident.Manual, "/close", `{"reason":"test data","assessment":"false-alarm"}`, "closed"},
		{409, "incident/state", "/close", `{"reason":"test data","assessment":"false-alarm"}`, ""},
	} {
		if got := s.want(tt.status, tt.rule, s.do("POST", one+tt.step, tt.body, cleo)); got.get("state") != tt.state {
			t.Errorf("%s: %s", tt.step, got.text)
		}
	}
	for query, want := range map[string]int{"": 0, "?all=false": 0, "?all=true&limit=5": 1} {
		if got := s.want(200, "", s.do("GET", path+query, "", cleo)); len(got.fields["incidents"].([]any)) != want {
			t.Errorf("%s: %s", query, got.text)
		}
	}
	s.want(400, "admin/all", s.do("GET", path+"?all=maybe", "", cleo))
	s.want(400, "admin/limit", s.do("GET", path+"?limit=0", "", cleo))
	s.want(200, incident.Manual, s.do("POST", one+"/reopen", `{"reason":"it came back"}`, key(keys["security"])))
	for _, ev := range log.events {
		if !strings.HasPrefix(ev.Actor, "user:") || len(ev.Payload) == 0 {
			t.Errorf("%s by %q", ev.Act, ev.Actor)
		}
	}
	if n := len(log.events); n != 4 {
		t.Errorf("%d records", n)
	}
	answered(s, path)
	s.want(404, "admin/incidents", newServer(t, byPolicy).do("GET", path+"/x", ""))
	s.want(404, "admin/incidents", newServer(t, byPolicy).do("POST", path, `{}`))
}

// alarms is an engine with who kept what quiet.
type alarms struct {
	*alert.Engine
	by []string
}

func (a *alarms) Silence(actor string, s alert.Silence) error {
	a.by = append(a.by, actor)
	return a.Engine.Silence(s)
}

// TestAlertOperations calls every operation on alerts under the policies that ship.
func TestAlertOperations(t *testing.T) {
	on := &alarms{}
	s := newServer(t, func(o *admin.Options) {
		byPolicy(o)
		on.Engine = alert.New(alert.Options{Dir: t.TempDir(), Clock: o.Clock})
		o.Alerts = on
	})
	const path = "/admin/v1/alerts"
	keys := staff(s)
	onlyFor(s, keys, "GET", path, "", "compliance", "security", "admin", "auditor")
	onlyFor(s, keys, "POST", path+"/silence", `{}`, "compliance", "security", "admin")
	for _, tt := range []struct {
		status     int
		rule, body string
	}{
		{400, "admin/minutes", `{"rule":"drift"}`},
		{400, "admin/minutes", `{"rule":"drift","minutes":-1}`},
		{400, "admin/minutes", `{"rule":"drift","minutes":43201}`},
		{400, "admin/body", `{"rule":"drift","minutes":5,"until":"2030-01-01T00:00:00Z"}`},
		{422, "alert/rule", `{"rule":"","minutes":5}`},
		{422, "alert/rule", `{"rule":"dr[","minutes":5}`},
		{422, "alert/rule", `{"rule":"` + strings.Repeat("x", 101) + `","minutes":5}`},
	} {
		s.want(tt.status, tt.rule, s.do("POST", path+"/silence", tt.body))
	}
	on.by = nil
	if got := s.want(200, "", s.do("POST", path+"/silence", `{"rule":"drift*","minutes":120}`, key(keys["security"]))); !strings.Contains(got.text, `"until":"2026-03-01T14:00:00Z"`) {
		t.Error(got.text)
	}
	if got := s.want(200, "", s.do("POST", path+"/silence", `{"rule":"drift*","minutes":0}`, key(keys["security"]))); strings.Contains(got.text, "drift") {
		t.Error(got.text)
	}
	if len(on.by) != 2 || !strings.HasPrefix(on.by[0], "user:") {
		t.Errorf("silenced by %q", on.by)
	}
	answered(s, path)
	s.want(404, "admin/alerts", newServer(t, byPolicy).do("GET", path, ""))
	s.want(404, "admin/alerts", newServer(t, byPolicy).do("POST", path+"/silence", `{}`))
}
