package detect

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestLookoutMissesNothing compares the blocks with the definition, byte by byte.
func TestLookoutMissesNothing(t *testing.T) {
	e := mustNew(t, Options{Rules: ruleIDs()})
	rapid.Check(t, func(t *rapid.T) {
		b := []byte(rapid.StringOfN(rapid.SampledFrom([]rune("aAgGhHsSkK019_@:-+ .,\n\"é~")), 0, 200, -1).Draw(t, "text"))
		look := e.lookout(b)
		for i := 0; i < len(b); i++ {
			got := look.next(i)
			for k := i; k < got; k++ {
				if worthALook(e, b, k) {
					t.Fatalf("from %d it went on to %d, past %d in %q", i, got, k, b)
				}
			}
			if got+block+ahead <= len(b) && !worthALook(e, b, got) {
				t.Fatalf("from %d it stopped at %d for nothing in %q", i, got, b)
			}
			i = got
		}
	})
}

func worthALook(e *Engine, b []byte, i int) bool {
	switch e.act[b[i]] {
	case actHere:
		return true
	case actSkip:
		return false
	}
	if e.hasLoose && i > 0 && isDigit(b[i]) && isWord(b[i-1]) && !isDigit(b[i-1]) {
		return true
	}
	if i > 0 && isWord(b[i-1]) || i+ahead >= len(b) {
		return false
	}
	y := binary.LittleEndian.Uint64(b[i:])
	x := uint32(y)
	three, four, five := threeSlot(x), headHash(x), longHash(y)
	return e.begins(b[i], b[i+1]) || (e.threes[three>>6]>>(three&63)|e.fours[four>>6]>>(four&63)|e.fives[five>>6]>>(five&63))&1 != 0
}

// TestEveryPrefixIsWorthALook plants the beginning of every rule at every place of a block.
func TestEveryPrefixIsWorthALook(t *testing.T) {
	e := mustNew(t, Options{Rules: ruleIDs()})
	for _, list := range e.buckets {
		for _, on := range list {
			for k := range block {
				start := on.prefix + on.next[:min(1, len(on.next))]
				if on.words != nil {
					start = on.prefix + on.words[0][len(on.prefix):]
				}
				text := append(bytes.Repeat([]byte(" "), k), start+strings.Repeat("~", 2*block)...)
				look := e.lookout(text)
				if got := look.next(0); got != k {
					t.Fatalf("%q at %d: the lookout stops at %d", on.prefix, k, got)
				}
			}
		}
	}
}
