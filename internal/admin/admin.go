// Package admin is what people and programs see on the admin listener: the admin API under /admin/v1 for users, groups,
// keys and sessions, SCIM 2.0 under /scim/v2, and the pages under /auth on which people sign in.
//
// Every request takes one way: the path is what it looks like or it is refused; browsers of other sites are refused; who
// asks is recognised; the access policies decide; and only then is a body read. A refusal is problem details (RFC 9457) with
// rule, reason and remedy. The OpenAPI document that is served is the one that the tests hold every answer against.
package admin

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/oidc"
	"github.com/reeve-ai/reeve/internal/people"
	"github.com/reeve-ai/reeve/internal/store"
)

// Store keeps what belongs to a sign-in under way, and passkeys. *store.DB is one.
type Store interface {
	PutFlow(ctx context.Context, token [sha256.Size]byte, kind string, body []byte, now, expires time.Time) error
	Flow(ctx context.Context, token [sha256.Size]byte, kind string, now time.Time) ([]byte, error)
	TakeFlow(ctx context.Context, token [sha256.Size]byte, kind string, now time.Time) ([]byte, error)
	Passkeys(ctx context.Context, userID string) ([]store.Passkey, error)
	AddPasskey(ctx context.Context, p store.Passkey, act store.Act) error
	UpdatePasskey(ctx context.Context, p store.Passkey) error
	RemovePasskeys(ctx context.Context, userID string, act store.Act) error
}

// Options of New. Directory, Store and Access are needed.
type Options struct {
	Directory *identity.Directory
	Store     Store
	Access    access.Decider
	Providers *oidc.Providers // nil: nobody signs in through a provider
	PublicURL string          // under which browsers reach this listener; "": nobody signs in with a passkey or a provider
	SCIMToken string          // of the SCIM client; "": no SCIM
	Proxies   []netip.Prefix  // whose X-Forwarded-For is believed
	Clock     reeve.Clock     // nil: time.Now
	Log       *slog.Logger    // nil: silent
	Reviews   *people.Service // nil: no review queue
	Admission Admission       // nil: no model needs a verdict
	Incidents Incidents       // nil: none are kept
	Alerts    Alerts          // nil: nothing watches
	Next      http.Handler    // everything else on the listener: health and metrics
}

// Admin is an http.Handler. It is safe for concurrent use.
type Admin struct {
	o        Options
	origin   *url.URL // of PublicURL; nil: none
	home     string   // where people go after they signed in; "": to a page that says who they are
	mux      *http.ServeMux
	cross    *http.CrossOriginProtection
	scim     [sha256.Size]byte
	passkeys *passkeys // nil without PublicURL
}

// New checks the options.
func New(o Options) (*Admin, error) {
	if o.Directory == nil || o.Store == nil || o.Access == nil {
		return nil, errors.New("admin: directory, store and access are required")
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Next == nil {
		o.Next = http.NotFoundHandler()
	}
	a := &Admin{o: o, mux: http.NewServeMux(), cross: http.NewCrossOriginProtection(), scim: sha256.Sum256([]byte(o.SCIMToken))}
	if o.PublicURL != "" {
		u, err := url.Parse(o.PublicURL)
		if err != nil || u.Host == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.User != nil || u.Scheme != "https" && !localhost(u.Hostname()) {
			return nil, fmt.Errorf("the public address of the admin listener must read https://HOST[:PORT], not %q", o.PublicURL)
		}
		a.origin = &url.URL{Scheme: u.Scheme, Host: u.Host}
		if err := a.cross.AddTrustedOrigin(a.origin.String()); err != nil {
			return nil, fmt.Errorf("public address: %w", err)
		}
		if a.passkeys, err = newPasskeys(a.origin); err != nil {
			return nil, err
		}
	}
	a.routes()
	return a, nil
}

func localhost(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

// routes are all there is. What is not here goes to Next.
func (a *Admin) routes() {
	for _, r := range a.api() {
		a.mux.Handle(r.method+" "+r.path, a.governed(r))
	}
	a.mux.HandleFunc("/admin/", func(w http.ResponseWriter, r *http.Request) { a.noSuch(w, r, a.api()) })
	a.scimRoutes()
	a.signInRoutes()
	a.mux.Handle("/", a.o.Next)
}

// ServeHTTP implements http.Handler.
func (a *Admin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header(), r.TLS)
	if refusal := plainRequest(r); refusal != nil {
		problem(w, refusal)
		return
	}
	if err := a.cross.Check(r); err != nil {
		problem(w, &reeve.Refusal{
			Status: http.StatusForbidden, Code: "cross_origin", Rule: "admin/cross-origin",
			Message: "a page of another site sent this request", Remedy: "use the pages of this server",
		})
		return
	}
	a.mux.ServeHTTP(w, r)
}

// setHeaders are those that every answer has: nothing is framed, sniffed, cached or referred to, and no script runs that is
// not a file of this server.
func setHeaders(h http.Header, secure *tls.ConnectionState) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if secure != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
}
