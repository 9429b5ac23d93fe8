package admin_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/identity"
)

func crossSite(r *http.Request)   { r.Header.Set("Sec-Fetch-Site", "cross-site") }
func otherOrigin(r *http.Request) { r.Header.Set("Origin", "https://evil.example.org") }
func sameSite(r *http.Request)    { r.Header.Set("Sec-Fetch-Site", "same-site") }

func TestCrossSiteRequests(t *testing.T) {
	s := newServer(t, nil)
	root := s.user("root-person", "admin")
	token := s.signIn(root)
	s.want(200, "", s.do("GET", "/admin/v1/users", "", session(token)))
	s.want(201, "", s.do("POST", "/admin/v1/users", `{"name":"one"}`, session(token), sameOrigin))
	for name, from := range map[string]with{"cross-site": crossSite, "same-site": sameSite, "another origin": otherOrigin} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			s.want(403, "admin/cross-origin", s.do("POST", "/admin/v1/users", `{"name":"two"}`, session(token), from))
			s.want(403, "admin/cross-origin", s.do("DELETE", "/admin/v1/users/"+root, "", session(token), from))
			s.want(403, "admin/cross-origin", s.do("POST", "/auth/logout", "", session(token), from))
		})
	}
	s.t = t
	// A session that does not say from where a change comes is refused too.
	s.want(403, "admin/cross-origin", s.do("POST", "/admin/v1/users", `{"name":"two"}`, session(token)))
	s.want(400, "admin/two-identities", s.do("GET", "/admin/v1/users", "", session(token), key(s.admin)))
	s.want(400, "admin/two-cookies", s.do("GET", "/admin/v1/users", "", session(token), session("rs_x")))
	// No GET changes anything: every reading operation leaves the store as it is.
	before := s.db.Stamp()
	for _, path := range []string{"/auth/login", "/auth/invite", "/auth/me", "/auth/logout", "/admin/v1/users", "/admin/v1/users/" + root + "/revoke", "/auth/callback?state=x&code=y"} {
		s.do("GET", path, "", session(token))
	}
	if s.db.Stamp() != before {
		t.Error("a GET changed something")
	}
}

func TestSessionLimits(t *testing.T) {
	s := newServer(t, nil)
	ana := s.user("ana", "admin")
	token := s.signIn(ana)
	for range 40 { // used every 29 minutes, it lives until its longest life
		a := s.do("GET", "/admin/v1/whoami", "", session(token))
		if a.status != 200 {
			s.want(401, "identity/session-expired", a)
			break
		}
		s.clock.advance(29 * time.Minute)
	}
	s.want(401, "identity/session-expired", s.do("GET", "/admin/v1/whoami", "", session(token)))
	token = s.signIn(ana)
	s.clock.advance(31 * time.Minute)
	s.want(401, "identity/session-idle", s.do("GET", "/admin/v1/whoami", "", session(token)))
	s.want(401, "identity/session-ended", s.do("GET", "/admin/v1/whoami", "", session(token)))
	token = s.signIn(ana)
	s.want(204, "", s.do("POST", "/admin/v1/users/"+ana+"/revoke", ""))
	s.want(401, "identity/session-ended", s.do("GET", "/admin/v1/whoami", "", session(token)))
	for _, bad := range []string{"", "rs_", "rs_" + strings.Repeat("A", 43), token + "A", "rv_" + strings.Repeat("a", 43)} {
		if a := s.do("GET", "/admin/v1/whoami", "", session(bad)); a.status != 401 {
			t.Errorf("%q: %s", bad, a.text)
		}
	}
}

// TestSessionFixation shows that a token from before the sign-in opens nothing after it, and that a token which somebody
// plants is never taken over.
func TestSessionFixation(t *testing.T) {
	s := newServer(t, nil)
	ana := s.user("ana", "admin")
	old := s.signIn(ana)
	fresh, refusal := s.dir.OpenSession(t.Context(), ana, "passkey", true, nil, old)
	if refusal != nil || fresh == old {
		t.Fatal(refusal)
	}
	s.want(401, "identity/session-ended", s.do("GET", "/admin/v1/whoami", "", session(old)))
	s.want(200, "", s.do("GET", "/admin/v1/whoami", "", session(fresh)))
	planted := "rs_" + strings.Repeat("P", 43)
	third, refusal := s.dir.OpenSession(t.Context(), ana, "passkey", true, nil, planted)
	if refusal != nil || third == planted {
		t.Error("a planted token was taken over")
	}
}

