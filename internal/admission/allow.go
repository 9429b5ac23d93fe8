package admission

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Allowance is a broken glass: somebody who may has admitted a model without a verdict, for a time. It binds the bytes that
// the model had then: other bytes are not allowed by it.
type Allowance struct {
	Upstream string    `json:"upstream"`
	Model    string    `json:"model"`
	By       string    `json:"by"`
	Reason   string    `json:"reason,omitzero"`
	Files    []string  `json:"files"` // SHA-256, sorted
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
}

// LongestAllowance is how long a model may be admitted without a verdict at most.
const LongestAllowance = 24 * time.Hour

// ErrAllowance says that an allowance cannot be given as it was asked for.
var ErrAllowance = errors.New("the model cannot be admitted without a verdict")

func (a *Allowance) check(now time.Time) error {
	switch {
	case len(a.Reason) < 10 || len(a.Reason) > 1000:
		return fmt.Errorf("%w: want a reason of 10 to 1000 bytes", ErrAllowance)
	case !a.Until.After(now) || a.Until.After(now.Add(LongestAllowance)):
		return fmt.Errorf("%w: want a time of up to %s", ErrAllowance, LongestAllowance)
	case a.By == "":
		return fmt.Errorf("%w: nobody asks for it", ErrAllowance)
	}
	return nil
}

// covers reports whether the allowance speaks of these bytes now.
func (a *Allowance) covers(m *Measurement, now time.Time) bool {
	return now.Before(a.Until) && slices.Equal(a.Files, m.Digests())
}
