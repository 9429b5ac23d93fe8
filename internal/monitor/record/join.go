package record

import (
	"slices"

	"github.com/reeve-ai/reeve/internal/custody"
)

// maxOpen bounds the intents that wait for their outcome. Above it the oldest are forgotten: their outcomes are told
// without what only the intent said.
const maxOpen = 65536

// Joiner fills into outcomes what their intents said. It belongs to one goroutine.
type Joiner struct {
	open  map[custody.ID]About
	order []custody.ID // as they came; holds ended ones too, until it is swept
}

// NewJoiner returns an empty one.
func NewJoiner() *Joiner { return &Joiner{open: map[custody.ID]About{}} }

// Add takes a record and reports whether the exchange or event that it belongs to is told now: false for an intent.
func (j *Joiner) Add(r *Record) bool {
	switch {
	case r.Kind == "intent":
		a := r.About
		a.GuardIn = slices.Clone(r.Guard)
		j.Open(r.ID, a)
		return false
	case r.Ends():
		if a, known := j.open[r.ID]; known {
			r.About = a
			delete(j.open, r.ID)
		}
	}
	return true
}

// Open notes what an intent said.
func (j *Joiner) Open(id custody.ID, a About) {
	if len(j.order) >= 2*maxOpen {
		j.order = slices.DeleteFunc(j.order, func(id custody.ID) bool { _, open := j.open[id]; return !open })
	}
	for len(j.open) >= maxOpen {
		delete(j.open, j.order[0])
		j.order = j.order[1:]
	}
	j.open[id] = a
	j.order = append(j.order, id)
}

// Waiting calls fn for the intents that wait, the oldest first.
func (j *Joiner) Waiting(fn func(custody.ID, About) error) error {
	for _, id := range j.order {
		if a, open := j.open[id]; open {
			if err := fn(id, a); err != nil {
				return err
			}
		}
	}
	return nil
}
