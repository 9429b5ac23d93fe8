package sequence

// Entry is what lists know about a word or a pair of words. Levels run from 0 (not listed) to 3 (very common).
type Entry uint16

// NewEntry packs levels (0–3 each), whether the word is a known organisation, and the Role that it plays beside names.
func NewEntry(given, family, place, plain int, organization bool, role Role) Entry {
	e := Entry(given) | Entry(family)<<2 | Entry(place)<<4 | Entry(plain)<<6 | Entry(role)<<9
	if organization {
		e |= 1 << 8
	}
	return e
}

// Given is how common the word is as a given name.
func (e Entry) Given() int { return int(e & 3) }

// Family is how common the word is as a family name.
func (e Entry) Family() int { return int(e >> 2 & 3) }

// Place is how big the place of this name is.
func (e Entry) Place() int { return int(e >> 4 & 3) }

// Plain is how common the word is in lower case, as no name.
func (e Entry) Plain() int { return int(e >> 6 & 3) }

// Organization reports whether the word is the name of a known organisation.
func (e Entry) Organization() bool { return e>>8&1 != 0 }

// Role is what the word does beside names.
func (e Entry) Role() Role { return Role(e >> 9 & 31) }

// levels is everything but the role.
func (e Entry) levels() uint64 { return uint64(e & 0x1ff) }

// Lexicon maps hashes of words to entries: open addressing over 2^n slots, an 18-bit check of the hash beside each entry.
// One stray word in about 100,000 is taken for a listed one, and the model has been trained with that.
type Lexicon struct {
	slots []uint32
	shift uint
}

const (
	entryBits = 14
	entryMask = 1<<entryBits - 1
)

// NewLexicon makes a lexicon of words by their Hash. Entries of value 0 are left out.
func NewLexicon(words map[uint64]Entry) *Lexicon {
	bits := uint(6)
	for 1<<bits < len(words)*4/3 {
		bits++
	}
	l := &Lexicon{slots: make([]uint32, 1<<bits), shift: 64 - bits}
	for _, h := range sorted(words) {
		l.insert(h, words[h])
	}
	return l
}

func (l *Lexicon) insert(h uint64, e Entry) {
	if e == 0 {
		return
	}
	mask := uint64(len(l.slots) - 1)
	for i := h >> l.shift; ; i = (i + 1) & mask {
		if l.slots[i] == 0 {
			l.slots[i] = uint32(h)<<entryBits | uint32(e)
			return
		}
	}
}

// Find returns what is known about the word with the hash h; 0 is nothing.
func (l *Lexicon) Find(h uint64) Entry {
	mask := uint64(len(l.slots) - 1)
	check := uint32(h) << entryBits
	for i := h >> l.shift; ; i = (i + 1) & mask {
		s := l.slots[i]
		if s == 0 {
			return 0
		}
		if s&^entryMask == check {
			return Entry(s & entryMask)
		}
	}
}
