package audit

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// ordinals tells finds of one file apart whose bases are alike: by their number in the order of the file.
type ordinals struct {
	slots []ordinal        // a hash table with open addressing; its length is a power of two
	used  int              // slots in use
	many  *[1 << 18]uint32 // counts by a part of the base, once there are too many for the table
	text  strings.Builder  // fingerprints share memory
}

// ordinal is how many finds there were with a base. No finds is a free slot.
type ordinal struct {
	base [16]byte
	n    uint32
}

const (
	maxOrdinals = 1 << 17
	keepSlots   = 1 << 10 // more of them take longer to clear than to make anew when they are needed
)

func (o *ordinals) reset() {
	switch {
	case len(o.slots) > keepSlots:
		o.slots = nil
	case o.used > 0:
		clear(o.slots)
	}
	o.used, o.many = 0, nil
}

// textBlock is the memory that fingerprints share: who keeps one keeps this much.
const textBlock = 4 << 10

// fingerprint returns the fingerprint of the next find with this base: the base, cut short, and the number.
func (o *ordinals) fingerprint(base [16]byte) string {
	n := o.next(base)
	binary.BigEndian.PutUint32(base[12:], n)
	var text [32]byte
	hex.Encode(text[:], base[:])
	if o.text.Cap()-o.text.Len() < len(text) {
		o.text = strings.Builder{}
		o.text.Grow(textBlock)
	}
	at := o.text.Len()
	o.text.Write(text[:])
	return o.text.String()[at:]
}

func (o *ordinals) next(base [16]byte) uint32 {
	if len(o.slots) == 0 {
		o.slots = make([]ordinal, 1<<8)
	}
	slot := o.find(base)
	switch {
	case slot.n > 0:
	case o.used >= maxOrdinals:
		return o.nextOfMany(base)
	case o.used >= len(o.slots)/2:
		o.grow()
		slot = o.find(base)
		fallthrough
	default:
		slot.base = base
		o.used++
	}
	slot.n++
	return slot.n - 1
}

// find returns the slot of the base, or the free one where it belongs.
func (o *ordinals) find(base [16]byte) *ordinal {
	for i := binary.LittleEndian.Uint64(base[:]); ; i++ {
		s := &o.slots[i&uint64(len(o.slots)-1)]
		if s.n == 0 || s.base == base {
			return s
		}
	}
}

func (o *ordinals) grow() {
	old := o.slots
	o.slots = make([]ordinal, 2*len(old))
	for i := range old {
		if old[i].n > 0 {
			*o.find(old[i].base) = old[i]
		}
	}
}

func (o *ordinals) nextOfMany(base [16]byte) uint32 {
	if o.many == nil {
		o.many = new([1 << 18]uint32)
	}
	slot := &o.many[(int(base[0])|int(base[1])<<8|int(base[2])<<16)&(len(o.many)-1)]
	*slot++
	return 1<<31 + *slot
}
