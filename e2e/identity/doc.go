// Package identity proves sign-in and revocation against the real thing: a Keycloak server, passkeys in a real Chromium with
// a virtual authenticator, and several reeve servers that share one PostgreSQL database.
//
// The tests carry the build tag e2e. e2e/identity/run.sh installs what they need and demands that none is skipped.
package identity
