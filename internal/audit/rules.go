package audit

import (
	"crypto/sha256"
	"encoding/hex"
)

// resultVersion changes whenever this package makes something else of the same hits.
const resultVersion = "1"

// Rules is a digest of the rules and their version that are in force: what findings depend on besides the data. It is
// the same on every machine.
func Rules(o *Options) string {
	if o.Inspector == nil {
		return ""
	}
	sum := sha256.Sum256([]byte("reeve rules\x00" + resultVersion + "\x00" + o.Inspector.Version()))
	return hex.EncodeToString(sum[:])
}
