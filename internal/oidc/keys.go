package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// What is read of a provider at most, and how often it is asked.
const (
	maxDocument = 1 << 20
	maxKeys     = 100
	askAgain    = 10 * time.Second // for a key id that is not known: whoever invents ids cannot make us ask more often
	refresh     = 15 * time.Minute // for a key that was withdrawn
)

// metadata is what discovery tells (OpenID Connect Discovery 1.0, section 3).
type metadata struct {
	Issuer        string         `json:"issuer"`
	Authorization string         `json:"authorization_endpoint"`
	Token         string         `json:"token_endpoint"`
	Keys          string         `json:"jwks_uri"`
	EndSession    string         `json:"end_session_endpoint,omitzero"`
	KeySet        jsontext.Value `json:"reeve_keys,omitzero"` // only in the cache
	Fetched       time.Time      `json:"reeve_fetched,omitzero"`
}

// known is what is known of a provider now. It is never changed, only replaced.
type known struct {
	metadata
	keys    map[string][]jose.JSONWebKey // by id
	digest  [sha256.Size]byte            // of the key set
	fetched time.Time
}

// Provider is one issuer. It is safe for concurrent use.
type Provider struct {
	cfg    Config
	now    func() time.Time
	client *http.Client
	cache  string
	state  atomic.Pointer[known]

	generation atomic.Uint64 // raised when a key was withdrawn or changed

	mu    sync.Mutex // one question to the provider at a time; guards asked and failed
	asked time.Time
	err   error // of the last question
}

func newProvider(cfg Config, o Options) (*Provider, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if len(cfg.Algorithms) == 0 {
		cfg.Algorithms = usual
	}
	if cfg.NameClaim == "" {
		cfg.NameClaim = "preferred_username"
	}
	if cfg.Skew == 0 {
		cfg.Skew = 30 * time.Second
	}
	if cfg.Offline == 0 {
		cfg.Offline = 24 * time.Hour
	}
	p := &Provider{cfg: cfg, now: o.Clock, client: o.Client}
	if p.now == nil {
		p.now = time.Now
	}
	if p.client == nil {
		p.client = &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if o.Cache != "" {
		name := sha256.Sum256([]byte(cfg.Issuer))
		p.cache = filepath.Join(o.Cache, "oidc-"+hex.EncodeToString(name[:8])+".json")
		p.recall()
	}
	return p, nil
}

// errAway says that the provider cannot be asked and nothing good is remembered.
var errAway = errors.New("the provider does not answer")

// current is what is known, asked for where nothing is, or where it is old. A provider that is away is remembered for
// Config.Offline.
func (p *Provider) current(ctx context.Context) (*known, error) {
	k := p.state.Load()
	if k != nil && p.now().Sub(k.fetched) < refresh {
		return k, nil
	}
	if err := p.ask(ctx, askAgain); err != nil && (k == nil || p.now().Sub(k.fetched) > p.cfg.Offline) {
		return nil, fmt.Errorf("%w: %w", errAway, err)
	}
	return p.state.Load(), nil
}

// find returns the keys with an id that can check an algorithm. An id that is not known is asked for, at most once in
// askAgain.
func (p *Provider) find(ctx context.Context, id, alg string) ([]jose.JSONWebKey, error) {
	k, err := p.current(ctx)
	if err != nil {
		return nil, err
	}
	if keys := k.fit(id, alg); len(keys) > 0 {
		return keys, nil
	}
	if err := p.ask(ctx, askAgain); err != nil {
		return nil, nil //nolint:nilerr // the known keys stand: the id is not among them
	}
	return p.state.Load().fit(id, alg), nil
}

// fit are the keys with an id, or all where the token names none, whose kind fits the algorithm.
func (k *known) fit(id, alg string) (fitting []jose.JSONWebKey) {
	list := k.keys[id]
	if id == "" {
		for _, keys := range k.keys {
			list = append(list, keys...)
		}
	}
	for _, key := range list {
		if (key.Algorithm == "" || key.Algorithm == alg) && kindFits(key.Key, alg) {
			fitting = append(fitting, key)
		}
	}
	return fitting
}

func kindFits(key any, alg string) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return (strings.HasPrefix(alg, "RS") || strings.HasPrefix(alg, "PS")) && key.N.BitLen() >= 2048 && key.N.BitLen() <= 16384
	case *ecdsa.PublicKey:
		return alg == "ES256" && key.Curve.Params().BitSize == 256 || alg == "ES384" && key.Curve.Params().BitSize == 384 || alg == "ES512" && key.Curve.Params().BitSize == 521
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false // symmetric keys among them
}

