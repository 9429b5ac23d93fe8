// Package policies carries the policy files that reeve ships: they are in force where the user has none.
package policies

import _ "embed"

//go:embed guard.yaml
var guard []byte

// GuardName is the name under which the default guard policy appears in errors.
const GuardName = "policies/guard.yaml"

// Guard returns the default guard policy, a fresh copy.
func Guard() []byte { return append([]byte(nil), guard...) }

//go:embed labels.yaml
var labels []byte

// LabelsName is the name under which the default classification policy appears in errors.
const LabelsName = "policies/labels.yaml"

// Labels returns the default classification policy, a fresh copy.
func Labels() []byte { return append([]byte(nil), labels...) }
