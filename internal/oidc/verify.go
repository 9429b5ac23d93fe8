package oidc

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/reeve-ai/reeve"
)

// maxToken is the longest token that is looked at, in bytes. Providers that list groups by the hundred stay below it.
const maxToken = 16 << 10

// Providers are the issuers that are trusted. The zero value trusts nobody. It is safe for concurrent use.
type Providers struct {
	list []*Provider
}

// Open checks the configuration of every provider. It asks none of them: what is not known is asked for when it is needed.
func Open(configs []Config, o Options) (*Providers, error) {
	ps := &Providers{}
	for _, c := range configs {
		for _, other := range ps.list {
			if other.cfg.Issuer == c.Issuer {
				return nil, fmt.Errorf("issuer %s is listed twice", c.Issuer)
			}
		}
		p, err := newProvider(c, o)
		if err != nil {
			return nil, err
		}
		ps.list = append(ps.list, p)
	}
	return ps, nil
}

// Generation differs after the keys of any provider have changed.
func (ps *Providers) Generation() (sum uint64) {
	for _, p := range ps.list {
		sum += p.generation.Load()
	}
	return sum
}

// Login is the first provider with which people can sign in; nil where there is none. An issuer chooses among several.
func (ps *Providers) Login(issuer string) *Provider {
	for _, p := range ps.list {
		if p.cfg.RedirectURL != "" && (issuer == "" || issuer == p.cfg.Issuer) {
			return p
		}
	}
	return nil
}

// Verify checks a bearer token. Exactly one of its results is nil.
func (ps *Providers) Verify(ctx context.Context, token string) (*Person, *reeve.Refusal) {
	t, err := split(token)
	if err != nil {
		return nil, refuse("malformed", err.Error(), "send the access token as the provider gave it")
	}
	for _, p := range ps.list {
		if p.cfg.Issuer == t.claims.Issuer {
			if len(p.cfg.Audiences) == 0 {
				return nil, refuse("audience", "tokens of this issuer are not taken at the gateway", "use an API key, or ask an administrator to list an audience")
			}
			return p.verify(ctx, t, p.cfg.Audiences, "")
		}
	}
	return nil, refuse("issuer", "the issuer of the token is not one of this server's", "sign in with the provider of this server")
}

func refuse(rule, message, remedy string) *reeve.Refusal {
	return &reeve.Refusal{Status: http.StatusUnauthorized, Code: "unauthenticated", Rule: "identity/token-" + rule, Message: message, Remedy: remedy}
}

// header is the protected header (RFC 7515 section 4.1). The members that name or hold keys (jku, jwk, x5u, x5c) are not
// among them: they are not looked at.
type header struct {
	Algorithm string         `json:"alg"`
	Type      string         `json:"typ"`
	KeyID     string         `json:"kid"`
	Critical  jsontext.Value `json:"crit"`
	Encoded   jsontext.Value `json:"b64"`
}

// claims are the registered ones (RFC 7519 section 4.1, OpenID Connect Core section 2).
type claims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	Party     string   `json:"azp"`
	Client    string   `json:"client_id"` // RFC 9068 section 2.2
	Expires   *seconds `json:"exp"`
	NotBefore *seconds `json:"nbf"`
	Issued    *seconds `json:"iat"`
	Nonce     string   `json:"nonce"`
	Methods   []string `json:"amr"`
}

// audience is one text or a list of them.
type audience []string

func (a *audience) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		*a = make(audience, 1)
		return json.Unmarshal(text, &(*a)[0])
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// seconds since 1970, whole or not (RFC 7519 section 2, NumericDate).
type seconds float64

func (s seconds) time() time.Time {
	const most = 1 << 40 // beyond the year 36000 nothing is meant
	return time.UnixMilli(int64(max(min(float64(s), most), -most) * 1000))
}

// token is a token taken apart, of which nothing is believed yet.
type token struct {
	text   string
	header header
	claims claims
	all    map[string]jsontext.Value
}

// split takes a token in compact form apart. Repeated names, invalid UTF-8 and padding are refused, because another reader
// might see another token.
func split(text string) (*token, error) {
	if len(text) > maxToken {
		return nil, fmt.Errorf("the token is longer than %d bytes", maxToken)
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" {
		return nil, errors.New("the token does not have the three parts of a signed one")
	}
	t := &token{text: text}
	for i, into := range []any{&t.header, &t.claims} {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
		if err != nil {
			return nil, errors.New("the token is not in base64url")
		}
		if err := json.Unmarshal(raw, into); err != nil {
			return nil, errors.New("the token holds no JSON object with the members that tokens have")
		}
		if i == 1 {
			if err := json.Unmarshal(raw, &t.all); err != nil {
				return nil, errors.New("the token's claims are no JSON object")
			}
		}
	}
	return t, nil
}

