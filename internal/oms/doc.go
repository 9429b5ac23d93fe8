// Package oms signs models and verifies their signatures in the format of OpenSSF Model Signing v1.0: a Sigstore bundle whose DSSE
// envelope holds an in-toto statement over the digests of all files.
//
// Signing is by an elliptic-curve key or by a certificate. Bundles by Sigstore identities are recognised and refused with that reason.
// What a bundle says of files is compared both ways: a file that is missing, changed or not listed fails.
// All functions are safe for concurrent use.
package oms

import "errors"

var (
	// ErrMalformed says that the bundle is none, or does not follow the format.
	ErrMalformed = errors.New("malformed bundle")
	// ErrSignature says that the signature does not verify with what the caller trusts.
	ErrSignature = errors.New("the signature does not verify")
	// ErrFiles says that the signature is valid and the files are others.
	ErrFiles = errors.New("the files are not those that were signed")
	// ErrMethod says that the bundle was signed by a method that is not verified here.
	ErrMethod = errors.New("signed by a method that is not verified here")
)

// The names of the format (OpenSSF Model Signing specification v1.0).
const (
	MediaType     = "application/vnd.dev.sigstore.bundle.v0.3+json"
	PayloadType   = "application/vnd.in-toto+json"
	StatementType = "https://in-toto.io/Statement/v1"
	PredicateType = "https://model_signing/signature/v1.0"
)
