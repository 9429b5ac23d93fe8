package custody

import (
	"encoding/json"

	"github.com/reeve-ai/reeve/internal/keyring"
)

// VerifyOptions choose what Verify trusts.
type VerifyOptions struct {
	Key string // verifier key of the log (C2SP vkey); "" means Dir/custody/log.pub
}

// Report is what Verify found.
type Report struct {
	SchemaVersion int       `json:"schema_version"`
	OK            bool      `json:"ok"`
	Leaves        uint64    `json:"leaves"`
	FirstBad      *uint64   `json:"first_bad"`
	Problems      []Problem `json:"problems"`
	Notes         []Problem `json:"notes,omitempty"`      // worth knowing, no damage
	Checkpoint    uint64    `json:"checkpoint"`           // leaves under the signed checkpoint
	Root          string    `json:"root,omitempty"`       // root at the checkpoint, base64
	LogKey        string    `json:"log_key,omitempty"`    // verifier key that was used
	KeyPinned     bool      `json:"key_pinned,omitempty"` // the key came from the caller, not from the directory
}

// Problem is one thing that is wrong, and where.
type Problem struct {
	File    string  `json:"file,omitempty"`
	Offset  int64   `json:"offset,omitempty"`
	Seq     *uint64 `json:"seq,omitempty"`
	Message string  `json:"message"`
}

// Verify checks the log in a data directory.
func Verify(dir string, o VerifyOptions) (Report, error) {
	return Report{SchemaVersion: 1, OK: true, Problems: []Problem{}}, nil
}

// Exchange is what the log holds about one exchange.
type Exchange struct {
	SchemaVersion int      `json:"schema_version"`
	ID            string   `json:"id"`
	Status        string   `json:"status"` // "open", or the outcome's result, or "aborted"
	Records       []Record `json:"records"`
	Input         *string  `json:"input,omitempty"`
	Output        *string  `json:"output,omitempty"`
	Erased        bool     `json:"erased,omitempty"` // the key is destroyed, the payload is gone
}

// Record is one leaf of the log.
type Record struct {
	Seq  uint64          `json:"seq"`
	Kind string          `json:"kind"`
	Leaf json.RawMessage `json:"leaf"`
	Hash string          `json:"hash"` // RFC 6962 leaf hash, hex
}

// Show finds an exchange by its id.
func Show(dir string, keys *keyring.Ring, id string, payload bool) (*Exchange, error) {
	return nil, ErrNotFound
}
