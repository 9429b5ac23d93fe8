package admin

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/people"
	"github.com/reeve-ai/reeve/internal/store"
)

// reviewRoutes are the operations on the review queue. What may be done to an item depends on whose exchange it is, which the
// queue knows: it asks the access policies itself.
func (a *Admin) reviewRoutes() []route {
	const reviews = "/admin/v1/reviews"
	return []route{
		{method: "GET", path: reviews, action: "review:list", do: (*Admin).listReviews},
		{method: "GET", path: reviews + "/stats", action: "review:list", do: (*Admin).reviewStats},
		{method: "POST", path: reviews + "/claim", action: "review:list", do: (*Admin).claimReviews},
		{method: "GET", path: reviews + "/{id}", do: (*Admin).getReview},
		{method: "POST", path: reviews + "/{id}/claim", do: (*Admin).claimReview},
		{method: "POST", path: reviews + "/{id}/give-back", do: (*Admin).giveBackReview},
		{method: "POST", path: reviews + "/{id}/assign", do: (*Admin).assignReview},
		{method: "POST", path: reviews + "/{id}/reveal", do: (*Admin).revealReview},
		{method: "POST", path: reviews + "/{id}/decide", do: (*Admin).decideReview},
	}
}

// queue is the review queue and who asks.
func (a *Admin) queue(c *call) (*people.Service, *people.Who, error) {
	if a.o.Reviews == nil {
		return nil, nil, &refusedError{&reeve.Refusal{
			Status: http.StatusNotFound, Code: "not_found", Rule: "admin/reviews", Message: "this server has no review queue", Remedy: "ask the server that has one",
		}}
	}
	return a.o.Reviews, &people.Who{Principal: c.session.Principal, Context: access.Context{Now: a.o.Clock(), IP: a.address(c.r), MFA: c.session.MFA}}, nil
}

// reviewError gives the errors of the queue their status.
func reviewError(err error) error {
	if err == nil {
		return nil
	}
	r := &reeve.Refusal{Message: err.Error()}
	switch {
	case people.RefusalOf(err) != nil:
		r = people.RefusalOf(err)
	case errors.Is(err, people.ErrTaken), errors.Is(err, people.ErrDone):
		r.Status, r.Code, r.Rule, r.Remedy = http.StatusConflict, "conflict", "review/taken", "read the item again"
	case errors.Is(err, people.ErrNotYours):
		r.Status, r.Code, r.Rule, r.Remedy = http.StatusForbidden, "forbidden", "review/not-yours", "leave it to another reviewer"
	case errors.Is(err, people.ErrInvalid):
		r.Status, r.Code, r.Rule, r.Remedy = http.StatusUnprocessableEntity, "invalid", "review/invalid", "change what the message names"
	case errors.Is(err, people.ErrNotReady):
		r.Status, r.Code, r.Rule, r.Remedy = http.StatusServiceUnavailable, "unavailable", "review/not-ready", "try again in a moment"
	default:
		return err
	}
	return &refusedError{r}
}

func (a *Admin) listReviews(c *call) (int, any, error) {
	s, who, err := a.queue(c)
	if err != nil {
		return 0, nil, err
	}
	q := c.r.URL.Query()
	limit := 100
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return refused(bad("limit", "limit is no number from 1 to 1000", "leave it out, or send one"))
		}
		limit = n
	}
	list, err := s.List(c.r.Context(), who, store.ReviewFilter{State: q.Get("state"), Source: q.Get("source"), After: q.Get("after"), Limit: limit})
	if err != nil {
		return 0, nil, reviewError(err)
	}
	out := people.Items{SchemaVersion: 1, Items: append([]store.ReviewItem{}, list...)}
	if len(list) == limit {
		out.Next = list[limit-1].ID
	}
	return http.StatusOK, out, nil
}

