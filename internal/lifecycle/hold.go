package lifecycle

import (
	"errors"
	"fmt"
	"time"
)

// Scope is what a hold covers: the records of one subject, a range of records, a span of time. What is set must all fit.
type Scope struct {
	Subject string    `json:"subject,omitempty"` // id of a principal
	From    uint64    `json:"from,omitempty"`    // first record
	To      uint64    `json:"to,omitempty"`      // behind the last record; 0 for no end
	Since   time.Time `json:"since,omitzero"`
	Until   time.Time `json:"until,omitzero"` // zero for no end
}

// Validate refuses a scope that covers nothing, or everything.
func (s *Scope) Validate() error {
	switch {
	case *s == Scope{}:
		return errors.New("a hold needs a subject, a range of records or a span of time")
	case s.To != 0 && s.To <= s.From:
		return fmt.Errorf("the range from %d to %d is empty", s.From, s.To)
	case !s.Until.IsZero() && !s.Since.Before(s.Until):
		return errors.New("the span of time is empty")
	}
	return nil
}

// covers reports whether a record of a subject lies in the scope. subject is "" where it is nobody's or not known.
func (s *Scope) covers(subject string, seq uint64, t time.Time) bool {
	switch {
	case s.Subject != "" && s.Subject != subject,
		seq < s.From, s.To != 0 && seq >= s.To,
		t.Before(s.Since), !s.Until.IsZero() && !t.Before(s.Until):
		return false
	}
	return true
}

// ranged reports whether the scope speaks of single records and not of all of a subject's.
func (s *Scope) ranged() bool {
	return s.From != 0 || s.To != 0 || !s.Since.IsZero() || !s.Until.IsZero()
}

// String tells the scope to a person.
func (s Scope) String() string {
	text := ""
	add := func(format string, args ...any) {
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf(format, args...)
	}
	if s.Subject != "" {
		add("subject %s", s.Subject)
	}
	switch {
	case s.To != 0:
		add("records %d to %d", s.From, s.To-1)
	case s.From != 0:
		add("records from %d on", s.From)
	}
	if !s.Since.IsZero() {
		add("since %s", s.Since.UTC().Format(time.RFC3339))
	}
	if !s.Until.IsZero() {
		add("before %s", s.Until.UTC().Format(time.RFC3339))
	}
	return text
}

// Hold is a legal hold: what it covers is neither erased nor dropped until it is released.
type Hold struct {
	ID     string    `json:"id"`
	Scope  Scope     `json:"scope"`
	Reason string    `json:"reason"`
	Owner  string    `json:"owner"`
	Added  time.Time `json:"added"`
	Seq    uint64    `json:"seq"` // record of its addition
}

// Erasure is one request to forget a subject.
type Erasure struct {
	ID        string    `json:"id"`
	Subjects  []string  `json:"subjects"` // ids of principals
	Reason    string    `json:"reason"`
	Requested time.Time `json:"requested"`
	HeldBy    []string  `json:"held_by,omitempty"` // while it waits
	Keks      []KEKID   `json:"-"`                 // once it has begun
}
