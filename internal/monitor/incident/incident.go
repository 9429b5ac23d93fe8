// Package incident keeps the record of what went wrong and what people made of it. Every step is a record of the custody
// log, with who took it and, sealed, why; what stands here is read back from there. The package decides nothing: whether
// an incident is a serious one in the sense of a law, and whom that obliges to report, a person decides.
package incident

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/monitor/rollup"
)

// The states of an incident.
const (
	Open         = "open"
	Acknowledged = "acknowledged" // somebody looks after it
	Closed       = "closed"
)

// Assessments are what a person may find when an incident is closed.
var Assessments = []string{"not-serious", "serious-reported", "serious-not-reportable", "false-alarm"}

// The acts of the records.
const (
	actOpen  = "incident.open"
	actAck   = "incident.ack"
	actClose = "incident.close"
	actAgain = "incident.reopen"
)

// Incident is one.
type Incident struct {
	ID         string    `json:"id"`
	State      string    `json:"state"`
	Rule       string    `json:"rule"`             // the rule of the alert, or "manual"
	Subject    string    `json:"subject,omitzero"` // which one
	Severity   string    `json:"severity"`
	Opened     time.Time `json:"opened"`
	Changed    time.Time `json:"changed"`
	Assessment string    `json:"assessment,omitzero"` // when it is closed: one of Assessments
	Exchange   string    `json:"exchange,omitzero"`   // that it is about, where it is about one
	Records    []string  `json:"records"`             // ids of its records, oldest first: why each step was taken is sealed in them
	Clocks     []Clock   `json:"clocks,omitzero"`     // while it is not closed
}

// Clock is a time limit that runs if a person finds that it applies.
type Clock struct {
	Law   string    `json:"law"`
	If    string    `json:"if"`  // what a person must decide
	Due   time.Time `json:"due"` // counted from when the incident was opened here; awareness may have come earlier
	Draft bool      `json:"draft,omitzero"`
	Note  string    `json:"note,omitzero"`
}

// The clocks of AI Act Art. 73. For high-risk systems under Annex III they apply from 2 December 2027; (2) and (3) are checked
// against the text, the numbering of the limit for a death is not, so it is a draft.
var limits = []struct {
	law, condition, note string
	after                time.Duration
	draft                bool
}{
	{"AI Act Art. 73(3)", "a widespread infringement, or a serious and irreversible disruption of critical infrastructure", "", 2 * 24 * time.Hour, false},
	{"AI Act Art. 73(4)", "the death of a person", "the number of the paragraph is unverified", 10 * 24 * time.Hour, true},
	{"AI Act Art. 73(2)", "any other serious incident (Art. 3(49))", "", 15 * 24 * time.Hour, false},
}

// applies is said with every clock.
const applies = "for providers of high-risk systems, from 2 December 2027"

// Manual is the rule of incidents that people open.
const Manual = "manual"

// Log writes records. *custody.Log is one.
type Log interface {
	Event(*custody.Event) (custody.Receipt, error)
}

// Acts finds the records of incidents. *rollup.Store is one.
type Acts interface {
	Acts(ctx context.Context, prefix string) ([]rollup.Kept, error)
}

// Book is safe for concurrent use.
type Book struct {
	Log   Log
	Acts  Acts
	Clock reeve.Clock
}

// ErrNoIncident says that no incident has an id.
var ErrNoIncident = errors.New("there is no such incident")

// ErrState says that an incident is not in a state that allows a step.
var ErrState = errors.New("the incident is not in a state that allows this")

// ErrReason says that a step needs a reason.
var ErrReason = errors.New("say why: the reason is sealed with the record")

// ErrInvalid says that something was asked for that no incident has. The message of what wraps it says what.
var ErrInvalid = errors.New("this is nothing that an incident has")

// invalid is an ErrInvalid with a message of its own.
type invalid string

func (e invalid) Error() string    { return string(e) }
func (e invalid) Is(of error) bool { return of == ErrInvalid }

// List lists incidents, the newest first; closed ones where all is set.
func (b *Book) List(ctx context.Context, all bool) ([]Incident, error) {
	list, err := b.fold(ctx)
	if err != nil {
		return nil, err
	}
	if !all {
		list = slices.DeleteFunc(list, func(i Incident) bool { return i.State == Closed })
	}
	slices.Reverse(list)
	return list, nil
}

// Get finds one.
func (b *Book) Get(ctx context.Context, id string) (*Incident, error) {
	list, err := b.fold(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(i Incident) bool { return i.ID == id })
	if i < 0 {
		return nil, ErrNoIncident
	}
	return &list[i], nil
}

