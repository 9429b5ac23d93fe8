//go:build !linux

package admission

import "errors"

// sentry tells nothing here: every question is answered by a look at each file.
type sentry struct{}

func newSentry(func()) (*sentry, error) { return &sentry{}, nil }

func (*sentry) generation() uint64 { return 0 }
func (*sentry) quiet(uint64) bool  { return false }
func (*sentry) cover([]string) error {
	return errors.New("this system does not tell of changes at once")
}
func (*sentry) close() error { return nil }
