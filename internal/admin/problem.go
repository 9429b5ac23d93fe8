package admin

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/store"
)

// details are problem details (RFC 9457) with the members that every refusal of reeve has.
type details struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
	Rule   string `json:"rule"`
	Remedy string `json:"remedy"`
}

func problem(w http.ResponseWriter, r *reeve.Refusal) {
	if r.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	answer(w, r.Status, "application/problem+json", details{
		Type: "about:blank", Title: http.StatusText(r.Status), Status: r.Status, Detail: r.Message, Code: r.Code, Rule: r.Rule, Remedy: r.Remedy,
	})
}

func answer(w http.ResponseWriter, status int, media string, v any) {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		http.Error(w, "the answer could not be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", media)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)+1))
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

// refusalOf gives the errors of the rooms below their status.
func (a *Admin) refusalOf(err error) *reeve.Refusal {
	r := &reeve.Refusal{Message: err.Error()}
	switch {
	case errors.Is(err, identity.ErrInvalid):
		r.Status, r.Code, r.Rule, r.Remedy = http.StatusUnprocessableEntity, "invalid", "identity/invalid", "change what the message names"
	case errors.Is(err, identity.ErrConflict):
		r.Status, r.Code, r.Rule, r.Remedy = http.StatusConflict, "conflict", "identity/conflict", "read it again, or choose another name"
	case errors.Is(err, identity.ErrOwned):
		r.Status, r.Code, r.Rule, r.Remedy = http.StatusForbidden, "owned", "identity/owned", "change it where it comes from"
	case errors.Is(err, store.ErrNotFound):
		r.Status, r.Code, r.Rule, r.Message, r.Remedy = http.StatusNotFound, "not_found", "admin/not-found", "there is no such thing", "list what there is"
	default:
		a.o.Log.Error("an administrative request failed", "error", err)
		r.Status, r.Code, r.Rule, r.Message, r.Remedy = http.StatusServiceUnavailable, "unavailable", "admin/store", "the store cannot do this at the moment", "try again; the cause stands in the server's log"
	}
	return r
}

// noSuch answers for what is not there: 405 where the path is known with another method, else 404.
func (a *Admin) noSuch(w http.ResponseWriter, r *http.Request, routes []route) {
	var methods []string
	for _, known := range routes {
		if matches(known.path, r.URL.Path) {
			methods = append(methods, known.method)
		}
	}
	if len(methods) > 0 {
		slices.Sort(methods)
		w.Header().Set("Allow", strings.Join(methods, ", "))
		problem(w, &reeve.Refusal{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Rule: "admin/method", Message: "this path takes another method", Remedy: "use " + strings.Join(methods, " or ")})
		return
	}
	problem(w, &reeve.Refusal{Status: http.StatusNotFound, Code: "not_found", Rule: "admin/path", Message: "there is nothing at this path", Remedy: "the OpenAPI document at /admin/v1/openapi.yaml lists every path"})
}

// matches compares a pattern such as /users/{id} with a path.
func matches(pattern, path string) bool {
	p, q := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(p) != len(q) {
		return false
	}
	for i := range p {
		if p[i] != q[i] && !(strings.HasPrefix(p[i], "{") && q[i] != "") {
			return false
		}
	}
	return true
}
