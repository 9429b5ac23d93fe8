package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/docs"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/admin"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/store"
)

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time          { c.mu.Lock(); defer c.mu.Unlock(); return c.t }
func (c *clock) advance(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.t = c.t.Add(d) }

// server is an admin listener over a real store. Every answer to a path of the API is held against the document.
type server struct {
	t     *testing.T
	h     http.Handler
	db    *store.DB
	dir   *identity.Directory
	clock *clock
	admin string // key of an administrator
	doc   *document
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newServer(t *testing.T, change func(*admin.Options)) *server {
	t.Helper()
	s := &server{t: t, clock: &clock{t: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}, doc: openDocument(t)}
	var err error
	s.db, err = store.Open(t.Context(), t.TempDir())
	must(t, err)
	t.Cleanup(func() { s.db.Close() })
	s.dir, err = identity.Open(t.Context(), s.db, identity.Options{Clock: s.clock.now, FlushEvery: time.Hour})
	must(t, err)
	t.Cleanup(func() { s.dir.Close() })
	o := admin.Options{Directory: s.dir, Store: s.db, Access: access.Roles{}, PublicURL: "https://reeve.example.org", SCIMToken: "scim-token-for-tests", Clock: s.clock.now}
	if change != nil {
		change(&o)
	}
	s.h, err = admin.New(o)
	must(t, err)
	_, s.admin, err = s.dir.Create(t.Context(), identity.NewKey{Name: "root", Role: reeve.RoleAdmin})
	must(t, err)
	return s
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
	fields map[string]any
}

func (a *answer) get(name string) string { s, _ := a.fields[name].(string); return s }

type with func(*http.Request)

func key(text string) with {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+text) }
}
func header(name, v string) with { return func(r *http.Request) { r.Header.Set(name, v) } }
func session(token string) with {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "__Host-reeve", Value: token}) }
}
func sameOrigin(r *http.Request)  { r.Header.Set("Sec-Fetch-Site", "same-origin") }
func target(raw string) with      { return func(r *http.Request) { r.RequestURI = raw } }
func remote(addr string) with     { return func(r *http.Request) { r.RemoteAddr = addr } }
func keyOfNobody(r *http.Request) {}

// do sends a request; body is JSON text, "" for none.
func (s *server) do(method, path, body string, ws ...with) *answer {
	s.t.Helper()
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(s.t.Context(), method, "https://reeve.example.org"+path, in)
	r.RequestURI = path
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if len(ws) == 0 {
		ws = []with{key(s.admin)}
	}
	for _, w := range ws {
		w(r)
	}
	rec := httptest.NewRecorder()
	s.h.ServeHTTP(rec, r)
	a := &answer{status: rec.Code, header: rec.Header(), text: rec.Body.String()}
	_ = json.Unmarshal([]byte(a.text), &a.fields)
	if strings.HasPrefix(path, "/admin/v1") && method != http.MethodHead {
		if problem := s.doc.check(method, strings.Split(path, "?")[0], a); problem != "" {
			s.t.Errorf("%s %s: %s: %s", method, path, problem, a.text)
		}
	}
	for _, name := range []string{"Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "Strict-Transport-Security", "Cache-Control"} {
		if a.header.Get(name) == "" {
			s.t.Errorf("%s %s: the answer has no %s", method, path, name)
		}
	}
	return a
}

// want demands a status and, where a rule is given, the refusal.
func (s *server) want(status int, rule string, a *answer) *answer {
	s.t.Helper()
	if a.status != status || a.get("rule") != rule {
		s.t.Fatalf("status %d rule %q, want %d %q: %s", a.status, a.get("rule"), status, rule, a.text)
	}
	return a
}

func (s *server) user(name string, roles ...string) string {
	s.t.Helper()
	list, _ := json.Marshal(roles)
	if roles == nil {
		list = []byte("[]")
	}
	return s.want(201, "", s.do("POST", "/admin/v1/users", fmt.Sprintf(`{"name":%q,"roles":%s}`, name, list))).get("id")
}

func (s *server) keyOf(user string) string {
	s.t.Helper()
	return s.want(201, "", s.do("POST", "/admin/v1/keys", fmt.Sprintf(`{"name":"k","owner":%q}`, user))).get("key")
}

func (s *server) signIn(user string) string {
	s.t.Helper()
	token, refusal := s.dir.OpenSession(context.Background(), user, "passkey", true, nil, "")
	if refusal != nil {
		s.t.Fatal(refusal)
	}
	return token
}

// document is the OpenAPI document.
type document struct {
	paths    map[string]map[string]any
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema
	seen     map[string]bool // operations that were answered with success
}

func openDocument(t testing.TB) *document {
	t.Helper()
	text, err := yaml.YAMLToJSON(docs.OpenAPI)
	must(t, err)
	var parsed struct {
		OpenAPI string                    `json:"openapi"`
		Paths   map[string]map[string]any `json:"paths"`
	}
	must(t, json.Unmarshal(text, &parsed))
	if parsed.OpenAPI != "3.1.0" {
		t.Fatalf("openapi: %q", parsed.OpenAPI)
	}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	must(t, err)
	d := &document{paths: parsed.Paths, compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}, seen: map[string]bool{}}
	d.compiler.AssertFormat()
	must(t, d.compiler.AddResource("https://reeve.invalid/openapi.json", whole))
	return d
}

func (d *document) schema(ref string) (*jsonschema.Schema, error) {
	if s := d.schemas[ref]; s != nil {
		return s, nil
	}
	s, err := d.compiler.Compile("https://reeve.invalid/openapi.json" + ref)
	d.schemas[ref] = s
	return s, err
}

// check says what of an answer the document does not allow.
func (d *document) check(method, path string, a *answer) string {
	media := strings.Split(a.header.Get("Content-Type"), ";")[0]
	if a.status >= 400 {
		if media != "application/problem+json" {
			return "a refusal of media type " + media
		}
		return d.holds("#/components/schemas/Problem", a.text)
	}
	for pattern, operations := range d.paths {
		if _, literal := d.paths[path]; !matches(pattern, path) || literal && pattern != path {
			continue
		}
		op, ok := operations[strings.ToLower(method)].(map[string]any)
		if !ok {
			return "the document has no such operation"
		}
		response, ok := op["responses"].(map[string]any)[fmt.Sprint(a.status)].(map[string]any)
		if !ok {
			return fmt.Sprintf("the document has no answer %d", a.status)
		}
		d.seen[method+" "+pattern] = true
		content, _ := response["content"].(map[string]any)
		if content == nil {
			if a.text != "" {
				return "the document says that there is no body"
			}
			return ""
		}
		as, ok := content[media].(map[string]any)
		if !ok {
			return "the document has no media type " + media
		}
		if schema, ok := as["schema"].(map[string]any); ok {
			return d.holds(schema["$ref"].(string), a.text)
		}
		return ""
	}
	return "the document has no such path"
}

func (d *document) holds(ref, text string) string {
	s, err := d.schema(ref)
	if err != nil {
		return err.Error()
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err.Error()
	}
	if err := s.Validate(v); err != nil {
		return err.Error()
	}
	return ""
}

func matches(pattern, path string) bool {
	p, q := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(p) != len(q) {
		return false
	}
	for i := range p {
		if p[i] != q[i] && !strings.HasPrefix(p[i], "{") {
			return false
		}
	}
	return true
}

func newServerWithoutSCIM(t *testing.T) *server {
	t.Helper()
	return newServer(t, func(o *admin.Options) { o.SCIMToken = "" })
}
