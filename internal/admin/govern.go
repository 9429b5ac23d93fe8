package admin

import (
	"net/http"
	"strings"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/identity"
)

// cookie holds the token of a session. The prefix makes browsers take it from this host over TLS only, for all paths and no
// other host (RFC 6265bis section 4.1.3.2).
const cookie = "__Host-reeve"

// route is one operation of the API.
type route struct {
	method, path string
	action       access.Action // "": whoever is recognised
	open         bool          // nobody needs to be recognised
	do           func(*Admin, *call) (status int, body any, err error)
}

// governed recognises the caller, asks the access policies, and only then does what the route does.
func (a *Admin) governed(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{w: w, r: r}
		if !rt.open {
			session, refusal := a.recognise(r)
			if refusal != nil {
				problem(w, refusal)
				return
			}
			c.session, c.by = session, identity.By{Actor: session.Principal.ID, Source: identity.SourceAPI}
			c.may = func(action, holder string) *reeve.Refusal {
				return a.decide(r, session, access.Action(action), holder)
			}
			if rt.action != "" {
				if refusal := a.decide(r, session, rt.action, a.heldBy(r)); refusal != nil {
					problem(w, refusal)
					return
				}
			}
		}
		status, body, err := rt.do(a, c)
		switch {
		case err != nil:
			if refused, ok := err.(*refusedError); ok { //nolint:errorlint // made in this room and never wrapped
				problem(w, refused.refusal)
				return
			}
			problem(w, a.refusalOf(err))
		case body == nil:
			w.WriteHeader(status)
		default:
			answer(w, status, "application/json", body)
		}
	})
}

// refusedError carries a refusal through an error.
type refusedError struct{ refusal *reeve.Refusal }

func (e *refusedError) Error() string { return e.refusal.Message }

func refused(r *reeve.Refusal) (int, any, error) { return 0, nil, &refusedError{r} }

// recognise says who asks: by session cookie or by key, token or certificate, never by both.
func (a *Admin) recognise(r *http.Request) (*identity.Session, *reeve.Refusal) {
	token, refusal := sessionToken(r)
	if refusal != nil {
		return nil, refusal
	}
	if token == "" {
		session, refusal := a.o.Directory.AuthenticateRequest(r)
		if refusal == nil {
			refusal = session.TakeRequest(a.o.Clock())
		}
		if refusal != nil {
			return nil, refusal
		}
		return session, nil
	}
	if len(r.Header["Authorization"])+len(r.Header["X-Api-Key"]) > 0 {
		return nil, bad("two-identities", "the request carries a session and a key", "send one of them")
	}
	// A browser says where a request comes from. One that changes something and does not is not from a page of ours.
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
		return nil, &reeve.Refusal{
			Status: http.StatusForbidden, Code: "cross_origin", Rule: "admin/cross-origin",
			Message: "the request does not say from which site it comes", Remedy: "programs use an API key, not a session",
		}
	}
	session, _, refusal := a.o.Directory.Resume(r.Context(), token)
	return session, refusal
}

// sessionToken is the token of the session cookie; "" where there is none. Two of them are refused.
func sessionToken(r *http.Request) (string, *reeve.Refusal) {
	var found []string
	for _, c := range r.Cookies() {
		if c.Name == cookie {
			found = append(found, c.Value)
		}
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	}
	return "", bad("two-cookies", "the request carries two session cookies", "delete the cookies of this site and sign in again")
}

// nobodyYet holds what a request is about to make: it is none of those who can ask.
const nobodyYet = "new"

// heldBy is whose rights a request is about, by its path: those of an account, of a group, or of what it makes. Whether the
// caller is in that group, or becomes a member, the route itself asks.
func (a *Admin) heldBy(r *http.Request) string {
	id := r.PathValue("id")
	if id == "" {
		return nobodyYet
	}
	if strings.HasPrefix(r.URL.Path, "/admin/v1/users/") {
		if u, err := a.o.Directory.User(r.Context(), id); err == nil {
			return u.Principal()
		}
	}
	return "other:" + id
}

// decide asks the access policies. What is asked about is the kind of thing that the action names.
func (a *Admin) decide(r *http.Request, s *identity.Session, action access.Action, holder string) *reeve.Refusal {
	kind, _, _ := strings.Cut(string(action), ":")
	name := r.PathValue("id")
	if name == "" {
		name = "*"
	}
	resource := access.Resource{Kind: kind, Name: name}
	if kind == access.KindUser || kind == access.KindKey {
		resource.Owner = holder
	}
	if kind == access.KindAdmin {
		resource = access.Admin()
	}
	return access.Decide(a.o.Access, access.Request{
		Principal: s.Principal, Action: action, Resource: resource,
		Context: access.Context{Now: a.o.Clock(), IP: a.address(r), MFA: s.MFA},
	}).Refusal()
}
