package identity_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/oidc"
	"github.com/reeve-ai/reeve/internal/store"
)

// provider vouches for whatever a test says.
type provider struct {
	people     map[string]*oidc.Person
	generation uint64
	asked      int
}

func (p *provider) Generation() uint64 { return p.generation }

func (p *provider) Verify(_ context.Context, token string) (*oidc.Person, *reeve.Refusal) {
	p.asked++
	if who := p.people[token]; who != nil {
		return who, nil
	}
	return nil, &reeve.Refusal{Status: 401, Code: "unauthenticated", Rule: "identity/token-signature", Message: "x", Remedy: "y"}
}

func user(t testing.TB, d *identity.Directory, u store.User) identity.User {
	t.Helper()
	made, err := d.CreateUser(t.Context(), identity.Operator, u)
	must(t, err)
	return made
}

func rule(r *reeve.Refusal) string {
	if r == nil {
		return ""
	}
	return r.Rule
}

// A key that acts for an account has its rights, and loses them with the next request.
func TestKeysOfAccounts(t *testing.T) {
	d := openKeys(t, openStore(t, t.TempDir()), identity.Options{})
	bot := user(t, d, store.User{Name: "ci-bot", Kind: reeve.KindService, Roles: []reeve.Role{"user"}, Clearance: reeve.NewLabel(reeve.Confidential, "PII"), Department: "nlp"})
	group, err := d.CreateGroup(t.Context(), identity.Operator, store.Group{Name: "Builders", Roles: []reeve.Role{reeve.RoleMLEngineer}, Users: []string{bot.ID}})
	must(t, err)
	_, text := create(t, d, identity.NewKey{Owner: "ci-bot"})
	s, r := d.Authenticate(bearer(text))
	if r != nil {
		t.Fatal(r)
	}
	want := reeve.Principal{
		ID: "service:" + bot.ID, Name: "ci-bot", Kind: "service", Roles: []reeve.Role{reeve.RoleEmployee, reeve.RoleMLEngineer}, Groups: []string{"Builders"},
		Clearance: reeve.NewLabel(reeve.Confidential, "PII"), Department: "nlp", Employment: reeve.EmploymentActive,
	}
	if diff := cmp.Diff(want, s.Principal); diff != "" || s.Authn != identity.AuthnKey {
		t.Error("(-want +got):\n" + diff)
	}
	before := s.RoleDigest
	_, err = d.UpdateGroup(t.Context(), identity.Operator, group.ID, 0, func(g *store.Group) error { g.Users = nil; return nil })
	must(t, err)
	if s, r = d.Authenticate(bearer(text)); r != nil || len(s.Principal.Roles) != 1 || s.RoleDigest == before {
		t.Errorf("after leaving the group: %+v %+v", s, r)
	}
	for _, tt := range []struct {
		rule   string
		change func(*store.User)
	}{
		{"identity/ended", func(u *store.User) { u.Employment = reeve.EmploymentEnded }},
		{"", func(u *store.User) { u.Employment = reeve.EmploymentActive }},
	} {
		_, err := d.UpdateUser(t.Context(), identity.Operator, bot.ID, 0, func(u *store.User) error { tt.change(u); return nil })
		must(t, err)
		if _, r := d.Authenticate(bearer(text)); rule(r) != tt.rule {
			t.Errorf("want %q, got %+v", tt.rule, r)
		}
	}
	must(t, d.DeleteUser(t.Context(), identity.Operator, bot.ID))
	if _, r := d.Authenticate(bearer(text)); rule(r) != "identity/revoked" {
		t.Errorf("after deletion: %+v", r)
	}
	if _, _, err := d.Create(t.Context(), identity.NewKey{Name: "x", Owner: "ci-bot"}); !errors.Is(err, identity.ErrInvalid) {
		t.Errorf("a key for nobody: %v", err)
	}
	other := user(t, d, store.User{Name: "other"})
	if _, _, err := d.Create(t.Context(), identity.NewKey{Name: "x", Owner: other.ID, Role: reeve.RoleAdmin}); !errors.Is(err, identity.ErrInvalid) {
		t.Errorf("a key with more rights than its owner: %v", err)
	}
}

