package people

import (
	"context"
	"slices"
	"time"

	"github.com/reeve-ai/reeve/internal/store"
)

// Stats is how the queue stands and what its verdicts say about the guards.
type Stats struct {
	SchemaVersion int            `json:"schema_version"`
	Since         time.Time      `json:"since,omitzero"`
	States        map[string]int `json:"states"`
	Sources       map[string]int `json:"sources"`  // of the items since
	Outcomes      map[string]int `json:"outcomes"` // in force, of the items since
	Overdue       int            `json:"overdue"`
	Drawn         int            `json:"drawn"`  // items since that came by chance of known probability
	Judged        int            `json:"judged"` // of these
	Guards        []GuardRates   `json:"guards"` // "*" is the guard as a whole
	Violation     Agreement      `json:"agreement_violation"`
	Outcome       Agreement      `json:"agreement_outcome"`
}

// Stats reads all items since a time (the zero value: all).
func (s *Service) Stats(ctx context.Context, since time.Time) (*Stats, error) {
	st := &Stats{SchemaVersion: 1, Since: since, Sources: map[string]int{}, Outcomes: map[string]int{}, Guards: []GuardRates{}}
	var err error
	if st.States, err = s.o.Store.ReviewCounts(ctx); err != nil {
		return nil, err
	}
	sample, rules := newSample(), map[string]bool{AllRules: true}
	var violations, outcomes [][2]string
	now := s.o.Clock()
	err = s.o.Store.EachReview(ctx, since, func(it *store.ReviewItem, verdicts []store.ReviewVerdict) error {
		for _, source := range it.Sources {
			st.Sources[source]++
		}
		if it.Outcome != "" {
			st.Outcomes[it.Outcome]++
		} else if it.Due.Before(now) {
			st.Overdue++
		}
		sample.add(it, verdicts)
		for _, rule := range fired(it.Rules) {
			rules[rule] = true
		}
		for _, v := range verdicts {
			for _, rule := range v.Truth {
				rules[rule] = true
			}
		}
		if len(verdicts) > 1 {
			a, b := &verdicts[0], &verdicts[1]
			violations = append(violations, [2]string{yes(a.Violation), yes(b.Violation)})
			outcomes = append(outcomes, [2]string{a.Outcome, b.Outcome})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	sample.weigh()
	st.Judged = len(sample.judged)
	for _, n := range sample.drawn {
		st.Drawn += n
	}
	st.Violation, st.Outcome = kappa(violations), kappa(outcomes)
	names := make([]string, 0, len(rules))
	for rule := range rules {
		names = append(names, rule)
	}
	slices.Sort(names)
	for _, rule := range names {
		st.Guards = append(st.Guards, sample.rates(rule))
	}
	return st, nil
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
