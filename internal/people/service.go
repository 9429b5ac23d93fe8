package people

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/store"
)

// Acts of the records that this room writes.
const (
	ActReport   = "review.report"   // somebody reported an exchange
	ActDecide   = "review.decide"   // a person decided
	ActEscalate = "review.escalate" // an item was not decided in time
	ActExpire   = "review.expire"   // a held answer was not decided in time
	ActAssign   = "review.assign"   // somebody gave an item to somebody
	ActReveal   = "payload.read"    // somebody read an exchange without masks (an access record)
	ActDeliver  = "answer.deliver"  // a held answer went out
	ActExport   = "review.export"   // labelled examples were exported
	ActPropose  = "review.propose"  // a change of the rules was proposed
	ActIncident = "incident.open"   // an incident was opened
)

// Service is the review queue of one log. It is safe for concurrent use.
type Service struct {
	o      Options
	origin string
	sample sampler // who is drawn
	second sampler // whose verdict is checked by a second

	feedMu sync.Mutex // of the feed: everything below up to begun
	next   uint64     // first record that was not read
	stored uint64     // position in the store
	open   map[custody.ID]opened
	early  map[custody.ID]early // reports about exchanges that have not ended

	begun atomic.Bool   // the log was read to its end once
	read  atomic.Uint64 // first record that was not read
	must  atomic.Uint64 // nothing is decided before the records below were read

	newsMu sync.Mutex
	news   chan struct{} // closed when something in the queue has changed
}

// Open reads how far the feed has come. Nothing is decided before the first CatchUp: a verdict may be on record already that a
// crash kept from its item.
func Open(ctx context.Context, o Options) (*Service, error) {
	if o.Store == nil || o.Log == nil || o.Reader == nil || o.Find == nil || o.Keys == nil || o.Access == nil {
		return nil, errors.New("review: store, log, reader, find, keys and access are required")
	}
	if o.Rules.Shares == nil {
		o.Rules = DefaultRules()
	}
	if err := o.Rules.Validate(); err != nil {
		return nil, fmt.Errorf("review: %w", err)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Diagnostics == nil {
		o.Diagnostics = slog.New(slog.DiscardHandler)
	}
	s := &Service{o: o, open: map[custody.ID]opened{}, early: map[custody.ID]early{}, news: make(chan struct{})}
	var err error
	if s.sample, err = newSampler(o.Keys, "review-sample"); err == nil {
		s.second, err = newSampler(o.Keys, "review-second")
	}
	if err != nil {
		return nil, fmt.Errorf("review: %w", err)
	}
	name, err := o.Keys.Derive("review-origin")
	if err != nil {
		return nil, fmt.Errorf("review: %w", err)
	}
	s.origin = hex.EncodeToString(name[:8])
	if s.stored, _, err = o.Store.ReviewPosition(ctx, s.origin); err != nil {
		return nil, err
	}
	s.next = s.stored
	return s, nil
}

// changed wakes those who wait for a decision.
func (s *Service) changed() {
	s.newsMu.Lock()
	defer s.newsMu.Unlock()
	close(s.news)
	s.news = make(chan struct{})
}

func (s *Service) waitFor() <-chan struct{} {
	s.newsMu.Lock()
	defer s.newsMu.Unlock()
	return s.news
}

// Errors that a caller tells apart.
var (
	// ErrTaken says that somebody else decided, or has the item, or that it changed since it was read.
	ErrTaken = errors.New("somebody else has this item, or decided it meanwhile")
	// ErrNotYours says that the item must be decided by somebody else.
	ErrNotYours = errors.New("this item must be decided by somebody else")
	// ErrDone says that nothing is left to decide.
	ErrDone = errors.New("nothing is left to decide about this item")
	// ErrInvalid says what is wrong with a decision.
	ErrInvalid = errors.New("the decision is not complete")
	// ErrNotReady says that the log is still being read.
	ErrNotReady = errors.New("the log is still being read")
	// ErrGone says that what was said is not kept any more.
	ErrGone = errors.New("what was said is erased, or the time for which it is kept was up")
)

// refusedError carries the refusal of an access rule.
type refusedError struct{ *reeve.Refusal }

func (e *refusedError) Error() string { return e.Rule + ": " + e.Message }

// Unwrap has a refusal count as ErrNotYours for who does not ask for its rule.
func (e *refusedError) Unwrap() error { return ErrNotYours }

// Hint tells what to do next.
func (e *refusedError) Hint() string { return e.Remedy }

// RefusalOf is the refusal of an access rule that an error carries, or nil.
func RefusalOf(err error) *reeve.Refusal {
	var r *refusedError
	if errors.As(err, &r) {
		return r.Refusal
	}
	return nil
}

// ready reports whether every verdict on record is in the queue.
func (s *Service) ready() bool { return s.begun.Load() && s.read.Load() >= s.must.Load() }

// mine is who the keys of somebody lead to: the ids under which exchanges name their author.
type mine map[string]bool

func (s *Service) mineOf(principal string) (mine, error) {
	keks, err := s.o.Keys.SubjectKEKs(principal)
	if err != nil {
		return nil, fmt.Errorf("look up the reviewer's keys: %w", err)
	}
	m := mine{}
	for _, id := range keks {
		m[kekText(id)] = true
	}
	return m, nil
}

// kekText is the id of a key as leaves write it.
func kekText(id keyring.KEKID) string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// may asks the access rules about an item. Its author owns it: as themselves where they ask, else under a name that means nobody.
func (s *Service) may(who *Who, action access.Action, it *store.ReviewItem, m mine) *reeve.Refusal {
	r := access.Resource{Kind: access.KindReview, Name: "*"}
	if it != nil {
		r.Name, r.Label, r.Owner = it.ID, it.Label, "author:"+it.Author
		if m[it.Author] {
			r.Owner = who.ID
		}
	}
	c := who.Context
	if c.Now.IsZero() {
		c.Now = s.o.Clock()
	}
	return access.Decide(s.o.Access, access.Request{Principal: who.Principal, Action: action, Resource: r, Context: c}).Refusal()
}

// mayDecide says why somebody must not decide about an item, nil where they may.
func (s *Service) mayDecide(who *Who, it *store.ReviewItem, m mine) error {
	switch {
	case m[it.Author]:
		return fmt.Errorf("%w: it is about an exchange of your own", ErrNotYours)
	case it.Author == "":
		return fmt.Errorf("%w: nobody knows whose exchange it is", ErrNotYours)
	case slices.Contains(it.Reviewers, who.ID):
		return fmt.Errorf("%w: you have decided about it already", ErrNotYours)
	case it.Round > 2 && !who.Has(s.o.Rules.EscalateTo):
		return fmt.Errorf("%w: two persons disagreed, and the role %s decides", ErrNotYours, s.o.Rules.EscalateTo)
	}
	if rule := s.wrote(who, it); rule != "" {
		return fmt.Errorf("%w: you answer for the rule %s", ErrNotYours, rule)
	}
	for _, action := range []access.Action{"review:read", "review:decide"} {
		if refusal := s.may(who, action, it, m); refusal != nil {
			return &refusedError{refusal}
		}
	}
	return nil
}

// wrote is a rule that acted in the exchange and that this person answers for.
func (s *Service) wrote(who *Who, it *store.ReviewItem) string {
	if s.o.Owner == nil {
		return ""
	}
	for _, rule := range fired(it.Rules) {
		owner := s.o.Owner(rule)
		if owner != "" && (strings.EqualFold(owner, who.ID) || strings.EqualFold(owner, who.Name) || "user:"+owner == who.ID) {
			return rule
		}
	}
	return ""
}
