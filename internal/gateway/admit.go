package gateway

import (
	"net/http"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/label"
)

// admit lets labels flow or not, before anything goes to the model. The label of the exchange is the join of what is sent,
// of the model and of the conversation so far; what masks took away does not count, and the record keeps both labels and
// the rules that masked (the one audited downgrade that needs no person).
//
//   - label/model: the model may take no more than its configuration says.
//   - label/clearance: whoever reads the answer must have the clearance for all that goes into it (no read up).
//   - label/write-down: a use that stores what passes (training, export) needs a model labelled no lower than the
//     conversation (no write down).
//   - label/use, label/encrypt: what the classification policy says about handling.
//
// The conversation's mark is raised, and is durable, before the model or the caller sees anything that raises it.
func (g *Gateway) admit(x *exchange) *reeve.Refusal {
	refusal := g.flow(x)
	if refusal != nil && refusal.Status == http.StatusForbidden {
		x.decision, x.rule = "deny", refusal.Rule
	}
	return refusal
}

func (g *Gateway) flow(x *exchange) *reeve.Refusal {
	content := x.labelSent.Join(x.mark)
	x.label = content.Join(x.modelLabel)
	if x.ep.Method == http.MethodGet {
		x.label = reeve.Label{}
		return nil
	}
	m, listed := g.models[x.req.Model]
	if listed && m.Takes != nil && !m.Takes.Dominates(content) {
		return labelRefusal("model", "The model may take data up to "+m.Takes.String()+", and this conversation is "+content.String()+".",
			"Leave out what raises the label, begin another conversation, or use a model that may take it.")
	}
	if !label.May(x.session.Principal.Clearance, x.label) {
		return labelRefusal("clearance", "The answer would be labelled "+x.label.String()+", and the clearance of the caller does not dominate that.",
			"Use an identity with the clearance, or another model.")
	}
	if stores(x.purpose) && !x.modelLabel.Dominates(content) {
		return labelRefusal("write-down", "What is sent for "+x.purpose+" is stored, and the model is labelled "+x.modelLabel.String()+", lower than this conversation, which is "+content.String()+".",
			"Use a model with at least that label, or begin another conversation.")
	}
	if refusal := g.handle(x); refusal != nil {
		return refusal
	}
	return g.rise(x, x.label)
}

// stores reports whether a purpose means that what passes is kept beyond the answer.
func stores(purpose string) bool {
	switch purpose {
	case "train", "training", "fine-tuning", "export", "release":
		return true
	}
	return false
}

// handle applies the handling rules that concern a request on its way.
func (g *Gateway) handle(x *exchange) *reeve.Refusal {
	if x.label.IsZero() {
		return nil
	}
	h := g.opts.Labels.Handling(x.label)
	if x.purpose != "" && slices.ContainsFunc(h.ForbiddenUses, func(use string) bool { return forbids(use, x.purpose) }) {
		return labelRefusal("use", "Data labelled "+x.label.String()+" must not be used for "+x.purpose+".", "Leave out what raises the label.")
	}
	if !h.Encrypt {
		return nil
	}
	if !x.upstream.Private {
		return labelRefusal("encrypt", "Data labelled "+x.label.String()+" crosses networks encrypted only, and the way to the model runtime is in the clear.",
			"Give the upstream an https:// address, or leave out what raises the label.")
	}
	if x.r.TLS == nil && !g.near(x) {
		return labelRefusal("encrypt", "Data labelled "+x.label.String()+" crosses networks encrypted only, and this connection is in the clear.",
			"Connect by https, or leave out what raises the label.")
	}
	return nil
}

// forbids compares a use as the classification policy writes it ("training without an exception record") with a purpose.
func forbids(use, purpose string) bool {
	if use == "" {
		return false
	}
	word, _, _ := strings.Cut(use, " ")
	return word == purpose || word == "training" && (purpose == "train" || purpose == "fine-tuning")
}

// rise raises the conversation's mark to a label.
func (g *Gateway) rise(x *exchange, l reeve.Label) *reeve.Refusal {
	if x.mark.Dominates(l) {
		return nil
	}
	if err := g.talks.raise(x.r.Context(), x.talk, l, x.start); err != nil {
		return g.noMark(x, err)
	}
	return nil
}

func labelRefusal(rule, message, remedy string) *reeve.Refusal {
	return &reeve.Refusal{Status: http.StatusForbidden, Code: "forbidden", Rule: "label/" + rule, Message: message, Remedy: remedy}
}

// labelHeader tells what an answer is labelled. Where a stream turns out to be more than that, its end says so: a trailer
// of this name, and a member "reeve" of its last event.
const labelHeader = "Reeve-Label"

var publicLabel = []string{"public"}

// tellLabel puts the label of the answer into its head.
func (x *exchange) tellLabel(l reeve.Label) {
	x.told = l
	h := publicLabel
	if !l.IsZero() {
		h = []string{l.String()}
	}
	x.w.Header()[labelHeader] = h
}
