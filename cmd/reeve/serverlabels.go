package main

import (
	"crypto/tls"
	"net/netip"
	"net/url"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/config"
	"github.com/reeve-ai/reeve/internal/gateway"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// labelOptions tells the gateway what the configuration says about labels, models, routes and networks.
func (s *server) labelOptions(o *gateway.Options) (err error) {
	cfg := &s.settings.Gateway
	for _, r := range cfg.Routes {
		o.BestEffort[r.Path] = r.Custody == "best_effort"
		o.Purposes[r.Path] = r.Purpose
		o.Hold[r.Path] = r.Hold
	}
	for i := range cfg.Models {
		o.Models = append(o.Models, modelOf(&cfg.Models[i]))
	}
	if o.Labels, err = loadLabels(s.settings.Path(s.settings.Labels.Policy)); err != nil {
		return &usageError{err, "policies/labels.yaml of the sources explains the format"}
	}
	l := &s.settings.Labels
	o.Talks = gateway.Conversations{Marks: s.db, Window: time.Duration(l.Window), Life: time.Duration(l.Life), ByKey: l.Conversations == "key"}
	countries := map[netip.Prefix]string{}
	for _, n := range cfg.Networks {
		if p, err := netip.ParsePrefix(n.Prefix); err == nil { // Validate has told of others
			countries[p] = n.Country
		}
	}
	o.Networks = gateway.NewNetworks(countries)
	for _, text := range cfg.TrustedProxies {
		if p, err := netip.ParsePrefix(text); err == nil {
			o.Proxies = append(o.Proxies, p)
		}
	}
	return nil
}

func modelOf(m *config.Model) gateway.Model {
	out := gateway.Model{
		Name: m.Name, Upstream: m.Upstream, As: m.UpstreamModel, Label: m.Label,
		Resource: access.Resource{
			Owner: m.Owner, SharedWith: m.SharedWith, Department: m.Department,
			Regions: m.Regions, Purposes: m.Purposes, RequiredTraining: m.RequiredTraining,
		},
	}
	if m.Takes != "" {
		takes, err := reeve.ParseLabel(m.Takes)
		if err != nil { // Validate has told of it
			takes = reeve.Label{}
		}
		out.Takes = &takes
	}
	return out
}

// private reports whether nobody between here and an upstream can listen.
func private(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || gateway.Loopback(u.Hostname()))
}

// upstreamTLS is what a TLS connection to an upstream must be.
func (s *server) upstreamTLS(u *config.Upstream) (*tls.Config, error) {
	return s.tlsTo("upstream "+u.Name, &u.TLS)
}

// tlsTo is the TLS of a client to a system that the configuration names.
func (s *server) tlsTo(name string, t *config.UpstreamTLS) (*tls.Config, error) {
	pin, err := config.ParsePin(t.Pin)
	if err != nil {
		return nil, usage("", "%s: pin: %w", name, err)
	}
	c, err := upstream.TLS(upstream.TLSOptions{
		CA: s.settings.Path(t.CA), Cert: s.settings.Path(t.Cert), Key: s.settings.Path(t.Key), Pin: pin, ServerName: t.ServerName,
	})
	if err != nil {
		return nil, usage("the files are PEM; certificates come before their chain", "%s: %w", name, err)
	}
	return c, nil
}
