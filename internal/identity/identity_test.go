package identity_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/store"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clock is a time that a test moves by hand.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time          { c.mu.Lock(); defer c.mu.Unlock(); return c.t }
func (c *clock) advance(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.t = c.t.Add(d) }

func openStore(t testing.TB, dir string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), dir)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

func openKeys(t testing.TB, st identity.Store, o identity.Options) *identity.Directory {
	t.Helper()
	if o.FlushEvery == 0 {
		o.FlushEvery = time.Hour
	}
	keys, err := identity.Open(t.Context(), st, o)
	must(t, err)
	t.Cleanup(func() { keys.Close() })
	return keys
}

func create(t testing.TB, keys *identity.Directory, n identity.NewKey) (identity.Key, string) {
	t.Helper()
	if n.Name == "" {
		n.Name = "test"
	}
	key, text, err := keys.Create(t.Context(), n)
	must(t, err)
	return key, text
}

func bearer(key string) http.Header  { return http.Header{"Authorization": {"Bearer " + key}} }
func xAPIKey(key string) http.Header { return http.Header{"X-Api-Key": {key}} }

func both(a, b string) http.Header {
	return http.Header{"Authorization": {"Bearer " + a}, "X-Api-Key": {b}}
}

func TestAuthenticate(t *testing.T) {
	c := &clock{t: noon}
	keys := openKeys(t, openStore(t, t.TempDir()), identity.Options{Clock: c.now})
	key, good := create(t, keys, identity.NewKey{Name: "Ana", Clearance: reeve.NewLabel(reeve.Confidential, "PII")})
	_, other := create(t, keys, identity.NewKey{})
	_, short := create(t, keys, identity.NewKey{ExpiresIn: time.Minute})
	dead, gone := create(t, keys, identity.NewKey{})
	_, err := keys.Revoke(t.Context(), dead.ID)
	must(t, err)
	c.advance(time.Minute)
	foreign := openKeys(t, openStore(t, t.TempDir()), identity.Options{})
	_, elsewhere := create(t, foreign, identity.NewKey{})

	for _, tt := range []struct {
		name string
		h    http.Header
		rule string // "" means let in
	}{
		{"bearer", bearer(good), ""},
		{"scheme in small letters", http.Header{"Authorization": {"bearer " + good}}, ""},
		{"x-api-key", xAPIKey(good), ""},
		{"both, the same", both(good, good), ""},
		{"both, different", both(good, other), "identity/one-key"},
		{"both, one wrong", both(good, "rv_x"), "identity/one-key"},
		{"two bearers", http.Header{"Authorization": {"Bearer " + good, "Bearer " + good}}, "identity/one-key"},
		{"two x-api-keys", http.Header{"X-Api-Key": {good, other}}, "identity/one-key"},
		{"nothing", http.Header{}, "identity/no-key"},
		{"nil", nil, "identity/no-key"},
		{"empty x-api-key", xAPIKey(""), "identity/no-key"},
		{"basic", http.Header{"Authorization": {"Basic " + good}}, "identity/scheme"},
		{"bearer without a key", http.Header{"Authorization": {"Bearer "}}, "identity/scheme"},
		{"basic beside a good x-api-key", http.Header{"Authorization": {"Basic eDp5"}, "X-Api-Key": {good}}, "identity/scheme"},
		{"key of another vendor", bearer("sk-proj-0123456789012345678901234567890123456789012345678901234"), "identity/malformed"},
		{"one letter missing", bearer(good[:len(good)-1]), "identity/malformed"},
		{"one letter more", bearer(good + "0"), "identity/malformed"},
		{"trailing space", bearer(good + " "), "identity/malformed"},
		{"typing error in the secret", bearer(swap(good, 20)), "identity/malformed"},
		{"typing error in the id", bearer(swap(good, 5)), "identity/malformed"},
		{"key of another server", bearer(elsewhere), "identity/unknown"},
		{"expired", bearer(short), "identity/expired"},
		{"revoked", bearer(gone), "identity/revoked"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, refusal := keys.Authenticate(tt.h)
			if (s == nil) == (refusal == nil) {
				t.Fatalf("session %v and refusal %v", s, refusal)
			}
			if tt.rule == "" {
				want := reeve.Principal{
					ID: "key:" + key.ID, Name: "Ana", Kind: reeve.KindService, Roles: []reeve.Role{reeve.RoleEmployee},
					Clearance: reeve.NewLabel(reeve.Confidential, "PII"), Employment: reeve.EmploymentActive,
				}
				if refusal != nil {
					t.Fatalf("refused: %+v", refusal)
				}
				if diff := cmp.Diff(want, s.Principal); diff != "" {
					t.Error("(-want +got):\n" + diff)
				}
				return
			}
			if refusal == nil || refusal.Rule != tt.rule {
				t.Fatalf("refusal %+v, want rule %s", refusal, tt.rule)
			}
			if refusal.Status != http.StatusUnauthorized || refusal.Code != "unauthenticated" || refusal.Message == "" || refusal.Remedy == "" {
				t.Errorf("incomplete: %+v", refusal)
			}
			said := refusal.Message + refusal.Remedy
			for _, values := range tt.h {
				for _, v := range values {
					if secret := strings.TrimPrefix(v, "Bearer "); len(secret) > 8 && strings.Contains(said, secret) {
						t.Error("the refusal repeats the key")
					}
				}
			}
		})
	}
}

