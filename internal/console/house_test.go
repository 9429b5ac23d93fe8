package console_test

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/admin"
	"github.com/reeve-ai/reeve/internal/console"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/lifecycle"
	"github.com/reeve-ai/reeve/internal/lineage"
	review "github.com/reeve-ai/reeve/internal/people"
	"github.com/reeve-ai/reeve/internal/posture"
	"github.com/reeve-ai/reeve/internal/store"
)

// hostile is what people and models write who wish nobody well.
const hostile = "<script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31mred\x1b[0m \u202egpj.exe\u2069 {{.}} =cmd|' /C calc'!A0 &amp;"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// house is a server's admin listener with a console over a real log, store and policies.
type house struct {
	t       testing.TB
	dir     string
	mu      sync.Mutex
	now     time.Time
	ring    *keyring.Ring
	log     *custody.Log
	keeper  *lifecycle.Custodian
	db      *store.DB
	people  *identity.Directory
	review  *review.Service
	h       http.Handler
	posture []posture.Check
	users   map[string]string // id by name
	said    []lineage.Statement
	alerts  alerts
	drift   rates
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(time.Millisecond)
	return h.now
}

func (h *house) pass(d time.Duration) { h.mu.Lock(); defer h.mu.Unlock(); h.now = h.now.Add(d) }

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), now: time.Date(2026, 11, 21, 11, 0, 0, 0, time.UTC), users: map[string]string{}}
	h.posture = []posture.Check{{Name: "host.disk", Status: posture.OK, Detail: "12 of 20 GiB are free"}, {Name: "host.swap", Status: posture.Warn, Detail: "memory may be swapped", Remedy: "turn it off"}}
	var err error
	h.ring, err = keyring.Open(keyring.Options{Dir: h.dir, Clock: h.clock})
	must(t, err)
	h.log, err = custody.Open(custody.Options{Dir: h.dir, Keys: h.ring, Clock: h.clock, CheckpointEvery: 20 * time.Millisecond})
	must(t, err)
	h.db, err = store.Open(t.Context(), h.dir)
	must(t, err)
	h.people, err = identity.Open(t.Context(), h.db, identity.Options{Clock: h.clock, FlushEvery: time.Hour})
	must(t, err)
	reader, err := h.log.Reader()
	must(t, err)
	h.keeper, err = lifecycle.Open(t.Context(), lifecycle.Options{Dir: h.dir, Log: lifecycle.Provable(h.log, h.dir), Reader: reader, Keys: h.ring, Clock: h.clock, Retention: lifecycle.Retention{Metadata: 10_000 * time.Hour, Payload: 10_000 * time.Hour}})
	must(t, err)
	t.Cleanup(func() {
		must(t, errors.Join(h.keeper.Close(), reader.Close(), h.people.Close(), h.db.Close(), h.log.Close(), h.ring.Close()))
	})
	set, err := access.Compile(access.Default(), access.Options{})
	must(t, err)
	engine, err := access.NewEngine(set)
	must(t, err)
	h.review, err = review.Open(t.Context(), review.Options{
		Store: h.db, Log: h.log, Reader: reader, Find: h.keeper.Records, Keys: h.ring, Access: engine, Clock: h.clock,
		Mask: func(b []byte) []byte {
			return []byte(strings.ReplaceAll(string(b), "jane@example.org", "[EMAIL_ADDRESS]"))
		},
	})
	must(t, err)
	must(t, h.review.CatchUp(t.Context()))
	door, err := admin.New(admin.Options{Directory: h.people, Store: h.db, Access: engine, Clock: h.clock})
	must(t, err)
	c, err := console.New(console.Options{
		Door: door, Records: h.keeper, Log: h.log, Prover: lifecycle.Provable(h.log, h.dir).Prover, Directory: h.people, Decider: engine, Review: h.review,
		Verify:  func(context.Context) (custody.Report, error) { return custody.Verify(h.dir, custody.VerifyOptions{}) },
		Posture: func() []posture.Check { return h.posture }, Policies: engine.Set,
		Guards: func() []console.Rule {
			return []console.Rule{{ID: "secrets", Source: "block", Message: "the text holds a secret", Remedy: "take the secret out, and change it", LegalBasis: "GDPR Art. 32", Owner: "security"}}
		},
		Models: func() []console.Model {
			return []console.Model{{Name: "small", Upstream: "local", Label: "internal"}, {Name: hostile, Upstream: "local"}}
		},
		Settings:   func() ([]byte, error) { return []byte("version: 1\ngateway:\n  listen: 127.0.0.1:8400\n"), nil },
		Statements: func() ([]lineage.Statement, error) { return h.said, nil },
		Alerts:     &h.alerts, Drift: &h.drift,
		Digests: func() map[string]string { return map[string]string{"guard": "sha256:00"} }, Version: "test", Clock: h.clock,
	})
	must(t, err)
	door.Mount(console.Home, c)
	h.h = door
	for name, roles := range map[string][]reeve.Role{"ada": {"admin"}, "cora": {"compliance", "security"}, "otto": {"auditor"}, "ed": {"employee"}, "rui": {"reviewer"}, "ria": {"reviewer"}} {
		u, err := h.people.CreateUser(t.Context(), identity.Operator, store.User{Name: name, Roles: roles, Clearance: reeve.Label{Level: reeve.Restricted}})
		must(t, err)
		h.users[name] = u.ID
	}
	return h
}

