package hdf5

import "math/bits"

// dense reads links or attributes that stand in a fractal heap. flag bit 0 of the message adds so many bytes of the highest
// creation order; skip is the number of bytes before the heap's id in a record of the tree of names.
func (h *header) dense(c *cursor, order, skip int, see func(*cursor) error) error {
	version, flags := c.uint(1), c.uint(1)
	if flags&1 != 0 {
		c.skip(order)
	}
	heap, names := c.uint(h.f.offset), c.uint(h.f.offset)
	if c.err != nil || version != 0 {
		return damaged("dense storage that cannot be read")
	}
	if h.f.undefined(heap) || h.f.undefined(names) {
		return nil
	}
	store, err := h.f.fractal(heap)
	if err != nil {
		return err
	}
	return h.f.records(names, func(record *cursor) error {
		record.skip(skip)
		object, err := store.object(record)
		if err != nil {
			return err
		}
		return see(object)
	})
}

// tree2 is the header of a tree of version 2.
type tree2 struct {
	f              *file
	kind           uint64
	node, record   uint64
	counts         []int // bytes of the total of records below a child, by level
	countSize      int
	see            func(*cursor) error
	visited, limit int
}

// records gives every record of a tree of version 2 to see.
func (f *file) records(addr uint64, see func(*cursor) error) error {
	c := f.at(addr, 0)
	c.magic("BTHD")
	c.skip(1)
	t := &tree2{f: f, see: see, limit: maxObjects, kind: c.uint(1), node: c.uint(4), record: c.uint(2)}
	depth := c.uint(2)
	c.skip(2)
	root, count := c.uint(f.offset), c.uint(2)
	if c.err != nil || depth > 32 || t.record == 0 || t.node < t.record+10 {
		return damaged("a tree that cannot be read")
	}
	if count == 0 || f.undefined(root) {
		return nil
	}
	most := (t.node - 10) / t.record
	t.countSize = width(most)
	t.counts = []int{0}
	total := most
	for level := uint64(1); level <= depth; level++ {
		pointer := uint64(f.offset + t.countSize + t.counts[level-1])
		if t.node < 10+pointer {
			return damaged("a tree that cannot be read")
		}
		inner := (t.node - 10 - pointer) / (t.record + pointer)
		hi, lo := bits.Mul64(inner+1, total)
		if total = lo + inner; hi != 0 {
			total = 1<<63 - 1
		}
		t.counts = append(t.counts, width(total))
	}
	return t.walk(root, count, int(depth))
}

// width is the number of bytes that hold a number up to most.
func width(most uint64) int { return (max(bits.Len64(most), 1)-1)/8 + 1 }

func (t *tree2) walk(addr, count uint64, level int) error {
	if t.visited++; t.visited > t.limit || t.f.step() != nil {
		return ErrLimit
	}
	c := t.f.at(addr, t.node)
	sig := "BTLF"
	if level > 0 {
		sig = "BTIN"
	}
	c.magic(sig)
	c.skip(2)
	if c.err != nil || count*t.record > c.left() {
		return damaged("a node of a tree that cannot be read")
	}
	for range count {
		if err := t.f.step(); err != nil {
			return err
		}
		record := &cursor{f: t.f, at: c.at, end: c.at + t.record}
		c.skip(int(t.record))
		if err := t.see(record); err != nil {
			return err
		}
	}
	if level == 0 {
		return nil
	}
	for range count + 1 {
		child, n := c.uint(t.f.offset), c.uint(t.countSize)
		c.skip(t.counts[level-1])
		if c.err != nil {
			return c.err
		}
		if err := t.walk(child, n, level-1); err != nil {
			return err
		}
	}
	return nil
}

// heap is a fractal heap.
type heap struct {
	f             *file
	idSize        int
	filtered      bool
	huge          uint64 // tree of huge objects
	offsetSize    int
	lengthSize    int
	tableWidth    uint64
	start, direct uint64 // sizes of the first and of the largest direct block
	root          uint64
	rows          int
}