func TestCookie(t *testing.T) {
	s := newServer(t, nil)
	a := s.do("POST", "/auth/logout", "", session(s.signIn(s.user("ana"))), sameOrigin)
	if a.status != 303 {
		t.Fatal(a.status, a.text)
	}
	c := a.header.Get("Set-Cookie")
	for _, want := range []string{"__Host-reeve=", "Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=0"} {
		if !strings.Contains(c, want) {
			t.Errorf("cookie %q lacks %s", c, want)
		}
	}
	if strings.Contains(c, "Domain") {
		t.Errorf("cookie %q has a domain", c)
	}
}

func TestPages(t *testing.T) {
	s := newServer(t, nil)
	for _, path := range []string{"/auth/login", "/auth/invite", "/auth/callback"} {
		a := s.do("GET", path, "", keyOfNobody)
		if !strings.Contains(a.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || strings.Contains(a.header.Get("Content-Security-Policy"), "unsafe") {
			t.Errorf("%s: policy %q", path, a.header.Get("Content-Security-Policy"))
		}
		for _, inline := range []string{"<script>", "<style", "style=", "onclick=", "javascript:"} {
			if strings.Contains(a.text, inline) {
				t.Errorf("%s has something inline: %s", path, inline)
			}
		}
	}
	if a := s.do("GET", "/auth/static/auth.js", "", keyOfNobody); a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), "text/javascript") {
		t.Error(a.status, a.header)
	}
	for _, path := range []string{"/auth/static/login.html", "/auth/static/x", "/auth/x"} {
		if a := s.do("GET", path, "", keyOfNobody); a.status != 404 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if a := s.do("GET", "/auth/me", "", keyOfNobody); a.status != 303 || a.header.Get("Location") != "/auth/login" {
		t.Error(a.status, a.header)
	}
}

func TestPasskeyCeremoniesRefuse(t *testing.T) {
	s := newServer(t, nil)
	ana := s.user("ana")
	s.want(403, "identity/invite", s.do("POST", "/auth/passkey/register/begin", `{"token":"ri_x"}`, sameOrigin))
	token, _, err := s.dir.Invite(t.Context(), identity.Operator, ana)
	must(t, err)
	begun := s.want(200, "", s.do("POST", "/auth/passkey/register/begin", fmt.Sprintf(`{"token":%q}`, token), sameOrigin))
	body := fmt.Sprintf(`{"flow":%q,"credential":{"id":"AA","rawId":"AA","type":"public-key","response":{}}}`, begun.get("flow"))
	s.want(401, "identity/passkey", s.do("POST", "/auth/passkey/register/finish", body, sameOrigin))
	if _, err := s.db.Flow(t.Context(), sha256.Sum256([]byte(token)), identity.InviteKind, s.clock.now()); err != nil {
		t.Errorf("a ceremony that failed used the invitation up: %v", err)
	}
	s.want(401, "identity/passkey", s.do("POST", "/auth/passkey/register/finish", body, sameOrigin)) // the flow is good once
	login := s.want(200, "", s.do("POST", "/auth/passkey/login/begin", `{}`, sameOrigin))
	s.want(401, "identity/passkey", s.do("POST", "/auth/passkey/login/finish", fmt.Sprintf(`{"flow":%q,"credential":{}}`, login.get("flow")), sameOrigin))
	s.clock.advance(25 * time.Hour)
	s.want(403, "identity/invite", s.do("POST", "/auth/passkey/register/begin", fmt.Sprintf(`{"token":%q}`, token), sameOrigin))
	bot := s.want(201, "", s.do("POST", "/admin/v1/users", `{"name":"bot","kind":"service"}`)).get("id")
	s.want(422, "identity/invalid", s.do("POST", "/admin/v1/users/"+bot+"/invite", ""))
}
