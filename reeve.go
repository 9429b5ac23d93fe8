// Package reeve is the vocabulary of the house: who acts, on what, what was seen, what was decided, what is kept.
//
// Every other package speaks in these words and none of them is defined twice. The package imports nothing of ours
// and holds no behaviour beyond what a word itself means: order of actions, lattice of labels, wire spelling.
package reeve

import (
	"fmt"
	"time"
)

// Direction says which way text travels through the gateway.
type Direction uint8

const (
	In  Direction = iota // from the caller to the model
	Out                  // from the model to the caller
)

func (d Direction) String() string {
	if d == Out {
		return "out"
	}
	return "in"
}

// ParseDirection reads "in" or "out".
func ParseDirection(s string) (Direction, error) {
	switch s {
	case "in":
		return In, nil
	case "out":
		return Out, nil
	}
	return In, fmt.Errorf("direction %q is neither in nor out", s)
}

// Severity orders findings. The spelling is the JSON one.
type Severity uint8

const (
	SeverityInfo Severity = iota
	SeverityLow
	SeverityMedium
	SeverityHigh
	SeverityCritical
)

var severities = [...]string{"info", "low", "medium", "high", "critical"}

func (s Severity) String() string { return severities[min(int(s), len(severities)-1)] }

// MarshalText implements encoding.TextMarshaler.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Severity) UnmarshalText(b []byte) error {
	for i, name := range severities {
		if name == string(b) {
			*s = Severity(i)
			return nil
		}
	}
	return fmt.Errorf("severity %q is not one of %v", b, severities)
}

// Finding is what was seen. It never holds the matched value unless the caller asked for values.
// Offsets are bytes, end exclusive: in the file for text formats, in the decoded field where In is "field".
type Finding struct {
	Rule        string   `json:"rule"`
	Kind        string   `json:"kind"`
	Severity    Severity `json:"severity"`
	Score       float64  `json:"score"`
	Path        string   `json:"path,omitzero"`
	Record      int      `json:"record,omitzero"`
	Field       string   `json:"field,omitzero"`
	Line        int      `json:"line,omitzero"`
	Exchange    string   `json:"exchange,omitzero"`
	Channel     string   `json:"channel,omitzero"`
	Start       int      `json:"start"`
	End         int      `json:"end"`
	In          string   `json:"in,omitzero"`
	Fingerprint string   `json:"fingerprint,omitzero"`
	Label       string   `json:"label,omitzero"`
	Message     string   `json:"message,omitzero"`
	Remedy      string   `json:"remedy,omitzero"`
	Value       string   `json:"value,omitzero"`
	Explain     string   `json:"explain,omitzero"` // what made the score, where it was asked for
}

// Action is what a rule asks for. Actions are ordered: the strongest of all rules that matched wins.
type Action uint8

const (
	Allow Action = iota
	Review
	Mask
	Block
)

var actions = [...]string{"allow", "review", "mask", "block"}

func (a Action) String() string { return actions[min(int(a), len(actions)-1)] }

// MarshalText implements encoding.TextMarshaler.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Action) UnmarshalText(b []byte) error {
	for i, name := range actions {
		if name == string(b) {
			*a = Action(i)
			return nil
		}
	}
	return fmt.Errorf("action %q is not one of %v", b, actions)
}

// Verdict is what was decided about a text, with the reasons. The zero value allows.
type Verdict struct {
	Action  Action   `json:"action"`
	Reasons []Reason `json:"reasons,omitzero"`
}

// Reason is one rule's part in a Verdict. It says how often the rule matched, never what it matched.
type Reason struct {
	Rule       string  `json:"rule"`
	Action     Action  `json:"action"`
	Count      int     `json:"count"`
	Score      float64 `json:"score,omitzero"` // of its strongest match, 0 to 1
	Message    string  `json:"message,omitzero"`
	Remedy     string  `json:"remedy,omitzero"`
	LegalBasis string  `json:"legal_basis,omitzero"`
}

// Refusal says why something is not done. It is a value that must be handled, not an error that can be skipped.
type Refusal struct {
	Status  int    `json:"-"`       // HTTP status
	Code    string `json:"code"`    // machine-readable, stable: "unauthenticated", "blocked_by_policy" …
	Rule    string `json:"rule"`    // the rule that refuses, such as "identity/key"
	Message string `json:"message"` // what happened, without the refused text
	Remedy  string `json:"remedy"`  // what the reader can do next
}

// Clock tells the time. Pure rooms get it handed in.
type Clock func() time.Time
