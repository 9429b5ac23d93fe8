package custody

import (
	"fmt"
	"strings"
)

// Report is what Verify found.
type Report struct {
	SchemaVersion int       `json:"schema_version"`
	OK            bool      `json:"ok"`
	Leaves        uint64    `json:"leaves"`    // records that are good
	FirstBad      *uint64   `json:"first_bad"` // sequence number of the first bad record, null where none is known
	Problems      []Problem `json:"problems"`
	Notes         []Problem `json:"notes,omitempty"`      // worth knowing, no damage
	Origin        string    `json:"origin,omitempty"`     // name of the log
	Checkpoint    uint64    `json:"checkpoint"`           // records under the signed checkpoint
	Root          string    `json:"root,omitempty"`       // root at the checkpoint, base64
	LogKey        string    `json:"log_key,omitempty"`    // verifier key that was used
	KeyPinned     bool      `json:"key_pinned,omitempty"` // the key came from the caller, not from the directory
	Cosigned      []string  `json:"cosigned,omitempty"`   // witnesses of the policy whose cosignature is good
	Since         *uint64   `json:"since,omitempty"`      // size of the older checkpoint that the log leads on from
	Open          int       `json:"open,omitempty"`       // exchanges with an intent and no outcome
}

// Problem is one thing that is wrong, and where.
type Problem struct {
	File    string  `json:"file,omitempty"`   // below the custody directory
	Offset  int64   `json:"offset,omitempty"` // in the file
	Seq     *uint64 `json:"seq,omitempty"`    // record that it concerns
	Message string  `json:"message"`
}

// String writes the problem as one line.
func (p *Problem) String() string {
	var b strings.Builder
	if p.Seq != nil {
		fmt.Fprintf(&b, "record %d: ", *p.Seq)
	}
	b.WriteString(p.Message)
	if p.File != "" {
		fmt.Fprintf(&b, " (%s", p.File)
		if p.Offset != 0 {
			fmt.Fprintf(&b, " at byte %d", p.Offset)
		}
		b.WriteByte(')')
	}
	return b.String()
}
