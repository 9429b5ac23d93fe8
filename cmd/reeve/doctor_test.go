package main

import (
	"testing"

	"github.com/reeve-ai/reeve/internal/admission"
	"github.com/reeve-ai/reeve/internal/posture"
)

func TestHowAdmissionStands(t *testing.T) {
	view := func(mode, standing string) admission.View { return admission.View{Mode: mode, Standing: standing} }
	good, passed, bare, shut := view("enforce", "admitted"), view("enforce", "allowed"), view("warn", "refused"), view("enforce", "refused")
	for _, tt := range []struct {
		views  []admission.View
		status posture.Status
		detail string
	}{
		{nil, posture.Warn, "0 models admitted"},
		{[]admission.View{good}, posture.OK, "1 model admitted"},
		{[]admission.View{good, view("warn", "admitted")}, posture.OK, "2 models admitted"},
		{[]admission.View{good, passed}, posture.Warn, "1 model admitted, 1 let pass without a verdict"},
		{[]admission.View{bare}, posture.Warn, "0 models admitted, 1 served without a verdict (mode warn)"},
		{[]admission.View{good, shut, shut}, posture.Warn, "1 model admitted, 2 refused (mode enforce)"},
		{[]admission.View{shut, passed, bare, good}, posture.Warn, "1 model admitted, 1 let pass without a verdict, 1 served without a verdict (mode warn), 1 refused (mode enforce)"},
		{[]admission.View{shut, shut}, posture.Fail, "0 models admitted, 2 refused (mode enforce)"},
	} {
		c := admissionStands(tt.views)
		if c.Status != tt.status || c.Detail != tt.detail || (c.Status != posture.OK) != (c.Remedy != "") {
			t.Errorf("%+v, want %s %q", c, tt.status, tt.detail)
		}
	}
}