// fold makes the incidents from their records, in the order in which they were opened.
func (b *Book) fold(ctx context.Context) ([]Incident, error) {
	acts, err := b.Acts.Acts(ctx, "incident.")
	if err != nil {
		return nil, fmt.Errorf("incidents: %w", err)
	}
	var out []Incident
	at := map[string]int{}
	for i := range acts {
		a := &acts[i]
		n, known := at[a.Object]
		switch {
		case a.Act == actOpen && !known:
			at[a.Object] = len(out)
			out = append(out, Incident{
				ID: a.Object, State: Open, Rule: a.Names["rule"], Subject: a.Names["subject"], Severity: a.Names["severity"], Exchange: a.Names["exchange"],
				Opened: a.Time, Changed: a.Time, Records: []string{a.ID.String()},
			})
			continue
		case !known:
			continue // retention removed how it began
		}
		in := &out[n]
		in.Changed, in.Records = a.Time, append(in.Records, a.ID.String())
		switch a.Act {
		case actAck:
			in.State = Acknowledged
		case actClose:
			in.State, in.Assessment = Closed, a.Names["assessment"]
		case actAgain:
			in.State, in.Assessment = Open, ""
		}
	}
	for i := range out {
		if out[i].State != Closed {
			out[i].Clocks = clocks(out[i].Opened)
		}
	}
	return out, nil
}

func clocks(opened time.Time) (out []Clock) {
	for _, l := range limits {
		note := applies
		if l.note != "" {
			note = l.note + "; " + applies
		}
		out = append(out, Clock{Law: l.law, If: l.condition, Due: opened.Add(l.after), Draft: l.draft, Note: note})
	}
	return out
}

// Report opens an incident. Actor "" means the server itself; a person says why.
type Report struct {
	Actor    string `json:"actor,omitzero"`
	Rule     string `json:"rule"`
	Subject  string `json:"subject,omitzero"`
	Severity string `json:"severity"`
	Exchange string `json:"exchange,omitzero"`
	Reason   string `json:"reason,omitzero"`
}

// maxReason bounds a reason.
const maxReason = 4000

// Open opens an incident. Where one of the same rule and subject is not closed, it returns that one: a thing that goes
// wrong again and again is one incident.
func (b *Book) Open(ctx context.Context, r Report) (*Incident, error) {
	if r.Severity != "warning" && r.Severity != "critical" {
		return nil, invalid("the severity is warning or critical")
	}
	if r.Actor != "" && strings.TrimSpace(r.Reason) == "" || len(r.Reason) > maxReason {
		return nil, ErrReason
	}
	list, err := b.fold(ctx)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if in := &list[i]; in.State != Closed && in.Rule == r.Rule && in.Subject == r.Subject && r.Rule != Manual {
			return in, nil
		}
	}
	var random [6]byte
	_, _ = rand.Read(random[:]) // never fails
	id := "inc-" + hex.EncodeToString(random[:])
	names := map[string]string{"rule": r.Rule, "severity": r.Severity}
	if r.Subject != "" {
		names["subject"] = r.Subject
	}
	if r.Exchange != "" {
		if _, err := custody.ParseID(r.Exchange); err != nil {
			return nil, invalid("the exchange has no such id")
		}
		names["exchange"] = r.Exchange
	}
	if err := b.write(actOpen, id, r.Actor, r.Reason, names); err != nil {
		return nil, err
	}
	return b.Get(ctx, id)
}

// Step is a person's step with an incident.
type Step struct {
	ID         string `json:"id"`
	To         string `json:"to"` // Open (again), Acknowledged or Closed
	Actor      string `json:"actor"`
	Reason     string `json:"reason"`
	Assessment string `json:"assessment,omitzero"` // of Closed: one of Assessments
}

// Take takes a step. Closing needs an assessment, every step a reason.
func (b *Book) Take(ctx context.Context, s Step) (*Incident, error) {
	in, err := b.Get(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(s.Reason) == "" || len(s.Reason) > maxReason {
		return nil, ErrReason
	}
	var act string
	names := map[string]string{}
	switch {
	case s.To == Acknowledged && in.State == Open:
		act = actAck
	case s.To == Closed && in.State != Closed:
		if !slices.Contains(Assessments, s.Assessment) {
			return nil, invalid("say what it was: one of " + strings.Join(Assessments, ", "))
		}
		act, names["assessment"] = actClose, s.Assessment
	case s.To == Open && in.State == Closed:
		act = actAgain
	default:
		return nil, fmt.Errorf("%w: it is %s", ErrState, in.State)
	}
	if err := b.write(act, s.ID, s.Actor, s.Reason, names); err != nil {
		return nil, err
	}
	return b.Get(ctx, s.ID)
}

func (b *Book) write(act, id, actor, reason string, names map[string]string) error {
	ev := &custody.Event{Kind: custody.EventAdmin, Time: b.Clock(), Actor: actor, Act: act, Object: id, Result: "ok", Names: names}
	if actor == "" {
		ev.Actor = "reeve"
	}
	if reason != "" {
		ev.Payload = []byte(reason)
	}
	if _, err := b.Log.Event(ev); err != nil {
		return fmt.Errorf("record %s: %w", act, err)
	}
	return nil
}
