package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
)

// Admission knows which models were attested. It is safe for concurrent use, and Admit is a look into a table: it is asked
// for every request.
type Admission interface {
	// Admit is how a model stands now, by the upstream and by its name there; nil where nobody asks for a verdict.
	Admit(upstream, model string) Pass
}

// Pass is how one model stands, for the length of one exchange.
type Pass interface {
	// Refusal is why nothing may be sent to the model.
	Refusal(now time.Time) *reeve.Refusal
	// Warning is the rule that would have refused where the model is served all the same; "" where none would.
	Warning(now time.Time) string
	// Note is what the answer's head says: admitted, allowed (break-glass) or unattested.
	Note() string
	// Label is what the data that went into the model makes of it.
	Label() reeve.Label
	// Altered is why an answer under way must end: a change of the model has been noticed.
	Altered() *reeve.Refusal
	// Confirm is asked when an answer is there, before it goes out: why it must not.
	Confirm(ctx context.Context, now time.Time) *reeve.Refusal
}

// admissionHeader tells how the model stood that answered.
const admissionHeader = "Reeve-Admission"

var admissionNotes = map[string][]string{"admitted": {"admitted"}, "allowed": {"allowed"}, "unattested": {"unattested"}}

// attested asks whether the model that will answer is one that the gate has let pass. forward asks once more, and the
// answer waits for Confirm: so what was swapped while the request was on its way answers nobody.
func (g *Gateway) attested(x *exchange) *reeve.Refusal {
	if g.opts.Admission == nil || x.req.Model == "" {
		return nil
	}
	if x.pass = g.opts.Admission.Admit(x.upstream.Name, x.as); x.pass == nil {
		return nil
	}
	if refusal := x.pass.Refusal(x.start); refusal != nil {
		x.decision, x.rule = "deny", refusal.Rule
		return refusal
	}
	note := x.pass.Note()
	x.w.Header()[admissionHeader] = admissionNotes[note]
	if x.warned = x.pass.Warning(x.start); x.warned == "" && note == "allowed" {
		x.warned = "admission/allowed"
	}
	if x.warned != "" {
		g.opts.Metrics.unattested.WithLabelValues(x.warned).Inc()
	}
	return nil
}

// labelOf is the label of a model: what it was configured with, joined with what its verdict says of the data that went into it.
func (g *Gateway) labelOf(model string) reeve.Label {
	l := g.models[model].Label
	if g.opts.Admission == nil || model == "" {
		return l
	}
	u, as := g.target(model)
	if u == nil {
		return l
	}
	if pass := g.opts.Admission.Admit(u.Name, as); pass != nil {
		l = l.Join(pass.Label())
	}
	return l
}

// confirmed asks whether the model that has answered is still the one that was attested.
func (g *Gateway) confirmed(x *exchange) *reeve.Refusal {
	if x.pass == nil {
		return nil
	}
	return x.pass.Confirm(x.r.Context(), g.opts.Clock())
}

// errAltered ends a stream whose model changed while it answered. What the caller has got before came from the model that
// was attested, as far as anybody knew; the rest is withheld, and the end of the stream says why.
var errAltered = errors.New("the model changed while it answered")

// untouched reports nil while no change of the model has been noticed.
func (x *exchange) untouched() error {
	if x.pass == nil {
		return nil
	}
	if x.alteration = x.pass.Altered(); x.alteration != nil {
		return errAltered
	}
	return nil
}

// warning puts what admission would have refused beside what the guards found, for the record.
func (x *exchange) warning(found []custody.GuardResult) []custody.GuardResult {
	if x.warned == "" {
		return found
	}
	return append(found, custody.GuardResult{Rule: x.warned, Stage: "in", Action: reeve.Allow, Count: 1})
}
