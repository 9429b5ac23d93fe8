package admission

import (
	"context"
	"fmt"
	"time"
)

// Proof tells whether a runtime that reads its files once has read them as they are now.
type Proof interface {
	// LoadedAfter returns nil where the runtime's process began after the last change of every file and of every link that
	// leads to it, and an error that matches ErrUnproven otherwise.
	LoadedAfter(ctx context.Context, files []Measured) error
	// Alive reports whether the process that proved it still runs. It is cheap; it is true where no process is known.
	Alive() bool
}

// Assumed is a Proof by the operator's word (gateway.upstreams[].runtime.unproven: accept).
type Assumed struct{}

// LoadedAfter implements Proof.
func (Assumed) LoadedAfter(context.Context, []Measured) error { return nil }

// Alive implements Proof.
func (Assumed) Alive() bool { return true }

// changedLast is the last change of what a path means: of the file, and of each link on the way to it.
func changedLast(files []Measured) (time.Time, string, error) {
	var last int64
	var which string
	for _, f := range files {
		at, err := links(f.Path)
		if err != nil {
			return time.Time{}, "", err
		}
		latest := f.Identity.Ctime
		for _, l := range at {
			latest = max(latest, lookAtLink(l).Ctime)
		}
		if latest > last {
			last, which = latest, f.Path
		}
	}
	return time.Unix(0, last), which, nil
}

func unproven(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrUnproven}, args...)...)
}
