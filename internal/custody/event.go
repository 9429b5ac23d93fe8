package custody

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/reeve-ai/reeve/internal/keyring"
)

// The kinds of Event. The leaf's version is "reeve.<kind>/1".
const (
	EventAdmin     = "admin"     // an administrative act: a key was created, a policy reloaded
	EventAccess    = "access"    // somebody read a payload, or was refused
	EventScan      = "scan"      // data was scanned
	EventGate      = "gate"      // a model, data set or release was let through or held back
	EventReview    = "review"    // a person decided about an exchange
	EventHold      = "hold"      // a legal hold was laid or lifted
	EventErasure   = "erasure"   // keys were destroyed: Keks
	EventRetention = "retention" // payloads or records were dropped as their time was up: Ranges
	EventLaw       = "law"       // a legal assessment
	EventTraining  = "training"  // a model was trained, or a person: the act says which
	EventIsolation = "isolation" // a boundary was tested or broken
	EventPolicy    = "policy"    // rules came into force
)

// Event is anything that is not an exchange: an act, a decision, a piece of evidence. As in every leaf there is no room for free
// text and no identifier of a person: Actor and Subject are written as commitments under their own peppers, and a name outside
// of [A-Za-z0-9._:/+-{},=~] (at most 128 bytes) as a commitment under a salt that is sealed with the payload, or dropped.
type Event struct {
	Kind   string    // one of the constants
	ID     ID        // zero means a fresh one
	Time   time.Time // zero means now
	Actor  string    // who acted
	Act    string    // what was done: "key.create", "payload.read" …
	Object string    // id or digest of what was acted on
	Result string    // "ok", "refused" …

	Refs    []ID                // records that this one is about
	Names   map[string]string   // further names; keys of a-z, 0-9 and _
	Digests map[string][32]byte // SHA-256 digests of evidence
	Numbers map[string]uint64
	Keks    []keyring.KEKID // erasure: keys that were destroyed
	Ranges  [][2]uint64     // retention: sequence numbers from, to (exclusive)

	// Subject is whose data this is about. Its key is made where there is none: leave it empty in the record of an erasure.
	Subject string
	// Payload is sealed under Subject's key, or Actor's where there is no Subject. nil means that nothing is sealed.
	Payload []byte
}

// Receipt says where a record stands. The record is durable.
type Receipt struct {
	ID  ID
	Seq uint64 // index of the leaf
}

// eventKinds are the kinds that a caller may write.
var eventKinds = map[string]kind{
	EventAdmin: kindAdmin, EventAccess: kindAccess, EventScan: kindScan, EventGate: kindGate, EventReview: kindReview,
	EventHold: kindHold, EventErasure: kindErasure, EventRetention: kindRetention, EventLaw: kindLaw,
	EventTraining: kindTraining, EventIsolation: kindIsolation, EventPolicy: kindPolicy,
}

// maxEventLists is how much the lists of an Event may take in its leaf; the rest is for names of bounded number.
const maxEventLists = maxLeaf - 2<<10

// Event makes a record durable. It returns nil only when it is, an error that wraps ErrUnavailable where the log takes nothing
// now, and another one where the event is malformed: an unknown kind, or more than a leaf of 16 KiB can say (about 500 keys
// or ranges of short numbers; write several).
func (l *Log) Event(ev *Event) (Receipt, error) {
	d := draft{kind: eventKinds[ev.Kind], id: ev.ID, event: ev, start: ev.Time, data: ev.Payload}
	if err := ev.check(); err != nil {
		return Receipt{}, fmt.Errorf("event %q: %w", ev.Kind, err)
	}
	if d.start.IsZero() {
		d.start = l.o.Clock()
	}
	if d.id.IsZero() {
		d.id = NewID(d.start)
	}
	if err := l.eventKeys(&d, ev); err != nil {
		return Receipt{}, err
	}
	seq, err := l.append(&d, true)
	return Receipt{d.id, seq}, err
}

// eventKeys finds the keys of who acted and of whose data it is.
func (l *Log) eventKeys(d *draft, ev *Event) (err error) {
	if ev.Actor != "" {
		if d.subject, err = l.o.Keys.Subject(ev.Actor); err != nil {
			return fmt.Errorf("%w: actor's key: %w", ErrUnavailable, err)
		}
		d.actor = d.subject.Actor()
	}
	if ev.Subject != "" {
		if d.subject, err = l.o.Keys.Subject(ev.Subject); err != nil {
			return fmt.Errorf("%w: subject key: %w", ErrUnavailable, err)
		}
	}
	d.sealed = ev.Payload != nil
	return nil
}

func (ev *Event) check() error {
	if eventKinds[ev.Kind] == 0 {
		return errors.New("unknown kind")
	}
	if ev.Payload != nil && ev.Subject == "" && ev.Actor == "" {
		return errors.New("a payload needs the key of a subject or an actor")
	}
	const perName, perHash, perNumber = 32 + 8 + maxName, 32 + 8 + hash64Len, 32 + 4 + 20
	size := len(ev.Names)*perName + len(ev.Digests)*perHash + len(ev.Numbers)*perNumber +
		len(ev.Refs)*(26+3) + len(ev.Keks)*(22+3) + len(ev.Ranges)*(2*20+4)
	if size > maxEventLists {
		return errors.New("too much for one leaf: write several events")
	}
	for _, keys := range [][]string{slices.Collect(maps.Keys(ev.Names)), slices.Collect(maps.Keys(ev.Digests)), slices.Collect(maps.Keys(ev.Numbers))} {
		for _, key := range keys {
			if !isKey(key) {
				return errors.New("a key is not of a-z, 0-9 and _ or is longer than 32 bytes")
			}
		}
	}
	for _, name := range ev.Names {
		if name == "" {
			return errors.New("a name is empty")
		}
	}
	for _, r := range ev.Ranges {
		if r[0] >= r[1] {
			return errors.New("a range is empty")
		}
	}
	return nil
}

// isKey reports whether s may be a key that the caller chose.
func isKey(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 32
}

// writeEvent writes the leaf of an event but for its holes. The calls stand in the order of the keys.
func (e *entry) writeEvent(d *draft) (h holes) {
	w, ev := &e.w, d.event
	start := len(w.b)
	w.name("act", ev.Act)
	w.text("actor_c", d.actor)
	if d.sealed {
		w.text("alg", algSealed)
		h.data = w.hole("c_payload")
	}
	w.flag("cut", len(d.data) > d.limit)
	members(w, "digests", ev.Digests, func(key string, sum [32]byte) { w.hash(key, sum[:]) })
	if d.sealed {
		id := d.subject.ID()
		w.hash("kek", id[:])
	}
	list(w, "keks", ev.Keks, func(id keyring.KEKID) { w.element(id[:]) })
	w.text("kind", kindNames[d.kind])
	w.number("n_payload", int64(len(d.data)))
	members(w, "names", ev.Names, w.name)
	members(w, "numbers", ev.Numbers, w.seq)
	w.name("object", ev.Object)
	list(w, "ranges", ev.Ranges, w.span)
	list(w, "refs", ev.Refs, w.idElement)
	w.name("result", ev.Result)
	if d.sealed {
		h.sealed = w.hole("sealed")
	}
	w.seq("seq", e.seq)
	if ev.Subject != "" && d.subject != nil {
		w.text("subject_c", d.subject.Actor())
	}
	w.time("t_start", d.start)
	w.id("ulid", d.id)
	w.text("v", leafVersions[d.kind])
	w.b[start] = '{'
	w.b = append(w.b, '}')
	return h
}
