//go:build !sigstore

package oms

import (
	"crypto/ecdsa"
	"fmt"
)

// TrustedRoot is what an instance of Sigstore is known by. Programs without the build tag sigstore verify no identities.
type TrustedRoot struct{}

// ParseTrustedRoot returns ErrMethod.
func ParseTrustedRoot([]byte) (*TrustedRoot, error) {
	return nil, fmt.Errorf("%w: this program was built without the tag sigstore", ErrMethod)
}

func (b *bundle) keyless(*Trust, *Verified, []byte) (*ecdsa.PublicKey, error) {
	return nil, fmt.Errorf("%w: Sigstore identity", ErrMethod)
}
