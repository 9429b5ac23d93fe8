package attest

import "time"

// The types of the predicates Approval and Waiver.
const (
	ApprovalType = predicateBase + "approval/v1"
	WaiverType   = predicateBase + "waiver/v1"
)

// Approval says that a person decided about a model. Its subjects are the files of the model. Whether it counts, and with how
// many others, is the gate's to say.
type Approval struct {
	Origin   `yaml:",inline"`
	Decision string     `json:"decision"` // approved or rejected
	Reason   string     `json:"reason"`
	Expires  time.Time  `json:"expires,omitzero"`  // zero: never by itself
	LookedAt []Material `json:"lookedAt,omitzero"` // statements by the SHA-256 of their payload, reports, the model
	For      []string   `json:"for,omitzero"`      // uses that it is for; none: any
}

// The decisions of an approval.
const (
	Approved = "approved"
	Rejected = "rejected"
)

// PredicateType implements Predicate.
func (*Approval) PredicateType() string { return ApprovalType }

// Expiry implements Expiring.
func (a *Approval) Expiry() time.Time { return a.Expires }

// Check implements Predicate.
func (a *Approval) Check([]Resource) error {
	r := &rules{kind: "approval"}
	r.origin(&a.Origin)
	r.want(a.Decision == Approved || a.Decision == Rejected, "its decision is neither approved nor rejected")
	r.want(a.Reason != "", "no reason")
	r.want(a.By.Role != "", "no role of who decided")
	r.want(a.Expires.IsZero() || a.Expires.After(a.At), "it expires before it was given")
	r.texts(a.Reason)
	r.texts(a.For...)
	r.list(len(a.For), "uses")
	r.materials("things looked at", a.LookedAt)
	return r.err
}

// Waiver says that somebody answers for a rule that is not kept, for a time. Its subjects are what it holds for.
type Waiver struct {
	Origin  `yaml:",inline"`
	Owner   Who       `json:"owner"` // who answers for it
	Rule    string    `json:"rule"`  // id of exactly one rule
	Reason  string    `json:"reason"`
	Expires time.Time `json:"expires"`
	Scope   []string  `json:"scope,omitzero"` // names of the subjects that it is limited to; none: all of them
}

// PredicateType implements Predicate.
func (*Waiver) PredicateType() string { return WaiverType }

// Expiry implements Expiring.
func (w *Waiver) Expiry() time.Time { return w.Expires }

// Check implements Predicate. A scope must name subjects.
func (w *Waiver) Check(subjects []Resource) error {
	r := &rules{kind: "waiver"}
	r.origin(&w.Origin)
	r.want(w.Owner.Name != "", "nobody owns it")
	r.want(w.Rule != "", "no rule")
	r.want(w.Reason != "", "no reason")
	r.want(w.Expires.After(w.At), "it has no end, or one before its start")
	r.texts(w.Owner.Name, w.Owner.Role, w.Owner.From, w.Rule, w.Reason)
	r.list(len(w.Scope), "names")
	names := map[string]bool{}
	for _, s := range subjects {
		names[s.Name] = true
	}
	for _, name := range w.Scope {
		r.want(name != "" && names[name], "its scope names something that is no subject")
	}
	return r.err
}
