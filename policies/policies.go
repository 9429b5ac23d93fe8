// Package policies carries the policy files that reeve ships: they are in force where the user has none.
package policies

import (
	"embed"
	"io/fs"
)

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

//go:embed gate.yaml
var gate []byte

// GateName is the name under which the default gate policy appears in errors.
const GateName = "policies/gate.yaml"

// Gate returns the default gate policy, a fresh copy.
func Gate() []byte { return append([]byte(nil), gate...) }

//go:embed access
var access embed.FS

// AccessName is the folder under which the default access policies appear in errors.
const AccessName = "policies/access"

// Access returns the folder of the default access policies.
func Access() fs.FS {
	sub, err := fs.Sub(access, "access")
	if err != nil {
		panic("the folder of the access policies: " + err.Error())
	}
	return sub
}