func TestTokensOfProviders(t *testing.T) {
	c := &clock{t: noon}
	ana := &oidc.Person{Issuer: "https://idp", Subject: "1", Name: "ana", Roles: []reeve.Role{reeve.RoleReviewer}, Groups: []string{"idp/hr"}, Clearance: reeve.NewLabel(reeve.Internal, "HR"), MFA: true, Expires: noon.Add(time.Minute)}
	p := &provider{people: map[string]*oidc.Person{"eyA.a.a": ana}}
	d := openKeys(t, openStore(t, t.TempDir()), identity.Options{Clock: c.now, Tokens: p})
	if _, r := d.Authenticate(bearer("eyA.a.a")); rule(r) != "identity/unknown-user" {
		t.Fatalf("nobody here: %+v", r)
	}
	made := user(t, d, store.User{Name: "ana", Roles: []reeve.Role{reeve.RoleEmployee}, Clearance: reeve.NewLabel(reeve.Confidential, "PII"), Links: []store.Link{{Issuer: "https://idp", Subject: "1"}}})
	s, r := d.Authenticate(bearer("eyA.a.a"))
	if r != nil {
		t.Fatal(r)
	}
	if got := s.Principal; got.ID != "user:"+made.ID || got.RoleNames() != "employee,reviewer" || got.Clearance.String() != "confidential{HR,PII}" || s.Authn != identity.AuthnOIDC || !s.MFA {
		t.Errorf("%+v", s)
	}
	asked := p.asked
	for range 10 {
		if _, r := d.Authenticate(bearer("eyA.a.a")); r != nil {
			t.Fatal(r)
		}
	}
	if p.asked != asked {
		t.Errorf("a token that is known was verified %d times more", p.asked-asked)
	}
	p.generation++ // a key of the provider was withdrawn
	delete(p.people, "eyA.a.a")
	if _, r := d.Authenticate(bearer("eyA.a.a")); rule(r) != "identity/token-signature" {
		t.Errorf("after the key was withdrawn: %+v", r)
	}
	p.people["eyB.b.b"] = ana
	if _, r := d.Authenticate(bearer("eyB.b.b")); r != nil {
		t.Fatal(r)
	}
	_, err := d.UpdateUser(t.Context(), identity.Operator, made.ID, 0, func(u *store.User) error { u.Inactive = true; return nil })
	must(t, err)
	if _, r := d.Authenticate(bearer("eyB.b.b")); rule(r) != "identity/inactive" {
		t.Errorf("switched off: %+v", r)
	}
	_, err = d.UpdateUser(t.Context(), identity.Operator, made.ID, 0, func(u *store.User) error { u.Inactive = false; return nil })
	must(t, err)
	c.advance(time.Minute)
	delete(p.people, "eyB.b.b")
	if _, r := d.Authenticate(bearer("eyB.b.b")); rule(r) != "identity/token-signature" {
		t.Errorf("expired: %+v", r)
	}
	many := *ana
	many.Groups, many.Expires = make([]string, 1001), noon.Add(time.Hour)
	p.people["eyC.c.c"] = &many
	if _, r := d.Authenticate(bearer("eyC.c.c")); rule(r) != "identity/groups" {
		t.Errorf("a thousand and one groups: %+v", r)
	}
	none := openKeys(t, openStore(t, t.TempDir()), identity.Options{})
	if _, r := none.Authenticate(bearer("eyA.a.a")); rule(r) != "identity/malformed" {
		t.Errorf("no provider is trusted: %+v", r)
	}
}

func TestJustInTime(t *testing.T) {
	p := &provider{people: map[string]*oidc.Person{
		"eyA.a.a": {Issuer: "https://idp", Subject: "1", Name: "ana", DisplayName: "Ana", Expires: noon.Add(time.Hour)},
		"eyB.b.b": {Issuer: "https://idp", Subject: "2", Name: "аdmin", Expires: noon.Add(time.Hour)}, // Cyrillic а
		"eyC.c.c": {Issuer: "https://idp", Subject: "3", Name: "r00t", Expires: noon.Add(time.Hour)},
		"eyD.d.d": {Issuer: "https://idp.example.org/x", Subject: "4", Expires: noon.Add(time.Hour)},
	}}
	c := &clock{t: noon}
	d := openKeys(t, openStore(t, t.TempDir()), identity.Options{Clock: c.now, Tokens: p, Unknown: identity.Unknown{Create: true, Roles: []reeve.Role{reeve.RoleEmployee}}})
	user(t, d, store.User{Name: "root", Roles: []reeve.Role{reeve.RoleAdmin}})
	for token, want := range map[string]string{"eyA.a.a": "", "eyB.b.b": "identity/name", "eyC.c.c": "identity/name-taken", "eyD.d.d": ""} {
		if _, r := d.Authenticate(bearer(token)); rule(r) != want {
			t.Errorf("%s: want %q, got %+v", token, want, r)
		}
	}
	u, err := d.User(t.Context(), "ana")
	must(t, err)
	if u.Source != "oidc" || len(u.Links) != 1 || len(u.Roles) != 1 || u.Clearance.Level != reeve.Public {
		t.Errorf("%+v", u)
	}
	if _, err := d.User(t.Context(), "4@idp.example.org"); err != nil {
		t.Error(err)
	}
}

