package main

import (
	"time"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/witness"
)

// witnesses are who cosigns this log's checkpoints.
func (s *settings) witnesses() (custody.Witnesses, error) {
	c := &s.Custody.Witnesses
	w := custody.Witnesses{Closed: c.Fail == "closed", Timeout: time.Duration(c.Timeout), Clients: map[string]custody.Witness{}}
	if c.Policy == "" {
		return w, nil
	}
	p, err := readPolicyFile(s.Path(c.Policy))
	if err != nil {
		return w, err
	}
	for i := range p.Witnesses {
		if at := &p.Witnesses[i]; at.URL != "" {
			w.Clients[at.Name] = witness.NewClient(at.URL, nil)
		}
	}
	w.Policy = p
	return w, nil
}
