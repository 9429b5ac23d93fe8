package admission

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/reeve-ai/reeve"
)

// Mode says what becomes of a model without a valid verdict.
type Mode uint8

// The modes, ascending by strictness.
const (
	Off     Mode = iota // it is not looked at
	Warn                // it is served, and that is recorded
	Enforce             // it is refused
)

func (m Mode) String() string { return [...]string{"off", "warn", "enforce"}[m] }

// ParseMode reads a mode; the empty text means otherwise.
func ParseMode(s string, otherwise Mode) Mode {
	switch s {
	case "off":
		return Off
	case "warn":
		return Warn
	case "enforce":
		return Enforce
	}
	return otherwise
}

// The rules that refuse, as refusals and records name them.
const (
	RulePending  = "admission/pending"  // it is not measured yet
	RuleVerdict  = "admission/verdict"  // no valid verdict names all its files
	RuleAltered  = "admission/altered"  // its files changed since they were hashed
	RuleMismatch = "admission/mismatch" // the runtime serves other files than those that were named
	RuleUnproven = "admission/unproven" // the runtime may hold other bytes in memory
	RuleUnread   = "admission/unread"   // its files, the runtime or the agent cannot be read
	RuleExpired  = "admission/expired"  // the verdict or the allowance has expired since
	RuleUnknown  = "admission/unknown"  // the runtime did not offer it when it was asked
)

// Standing is how one model stands. It is immutable but for a change that is noticed, and the same for all requests until
// the next one is published. A nil Standing is that of a model whose mode is off.
type Standing struct {
	Upstream string
	Model    string // canonical name at the runtime
	Mode     Mode
	Admitted bool
	Rule     string // why not; "" where it is admitted
	Reason   string
	Remedy   string
	Until    time.Time // when the verdict or the allowance ends; zero where it is not admitted
	Verdict  *Verdict
	Allowed  *Allowance   // it is admitted by this, without a verdict
	Measured *Measurement // nil where it could not be measured
	Since    time.Time

	source  Source
	altered atomic.Bool
	notice  func(*Standing) // tells the controller of what a request has noticed
}

// Note is what the answer's head says of a model that is served.
func (s *Standing) Note() string {
	switch {
	case s == nil:
		return ""
	case s.Allowed != nil && s.Admitted:
		return "allowed"
	case s.Admitted && !s.altered.Load():
		return "admitted"
	}
	return "unattested"
}

// Label is what the data that went into the model makes of it, as the verdict says; the zero Label where there is no verdict.
func (s *Standing) Label() reeve.Label {
	if s == nil || s.Verdict == nil {
		return reeve.Label{}
	}
	return s.Verdict.Label
}

// Refusal is why a request must not go to the model; nil where it may. It takes no system call.
func (s *Standing) Refusal(now time.Time) *reeve.Refusal {
	if s == nil || s.Mode != Enforce {
		return nil
	}
	return s.against(now)
}

// Warning is the same where the model is served all the same: the rule, for the record.
func (s *Standing) Warning(now time.Time) string {
	if s == nil || s.Mode != Warn {
		return ""
	}
	if r := s.against(now); r != nil {
		return r.Rule
	}
	return ""
}

func (s *Standing) against(now time.Time) *reeve.Refusal {
	switch {
	case s.altered.Load():
		return refusal(RuleAltered, "The model's files changed since they were hashed.", "Try again in a moment; `reeve admission status` tells how the model stands.")
	case !s.Admitted:
		return refusal(s.Rule, "The model is not admitted: "+s.Reason+".", s.Remedy)
	case !now.Before(s.Until):
		return refusal(RuleExpired, "What admitted the model has expired.", "Have the gate give a new verdict: `reeve gate`.")
	}
	return nil
}

func refusal(rule, message, remedy string) *reeve.Refusal {
	return &reeve.Refusal{Status: http.StatusForbidden, Code: "model_not_attested", Rule: rule, Message: message, Remedy: remedy}
}

// Altered reports whether a change has been noticed since the standing was published, for use within an answer. It costs
// one load from memory.
func (s *Standing) Altered() *reeve.Refusal {
	if s == nil || s.Mode != Enforce || !s.altered.Load() {
		return nil
	}
	return refusal(RuleAltered, "The model's files changed while it answered.", "Ask again; `reeve admission status` tells how the model stands.")
}

// Confirm is asked when the answer is there and before it goes out: it returns nil only if the runtime's files and process
// are, up to this call, what they were when they were measured.
func (s *Standing) Confirm(ctx context.Context, now time.Time) *reeve.Refusal {
	if s == nil || s.Mode != Enforce {
		return nil
	}
	if r := s.against(now); r != nil {
		return r
	}
	same, err := s.source.Confirm(ctx, s.Measured)
	if err != nil {
		return refusal(RuleUnread, "It is not known whether the model is still the one that was admitted.", "Check that the agent beside the runtime runs and can be reached.")
	}
	if !same {
		s.alter()
		return s.Altered()
	}
	return nil
}

// alter notes a change, once.
func (s *Standing) alter() {
	if s.altered.CompareAndSwap(false, true) && s.notice != nil {
		s.notice(s)
	}
}
