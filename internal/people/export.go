package people

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/store"
)

// Example is one labelled example of an export: a decided exchange, masked.
type Example struct {
	SchemaVersion int                `json:"schema_version"`
	ID            string             `json:"id"`
	Time          time.Time          `json:"time"`
	Model         string             `json:"model,omitzero"`
	Route         string             `json:"route,omitzero"`
	Label         string             `json:"label"`
	Sources       []string           `json:"sources"`
	Probability   float64            `json:"probability"` // with which it was drawn; 0: it was reported and not drawn
	Rules         []store.ReviewRule `json:"rules"`       // what the guards did
	Outcome       string             `json:"outcome"`
	Violation     bool               `json:"violation"`
	Category      string             `json:"category,omitzero"`
	Truth         []string           `json:"truth"` // the rules that were right to act, or should have
	Reviewers     int                `json:"reviewers"`
	Agreed        *bool              `json:"agreed,omitzero"` // where two judged it
	Record        string             `json:"record"`          // of the verdict that is in force, in the custody log
	Input         []Turn             `json:"input,omitzero"`  // masked
	Output        []Turn             `json:"output,omitzero"` // masked
	Corrected     string             `json:"corrected,omitzero"`
	Gone          bool               `json:"gone,omitzero"` // what was said is erased or was never kept
}

// ExportRequest asks for labelled examples.
type ExportRequest struct {
	Actor string    `json:"actor"`
	Since time.Time `json:"since,omitzero"`
}

// Export writes every decided item since a time as one line of JSON, with what was said masked. That it was exported is on
// record before the first line. An exchange whose content is erased has its labels only.
func (s *Service) Export(ctx context.Context, q ExportRequest, w io.Writer) error {
	if s.o.Mask == nil {
		return errors.New("nothing is exported: texts cannot be masked here")
	}
	_, err := s.o.Log.Event(&custody.Event{Kind: custody.EventReview, Time: s.o.Clock(), Actor: q.Actor, Act: ActExport, Object: "jsonl", Result: "ok"})
	if err != nil {
		return fmt.Errorf("nothing is exported: %w", err)
	}
	return s.o.Store.EachReview(ctx, q.Since, func(it *store.ReviewItem, verdicts []store.ReviewVerdict) error {
		if it.Outcome == "" || it.Outcome == OutcomeExpired || len(verdicts) == 0 {
			return nil
		}
		x, err := s.example(ctx, it, verdicts)
		if err != nil {
			return err
		}
		line, err := json.Marshal(x, json.Deterministic(true))
		if err != nil {
			return fmt.Errorf("write example: %w", err)
		}
		_, err = w.Write(append(line, '\n'))
		return err
	})
}

func (s *Service) example(ctx context.Context, it *store.ReviewItem, verdicts []store.ReviewVerdict) (*Example, error) {
	v := inForce(it, verdicts)
	x := &Example{
		SchemaVersion: 1, ID: it.ID, Time: it.Happened, Model: it.Model, Route: it.Route, Label: it.Label.String(), Sources: it.Sources,
		Probability: float64(it.Share) / Whole, Rules: it.Rules, Outcome: v.Outcome, Violation: v.Violation, Category: v.Category,
		Truth: append([]string{}, v.Truth...), Reviewers: len(verdicts), Record: v.Record,
	}
	if len(verdicts) > 1 {
		same := verdicts[0].Outcome == verdicts[1].Outcome
		x.Agreed = &same
	}
	input, output, err := s.said(ctx, it)
	switch {
	case errors.Is(err, keyring.ErrErased), errors.Is(err, custody.ErrDropped), errors.Is(err, custody.ErrNotFound), errors.Is(err, ErrGone):
		x.Gone = true
	case err != nil:
		return nil, err
	}
	x.Gone = x.Gone || input == nil && output == nil
	x.Input, x.Output = s.shown(turns(input, "user"), false), s.shown(turns(output, "assistant"), false)
	if data, _ := s.eventData(ctx, v.Record); data != nil {
		var sealed sealedVerdict
		if json.Unmarshal(data, &sealed) == nil {
			x.Corrected = s.masked(sealed.Corrected, false)
		}
	}
	return x, nil
}

// inForce is the verdict that counts: the first one, and where several must agree the last one.
func inForce(it *store.ReviewItem, verdicts []store.ReviewVerdict) *store.ReviewVerdict {
	if it.Need > 1 {
		return &verdicts[len(verdicts)-1]
	}
	return &verdicts[0]
}
