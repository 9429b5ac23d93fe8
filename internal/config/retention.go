package config

import (
	"time"

	"github.com/reeve-ai/reeve/internal/lifecycle"
)

// Rules are the section as the room that keeps and drops records takes it.
func (r *Retention) Rules() lifecycle.Retention {
	out := lifecycle.Retention{Metadata: time.Duration(r.Metadata), Payload: time.Duration(r.Payload), Profiles: r.Profiles}
	for i := range r.Classes {
		c := &r.Classes[i]
		out.Classes = append(out.Classes, lifecycle.Class{
			Name: c.Name, Routes: c.Routes, Models: c.Models, Level: c.Label.Level, Categories: c.Label.Categories,
			Metadata: time.Duration(c.Metadata), Payload: time.Duration(c.Payload),
		})
	}
	return out
}

func (v *validator) retention(r *Retention) {
	rules := r.Rules()
	if err := rules.Validate(); err != nil {
		v.add("custody.retention", err.Error(), "`reeve config schema` describes the section")
	}
}
