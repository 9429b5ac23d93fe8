package people

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/control"
	"github.com/reeve-ai/reeve/internal/store"
)

// The calls by which commands reach the queue.
const (
	CallList    = "/review/list"
	CallShow    = "/review/show"
	CallClaim   = "/review/claim"
	CallDecide  = "/review/decide"
	CallStats   = "/review/stats"
	CallExport  = "/review/export"
	CallPropose = "/review/propose"
)

// Words are this room's errors that keep their identity on the way to a command.
func Words() control.Words {
	return control.Words{
		{Code: "review-taken", Err: ErrTaken},
		{Code: "review-not-yours", Err: ErrNotYours},
		{Code: "review-done", Err: ErrDone},
		{Code: "review-invalid", Err: ErrInvalid},
		{Code: "review-gone", Err: ErrGone},
		{Code: "review-not-found", Err: store.ErrNotFound},
	}
}

// ListCall asks for items.
type ListCall struct {
	State  string `json:"state,omitzero"`
	Source string `json:"source,omitzero"`
	After  string `json:"after,omitzero"`
	Limit  int    `json:"limit,omitzero"`
}

// Items are a page of the queue.
type Items struct {
	SchemaVersion int                `json:"schema_version"`
	Items         []store.ReviewItem `json:"items"`
	Next          string             `json:"next,omitzero"` // give it as after for the next page
}

// ShowCall asks for one item. As is who looks; Reveal is the reason to see it without masks.
type ShowCall struct {
	ID     string `json:"id"`
	As     string `json:"as"`
	Reveal string `json:"reveal,omitzero"`
}

// ClaimCall asks for items to decide. With an ID it asks for that one.
type ClaimCall struct {
	As string `json:"as"`
	N  int    `json:"n,omitzero"`
	ID string `json:"id,omitzero"`
}

// DecideCall is a decision and whose it is.
type DecideCall struct {
	As string `json:"as"`
	Decision
}

// StatsCall asks for figures.
type StatsCall struct {
	Since time.Time `json:"since,omitzero"`
}

// as finds who acts by a command: a person whom the store knows, with what the access rules say of them. Whoever reaches the
// control socket is trusted to say who it is; a second factor is not asked for there.
func (s *Service) as(ctx context.Context, who string) (*Who, error) {
	if s.o.Principal == nil || who == "" {
		return nil, fmt.Errorf("%w: it takes a person: name one with --as", ErrInvalid)
	}
	p, known, err := s.o.Principal(ctx, who)
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, fmt.Errorf("%w: nobody who may act has this id or name", ErrInvalid)
	}
	return &Who{Principal: p, Context: access.Context{Now: s.o.Clock(), MFA: true}}, nil
}

// Handle adds the calls to a mux.
func (s *Service) Handle(mux *http.ServeMux, words control.Words) {
	control.Handle(mux, CallList, words, s.callList)
	control.Handle(mux, CallShow, words, func(ctx context.Context, q ShowCall) (*View, error) {
		who, err := s.current(ctx, q.As)
		if err != nil {
			return nil, err
		}
		if q.Reveal != "" {
			return s.Reveal(ctx, who, q.ID, q.Reveal)
		}
		return s.Show(ctx, who, q.ID)
	})
	control.Handle(mux, CallClaim, words, func(ctx context.Context, q ClaimCall) (*Items, error) {
		who, err := s.current(ctx, q.As)
		if err != nil {
			return nil, err
		}
		out := &Items{SchemaVersion: 1, Items: []store.ReviewItem{}}
		if q.ID != "" {
			it, err := s.ClaimOne(ctx, who, q.ID, 0)
			out.Items = append(out.Items, it)
			return out, err
		}
		list, err := s.Claim(ctx, who, max(1, q.N))
		out.Items = append(out.Items, list...)
		return out, err
	})
	control.Handle(mux, CallDecide, words, func(ctx context.Context, q DecideCall) (*store.ReviewItem, error) {
		who, err := s.current(ctx, q.As)
		if err != nil {
			return nil, err
		}
		it, err := s.Decide(ctx, who, q.Decision)
		return &it, err
	})
	control.Handle(mux, CallStats, words, func(ctx context.Context, q StatsCall) (*Stats, error) {
		if err := s.CatchUp(ctx); err != nil {
			return nil, err
		}
		return s.Stats(ctx, q.Since)
	})
	control.Handle(mux, CallPropose, words, func(ctx context.Context, q ProposeRequest) (*Proposals, error) {
		if err := s.CatchUp(ctx); err != nil {
			return nil, err
		}
		return s.Propose(ctx, q)
	})
	control.Stream(mux, CallExport, words, func(ctx context.Context, q ExportRequest, w io.Writer) error {
		if err := s.CatchUp(ctx); err != nil {
			return err
		}
		return s.Export(ctx, q, w)
	})
}

// current is as, with the queue up to date.
func (s *Service) current(ctx context.Context, as string) (*Who, error) {
	if err := s.CatchUp(ctx); err != nil {
		return nil, err
	}
	return s.as(ctx, as)
}

// callList lists the queue for who may reach the control socket. It shows no content and no verdict that is blind.
func (s *Service) callList(ctx context.Context, q ListCall) (*Items, error) {
	if err := s.CatchUp(ctx); err != nil {
		return nil, err
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	list, err := s.o.Store.Reviews(ctx, store.ReviewFilter{State: q.State, Source: q.Source, After: q.After, Limit: limit})
	if err != nil {
		return nil, err
	}
	out := &Items{SchemaVersion: 1, Items: append([]store.ReviewItem{}, list...)}
	for i := range out.Items {
		s.hide(&Who{}, &out.Items[i])
	}
	if len(list) == limit {
		out.Next = list[limit-1].ID
	}
	return out, nil
}
