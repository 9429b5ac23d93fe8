package gateway

import (
	"net/http"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/label"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// authorize asks whether this caller may use this model, and finds the runtime that serves it.
func (g *Gateway) authorize(x *exchange) *reeve.Refusal {
	x.decision = "deny"
	action, resource := access.ModelUse, access.Model(x.req.Model, g.models[x.req.Model].Label)
	if x.ep.Method == http.MethodGet {
		action, resource = access.ModelList, access.Model("*", reeve.Label{})
	}
	d := access.Decide(g.opts.Access, access.Request{
		Principal: x.session.Principal, Action: action, Resource: resource, Context: access.Context{Now: time.Now()},
	})
	x.rule = d.Rule
	if refusal := d.Refusal(); refusal != nil {
		return refusal
	}
	if x.req.Model != "" {
		if refusal := x.session.AllowModel(x.req.Model); refusal != nil {
			x.rule = refusal.Rule
			return refusal
		}
	}
	if l := g.models[x.req.Model].Label; !label.May(x.session.Principal.Clearance, l) {
		x.rule = "label/clearance"
		return &reeve.Refusal{
			Status: http.StatusForbidden, Code: "forbidden", Rule: x.rule,
			Message: "The model is labelled " + l.String() + ", and the clearance of this API key does not dominate that.",
			Remedy:  "Use a key with the clearance, or another model.",
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
