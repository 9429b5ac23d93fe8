package hdf5

import "strings"

// The messages of object headers that matter (specification, IV.A.2).
const (
	msgLinkInfo   = 0x02
	msgLink       = 0x06
	msgExternal   = 0x07
	msgLayout     = 0x08
	msgFilters    = 0x0b
	msgAttribute  = 0x0c
	msgContinue   = 0x10
	msgSymbols    = 0x11
	msgAttributes = 0x15
)

// object reads the header of an object and what it leads to.
func (f *file) object(path string, addr uint64, depth int) error {
	switch {
	case f.visited[addr]:
		return nil
	case len(f.visited) >= maxObjects || depth > maxDepth:
		return ErrLimit
	}
	f.visited[addr] = true
	if f.v.Object != nil {
		f.v.Object(path)
	}
	h := header{f: f, path: path, depth: depth}
	c := f.at(addr, 0)
	if first := c.bytes(4, 4); string(first) == "OHDR" {
		return h.second(c)
	}
	c = f.at(addr, 0)
	return h.first(c)
}

// header is an object header while it is read.
type header struct {
	f      *file
	path   string
	depth  int
	chunks int
	order  bool // version 2: messages carry their creation order
}

func (h *header) first(c *cursor) error {
	if c.uint(1) != 1 {
		return damaged("an object header of unknown version")
	}
	c.skip(1 + 2 + 4)
	size := c.uint(4)
	c.skip(4)
	if c.err != nil || size > c.left() {
		return damaged("an object header ends behind the file")
	}
	c.end = c.at + size
	return h.messages1(c)
}

func (h *header) messages1(c *cursor) error {
	for c.left() >= 8 {
		if err := h.f.step(); err != nil {
			return err
		}
		kind, size, flags := c.uint(2), c.uint(2), c.uint(1)
		c.skip(3)
		if err := h.message(c, int(kind), size, flags, h.messages1); err != nil {
			return err
		}
	}
	return c.err
}

func (h *header) second(c *cursor) error {
	if c.uint(1) != 2 {
		return damaged("an object header of unknown version")
	}
	flags := c.uint(1)
	h.order = flags&4 != 0
	if flags&0x20 != 0 {
		c.skip(16)
	}
	if flags&0x10 != 0 {
		c.skip(4)
	}
	size := c.uint(1 << (flags & 3))
	if c.err != nil || size > c.left() {
		return damaged("an object header ends behind the file")
	}
	c.end = c.at + size
	return h.messages2(c)
}

func (h *header) messages2(c *cursor) error {
	width := uint64(4)
	if h.order {
		width = 6
	}
	for c.left() >= width {
		if err := h.f.step(); err != nil {
			return err
		}
		kind, size, flags := c.uint(1), c.uint(2), c.uint(1)
		if h.order {
			c.skip(2)
		}
		if err := h.message(c, int(kind), size, flags, h.messages2); err != nil {
			return err
		}
	}
	return c.err
}

// message reads one message, of which the cursor stands at its body.
func (h *header) message(c *cursor, kind int, size, flags uint64, more func(*cursor) error) error {
	if c.err != nil || size > c.left() {
		return damaged("a message ends behind its header")
	}
	body := &cursor{f: h.f, at: c.at, end: c.at + size}
	c.skip(int(size))
	if flags&2 != 0 && kind != msgAttribute { // shared: it stands elsewhere
		if kind == msgFilters || kind == msgLink {
			h.f.later(ErrUnread)
		}
		return nil
	}
	switch kind {
	case msgContinue:
		return h.next(body, more)
	case msgSymbols:
		tree, heap := body.uint(h.f.offset), body.uint(h.f.offset)
		if body.err != nil {
			return body.err
		}
		return h.symbols(tree, heap, 0)
	case msgLink:
		return h.link(body)
	case msgLinkInfo:
		return h.dense(body, 8, 4, h.link)
	case msgAttributes:
		return h.dense(body, 2, 0, h.attribute)
	case msgAttribute:
		if flags&2 != 0 {
			h.f.later(ErrUnread)
			return nil
		}
		return h.attribute(body)
	case msgExternal:
		return h.external(body)
	case msgLayout:
		return h.layout(body)
	case msgFilters:
		return h.filters(body)
	}
	return nil
}

// later keeps an error that does not keep the rest from being read.
func (f *file) later(err error) {
	if f.soft == nil {
		f.soft = err
	}
}

