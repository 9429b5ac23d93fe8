package gateway

import (
	"net/http"
	"net/netip"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// intend makes the intent durable before one byte goes to the model. A route with best-effort custody queues it, and the
// record says so. If the log cannot take it, nothing is served.
func (g *Gateway) intend(x *exchange) *reeve.Refusal {
	g.describe(x)
	began := g.opts.Clock()
	in := custody.Intent{ID: x.id, Start: x.start, Request: x.about, Input: x.sent}
	if g.unkept(x) {
		in.Input = nil
	}
	put := g.opts.Log.Intent
	if x.bestEffort {
		put = g.opts.Log.IntentAsync
	}
	err := put(&in)
	x.custodyTime += g.opts.Clock().Sub(began)
	if err != nil {
		return unavailable()
	}
	x.intended = true
	return nil
}

func unavailable() *reeve.Refusal {
	return &reeve.Refusal{
		Status: http.StatusServiceUnavailable, Code: "audit_unavailable", Rule: "custody/fail-closed",
		Message: "The custody log cannot take a record now, so nothing is served.", Remedy: "Try again; tell the operator if it lasts.",
	}
}

// describe collects what is known of the request, for the record.
func (g *Gateway) describe(x *exchange) {
	a := &x.about
	*a = custody.Request{
		Source: sourcePrefix(g.peer(x)), App: x.r.Header.Get("User-Agent"), Route: "unknown", Authn: "none",
		Policy: x.policy.digest, Access: x.decision, AccessRule: x.rule, BestEffort: x.bestEffort,
		AccessRules: accessRules(&x.access), AccessPolicy: x.access.PolicyDigest, AccessEntities: x.access.EntityDigest,
		LabelIn: x.labelIn.String(), LabelSent: above(x.labelSent), LabelModel: above(x.modelLabel), LabelSession: above(x.mark), GuardIn: x.warning(results(x.inVerdict, "in")), Model: x.req.Model, Stream: x.req.Stream,
	}
	if g.opts.Trace {
		a.TraceID, a.SpanID = traceOf(x.r.Header["Traceparent"])
	}
	if x.ep != nil {
		a.Route, a.Dialect, a.Op = x.ep.Path, x.ep.Dialect.String(), operation(x.ep.Kind)
	}
	if x.session != nil {
		p := &x.session.Principal
		a.Subject, a.KeyID, a.Authn, a.RoleDigest = p.ID, x.session.Key.ID, x.session.Authn, x.session.RoleDigest
	}
	if x.upstream != nil {
		a.Upstream = x.upstream.Name
	}
}

// above is a label for the record, left out where it is public.
func above(l reeve.Label) string {
	if l.IsZero() {
		return ""
	}
	return l.String()
}

func operation(k upstream.Kind) string {
	switch k {
	case upstream.ChatCompletions, upstream.Chat:
		return "chat"
	case upstream.Completions, upstream.Generate:
		return "text_completion"
	case upstream.Embeddings, upstream.Embed:
		return "embeddings"
	default:
		return "list"
	}
}

// sourcePrefix is the network a request came from: /24 for IPv4, /48 for IPv6.
func sourcePrefix(a netip.Addr) string {
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

func results(v reeve.Verdict, stage string) []custody.GuardResult {
	if len(v.Reasons) == 0 {
		return nil
	}
	out := make([]custody.GuardResult, len(v.Reasons))
	for i, r := range v.Reasons {
		out[i] = custody.GuardResult{Rule: r.Rule, Stage: stage, Action: r.Action, Count: r.Count, Score: r.Score}
	}
	return out
}
