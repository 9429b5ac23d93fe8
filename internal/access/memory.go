package access

import (
	"maps"
	"slices"
	"sync"

	"github.com/reeve-ai/reeve"
)

// memory keeps entities that were built, so that a decision about a known principal and a known resource builds none. An
// entry counts only as long as everything it was built from is the same.
type memory[T any] struct {
	same func(a, b *T) bool

	mu      sync.RWMutex
	entries map[string]remembered[T]
}

type remembered[T any] struct {
	from T
	*built
}

// maxRemembered bounds each memory. A full one is emptied: whoever is active comes back at once.
const maxRemembered = 8192

func newMemory[T any](same func(a, b *T) bool) *memory[T] {
	return &memory[T]{same: same, entries: map[string]remembered[T]{}}
}

func (m *memory[T]) get(key string, from *T, build func(*T) *built) *built {
	m.mu.RLock()
	r, there := m.entries[key]
	m.mu.RUnlock()
	if there && m.same(&r.from, from) {
		return r.built
	}
	b := build(from)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.entries) >= maxRemembered {
		clear(m.entries)
	}
	m.entries[key] = remembered[T]{*clonedFrom(from), b}
	return b
}

// clonedFrom copies the lists too, which the caller may change afterwards.
func clonedFrom[T any](from *T) *T {
	c := *from
	switch v := any(&c).(type) {
	case *reeve.Principal:
		v.Roles, v.Groups, v.Training = slices.Clone(v.Roles), slices.Clone(v.Groups), slices.Clone(v.Training)
		v.Clearance.Categories, v.Attributes = slices.Clone(v.Clearance.Categories), maps.Clone(v.Attributes)
	case *Resource:
		v.SharedWith, v.Regions, v.Purposes = slices.Clone(v.SharedWith), slices.Clone(v.Regions), slices.Clone(v.Purposes)
		v.RequiredTraining, v.Label.Categories = slices.Clone(v.RequiredTraining), slices.Clone(v.Label.Categories)
	}
	return &c
}

func samePrincipal(a, b *reeve.Principal) bool {
	return a.ID == b.ID && a.Kind == b.Kind && a.Department == b.Department && a.Employment == b.Employment && a.Country == b.Country &&
		sameLabel(&a.Clearance, &b.Clearance) && slices.Equal(a.Roles, b.Roles) && slices.Equal(a.Groups, b.Groups) &&
		slices.Equal(a.Training, b.Training) && maps.Equal(a.Attributes, b.Attributes)
}

func sameResource(a, b *Resource) bool {
	return a.Kind == b.Kind && a.Name == b.Name && a.Owner == b.Owner && a.Department == b.Department && sameLabel(&a.Label, &b.Label) &&
		slices.Equal(a.SharedWith, b.SharedWith) && slices.Equal(a.Regions, b.Regions) &&
		slices.Equal(a.Purposes, b.Purposes) && slices.Equal(a.RequiredTraining, b.RequiredTraining)
}

func sameLabel(a, b *reeve.Label) bool {
	return a.Level == b.Level && slices.Equal(a.Categories, b.Categories)
}
