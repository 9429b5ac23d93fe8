package main

import (
	"cmp"
	"slices"
)

// span is something in a text, with its kind.
type span struct {
	start, end int
	kind       string
}

// maskSpans writes [KIND] in the place of each span. Of spans that overlap, what any of them covers is masked, under the kind
// of the first.
func maskSpans(text []byte, found []span) []byte {
	slices.SortFunc(found, func(a, b span) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end)) })
	out := make([]byte, 0, len(text))
	at := 0
	for _, s := range found {
		if s.start < at {
			at = max(at, s.end)
			continue
		}
		out = append(append(out, text[at:s.start]...), "["+s.kind+"]"...)
		at = s.end
	}
	return append(out, text[at:]...)
}
