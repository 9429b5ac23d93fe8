package admin_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const patchSchema = `"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]`

func (s *server) scim(method, path, body string, ws ...with) *answer {
	s.t.Helper()
	all := append([]with{key("scim-token-for-tests"), header("Content-Type", "application/scim+json")}, ws...)
	return s.do(method, "/scim/v2"+path, body, all...)
}

func (s *server) scimWant(status int, a *answer) *answer {
	s.t.Helper()
	if a.status != status {
		s.t.Fatalf("status %d, want %d: %s", a.status, status, a.text)
	}
	if a.status >= 400 && (a.get("status") != fmt.Sprint(status) || a.get("detail") == "") {
		s.t.Errorf("the error is incomplete: %s", a.text)
	}
	if media := a.header.Get("Content-Type"); a.text != "" && media != "application/scim+json" {
		s.t.Errorf("media type %q", media)
	}
	return a
}

func (a *answer) total() int { n, _ := a.fields["totalResults"].(float64); return int(n) }

func TestSCIM(t *testing.T) {
	s := newServer(t, nil)
	for _, path := range []string{"/ServiceProviderConfig", "/ResourceTypes", "/ResourceTypes/User", "/Schemas", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:Group"} {
		s.scimWant(200, s.scim("GET", path, ""))
	}
	ana := s.scimWant(201, s.scim("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ana","externalId":"E1",
		"name":{"givenName":"Ana","familyName":"Berg"},"emails":[{"value":"ana@home.example"},{"value":"ana@example.org","primary":true}],"active":true,
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"nlp"},"title":"Dr","roles":[{"value":"admin"}]}`))
	id := ana.get("id")
	if ana.header.Get("Location") != "/scim/v2/Users/"+id || ana.header.Get("ETag") == "" || ana.get("displayName") != "Ana Berg" {
		t.Error(ana.header, ana.text)
	}
	u, err := s.dir.User(t.Context(), "ana")
	must(t, err)
	if len(u.Roles) != 0 || u.Email != "ana@example.org" || u.Department != "nlp" {
		t.Errorf("%+v", u)
	}
	s.scimWant(409, s.scim("POST", "/Users", `{"userName":"ANA"}`))
	for i := range 5 {
		s.scimWant(201, s.scim("POST", "/Users", fmt.Sprintf(`{"userName":"user-%c"}`, 'p'+i)))
	}
	s.user("not-of-scim")
	for query, want := range map[string]int{
		"": 6, "?filter=userName+eq+%22ana%22": 1, "?filter=userName+sw+%22user%22+and+active+eq+true": 5, "?filter=userName+co+%22not-of-scim%22": 0,
		"?filter=emails%5Btype+eq+%22work%22%5D": 1, "?count=2&startIndex=5": 6,
	} {
		if a := s.scimWant(200, s.scim("GET", "/Users"+query, "")); a.total() != want {
			t.Errorf("%s: %d, want %d", query, a.total(), want)
		}
	}
	if a := s.scim("GET", "/Users?count=2&startIndex=5", ""); len(a.fields["Resources"].([]any)) != 2 {
		t.Error(a.text)
	}
	if a := s.scim("GET", "/Users?count=0", ""); len(a.fields["Resources"].([]any)) != 0 || a.total() != 6 {
		t.Error(a.text)
	}
	s.scimWant(400, s.scim("GET", "/Users?filter=userName+is+%22x%22", ""))
	if a := s.scim("GET", "/Users/"+id+"?attributes=userName", ""); strings.Contains(a.text, "emails") {
		t.Error(a.text)
	}
	// Entity tags.
	tag := s.scim("GET", "/Users/"+id, "").header.Get("ETag")
	s.scimWant(304, s.scim("GET", "/Users/"+id, "", header("If-None-Match", tag)))
	s.scimWant(200, s.scim("PATCH", "/Users/"+id, `{`+patchSchema+`,"Operations":[{"op":"replace","path":"name.familyName","value":"Bergmann"},{"op":"replace","path":"name.givenName","value":"Ana"},{"op":"remove","path":"name.formatted"}]}`, header("If-Match", tag)))
	s.scimWant(412, s.scim("PATCH", "/Users/"+id, `{`+patchSchema+`,"Operations":[{"op":"replace","path":"displayName","value":"X"}]}`, header("If-Match", tag)))
	// Groups, nested ones too.
	group := s.scimWant(201, s.scim("POST", "/Groups", fmt.Sprintf(`{"displayName":"ML team","members":[{"value":%q}]}`, id))).get("id")
	outer := s.scimWant(201, s.scim("POST", "/Groups", fmt.Sprintf(`{"displayName":"Everyone","members":[{"value":%q}]}`, group))).get("id")
	if u, err := s.dir.User(t.Context(), id); err != nil || strings.Join(u.Groups, ",") != "Everyone,ML team" {
		t.Errorf("%v %v", u.Groups, err)
	}
	s.scimWant(400, s.scim("PATCH", "/Groups/"+group, fmt.Sprintf(`{%s,"Operations":[{"op":"add","path":"members","value":[{"value":%q}]}]}`, patchSchema, outer)))
	s.scimWant(200, s.scim("PATCH", "/Groups/"+group, fmt.Sprintf(`{%s,"Operations":[{"op":"remove","path":"members[value eq \"%s\"]"}]}`, patchSchema, id)))
	if u, err := s.dir.User(t.Context(), id); err != nil || len(u.Groups) != 0 {
		t.Errorf("%v %v", u.Groups, err)
	}
	s.scimWant(200, s.scim("PUT", "/Groups/"+group, fmt.Sprintf(`{"displayName":"ML","members":[{"value":%q}]}`, id)))
	if a := s.scimWant(200, s.scim("GET", "/Groups?filter=displayName+eq+%22ml%22&excludedAttributes=members", "")); a.total() != 1 || strings.Contains(a.text, "members") {
		t.Error(a.text)
	}
	s.scimWant(204, s.scim("DELETE", "/Groups/"+outer, ""))
	s.scimWant(404, s.scim("GET", "/Groups/"+outer, ""))
	s.scimWant(204, s.scim("DELETE", "/Users/"+id, ""))
	s.scimWant(404, s.scim("GET", "/Users/"+id, ""))
	if a := s.scim("GET", "/Groups/"+group, ""); strings.Contains(a.text, id) {
		t.Error("a deleted user is still a member")
	}
}

// TestDeprovisionedStopsAtOnce: active=false ends keys and sessions with the next request, in each of the ways that clients
// write it.
func TestDeprovisionedStopsAtOnce(t *testing.T) {
	for name, patch := range map[string]string{
		"by path":          `[{"op":"replace","path":"active","value":false}]`,
		"without a path":   `[{"op":"Replace","value":{"active":false}}]`,
		"as a text":        `[{"op":"replace","path":"active","value":"False"}]`,
		"by an older form": `[{"op":"add","path":"urn:ietf:params:scim:schemas:core:2.0:User:active","value":false}]`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, nil)
			id := s.scimWant(201, s.scim("POST", "/Users", `{"userName":"ana"}`)).get("id")
			k, token := s.keyOf(id), s.signIn(id)
			s.want(200, "", s.do("GET", "/admin/v1/whoami", "", key(k)))
			s.want(200, "", s.do("GET", "/admin/v1/whoami", "", session(token)))
			s.scimWant(200, s.scim("PATCH", "/Users/"+id, `{`+patchSchema+`,"Operations":`+patch+`}`))
			s.want(401, "identity/revoked", s.do("GET", "/admin/v1/whoami", "", key(k)))
			s.want(401, "identity/session-ended", s.do("GET", "/admin/v1/whoami", "", session(token)))
			// Switched on again, the old key stays revoked.
			s.scimWant(200, s.scim("PATCH", "/Users/"+id, `{`+patchSchema+`,"Operations":[{"op":"replace","path":"active","value":true}]}`))
			s.want(401, "identity/revoked", s.do("GET", "/admin/v1/whoami", "", key(k)))
		})
	}
}

func TestSCIMRefuses(t *testing.T) {
	s := newServer(t, nil)
	local := s.user("local", "admin")
	for name, w := range map[string]with{
		"no token": keyOfNobody, "another token": key("scim-token-for-test"), "an administrator's key": key(s.admin), "basic": header("Authorization", "Basic c2NpbTp4"),
		"two tokens": func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer scim-token-for-tests", "Bearer x"} },
	} {
		if a := s.do("GET", "/scim/v2/Users", "", w); a.status != 401 {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
	}
	// The SCIM token opens nothing else, and reaches nobody that it did not make.
	s.want(401, "identity/malformed", s.do("GET", "/admin/v1/users", "", key("scim-token-for-tests")))
	for _, method := range []string{"GET", "DELETE"} {
		s.scimWant(404, s.scim(method, "/Users/"+local, ""))
	}
	s.scimWant(404, s.scim("PATCH", "/Users/"+local, `{`+patchSchema+`,"Operations":[{"op":"replace","path":"active","value":false}]}`))
	s.scimWant(404, s.scim("GET", "/Users/local", ""))
	s.scimWant(400, s.scim("POST", "/Groups", fmt.Sprintf(`{"displayName":"g","members":[{"value":%q}]}`, local)))
	admins := s.want(201, "", s.do("POST", "/admin/v1/groups", `{"name":"admins","roles":["admin"]}`)).get("id")
	s.scimWant(404, s.scim("PUT", "/Groups/"+admins, `{"displayName":"admins"}`))
	for _, body := range []string{`{}`, `{"userName":7}`, `{"userName":"x","active":"maybe"}`, `{"userName":"x","userName":"y"}`, `[]`, `{"userName":"a b"}`} {
		s.scimWant(400, s.scim("POST", "/Users", body))
	}
	s.scimWant(404, s.scim("GET", "/Bulk", ""))
	off := newServerWithoutSCIM(t)
	if a := off.do("GET", "/scim/v2/Users", "", header("Authorization", "Bearer ")); a.status != 401 {
		t.Error(a.status)
	}
}
