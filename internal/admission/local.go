package admission

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reeve-ai/reeve"
)

// Measurement is what a runtime served a model from at one moment. It is immutable but for how it is confirmed.
type Measurement struct {
	Model string     // canonical name
	Files []Measured // as the runtime listed them
	At    time.Time  // when the runtime was known to hold these bytes and no others

	id     string              // of a Remote: what the agent calls it
	listed []File              // as Runtime.Files had them
	links  map[string]Identity // links on the way to the files
	gen    atomic.Uint64       // generation of the sentry up to which nothing has changed
	told   bool                // the sentry tells of every change
}

// Source measures what a runtime serves, here or on another host. It is safe for concurrent use.
type Source interface {
	Canonical(name string) string
	Models(ctx context.Context) ([]string, error)
	// Measure hashes what the runtime loads for a model and returns when it holds nothing else in memory. Where earlier is
	// not nil and still true, it is returned itself.
	Measure(ctx context.Context, model string, earlier *Measurement) (*Measurement, error)
	// Confirm reports whether all that a measurement says was true without a break from then to this call. An error says
	// that this is not known.
	Confirm(ctx context.Context, m *Measurement) (bool, error)
}

// Local measures beside the runtime.
type Local struct {
	runtime Runtime
	hasher  *Hasher
	process interface{ Alive() bool } // the runtime's; nil: not known
	clock   reeve.Clock
	sentry  *sentry // nil: every file is looked at
	again   time.Duration

	mu     sync.Mutex
	hashed map[string]time.Time // guarded by mu; when a model was hashed as a whole, by name
}

// LocalOptions configure a Local. Zero values take the defaults.
type LocalOptions struct {
	Runtime Runtime
	Hasher  *Hasher
	Process interface{ Alive() bool } // the runtime's; nil: not known
	Clock   reeve.Clock               // default time.Now
	Changed func()                    // called when the kernel tells of a change; may be nil
	Rehash  time.Duration             // after how long unchanged files are hashed again; default 6 h
}

// NewLocal begins to watch.
func NewLocal(o LocalOptions) (*Local, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Hasher == nil {
		o.Hasher = NewHasher(nil)
	}
	if o.Rehash == 0 {
		o.Rehash = 6 * time.Hour
	}
	s, err := newSentry(o.Changed)
	if err != nil {
		return nil, err
	}
	return &Local{runtime: o.Runtime, hasher: o.Hasher, process: o.Process, clock: o.Clock, sentry: s, again: o.Rehash, hashed: map[string]time.Time{}}, nil
}

// Close ends watching.
func (l *Local) Close() error { return l.sentry.close() }

// Canonical implements Source.
func (l *Local) Canonical(name string) string { return l.runtime.Canonical(name) }

// Models implements Source.
func (l *Local) Models(ctx context.Context) ([]string, error) { return l.runtime.Models(ctx) }

// tries is how often a measurement begins again because something moved.
const tries = 3

// Measure implements Source.
func (l *Local) Measure(ctx context.Context, model string, earlier *Measurement) (*Measurement, error) {
	if earlier != nil && !l.due(model) && l.unchanged(earlier) && l.look(earlier) {
		files, err := l.runtime.Files(ctx, model)
		switch {
		case errors.Is(err, ErrUnreachable) && l.alive():
			return earlier, nil // it is busy; its files and its process are what they were
		case err != nil:
			return nil, err
		case sameFiles(files, earlier.listed) && l.unchanged(earlier):
			return earlier, nil
		}
	}
	for i := 1; ; i++ {
		m, err := l.measure(ctx, model)
		if err == nil || !errors.Is(err, ErrMoving) || i == tries {
			return m, err
		}
	}
}

// due reports whether a model's files must be hashed again although nothing seems to have changed, and then forgets them.
func (l *Local) due(model string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, ok := l.hashed[model]; ok && l.clock().Sub(at) < l.again {
		return false
	}
	l.hasher.Forget()
	return true
}

func (l *Local) measure(ctx context.Context, model string) (*Measurement, error) {
	if w, ok := l.process.(interface{ Watch() }); ok {
		w.Watch()
	}
	files, err := l.runtime.Files(ctx, model)
	if err != nil {
		return nil, err
	}
	m := &Measurement{Model: model, listed: files, links: map[string]Identity{}}
	if err := l.watch(m); err != nil {
		return nil, err
	}
	if m.Files, err = l.hasher.Hash(ctx, files); err != nil {
		return nil, err
	}
	for _, f := range m.Files {
		if f.Want != "" && f.Want != f.SHA256 {
			return nil, mismatch("the bytes of %s do not have the digest that its name claims", f.Path)
		}
	}
	if err := l.runtime.Settle(ctx, model, m.Files); err != nil {
		return nil, err
	}
	again, err := l.runtime.Files(ctx, model)
	if err != nil {
		return nil, err
	}
	if !sameFiles(files, again) || !l.unchanged(m) {
		return nil, fmt.Errorf("measure %s: %w", model, ErrMoving)
	}
	m.At = l.clock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hashed[model] = m.At
	return m, nil
}

// watch notes what will be compared, and has the kernel tell of changes from here on.
func (l *Local) watch(m *Measurement) error {
	var paths []string
	for _, f := range m.listed {
		paths = append(paths, f.Path)
	}
	m.told = l.sentry.cover(paths) == nil
	m.gen.Store(l.sentry.generation())
	for _, p := range paths {
		on, err := links(p)
		if err != nil {
			return fmt.Errorf("measure model: %w", err)
		}
		for _, at := range on {
			m.links[at] = lookAtLink(at)
		}
	}
	return nil
}

// Confirm implements Source.
func (l *Local) Confirm(_ context.Context, m *Measurement) (bool, error) {
	return l.unchanged(m), nil
}

func (l *Local) alive() bool { return l.process == nil || l.process.Alive() }

// unchanged reports whether files and process are what they were.
func (l *Local) unchanged(m *Measurement) bool {
	if !l.alive() {
		return false
	}
	if m.told && l.sentry.quiet(m.gen.Load()) {
		return true
	}
	g := l.sentry.generation()
	if !m.look() {
		return false
	}
	m.gen.Store(g) // whatever came before g is not about these files
	return true
}

// look is unchanged without trust in the sentry, which watches all anew: what lies above the files may be other folders now.
func (l *Local) look(m *Measurement) bool {
	paths := make([]string, 0, len(m.listed))
	for _, f := range m.listed {
		paths = append(paths, f.Path)
	}
	if m.told && l.sentry.cover(paths) != nil {
		return false
	}
	return m.look()
}

// look compares every file and link with what it was.
func (m *Measurement) look() bool {
	for _, f := range m.Files {
		if lookAt(f.Path) != f.Identity {
			return false
		}
	}
	for at, id := range m.links {
		if lookAtLink(at) != id {
			return false
		}
	}
	return true
}

// Digest is the SHA-256 over the sorted digests of all files, each as a line of hex.
func (m *Measurement) Digest() [32]byte {
	h := sha256.New()
	for _, d := range m.Digests() {
		_, _ = io.WriteString(h, d+"\n") // a hash never fails
	}
	return [32]byte(h.Sum(nil))
}

// Digests are those of all files, sorted, each once.
func (m *Measurement) Digests() []string {
	var all []string
	for _, f := range m.Files {
		all = append(all, f.SHA256)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
