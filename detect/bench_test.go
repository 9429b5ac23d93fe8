package detect

import "testing"

func BenchmarkNewLiterals(b *testing.B) {
	words := randomWords(10000, 12, 24)
	for b.Loop() {
		mustNew(b, Options{Literals: []LiteralSet{{ID: "x", Words: words, FoldCase: true}}})
	}
}
