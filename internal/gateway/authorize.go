package gateway

import (
	"net/http"
	"strings"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// authorize asks whether this caller may use this model in these circumstances, and finds the runtime that serves it.
func (g *Gateway) authorize(x *exchange) *reeve.Refusal {
	x.decision = "deny"
	if refusal := g.converse(x); refusal != nil {
		return refusal
	}
	x.modelLabel = g.labelOf(x.req.Model)
	x.purpose = g.purpose(x)
	q := access.Request{Principal: x.session.Principal, Action: access.ModelUse, Resource: g.resource(x.req.Model), Context: g.context(x)}
	if x.ep.Method == http.MethodGet {
		q.Action, q.Resource = access.ModelList, access.Model("*", reeve.Label{})
	}
	d := access.Decide(g.decider(), q)
	x.rule, x.access = d.Rule, d
	if refusal := d.Refusal(); refusal != nil {
		return refusal
	}
	if x.req.Model != "" {
		if refusal := x.session.AllowModel(x.req.Model); refusal != nil {
			x.rule = refusal.Rule
			return refusal
		}
	}
	x.decision = "allow"
	x.upstream, x.as = g.target(x.req.Model)
	if x.ep.Dialect == upstream.Ollama && x.upstream.Dialect != upstream.Ollama {
		return &reeve.Refusal{
			Status: http.StatusNotFound, Code: "not_found", Rule: "gateway/surface",
			Message: "The runtime behind this model does not speak the Ollama dialect.", Remedy: "Use /v1/chat/completions.",
		}
	}
	return nil
}

// resource is a model as it was configured; one that is not listed has its name and nothing else.
func (g *Gateway) resource(model string) access.Resource {
	m, listed := g.models[model]
	if !listed {
		return access.Model(model, g.labelOf(model))
	}
	r := m.Resource
	r.Kind, r.Name, r.Label = access.KindModel, m.Name, g.labelOf(model)
	return r
}

// context is what the gateway itself knows of the circumstances. Nothing in it comes from a header or a body, but for the
// address that a trusted proxy vouches for.
func (g *Gateway) context(x *exchange) access.Context {
	ip := g.peer(x)
	c := access.Context{
		Now: x.start, IP: ip, Country: g.opts.Networks.Country(ip), Purpose: x.purpose, MFA: x.session.MFA, Session: x.mark,
	}
	if x.r.TLS != nil && len(x.r.TLS.VerifiedChains) > 0 {
		c.Device = access.DeviceManaged // it holds a key that an authority of the house has signed for
	}
	return c
}

// purpose is what the route is for, as it was configured, and where it is for nothing special, what the caller was
// registered for.
func (g *Gateway) purpose(x *exchange) string {
	if p := g.opts.Purposes[x.ep.Path]; p != "" {
		return p
	}
	return x.session.Principal.Attributes["purpose"]
}

// decider is the access policy in force.
func (g *Gateway) decider() access.Decider {
	if d := g.access.Load(); d != nil {
		return *d
	}
	return nil
}

// SetAccess puts another access policy in force, for decisions from now on.
func (g *Gateway) SetAccess(d access.Decider) { g.access.Store(&d) }

// accessRules are all rules that determined the decision, for the record.
func accessRules(d *access.Decision) string {
	if len(d.Rules) < 2 { // the one rule stands in the record already
		return ""
	}
	return strings.Join(d.Rules, ",")
}
