// Package oidc trusts OpenID providers as far as it is told to: it signs people in (authorization code with PKCE, OpenID
// Connect Core 1.0 section 3.1, RFC 7636, RFC 9700) and verifies bearer tokens (RFC 7519, RFC 8725, RFC 9068).
//
// What a token says of its own key is never believed: the key comes from the provider's key set (RFC 7517), found through
// discovery over TLS, by its id and for an algorithm on the list. What a claim means stands in the mapping rules; a claim
// without a rule means nothing, and a clearance comes from a rule only.
package oidc

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
)

// Config is one provider.
type Config struct {
	Issuer       string   // exactly as the provider spells it
	ClientID     string   // of this server, for signing in
	ClientSecret string   // "": a public client, protected by PKCE alone
	RedirectURL  string   // exact; "": nobody signs in through this provider
	Scopes       []string // beside openid
	Audiences    []string // of bearer tokens that the gateway takes; none: it takes none
	Clients      []string // clients ("azp") whose tokens with several audiences are taken; ClientID always is
	Algorithms   []string // none: RS256, ES256, PS256, EdDSA
	NameClaim    string   // "": preferred_username
	GroupsClaim  string   // path of the claim that lists groups; "": none
	GroupsPrefix string   // put before each, so that a provider cannot name a local group by accident
	Rules        []Rule
	Skew         time.Duration // how far clocks may differ; 0: 30 s
	Offline      time.Duration // how long known keys stay good while the provider is away; 0: 24 h
}

// Rule says what a claim means. Claim is a path, its members joined by dots. Value is what the claim, or one entry of it,
// must be; "" where the value itself is taken, which only Attribute, Department, Country and Training do.
type Rule struct {
	Claim      string
	Value      string
	Role       reeve.Role
	Group      string
	Clearance  reeve.Label
	Training   string
	Attribute  string // name of the attribute to set
	Department bool
	Country    bool
}

// Options of Open. The zero value is usable.
type Options struct {
	Clock  reeve.Clock  // nil: time.Now
	Client *http.Client // nil: one with limits of its own
	Cache  string       // folder for what is known of providers, so that a start does not need them; "": none
}

// The algorithms that can be allowed: signatures with a private key that the provider alone has.
var asymmetric = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

var usual = []string{"RS256", "ES256", "PS256", "EdDSA"}

func (c *Config) check() error {
	u, err := url.Parse(c.Issuer)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return fmt.Errorf("issuer %q is no address without query and fragment", c.Issuer)
	case !secure(u):
		return fmt.Errorf("issuer %q: only https can be trusted beyond this machine", c.Issuer)
	case c.RedirectURL != "" && c.ClientID == "":
		return fmt.Errorf("issuer %s: signing in needs a client id", c.Issuer)
	}
	for _, a := range c.Algorithms {
		if !slices.Contains(asymmetric, a) {
			return fmt.Errorf("issuer %s: algorithm %q is none of %s", c.Issuer, a, strings.Join(asymmetric, ", "))
		}
	}
	for i, r := range c.Rules {
		if err := r.check(); err != nil {
			return fmt.Errorf("issuer %s: mapping rule %d: %w", c.Issuer, i+1, err)
		}
	}
	return nil
}

func (r *Rule) check() error {
	means := 0
	for _, is := range []bool{r.Role != "", r.Group != "", r.Clearance.Level != reeve.Public || len(r.Clearance.Categories) > 0, r.Training != "", r.Attribute != "", r.Department, r.Country} {
		if is {
			means++
		}
	}
	switch {
	case r.Claim == "":
		return fmt.Errorf("no claim is named")
	case means == 0:
		return fmt.Errorf("the rule says of no role, group, clearance, training or attribute what the claim means")
	case r.Value == "" && (r.Role != "" || r.Group != "" || r.Clearance.Level != reeve.Public || len(r.Clearance.Categories) > 0):
		return fmt.Errorf("a role, group or clearance is given for a value: name it")
	case r.Role != "" && !r.Role.Known():
		return fmt.Errorf("role %q is not known", r.Role)
	}
	return nil
}

// secure is https, or http on this machine (for tests and for a provider in a sidecar).
func secure(u *url.URL) bool {
	host := u.Hostname()
	return u.Scheme == "https" || u.Scheme == "http" && (host == "localhost" || host == "127.0.0.1" || host == "::1")
}
