package gateway

import (
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/label"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// filterModels leaves in the runtime's list only what this caller may use: a model that is refused need not be shown.
func (g *Gateway) filterModels(x *exchange) {
	member, name := "data", "id"
	if x.ep.Kind == upstream.Tags {
		member, name = "models", "name"
	}
	d := &x.ev.Doc
	models := d.Member(0, member)
	if !d.IsArray(models) {
		return
	}
	kept := []byte{'['}
	dropped := false
	for c := d.First(models); c < d.End(models); c = d.Next(c) {
		id := d.Member(c, name)
		if !d.IsString(id) || !g.mayUse(x, string(d.Text(id))) {
			dropped = true
			continue
		}
		if len(kept) > 1 {
			kept = append(kept, ',')
		}
		kept = append(kept, d.Raw(c)...)
	}
	if dropped {
		list := string(append(kept, ']'))
		x.edits.SetRaw(d, models, list)
		x.kept.SetRaw(d, models, list)
	}
}

// mayUse reports whether the caller could use a model now.
func (g *Gateway) mayUse(x *exchange, model string) bool {
	if g.opts.Admission != nil {
		if u, as := g.target(model); u != nil {
			if pass := g.opts.Admission.Admit(u.Name, as); pass != nil && pass.Refusal(x.start) != nil {
				return false
			}
		}
	}
	q := access.Request{Principal: x.session.Principal, Action: access.ModelUse, Resource: g.resource(model), Context: g.context(x)}
	return x.session.AllowModel(model) == nil && label.May(x.session.Principal.Clearance, q.Resource.Label) &&
		access.Decide(g.decider(), q).Refusal() == nil
}
