package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/scim"
	"github.com/reeve-ai/reeve/internal/store"
)

// maxResults is the largest page of a SCIM list.
const maxResults = 200

const scimMedia = "application/scim+json"

// scimHandler does one SCIM operation.
type scimHandler func(a *Admin, w http.ResponseWriter, r *http.Request) error

// scimRoutes are the protocol of RFC 7644. The client is known by its own token, which opens nothing else.
func (a *Admin) scimRoutes() {
	const v2 = "/scim/v2"
	for pattern, do := range map[string]scimHandler{
		"GET " + v2 + "/ServiceProviderConfig": func(_ *Admin, w http.ResponseWriter, _ *http.Request) error {
			answer(w, http.StatusOK, scimMedia, scim.Config(maxResults))
			return nil
		},
		"GET " + v2 + "/ResourceTypes":      documents(scim.ResourceTypes()),
		"GET " + v2 + "/ResourceTypes/{id}": documents(scim.ResourceTypes()),
		"GET " + v2 + "/Schemas":            documents(scim.Schemas()),
		"GET " + v2 + "/Schemas/{id}":       documents(scim.Schemas()),
		"GET " + v2 + "/Users":              (*Admin).scimUsers,
		"POST " + v2 + "/Users":             (*Admin).scimCreateUser,
		"GET " + v2 + "/Users/{id}":         (*Admin).scimUser,
		"PUT " + v2 + "/Users/{id}":         (*Admin).scimReplaceUser,
		"PATCH " + v2 + "/Users/{id}":       (*Admin).scimPatchUser,
		"DELETE " + v2 + "/Users/{id}":      (*Admin).scimDeleteUser,
		"GET " + v2 + "/Groups":             (*Admin).scimGroups,
		"POST " + v2 + "/Groups":            (*Admin).scimCreateGroup,
		"GET " + v2 + "/Groups/{id}":        (*Admin).scimGroup,
		"PUT " + v2 + "/Groups/{id}":        (*Admin).scimReplaceGroup,
		"PATCH " + v2 + "/Groups/{id}":      (*Admin).scimPatchGroup,
		"DELETE " + v2 + "/Groups/{id}":     (*Admin).scimDeleteGroup,
		"/scim/": func(*Admin, http.ResponseWriter, *http.Request) error {
			return &scimError{http.StatusNotFound, "", "there is nothing at this path, or not with this method"}
		},
	} {
		a.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			err := a.scimClient(w, r)
			if err == nil {
				err = do(a, w, r)
			}
			if err != nil {
				a.scimRefuse(w, err)
			}
		})
	}
}

// scimError is an error with its status and scimType.
type scimError struct {
	status        int
	kind, message string
}

func (e *scimError) Error() string { return e.message }

// scimClient recognises the client by its token, which is compared by digest in constant time.
func (a *Admin) scimClient(w http.ResponseWriter, r *http.Request) error {
	list := r.Header["Authorization"]
	var shown string
	if len(list) == 1 && len(list[0]) > 7 && strings.EqualFold(list[0][:7], "Bearer ") {
		shown = list[0][7:]
	}
	hash := sha256.Sum256([]byte(shown))
	same := subtle.ConstantTimeCompare(hash[:], a.scim[:]) == 1
	if a.o.SCIMToken == "" || !same {
		w.Header().Set("WWW-Authenticate", "Bearer")
		return &scimError{http.StatusUnauthorized, "", "the token of the SCIM client is missing or wrong"}
	}
	return nil
}

// scimRefuse answers with an error of RFC 7644 section 3.12.
func (a *Admin) scimRefuse(w http.ResponseWriter, err error) {
	out := &scimError{http.StatusInternalServerError, "", "the request could not be done"}
	var typed *scimError
	var syntax *scim.Error
	switch {
	case errors.As(err, &typed):
		out = typed
	case errors.As(err, &syntax):
		out = &scimError{http.StatusBadRequest, syntax.Type, syntax.Message}
	default:
		r := a.refusalOf(err)
		out = &scimError{r.Status, "", r.Message}
		switch r.Status {
		case http.StatusConflict:
			if out.kind = "uniqueness"; errors.Is(err, store.ErrChanged) {
				out.status, out.kind = http.StatusPreconditionFailed, ""
			}
		case http.StatusUnprocessableEntity:
			out.status, out.kind = http.StatusBadRequest, "invalidValue"
		}
	}
	body := map[string]any{"schemas": []any{scim.ErrorSchema}, "status": strconv.Itoa(out.status), "detail": out.message}
	if out.kind != "" {
		body["scimType"] = out.kind
	}
	answer(w, out.status, scimMedia, body)
}