// swap changes the character at i for another one of its alphabet.
func swap(s string, i int) string {
	b := []byte(s)
	if b[i] == 'a' {
		b[i] = 'b'
	} else {
		b[i] = 'a'
	}
	return string(b)
}

// Somebody who knows an id, which is public, must get no further than somebody who knows nothing.
func TestKnownIDWithAnotherSecret(t *testing.T) {
	dir := t.TempDir()
	db := openStore(t, dir)
	keys := openKeys(t, db, identity.Options{})
	_, text := create(t, keys, identity.NewKey{})
	row := store.APIKey{ID: text[3:13], SecretSHA256: sha256.Sum256([]byte("another")), Role: reeve.RoleAdmin, Created: noon}
	twin := openStore(t, t.TempDir())
	must(t, twin.CreateKey(t.Context(), row, store.Act{At: noon, Act: "key.create"}))
	if _, refusal := openKeys(t, twin, identity.Options{}).Authenticate(bearer(text)); refusal == nil || refusal.Rule != "identity/unknown" {
		t.Errorf("got %+v", refusal)
	}
}

func TestNothingOfTheSecretIsStored(t *testing.T) {
	dir := t.TempDir()
	db := openStore(t, dir)
	_, text := create(t, openKeys(t, db, identity.Options{}), identity.NewKey{})
	files, err := os.ReadDir(dir)
	must(t, err)
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(dir, f.Name()))
		must(t, err)
		if bytes.Contains(content, []byte(text[14:40])) {
			t.Errorf("%s holds the secret", f.Name())
		}
	}
	acts, err := db.Acts(t.Context())
	must(t, err)
	want := []store.Act{{Seq: 1, At: acts[0].At, Act: "key.create", Subject: "key:" + text[3:13], Details: map[string]string{"role": "employee", "clearance": "public", "source": "api"}}}
	if diff := cmp.Diff(want, acts); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
}

// A command that works on the same directory is seen by the server with the next request.
func TestRevokedElsewhere(t *testing.T) {
	dir := t.TempDir()
	server := openKeys(t, openStore(t, dir), identity.Options{})
	command := openKeys(t, openStore(t, dir), identity.Options{})
	for range 50 {
		key, text := create(t, command, identity.NewKey{})
		if _, refusal := server.Authenticate(bearer(text)); refusal != nil {
			t.Fatalf("a key that was just made is refused: %+v", refusal)
		}
		now, err := command.Revoke(t.Context(), key.ID)
		if !now || err != nil {
			t.Fatal(now, err)
		}
		if _, refusal := server.Authenticate(bearer(text)); refusal == nil || refusal.Rule != "identity/revoked" {
			t.Fatalf("a key that was just revoked gives %+v", refusal)
		}
	}
}

