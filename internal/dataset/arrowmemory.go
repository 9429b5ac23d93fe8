package dataset

import (
	"slices"
	"strings"
)

// boundedMemory is the Allocator of Arrow's reader. It refuses, by a panic that the reader turns into an error, to have
// more than arrowExpanded bytes in use, and gives the largest piece that was freed again instead of waiting for the
// garbage collector.
type boundedMemory struct {
	used  int
	spare []byte
}

func (m *boundedMemory) Allocate(size int) []byte {
	if m.used += size; size < 0 || m.used > arrowExpanded {
		m.used -= size
		panic(refusal("a record batch that is too large"))
	}
	if b := m.spare; size > 64<<10 && cap(b) >= size {
		m.spare = nil
		return b[:size]
	}
	return make([]byte, size)
}

func (m *boundedMemory) Reallocate(size int, b []byte) []byte {
	if size <= cap(b) {
		m.used += size - len(b)
		return b[:size]
	}
	grown := m.Allocate(size)
	copy(grown, b)
	m.Free(b)
	return grown
}

func (m *boundedMemory) Free(b []byte) {
	if m.used -= len(b); cap(b) > cap(m.spare) {
		m.spare = slices.Clip(b)
	}
}

// validText is s, or with U+FFFD for bytes that are no UTF-8.
func validText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
