package gateway

import (
	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
)

// conclude makes the outcome durable. It must return before the last byte of an answer goes out, and runs once for every
// exchange however it ended. A refusal means that the log cannot take the record; then the answer must not be completed.
func (g *Gateway) conclude(x *exchange) *reeve.Refusal {
	if x.concluded {
		return nil
	}
	x.concluded = true
	if !x.intended {
		g.describe(x)
	}
	if x.intended {
		if refusal := g.rise(x, x.label); refusal != nil {
			x.label = x.told
			x.outcome.Result, x.outcome.Refusal, x.outcome.Rule = "failed", refusal.Code, refusal.Rule
			x.late = refusal
		}
	}
	now := g.opts.Clock()
	o := &x.outcome
	o.ID, o.Start, o.End, o.Request, o.Intended = x.id, x.start, now, &x.about, x.intended
	if !x.intended && x.session != nil {
		o.Input = x.recordable()
	}
	o.Output, o.Salt, o.Produced = x.output, x.salt, x.produced
	if g.unkept(x) && x.session != nil {
		if x.salt == (custody.Salt{}) {
			o.Salt = custody.NewSalt()
		}
		o.Delivered = o.Salt.Tally()
		o.Delivered.Write(x.output)
		o.Input, o.Output = nil, nil
	}
	o.LabelOut, o.GuardOut = x.label.String(), results(x.outVerdict, "out")
	if !x.forwarded.IsZero() {
		o.QueueTime, o.UpstreamTime = x.forwarded.Sub(x.start), now.Sub(x.forwarded)
		if !x.firstChunk.IsZero() {
			o.FirstChunk = x.firstChunk.Sub(x.forwarded)
		}
	}
	o.GuardTime, o.CustodyTime = x.guardTime, x.custodyTime
	put := g.opts.Log.Outcome
	if x.bestEffort || x.session == nil { // a flood of strangers must not make callers wait for the disk
		put = g.opts.Log.OutcomeAsync
	}
	if err := put(o); err != nil {
		o.Result, o.Refusal = "failed", "audit_unavailable"
		return unavailable()
	}
	if x.session != nil {
		x.session.SpendTokens(o.TokensIn + o.TokensOut)
	}
	return x.late
}

// unkept reports whether the classification policy gives the exchange no time at all to be kept (retention 0d): then its
// record has commitments and numbers, and no content.
func (g *Gateway) unkept(x *exchange) bool {
	return !x.label.IsZero() && g.opts.Labels.Handling(x.label).Retention == 0
}

// recordable is the input of a request that was refused before its intent: with its masks where the guards ran. Text that
// a rule blocked is not kept; the record says which rule it was.
func (x *exchange) recordable() []byte {
	if x.inBlock != nil {
		return nil
	}
	return x.sent
}

// seen notes what stands in the answer. The guards let nothing pass that the caller may not read, so the label of the
// exchange rises within the caller's clearance; the conversation rises with it.
func (g *Gateway) seen(x *exchange, left []reeve.Finding) {
	if len(left) > 0 {
		x.label = x.label.Join(g.opts.Labels.Classify(left))
	}
}
