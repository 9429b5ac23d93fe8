// Package record reads leaves of the custody log as what watching needs of them: names that operators gave, numbers and
// times, never content and nobody's identity. Whoever counts, delivers or traces follows the log with it, behind the
// acknowledgement, so that no request waits for any of them.
package record

import (
	"time"

	"github.com/reeve-ai/reeve/internal/custody"
)

// Record is one record of the log. What only the intent of an exchange says (model, route, labels of the input …) is filled
// into its outcome by a Joiner.
type Record struct {
	Seq  uint64
	Kind string // "intent", "outcome", "aborted", or the kind of an event
	ID   custody.ID

	Start, End time.Time // End is zero where the record has none
	About
	Result, Refusal, Rule, Finish, LabelOut          string
	Intended                                         bool
	HTTP, TokensIn, TokensOut                        int64
	FirstUS, GuardUS, CustodyUS, QueueUS, UpstreamUS int64 // microseconds
	Guard                                            []Match
	Act, Object                                      string            // of an event
	Names                                            map[string]string // of an event
}

// About is what is known before the model is called.
type About struct {
	Began                                                                 time.Time
	Route, Dialect, Op, Model, Upstream, LabelIn, Policy, TraceID, SpanID string
	Stream                                                                bool
	GuardIn                                                               []Match // matches that the intent tells
}

// Match is one rule's part in a verdict.
type Match struct {
	Rule, Stage, Action string
	N                   int64
}

// When is the time of the record itself: the end of an exchange where it is an outcome.
func (r *Record) When() time.Time {
	if !r.End.IsZero() {
		return r.End
	}
	return r.Start
}

// Ends reports whether the record ends an exchange.
func (r *Record) Ends() bool { return r.Kind == "outcome" || r.Kind == "aborted" }

// Verdict is how an exchange ended: ok, refused, blocked, failed, cut or aborted. It is "" for other records.
func (r *Record) Verdict() string {
	switch {
	case r.Kind == "aborted":
		return "aborted"
	case r.Kind != "outcome":
		return ""
	case r.Result == "":
		return "ok"
	}
	return r.Result
}

// Label is the label of an exchange: that of the answer, which is at least that of the request, else that of the request.
func (r *Record) Label() string {
	if r.LabelOut != "" {
		return r.LabelOut
	}
	if r.LabelIn != "" {
		return r.LabelIn
	}
	return "public"
}
