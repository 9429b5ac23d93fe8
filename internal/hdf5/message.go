package hdf5

import "io"

// attribute reads an attribute message. Only texts are told.
func (h *header) attribute(c *cursor) error {
	f := h.f
	version, flags := c.uint(1), c.uint(1)
	nameSize, typeSize, spaceSize := c.uint(2), c.uint(2), c.uint(2)
	if version == 3 {
		c.skip(1)
	}
	if c.err != nil || version < 1 || version > 3 {
		return damaged("an attribute that cannot be read")
	}
	padded := func(n uint64) int {
		if version == 1 {
			return int((n + 7) / 8 * 8)
		}
		return int(n)
	}
	name := c.bytes(padded(nameSize), 64<<10+8)
	kind := c.bytes(padded(typeSize), 64<<10+8)
	space := &cursor{f: f, at: c.at, end: c.at + min(spaceSize, c.left())}
	c.skip(padded(spaceSize))
	if c.err != nil {
		return c.err
	}
	for len(name) > 0 && name[len(name)-1] == 0 {
		name = name[:len(name)-1]
	}
	if flags&1 != 0 { // its type stands elsewhere
		f.later(ErrUnread)
		return nil
	}
	if len(kind) < 8 {
		return damaged("an attribute without a type")
	}
	count, err := elements(space, f.length)
	if err != nil {
		return err
	}
	values, err := f.texts(c, kind, count)
	if err != nil || values == nil || f.v.Attribute == nil {
		return err
	}
	f.v.Attribute(h.path, string(name), values)
	return nil
}

// elements is the number of elements of a data space.
func elements(c *cursor, length int) (uint64, error) {
	version, rank, flags := c.uint(1), c.uint(1), c.uint(1)
	switch version {
	case 1:
		c.skip(5)
	case 2:
		if c.uint(1) == 2 { // null
			return 0, c.err
		}
	default:
		return 0, damaged("a data space of unknown version")
	}
	_ = flags
	n := uint64(1)
	for range rank {
		d := c.uint(length)
		if d > 1<<32 || n > 1<<40 {
			return 0, damaged("a data space of impossible size")
		}
		n *= d
	}
	return n, c.err
}

// texts returns the ranges of the texts of a value; nil for a value of another type.
func (f *file) texts(c *cursor, kind []byte, count uint64) ([]*io.SectionReader, error) {
	size := uint64(kind[4]) | uint64(kind[5])<<8 | uint64(kind[6])<<16 | uint64(kind[7])<<24
	class, vlen := kind[0]&15, kind[1]&15
	var out []*io.SectionReader
	for range min(count, maxAttributes) {
		if err := f.step(); err != nil {
			return nil, err
		}
		switch {
		case class == 3:
			if size > c.left() {
				return nil, damaged("a text ends behind its attribute")
			}
			out = append(out, io.NewSectionReader(f.r, int64(c.at), int64(size)))
			c.skip(int(size))
		case class == 9 && (vlen == 1 || len(kind) > 8 && kind[8]&15 <= 3):
			n, addr, index := c.uint(4), c.uint(f.offset), c.uint(4)
			if c.err != nil {
				return nil, c.err
			}
			if addr == 0 || f.undefined(addr) {
				continue
			}
			text, err := f.global(addr, uint16(index), n)
			if err != nil {
				return nil, err
			}
			out = append(out, text)
		default:
			return nil, nil
		}
	}
	return out, nil
}

// global is an object of a global heap.
func (f *file) global(addr uint64, index uint16, size uint64) (*io.SectionReader, error) {
	objects, err := f.globalHeap(addr)
	if err != nil {
		return nil, err
	}
	o, ok := objects[index]
	if !ok {
		return nil, damaged("a text that is not in its heap")
	}
	return io.NewSectionReader(f.r, int64(o[0]), int64(min(o[1], size))), nil
}

func (f *file) globalHeap(addr uint64) (map[uint16][2]uint64, error) {
	if known := f.heaps[addr]; known != nil {
		return known, nil
	}
	c := f.at(addr, 0)
	c.magic("GCOL")
	c.skip(4)
	size := c.uint(f.length)
	if c.err != nil || size < uint64(8+f.length) || size-uint64(8+f.length) > c.left() {
		return nil, damaged("a heap ends behind the file")
	}
	c.end = c.at + size - uint64(8+f.length)
	objects := map[uint16][2]uint64{}
	for c.left() >= uint64(8+f.length) {
		if err := f.step(); err != nil {
			return nil, err
		}
		index := c.uint(2)
		c.skip(6)
		n := c.uint(f.length)
		if index == 0 {
			break
		}
		if c.err != nil || n > c.left() {
			return nil, damaged("an object ends behind its heap")
		}
		objects[uint16(index)] = [2]uint64{c.at, n}
		c.skip(int(min((n+7)/8*8, c.left())))
	}
	f.heaps[addr] = objects
	return objects, c.err
}

// external reads the list of files that hold the data of a data set.
func (h *header) external(c *cursor) error {
	if c.uint(1) != 1 {
		return damaged("a list of files of unknown version")
	}
	c.skip(3 + 2)
	used, heap := c.uint(2), c.uint(h.f.offset)
	if c.err != nil {
		return c.err
	}
	names, err := h.f.localHeap(heap)
	if err != nil {
		return err
	}
	for range used {
		name := c.uint(h.f.length)
		c.skip(2 * h.f.length)
		if c.err != nil {
			return c.err
		}
		text, err := h.f.text(names + name)
		if err != nil {
			return err
		}
		h.f.tellExternal(h.path, "storage", text)
	}
	return nil
}

// layout tells of virtual data sets, whose data lie in other files.
func (h *header) layout(c *cursor) error {
	version := c.uint(1)
	if version < 3 {
		return c.err
	}
	if class := c.uint(1); class != 3 || c.err != nil {
		return c.err
	}
	addr, index := c.uint(h.f.offset), c.uint(4)
	if c.err != nil || h.f.undefined(addr) {
		return c.err
	}
	block, err := h.f.global(addr, uint16(index), 1<<32)
	if err != nil {
		return err
	}
	m := &cursor{f: h.f, end: uint64(block.Size())}
	m.f = &file{r: block, offset: h.f.offset, length: h.f.length}
	m.skip(1)
	entries := m.uint(h.f.length)
	if m.err != nil || entries == 0 {
		return m.err
	}
	name, err := m.f.text(m.at) // the first; the others follow behind selections of their own
	if err != nil {
		return err
	}
	h.f.tellExternal(h.path, "virtual data set", name)
	return nil
}

// filters reads the list of filters of a data set.
func (h *header) filters(c *cursor) error {
	version, n := c.uint(1), c.uint(1)
	if version == 1 {
		c.skip(6)
	}
	for range n {
		id := c.uint(2)
		nameSize := uint64(0)
		if version == 1 || id >= 256 {
			nameSize = c.uint(2)
		}
		c.skip(2)
		values := c.uint(2)
		if version == 1 {
			nameSize = (nameSize + 7) / 8 * 8
		}
		c.skip(int(nameSize + 4*values))
		if version == 1 && values%2 != 0 {
			c.skip(4)
		}
		if c.err != nil {
			return c.err
		}
		if h.f.v.Filter != nil {
			h.f.v.Filter(h.path, int(id))
		}
	}
	return nil
}
