package detect

import (
	"errors"
	"slices"
)

// literal is one word with its rule.
type literal struct {
	word string
	rule int32
}

// automaton is an Aho-Corasick automaton (Aho and Corasick, CACM 18(6), 1975) in a double array over byte classes.
// A state is the index of its cell; one cell of eight bytes holds all of it, so a step is one load.
type automaton struct {
	class [256]uint8  // byte to class, from 1; 0 is a byte that no word has
	root  [256]uint32 // the states after one byte, from the root
	cells []cell
	ends  []uint32 // states at which a word ends, sorted
	rules []int32  // their rules
	whole bool     // words must stand alone
}

// cell packs a state: 22 bits base, 22 bits fail state, 8 bits class of the byte that leads here, 8 bits depth, flags.
// The child of state s by class c is cell base(s)+c if that cell has class c and s is no leaf; no two states share a base.
type cell uint64

const (
	cellMask  = 1<<22 - 1
	cellWord  = 1 << 60 // a word ends here
	cellEnds  = 1 << 61 // a word ends here or at a suffix of this
	cellLeaf  = 1 << 62 // no children
	maxCells  = 1 << 22
	rootState = 0
)

func (c cell) base() uint32 { return uint32(c) & cellMask }
func (c cell) fail() uint32 { return uint32(c>>22) & cellMask }
func (c cell) class() uint8 { return uint8(c >> 44) }
func (c cell) depth() int   { return int(uint8(c >> 52)) }

// size is the memory of the tables in bytes.
func (a *automaton) size() int {
	return len(a.class) + 4*len(a.root) + 8*cap(a.cells) + 4*cap(a.ends) + 4*cap(a.rules)
}

// child returns the state that class c leads to from st, or 0.
func (a *automaton) child(st uint32, c uint8) uint32 {
	s := a.cells[st]
	if s&cellLeaf != 0 {
		return 0
	}
	t := s.base() + uint32(c)
	if t < uint32(len(a.cells)) && a.cells[t].class() == c {
		return t
	}
	return 0
}

// next returns the state after the byte x: the longest suffix of the text that begins a word.
func (a *automaton) next(st uint32, x byte) uint32 {
	c := a.class[x]
	if c == 0 {
		return rootState
	}
	for {
		if t := a.child(st, c); t != 0 {
			return t
		}
		if st == rootState {
			return rootState
		}
		st = a.cells[st].fail()
	}
}

func (a *automaton) fail(st uint32) uint32 { return a.cells[st].fail() }

// rule returns the rule of the word that ends at st.
func (a *automaton) rule(st uint32) int32 {
	i, _ := slices.BinarySearch(a.ends, st)
	return a.rules[i]
}

// newAutomaton builds the automaton. Words may repeat; of equal ones the smallest rule counts.
func newAutomaton(list []literal, fold bool) (*automaton, error) {
	a := &automaton{}
	if err := a.setClasses(list, fold); err != nil {
		return nil, err
	}
	mapped := make([]literal, len(list))
	for i, l := range list {
		w := []byte(l.word)
		for k, x := range w {
			w[k] = a.class[x]
		}
		mapped[i] = literal{string(w), l.rule}
	}
	b := builder{a: a, words: sortLiterals(mapped)}
	if err := b.build(); err != nil {
		return nil, err
	}
	return a, nil
}

// setClasses gives each byte that occurs a class, both cases of an ASCII letter the same one if fold is set.
func (a *automaton) setClasses(list []literal, fold bool) error {
	n := uint8(0)
	for _, l := range list {
		for i := range len(l.word) {
			x := l.word[i]
			if fold && isUpper(x) {
				x |= 0x20
			}
			if a.class[x] == 0 {
				if n == 255 {
					return errors.New("the words use all 256 byte values")
				}
				n++
				a.class[x] = n
				if fold && isLetter(x) {
					a.class[x&^0x20] = n
				}
			}
		}
	}
	return nil
}
