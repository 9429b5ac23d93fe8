package gateway

import (
	"net/http"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
)

// People is what callers reach beside the models: reports, and answers that wait for a person.
type People interface {
	http.Handler
	// Serves reports whether a path is one of its own.
	Serves(path string) bool
	// Held answers for an exchange of a principal whose answer waits: when it is released within the time that the caller would
	// wait, with it, else with the address under which it can be asked for.
	Held(w http.ResponseWriter, r *http.Request, principal string, id custody.ID)
}

// How a route holds answers back.
const (
	HoldFlagged = "flagged" // those in which a rule asks for a person
	HoldAll     = "all"
)

// SetPeople says who looks at held answers and takes reports. It is called before anything is served; without it a route that
// holds answers back refuses them.
func (g *Gateway) SetPeople(p People) { g.people = p }

// mayHold reports whether answers on the route may have to wait, so that nothing of one may go out before its end.
func (g *Gateway) mayHold(x *exchange) bool {
	mode := g.opts.Hold[x.ep.Path]
	return mode == HoldAll || mode == HoldFlagged
}

// holds reports whether the answer waits for a person.
func (g *Gateway) holds(x *exchange) bool {
	if !x.ep.Generates() || x.answer.Status != http.StatusOK || x.outcome.Result != "ok" {
		return false
	}
	asks := func(r reeve.Reason) bool { return r.Action == reeve.Review }
	switch g.opts.Hold[x.ep.Path] {
	case HoldAll:
		return true
	case HoldFlagged:
		return slices.ContainsFunc(x.inVerdict.Reasons, asks) || slices.ContainsFunc(x.outVerdict.Reasons, asks)
	}
	return false
}

// hold keeps the answer in x.output, sealed with the record of the exchange, and tells the caller where to ask for it. The
// record says that nothing of it went out. An answer that must not be kept cannot be held: it is refused.
func (g *Gateway) hold(x *exchange) *reeve.Refusal {
	if g.people == nil || g.unkept(x) {
		x.outcome.Result = "refused"
		return &reeve.Refusal{
			Status: http.StatusForbidden, Code: "held_not_kept", Rule: "review/hold",
			Message: "A person would have to look at this answer, and it cannot be kept until then.",
			Remedy:  "Ask on another route, or leave out what gives the request its label.",
		}
	}
	x.outcome.Result, x.outcome.HTTPStatus = "held", http.StatusAccepted
	if x.salt == (custody.Salt{}) {
		x.salt = custody.NewSalt()
	}
	x.outcome.Delivered = x.salt.Tally()
	x.bestEffort = false
	x.tellLabel(x.label)
	if refusal := g.conclude(x); refusal != nil {
		return refusal
	}
	x.wrote = true
	g.people.Held(x.w, x.r, x.session.Principal.ID, x.id)
	return nil
}

// remedyReport is added to what a person can do who is refused by a rule.
func (g *Gateway) remedyReport(remedy string) string {
	if g.people == nil {
		return remedy
	}
	return strings.TrimRight(remedy, ". ") + ". If this is wrong, report it: POST " + reportsPath + " with the exchange's id."
}

const reportsPath = "/v1/reports"
