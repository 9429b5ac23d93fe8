package lifecycle

import (
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
)

// said is what the record of a hold or an erasure keeps sealed, as its words may speak of a person.
type said struct {
	Subjects []string `json:"subjects,omitempty"`
	Reason   string   `json:"reason"`
	Owner    string   `json:"owner,omitempty"`
}

// Holds and erasures that are nobody's data are sealed under the key of this name.
const houseSubject = "reeve/custody"

// seal is the sealed half of a record.
func (s *said) seal() []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always encode
	}
	return b
}

// step reads a transition back from its record. What it says of persons is gone where they were erased since.
func (c *Custodian) step(l *leaf) error {
	t := Transition{Act: l.Act}
	switch l.Act {
	case actHold:
		t.Hold = Hold{ID: l.ID, Added: l.Start, Seq: l.Seq, Scope: scopeOf(l)}
		s, readable := c.saidIn(l.Seq)
		t.Hold.Reason, t.Hold.Owner = s.Reason, s.Owner
		if len(s.Subjects) > 0 {
			t.Hold.Scope.Subject = s.Subjects[0]
		}
		if !readable && t.Hold.Scope == (Scope{}) { // the hold was on a subject whose key is gone: it covers nobody any more
			t.Hold.Scope.Subject = "erased"
		}
	case actRelease:
		if len(l.Refs) > 0 {
			t.Hold.ID = l.Refs[0]
		}
	case actQueue, actBegin:
		s, _ := c.saidIn(l.Seq)
		t.Erasure = Erasure{ID: l.ID, Subjects: s.Subjects, Reason: s.Reason, Requested: l.Start, Keks: keksIn(l)}
		if l.Act == actQueue {
			t.Erasure.HeldBy = l.Refs
		}
	case actErase:
		t.Erasure.ID = l.ID
	case actDrop:
		c.mu.Lock()
		c.undropped = l.Ranges
		c.mu.Unlock()
		return nil
	default:
		return nil // a record of another act, such as a refusal
	}
	c.mu.Lock()
	err := c.ledger.Apply(&t)
	c.mu.Unlock()
	if err != nil && l.Act != actRelease && l.Act != actErase { // what these end may have begun in records that retention removed
		return fmt.Errorf("record %d: %w", l.Seq, err)
	}
	if l.Act == actErase { // an index that was made anew has what the old one had forgotten
		c.mu.Lock()
		c.forgotten = append(c.forgotten, keksIn(l)...)
		c.mu.Unlock()
	}
	return nil
}

// saidIn opens the sealed half of a record. It reports false where it cannot be read any more.
func (c *Custodian) saidIn(seq uint64) (said, bool) {
	var s said
	r, err := c.o.Reader.Record(seq)
	if err != nil {
		return s, false
	}
	p, err := r.Open(c.o.Keys)
	if err != nil || p == nil || json.Unmarshal(p.Data, &s) != nil {
		return said{}, false
	}
	return s, true
}

// The scope of a hold stands in the leaf but for its subject.
const (
	numSince = "since_ns"
	numUntil = "until_ns"
	numFrom  = "from"
)

func scopeOf(l *leaf) Scope {
	var s Scope
	if len(l.Ranges) > 0 {
		s.From, s.To = l.Ranges[0][0], l.Ranges[0][1]
	}
	s.From = max(s.From, l.Numbers[numFrom])
	if n := l.Numbers[numSince]; n != 0 {
		s.Since = time.Unix(0, int64(n)).UTC()
	}
	if n := l.Numbers[numUntil]; n != 0 {
		s.Until = time.Unix(0, int64(n)).UTC()
	}
	return s
}

// putScope writes a scope into an event, but for its subject.
func putScope(ev *custody.Event, s *Scope) {
	if s.To != 0 {
		ev.Ranges = [][2]uint64{{s.From, s.To}}
	}
	ev.Numbers = map[string]uint64{}
	if s.From != 0 && s.To == 0 {
		ev.Numbers[numFrom] = s.From
	}
	if !s.Since.IsZero() {
		ev.Numbers[numSince] = uint64(s.Since.UnixNano())
	}
	if !s.Until.IsZero() {
		ev.Numbers[numUntil] = uint64(s.Until.UnixNano())
	}
}

func keksIn(l *leaf) []KEKID {
	var out []KEKID
	for _, text := range l.Keks {
		if id, ok := parseKEK(text); ok {
			out = append(out, id)
		}
	}
	return out
}

// normalized are the ids in the form under which they are indexed, sorted and each once.
func normalized(ids []string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = keyring.Normalize(id)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func hexIDs(ids []KEKID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = hex.EncodeToString(id[:])
	}
	return out
}
