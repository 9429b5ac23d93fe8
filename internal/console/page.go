package console

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/lifecycle"
	"github.com/reeve-ai/reeve/internal/store"
)

// page is one question that the console answers. Its template is templates/NAME.html, its title the message NAME.title.
type page struct {
	name   string
	path   string        // below Home, as http.ServeMux wants it
	nav    string        // the entry of the navigation that it belongs to
	key    string        // that leads there after g; "": it has no entry of its own
	action access.Action // that is asked for before anything is read
	load   func(*view) (any, error)
}

// act is something that a form does. It ends in a redirect, so that neither a reload nor the back button does it again.
type act struct {
	path   string
	action access.Action
	do     func(*view) (next string, err error) // err may be a refusal made with sorry
}

// view is one request: who asks, in which language, and what the page needs besides its own data.
type view struct {
	c       *Console
	w       http.ResponseWriter
	r       *http.Request
	page    *page
	session *identity.Session
	q       url.Values
	lang    string
	look    string
	now     time.Time
	denied  map[string]access.Decision
}

func (c *Console) view(w http.ResponseWriter, r *http.Request, p *page) *view {
	return &view{c: c, w: w, r: r, page: p, q: r.URL.Query(), lang: languageOf(r), look: look(r), now: c.o.Clock().UTC(), denied: map[string]access.Decision{}}
}

func (v *view) ctx() context.Context { return v.r.Context() }

// by is who makes a change.
func (v *view) by() identity.By {
	return identity.By{Actor: v.session.Principal.ID, Source: identity.SourceAPI}
}

// resourceOf is all there is of the kind that an action names.
func resourceOf(action access.Action) access.Resource {
	kind, _, _ := strings.Cut(string(action), ":")
	if kind == access.KindAdmin {
		return access.Admin()
	}
	r := access.Resource{Kind: kind, Name: "*"}
	if kind == access.KindUser || kind == access.KindKey {
		r.Owner = "new" // none of those who can ask
	}
	return r
}

// decide asks whether the person may do something to a resource.
func (v *view) decide(action access.Action, resource access.Resource) *reeve.Refusal {
	return v.c.o.Door.Decide(v.r, v.session, action, resource).Refusal()
}

// Deny is why the person may not do something at all; nil where they may. Templates ask it for their buttons.
func (v *view) Deny(action string) *reeve.Refusal {
	d, known := v.denied[action]
	if !known {
		d = v.c.o.Door.Decide(v.r, v.session, access.Action(action), resourceOf(access.Action(action)))
		v.denied[action] = d
	}
	return d.Refusal()
}

// routes are all there is.
func (c *Console) routes() {
	c.pages = c.allPages()
	for _, p := range c.pages {
		c.mux.HandleFunc("GET "+Home+p.path, func(w http.ResponseWriter, r *http.Request) { c.show(w, r, p) })
	}
	for _, a := range c.acts() {
		c.mux.HandleFunc("POST "+Home+a.path, func(w http.ResponseWriter, r *http.Request) { c.act(w, r, a) })
	}
	c.mux.HandleFunc("GET "+Home+"static/{file}", asset)
	c.mux.HandleFunc("GET "+Home+"exchanges/{id}/proof", c.proof)
	c.mux.HandleFunc("GET "+Home+"lineage.svg", c.drawing)
	c.mux.HandleFunc("GET "+Home+"custody/checkpoint.txt", c.checkpoint)
	c.mux.HandleFunc("POST "+Home+"custody/export", c.export)
	c.mux.HandleFunc("POST "+Home+"look", c.setLook)
	c.mux.HandleFunc(Home, func(w http.ResponseWriter, r *http.Request) {
		v := c.view(w, r, &page{name: "problem"})
		if v.session, _ = c.o.Door.Session(r); v.session == nil {
			c.signIn(v)
			return
		}
		v.problem(&reeve.Refusal{Status: http.StatusNotFound, Code: "not_found", Rule: "console/path", Message: v.T("problem.nopage"), Remedy: v.T("problem.nopage.remedy")})
	})
}

// show answers a page, its rows alone (?part=rows), or its table as a file (?format=csv, xlsx or json).
func (c *Console) show(w http.ResponseWriter, r *http.Request, p *page) {
	v := c.view(w, r, p)
	var refusal *reeve.Refusal
	if v.session, refusal = c.o.Door.Session(r); refusal != nil {
		c.signIn(v)
		return
	}
	if p.action != "" {
		if refusal := v.Deny(string(p.action)); refusal != nil {
			if p.path == "{$}" { // whoever has no overview is not sent away from the door
				if first := v.firstPage(); first != "" {
					http.Redirect(w, r, Home+first, http.StatusSeeOther)
					return
				}
			}
			v.problem(refusal)
			return
		}
	}
	data, err := p.load(v)
	if errors.Is(err, errAnswered) {
		return
	}
	if err != nil {
		v.problem(v.refusalOf(err))
		return
	}
	if t, ok := data.(tabular); ok {
		if format := v.q.Get("format"); format != "" {
			v.download(t.tables(), format)
			return
		}
	}
	name := p.name
	if v.q.Get("part") != "" {
		name += "/part"
	}
	v.render(http.StatusOK, name, data)
}