func TestRevokeTwiceAndUnknown(t *testing.T) {
	keys := openKeys(t, openStore(t, t.TempDir()), identity.Options{})
	key, _ := create(t, keys, identity.NewKey{})
	for _, want := range []bool{true, false} {
		if now, err := keys.Revoke(t.Context(), key.ID); now != want || err != nil {
			t.Errorf("got %v, %v, want %v", now, err, want)
		}
	}
	for _, id := range []string{"", "x", "aaaaaaaaaa", key.ID + "a"} {
		if _, err := keys.Revoke(t.Context(), id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("id %q: %v", id, err)
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	keys := openKeys(t, openStore(t, t.TempDir()), identity.Options{})
	for name, n := range map[string]identity.NewKey{
		"no name":           {},
		"long name":         {Name: strings.Repeat("x", 129)},
		"line break":        {Name: "a\nb"},
		"escape sequence":   {Name: "a\x1b[2J"},
		"not UTF-8":         {Name: "a\xff"},
		"unknown role":      {Name: "a", Role: "root"},
		"negative rate":     {Name: "a", RequestsPerMinute: -1},
		"negative budget":   {Name: "a", TokensPerDay: -1},
		"negative lifetime": {Name: "a", ExpiresIn: -1},
		"empty model":       {Name: "a", Models: []string{""}},
		"too many models":   {Name: "a", Models: make([]string, 257)},
	} {
		if _, _, err := keys.Create(t.Context(), n); !errors.Is(err, identity.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, err := keys.List(t.Context()); len(list) != 0 || err != nil {
		t.Errorf("something was made: %v, %v", list, err)
	}
}

func TestBootstrap(t *testing.T) {
	keys := openKeys(t, openStore(t, t.TempDir()), identity.Options{})
	text, err := keys.Bootstrap(t.Context(), "first start")
	must(t, err)
	s, refusal := keys.Authenticate(bearer(text))
	if refusal != nil || !s.Principal.Has(reeve.RoleAdmin) {
		t.Errorf("%+v, %+v", s, refusal)
	}
	if again, err := keys.Bootstrap(t.Context(), "second start"); again != "" || err != nil {
		t.Errorf("a second start gave %q, %v", again, err)
	}
}

func TestAllowModel(t *testing.T) {
	keys := openKeys(t, openStore(t, t.TempDir()), identity.Options{})
	for _, tt := range []struct {
		globs []string
		model string
		want  bool
	}{
		{nil, "anything", true},
		{[]string{}, "anything", false},
		{[]string{"llama3"}, "llama3", true},
		{[]string{"llama3"}, "llama3:8b", false},
		{[]string{"llama3"}, "Llama3", false},
		{[]string{"llama3*"}, "llama3:8b", true},
		{[]string{"llama3*"}, "llama3", true},
		{[]string{"qwen", "hf.co/*/small-*"}, "hf.co/org/a/small-1", true},
		{[]string{"hf.co/*/small-*"}, "hf.co/small-1", false},
		{[]string{"*"}, "", true},
		{[]string{"?lama"}, "llama", false},
		{[]string{"*:8b"}, "a:8b:8b", true},
		{[]string{"a*b*c"}, "a-b-b-c", true},
		{[]string{"a*b*c"}, "a-c-b", false},
	} {
		_, text := create(t, keys, identity.NewKey{Models: tt.globs})
		s, refusal := keys.Authenticate(bearer(text))
		if refusal != nil {
			t.Fatal(refusal)
		}
		got := s.AllowModel(tt.model)
		if (got == nil) != tt.want {
			t.Errorf("%q for %q: %+v", tt.globs, tt.model, got)
		}
		if got != nil && (got.Status != http.StatusForbidden || got.Rule != "identity/models") {
			t.Errorf("%+v", got)
		}
	}
}

func TestTakeRequest(t *testing.T) {
	c := &clock{t: noon}
	db := openStore(t, t.TempDir())
	keys := openKeys(t, db, identity.Options{Clock: c.now})
	_, text := create(t, keys, identity.NewKey{RequestsPerMinute: 3})
	session := func() *identity.Session {
		s, refusal := keys.Authenticate(bearer(text))
		if refusal != nil {
			t.Fatal(refusal)
		}
		return s
	}
	for i := range 3 {
		if r := session().TakeRequest(c.now()); r != nil {
			t.Fatalf("request %d: %+v", i+1, r)
		}
		create(t, keys, identity.NewKey{}) // the keys are read again in between: the count must survive that
	}
	r := session().TakeRequest(c.now())
	if r == nil || r.Status != http.StatusTooManyRequests || r.Rule != "identity/rate" {
		t.Fatalf("the fourth request: %+v", r)
	}
	if got := session().RetryAfter(c.now()); got != 20*time.Second {
		t.Errorf("retry after %v", got)
	}
	c.advance(20 * time.Second)
	if r := session().TakeRequest(c.now()); r != nil {
		t.Errorf("after a third of a minute: %+v", r)
	}
	if r := session().TakeRequest(c.now()); r == nil {
		t.Error("and one more at once")
	}
}

func spentToday(t *testing.T, keys *identity.Directory, id string) int64 {
	t.Helper()
	list, err := keys.List(t.Context())
	must(t, err)
	for _, k := range list {
		if k.ID == id {
			return k.SpentToday
		}
	}
	t.Fatalf("key %s is not listed", id)
	return 0
}

func TestBudget(t *testing.T) {
	c := &clock{t: noon}
	dir := t.TempDir()
	open := func() (*identity.Directory, func(text string) *identity.Session) {
		keys := openKeys(t, openStore(t, dir), identity.Options{Clock: c.now})
		return keys, func(text string) *identity.Session {
			s, refusal := keys.Authenticate(bearer(text))
			if refusal != nil {
				t.Fatal(refusal)
			}
			return s
		}
	}
	keys, as := open()
	key, text := create(t, keys, identity.NewKey{TokensPerDay: 100})
	_, free := create(t, keys, identity.NewKey{})
	as(text).SpendTokens(60)
	as(text).SpendTokens(-60)
	as(free).SpendTokens(1 << 62)
	as(free).SpendTokens(1 << 62)
	if r := as(text).Budget(); r != nil {
		t.Errorf("60 of 100: %+v", r)
	}
	if r := as(free).Budget(); r != nil {
		t.Errorf("no budget set: %+v", r)
	}
	must(t, keys.Close())

	keys, as = open() // a restart forgets nothing
	as(text).SpendTokens(40)
	r := as(text).Budget()
	if r == nil || r.Status != http.StatusTooManyRequests || r.Rule != "identity/budget" {
		t.Fatalf("100 of 100: %+v", r)
	}
	if got := as(text).RetryAfter(c.now()); got != 12*time.Hour {
		t.Errorf("retry after %v", got)
	}
	if got := spentToday(t, keys, key.ID); got != 100 {
		t.Errorf("the list says %d", got)
	}
	must(t, keys.Close())
	c.advance(12 * time.Hour)

	_, as = open()
	if r := as(text).Budget(); r != nil {
		t.Errorf("after midnight: %+v", r)
	}
}

// memory is a store without a disk, for what must not depend on real time.
type memory struct {
	identity.Store // of users and sessions there are none
	mu             sync.Mutex
	rows           []store.APIKey
	version        int64
	stamp          int64
	reads          int
	spent          map[string]int64
	broken         error
}

func (m *memory) Changes(_ context.Context, known int64) (store.Changes, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if m.broken != nil || known == m.version {
		return store.Changes{Version: m.version}, m.broken
	}
	return store.Changes{Version: m.version, All: true, Keys: append([]store.APIKey(nil), m.rows...)}, nil
}

func (m *memory) CreateKey(_ context.Context, k store.APIKey, _ store.Act) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows = append(m.rows, k)
	m.version++
	m.stamp++
	return nil
}

func (m *memory) RevokeKey(_ context.Context, id string, at time.Time, _ store.Act) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.rows {
		if m.rows[i].ID == id {
			m.rows[i].Revoked = at
		}
	}
	m.version++ // and the process dies before the stamp
	return true, nil
}

func (m *memory) AddSpent(_ context.Context, spent []store.Spent) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	for _, s := range spent {
		m.spent[s.ID] += s.Tokens
	}
	return nil
}

func (m *memory) Stamp() int64 { m.mu.Lock(); defer m.mu.Unlock(); return m.stamp }

func (m *memory) set(change func()) { m.mu.Lock(); defer m.mu.Unlock(); change() }

func TestWriteBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{spent: map[string]int64{}}
		var log bytes.Buffer
		keys, err := identity.Open(t.Context(), m, identity.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		must(t, err)
		key, text := create(t, keys, identity.NewKey{})
		s, _ := keys.Authenticate(bearer(text))
		stored := func() (n int64) { m.set(func() { n = m.spent[key.ID] }); return n }

		s.SpendTokens(5)
		if stored() != 0 {
			t.Error("spending waits for the store")
		}
		time.Sleep(time.Second + time.Millisecond)
		if stored() != 5 {
			t.Errorf("after a second the store has %d", stored())
		}
		m.set(func() { m.broken = errors.New("disk on fire") })
		s.SpendTokens(7)
		time.Sleep(2 * time.Second)
		m.set(func() { m.broken = nil })
		s.SpendTokens(1)
		time.Sleep(time.Second)
		if stored() != 13 {
			t.Errorf("after a failure the store has %d of 13", stored())
		}
		s.SpendTokens(2)
		must(t, keys.Close())
		if stored() != 15 {
			t.Errorf("after Close the store has %d of 15", stored())
		}
		if !strings.Contains(log.String(), "disk on fire") || strings.Contains(log.String(), text[14:]) {
			t.Errorf("log: %s", log.String())
		}
	})
}

