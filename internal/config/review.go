package config

import (
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/people"
)

// Rules are the section as the room that keeps the queue takes it.
func (r *Review) Rules() people.Rules {
	s, l := &r.Shares, &r.Limits
	out := people.Rules{
		Shares: map[string]int64{
			people.SourceBlock: int64(s.Block), people.SourceFlag: int64(s.Flag), people.SourceMask: int64(s.Mask), people.SourceNear: int64(s.Near), people.SourceRandom: int64(s.Random),
		},
		Limits: map[string]time.Duration{
			people.SourceHeld: time.Duration(l.Held), people.SourceReport: time.Duration(l.Report), people.SourceBlock: time.Duration(l.Block), people.SourceFlag: time.Duration(l.Flag),
			people.SourceMask: time.Duration(l.Mask), people.SourceNear: time.Duration(l.Near), people.SourceRandom: time.Duration(l.Random),
		},
		Near: int64(r.Near) / 1000, Lease: time.Duration(r.Lease), Second: int64(r.Second), EscalateTo: reeve.Role(r.EscalateTo), MaxWait: time.Duration(r.MaxWait),
	}
	if label, err := reeve.ParseLabel(r.FourEyes); err == nil { // Validate has told of others
		out.FourEyes = label.Level
	}
	return out
}

func (v *validator) review(r *Review) {
	if _, err := reeve.ParseRole(r.EscalateTo); err != nil {
		v.add("review.escalate_to", err.Error(), "")
	}
	if r.Shares.Random == 0 {
		v.add("review.shares.random", "without a random share nobody knows what the guards miss", "set it to 0.1% or more")
	}
	if r.Near > whole/2 {
		v.add("review.near", "want at most 50%", "")
	}
}
