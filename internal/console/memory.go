package console

import (
	"sync"
	"time"
)

// remembers is how long a count that many pages show is good for.
const remembers = time.Minute

// memory keeps one answer for a while, so that fifty people who click cost one count. An error is not kept. The zero value is ready.
type memory[T any] struct {
	mu    sync.Mutex // held while the answer is worked out: others wait for it
	last  T
	taken time.Time
}

func (m *memory[T]) get(now time.Time, ask func() (T, error)) (T, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if age := now.Sub(m.taken); m.taken.IsZero() || age >= remembers || age < 0 {
		fresh, err := ask()
		if err != nil {
			return fresh, err
		}
		m.last, m.taken = fresh, now
	}
	return m.last, nil
}
