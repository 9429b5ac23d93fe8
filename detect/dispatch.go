package detect

import "strings"

// numberTable says which recognisers want a run of digits, by its length, by the byte after it and by what stands behind that,
// so that most numbers cost one look-up.
type numberTable struct {
	triggers []trigger
	lists    [][]trigger
	at       [maxSize][256][numThens]uint16 // index of a list
}

// What stands behind the byte after a run of digits.
const (
	behindDigit   = iota
	behindBracket // an opening one
	behindOther
	behindUnknown // the text ends there, so far
	numThens
)

var behindBytes = [...]byte{behindDigit: '0', behindBracket: '(', behindOther: 'x'}

func (n *numberTable) add(t trigger) { n.triggers = append(n.triggers, t) }

// on returns the recognisers for the run of digits at hand, which has so many digits and ends before offset group, in the
// order of the rules.
func (n *numberTable) on(w *window, size int) []trigger {
	behind := behindUnknown
	if k := w.group + 1; k < len(w.b) && !w.plain {
		behind = behindOther
		if c := w.b[k]; isDigit(c) {
			behind = behindDigit
		} else if c == '(' {
			behind = behindBracket
		}
	}
	return n.lists[n.at[min(size, maxSize-1)][w.after][behind]]
}

// maxNumbers bounds how many recognisers want numbers.
const maxNumbers = 128

// build fills the table. Recognisers are told apart by a bit each, places in the table by the set of recognisers that they
// admit.
func (n *numberTable) build() {
	type set [maxNumbers / 64]uint64
	if len(n.triggers) > maxNumbers {
		panic("detect: more recognisers of numbers than numberTable can tell apart")
	}
	var bySize [maxSize]set
	var byAfter [256]set
	var byBehind [numThens]set
	for k := range n.triggers {
		t := &n.triggers[k]
		word, bit := k/64, uint64(1)<<(k%64)
		for size := range bySize {
			if t.sizes.has(size) {
				bySize[size][word] |= bit
			}
		}
		for after := range byAfter {
			if t.after == "" || strings.IndexByte(t.after, byte(after)) >= 0 {
				byAfter[after][word] |= bit
			}
		}
		for behind := range byBehind {
			if behind == behindUnknown || t.then.admits(behindBytes[behind]) {
				byBehind[behind][word] |= bit
			}
		}
	}
	n.lists = [][]trigger{nil}
	known := map[set]uint16{{}: 0}
	for size := range n.at {
		for after := range n.at[size] {
			for behind := range numThens {
				var key set
				for k := range key {
					key[k] = bySize[size][k] & byAfter[after][k] & byBehind[behind][k]
				}
				if key == (set{}) {
					continue
				}
				index, seen := known[key]
				if !seen {
					index = uint16(len(n.lists))
					known[key] = index
					n.lists = append(n.lists, n.pick(key[:]))
				}
				n.at[size][after][behind] = index
			}
		}
	}
}

// pick lists the recognisers whose bit is set.
func (n *numberTable) pick(set []uint64) (list []trigger) {
	for k, t := range n.triggers {
		if set[k/64]>>(k%64)&1 != 0 {
			list = append(list, t)
		}
	}
	return list
}
