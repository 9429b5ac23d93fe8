package admin_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/admin"
)

// TestEveryOperation calls every operation of the document once with success; the harness holds each answer against it.
func TestEveryOperation(t *testing.T) {
	t.Run("roles alone", func(t *testing.T) { everyOperation(t, nil, 201, "") })
	// By the policies that ship an emergency needs a second factor, which a key alone is not.
	t.Run("policies that ship", func(t *testing.T) { everyOperation(t, byPolicy, 403, "abac-second-factor") })
}

// byPolicy asks the policies that ship.
func byPolicy(o *admin.Options) {
	set, err := access.Compile(access.Default(), access.Options{})
	if err != nil {
		panic(err)
	}
	engine, err := access.NewEngine(set)
	if err != nil {
		panic(err)
	}
	o.Access = engine
}

func everyOperation(t *testing.T, change func(*admin.Options), glass int, glassRule string) {
	s := newServer(t, change)
	s.want(200, "", s.do("GET", "/admin/v1/openapi.yaml", "", keyOfNobody))
	s.want(200, "", s.do("GET", "/admin/v1/whoami", ""))
	ana := s.user("ana")
	bot := s.want(201, "", s.do("POST", "/admin/v1/users", `{"name":"ci-bot","kind":"service","roles":["employee"],"clearance":"confidential{PII}","attributes":{"team":"a"},"training":["x"],"country":"DE"}`)).get("id")
	got := s.want(200, "", s.do("GET", "/admin/v1/users/"+ana, ""))
	s.want(200, "", s.do("PATCH", "/admin/v1/users/"+ana, `{"display_name":"Ana","email":"ana@example.org","roles":["reviewer"]}`, key(s.admin), header("If-Match", got.header.Get("ETag"))))
	s.want(409, "identity/conflict", s.do("PATCH", "/admin/v1/users/"+ana, `{"display_name":"B"}`, key(s.admin), header("If-Match", got.header.Get("ETag"))))
	s.want(200, "", s.do("GET", "/admin/v1/users?limit=1", ""))
	s.want(200, "", s.do("GET", "/admin/v1/users?name=ana", ""))
	s.want(200, "", s.do("POST", "/admin/v1/users/"+bot+"/links", `{"issuer":"spiffe","subject":"spiffe://example.org/ci"}`))
	invite := s.want(201, "", s.do("POST", "/admin/v1/users/"+ana+"/invite", ""))
	if !strings.HasPrefix(invite.get("link"), "https://reeve.example.org/auth/invite#ri_") {
		t.Error(invite.text)
	}
	s.want(glass, glassRule, s.do("POST", "/admin/v1/users/"+ana+"/break-glass", `{"reason":"the log is full and nobody else is here","minutes":5}`))
	group := s.want(201, "", s.do("POST", "/admin/v1/groups", fmt.Sprintf(`{"name":"Legal team","roles":["auditor"],"users":[%q]}`, ana))).get("id")
	s.want(200, "", s.do("GET", "/admin/v1/groups/"+group, ""))
	s.want(200, "", s.do("PATCH", "/admin/v1/groups/"+group, `{"name":"Legal"}`))
	s.want(200, "", s.do("GET", "/admin/v1/groups", ""))
	s.keyOf(ana)
	k := s.want(201, "", s.do("POST", "/admin/v1/keys", `{"name":"alone","role":"employee","clearance":"internal","models":["m*"],"requests_per_minute":5,"tokens_per_day":6,"expires_in_seconds":60}`)).get("id")
	s.want(200, "", s.do("GET", "/admin/v1/keys", ""))
	s.want(204, "", s.do("DELETE", "/admin/v1/keys/"+k, ""))
	s.signIn(ana)
	list := s.want(200, "", s.do("GET", "/admin/v1/sessions", ""))
	id := list.fields["sessions"].([]any)[0].(map[string]any)["id"].(string)
	s.want(204, "", s.do("DELETE", "/admin/v1/sessions/"+id, ""))
	s.want(404, "admin/not-found", s.do("DELETE", "/admin/v1/sessions/"+id, ""))
	s.want(204, "", s.do("POST", "/admin/v1/users/"+ana+"/revoke", ""))
	s.want(204, "", s.do("DELETE", "/admin/v1/groups/"+group, ""))
	s.want(204, "", s.do("DELETE", "/admin/v1/users/"+ana, ""))

	for path, operations := range s.doc.paths {
		if strings.HasPrefix(path, "/v1/") || slices.ContainsFunc([]string{"reviews", "admission", "incidents", "alerts"}, func(of string) bool { return strings.HasPrefix(path, "/admin/v1/"+of) }) {
			continue // each has a test of its own; the gateway answers for its own
		}
		for method := range operations {
			if glass == 201 && method != "parameters" && !s.doc.seen[strings.ToUpper(method)+" "+path] {
				t.Errorf("%s %s was never answered", method, path)
			}
		}
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	s := newServer(t, nil)
	ana, root := s.user("ana", "employee"), s.user("root-person", "admin")
	anaKey, rootKey := s.keyOf(ana), s.keyOf(root)
	for _, tt := range []struct{ method, path, body string }{
		{"GET", "/admin/v1/users", ""},
		{"POST", "/admin/v1/users", `{"name":"x"}`},
		{"GET", "/admin/v1/users/" + root, ""},
		{"PATCH", "/admin/v1/users/" + ana, `{"roles":["admin"]}`},
		{"DELETE", "/admin/v1/users/" + root, ""},
		{"POST", "/admin/v1/users/" + ana + "/break-glass", `{"reason":"because I want to"}`},
		{"GET", "/admin/v1/keys", ""},
		{"POST", "/admin/v1/keys", `{"name":"x","role":"admin"}`},
		{"GET", "/admin/v1/sessions", ""},
		{"POST", "/admin/v1/groups", `{"name":"x"}`},
	} {
		s.want(403, "access/role", s.do(tt.method, tt.path, tt.body, key(anaKey)))
		s.want(401, "identity/no-key", s.do(tt.method, tt.path, tt.body, keyOfNobody))
	}
	byShipped := newServer(t, byPolicy)
	other := byShipped.user("other", "admin")
	otherKey := byShipped.keyOf(other)
	byShipped.want(403, "identity/self-grant", byShipped.do("PATCH", "/admin/v1/users/"+other, `{"clearance":"restricted{PII}"}`, key(otherKey)))
	byShipped.want(403, "rbac-no-own-grant", byShipped.do("POST", "/admin/v1/users/"+other+"/links", `{"issuer":"spiffe","subject":"spiffe://example.org/x"}`, key(otherKey)))
	// Nobody raises themselves, not even an administrator.
	s.want(403, "identity/self-grant", s.do("PATCH", "/admin/v1/users/"+root, `{"clearance":"restricted{PII}"}`, key(rootKey)))
	s.want(403, "identity/self-grant", s.do("POST", "/admin/v1/groups", fmt.Sprintf(`{"name":"g","roles":["security"],"users":[%q]}`, root), key(rootKey)))
	s.want(200, "", s.do("PATCH", "/admin/v1/users/"+root, `{"display_name":"R"}`, key(rootKey)))
	// Switched off, a person's key stops with the next request.
	s.want(200, "", s.do("GET", "/admin/v1/whoami", "", key(anaKey)))
	s.want(200, "", s.do("PATCH", "/admin/v1/users/"+ana, `{"active":false}`))
	s.want(401, "identity/revoked", s.do("GET", "/admin/v1/whoami", "", key(anaKey)))
}

func TestBreakGlass(t *testing.T) {
	s := newServer(t, nil)
	ana := s.user("ana", "employee")
	for _, body := range []string{`{"reason":""}`, `{"reason":"short"}`, `{"reason":"          "}`} {
		s.want(422, "identity/invalid", s.do("POST", "/admin/v1/users/"+ana+"/break-glass", body))
	}
	s.want(400, "admin/minutes", s.do("POST", "/admin/v1/users/"+ana+"/break-glass", `{"reason":"the disk is full","minutes":61}`))
	k := s.want(201, "", s.do("POST", "/admin/v1/users/"+ana+"/break-glass", `{"reason":"the disk is full"}`)).get("key")
	s.want(200, "", s.do("GET", "/admin/v1/users", "", key(k)))
	acts, err := s.db.Acts(t.Context())
	must(t, err)
	last := acts[len(acts)-1]
	if last.Act != "user.break-glass" || last.Details["reason"] != "the disk is full" || last.Details["owner"] != "user:"+ana {
		t.Errorf("the act: %+v", last)
	}
	s.clock.advance(15 * time.Minute)
	s.want(401, "identity/expired", s.do("GET", "/admin/v1/users", "", key(k)))
}

func TestPathTricks(t *testing.T) {
	s := newServer(t, nil)
	for _, path := range []string{
		"//admin/v1/users", "/admin//v1/users", "/admin/v1//users", "/admin/./v1/users", "/admin/v1/../v1/users", "/auth/../admin/v1/users",
		"/admin/%2e%2e/admin/v1/users", "/auth/%2E%2E/admin/v1/users", "/admin%2fv1/users", "/admin/v1/users%2f", "/admin/v1/users/%00", "/admin/v1/users%00",
		"/admin/v1/users.", "/admin/v1/users/..", "/admin/v1/users/...", "/admin/v1./users", "/admin/v1/users;x=1", "/admin/v1;/users", "/admin\\v1\\users",
		"/%61dmin/v1/users%252f", "/admin/v1/users/..;/keys", "http://reeve.example.org/admin/v1/users", "*",
	} {
		a := s.do("GET", "/admin/v1/users", "", key(s.admin), target(path))
		if a.status != 400 || a.get("rule") == "" {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
	for _, path := range []string{"/Admin/v1/users", "/admin/v1/users/", "/admin/v2/users", "/admin/v1", "/admin/", "/admin/v1/users/x/y"} {
		if a := s.do("GET", path, ""); a.status != 404 {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
	if a := s.want(405, "admin/method", s.do("PUT", "/admin/v1/users", "{}")); a.header.Get("Allow") != "GET, POST" {
		t.Errorf("Allow: %q", a.header.Get("Allow"))
	}
	for _, name := range []string{"X-HTTP-Method-Override", "X-Method-Override", "X-Http-Method", "X-Original-URL", "X-Rewrite-URL"} {
		s.want(400, "admin/override", s.do("GET", "/admin/v1/users", "", key(s.admin), header(name, "DELETE")))
	}
	s.want(400, "admin/header", s.do("GET", "/admin/v1/users", "", func(r *http.Request) { r.Header["X_api_key"] = []string{s.admin} }))
	s.want(400, "admin/target", s.do("TRACE", "/", ""))
}

func TestBodies(t *testing.T) {
	s := newServer(t, nil)
	for _, tt := range []struct {
		name, body string
		status     int
		rule       string
	}{
		{"unknown member", `{"name":"x","admin":true}`, 400, "admin/body"},
		{"repeated member", `{"name":"x","name":"y"}`, 400, "admin/body"},
		{"another case", `{"Name":"x"}`, 400, "admin/body"},
		{"wrong type", `{"name":7}`, 400, "admin/body"},
		{"no JSON", `name=x`, 400, "admin/body"},
		{"two values", `{"name":"x"}{}`, 400, "admin/body"},
		{"too long", `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "admin/body"},
		{"role that does not exist", `{"name":"x","roles":["king"]}`, 422, "identity/invalid"},
		{"label that does not exist", `{"name":"x","clearance":"cosmic"}`, 400, "admin/body"},
		{"country that is none", `{"name":"x","country":"Germany"}`, 422, "identity/invalid"},
		{"name of two scripts", `{"name":"аdmin"}`, 422, "identity/invalid"},
		{"name with a hidden character", `{"name":"ad\u200bmin"}`, 422, "identity/invalid"},
		{"name that is not NFKC", `{"name":"ａdmin"}`, 422, "identity/invalid"},
		{"name with direction marks", `{"name":"\u202enimda"}`, 422, "identity/invalid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.t = t
			s.want(tt.status, tt.rule, s.do("POST", "/admin/v1/users", tt.body))
		})
	}
	s.t = t
	s.want(415, "admin/media-type", s.do("POST", "/admin/v1/users", `{"name":"x"}`, key(s.admin), header("Content-Type", "text/plain")))
	s.user("scope")
	for _, twin := range []string{"scope", "Scope", "ѕсоре", "sc0pe"} {
		s.want(409, "identity/conflict", s.do("POST", "/admin/v1/users", fmt.Sprintf(`{"name":%q}`, twin)))
	}
}

func TestGroupsInACircle(t *testing.T) {
	s := newServer(t, nil)
	var ids []string
	for _, name := range []string{"a1x", "b2x", "c3x"} {
		body := fmt.Sprintf(`{"name":%q}`, name)
		if len(ids) > 0 {
			body = fmt.Sprintf(`{"name":%q,"groups":[%q]}`, name, ids[len(ids)-1])
		}
		ids = append(ids, s.want(201, "", s.do("POST", "/admin/v1/groups", body)).get("id"))
	}
	s.want(422, "identity/invalid", s.do("PATCH", "/admin/v1/groups/"+ids[0], fmt.Sprintf(`{"groups":[%q]}`, ids[2])))
	s.want(422, "identity/invalid", s.do("PATCH", "/admin/v1/groups/"+ids[0], fmt.Sprintf(`{"groups":[%q]}`, ids[0])))
	s.want(422, "identity/invalid", s.do("PATCH", "/admin/v1/groups/"+ids[0], `{"users":["nobody"]}`))
}

// TestForwardedFor shows that X-Forwarded-For counts only from a trusted proxy, and of it only what that proxy wrote.
func TestForwardedFor(t *testing.T) {
	var seen netip.Addr
	watch := decider(func(q access.Request) access.Decision {
		seen = q.Context.IP
		return access.Decision{Allow: true, Rule: "test", Rules: []string{"test"}}
	})
	s := newServer(t, func(o *admin.Options) {
		o.Access = watch
		o.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	})
	for _, tt := range []struct{ name, peer, forwarded, want string }{
		{"no proxy", "192.0.2.1:1", "", "192.0.2.1"},
		{"a stranger says who they are", "192.0.2.1:1", "127.0.0.1", "192.0.2.1"},
		{"through the proxy", "10.1.1.1:1", "198.51.100.7", "198.51.100.7"},
		{"a stranger writes an entry before the proxy's", "10.1.1.1:1", "127.0.0.1, 198.51.100.7", "198.51.100.7"},
		{"two proxies", "10.1.1.1:1", "127.0.0.1, 198.51.100.7, 10.2.2.2", "198.51.100.7"},
		{"no address", "10.1.1.1:1", "somebody", "10.1.1.1"},
		{"IPv4 in IPv6", "[::ffff:10.1.1.1]:1", "::ffff:198.51.100.7", "198.51.100.7"},
	} {
		s.do("GET", "/admin/v1/users", "", key(s.admin), remote(tt.peer), header("X-Forwarded-For", tt.forwarded), header("X-Real-IP", "127.0.0.1"), header("Forwarded", "for=127.0.0.1"))
		if seen.String() != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, seen, tt.want)
		}
	}
}

type decider func(access.Request) access.Decision

func (d decider) Decide(q access.Request) access.Decision { return d(q) }
