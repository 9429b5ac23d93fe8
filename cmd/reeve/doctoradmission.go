package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/reeve-ai/reeve/internal/admission"
	"github.com/reeve-ai/reeve/internal/control"
	"github.com/reeve-ai/reeve/internal/posture"
)

// admissionCheck tells how the models stand: from the configuration, and from the server that runs on the data directory.
func (s *settings) admissionCheck(ctx context.Context) posture.Check {
	c := posture.Check{Name: "admission", Status: posture.Warn}
	if !s.admitting() {
		c.Detail, c.Remedy = "off: models are served without a verdict of the gate", "set admission.mode to warn, and to enforce once all are admitted (docs/admission.md)"
		return c
	}
	if _, err := s.gatePolicy(); err != nil {
		c.Status, c.Detail, c.Remedy = posture.Fail, err.Error(), "docs/gate.md explains the format"
		return c
	}
	for _, place := range s.Admission.Verdicts {
		if _, err := os.Stat(s.Path(place)); err != nil {
			c.Status, c.Detail, c.Remedy = posture.Fail, "verdicts cannot be read: "+err.Error(), "admission.verdicts names files and folders that are there"
			return c
		}
	}
	client, err := control.Dial(s.data, controlWords())
	if errors.Is(err, control.ErrNoServer) {
		c.Status, c.Detail = posture.Skip, "mode "+s.Admission.Mode+"; what a runtime loads is known while a server runs"
		return c
	}
	var views []admission.View
	if err == nil {
		defer client.Close()
		views, err = control.Call[[]admission.View](ctx, client, callAdmission, nil)
	}
	switch {
	case errors.Is(err, errNoAdmission):
		c.Detail, c.Remedy = "the running server looks at no model, though the configuration asks for it", "start it again with this configuration"
		return c
	case err != nil:
		c.Detail, c.Remedy = "the running server cannot be asked", "run this as the user of the server"
		return c
	}
	return admissionStands(views)
}

// admissionStands judges how the models of a running server stand. One that is refused is a warning, for that is what was asked
// for; a server that may serve nothing has failed.
func admissionStands(views []admission.View) posture.Check {
	var admitted, allowed, served, refused int
	for i := range views {
		switch v := &views[i]; {
		case v.Standing == "admitted":
			admitted++
		case v.Standing == "allowed":
			allowed++
		case v.Mode == "enforce":
			refused++
		case v.Mode == "warn":
			served++
		}
	}
	c := posture.Check{Name: "admission", Status: posture.OK, Loose: true, Detail: counted(admitted, "model") + " admitted"}
	if allowed > 0 {
		c.Status, c.Remedy = posture.Warn, "have the gate judge what is let pass, then: reeve admission revoke MODEL"
		c.Detail += fmt.Sprintf(", %d let pass without a verdict", allowed)
	}
	if served > 0 {
		c.Status, c.Remedy = posture.Warn, "reeve admission status tells why"
		c.Detail += fmt.Sprintf(", %d served without a verdict (mode warn)", served)
	}
	if refused > 0 {
		c.Status, c.Remedy = posture.Warn, "reeve admission status tells why"
		c.Detail += fmt.Sprintf(", %d refused (mode enforce)", refused)
	}
	switch {
	case len(views) == 0:
		c.Status, c.Remedy = posture.Warn, "check that the runtimes answer"
	case refused == len(views):
		c.Status = posture.Fail
	}
	return c
}