func (a *Admin) reviewStats(c *call) (int, any, error) {
	s, _, err := a.queue(c)
	if err != nil {
		return 0, nil, err
	}
	var since time.Time
	if text := c.r.URL.Query().Get("since"); text != "" {
		if since, err = time.Parse(time.RFC3339, text); err != nil {
			return refused(bad("since", "since is no time", "send one such as 2026-11-21T00:00:00Z"))
		}
	}
	st, err := s.Stats(c.r.Context(), since)
	return http.StatusOK, st, err
}

func (a *Admin) claimReviews(c *call) (int, any, error) {
	s, who, err := a.queue(c)
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		N int `json:"n"`
	}
	if refusal := c.read(&in); refusal != nil {
		return refused(refusal)
	}
	list, err := s.Claim(c.r.Context(), who, max(1, in.N))
	return http.StatusOK, people.Items{SchemaVersion: 1, Items: append([]store.ReviewItem{}, list...)}, reviewError(err)
}

func (a *Admin) getReview(c *call) (int, any, error) {
	s, who, err := a.queue(c)
	if err != nil {
		return 0, nil, err
	}
	v, err := s.Show(c.r.Context(), who, c.r.PathValue("id"))
	if err != nil {
		return 0, nil, reviewError(err)
	}
	c.tag(v.Item.Version)
	return http.StatusOK, v, nil
}

func (a *Admin) claimReview(c *call) (int, any, error) {
	return a.item(c, func(s *people.Service, who *people.Who) (store.ReviewItem, error) {
		version, refusal := ifMatch(c.r)
		if refusal != nil {
			return store.ReviewItem{}, &refusedError{refusal}
		}
		return s.ClaimOne(c.r.Context(), who, c.r.PathValue("id"), version)
	})
}

func (a *Admin) giveBackReview(c *call) (int, any, error) {
	return a.item(c, func(s *people.Service, who *people.Who) (store.ReviewItem, error) {
		return s.GiveBack(c.r.Context(), who, c.r.PathValue("id"))
	})
}

func (a *Admin) assignReview(c *call) (int, any, error) {
	return a.item(c, func(s *people.Service, who *people.Who) (store.ReviewItem, error) {
		var in struct {
			To string `json:"to"`
		}
		if refusal := c.read(&in); refusal != nil {
			return store.ReviewItem{}, &refusedError{refusal}
		}
		return s.Assign(c.r.Context(), who, c.r.PathValue("id"), in.To)
	})
}

func (a *Admin) decideReview(c *call) (int, any, error) {
	return a.item(c, func(s *people.Service, who *people.Who) (store.ReviewItem, error) {
		var in struct {
			Outcome   string   `json:"outcome"`
			Category  string   `json:"category"`
			Reason    string   `json:"reason"`
			Corrected string   `json:"corrected"`
			Missed    []string `json:"missed"`
			Wrong     []string `json:"wrong"`
		}
		version, refusal := ifMatch(c.r)
		if refusal == nil {
			refusal = c.read(&in)
		}
		if refusal != nil {
			return store.ReviewItem{}, &refusedError{refusal}
		}
		return s.Decide(c.r.Context(), who, people.Decision{
			Item: c.r.PathValue("id"), Version: version, Outcome: in.Outcome, Category: in.Category, Reason: in.Reason, Corrected: in.Corrected, Missed: in.Missed, Wrong: in.Wrong,
		})
	})
}

// item does something to one item and answers with it.
func (a *Admin) item(c *call, do func(*people.Service, *people.Who) (store.ReviewItem, error)) (int, any, error) {
	s, who, err := a.queue(c)
	if err != nil {
		return 0, nil, err
	}
	it, err := do(s, who)
	if err != nil {
		return 0, nil, reviewError(err)
	}
	c.tag(it.Version)
	return http.StatusOK, it, nil
}

func (a *Admin) revealReview(c *call) (int, any, error) {
	s, who, err := a.queue(c)
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Reason string `json:"reason"`
	}
	if refusal := c.read(&in); refusal != nil {
		return refused(refusal)
	}
	v, err := s.Reveal(c.r.Context(), who, c.r.PathValue("id"), in.Reason)
	return http.StatusOK, v, reviewError(err)
}
