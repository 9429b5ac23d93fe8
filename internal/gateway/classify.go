package gateway

import (
	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/guard"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// maskHeader lets a caller ask for reversible masks: a value of its request reaches the model as [[EMAIL_1]], and the value
// stands in the answer again. Rules that are not marked reversible mask for good.
const maskHeader = "Reeve-Mask"

// classify looks at every string that the model could read and notes what is in it: the label of the request and the
// verdict of the guards. guardInput acts on it.
func (g *Gateway) classify(x *exchange) *reeve.Refusal {
	began := g.opts.Clock()
	set := x.set(reeve.In)
	if x.policy.reversible && x.r.Header.Get(maskHeader) == "reversible" {
		x.vault = guard.NewVault()
	}
	x.edits.Reset()
	var findings []reeve.Finding
	for _, t := range x.req.Texts {
		x.texts = x.req.Doc.AppendText(x.texts[:0], t.Node)
		res := x.check(set, t.Channel, x.texts)
		if len(res.Findings) > 0 {
			findings = append(findings, res.Findings...)
			x.inVerdict = merge(x.inVerdict, res.Verdict)
		}
		if res.Block != nil && x.inBlock == nil {
			x.inBlock = res.Block
		}
		if res.Changed {
			x.edits.SetText(&x.req.Doc, t.Node, res.Text)
		}
	}
	if len(findings) > 0 {
		x.labelIn = g.opts.Labels.Classify(findings)
	}
	x.guardTime += g.opts.Clock().Sub(began)
	return nil
}

// set is the rules in force for this exchange in one direction.
func (x *exchange) set(d reeve.Direction) *guard.Set {
	return x.policy.policy.For(d, guard.Scope{Route: x.ep.Path, Model: x.req.Model, Role: x.session.Principal.RoleNames(), Label: x.labelIn.String()})
}

// check judges one complete text. The arguments of a tool call are a JSON text of their own.
func (x *exchange) check(set *guard.Set, ch upstream.Channel, text []byte) guard.Result {
	if ch == upstream.ToolArguments {
		return set.CheckJSON(text, x.vault)
	}
	return set.Check(text, x.vault)
}

// merge joins two verdicts: the stronger action, the reasons of both, counted per rule.
func merge(a, b reeve.Verdict) reeve.Verdict {
	a.Action = max(a.Action, b.Action)
next:
	for _, r := range b.Reasons {
		for i := range a.Reasons {
			if a.Reasons[i].Rule == r.Rule {
				a.Reasons[i].Count += r.Count
				continue next
			}
		}
		a.Reasons = append(a.Reasons[:len(a.Reasons):len(a.Reasons)], r)
	}
	return a
}
