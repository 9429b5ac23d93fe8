package lifecycle

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/reeve-ai/reeve/internal/keyring"
)

// KEKID names one key of a subject.
type KEKID = keyring.KEKID

var (
	// ErrHeld says that a legal hold covers what should be erased. The erasure waits and is done when the hold is released.
	ErrHeld = errors.New("a legal hold covers records of this subject")
	// ErrNoHold says that there is no such hold, or that it was released before.
	ErrNoHold = errors.New("no such hold")
	// ErrTransition says that the records of the log contradict each other.
	ErrTransition = errors.New("this cannot follow from what is on record")
)

// What a transition does. Each is the act of one record.
const (
	actHold    = "hold.add"
	actRelease = "hold.release"
	actQueue   = "erasure.queue" // a hold stands against it
	actBegin   = "erasure.begin" // from here on the listed keys may be gone
	actErase   = "erasure.done"
	actDrop    = "retention.drop" // from here on the payloads in the ranges may be gone; no step of the ledger
)

// Transition is one step of the ledger, as one record tells it.
type Transition struct {
	Act     string
	Hold    Hold    // actHold: all; actRelease: ID
	Erasure Erasure // actQueue, actBegin: all; actErase: ID
}

// Ledger is what is in force: the holds, the erasures that wait for one to be released, and those under way. It is a pure
// state machine: Apply is used for what happens and for what is read back from the log, so that both come to the same.
// It is not safe for concurrent use.
type Ledger struct {
	holds   map[string]Hold
	waiting map[string]Erasure
	begun   map[string]Erasure
	erased  map[KEKID]bool
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger {
	return &Ledger{holds: map[string]Hold{}, waiting: map[string]Erasure{}, begun: map[string]Erasure{}, erased: map[KEKID]bool{}}
}

// Apply takes one step. A step that contradicts the state changes nothing and returns ErrTransition or ErrNoHold (wrapped).
func (l *Ledger) Apply(t *Transition) error {
	switch t.Act {
	case actHold:
		if _, twice := l.holds[t.Hold.ID]; twice || t.Hold.ID == "" {
			return fmt.Errorf("hold %q: %w", t.Hold.ID, ErrTransition)
		}
		l.holds[t.Hold.ID] = t.Hold
	case actRelease:
		if _, held := l.holds[t.Hold.ID]; !held {
			return fmt.Errorf("hold %s: %w", t.Hold.ID, ErrNoHold)
		}
		delete(l.holds, t.Hold.ID)
	case actQueue:
		if _, begun := l.begun[t.Erasure.ID]; begun || t.Erasure.ID == "" {
			return fmt.Errorf("erasure %q: %w", t.Erasure.ID, ErrTransition)
		}
		l.waiting[t.Erasure.ID] = t.Erasure
	case actBegin:
		if _, twice := l.begun[t.Erasure.ID]; twice || t.Erasure.ID == "" {
			return fmt.Errorf("erasure %q: %w", t.Erasure.ID, ErrTransition)
		}
		delete(l.waiting, t.Erasure.ID)
		l.begun[t.Erasure.ID] = t.Erasure
		for _, id := range t.Erasure.Keks {
			l.erased[id] = true
		}
	case actErase:
		if _, begun := l.begun[t.Erasure.ID]; !begun {
			return fmt.Errorf("erasure %q: %w", t.Erasure.ID, ErrTransition)
		}
		delete(l.begun, t.Erasure.ID)
	default:
		return fmt.Errorf("%q: %w", t.Act, ErrTransition)
	}
	return nil
}

// Holds are the holds in force, the oldest first.
func (l *Ledger) Holds() []Hold {
	return slices.SortedFunc(maps.Values(l.holds), func(a, b Hold) int { return cmpIDs(a.ID, b.ID) })
}

// Waiting are the erasures that a hold stands against, the oldest first.
func (l *Ledger) Waiting() []Erasure { return byID(l.waiting) }

// Begun are the erasures that were begun and not ended: after a crash they are taken up again.
func (l *Ledger) Begun() []Erasure { return byID(l.begun) }

func byID(m map[string]Erasure) []Erasure {
	return slices.SortedFunc(maps.Values(m), func(a, b Erasure) int { return cmpIDs(a.ID, b.ID) })
}

func cmpIDs(a, b string) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

// Erased reports whether the key was given up by an erasure.
func (l *Ledger) Erased(id KEKID) bool { return l.erased[id] }

// waitsFor is the erasure of these subjects that waits already.
func (l *Ledger) waitsFor(subjects []string) (Erasure, bool) {
	for _, e := range l.Waiting() {
		if slices.Equal(e.Subjects, subjects) {
			return e, true
		}
	}
	return Erasure{}, false
}

// covering are the ids of the holds that cover a record.
func (l *Ledger) covering(subject string, seq uint64, t time.Time) []string {
	var ids []string
	for _, h := range l.holds {
		if h.Scope.covers(subject, seq, t) {
			ids = append(ids, h.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// blocking are the ids of the holds that stand against the erasure of subjects. touches tells whether any of their
// records lies in a scope; it is asked only for scopes that speak of single records.
func (l *Ledger) blocking(subjects []string, touches func(Scope) (bool, error)) ([]string, error) {
	var ids []string
	for _, h := range l.Holds() {
		if h.Scope.Subject != "" && !slices.Contains(subjects, h.Scope.Subject) {
			continue
		}
		if h.Scope.ranged() {
			in, err := touches(h.Scope)
			if err != nil {
				return nil, err
			}
			if !in {
				continue
			}
		}
		ids = append(ids, h.ID)
	}
	return ids, nil
}
