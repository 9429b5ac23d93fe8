package detect

import "slices"

// trace collects what recognisers looked at, for Explain.
type trace struct {
	words []string
}

func (t *trace) note(word string) {
	if !slices.Contains(t.words, word) {
		t.words = append(t.words, word)
	}
}
