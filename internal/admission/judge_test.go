package admission

import (
	"strings"
	"sync/atomic"

	"github.com/reeve-ai/reeve/internal/attest"
)

// Trust is a gate policy as far as admission needs it: its digest ("sha256:…" or bare hex), and the keys that may sign
// verdicts under it.
type Trust struct {
	Policy string
	Keys   []*attest.PublicKey
}

// Verdicts is the Judge of the gate's own statements. The trust in force may be changed while it is used.
type Verdicts struct{ trust atomic.Pointer[Trust] }

// NewVerdicts judges under a trust.
func NewVerdicts(t Trust) *Verdicts {
	v := &Verdicts{}
	v.Set(t)
	return v
}

// Set puts another trust in force.
func (v *Verdicts) Set(t Trust) {
	t.Policy = strings.TrimPrefix(t.Policy, "sha256:")
	v.trust.Store(&t)
}

// Policy implements Judge.
func (v *Verdicts) Policy() string { return v.trust.Load().Policy }

// Read implements Judge.
func (v *Verdicts) Read(e *attest.Envelope) (*Verdict, string) {
	t := v.trust.Load()
	s, _, err := attest.Open(e, t.Keys...)
	if err != nil {
		if unsigned, parseErr := attest.ParseStatement(e.Payload); parseErr == nil && unsigned.PredicateType == attest.GateVerdictType {
			return nil, "no key that is trusted has signed the verdict"
		}
		return nil, ""
	}
	if s.PredicateType != attest.GateVerdictType {
		return nil, ""
	}
	g, err := attest.As[attest.GateVerdict](s)
	if err != nil {
		return nil, "the verdict is malformed"
	}
	if g.Verdict != attest.Pass {
		return nil, "the verdict is " + g.Verdict
	}
	out := &Verdict{Policy: g.Policy.Digest["sha256"], Issued: g.At, Expires: g.Expires, Label: LabelOf(g.Label)}
	for _, r := range s.Subject {
		if sum := r.Digest["sha256"]; sum != "" {
			out.Subjects = append(out.Subjects, sum)
		}
	}
	return out, ""
}
