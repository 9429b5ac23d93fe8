package oidc_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/oidc"
)

// issuer is a provider in this process, good or hostile as a test wants it.
type issuer struct {
	*httptest.Server
	mu      sync.Mutex
	keys    []jose.JSONWebKey
	asked   int
	away    bool
	spoofed string // the issuer that discovery names; "": the right one
	answer  func(form map[string][]string) string
}

var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	otherKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	ecKey    = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	i := &issuer{keys: []jose.JSONWebKey{{Key: rsaKey().Public(), KeyID: "one", Use: "sig"}, {Key: ecKey().Public(), KeyID: "two", Algorithm: "ES256"}}}
	i.Server = httptest.NewServer(i)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.away {
		http.Error(w, "away", http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		name := i.URL
		if i.spoofed != "" {
			name = i.spoofed
		}
		json.NewEncoder(w).Encode(map[string]string{
			"issuer": name, "authorization_endpoint": i.URL + "/auth", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
		})
	case "/keys":
		i.asked++
		json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: i.keys})
	case "/token":
		_ = r.ParseForm()
		json.NewEncoder(w).Encode(map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": i.answer(r.PostForm)})
	default:
		http.NotFound(w, r)
	}
}

func (i *issuer) set(change func()) { i.mu.Lock(); defer i.mu.Unlock(); change() }
func (i *issuer) fetches() int      { i.mu.Lock(); defer i.mu.Unlock(); return i.asked }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time          { c.mu.Lock(); defer c.mu.Unlock(); return c.t }
func (c *clock) advance(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.t = c.t.Add(d) }

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// raw signs exactly these bytes.
func raw(head, body string, sign func(signed string) []byte) string {
	signed := b64([]byte(head)) + "." + b64([]byte(body))
	return signed + "." + b64(sign(signed))
}

func rs256(key *rsa.PrivateKey) func(string) []byte {
	return func(s string) []byte {
		sum := sha256.Sum256([]byte(s))
		return must(rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:]))
	}
}

func es256(key *ecdsa.PrivateKey) func(string) []byte {
	return func(s string) []byte {
		sum := sha256.Sum256([]byte(s))
		r, q, err := ecdsa.Sign(rand.Reader, key, sum[:])
		if err != nil {
			panic(err)
		}
		return append(r.FillBytes(make([]byte, 32)), q.FillBytes(make([]byte, 32))...)
	}
}

func hs256(key []byte) func(string) []byte {
	return func(s string) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(s))
		return m.Sum(nil)
	}
}

func nothing(string) []byte { return nil }

const good = `{"alg":"RS256","kid":"one","typ":"JWT"}`

// claims are those of a good token, with some changed; nil removes one.
func (i *issuer) claims(change map[string]any) string {
	c := map[string]any{"iss": i.URL, "sub": "ana-1", "aud": "reeve", "exp": noon.Unix() + 300, "iat": noon.Unix(), "preferred_username": "ana"}
	maps.Copy(c, change)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return string(must(json.Marshal(c)))
}

