package custody

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/reeve-ai/reeve/internal/keyring"
)

// reasons are what the log says about payloads and records that are not there any more.
type reasons struct {
	keks   map[keyring.KEKID]uint64 // keys that were destroyed, by the newest record that says so
	ranges []droppedRange
}

// droppedRange is a range of records whose payloads, or which themselves, were dropped.
type droppedRange struct {
	from, to uint64
	at       uint64 // the record that says so
	leaves   bool   // the records themselves
}

// ActDropLeaves is the act of a retention record that removes whole records; otherwise Ranges are about payloads.
const ActDropLeaves = "leaves.drop"

// note takes over what a leaf says. It is canonical.
func (r *reasons) note(k kind, seq uint64, leaf []byte) {
	if k != kindErasure && k != kindRetention {
		return
	}
	var l struct {
		Act    string      `json:"act"`
		Keks   []string    `json:"keks"`
		Ranges [][2]uint64 `json:"ranges"`
	}
	if json.Unmarshal(leaf, &l) != nil {
		return
	}
	if k == kindErasure {
		for _, text := range l.Keks {
			var id keyring.KEKID
			if n, err := base64.RawURLEncoding.Decode(id[:], []byte(text)); err == nil && n == len(id) {
				if r.keks == nil {
					r.keks = map[keyring.KEKID]uint64{}
				}
				r.keks[id] = seq
			}
		}
		return
	}
	for _, span := range l.Ranges {
		r.ranges = append(r.ranges, droppedRange{span[0], span[1], seq, l.Act == ActDropLeaves})
	}
}

// add takes over what a later part of the log says.
func (r *reasons) add(later *reasons) {
	for id, seq := range later.keks {
		if r.keks == nil {
			r.keks = map[keyring.KEKID]uint64{}
		}
		r.keks[id] = seq
	}
	r.ranges = append(r.ranges, later.ranges...)
}

// explain returns the first sealed part that is gone without a later record that says why.
func (r *reasons) explain(gone []gonePart) (unexplained *gonePart) {
	for i := range gone {
		if g := &gone[i]; r.keks[g.kek] <= g.seq && !r.covers(g.seq, false) {
			return g
		}
	}
	return nil
}

// covers reports whether a later record says that a payload, or the record itself, was dropped.
func (r *reasons) covers(seq uint64, leaves bool) bool {
	for _, d := range r.ranges {
		if seq >= d.from && seq < d.to && d.at > seq && d.leaves == leaves {
			return true
		}
	}
	return false
}

// missingParts adds a problem for payloads, and for records at the start of the log, that are gone without a reason.
func (v *verifier) missingParts(a *audit) {
	if g := a.why.explain(a.gone); g != nil {
		seq := g.seq
		v.r.Problems = append(v.r.Problems, Problem{Seq: &seq, Message: "the payload is gone, and no later record says that its key was destroyed or its time was up"})
	}
	if v.removed == 0 {
		return
	}
	for _, d := range a.why.ranges {
		if d.leaves && d.from == 0 && d.to >= v.removed && d.at >= v.removed {
			v.note(minimumFile, "the first %d records were removed; record %d says so", v.removed, d.at)
			return
		}
	}
	seq := uint64(0)
	v.r.Problems = append(v.r.Problems, Problem{File: minimumFile, Seq: &seq, Message: fmt.Sprintf("the first %d records are missing, and no record says that their time was up", v.removed)})
}
