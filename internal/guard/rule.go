package guard

import "github.com/reeve-ai/reeve"

// Rule is one rule of a policy as its author wrote it. It is shared and must not be changed.
type Rule struct {
	ID         string
	In, Out    bool // the directions the rule works in; at least one
	Scope      Globs
	Action     reeve.Action
	Reversible bool   // on input, and only with a Vault: a token takes the place of the value
	Mask       string // what takes the place of a match; "" means the kind in brackets, such as [EMAIL_ADDRESS]
	Severity   *reeve.Severity
	Message    string  // what happened, for the person whose text was changed or refused
	Remedy     string  // what that person can do next
	LegalBasis string  // provisions with article, separated by "; "
	Owner      string  // who answers for the rule
	MinScore   float64 // what detectors find with less is left alone
	Mode       string  // "exact": the promise of the package documentation holds
}

// Globs say where a rule is in force. In each list one glob must fit; an empty list fits everything. A glob is literal
// text in which "*" stands for any run of characters.
type Globs struct {
	Routes, Models, Roles, Labels []string
}

// Scope is where a text travels: what the Globs of a rule are compared with.
type Scope struct {
	Route string // name of the route, such as "/v1/chat/completions"
	Model string // name of the model as asked for
	Role  string // role of the principal
	Label string // label of the exchange, as reeve.Label writes it

	// Clearance of the reader, as reeve.Label writes it; "" for no bound. Only a policy WithLabels looks at it.
	Clearance string
}
