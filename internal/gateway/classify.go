package gateway

import (
	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/guard"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// maskHeader lets a caller ask for reversible masks: a value of its request reaches the model as [[EMAIL_1]], and the value
// stands in the answer again. Rules that are not marked reversible mask for good.
const maskHeader = "Reeve-Mask"

// classify looks at every string that the model could read and notes what is in it: the label of the request as it came
// and as it will go to the model, and the verdict of the guards. guardInput and admit act on it.
func (g *Gateway) classify(x *exchange) *reeve.Refusal {
	began := g.opts.Clock()
	set := x.set(reeve.In)
	if x.policy.reversible && x.r.Header.Get(maskHeader) == "reversible" && !g.mayHold(x) { // an answer that is kept must not have the values back
		x.vault = guard.NewVault()
	}
	x.edits.Reset()
	for _, t := range x.req.Texts {
		x.texts = x.req.Doc.AppendText(x.texts[:0], t.Node)
		if res := g.judge(x, set, t.Channel); res.Changed {
			x.edits.SetText(&x.req.Doc, t.Node, res.Text)
		}
	}
	for _, a := range x.req.Attachments {
		g.attached(x, set, a)
	}
	x.guardTime += g.opts.Clock().Sub(began)
	return nil
}

// judge looks at the text in x.texts.
func (g *Gateway) judge(x *exchange, set *guard.Set, ch upstream.Channel) guard.Result {
	res := x.check(set, ch, x.texts)
	if len(res.Findings) > 0 {
		x.inVerdict = merge(x.inVerdict, res.Verdict)
		x.labelIn = x.labelIn.Join(g.opts.Labels.Classify(res.Findings))
		x.labelSent = x.labelSent.Join(g.opts.Labels.Classify(res.Left))
	}
	if res.Block != nil && x.inBlock == nil {
		x.inBlock = res.Block
	}
	return res
}

// attached judges a file inside the request. One that is text is judged as text, and masks are written into it. What it
// says cannot be known of any other, so it has the label that the classification policy gives to the unread.
func (g *Gateway) attached(x *exchange, set *guard.Set, a upstream.Attachment) {
	if text, ok := x.req.AppendAttachment(x.texts[:0], a); ok {
		x.texts = text
		if res := g.judge(x, set, upstream.Other); res.Changed {
			x.edits.SetText(&x.req.Doc, a.Node, x.req.Attach(a, res.Text))
		}
		return
	}
	x.labelIn, x.labelSent = x.labelIn.Join(g.opts.Labels.Unread()), x.labelSent.Join(g.opts.Labels.Unread())
	if a.Opaque || !x.req.Doc.IsString(a.Node) {
		return
	}
	x.texts = x.req.Doc.AppendText(x.texts[:0], a.Node)
	if res := g.judge(x, set, upstream.Other); res.Changed {
		x.edits.SetText(&x.req.Doc, a.Node, res.Text)
	}
}

// set is the rules in force for this exchange in one direction.
func (x *exchange) set(d reeve.Direction) *guard.Set {
	s := guard.Scope{Route: x.ep.Path, Model: x.req.Model, Role: x.session.Principal.RoleNames()}
	if d == reeve.Out {
		s.Label, s.Clearance = x.label.String(), x.session.Principal.Clearance.String()
	} else {
		s.Label = x.modelLabel.Join(x.mark).String()
	}
	return x.policy.policy.For(d, s)
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
				a.Reasons[i].Score = max(a.Reasons[i].Score, r.Score)
				continue next
			}
		}
		a.Reasons = append(a.Reasons[:len(a.Reasons):len(a.Reasons)], r)
	}
	return a
}
