package admin

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/identity"
)

// Mount adds pages of another room to the listener, before the first request. They get the same headers, and requests
// from pages of other sites do not reach them. home is where people go after they signed in; only paths below it are
// gone back to.
func (a *Admin) Mount(home string, pages http.Handler) {
	a.home = home
	a.mux.Handle(home, pages)
	a.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, home, http.StatusSeeOther) })
}

// Session says whose session a request carries. A key, a token or a certificate is none: pages are for people. Exactly one
// of its results is nil.
func (a *Admin) Session(r *http.Request) (*identity.Session, *reeve.Refusal) {
	token, refusal := sessionToken(r)
	if refusal == nil && token == "" {
		refusal = &reeve.Refusal{Status: http.StatusUnauthorized, Code: "unauthenticated", Rule: "identity/no-session", Message: "nobody is signed in", Remedy: "sign in"}
	}
	if refusal != nil {
		return nil, refusal
	}
	return a.recognise(r)
}

// Decide asks the access policies what the person of a session may do.
func (a *Admin) Decide(r *http.Request, s *identity.Session, action access.Action, resource access.Resource) access.Decision {
	return access.Decide(a.o.Access, access.Request{
		Principal: s.Principal, Action: action, Resource: resource,
		Context: access.Context{Now: a.o.Clock(), IP: a.address(r), MFA: s.MFA},
	})
}

// Secret is a value that belongs to the session of a request, for tokens in forms; "" without a session.
func (a *Admin) Secret(r *http.Request) string {
	token, refusal := sessionToken(r)
	if refusal != nil {
		return ""
	}
	return token
}

// nextCookie remembers where somebody wanted to go before they had to sign in.
const nextCookie = "__Host-reeve-next"

// remember notes the page that ?next= names, where it is one of ours.
func (a *Admin) remember(w http.ResponseWriter, r *http.Request) {
	if next := a.ours(r.URL.Query().Get("next")); next != "" {
		setCookie(w, nextCookie, url.QueryEscape(next), flowLife)
	}
}

// after is where somebody goes who has signed in.
func (a *Admin) after(w http.ResponseWriter, r *http.Request) string {
	c, err := r.Cookie(nextCookie)
	if err == nil {
		setCookie(w, nextCookie, "", -1*time.Second)
		if next, err := url.QueryUnescape(c.Value); err == nil && a.ours(next) != "" {
			return next
		}
	}
	if a.home != "" {
		return a.home
	}
	return "/auth/me"
}

// ours returns an address where it is a path below home and nothing else, so that nobody is sent to another site; else "".
func (a *Admin) ours(next string) string {
	if a.home == "" || len(next) > 2000 || !strings.HasPrefix(next, a.home) || strings.Contains(next, "//") || strings.Contains(next, "..") {
		return ""
	}
	if strings.ContainsFunc(next, func(r rune) bool { return r <= ' ' || r == '\\' || r >= 0x7f }) {
		return ""
	}
	if u, err := url.Parse(next); err != nil || u.IsAbs() || u.Host != "" || u.User != nil {
		return ""
	}
	return next
}
