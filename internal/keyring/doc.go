// Package keyring keeps the keys that seal what the custody log holds, and destroys them when a person must be forgotten.
//
// There are four layers. A root key comes from a provider: a file, a passphrase, a TPM, Vault. It wraps one master key per
// tenant and one of the house; a tenant's wraps one key-encryption key (KEK) and one pepper per subject; a KEK wraps the data
// key and the salt of each record. Only wrapped keys are ever written: Dir/keys.db holds each sealed with AES-256-GCM and bound
// to its row by the additional data. Subjects and tenants are stored as HMAC pseudonyms. Destroying a subject's keys makes
// everything sealed for the subject unreadable and every commitment about it unguessable, while digests, proofs and signatures
// over the ciphertext stay valid.
//
// What is destroyed is noted by the random id of the key alone. That ledger names nobody; laid over a restored backup it
// destroys the same keys again.
//
// A Ring is safe for concurrent use, and several processes may open the same keys.db at once: what one destroys, the others
// drop before they seal or open anything else.
package keyring

import "errors"

var (
	// ErrNewer says that keys.db was written by a newer reeve.
	ErrNewer = errors.New("keys.db was written by a newer reeve")
	// ErrWrongRoot says that the root key does not open keys.db.
	ErrWrongRoot = errors.New("the root key does not open keys.db")
	// ErrNoRoot says that keys.db exists but the root key that it needs does not.
	ErrNoRoot = errors.New("the root key is missing")
	// ErrRootSpec says that the root key provider cannot be opened as it was specified: unknown, malformed, open to others.
	ErrRootSpec = errors.New("the root key provider cannot be opened")
	// ErrNoRotate says that only the owner of a root key can make the next one.
	ErrNoRotate = errors.New("this root key cannot be renewed from here")
	// ErrErased says that the key is not there any more: what it sealed cannot be read by anybody.
	ErrErased = errors.New("the key is destroyed")
	// ErrResidue says that a key is destroyed, but its wrapped form could not yet be cleared from the write-ahead log of keys.db,
	// because another process reads it. It is cleared within a minute, or when keys.db is opened next.
	ErrResidue = errors.New("another process reads keys.db, so that an older copy of a page stays for now")

	errClosed = errors.New("the keyring is closed")
)
