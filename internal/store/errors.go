package store

import (
	"errors"
	"fmt"
	"syscall"
)

var (
	// ErrNewer says that the store was written by a newer reeve. Nothing was changed in it.
	ErrNewer = errors.New("the store has a newer format than this reeve knows")
	// ErrForeign says that the database belongs to another program. Nothing was changed in it.
	ErrForeign = errors.New("the database belongs to another program")
	// ErrNotFound says that nothing has the given id.
	ErrNotFound = errors.New("not found")
	// ErrTaken says that another row has the name, or one that looks like it, or the link.
	ErrTaken = errors.New("already taken")
	// ErrChanged says that the row is not the one that the caller has seen.
	ErrChanged = errors.New("changed by somebody else in between")

	errNotDir = syscall.ENOTDIR
)

// hinted is an error with advice. A command prints it below the error as "reeve: hint: …".
type hinted struct {
	error
	hint string
}

func withHint(err error, hint string) error { return &hinted{err, hint} }

// Hint tells the reader what to do next.
func (h *hinted) Hint() string  { return h.hint }
func (h *hinted) Unwrap() error { return h.error }

func newer(found, known int64) error {
	return withHint(fmt.Errorf("%w: format %d, known up to %d", ErrNewer, found, known),
		"use the reeve that wrote this data directory, or a newer one")
}