func (h *header) next(body *cursor, more func(*cursor) error) error {
	addr, size := body.uint(h.f.offset), body.uint(h.f.length)
	if h.chunks++; body.err != nil || h.chunks > 1000 || size == 0 {
		return damaged("an object header goes on where nothing is")
	}
	c := h.f.at(addr, size)
	if c.err != nil || c.left() != size {
		return damaged("an object header goes on behind the file")
	}
	if h.f.at(addr, size).peek("OCHK") {
		c.skip(4)
		c.end -= min(4, c.left())
	}
	return more(c)
}

func (c *cursor) peek(want string) bool {
	b := c.bytes(len(want), 8)
	return string(b) == want
}

// symbols walks a group of the old form: a tree of nodes with names in a local heap.
func (h *header) symbols(tree, heap uint64, depth int) error {
	names, err := h.f.localHeap(heap)
	if err != nil {
		return err
	}
	return h.tree(tree, names, depth, map[uint64]bool{})
}

// localHeap returns where the data of a local heap are.
func (f *file) localHeap(addr uint64) (uint64, error) {
	c := f.at(addr, 0)
	c.magic("HEAP")
	c.skip(4 + 2*f.length)
	data := c.uint(f.offset)
	return data, c.err
}

func (h *header) tree(addr, names uint64, depth int, seen map[uint64]bool) error {
	if err := h.f.step(); err != nil {
		return err
	}
	if seen[addr] || depth > maxDepth {
		return damaged("a tree that leads into itself")
	}
	seen[addr] = true
	c := h.f.at(addr, 0)
	if c.peek("SNOD") {
		return h.leaf(c, names)
	}
	c = h.f.at(addr, 0)
	c.magic("TREE")
	kind, _, entries := c.uint(1), c.uint(1), c.uint(2)
	c.skip(2 * h.f.offset)
	if kind != 0 {
		return damaged("a tree of another kind")
	}
	for range entries {
		c.skip(h.f.length)
		child := c.uint(h.f.offset)
		if c.err != nil {
			return c.err
		}
		if err := h.tree(child, names, depth+1, seen); err != nil {
			return err
		}
	}
	return nil
}

func (h *header) leaf(c *cursor, names uint64) error {
	c.skip(2)
	n := c.uint(2)
	for range n {
		if err := h.f.step(); err != nil {
			return err
		}
		name, addr, cached := c.uint(h.f.offset), c.uint(h.f.offset), c.uint(4)
		c.skip(4 + 16)
		if c.err != nil {
			return c.err
		}
		text, err := h.f.text(names + name)
		if err != nil {
			return err
		}
		if cached == 2 { // a symbolic link inside of the file
			continue
		}
		if err := h.f.object(join(h.path, text), addr, h.depth+1); err != nil {
			return err
		}
	}
	return nil
}

func join(path, name string) string {
	if len(path)+len(name) > 4096 {
		return path
	}
	return strings.TrimSuffix(path, "/") + "/" + name
}

// link reads a link message.
func (h *header) link(c *cursor) error {
	version, flags := c.uint(1), c.uint(1)
	kind := uint64(0)
	if flags&8 != 0 {
		kind = c.uint(1)
	}
	if flags&4 != 0 {
		c.skip(8)
	}
	if flags&0x10 != 0 {
		c.skip(1)
	}
	name := c.bytes(int(min(c.uint(1<<(flags&3)), maxMessage)), 64<<10)
	if c.err != nil || version != 1 {
		return damaged("a link that cannot be read")
	}
	path := join(h.path, string(name))
	switch kind {
	case 0:
		addr := c.uint(h.f.offset)
		if c.err != nil {
			return c.err
		}
		return h.f.object(path, addr, h.depth+1)
	case 1:
		return nil
	case 64:
		value := c.bytes(int(c.uint(2)), 64<<10)
		if c.err != nil || len(value) < 2 {
			return damaged("a link that cannot be read")
		}
		target, _, _ := strings.Cut(string(value[1:]), "\x00")
		h.f.tellExternal(path, "link", target)
		return nil
	}
	h.f.tellExternal(path, "user-defined link", "")
	return nil
}

func (f *file) tellExternal(path, kind, target string) {
	if f.v.External != nil {
		f.v.External(path, kind, target)
	}
}