// The stamp of a process that died between commit and stamp never comes; the version is looked at each second.
func TestChangeWithoutStamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{spent: map[string]int64{}}
		keys, err := identity.Open(t.Context(), m, identity.Options{})
		must(t, err)
		defer keys.Close()
		key, text := create(t, keys, identity.NewKey{})
		if _, r := keys.Authenticate(bearer(text)); r != nil {
			t.Fatal(r)
		}
		_, err = keys.Revoke(t.Context(), key.ID)
		must(t, err)
		time.Sleep(time.Second + time.Millisecond)
		if _, r := keys.Authenticate(bearer(text)); r == nil || r.Rule != "identity/revoked" {
			t.Errorf("got %+v", r)
		}
	})
}

func TestStoreThatFailsLetsNobodyIn(t *testing.T) {
	m := &memory{spent: map[string]int64{}}
	keys := openKeys(t, m, identity.Options{})
	_, text := create(t, keys, identity.NewKey{})
	if _, r := keys.Authenticate(bearer(text)); r != nil {
		t.Fatal(r)
	}
	m.set(func() { m.broken = errors.New("no"); m.stamp++ })
	if s, r := keys.Authenticate(bearer(text)); s != nil || r == nil || r.Status != http.StatusServiceUnavailable || r.Rule != "identity/store" {
		t.Errorf("got %+v, %+v", s, r)
	}
	m.set(func() { m.broken = nil })
	if _, r := keys.Authenticate(bearer(text)); r != nil {
		t.Errorf("after the store came back: %+v", r)
	}
}