func (f *file) fractal(addr uint64) (*heap, error) {
	c := f.at(addr, 0)
	c.magic("FRHP")
	c.skip(1)
	s := &heap{f: f, idSize: int(c.uint(2))}
	s.filtered = c.uint(2) != 0
	c.skip(1)
	largest := c.uint(4)
	c.skip(f.length)
	s.huge = c.uint(f.offset)
	c.skip(f.length + f.offset + 8*f.length)
	s.tableWidth, s.start, s.direct = c.uint(2), c.uint(f.length), c.uint(f.length)
	space := c.uint(2)
	c.skip(2)
	s.root, s.rows = c.uint(f.offset), int(c.uint(2))
	if c.err != nil || s.start == 0 || s.direct == 0 || s.tableWidth == 0 || space > 64 || s.rows > 64 || s.start > 1<<40 || s.direct > 1<<40 {
		return nil, damaged("a heap that cannot be read")
	}
	s.offsetSize = int(space+7) / 8
	s.lengthSize = min(width(s.direct), width(largest))
	return s, nil
}

// object is what a heap id, at which a cursor stands, leads to.
func (s *heap) object(id *cursor) (*cursor, error) {
	flags := id.uint(1)
	switch flags >> 4 & 3 {
	case 0:
		offset, length := id.uint(s.offsetSize), id.uint(s.lengthSize)
		if id.err != nil || s.filtered {
			return nil, ErrUnread
		}
		return s.managed(s.root, s.rows, 0, offset, length, 0)
	case 1:
		return s.large(id)
	case 2:
		n := flags&15 + 1
		return &cursor{f: s.f, at: id.at, end: id.at + min(n, id.left())}, nil
	}
	return nil, damaged("an object of a heap that cannot be read")
}

// large finds a huge object by its number in the tree of huge objects.
func (s *heap) large(id *cursor) (*cursor, error) {
	number := id.uint(min(s.idSize-1, 8))
	if s.filtered || s.f.undefined(s.huge) {
		return nil, ErrUnread
	}
	var found *cursor
	err := s.f.records(s.huge, func(r *cursor) error {
		addr, n, key := r.uint(s.f.offset), r.uint(s.f.length), r.uint(s.f.length)
		if key == number && r.err == nil {
			found = s.f.at(addr, n)
		}
		return nil
	})
	if err == nil && found == nil {
		err = damaged("a huge object that is not there")
	}
	return found, err
}

// managed finds an offset of the heap's space in the block at addr, which begins at from and has so many rows of blocks; 0 rows
// make a direct block.
func (s *heap) managed(addr uint64, rows int, from, offset, length uint64, depth int) (*cursor, error) {
	if s.f.undefined(addr) || depth > maxDepth || offset < from {
		return nil, damaged("a heap that cannot be read")
	}
	if err := s.f.step(); err != nil {
		return nil, err
	}
	if rows == 0 {
		c := s.f.at(addr, 0)
		if !c.peek("FHDB") {
			return nil, damaged("a block of a heap that cannot be read")
		}
		return s.f.at(addr+offset-from, length), nil
	}
	c := s.f.at(addr, 0)
	c.magic("FHIB")
	c.skip(1 + s.f.offset + s.offsetSize)
	for row := range rows {
		size := s.start
		if row > 0 {
			size <<= uint(row - 1)
		}
		if size == 0 || size > 1<<60 {
			return nil, damaged("a block of impossible size")
		}
		for range s.tableWidth {
			child := c.uint(s.f.offset)
			if c.err != nil {
				return nil, c.err
			}
			if offset < from+size {
				inner := 0
				if size > s.direct {
					inner = bits.Len64(size) - bits.Len64(s.start*s.tableWidth) + 1
				}
				return s.managed(child, inner, from, offset, length, depth+1)
			}
			from += size
		}
	}
	return nil, damaged("an offset behind its heap")
}
