package admin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/oidc"
)

//go:embed static
var static embed.FS

var pages = template.Must(template.ParseFS(static, "static/*.html"))

// flowCookie ties a sign-in under way to the browser that began it, so that nobody can finish theirs in another's browser
// (RFC 9700 section 4.7). flowLife is how long a person may take at the provider.
const (
	flowCookie = "__Host-reeve-flow"
	flowLife   = 10 * time.Minute
	loginKind  = "login"
)

func (a *Admin) signInRoutes() {
	a.mux.HandleFunc("GET /auth/login", a.loginPage)
	a.mux.HandleFunc("GET /auth/invite", a.page("invite.html"))
	a.mux.HandleFunc("GET /auth/me", a.mePage)
	a.mux.HandleFunc("GET /auth/once", a.oncePage)
	a.mux.HandleFunc("POST /auth/once", a.once)
	a.mux.HandleFunc("GET /auth/start", a.startLogin)
	a.mux.HandleFunc("GET /auth/callback", a.callback)
	a.mux.HandleFunc("POST /auth/logout", a.logout)
	a.mux.HandleFunc("POST /auth/passkey/register/begin", a.beginRegistration)
	a.mux.HandleFunc("POST /auth/passkey/register/finish", a.finishRegistration)
	a.mux.HandleFunc("POST /auth/passkey/login/begin", a.beginPasskey)
	a.mux.HandleFunc("POST /auth/passkey/login/finish", a.finishPasskey)
	a.mux.HandleFunc("GET /auth/static/{file}", func(w http.ResponseWriter, r *http.Request) {
		switch r.PathValue("file") {
		case "auth.js":
			w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		case "auth.css":
			w.Header().Set("Content-Type", "text/css; charset=utf-8")
		default:
			a.noSuch(w, r, nil)
			return
		}
		text, err := static.ReadFile("static/" + r.PathValue("file"))
		if err == nil {
			_, _ = w.Write(text)
		}
	})
	a.mux.HandleFunc("/auth/", func(w http.ResponseWriter, r *http.Request) {
		a.noSuch(w, r, []route{{method: "POST", path: "/auth/logout"}, {method: "GET", path: "/auth/callback"}, {method: "GET", path: "/auth/login"}})
	})
}

func (a *Admin) show(w http.ResponseWriter, status int, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := pages.ExecuteTemplate(w, name, data); err != nil {
		a.o.Log.Warn("a page could not be written", "page", name, "error", err)
	}
}

func (a *Admin) page(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { a.show(w, http.StatusOK, name, nil) }
}

func (a *Admin) loginPage(w http.ResponseWriter, r *http.Request) {
	a.remember(w, r)
	var provider string
	if p := a.provider(""); p != nil {
		provider = p.Issuer()
	}
	a.show(w, http.StatusOK, "login.html", map[string]any{"Provider": provider, "Passkeys": a.passkeys != nil})
}

func (a *Admin) mePage(w http.ResponseWriter, r *http.Request) {
	token, refusal := sessionToken(r)
	if refusal == nil {
		var session *identity.Session
		if session, _, refusal = a.o.Directory.Resume(r.Context(), token); refusal == nil {
			a.show(w, http.StatusOK, "me.html", map[string]any{"Name": session.Principal.Name, "Roles": session.Principal.RoleNames(), "Clearance": session.Principal.Clearance.String()})
			return
		}
	}
	http.Redirect(w, r, "/auth/login", http.StatusSeeOther)
}

// sorry is a refusal as a page.
func (a *Admin) sorry(w http.ResponseWriter, r *reeve.Refusal) { a.show(w, r.Status, "sorry.html", r) }

func (a *Admin) provider(issuer string) *oidc.Provider {
	if a.o.Providers == nil {
		return nil
	}
	return a.o.Providers.Login(issuer)
}

