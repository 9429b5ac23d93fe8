package store_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/store"
)

// postgresVariable is the address of a PostgreSQL server on which the suite may make and drop schemas of its own.
const postgresVariable = "REEVE_TEST_POSTGRES"

// engines runs a test on SQLite, and on PostgreSQL where there is one. again opens the same store once more, as another
// process would.
func engines(t *testing.T, test func(t *testing.T, db *store.DB, again func() *store.DB)) {
	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		test(t, open(t, dir), func() *store.DB { return open(t, dir) })
	})
	t.Run("postgres", func(t *testing.T) {
		address := os.Getenv(postgresVariable)
		if address == "" {
			t.Skipf("skipped: %s names no PostgreSQL server; e2e/identity/run.sh starts one", postgresVariable)
		}
		admin, err := sql.Open("pgx", address)
		must(t, err)
		var name [6]byte
		rand.Read(name[:])
		schema := "reeve_test_" + hex.EncodeToString(name[:])
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
		again := func() *store.DB {
			t.Helper()
			db, err := store.OpenPostgres(t.Context(), u.String())
			must(t, err)
			t.Cleanup(func() { db.Close() })
			return db
		}
		test(t, again(), again)
	})
}

func person(id, name string) store.User {
	return store.User{
		ID: id, NameKey: name, Name: name, Kind: "user", Source: "api", Roles: []reeve.Role{reeve.RoleReviewer}, Clearance: reeve.NewLabel(reeve.Confidential, "PII"),
		Attributes: map[string]string{"site": "berlin"}, Training: []string{"basics"}, Links: []store.Link{{Issuer: "i", Subject: name}}, Created: noon, Changed: noon,
	}
}

func TestUsers(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB, again func() *store.DB) {
		ctx := t.Context()
		made, err := db.CreateUser(ctx, person("a", "ana"), act("a"))
		must(t, err)
		other := again()
		c, err := other.Changes(ctx, -1)
		must(t, err)
		if diff := cmp.Diff([]store.User{made}, c.Users); diff != "" || !c.All {
			t.Error("(-want +got):\n" + diff)
		}
		for name, u := range map[string]store.User{"name": person("b", "ana"), "link": func() store.User { u := person("b", "bob"); u.Links = made.Links; return u }()} {
			if _, err := db.CreateUser(ctx, u, act("b")); !errors.Is(err, store.ErrTaken) {
				t.Errorf("the same %s twice: %v", name, err)
			}
		}
		must1(db.CreateUser(ctx, person("b", "bob"), act("b")))(t)
		edit := func(change func(*store.User)) func(*store.User) (*store.Act, error) {
			return func(u *store.User) (*store.Act, error) { change(u); a := act(u.ID); return &a, nil }
		}
		if _, err := db.UpdateUser(ctx, "b", 0, edit(func(u *store.User) { u.NameKey = "ana" })); !errors.Is(err, store.ErrTaken) {
			t.Errorf("a name that is taken: %v", err)
		}
		if _, err := db.UpdateUser(ctx, "a", made.Version+7, edit(func(*store.User) {})); !errors.Is(err, store.ErrChanged) {
			t.Errorf("another version: %v", err)
		}
		if _, err := db.UpdateUser(ctx, "z", 0, edit(func(*store.User) {})); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
		refused := errors.New("no")
		if _, err := db.UpdateUser(ctx, "a", 0, func(u *store.User) (*store.Act, error) { u.Name = "x"; return nil, refused }); !errors.Is(err, refused) {
			t.Errorf("a refused edit: %v", err)
		}
		changed := must1(db.UpdateUser(ctx, "a", made.Version, edit(func(u *store.User) { u.Links = nil; u.Inactive = true })))(t)
		c2, err := other.Changes(ctx, c.Version)
		must(t, err)
		if len(c2.Users) != 2 || c2.All || !cmp.Equal(c2.Users[0], changed, cmpopts.EquateEmpty()) {
			t.Errorf("since the version known: %+v", c2)
		}
		must1(db.UpdateUser(ctx, "b", 0, edit(func(u *store.User) { u.Links = []store.Link{{Issuer: "i", Subject: "ana"}} })))(t) // free again
		// Deleting ends everything and keeps nothing but the id.
		k := key("k")
		k.Owner = "b"
		must(t, db.CreateKey(ctx, k, act("k")))
		must(t, db.CreateSession(ctx, store.Session{TokenSHA256: sha256.Sum256([]byte("t")), ID: "s", UserID: "b", Method: "passkey", Created: noon, Seen: noon, Expires: noon.Add(time.Hour)}, act("s")))
		must(t, db.AddPasskey(ctx, store.Passkey{ID: "p", UserID: "b", Body: []byte(`{}`), Created: noon}, act("p")))
		must(t, db.DeleteUser(ctx, "b", noon, act("b")))
		if err := db.DeleteUser(ctx, "b", noon, act("b")); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("twice: %v", err)
		}
		c3, err := other.Changes(ctx, c2.Version)
		must(t, err)
		if len(c3.Users) != 1 || c3.Users[0].Name != "" || c3.Users[0].Deleted.IsZero() || len(c3.Keys) != 1 || c3.Keys[0].Revoked.IsZero() || len(c3.Sessions) != 1 || c3.Sessions[0].Revoked.IsZero() {
			t.Errorf("after deletion: %+v", c3)
		}
		if keys, err := db.Passkeys(ctx, "b"); len(keys) != 0 || err != nil {
			t.Errorf("passkeys: %v %v", keys, err)
		}
		must1(db.CreateUser(ctx, person("c", "bob"), act("c")))(t) // the name is free
	})
}

func must1[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T { t.Helper(); must(t.(*testing.T), err); return v }
}

