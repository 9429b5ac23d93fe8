package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/reeve-ai/reeve/internal/custody"
)

// HoldRequest asks for a hold. Actor is who asks, for the record.
type HoldRequest struct {
	Scope  Scope  `json:"scope"`
	Reason string `json:"reason"`
	Owner  string `json:"owner"`
	Actor  string `json:"actor"`
}

// ReleaseRequest ends a hold.
type ReleaseRequest struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
	Actor  string `json:"actor"`
}

// Released says what a release set off.
type Released struct {
	ID     string     `json:"id"`
	Erased []*Receipt `json:"erased,omitempty"` // erasures that had waited for it
}

// InForce are the holds, and the erasures that they hold back.
type InForce struct {
	Holds   []Hold    `json:"holds"`
	Waiting []Erasure `json:"waiting"`
}

// AddHold lays holds: one for each principal that the subject stands for, else one. They are in force when it returns.
func (c *Custodian) AddHold(ctx context.Context, q HoldRequest) ([]Hold, error) {
	if q.Reason == "" || q.Owner == "" {
		return nil, errors.New("a hold needs a reason and an owner who answers for it")
	}
	if err := q.Scope.Validate(); err != nil {
		return nil, err
	}
	scopes := []Scope{q.Scope}
	if q.Scope.Subject != "" {
		ids, err := c.principals(ctx, q.Scope.Subject)
		if err != nil {
			return nil, err
		}
		scopes = nil
		for _, id := range ids {
			s := q.Scope
			s.Subject = id
			scopes = append(scopes, s)
		}
	}
	c.act.Lock()
	defer c.act.Unlock()
	var out []Hold
	for _, s := range scopes {
		h, err := c.hold(ctx, s, q)
		if err != nil {
			return out, err
		}
		out = append(out, h)
	}
	return out, nil
}

func (c *Custodian) hold(ctx context.Context, s Scope, q HoldRequest) (Hold, error) {
	words := said{Reason: q.Reason, Owner: q.Owner}
	ev := &custody.Event{Kind: custody.EventHold, Actor: q.Actor, Act: actHold, Result: "ok", Subject: houseSubject}
	putScope(ev, &s)
	if s.Subject != "" {
		ev.Subject, words.Subjects = s.Subject, []string{s.Subject}
	}
	ev.Payload = words.seal()
	r, err := c.record(ctx, ev)
	if err != nil {
		return Hold{}, err
	}
	return Hold{ID: r.ID.String(), Scope: s, Reason: q.Reason, Owner: q.Owner, Added: ev.Time.UTC(), Seq: r.Seq}, nil
}

// ReleaseHold ends a hold and carries out the erasures that only it held back.
func (c *Custodian) ReleaseHold(ctx context.Context, q ReleaseRequest) (*Released, error) {
	id, err := custody.ParseID(strings.ToUpper(q.ID))
	if err != nil {
		return nil, fmt.Errorf("hold: %w", err)
	}
	c.act.Lock()
	defer c.act.Unlock()
	h, found := c.held(id.String())
	if !found {
		return nil, fmt.Errorf("%s: %w", id, ErrNoHold)
	}
	ev := &custody.Event{Kind: custody.EventHold, Actor: q.Actor, Act: actRelease, Result: "ok", Refs: []custody.ID{id}, Subject: houseSubject}
	if h.Scope.Subject != "" && h.Scope.Subject != "erased" {
		ev.Subject = h.Scope.Subject
	}
	ev.Payload = (&said{Reason: q.Reason, Owner: h.Owner}).seal()
	if _, err := c.record(ctx, ev); err != nil {
		return nil, err
	}
	out := &Released{ID: id.String()}
	c.mu.Lock()
	waiting := c.ledger.Waiting()
	c.mu.Unlock()
	for _, e := range waiting {
		receipt, err := c.erase(ctx, &e, q.Actor)
		if errors.Is(err, ErrHeld) {
			continue // another hold stands against it
		}
		if err != nil {
			return out, fmt.Errorf("the hold is released; erasure %s that waited for it: %w", e.ID, err)
		}
		out.Erased = append(out.Erased, receipt)
	}
	return out, nil
}

func (c *Custodian) held(id string) (Hold, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, found := c.ledger.holds[id]
	return h, found
}

// InForce lists the holds and what they hold back.
func (c *Custodian) InForce(ctx context.Context) (*InForce, error) {
	if err := c.index.CatchUp(ctx); err != nil {
		return nil, err
	}
	return c.Known(), nil
}

// Known is what InForce lists as far as the index has come. What this Custodian did itself is in it.
func (c *Custodian) Known() *InForce {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := &InForce{Holds: c.ledger.Holds(), Waiting: c.ledger.Waiting()}
	if out.Holds == nil {
		out.Holds = []Hold{}
	}
	if out.Waiting == nil {
		out.Waiting = []Erasure{}
	}
	return out
}
