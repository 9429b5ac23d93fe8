package oidc

import (
	"time"

	"github.com/reeve-ai/reeve"
)

// Person is what a provider vouches for: who it is, and what the mapping rules made of the claims. Nothing else of the
// token is kept.
type Person struct {
	Issuer      string            `json:"issuer"`
	Subject     string            `json:"subject"`
	Name        string            `json:"name,omitzero"` // user name that the provider proposes
	DisplayName string            `json:"display_name,omitzero"`
	Email       string            `json:"email,omitzero"` // only where the provider says that it verified it
	Roles       []reeve.Role      `json:"roles,omitzero"`
	Groups      []string          `json:"groups,omitzero"`
	Clearance   reeve.Label       `json:"clearance"`
	Department  string            `json:"department,omitzero"`
	Country     string            `json:"country,omitzero"`
	Training    []string          `json:"training,omitzero"`
	Attributes  map[string]string `json:"attributes,omitzero"`
	MFA         bool              `json:"mfa,omitzero"` // signed in with more than one factor (RFC 8176)
	Expires     time.Time         `json:"expires"`
}
