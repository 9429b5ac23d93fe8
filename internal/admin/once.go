package admin

import (
	"crypto/sha256"
	"errors"
	"net/http"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/store"
)

// oncePage asks for the code of a one-time link. The code stands behind the # of the link, which browsers do not send: a script
// puts it into the field, and without scripts a person does. It is never taken without a click, so that no link signs anybody in
// unseen.
func (a *Admin) oncePage(w http.ResponseWriter, _ *http.Request) {
	a.show(w, http.StatusOK, "once.html", nil)
}

// once opens a session for whom a one-time link was made.
func (a *Admin) once(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
		a.sorry(w, &reeve.Refusal{
			Status: http.StatusForbidden, Code: "cross_origin", Rule: "admin/cross-origin", Message: "the request does not say from which site it comes", Remedy: "use the page of this server",
		})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	code := r.PostFormValue("code")
	id, err := a.o.Store.TakeFlow(r.Context(), sha256.Sum256([]byte(code)), identity.OnceKind, a.o.Clock())
	if errors.Is(err, store.ErrNotFound) || code == "" {
		a.sorry(w, &reeve.Refusal{
			Status: http.StatusForbidden, Code: "forbidden", Rule: "identity/once", Message: "the code is not known, was used, or has ended", Remedy: "make a new link: reeve user sign-in NAME",
		})
		return
	}
	if err != nil {
		a.sorry(w, a.refusalOf(err))
		return
	}
	old, _ := sessionToken(r)
	token, refusal := a.o.Directory.OpenSession(r.Context(), string(id), "link", false, nil, old)
	if refusal != nil {
		a.sorry(w, refusal)
		return
	}
	setCookie(w, cookie, token, 0)
	http.Redirect(w, r, a.after(w, r), http.StatusSeeOther)
}
