// Package keyring keeps the keys that seal what the custody log holds, and destroys them when a person must be forgotten.
//
// There are three layers. A root key comes from a provider: a file, an environment variable. It wraps one key-encryption
// key (KEK) per subject, and those wrap the data key of each record. Only wrapped keys are ever written: Dir/keys.db holds
// KEKs and the log's signing key sealed with AES-256-GCM under the root key, each bound to its row by the additional data.
// Subjects are stored as HMAC pseudonyms. Deleting a subject's rows makes everything sealed for the subject unreadable,
// while digests, proofs and signatures over the ciphertext stay valid.
//
// A Ring is safe for concurrent use, and several processes may open the same keys.db at once.
package keyring

import "errors"

var (
	// ErrNewer says that keys.db was written by a newer reeve.
	ErrNewer = errors.New("keys.db was written by a newer reeve")
	// ErrWrongRoot says that the root key does not open keys.db.
	ErrWrongRoot = errors.New("the root key does not open keys.db")
	// ErrNoRoot says that keys.db exists but the root key that it needs does not.
	ErrNoRoot = errors.New("the root key is missing")
	// ErrErased says that the key is not there any more: what it sealed cannot be read by anybody.
	ErrErased = errors.New("the key is destroyed")
)
