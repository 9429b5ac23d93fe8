package detect

import "encoding/binary"

// headTable finds the recognisers for the first four bytes of a token in two look-ups: one for those that are known by
// three bytes (a prefix of three, or one of two with the bytes that may follow), one for those known by four.
type headTable struct {
	two    [64][128]uint16   // lists of prefixes of two bytes that anything may follow
	longer [headSlots]uint16 // lists of the others
	lists  [][]headed        // the first is empty
}

// headed is a trigger with the bytes that it is known by: of the next eight, those of mask, with the bits of fold set.
type headed struct {
	head              uint32
	least             int32
	colon             bool
	value, mask, fold uint64
	*trigger
}

// wants reports whether the trigger may match at i, where the next eight bytes are x. It is sure of nothing but a no.
func (h *headed) wants(w *window, i int, x uint64) bool {
	return (x|h.fold)&h.mask == h.value && (!h.colon || colonAhead(x)) && (h.least == 0 || w.reaches(i, int(h.least)))
}

// colonAhead reports whether one of the four bytes behind the first of eight is a colon.
func colonAhead(x uint64) bool {
	const ones = 0x01010101
	y := uint32(x>>8) ^ ':'*ones
	return (y-ones)&^y&(ones<<7) != 0
}

// reaches reports whether letters and digits may go on from i for so many bytes: it looks at a few of them. Where the text
// ends before, they may.
func (w *window) reaches(i, least int) bool {
	last := i + least - 1
	if last >= len(w.b) {
		return !w.final
	}
	return isAlnum(w.b[last]) && isAlnum(w.b[i+least/2]) && isAlnum(w.b[i+least/4]) && isAlnum(w.b[i+least/8])
}

// spelled lists the bytes by which a trigger is known: its prefix, and what words go on with.
func (t *trigger) spelled() (out []headed) {
	words := t.words
	if words == nil {
		words = []string{t.prefix}
	}
	for _, word := range words {
		h := headed{least: int32(t.least), colon: t.colon, trigger: t}
		for k := range min(8, max(len(word), len(t.prefix))) {
			c, fold := byte(0), byte(0)
			switch {
			case k < len(t.prefix):
				c = t.prefix[k]
			case word[k]-'a' < 26:
				c, fold = word[k], 0x20
			default:
				c = word[k]
			}
			h.value |= uint64(c) << (8 * k)
			h.fold |= uint64(fold) << (8 * k)
			h.mask |= 0xFF << (8 * k)
		}
		out = append(out, h)
	}
	return withoutLonger(out)
}

// withoutLonger drops those that another one covers, so that a trigger is asked once.
func withoutLonger(list []headed) (out []headed) {
	for i, h := range list {
		covered := false
		for k, o := range list {
			same := o.mask&h.mask == o.mask && h.value&o.mask == o.value && h.fold&o.mask == o.fold
			covered = covered || k != i && same && (o.mask != h.mask || k < i)
		}
		if !covered {
			out = append(out, h)
		}
	}
	return out
}

const headSlots = 1 << 14

func headSlot(x uint32) uint32 { return headHash(x) % headSlots }

// heads lists the first three bytes of a candidate that the trigger is for, or its first four, as little-endian numbers; none
// for a prefix of two bytes that anything may follow.
func (t *trigger) heads() (out []uint32) {
	x := uint32(t.prefix[0]) | uint32(t.prefix[1])<<8
	switch {
	case len(t.prefix) > 3:
		return []uint32{x | uint32(t.prefix[2])<<16 | uint32(t.prefix[3])<<24}
	case len(t.prefix) == 3:
		return []uint32{x | uint32(t.prefix[2])<<16}
	case t.next != "":
		for i := range len(t.next) {
			out = append(out, x|uint32(t.next[i])<<16)
		}
	}
	return out
}

// build sorts the triggers into lists.
func (h *headTable) build(buckets [][]trigger) {
	h.lists = make([][]headed, 1)
	for _, list := range buckets {
		for k := range list {
			t := &list[k]
			if len(t.prefix) == 2 && t.next == "" {
				h.add(&h.two[t.prefix[0]&63][t.prefix[1]&127], t.spelled()[0])
			}
			for _, head := range t.heads() {
				for _, x := range t.spelled() {
					if x.head = head; len(t.prefix) == 2 {
						x.value, x.mask, x.fold = x.value&^0xFF0000|uint64(head&0xFF0000), x.mask|0xFF0000, x.fold&^0xFF0000
					}
					h.add(&h.longer[headSlot(head)], x)
				}
			}
		}
	}
}

func (h *headTable) add(at *uint16, t headed) {
	if *at == 0 {
		*at = uint16(len(h.lists))
		h.lists = append(h.lists, nil)
	}
	h.lists[*at] = append(h.lists[*at], t)
}

// askToken asks the recognisers of the token at i, of which four bytes at least are there.
func (s *scan) askToken(a *attempt, i int) {
	b := s.w.b[i : i+4]
	h := &s.e.heads
	if i+8 <= len(s.w.b) && !s.w.plain {
		s.askSpelled(a, i)
		return
	}
	for _, t := range h.lists[h.two[b[0]&63][b[1]&127]] {
		if t.prefix[0] == b[0] && t.prefix[1] == b[1] {
			s.askOne(a, t.trigger, i, false)
		}
	}
	x := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
	for _, t := range h.lists[h.longer[headSlot(x)]] {
		if t.head == x {
			s.askOne(a, t.trigger, i, false)
		}
	}
	x |= uint32(b[3]) << 24
	for _, t := range h.lists[h.longer[headSlot(x)]] {
		if t.head == x {
			s.askOne(a, t.trigger, i, false)
		}
	}
}

// askSpelled is askToken where eight bytes are there.
func (s *scan) askSpelled(a *attempt, i int) {
	w, h := &s.w, &s.e.heads
	x := binary.LittleEndian.Uint64(w.b[i : i+8])
	for _, at := range [...]uint16{h.two[x&63][x>>8&127], h.longer[headSlot(uint32(x&0xFFFFFF))], h.longer[headSlot(uint32(x))]} {
		list := h.lists[at]
		for k := range list {
			if list[k].wants(w, i, x) {
				s.askOne(a, list[k].trigger, i, true)
			}
		}
	}
}
