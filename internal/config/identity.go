package config

import (
	"fmt"
	"net/url"

	"github.com/reeve-ai/reeve"
)

// identity checks what can be seen without asking a provider or a file.
func (v *validator) identity(c *Config) {
	id := &c.Identity
	if id.PublicURL != "" {
		u, err := url.Parse(id.PublicURL)
		if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" || u.Scheme != "https" && !isLoopback(u.Hostname()) {
			v.add("identity.public_url", "want an address such as https://reeve.example.org:8401", "browsers keep sessions and passkeys for https only")
		}
	}
	for i, role := range id.UnknownRoles {
		if _, err := reeve.ParseRole(role); err != nil {
			v.add(fmt.Sprintf("identity.unknown_roles[%d]", i), "there is no such role", "the roles are employee, ml-engineer, reviewer, compliance, security, admin and auditor")
		}
	}
	for i := range id.OIDC {
		v.provider(fmt.Sprintf("identity.oidc[%d]", i), &id.OIDC[i], id)
	}
	m := &id.MTLS
	switch {
	case m.Mode != "off" && m.CA == "":
		v.add("identity.mtls.ca", "no authority is named whose certificates count", "name a PEM file")
	case m.Mode != "off" && c.Gateway.TLS.Mode == "off":
		v.add("identity.mtls.mode", "certificates of clients need TLS", "set gateway.tls.mode to local or files")
	}
}

func (v *validator) provider(at string, o *OIDC, id *Identity) {
	if u, err := url.Parse(o.Issuer); err != nil || u.Host == "" || u.Scheme != "https" && !isLoopback(u.Hostname()) {
		v.add(at+".issuer", "want the https address that the provider calls itself", "")
	}
	if o.ClientID != "" && id.PublicURL == "" {
		v.add(at+".client_id", "people sign in at the admin listener, and that has no public address", "set identity.public_url")
	}
	if o.ClientID == "" && len(o.Audiences) == 0 {
		v.add(at+".issuer", "the provider is for nothing", "give it a client_id for signing in, or audiences for tokens at the gateway")
	}
	for i, r := range o.Rules {
		if r.Role == "" {
			continue
		}
		if _, err := reeve.ParseRole(r.Role); err != nil {
			v.add(fmt.Sprintf("%s.rules[%d].role", at, i), "there is no such role", "the roles are employee, ml-engineer, reviewer, compliance, security, admin and auditor")
		}
	}
}
