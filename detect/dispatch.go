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

// build fills the table. Recognisers are told apart by a bit each, bytes by the set of recognisers that they admit.
func (n *numberTable) build() {
	n.lists = [][]trigger{nil}
	words := (len(n.triggers) + 63) / 64
	known := map[string]uint16{string(make([]byte, 8*words)): 0}
	key := make([]byte, 8*words)
	for size := range n.at {
		for after := range n.at[size] {
			for behind := range numThens {
				clear(key)
				var list []trigger
				for k, t := range n.triggers {
					if t.sizes.has(size) && (t.after == "" || strings.IndexByte(t.after, byte(after)) >= 0) &&
						(behind == behindUnknown || t.then.admits(behindBytes[behind])) {
						key[k>>3] |= 1 << (k & 7)
						list = append(list, t)
					}
				}
				index, seen := known[string(key)]
				if !seen {
					index = uint16(len(n.lists))
					known[string(key)] = index
					n.lists = append(n.lists, list)
				}
				n.at[size][after][behind] = index
			}
		}
	}
}
