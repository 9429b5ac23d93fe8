package main

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/admin"
	"github.com/reeve-ai/reeve/internal/config"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/oidc"
	"github.com/reeve-ai/reeve/internal/store"
)

// openStore opens the store in the data directory, or the database that the configuration names.
func openStore(ctx context.Context, cfg *config.Config, dir string) (*store.DB, error) {
	if cfg.Identity.Database == "" {
		return store.Open(ctx, dir)
	}
	url, err := cfg.Secret(cfg.Identity.Database)
	if err != nil {
		return nil, usage("", "identity.database: %w", err)
	}
	return store.OpenPostgres(ctx, url)
}

// openIdentity opens the store and the directory, and brings the latter to what the identity file says.
func (s *server) openIdentity(ctx context.Context) (err error) {
	set, id := s.settings, &s.settings.Identity
	if s.db, err = openStore(ctx, set.Config, set.data); err != nil {
		return err
	}
	o := identity.Options{
		Log: s.log, Idle: time.Duration(id.Session.Idle), Absolute: time.Duration(id.Session.Absolute), Unknown: identity.Unknown{Create: id.Unknown == "create"},
	}
	for _, role := range id.UnknownRoles {
		o.Unknown.Roles = append(o.Unknown.Roles, reeve.Role(role))
	}
	if s.providers, err = s.openProviders(); err != nil {
		return err
	}
	if s.providers != nil {
		o.Tokens = s.providers
	}
	if id.MTLS.Mode != "off" {
		authorities, err := identity.OpenAuthorities(set.Path(id.MTLS.CA), set.Path(id.MTLS.CRL), nil, s.log)
		if err != nil {
			return &usageError{error: err}
		}
		o.Programs = identity.ProgramPolicy{Mode: id.MTLS.Mode, TrustDomains: id.MTLS.TrustDomains, MaxLife: time.Duration(id.MTLS.MaxLife), Authorities: authorities}
		s.authorities = authorities
	}
	if s.keys, err = identity.Open(ctx, s.db, o); err != nil {
		return err
	}
	return s.applyIdentity(ctx)
}

// applyIdentity brings the directory to what the identity file says.
func (s *server) applyIdentity(ctx context.Context) error {
	path := s.settings.Path(s.settings.Identity.File)
	if path == "" {
		return nil
	}
	f, err := identity.LoadFile(path)
	if err != nil {
		return &usageError{error: err}
	}
	done, err := s.keys.Apply(ctx, f)
	if err != nil {
		return usage("change the file, or what stands in its way with `reeve user` and `reeve key`", "identity file %s: %w", path, err)
	}
	if done != (identity.Applied{}) {
		s.log.Info("identity file applied", "created", done.Created, "updated", done.Updated, "removed", done.Removed)
	}
	return nil
}

func (s *server) openProviders() (*oidc.Providers, error) {
	id := &s.settings.Identity
	if len(id.OIDC) == 0 {
		return nil, nil
	}
	var list []oidc.Config
	for _, o := range id.OIDC {
		secret, err := s.settings.Secret(o.ClientSecret)
		if err != nil {
			return nil, usage("", "provider %s: client_secret: %w", o.Issuer, err)
		}
		c := oidc.Config{
			Issuer: o.Issuer, ClientID: o.ClientID, ClientSecret: secret, Scopes: o.Scopes, Audiences: o.Audiences, Clients: o.Clients, Algorithms: o.Algorithms,
			NameClaim: o.NameClaim, GroupsClaim: o.GroupsClaim, GroupsPrefix: o.GroupsPrefix, Skew: time.Duration(o.Skew), Offline: time.Duration(o.Offline),
		}
		if o.ClientID != "" {
			c.RedirectURL = trimSlash(id.PublicURL) + "/auth/callback"
		}
		for _, r := range o.Rules {
			c.Rules = append(c.Rules, oidc.Rule{
				Claim: r.Claim, Value: r.Value, Role: reeve.Role(r.Role).Canonical(), Group: r.Group, Clearance: r.Clearance, Training: r.Training, Attribute: r.Attribute,
				Department: r.As == "department", Country: r.As == "country",
			})
		}
		list = append(list, c)
	}
	providers, err := oidc.Open(list, oidc.Options{Cache: filepath.Join(s.settings.data, "oidc")})
	if err != nil {
		return nil, &usageError{error: err}
	}
	return providers, nil
}

func trimSlash(s string) string {
	if n := len(s); n > 0 && s[n-1] == '/' {
		return s[:n-1]
	}
	return s
}

// minSCIMToken keeps words out: whoever has the token makes and ends accounts.
const minSCIMToken = 32

// adminHandler is everything on the admin listener; next answers for health and metrics.
func (s *server) adminHandler(next http.Handler) (http.Handler, error) {
	token, err := s.settings.Secret(s.settings.Identity.SCIMToken)
	if err == nil && token != "" && len(token) < minSCIMToken {
		err = fmt.Errorf("the token has fewer than %d characters", minSCIMToken)
	}
	if err != nil {
		return nil, usage("make one with: openssl rand -hex 32", "identity.scim_token: %w", err)
	}
	o := admin.Options{
		Directory: s.keys, Store: s.db, Access: s.access, Providers: s.providers, PublicURL: trimSlash(s.settings.Identity.PublicURL), SCIMToken: token, Log: s.log, Next: next, Reviews: s.house.review,
		Incidents: s.house.incidents(),
	}
	if s.admission != nil {
		o.Admission = s.admission
	}
	if s.watch != nil {
		o.Alerts = s.house
	}
	for _, network := range s.settings.Gateway.TrustedProxies {
		p, err := netip.ParsePrefix(network)
		if err != nil {
			return nil, usage("", "gateway.trusted_proxies: %w", err)
		}
		o.Proxies = append(o.Proxies, p)
	}
	h, err := admin.New(o)
	if err != nil {
		return nil, &usageError{error: err}
	}
	return h, s.mountConsole(h)
}
