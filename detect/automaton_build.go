package detect

import (
	"cmp"
	"errors"
	"slices"
)

// builder places the trie of the sorted words in the double array, level by level.
type builder struct {
	a      *automaton
	words  []literal
	used   []bool      // cell is taken
	based  []bool      // index is the base of a state
	many   uint32      // where the search for several children starts
	single [256]uint32 // where the search for one child starts, by class
}

// node is a state whose children are not placed yet: the words [from, to) begin with its path.
type node struct {
	state    uint32
	from, to int
	depth    int
}

var errTooLarge = errors.New("the words need more than four million states")

func (b *builder) build() error {
	if err := b.grow(1024); err != nil {
		return err
	}
	b.used[rootState] = true
	level := []node{{rootState, 0, len(b.words), 0}}
	for len(level) > 0 {
		var below []node
		for _, n := range level {
			var err error
			if below, err = b.place(n, below); err != nil {
				return err
			}
		}
		level = below
	}
	b.finish()
	return nil
}

// place gives the children of n their cells, sets their fail states and appends them to below. All nodes of smaller
// depth are complete, which is what fail states need.
func (b *builder) place(n node, below []node) ([]node, error) {
	a := b.a
	words := b.words[n.from:n.to]
	if a.cells[a.fail(n.state)]&cellEnds != 0 {
		a.cells[n.state] |= cellEnds
	}
	if len(words[0].word) == n.depth {
		a.cells[n.state] |= cellWord | cellEnds
		a.ends = append(a.ends, n.state)
		a.rules = append(a.rules, words[0].rule)
		words = words[1:]
		n.from++
	}
	if len(words) == 0 {
		a.cells[n.state] |= cellLeaf
		return below, nil
	}
	var classes [256]uint8
	count := 0
	for _, w := range words {
		if c := w.word[n.depth]; count == 0 || classes[count-1] != c {
			classes[count] = c
			count++
		}
	}
	base, err := b.findBase(classes[:count])
	if err != nil {
		return nil, err
	}
	b.based[base] = true
	a.cells[n.state] |= cell(base)
	from := n.from
	for _, c := range classes[:count] {
		to := from
		for to < n.to && b.words[to].word[n.depth] == c {
			to++
		}
		child := base + uint32(c)
		b.used[child] = true
		a.cells[child] = cell(c)<<44 | cell(n.depth+1)<<52
		below = append(below, node{child, from, to, n.depth + 1})
		from = to
	}
	b.setFails(n, base, classes[:count])
	return below, nil
}

// setFails sets the fail state of each child: the child of the nearest proper suffix of n that has one for the class.
func (b *builder) setFails(n node, base uint32, classes []uint8) {
	a := b.a
	for _, c := range classes {
		fail := uint32(rootState)
		for f := n.state; f != rootState; {
			f = a.cells[f].fail()
			if t := a.child(f, c); t != 0 {
				fail = t
				break
			}
		}
		a.cells[base+uint32(c)] |= cell(fail) << 22
	}
}

// findBase returns an unused base at which the cells of all classes are free.
func (b *builder) findBase(classes []uint8) (uint32, error) {
	first := uint32(classes[0])
	if len(classes) == 1 {
		return b.findSingle(first)
	}
	for t := max(b.many, first); ; t++ {
		if int(t)+256 >= len(b.used) {
			if err := b.grow(len(b.used) * 3 / 2); err != nil {
				return 0, err
			}
		}
		if b.used[t] || b.based[t-first] || !b.fits(t-first, classes) {
			continue
		}
		if t > b.many+searchSpan {
			b.many = t - searchSpan/2
		}
		return t - first, nil
	}
}

// searchSpan is how far a search for several children goes before later ones start further on. The cells it leaves
// are filled by single children, which are most.
const searchSpan = 256

// findSingle does the same for one class. A cell that is taken, or whose base is, stays so: the search for a class
// never has to look back.
func (b *builder) findSingle(class uint32) (uint32, error) {
	for t := max(b.single[class], class); ; t++ {
		if int(t) >= len(b.used) {
			if err := b.grow(len(b.used) * 3 / 2); err != nil {
				return 0, err
			}
		}
		if !b.used[t] && !b.based[t-class] {
			b.single[class] = t
			return t - class, nil
		}
	}
}

func (b *builder) fits(base uint32, classes []uint8) bool {
	for _, c := range classes {
		if b.used[base+uint32(c)] {
			return false
		}
	}
	return true
}

// grow adds free cells up to n.
func (b *builder) grow(n int) error {
	if len(b.used) == maxCells {
		return errTooLarge
	}
	more := min(n, maxCells) - len(b.used)
	b.a.cells = append(b.a.cells, make([]cell, more)...)
	b.used = append(b.used, make([]bool, more)...)
	b.based = append(b.based, make([]bool, more)...)
	return nil
}

// finish cuts the table to what is used and sorts the ends.
func (b *builder) finish() {
	a := b.a
	n := len(b.used)
	for !b.used[n-1] {
		n--
	}
	a.cells = append(make([]cell, 0, n), a.cells[:n]...)
	order := make([]int, len(a.ends))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int { return cmp.Compare(a.ends[x], a.ends[y]) })
	ends, rules := make([]uint32, len(order)), make([]int32, len(order))
	for i, k := range order {
		ends[i], rules[i] = a.ends[k], a.rules[k]
	}
	a.ends, a.rules = ends, rules
	for x := range a.root {
		if c := a.class[x]; c != 0 {
			a.root[x] = a.child(rootState, c)
		}
	}
}