// startLogin sends the browser to the provider. It changes nothing but what belongs to this one attempt.
func (a *Admin) startLogin(w http.ResponseWriter, r *http.Request) {
	p := a.provider("")
	if p == nil {
		a.sorry(w, &reeve.Refusal{Status: http.StatusNotFound, Code: "not_found", Rule: "admin/no-provider", Message: "no provider is configured", Remedy: "sign in with a passkey"})
		return
	}
	address, state, flow, refusal := p.Begin(r.Context())
	if refusal != nil {
		a.sorry(w, refusal)
		return
	}
	browser := randomToken()
	body, err := json.Marshal(flow)
	if err == nil {
		now := a.o.Clock()
		err = a.o.Store.PutFlow(r.Context(), flowKey(state, browser), loginKind, body, now, now.Add(flowLife))
	}
	if err != nil {
		a.sorry(w, a.refusalOf(err))
		return
	}
	setCookie(w, flowCookie, browser, flowLife)
	http.Redirect(w, r, address, http.StatusSeeOther)
}

// flowKey is under what a sign-in is kept: who knows the state alone cannot finish it.
func flowKey(state, browser string) [sha256.Size]byte {
	return sha256.Sum256([]byte(state + " " + browser))
}

// callback is where the provider sends the browser back to. The state is good once.
func (a *Admin) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var browser string
	if c, err := r.Cookie(flowCookie); err == nil {
		browser = c.Value
	}
	setCookie(w, flowCookie, "", -1)
	flow, refusal := a.takeLogin(r.Context(), q["state"], browser)
	if refusal != nil {
		a.sorry(w, refusal)
		return
	}
	p := a.provider(flow.Issuer)
	switch {
	case p == nil:
		refusal = bad("provider", "the provider is not configured any more", "sign in again")
	case q.Get("error") != "" || len(q["code"]) != 1:
		refusal = &reeve.Refusal{Status: http.StatusUnauthorized, Code: "unauthenticated", Rule: "identity/token-code", Message: "the provider did not sign you in", Remedy: "sign in again"}
	case q.Get("iss") != "" && q.Get("iss") != p.Issuer(): // RFC 9207: a mix-up of providers
		refusal = bad("issuer", "another provider answered", "sign in again")
	}
	if refusal == nil {
		var person *oidc.Person
		if person, refusal = p.Finish(r.Context(), q.Get("code"), flow); refusal == nil {
			old, _ := sessionToken(r)
			var token string
			if token, refusal = a.o.Directory.SignIn(r.Context(), person, old); refusal == nil {
				setCookie(w, cookie, token, 0)
				http.Redirect(w, r, a.after(w, r), http.StatusSeeOther)
				return
			}
		}
	}
	a.sorry(w, refusal)
}

func (a *Admin) takeLogin(ctx context.Context, states []string, browser string) (flow oidc.Flow, refusal *reeve.Refusal) {
	unknown := bad("state", "the sign-in was not begun in this browser, is finished already, or took too long", "sign in again")
	if len(states) != 1 || browser == "" {
		return flow, unknown
	}
	body, err := a.o.Store.TakeFlow(ctx, flowKey(states[0], browser), loginKind, a.o.Clock())
	if identity.IsNotFound(err) {
		return flow, unknown
	}
	if err == nil {
		err = json.Unmarshal(body, &flow)
	}
	if err != nil {
		return flow, a.refusalOf(err)
	}
	return flow, nil
}

func (a *Admin) logout(w http.ResponseWriter, r *http.Request) {
	token, refusal := sessionToken(r)
	if refusal != nil {
		a.sorry(w, refusal)
		return
	}
	if err := a.o.Directory.SignOut(r.Context(), token); err != nil {
		a.sorry(w, a.refusalOf(err))
		return
	}
	setCookie(w, cookie, "", -1)
	http.Redirect(w, r, "/auth/login", http.StatusSeeOther)
}

// setCookie sets a cookie of this host alone. No life means until the browser is closed; a negative one removes it.
func setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(life / time.Second)}
	if life < 0 {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func randomToken() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