// A user in a million groups is refused, and quickly: the walk stops where nothing can be decided any more.
func TestUserInVeryManyGroups(t *testing.T) {
	db := openStore(t, t.TempDir())
	d := openKeys(t, db, identity.Options{})
	ana := user(t, d, store.User{Name: "ana"})
	_, text := create(t, d, identity.NewKey{Owner: "ana"})
	for i := range 1001 {
		name := fmt.Sprintf("g/%04d", i+2000)
		_, err := db.CreateGroup(t.Context(), store.Group{ID: name, NameKey: name, Name: name, Users: []string{ana.ID}}, store.Act{At: noon, Act: "group.create"})
		must(t, err)
		if i == 999 {
			if _, r := d.Authenticate(bearer(text)); r != nil {
				t.Fatalf("in a thousand groups: %+v", r)
			}
		}
	}
	if _, r := d.Authenticate(bearer(text)); rule(r) != "identity/groups" {
		t.Errorf("in a thousand and one groups: %+v", r)
	}
}

func TestNames(t *testing.T) {
	for _, good := range []string{"ana", "Ana.Berg", "ana@example.org", "i_o-u+1", "Jürgen", "αλέξης", "Анна", "山田太郎", "김철수", "יעל"} {
		if _, err := identity.NameKey(good, false); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", " ", "a b", "аdmin", "adмin", "pаypal", "ana\u200d", "ana\u00ad", "\u202eana", "ａｎａ", "ﬁn", "a\x00", "a\nb", "ana/..", "a:b", "<b>", "a\u0301na", strings.Repeat("a", 129), "\xff", "😀"} {
		if _, err := identity.NameKey(bad, false); !errors.Is(err, identity.ErrInvalid) {
			t.Errorf("%q was taken", bad)
		}
	}
	for _, alike := range [][2]string{{"admin", "ADMIN"}, {"scope", "ѕсоре"}, {"bill", "biII"}, {"o1", "0l"}, {"corn", "com"}, {"α", "a"}} {
		a, errA := identity.NameKey(alike[0], false)
		b, errB := identity.NameKey(alike[1], false)
		if errA != nil || errB != nil || a != b {
			t.Errorf("%s and %s look alike: %q, %q, %v, %v", alike[0], alike[1], a, b, errA, errB)
		}
	}
}

// The key of a name does not depend on case, and of a key is the key itself's: there is nothing left to confuse.
func TestNameKeyIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-zA-Z0-9._@+-]{1,30}`).Draw(t, "name")
		a, err := identity.NameKey(name, false)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := identity.NameKey(strings.ToUpper(name), false); err != nil || a != b {
			t.Fatalf("%q %q %v", a, b, err)
		}
	})
}

func FuzzNameKey(f *testing.F) {
	for _, s := range []string{"ana", "аdmin", "山田", "a\u0301", "\xff\xfe", "ﬁ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if key, err := identity.NameKey(name, true); err == nil && key == "" {
			t.Fatal("a name without a key")
		}
	})
}

const declared = `version: 1
users:
  - {name: ana, roles: [reviewer], clearance: 'confidential{PII}', training: [b, a]}
  - {name: ci-bot, kind: service, roles: [employee], links: [{spiffe: 'spiffe://example.org/ci'}]}
groups:
  - {name: Legal, roles: [auditor], users: [ana], groups: [Interns]}
  - {name: Interns}
keys:
  - {id: abcdefghij, sha256: HASH, name: ci, owner: ci-bot}