func documents(list []any) scimHandler {
	return func(_ *Admin, w http.ResponseWriter, r *http.Request) error {
		if r.URL.Query().Has("filter") { // RFC 7644 section 4
			return &scimError{http.StatusForbidden, "", "these documents cannot be filtered"}
		}
		if id := r.PathValue("id"); id != "" {
			for _, d := range list {
				if d.(map[string]any)["id"] == id { //nolint:forcetypeassert // our own documents
					answer(w, http.StatusOK, scimMedia, d)
					return nil
				}
			}
			return &scimError{http.StatusNotFound, "", "there is no such document"}
		}
		answer(w, http.StatusOK, scimMedia, listOf(list, len(list), 1))
		return nil
	}
}

func listOf(resources []any, total, start int) map[string]any {
	return map[string]any{"schemas": []any{scim.ListSchema}, "totalResults": total, "startIndex": start, "itemsPerPage": len(resources), "Resources": resources}
}

// scimList filters and pages resources (RFC 7644 section 3.4.2).
func scimList(w http.ResponseWriter, r *http.Request, all []map[string]any) error {
	q := r.URL.Query()
	if text := q.Get("filter"); text != "" {
		f, err := scim.ParseFilter(text)
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(o map[string]any) bool { return !f.Match(o) })
	}
	start, count := 1, maxResults
	for name, into := range map[string]*int{"startIndex": &start, "count": &count} {
		if text := q.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil {
				return &scimError{http.StatusBadRequest, "invalidValue", name + " is no number"}
			}
			*into = n
		}
	}
	start, count = max(start, 1), min(max(count, 0), maxResults) // as section 3.4.2.4 has it
	from := min(start-1, len(all))
	page := all[from:min(from+count, len(all))]
	resources := make([]any, len(page))
	for i, o := range page {
		resources[i] = trim(o, q.Get("attributes"), q.Get("excludedAttributes"))
	}
	answer(w, http.StatusOK, scimMedia, listOf(resources, len(all), start))
	return nil
}

// trim leaves of a resource what the client asked for; id, schemas and meta always stay.
func trim(o map[string]any, only, without string) map[string]any {
	if only == "" && without == "" {
		return o
	}
	named := func(list, name string) bool {
		for one := range strings.SplitSeq(list, ",") {
			one, _, _ = strings.Cut(strings.TrimSpace(one), ".")
			if strings.EqualFold(one, name) {
				return true
			}
		}
		return false
	}
	out := map[string]any{}
	for name, v := range o {
		always := name == "id" || name == "schemas" || name == "meta"
		if always || only != "" && named(only, name) || only == "" && !named(without, name) {
			out[name] = v
		}
	}
	return out
}

func scimOne(w http.ResponseWriter, r *http.Request, status int, o map[string]any, version int64) error {
	tag := etag(version)
	w.Header().Set("ETag", tag)
	if status == http.StatusOK && r.Method == http.MethodGet && r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if status == http.StatusCreated {
		w.Header().Set("Location", o["meta"].(map[string]any)["location"].(string)) //nolint:forcetypeassert // set by meta
	}
	answer(w, status, scimMedia, trim(o, r.URL.Query().Get("attributes"), r.URL.Query().Get("excludedAttributes")))
	return nil
}

func meta(kind, id string, created, changed time.Time, version int64) map[string]any {
	return map[string]any{
		"resourceType": kind, "created": created.Format(time.RFC3339Nano), "lastModified": changed.Format(time.RFC3339Nano),
		"location": "/scim/v2/" + kind + "s/" + id, "version": etag(version),
	}
}

// body reads a resource or patch as a plain object, strictly.
func scimBody(r *http.Request) (map[string]any, error) {
	var o map[string]any
	if refusal := readJSON(r, &o, scimMedia, "application/json"); refusal != nil {
		return nil, &scimError{refusal.Status, "invalidSyntax", refusal.Message}
	}
	if o == nil {
		return nil, &scimError{http.StatusBadRequest, "invalidSyntax", "the body is no object"}
	}
	return o, nil
}

// scimPatch reads the operations of a patch.
func scimPatch(r *http.Request) ([]scim.Operation, error) {
	o, err := scimBody(r)
	if err != nil {
		return nil, err
	}
	schemas, _ := o["schemas"].([]any)
	if !slices.Contains(schemas, any(scim.PatchSchema)) {
		return nil, &scimError{http.StatusBadRequest, "invalidSyntax", "the body is no PatchOp"}
	}
	list, _ := o["Operations"].([]any)
	text, err := json.Marshal(list)
	var ops []scim.Operation
	if err == nil {
		err = json.Unmarshal(text, &ops)
	}
	if err != nil {
		return nil, &scimError{http.StatusBadRequest, "invalidSyntax", "the operations cannot be read"}
	}
	return ops, nil
}

func scimBy() identity.By { return identity.By{Actor: "scim-client", Source: identity.SourceSCIM} }

// scimIfMatch is the version that the client has seen.
func scimIfMatch(r *http.Request) (int64, error) {
	v, refusal := ifMatch(r)
	if refusal != nil {
		return 0, &scimError{http.StatusPreconditionFailed, "", refusal.Message}
	}
	return v, nil
}