// ask fetches discovery and keys, unless that was tried less than since ago.
func (p *Provider) ask(ctx context.Context, since time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.asked.IsZero() && p.now().Sub(p.asked) < since {
		return p.err
	}
	p.asked = p.now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	fresh, err := p.fetch(ctx)
	if p.err = err; err != nil {
		return err
	}
	p.take(fresh)
	p.remember(fresh)
	return nil
}

func (p *Provider) take(fresh *known) {
	old := p.state.Load()
	p.state.Store(fresh)
	if old != nil && old.digest != fresh.digest {
		p.generation.Add(1)
	}
}

func (p *Provider) fetch(ctx context.Context) (*known, error) {
	text, err := p.get(ctx, strings.TrimSuffix(p.cfg.Issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return nil, err
	}
	var m metadata
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, errors.New("the provider's discovery document cannot be read")
	}
	if m.Issuer != p.cfg.Issuer {
		return nil, errors.New("the provider calls itself by another issuer than the configured one")
	}
	for _, address := range []string{m.Keys, m.Authorization, m.Token} {
		if u, err := url.Parse(address); err != nil || u.Host == "" || !secure(u) {
			return nil, errors.New("the provider's discovery document names an address without https")
		}
	}
	if m.KeySet, err = p.get(ctx, m.Keys); err != nil {
		return nil, err
	}
	m.Fetched = p.now()
	return p.parse(m)
}

// parse reads the key set. Keys of unknown kinds are left out, as RFC 7517 section 5 has it.
func (p *Provider) parse(m metadata) (*known, error) {
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(m.KeySet, &set); err != nil || len(set.Keys) > maxKeys {
		return nil, errors.New("the provider's key set cannot be read")
	}
	k := &known{metadata: m, keys: map[string][]jose.JSONWebKey{}, digest: sha256.Sum256(m.KeySet), fetched: m.Fetched}
	for _, text := range set.Keys {
		var key jose.JSONWebKey
		if err := key.UnmarshalJSON(text); err != nil || !key.IsPublic() || !key.Valid() || key.Use != "" && key.Use != "sig" {
			continue
		}
		k.keys[key.KeyID] = append(k.keys[key.KeyID], key)
	}
	return k, nil
}

func (p *Provider) get(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("the provider names an address that is none")
	}
	req.Header.Set("Accept", "application/json")
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask provider: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask provider: status %d", resp.StatusCode)
	}
	if media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || media != "application/json" && media != "application/jwk-set+json" {
		return nil, errors.New("ask provider: the answer is no JSON")
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("ask provider: %w", err)
	}
	if len(text) > maxDocument {
		return nil, errors.New("ask provider: the answer is too large")
	}
	return text, nil
}

// remember keeps what is known for the next start. What fails here costs only that.
func (p *Provider) remember(k *known) {
	if p.cache == "" {
		return
	}
	text, err := json.Marshal(k.metadata)
	if err != nil {
		return
	}
	if os.MkdirAll(filepath.Dir(p.cache), 0o700) != nil || os.WriteFile(p.cache+".new", text, 0o600) != nil {
		return
	}
	_ = os.Rename(p.cache+".new", p.cache)
}

func (p *Provider) recall() {
	text, err := os.ReadFile(p.cache)
	if err != nil || len(text) > 2*maxDocument {
		return
	}
	var m metadata
	if json.Unmarshal(text, &m) != nil || m.Issuer != p.cfg.Issuer || m.Fetched.After(p.now()) {
		return
	}
	if k, err := p.parse(m); err == nil {
		p.state.Store(k)
	}
}
