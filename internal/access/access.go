// Package access answers one question: may this principal do this to this resource?
//
// A decision is pure: no files, no network, no clock. It fails closed: every zero value, unknown role, unknown action
// and missing decider denies, and there is no way to an allowance but a rule that grants and is named in the decision.
package access

import (
	"net/netip"
	"time"

	"github.com/reeve-ai/reeve"
)

// Request is the whole question. A decision needs nothing else.
type Request struct {
	Principal reeve.Principal
	Action    Action
	Resource  Resource
	Context   Context
}

// Context is the circumstances of a request. The gateway fills it from what it knows itself: never from a header, a
// body or anything else that the caller writes.
type Context struct {
	Now      time.Time   // one fixed time for the whole decision, in the zone whose office hours count
	Country  string      // where the caller is, ISO 3166-1 alpha-2; "": unknown
	IP       netip.Addr  // of the caller; the zero value is unknown
	Purpose  string      // what for, a word that a key, a route or a project was registered with; "": none stated
	MFA      bool        // the session was opened with a second factor
	Device   string      // DeviceManaged, DeviceUnmanaged; "": unknown
	Proposer string      // id of the principal who proposed what this request confirms; "": nobody
	Session  reeve.Label // high-water mark: join of everything that the session has read
}

// What is known of a device.
const (
	DeviceManaged   = "managed"
	DeviceUnmanaged = "unmanaged"
)

// Decision is the answer. The zero value denies.
type Decision struct {
	Allow  bool
	Rule   string   // the rule that decided, such as "rbac-employee-use"
	Rules  []string // all rules that determined the decision, sorted
	Reason string   // why, in words for the principal; never names another's attributes
	Remedy string   // what a denied principal can do next
	Errors []string // why nothing could be decided; never holds a value. Any error denies

	PolicyDigest string // SHA-256 over the policies in force, hex; "" where there are none
	SchemaDigest string // SHA-256 over their schema, hex
	EntityDigest string // SHA-256 over the entities that the decision rests on, hex
}

// Decider decides. An implementation is pure and safe for concurrent use; whatever it cannot decide it denies.
type Decider interface {
	Decide(Request) Decision
}

// Decide asks d, and denies where there is nobody to ask or nobody who asks. It also denies an allowance that names
// no rule or comes with an error: what nobody can explain is not granted.
func Decide(d Decider, r Request) Decision {
	switch {
	case d == nil:
		return deny("no-policy", "no access policy is loaded", "the administrator finds the cause in the server's log")
	case r.Principal.ID == "":
		return deny("nobody", "the caller was not recognised", "send an API key")
	}
	decision := d.Decide(r)
	if decision.Allow && (decision.Rule == "" || len(decision.Errors) > 0) {
		return deny("unexplained", "the access policy gave no reason for its answer", "the administrator finds the cause in the server's log")
	}
	return decision
}

// Refusal turns a denial into the answer for the caller (403), and an allowance into nil.
func (d Decision) Refusal() *reeve.Refusal {
	if d.Allow && d.Rule != "" && len(d.Errors) == 0 {
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
