package detect

import "strings"

// numberTable says which recognisers want a run of digits, by its length and by the byte after it, so that most numbers
// cost one look-up.
type numberTable struct {
	triggers []trigger
	lists    [][]trigger
	at       [maxSize][256]uint16 // index of a list
}

func (n *numberTable) add(t trigger) { n.triggers = append(n.triggers, t) }

// on returns the recognisers for a run of so many digits before the byte after, in the order of the rules.
func (n *numberTable) on(size int, after byte) []trigger {
	return n.lists[n.at[min(size, maxSize-1)][after]]
}

// build fills the table. Recognisers are told apart by a bit each, bytes by the set of recognisers that they admit.
func (n *numberTable) build() {
	n.lists = [][]trigger{nil}
	words := (len(n.triggers) + 63) / 64
	known := map[string]uint16{string(make([]byte, 8*words)): 0}
	key := make([]byte, 8*words)
	for size := range n.at {
		for after := range n.at[size] {
			clear(key)
			var list []trigger
			for k, t := range n.triggers {
				if t.sizes.has(size) && (t.after == "" || strings.IndexByte(t.after, byte(after)) >= 0) {
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
			n.at[size][after] = index
		}
	}
}
