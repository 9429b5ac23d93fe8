package people

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/store"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// byRole is what the policies that ship say about reviews, without the rest: reviewers and compliance read and decide within
// their clearance, and nobody about their own.
type byRole struct{}

func (byRole) Decide(q access.Request) access.Decision {
	p := &q.Principal
	switch {
	case !p.Has(reeve.RoleReviewer) && !p.Has(reeve.RoleCompliance):
		return access.Decision{Rule: "test/role", Reason: "no reviewer"}
	case q.Action != "review:list" && !p.Clearance.Dominates(q.Resource.Label):
		return access.Decision{Rule: "test/label", Reason: "above the clearance"}
	case q.Action == "review:decide" && (q.Resource.Owner == "" || q.Resource.Owner == p.ID):
		return access.Decision{Rule: "test/own", Reason: "one's own"}
	}
	return access.Decision{Allow: true, Rule: "test/reviewer"}
}

// room is a queue over a real log and a real store.
type room struct {
	*Service
	t     testing.TB
	log   *custody.Log
	db    *store.DB
	keys  *keyring.Ring
	mu    sync.Mutex
	at    time.Time
	base  Options
	wrong error // what Event answers
}

func (r *room) now() time.Time { r.mu.Lock(); defer r.mu.Unlock(); return r.at }
func (r *room) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at = r.at.Add(d)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// engines runs a test on SQLite, and on PostgreSQL where there is one (e2e/identity/postgres.sh starts one).
func engines(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Run("sqlite", func(t *testing.T) { test(t, sqlite(t)) })
	t.Run("postgres", func(t *testing.T) {
		address := os.Getenv("REEVE_TEST_POSTGRES")
		if address == "" {
			t.Skip("skipped: REEVE_TEST_POSTGRES names no PostgreSQL server; e2e/identity/postgres.sh starts one")
		}
		admin, err := sql.Open("pgx", address)
		must(t, err)
		var name [6]byte
		rand.Read(name[:])
		schema := "reeve_review_" + hex.EncodeToString(name[:])
		_, err = admin.Exec(`CREATE SCHEMA ` + schema)
		must(t, err)
		t.Cleanup(func() {
			_, _ = admin.Exec(`DROP SCHEMA ` + schema + ` CASCADE`)
			admin.Close()
		})
		u, err := url.Parse(address)
		must(t, err)
		q := u.Query()
		q.Set("search_path", schema)
		u.RawQuery = q.Encode()
		db, err := store.OpenPostgres(t.Context(), u.String())
		must(t, err)
		t.Cleanup(func() { db.Close() })
		test(t, db)
	})
}

func sqlite(t testing.TB) *store.DB {
	db, err := store.Open(t.Context(), t.TempDir())
	must(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

func newRoom(t testing.TB, db *store.DB, change func(*Options)) *room {
	t.Helper()
	r := &room{t: t, db: db, at: noon}
	dir := t.TempDir()
	var err error
	r.keys, err = keyring.Open(keyring.Options{Dir: dir})
	must(t, err)
	r.log, err = custody.Open(custody.Options{Dir: dir, Keys: r.keys})
	must(t, err)
	reader, err := r.log.Reader()
	must(t, err)
	t.Cleanup(func() { reader.Close(); r.log.Close(); r.keys.Close() })
	rules := DefaultRules()
	rules.Second = 0
	r.base = Options{
		Store: db, Log: r, Reader: reader, Keys: r.keys, Access: byRole{}, Rules: rules, Clock: r.now,
		Find: func(_ context.Context, id custody.ID) ([]uint64, error) { return reader.Find(id) },
		Mask: func(b []byte) []byte { return []byte(strings.ReplaceAll(string(b), "jane", "[NAME]")) },
	}
	if change != nil {
		change(&r.base)
	}
	r.again()
	return r
}

// again opens the queue anew, as after a restart.
func (r *room) again() {
	r.t.Helper()
	var err error
	r.Service, err = Open(r.t.Context(), r.base)
	must(r.t, err)
}

// Event is the log as the queue sees it.
func (r *room) Event(ev *custody.Event) (custody.Receipt, error) {
	if r.wrong != nil {
		return custody.Receipt{}, r.wrong
	}
	return r.log.Event(ev)
}

var errDown = errors.New("the log is down")

// said is one exchange.
type said struct {
	who, result, refusal, label string
	in, out                     []custody.GuardResult
	input, output               string
	route                       string
	stream, open                bool
}

// exchange puts an exchange on record and returns its id.
func (r *room) exchange(x said) string {
	r.t.Helper()
	if x.result == "" {
		x.result = "ok"
	}
	if x.who == "" {
		x.who = "key:anna"
	}
	if x.label == "" {
		x.label = "internal"
	}
	if x.route == "" {
		x.route = "/v1/chat/completions"
	}
	id := custody.NewID(r.now())
	q := custody.Request{Subject: x.who, KeyID: strings.TrimPrefix(x.who, "key:"), Route: x.route, Op: "chat", Model: "m", LabelIn: x.label, GuardIn: x.in, Policy: "sha256:0", Stream: x.stream}
	intended := x.refusal == ""
	if intended {
		must(r.t, r.log.IntentAsync(&custody.Intent{ID: id, Start: r.now(), Request: q, Input: []byte(x.input)}))
	}
	if !x.open {
		r.conclude(id, q, x, intended)
	}
	return id.String()
}

func (r *room) conclude(id custody.ID, q custody.Request, x said, intended bool) {
	r.t.Helper()
	o := &custody.Outcome{
		ID: id, Start: r.now(), End: r.now(), Request: &q, Intended: intended, Result: x.result, Refusal: x.refusal, LabelOut: x.label, GuardOut: x.out, Output: []byte(x.output),
	}
	must(r.t, r.log.Outcome(o))
}

func acted(rule string, a reeve.Action) []custody.GuardResult {
	return []custody.GuardResult{{Rule: rule, Stage: "out", Action: a, Count: 1}}
}

func reviewer(i int) *Who {
	return &Who{Principal: reeve.Principal{
		ID: fmt.Sprintf("user:r%d", i), Name: fmt.Sprintf("r%d", i), Kind: reeve.KindUser, Roles: []reeve.Role{reeve.RoleReviewer}, Clearance: reeve.NewLabel(reeve.Restricted),
	}}
}

func (r *room) caughtUp() *room {
	r.t.Helper()
	must(r.t, r.CatchUp(r.t.Context()))
	return r
}

func (r *room) list(f store.ReviewFilter) []store.ReviewItem {
	r.t.Helper()
	list, err := r.List(r.t.Context(), reviewer(0), f)
	must(r.t, err)
	return list
}

func (r *room) decide(who *Who, d Decision) store.ReviewItem {
	r.t.Helper()
	if d.Reason == "" {
		d.Reason = "because"
	}
	it, err := r.Decide(r.t.Context(), who, d)
	must(r.t, err)
	return it
}