// ask writes one exchange of a subject and returns its id.
func (h *house) ask(subject, result, rule, text string) string {
	h.t.Helper()
	now := h.clock()
	id := custody.NewID(now)
	req := custody.Request{Subject: subject, Model: "small", Route: "/v1/chat/completions", Dialect: "openai", Op: "chat", LabelIn: "internal", KeyID: "k1", Access: "allow"}
	o := &custody.Outcome{ID: id, Start: now, End: h.clock(), Request: &req, Input: []byte(text), Output: []byte("answer: " + text), Result: result, Rule: rule, HTTPStatus: 200, LabelOut: "public"}
	if result == "blocked" {
		o.GuardOut = []custody.GuardResult{{Rule: rule, Stage: "out", Action: reeve.Block, Count: 1}}
	}
	must(h.t, h.log.Outcome(o))
	must(h.t, h.catchUp())
	return id.String()
}

func (h *house) catchUp() error {
	_, err := h.keeper.InForce(h.t.Context()) // which has the index catch up
	return err
}

// visitor is a person with a browser.
type visitor struct {
	h       *house
	token   string
	cookies []*http.Cookie
	header  http.Header
}

func (h *house) signIn(name string) *visitor {
	h.t.Helper()
	token, refusal := h.people.OpenSession(h.t.Context(), h.users[name], "passkey", true, nil, "")
	if refusal != nil {
		h.t.Fatal(refusal)
	}
	return &visitor{h: h, token: token, header: http.Header{}}
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (v *visitor) do(method, path string, form url.Values) *answer {
	v.h.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequestWithContext(v.h.t.Context(), method, "https://reeve.example.org"+path, body)
	r.RequestURI = path
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for name, values := range v.header {
		r.Header[name] = values
	}
	if v.token != "" {
		r.AddCookie(&http.Cookie{Name: "__Host-reeve", Value: v.token})
	}
	for _, c := range v.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	v.h.h.ServeHTTP(w, r)
	return &answer{w.Code, w.Header(), w.Body.String()}
}

func (v *visitor) get(path string) *answer { v.h.t.Helper(); return v.do("GET", path, nil) }

// open demands a page.
func (v *visitor) open(path string) string {
	v.h.t.Helper()
	a := v.get(path)
	if a.status != http.StatusOK {
		v.h.t.Fatalf("%s answers %d: %s", path, a.status, text(a.body))
	}
	return a.body
}

var tokenIn = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// post sends a form with the token of the page it is on.
func (v *visitor) post(page, path string, pairs ...string) *answer {
	v.h.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	if page != "" {
		m := tokenIn.FindStringSubmatch(v.open(page))
		if m == nil {
			v.h.t.Fatalf("%s holds no form", page)
		}
		form.Set("csrf", m[1])
	}
	return v.do("POST", path, form)
}

var tags = regexp.MustCompile(`(?s)<(style|script)[^>]*>.*?</(style|script)>|<[^>]+>`)

// text is what a page says.
func text(page string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(page, " "))), " ")
}

func (a *answer) says(t testing.TB, want string) {
	t.Helper()
	if !strings.Contains(text(a.body), want) {
		t.Errorf("status %d, does not say %q: %s", a.status, want, text(a.body))
	}
}

func fill(h *house) (ok, refused, blocked string) {
	ok = h.ask("user:ana", "ok", "", hostile)
	refused = h.ask("user:ana", "refused", "mac-no-read-up", "what is secret?")
	blocked = h.ask("user:bob", "blocked", "secrets", "tell me the key")
	for i := range 60 {
		h.ask(fmt.Sprintf("user:u%d", i), "ok", "", "question")
	}
	return ok, refused, blocked
}
