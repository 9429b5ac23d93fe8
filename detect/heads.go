package detect

// headTable finds the recognisers for the first four bytes of a token in two look-ups: one for those that are known by
// three bytes (a prefix of three, or one of two with the bytes that may follow), one for those known by four.
type headTable struct {
	two    [64][128]uint16   // lists of prefixes of two bytes that anything may follow
	longer [headSlots]uint16 // lists of the others
	lists  [][]headed        // the first is empty
}

// headed is a trigger with the bytes that it is known by.
type headed struct {
	head uint32
	*trigger
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
				h.add(&h.two[t.prefix[0]&63][t.prefix[1]&127], headed{0, t})
			}
			for _, head := range t.heads() {
				h.add(&h.longer[headSlot(head)], headed{head, t})
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
	for _, t := range h.lists[h.two[b[0]&63][b[1]&127]] {
		if t.prefix[0] == b[0] && t.prefix[1] == b[1] {
			s.askOne(a, t.trigger, i)
		}
	}
	x := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
	for _, t := range h.lists[h.longer[headSlot(x)]] {
		if t.head == x {
			s.askOne(a, t.trigger, i)
		}
	}
	x |= uint32(b[3]) << 24
	for _, t := range h.lists[h.longer[headSlot(x)]] {
		if t.head == x {
			s.askOne(a, t.trigger, i)
		}
	}
}