func TestGroups(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB, again func() *store.DB) {
		ctx := t.Context()
		g := store.Group{ID: "g", NameKey: "g", Name: "G", Source: "scim", Users: []string{"a"}, Roles: []reeve.Role{reeve.RoleAuditor}, Created: noon, Changed: noon}
		made := must1(db.CreateGroup(ctx, g, act("g")))(t)
		if _, err := db.CreateGroup(ctx, store.Group{ID: "h", NameKey: "g"}, act("h")); !errors.Is(err, store.ErrTaken) {
			t.Errorf("the same name: %v", err)
		}
		must1(db.UpdateGroup(ctx, "g", made.Version, func(g *store.Group, all map[string]store.Group) (*store.Act, error) {
			if len(all) != 1 {
				t.Errorf("groups in the transaction: %v", all)
			}
			g.Users = append(g.Users, "b")
			a := act("g")
			return &a, nil
		}))(t)
		c, err := again().Changes(ctx, -1)
		must(t, err)
		if len(c.Groups) != 1 || !cmp.Equal(c.Groups[0].Users, []string{"a", "b"}) {
			t.Errorf("%+v", c.Groups)
		}
		must1(db.UpdateGroup(ctx, "g", 0, func(g *store.Group, _ map[string]store.Group) (*store.Act, error) {
			g.Deleted = noon
			a := act("g")
			return &a, nil
		}))(t)
		if _, err := db.UpdateGroup(ctx, "g", 0, func(*store.Group, map[string]store.Group) (*store.Act, error) { return nil, nil }); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("after deletion: %v", err)
		}
	})
}

func TestSessionsAndFlows(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB, again func() *store.DB) {
		ctx := t.Context()
		for _, id := range []string{"s1", "s2", "s3"} {
			must(t, db.CreateSession(ctx, store.Session{TokenSHA256: sha256.Sum256([]byte(id)), ID: id, UserID: "u", Method: "oidc", MFA: true, Claims: `{"x":1}`, Created: noon, Seen: noon, Expires: noon.Add(time.Hour)}, act(id)))
		}
		stamp := db.Stamp()
		must(t, db.SeenSession(ctx, "s1", noon.Add(time.Minute)))
		must(t, db.SeenSession(ctx, "s1", noon))
		if seen, err := again().SessionSeen(ctx, "s1"); err != nil || !seen.Equal(noon.Add(time.Minute)) || db.Stamp() != stamp {
			t.Errorf("seen %v, %v", seen, err)
		}
		if n, err := db.RevokeSessions(ctx, "s1", "", noon, act("s1")); n != 1 || err != nil {
			t.Errorf("one: %d %v", n, err)
		}
		if n, err := db.RevokeSessions(ctx, "s1", "", noon, act("s1")); n != 0 || err != nil {
			t.Errorf("the same again: %d %v", n, err)
		}
		if n, err := db.RevokeSessions(ctx, "", "u", noon, act("u")); n != 2 || err != nil {
			t.Errorf("the rest: %d %v", n, err)
		}
		if _, err := db.SessionSeen(ctx, "s1"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a revoked one is seen: %v", err)
		}
		token := sha256.Sum256([]byte("flow"))
		must(t, db.PutFlow(ctx, token, "login", []byte(`{"a":1}`), noon, noon.Add(time.Minute)))
		if _, err := db.Flow(ctx, token, "invite", noon); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another kind: %v", err)
		}
		if _, err := db.TakeFlow(ctx, token, "login", noon.Add(2*time.Minute)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("too late: %v", err)
		}
		// Of several takers one gets it.
		var wg sync.WaitGroup
		var mu sync.Mutex
		got := 0
		for range 8 {
			wg.Go(func() {
				if _, err := db.TakeFlow(context.WithoutCancel(ctx), token, "login", noon); err == nil {
					mu.Lock()
					got++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if got != 1 {
			t.Errorf("%d takers got one flow", got)
		}
	})
}

// TestConcurrentWriters changes one store from several handles: no change is lost to a reader that follows by version.
func TestConcurrentWriters(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB, again func() *store.DB) {
		ctx := t.Context()
		must1(db.CreateUser(ctx, person("a", "ana"), act("a")))(t)
		const writers, each = 4, 10
		var wg sync.WaitGroup
		for range writers {
			h := again()
			wg.Go(func() {
				for range each {
					_, err := h.UpdateUser(context.WithoutCancel(ctx), "a", 0, func(u *store.User) (*store.Act, error) {
						u.Department += "x"
						a := act("a")
						return &a, nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		reader, known, last := again(), int64(-1), ""
		done := make(chan struct{})
		go func() { wg.Wait(); close(done) }()
		for over := false; ; {
			c, err := reader.Changes(ctx, known)
			must(t, err)
			if c.Version < known {
				t.Fatalf("the version fell from %d to %d", known, c.Version)
			}
			if known = c.Version; len(c.Users) > 0 {
				last = c.Users[0].Department
			}
			if over {
				break
			}
			select {
			case <-done:
				over = true
			default:
			}
		}
		if len(last) != writers*each {
			t.Errorf("%d of %d changes arrived", len(last), writers*each)
		}
		// Of two servers that drain at once, every act is recorded once.
		var mu sync.Mutex
		seen := map[int64]int{}
		for range 2 {
			h := again()
			wg.Go(func() {
				_, err := h.Drain(context.WithoutCancel(ctx), func(a store.Act) error { mu.Lock(); defer mu.Unlock(); seen[a.Seq]++; return nil })
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if t.Name() == "TestConcurrentWriters/postgres" {
			for seq, n := range seen {
				if n != 1 {
					t.Errorf("act %d was recorded %d times", seq, n)
				}
			}
		}
		if len(seen) != 1+writers*each {
			t.Errorf("%d acts, want %d", len(seen), 1+writers*each)
		}
	})
}