// verify checks everything about a token of this provider. nonce is what a sign-in demands; "" for bearer tokens.
func (p *Provider) verify(ctx context.Context, t *token, audiences []string, nonce string) (*Person, *reeve.Refusal) {
	if refusal := p.head(&t.header, nonce != ""); refusal != nil {
		return nil, refusal
	}
	keys, err := p.find(ctx, t.header.KeyID, t.header.Algorithm)
	if err != nil {
		return nil, &reeve.Refusal{
			Status: http.StatusServiceUnavailable, Code: "identity_unavailable", Rule: "identity/token-provider",
			Message: "the provider does not answer, and its keys are not known", Remedy: "try again; API keys work without the provider",
		}
	}
	if !signed(t, keys) {
		return nil, refuse("signature", "no current key of the provider signed the token", "sign in again")
	}
	if refusal := p.times(&t.claims); refusal != nil {
		return nil, refusal
	}
	if refusal := p.addressed(&t.claims, audiences); refusal != nil {
		return nil, refusal
	}
	switch {
	case t.claims.Subject == "" || len(t.claims.Subject) > 255:
		return nil, refuse("subject", "the token does not say whose it is", "ask the administrator of the provider")
	case nonce != "" && t.claims.Nonce != nonce:
		return nil, refuse("nonce", "the token belongs to another sign-in", "sign in again")
	}
	return p.person(t)
}

// head checks what the token says of itself before any key is looked for (RFC 8725 sections 3.1, 3.11).
func (p *Provider) head(h *header, login bool) *reeve.Refusal {
	typ := strings.TrimPrefix(strings.ToLower(h.Type), "application/")
	switch {
	case !slices.Contains(p.cfg.Algorithms, h.Algorithm):
		return refuse("algorithm", "the token is not signed by an algorithm that is taken here", "have the provider sign with "+strings.Join(p.cfg.Algorithms, ", "))
	case len(h.Critical) > 0 || len(h.Encoded) > 0:
		return refuse("critical", "the token demands an extension that is not understood here", "have the provider leave it out")
	case len(h.KeyID) > 256:
		return refuse("key", "the id of the token's key is too long", "sign in again")
	case typ != "" && typ != "jwt" && (login || typ != "at+jwt"):
		return refuse("type", "the token is of a kind that is not for signing in", "send an access token")
	}
	return nil
}

func signed(t *token, keys []jose.JSONWebKey) bool {
	jws, err := jose.ParseSignedCompact(t.text, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(t.header.Algorithm)})
	if err != nil {
		return false
	}
	for _, key := range keys {
		if _, err := jws.Verify(key.Key); err == nil {
			return true
		}
	}
	return false
}

func (p *Provider) times(c *claims) *reeve.Refusal {
	now := p.now()
	switch {
	case c.Expires == nil:
		return refuse("expiry", "the token never ends", "have the provider give tokens that do")
	case !now.Before(c.Expires.time().Add(p.cfg.Skew)):
		return refuse("expired", "the token has expired", "sign in again")
	case c.NotBefore != nil && now.Add(p.cfg.Skew).Before(c.NotBefore.time()):
		return refuse("early", "the token is not valid yet", "check the clocks of the provider and of this server")
	case c.Issued != nil && now.Add(p.cfg.Skew).Before(c.Issued.time()):
		return refuse("early", "the token was issued in the future", "check the clocks of the provider and of this server")
	}
	return nil
}

// addressed demands that the token is for this server, and where it is for others too, that the party it was given to is
// known here (OpenID Connect Core section 3.1.3.7, points 3 to 5).
func (p *Provider) addressed(c *claims, audiences []string) *reeve.Refusal {
	if !slices.ContainsFunc(c.Audience, func(a string) bool { return slices.Contains(audiences, a) }) {
		return refuse("audience", "the token is for somebody else", "ask the provider for a token with the audience of this server")
	}
	party := c.Party
	if party == "" {
		party = c.Client
	}
	clients := append([]string{p.cfg.ClientID}, p.cfg.Clients...)
	if party == "" && len(c.Audience) > 1 || party != "" && (len(c.Audience) > 1 || c.Party != "") && !slices.Contains(clients, party) && !slices.Contains(audiences, party) {
		return refuse("party", "the token was given to a party that is not known here", "ask an administrator to list the client")
	}
	return nil
}
