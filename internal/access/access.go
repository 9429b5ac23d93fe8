// Package access answers one question: may this principal do this to this resource?
//
// It is pure: no files, no network, no clock. It fails closed: every zero value, unknown role, unknown action and
// missing decider denies, and there is no way to an allowance but a rule that grants and is named in the decision.
package access

import (
	"github.com/reeve-ai/reeve"
)

// Action is what somebody wants to do. The part before the colon says to what kind of resource.
type Action string

const (
	ModelUse     Action = "model:use"     // send a request to a model
	ModelList    Action = "model:list"    // see that a model exists
	AdminMetrics Action = "admin:metrics" // read the metrics
	AdminStatus  Action = "admin:status"  // read health, versions and the state of the log
	AdminReload  Action = "admin:reload"  // have policy and configuration read again
)

// Resource is what is acted on. Its label is part of the request, so that a decision needs nothing else.
type Resource struct {
	Kind  string      // "model" or "admin"
	Name  string      // the model's name
	Label reeve.Label // what the resource holds at most
}

// Model is a model as a resource.
func Model(name string, label reeve.Label) Resource {
	return Resource{Kind: "model", Name: name, Label: label}
}

// Admin is the server itself as a resource.
func Admin() Resource { return Resource{Kind: "admin"} }

// Decision is the answer. The zero value denies.
type Decision struct {
	Allow  bool
	Rule   string // the rule that decided, such as "access/role-user"
	Reason string // why, in words for the principal; never names another's attributes
	Remedy string // what a denied principal can do next
}

// Decider decides. An implementation is pure and safe for concurrent use; whatever it cannot decide it denies.
type Decider interface {
	Decide(p reeve.Principal, a Action, r Resource) Decision
}

// Decide asks d, and denies where there is nobody to ask or nobody who asks. It also denies an allowance that names
// no rule: what nobody can explain is not granted.
func Decide(d Decider, p reeve.Principal, a Action, r Resource) Decision {
	switch {
	case d == nil:
		return deny("no-policy", "no access policy is loaded", "the administrator finds the cause in the server's log")
	case p.ID == "":
		return deny("nobody", "the caller was not recognised", "send an API key")
	}
	decision := d.Decide(p, a, r)
	if decision.Allow && decision.Rule == "" {
		return deny("unexplained", "the access policy gave no reason for its answer", "the administrator finds the cause in the server's log")
	}
	return decision
}

// Refusal turns a denial into the answer for the caller (403), and an allowance into nil.
func (d Decision) Refusal() *reeve.Refusal {
	if d.Allow && d.Rule != "" {
		return nil
	}
	r := &reeve.Refusal{Status: forbidden, Code: "forbidden", Rule: d.Rule, Message: d.Reason, Remedy: d.Remedy}
	if d.Rule == "" {
		r.Rule, r.Message = "access/undecided", "no access rule allows this"
	}
	if r.Remedy == "" {
		r.Remedy = "ask an administrator for the right"
	}
	return r
}

const forbidden = 403 // written out: net/http is no import for a pure room

func deny(rule, reason, remedy string) Decision {
	return Decision{Rule: "access/" + rule, Reason: reason, Remedy: remedy}
}