func open(t testing.TB, i *issuer, c *clock, change func(*oidc.Config), cache string) *oidc.Providers {
	t.Helper()
	cfg := oidc.Config{Issuer: i.URL, ClientID: "console", Audiences: []string{"reeve"}, RedirectURL: "https://reeve.example.org/auth/callback"}
	if change != nil {
		change(&cfg)
	}
	ps, err := oidc.Open([]oidc.Config{cfg}, oidc.Options{Clock: c.now, Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	return ps
}

// TestHostileTokens shows the refusal of every way to pass for somebody that is known.
func TestHostileTokens(t *testing.T) {
	i := newIssuer(t)
	other := newIssuer(t)
	ps := open(t, i, &clock{t: noon}, nil, "")
	der := must(x509.MarshalPKIXPublicKey(rsaKey().Public()))
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	sign, body := rs256(rsaKey()), i.claims(nil)
	jwk := string(must((&jose.JSONWebKey{Key: otherKey().Public(), KeyID: "one"}).MarshalJSON()))
	whole := raw(good, body, sign)
	parts := strings.Split(whole, ".")

	for _, tt := range []struct{ name, token, rule string }{
		{"good", whole, ""},
		{"good, elliptic", raw(`{"alg":"ES256","kid":"two"}`, body, es256(ecKey())), ""},
		{"good, access token by RFC 9068", raw(`{"alg":"RS256","kid":"one","typ":"at+jwt"}`, body, sign), ""},
		{"good, no key id", raw(`{"alg":"RS256"}`, body, sign), ""},
		{"good, within the skew", raw(good, i.claims(map[string]any{"exp": noon.Unix() - 20, "nbf": noon.Unix() + 20}), sign), ""},
		{"good, several audiences and a known party", raw(good, i.claims(map[string]any{"aud": []string{"x", "reeve"}, "azp": "console"}), sign), ""},

		{"alg none", raw(`{"alg":"none","kid":"one"}`, body, nothing), "algorithm"},
		{"alg none in capitals", raw(`{"alg":"NONE"}`, body, nothing), "algorithm"},
		{"alg nOnE with a signature", raw(`{"alg":"nOnE"}`, body, sign), "algorithm"},
		{"no alg", raw(`{"kid":"one"}`, body, sign), "algorithm"},
		{"HS256 with the public key as PEM", raw(`{"alg":"HS256","kid":"one"}`, body, hs256(public)), "algorithm"},
		{"HS256 with the public key as DER", raw(`{"alg":"HS256","kid":"one"}`, body, hs256(der)), "algorithm"},
		{"HS256 with nothing", raw(`{"alg":"HS256"}`, body, hs256(nil)), "algorithm"},
		{"an algorithm not on the list", raw(`{"alg":"RS512","kid":"one"}`, body, sign), "algorithm"},
		{"the algorithm of another key", raw(`{"alg":"RS256","kid":"two"}`, body, sign), "signature"},
		{"ES256 by name, RSA by key", raw(`{"alg":"ES256","kid":"one"}`, body, es256(ecKey())), "signature"},
		{"an all-zero elliptic signature", raw(`{"alg":"ES256","kid":"two"}`, body, func(string) []byte { return make([]byte, 64) }), "signature"},
		{"another's key", raw(good, body, rs256(otherKey())), "signature"},
		{"its own key in the header (jwk)", raw(`{"alg":"RS256","kid":"one","jwk":`+jwk+`}`, body, rs256(otherKey())), "signature"},
		{"its own key set in the header (jku)", raw(`{"alg":"RS256","kid":"one","jku":"`+other.URL+`/keys"}`, body, rs256(otherKey())), "signature"},
		{"its own certificate in the header (x5u, x5c)", raw(`{"alg":"RS256","kid":"one","x5u":"`+other.URL+`/x","x5c":["`+base64.StdEncoding.EncodeToString(der)+`"]}`, body, rs256(otherKey())), "signature"},
		{"a key id that is a path", raw(`{"alg":"RS256","kid":"../../../../dev/null"}`, body, hs256(nil)), "signature"},
		{"a key id that is SQL", raw(`{"alg":"RS256","kid":"one' OR '1'='1"}`, body, rs256(otherKey())), "signature"},
		{"a key id that is an address", raw(`{"alg":"RS256","kid":"`+other.URL+`/keys"}`, body, rs256(otherKey())), "signature"},
		{"a long key id", raw(`{"alg":"RS256","kid":"`+strings.Repeat("k", 300)+`"}`, body, sign), "key"},
		{"a critical extension", raw(`{"alg":"RS256","kid":"one","crit":["exp"]}`, body, sign), "critical"},
		{"unencoded payload", raw(`{"alg":"RS256","kid":"one","b64":false}`, body, sign), "critical"},
		{"another type", raw(`{"alg":"RS256","kid":"one","typ":"logout+jwt"}`, body, sign), "type"},

		{"another issuer", raw(good, i.claims(map[string]any{"iss": "https://evil.example.org"}), sign), "issuer"},
		{"the issuer with a slash", raw(good, i.claims(map[string]any{"iss": i.URL + "/"}), sign), "issuer"},
		{"no issuer", raw(good, i.claims(map[string]any{"iss": nil}), sign), "issuer"},
		{"another audience", raw(good, i.claims(map[string]any{"aud": "bank"}), sign), "audience"},
		{"an audience that begins the same", raw(good, i.claims(map[string]any{"aud": "reeve2"}), sign), "audience"},
		{"no audience", raw(good, i.claims(map[string]any{"aud": nil}), sign), "audience"},
		{"an ID token for the console", raw(good, i.claims(map[string]any{"aud": "console"}), sign), "audience"},
		{"two audiences and no party", raw(good, i.claims(map[string]any{"aud": []string{"bank", "reeve"}}), sign), "party"},
		{"two audiences and a strange party", raw(good, i.claims(map[string]any{"aud": []string{"bank", "reeve"}, "azp": "bank"}), sign), "party"},
		{"a strange party", raw(good, i.claims(map[string]any{"azp": "bank"}), sign), "party"},
		{"expired", raw(good, i.claims(map[string]any{"exp": noon.Unix() - 31}), sign), "expired"},
		{"never expires", raw(good, i.claims(map[string]any{"exp": nil}), sign), "expiry"},
		{"expiry as text", raw(good, i.claims(map[string]any{"exp": "tomorrow"}), sign), "malformed"},
		{"not yet", raw(good, i.claims(map[string]any{"nbf": noon.Unix() + 60}), sign), "early"},
		{"issued in the future", raw(good, i.claims(map[string]any{"iat": noon.Unix() + 60}), sign), "early"},
		{"no subject", raw(good, i.claims(map[string]any{"sub": nil}), sign), "subject"},
		{"two audiences by repeating the name", raw(good, `{"iss":"`+i.URL+`","sub":"a","aud":"bank","aud":"reeve","exp":9999999999}`, sign), "malformed"},
		{"two subjects", raw(good, `{"iss":"`+i.URL+`","sub":"a","sub":"b","aud":"reeve","exp":9999999999}`, sign), "malformed"},
		{"two algorithms", raw(`{"alg":"none","alg":"RS256","kid":"one"}`, body, sign), "malformed"},
		{"invalid UTF-8", raw(good, "{\"iss\":\"\xff\"}", sign), "malformed"},
		{"huge", raw(good, i.claims(map[string]any{"pad": strings.Repeat("x", 17<<10)}), sign), "malformed"},
		{"too many groups", raw(good, i.claims(map[string]any{"g": strings.Split(strings.Repeat("g,", 1001), ",")}), sign), ""},
		{"encrypted (five parts)", whole + ".x.y", "malformed"},
		{"two parts", parts[0] + "." + parts[1], "malformed"},
		{"no signature", parts[0] + "." + parts[1] + ".", "signature"},
		{"a changed claim", parts[0] + "." + b64([]byte(i.claims(map[string]any{"sub": "bob-2"}))) + "." + parts[2], "signature"},
		{"padding", parts[0] + "=." + parts[1] + "." + parts[2], "malformed"},
		{"a space", " " + whole, "malformed"},
		{"nothing", "", "malformed"},
		{"dots", "..", "malformed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, refusal := ps.Verify(t.Context(), tt.token)
			switch {
			case (p == nil) == (refusal == nil):
				t.Fatalf("person %v, refusal %v", p, refusal)
			case tt.rule == "" && refusal != nil:
				t.Fatalf("refused: %+v", refusal)
			case tt.rule != "" && (refusal == nil || refusal.Rule != "identity/token-"+tt.rule):
				t.Fatalf("want rule %s, got %+v", tt.rule, refusal)
			case refusal != nil && (refusal.Status != 401 || refusal.Message == "" || refusal.Remedy == ""):
				t.Errorf("the refusal is incomplete: %+v", refusal)
			}
		})
	}
	if n := other.fetches(); n != 0 {
		t.Errorf("a token made us ask an address of its own %d times", n)
	}
	if n := i.fetches(); n > 1 {
		t.Errorf("unknown key ids made us ask the provider %d times within one instant", n)
	}
}

func TestKeyRotation(t *testing.T) {
	i, c := newIssuer(t), &clock{t: noon}
	ps := open(t, i, c, nil, "")
	long := i.claims(map[string]any{"exp": noon.Add(48 * time.Hour).Unix()})
	old := raw(good, long, rs256(rsaKey()))
	fresh := raw(`{"alg":"RS256","kid":"three"}`, long, rs256(otherKey()))
	verify := func(token string) string {
		t.Helper()
		if _, r := ps.Verify(t.Context(), token); r != nil {
			return r.Rule
		}
		return ""
	}
	if got := verify(old); got != "" {
		t.Fatal(got)
	}
	generation := ps.Generation()
	i.set(func() { i.keys = []jose.JSONWebKey{{Key: otherKey().Public(), KeyID: "three"}} })
	if got := verify(fresh); got != "identity/token-signature" {
		t.Errorf("within the rate limit the provider was asked: %q", got)
	}
	c.advance(11 * time.Second)
	if got := verify(fresh); got != "" {
		t.Errorf("a new key was not found: %q", got)
	}
	if got := verify(old); got != "identity/token-signature" {
		t.Errorf("a withdrawn key still counts: %q", got)
	}
	if ps.Generation() == generation {
		t.Error("nobody is told of the withdrawn key")
	}
	// The provider goes away: known keys stay good for a day, and no longer.
	i.set(func() { i.away = true })
	c.advance(23 * time.Hour)
	if got := verify(fresh); got != "" {
		t.Errorf("while the provider was away: %q", got)
	}
	c.advance(2 * time.Hour)
	if got := verify(fresh); got != "identity/token-provider" {
		t.Errorf("a day after the provider went away: %q", got)
	}
}

// A flood of made-up key ids costs the provider at most one question in ten seconds.
func TestKeyFloodIsBounded(t *testing.T) {
	i, c := newIssuer(t), &clock{t: noon}
	ps := open(t, i, c, nil, "")
	for n := range 200 {
		ps.Verify(t.Context(), raw(fmt.Sprintf(`{"alg":"RS256","kid":"k%d"}`, n), i.claims(nil), nothing))
		c.advance(100 * time.Millisecond)
	}
	if n := i.fetches(); n > 3 {
		t.Errorf("20 s of unknown key ids asked the provider %d times", n)
	}
}

func TestStartsWithoutTheProvider(t *testing.T) {
	i, c, cache := newIssuer(t), &clock{t: noon}, t.TempDir()
	token := raw(good, i.claims(nil), rs256(rsaKey()))
	if _, r := open(t, i, c, nil, cache).Verify(t.Context(), token); r != nil {
		t.Fatal(r)
	}
	i.set(func() { i.away = true })
	if _, r := open(t, i, c, nil, cache).Verify(t.Context(), token); r != nil {
		t.Errorf("with what was remembered: %+v", r)
	}
	if _, r := open(t, i, c, nil, t.TempDir()).Verify(t.Context(), token); r == nil || r.Status != 503 {
		t.Errorf("with nothing remembered: %+v", r)
	}
}

func TestDiscoveryOfAnotherIssuerIsRefused(t *testing.T) {
	i := newIssuer(t)
	i.spoofed = "https://evil.example.org"
	if _, r := open(t, i, &clock{t: noon}, nil, "").Verify(t.Context(), raw(good, i.claims(nil), rs256(rsaKey()))); r == nil || r.Rule != "identity/token-provider" {
		t.Errorf("got %+v", r)
	}
}

func TestMapping(t *testing.T) {
	i := newIssuer(t)
	ps := open(t, i, &clock{t: noon}, func(c *oidc.Config) {
		c.GroupsClaim, c.GroupsPrefix = "groups", "idp/"
		c.Rules = []oidc.Rule{
			{Claim: "realm_access.roles", Value: "ml", Role: reeve.RoleMLEngineer},
			{Claim: "groups", Value: "hr", Clearance: reeve.NewLabel(reeve.Confidential, "HR")},
			{Claim: "groups", Value: "med", Clearance: reeve.NewLabel(reeve.Internal, "MED")},
			{Claim: "https://example.org/dept", Department: true},
			{Claim: "country", Country: true},
			{Claim: "trained", Value: "true", Training: "ai-basics"},
			{Claim: "site", Attribute: "site"},
		}
	}, "")
	got, r := ps.Verify(t.Context(), raw(good, i.claims(map[string]any{
		"groups": []any{"hr", "med", 7, "bad\nname"}, "realm_access": map[string]any{"roles": []string{"ml", "admin"}}, "https://example.org/dept": "nlp",
		"country": "de", "trained": true, "site": "berlin", "name": "Ana", "email": "ana@example.org", "email_verified": true, "amr": []string{"pwd", "otp"},
		"clearance": "restricted", "roles": []string{"admin"},
	}), rs256(rsaKey())))
	if r != nil {
		t.Fatal(r)
	}
	want := &oidc.Person{
		Issuer: i.URL, Subject: "ana-1", Name: "ana", DisplayName: "Ana", Email: "ana@example.org", Roles: []reeve.Role{reeve.RoleMLEngineer},
		Groups: []string{"idp/hr", "idp/med"}, Clearance: reeve.NewLabel(reeve.Confidential, "HR", "MED"), Department: "nlp", Country: "DE",
		Training: []string{"ai-basics"}, Attributes: map[string]string{"site": "berlin"}, MFA: true, Expires: noon.Add(330 * time.Second),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	bare, r := ps.Verify(t.Context(), raw(good, i.claims(map[string]any{"email": "ana@example.org", "clearance": "restricted"}), rs256(rsaKey())))
	if r != nil || bare.Clearance.Level != reeve.Public || len(bare.Roles) != 0 || bare.Email != "" || bare.MFA {
		t.Errorf("claims without a rule mean something: %+v, %+v", bare, r)
	}
	many := make([]string, 1001)
	for n := range many {
		many[n] = "g"
	}
	if _, r := ps.Verify(t.Context(), raw(good, i.claims(map[string]any{"groups": many}), rs256(rsaKey()))); r == nil || r.Rule != "identity/token-groups" {
		t.Errorf("a thousand and one groups: %+v", r)
	}
}

func TestLogin(t *testing.T) {
	i, c := newIssuer(t), &clock{t: noon}
	p := open(t, i, c, nil, "").Login("")
	address, state, flow, r := p.Begin(t.Context())
	if r != nil {
		t.Fatal(r)
	}
	for _, want := range []string{"code_challenge_method=S256", "code_challenge=", "nonce=" + flow.Nonce, "state=" + state, "redirect_uri=https%3A%2F%2Freeve.example.org%2Fauth%2Fcallback", "response_type=code"} {
		if !strings.Contains(address, want) {
			t.Errorf("the address lacks %s: %s", want, address)
		}
	}
	if strings.Contains(address, flow.Verifier) {
		t.Error("the verifier travels by the browser")
	}
	nonce := flow.Nonce
	i.answer = func(form map[string][]string) string {
		if form["code_verifier"][0] != flow.Verifier || form["redirect_uri"][0] != "https://reeve.example.org/auth/callback" {
			t.Errorf("form %v", form)
		}
		return raw(good, i.claims(map[string]any{"aud": "console", "nonce": nonce}), rs256(rsaKey()))
	}
	if person, r := p.Finish(t.Context(), "code", flow); r != nil || person.Subject != "ana-1" {
		t.Errorf("%+v %+v", person, r)
	}
	_, _, second, _ := p.Begin(t.Context())
	flow.Verifier = second.Verifier // the provider answers with the token of the first sign-in
	if _, r := p.Finish(t.Context(), "code", second); r == nil || r.Rule != "identity/token-nonce" {
		t.Errorf("a replayed nonce: %+v", r)
	}
	nonce = ""
	if _, r := p.Finish(t.Context(), "code", second); r == nil || r.Rule != "identity/token-nonce" {
		t.Errorf("no nonce: %+v", r)
	}
	if _, r := p.Finish(t.Context(), "code", oidc.Flow{Issuer: i.URL}); r == nil || r.Rule != "identity/token-flow" {
		t.Errorf("a flow without a nonce: %+v", r)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, c := range map[string]oidc.Config{
		"plain http":               {Issuer: "http://idp.example.org"},
		"query":                    {Issuer: "https://idp.example.org?x"},
		"symmetric algorithm":      {Issuer: "https://idp.example.org", Algorithms: []string{"HS256"}},
		"none":                     {Issuer: "https://idp.example.org", Algorithms: []string{"none"}},
		"rule without a meaning":   {Issuer: "https://idp.example.org", Rules: []oidc.Rule{{Claim: "x", Value: "y"}}},
		"clearance for any value":  {Issuer: "https://idp.example.org", Rules: []oidc.Rule{{Claim: "x", Clearance: reeve.NewLabel(reeve.Restricted)}}},
		"role that does not exist": {Issuer: "https://idp.example.org", Rules: []oidc.Rule{{Claim: "x", Value: "y", Role: "king"}}},
	} {
		if _, err := oidc.Open([]oidc.Config{c}, oidc.Options{}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func FuzzVerify(f *testing.F) {
	i := newIssuer(f)
	ps := open(f, i, &clock{t: noon}, func(c *oidc.Config) { c.GroupsClaim = "a.b" }, "")
	f.Add(raw(good, i.claims(nil), rs256(rsaKey())))
	f.Add("e30.e30.")
	f.Add(b64([]byte(`{"alg":"RS256"}`)) + "." + b64([]byte(`{"iss":"`+i.URL+`","aud":["reeve"],"exp":1e300}`)) + ".AA")
	f.Fuzz(func(t *testing.T, token string) {
		p, r := ps.Verify(t.Context(), token)
		if (p == nil) == (r == nil) {
			t.Fatalf("neither a person nor a refusal, or both: %v %v", p, r)
		}
	})
}