func TestHotPathReadsNothing(t *testing.T) {
	m := &memory{spent: map[string]int64{}}
	keys := openKeys(t, m, identity.Options{})
	_, text := create(t, keys, identity.NewKey{RequestsPerMinute: 1 << 20, TokensPerDay: 1 << 40})
	h := bearer(text)
	keys.Authenticate(h)
	before := m.reads
	allocs := testing.AllocsPerRun(100, func() {
		s, r := keys.Authenticate(h)
		if r != nil || s.AllowModel("m") != nil || s.TakeRequest(noon) != nil || s.Budget() != nil {
			t.Error("refused")
		}
		s.SpendTokens(1)
	})
	if allocs != 0 || m.reads != before {
		t.Errorf("%v allocations, %d reads of the store", allocs, m.reads-before)
	}
}

func TestConcurrentUse(t *testing.T) {
	keys := openKeys(t, openStore(t, t.TempDir()), identity.Options{FlushEvery: time.Millisecond})
	key, text := create(t, keys, identity.NewKey{TokensPerDay: 1 << 40})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				s, r := keys.Authenticate(bearer(text))
				if r != nil {
					t.Error(r)
					return
				}
				s.SpendTokens(1)
			}
		})
	}
	for range 10 {
		create(t, keys, identity.NewKey{})
	}
	wg.Wait()
	if got := spentToday(t, keys, key.ID); got != 2000 {
		t.Errorf("%d tokens of 2000 were counted", got)
	}
}

func benchmark(b *testing.B, h func(good string) http.Header, want bool) {
	db := openStore(b, b.TempDir())
	keys := openKeys(b, db, identity.Options{})
	_, good := create(b, keys, identity.NewKey{})
	for range 200 {
		create(b, keys, identity.NewKey{})
	}
	header := h(good)
	b.ReportAllocs()
	for b.Loop() {
		if s, _ := keys.Authenticate(header); (s != nil) != want {
			b.Fatal("unexpected answer")
		}
	}
}

func BenchmarkAuthenticate(b *testing.B) { benchmark(b, bearer, true) }

func BenchmarkAuthenticateUnknown(b *testing.B) {
	foreign := openKeys(b, openStore(b, b.TempDir()), identity.Options{})
	_, text := create(b, foreign, identity.NewKey{})
	benchmark(b, func(string) http.Header { return bearer(text) }, false)
}