// firstPage is the first page that the person may see.
func (v *view) firstPage() string {
	for _, p := range v.c.pages {
		if p.key != "" && p.path != "{$}" && p.action != "" && v.Deny(string(p.action)) == nil {
			return p.path
		}
	}
	return ""
}

// signIn sends whoever has no session (any more) to sign in, and back to where they wanted to go.
func (c *Console) signIn(v *view) {
	if v.q.Get("part") != "" { // a script asked; the person sees it and can act
		v.render(http.StatusUnauthorized, "ended", nil)
		return
	}
	http.Redirect(v.w, v.r, "/auth/login?next="+url.QueryEscape(v.r.URL.RequestURI()), http.StatusSeeOther)
}

// render writes a page. It is made whole before the first byte, so that a mistake in it is no half page.
func (v *view) render(status int, name string, data any) {
	t := v.c.views[name]
	if t == nil {
		t = v.c.views["problem"]
	}
	var b bytes.Buffer
	b.Grow(16 << 10)
	if err := t.Execute(&b, &rendered{view: v, Data: data}); err != nil {
		v.c.o.Diagnostics.Error("a page could not be written", "page", name, "error", err)
		http.Error(v.w, "the page could not be written; the cause stands in the server's log", http.StatusInternalServerError)
		return
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Vary", "Cookie, Accept-Language")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(b.Bytes())
}

// rendered is what templates see: the view and the page's own data.
type rendered struct {
	*view
	Data any
}

// problem is a refusal as a page.
func (v *view) problem(r *reeve.Refusal) {
	v.render(r.Status, "problem", problem{Refusal: r})
}

// problem is what the page of a refusal shows. What was entered is kept, so that nothing is lost silently.
type problem struct {
	*reeve.Refusal
	Kept   []keptField
	Path   string // to send it to again
	SignIn bool   // the session has ended
	Back   string // where the person came from
}

type keptField struct{ Name, Value string }

// errAnswered says that a page has answered by itself.
var errAnswered = errors.New("answered")

// refusedError carries a refusal through an error.
type refusedError struct{ *reeve.Refusal }

func (e refusedError) Error() string { return e.Message }

// sorry makes an error of a refusal.
func sorry(r *reeve.Refusal) error { return refusedError{r} }

// invalid refuses what somebody entered.
func invalid(rule, message, remedy string) error {
	return sorry(&reeve.Refusal{Status: http.StatusUnprocessableEntity, Code: "invalid", Rule: "console/" + rule, Message: message, Remedy: remedy})
}

// refusalOf gives the errors of the rooms below a page of their own.
func (v *view) refusalOf(err error) *reeve.Refusal {
	var refused refusedError
	r := &reeve.Refusal{Message: err.Error()}
	switch {
	case errors.As(err, &refused):
		return refused.Refusal
	case errors.Is(err, custody.ErrNotFound), errors.Is(err, store.ErrNotFound):
		r.Status, r.Code, r.Rule, r.Message, r.Remedy = http.StatusNotFound, "not_found", "console/not-found", v.T("problem.gone"), v.T("problem.gone.remedy")
	case errors.Is(err, lifecycle.ErrNoHold), errors.Is(err, identity.ErrConflict):
		r.Status, r.Code, r.Rule, r.Message, r.Remedy = http.StatusConflict, "conflict", "console/conflict", v.T("problem.conflict"), v.T("problem.conflict.remedy")
	case errors.Is(err, lifecycle.ErrNobody), errors.Is(err, identity.ErrInvalid):
		r.Status, r.Code, r.Rule, r.Remedy = http.StatusUnprocessableEntity, "invalid", "console/invalid", v.T("problem.invalid.remedy")
	case errors.Is(err, identity.ErrOwned):
		r.Status, r.Code, r.Rule, r.Remedy = http.StatusForbidden, "owned", "identity/owned", v.T("problem.owned.remedy")
	case errors.Is(err, custody.ErrUnavailable):
		r.Status, r.Code, r.Rule, r.Message, r.Remedy = http.StatusServiceUnavailable, "unavailable", "console/log", v.T("problem.log"), v.T("problem.log.remedy")
	case v.ctx().Err() != nil:
		r.Status, r.Code, r.Rule, r.Message, r.Remedy = http.StatusServiceUnavailable, "cancelled", "console/cancelled", v.T("problem.failed"), v.T("problem.failed.remedy")
	default:
		v.c.o.Diagnostics.Error("a page of the console failed", "path", v.r.URL.Path, "error", err)
		r.Status, r.Code, r.Rule, r.Message, r.Remedy = http.StatusInternalServerError, "failed", "console/failed", v.T("problem.failed"), v.T("problem.failed.remedy")
	}
	return r
}