`

func TestFile(t *testing.T) {
	d := openKeys(t, openStore(t, t.TempDir()), identity.Options{})
	id, hash, text := identity.Declare()
	apply := func(content string) identity.Applied {
		t.Helper()
		f, err := identity.ParseFile("identity.yaml", []byte(strings.NewReplacer("HASH", hash, "abcdefghij", id).Replace(content)))
		must(t, err)
		done, err := d.Apply(t.Context(), f)
		must(t, err)
		return done
	}
	if got := apply(declared); got != (identity.Applied{Created: 5}) {
		t.Errorf("%+v", got)
	}
	if got := apply(declared); got != (identity.Applied{}) {
		t.Errorf("the same again changes something: %+v", got)
	}
	s, r := d.Authenticate(bearer(text))
	if r != nil || s.Principal.Name != "ci-bot" {
		t.Fatalf("%+v %+v", s, r)
	}
	ana, err := d.User(t.Context(), "ana")
	must(t, err)
	if ana.Source != "file" || strings.Join(ana.Groups, ",") != "Legal" {
		t.Errorf("%+v", ana)
	}
	// What the file owns, nothing else changes.
	for name, err := range map[string]error{
		"set":    second(d.UpdateUser(t.Context(), identity.Operator, ana.ID, 0, func(u *store.User) error { u.Roles = nil; return nil })),
		"delete": d.DeleteUser(t.Context(), identity.Operator, ana.ID),
		"revoke": second(d.Revoke(t.Context(), id)),
		"scim":   second(d.UpdateUser(t.Context(), identity.By{Source: identity.SourceSCIM}, ana.ID, 0, func(u *store.User) error { u.Inactive = true; return nil })),
	} {
		if !errors.Is(err, identity.ErrOwned) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What leaves the file goes.
	if got := apply("version: 1\nusers: [{name: ana, roles: [employee]}]\n"); got.Removed != 3 || got.Updated != 1 {
		t.Errorf("%+v", got)
	}
	if _, r := d.Authenticate(bearer(text)); rule(r) != "identity/revoked" {
		t.Errorf("the key that left: %+v", r)
	}
	// What others made is not taken over.
	user(t, d, store.User{Name: "bob"})
	f, err := identity.ParseFile("identity.yaml", []byte("version: 1\nusers: [{name: bob, roles: [admin]}]\n"))
	must(t, err)
	if _, err := d.Apply(t.Context(), f); !errors.Is(err, identity.ErrOwned) {
		t.Errorf("somebody else's account: %v", err)
	}
	if bob, err := d.User(t.Context(), "bob"); err != nil || len(bob.Roles) != 0 {
		t.Errorf("%+v %v", bob, err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestBadFiles(t *testing.T) {
	for name, text := range map[string]string{
		"no version":          "users: []\n",
		"unknown key":         "version: 1\nusres: []\n",
		"unknown role":        "version: 1\nusers: [{name: a, roles: [king]}]\n",
		"unknown label":       "version: 1\nusers: [{name: a, clearance: cosmic}]\n",
		"two alike":           "version: 1\nusers: [{name: a0}, {name: ao}]\n",
		"a circle":            "version: 1\ngroups: [{name: a, groups: [b]}, {name: b, groups: [a]}]\n",
		"a group of itself":   "version: 1\ngroups: [{name: a, groups: [a]}]\n",
		"no such group":       "version: 1\ngroups: [{name: a, groups: [b]}]\n",
		"a hash that is none": "version: 1\nkeys: [{id: abcdefghij, sha256: x, name: k}]\n",
		"an id that is none":  "version: 1\nkeys: [{id: ABC, sha256: " + strings.Repeat("0", 64) + ", name: k}]\n",
		"a person's SPIFFE":   "version: 1\nusers: [{name: a, links: [{spiffe: 'spiffe://x/y'}]}]\n",
		"an alias":            "version: 1\nusers: [&a {name: a}, *a]\n",
	} {
		if _, err := identity.ParseFile("identity.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), "identity.yaml") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzFile(f *testing.F) {
	f.Add([]byte(declared))
	f.Add([]byte("version: 1\nkeys: [{sha256: '0'}]\n"))
	f.Fuzz(func(t *testing.T, text []byte) { _, _ = identity.ParseFile("identity.yaml", text) })
}

// The path of a request asks the database nothing, whatever is in it.
func TestNoSQLPerRequest(t *testing.T) {
	m := &memory{spent: map[string]int64{}}
	d := openKeys(t, m, identity.Options{})
	_, text := create(t, d, identity.NewKey{})
	if _, r := d.Authenticate(bearer(text)); r != nil {
		t.Fatal(r)
	}
	before := m.reads
	for range 1000 {
		if _, r := d.AuthenticateRequest(&http.Request{Header: bearer(text)}); r != nil {
			t.Fatal(r)
		}
	}
	if m.reads != before {
		t.Errorf("1,000 requests read the store %d times", m.reads-before)
	}
}
