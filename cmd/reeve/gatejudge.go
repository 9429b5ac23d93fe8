package main

import (
	"sync/atomic"
	"time"

	"github.com/reeve-ai/reeve/internal/admission"
	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/gate"
)

// gateJudge reads verdicts as the gate itself does: by a signer who may give them, under exactly the policy in force and
// the tables of duties and licences of this reeve.
type gateJudge struct {
	packs  []gate.Pack
	policy atomic.Pointer[gate.Policy]
}

func newGateJudge(p *gate.Policy, labels string) *gateJudge {
	j := &gateJudge{packs: gate.Packs(labels)}
	j.policy.Store(p)
	return j
}

// Policy implements admission.Judge.
func (j *gateJudge) Policy() string { return j.policy.Load().Digest() }

// Read implements admission.Judge.
func (j *gateJudge) Read(e *attest.Envelope) (*admission.Verdict, string) {
	s, err := attest.ParseStatement(e.Payload)
	if err != nil || s.PredicateType != attest.GateVerdictType {
		return nil, ""
	}
	p := j.policy.Load()
	v, problem := gate.Open(e, p, j.packs, time.Now())
	if problem != nil {
		return nil, problem.Reason
	}
	out := &admission.Verdict{Policy: p.Digest(), Issued: v.At, Expires: v.Expires, Label: admission.LabelOf(v.Label)}
	for _, r := range s.Subject {
		if sum := r.Digest["sha256"]; sum != "" {
			out.Subjects = append(out.Subjects, sum)
		}
	}
	return out, ""
}
