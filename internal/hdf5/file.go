// Package hdf5 reads the structure of HDF5 files: groups, attributes, links, external storage and filters, but no data.
//
// The layout is that of the HDF5 File Format Specification version 3.0 (superblocks 0 to 3, object headers 1 and 2, symbol tables,
// dense storage in fractal heaps). Everything is bounded: objects, messages, attributes and steps. Values are told as ranges of the file.
package hdf5

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The limits of a walk.
const (
	maxObjects    = 200_000
	maxSteps      = 4_000_000 // records and messages, over the whole file
	maxMessage    = 1 << 20
	maxAttributes = 200_000
	maxDepth      = 64
)

// Errors of Walk. What was met before stays told.
var (
	ErrDamaged = errors.New("no sound HDF5 file")
	ErrLimit   = errors.New("more than is read of one file")
	ErrUnread  = errors.New("a part of the format that is not read")
)

func damaged(what string) error { return fmt.Errorf("%w: %s", ErrDamaged, what) }

// Visitor is told what a walk meets. Nil functions are left out.
type Visitor struct {
	// Attribute is told of each attribute whose value is one text or several: the name and the range of the file with each text.
	Attribute func(object, name string, values []*io.SectionReader)
	// External is told of a name of another file: of an external link, of external storage, or of a virtual data set.
	External func(object, kind, file string)
	// Filter is told of the number of each filter that data pass.
	Filter func(object string, id int)
	// Object is told of each object, by its path.
	Object func(path string)
}

// file reads numbers of the widths that the superblock gives.
type file struct {
	r       *io.SectionReader
	base    uint64
	offset  int // bytes of an offset
	length  int // bytes of a length
	v       *Visitor
	visited map[uint64]bool
	steps   int
	heaps   map[uint64]map[uint16][2]uint64 // objects of global heaps
	soft    error                           // what could not be read, where the rest could
}

// Walk reads a file from its superblock on. It returns nil where all was read.
func Walk(r *io.SectionReader, v *Visitor) error {
	f := &file{r: r, v: v, visited: map[uint64]bool{}, heaps: map[uint64]map[uint16][2]uint64{}}
	root, err := f.superblock()
	if err != nil {
		return err
	}
	if err := f.object("/", root, 0); err != nil {
		return err
	}
	return f.soft
}

// superblock is looked for at 0, 512, 1024 and so on, as a user block may stand before it.
func (f *file) superblock() (root uint64, err error) {
	at := int64(0)
	for {
		var sig [8]byte
		if _, err := f.r.ReadAt(sig[:], at); err != nil {
			return 0, damaged("no superblock")
		}
		if string(sig[:]) == "\x89HDF\r\n\x1a\n" {
			break
		}
		if at = max(2*at, 512); at > f.r.Size() {
			return 0, damaged("no superblock")
		}
	}
	c := f.at(uint64(at)+8, 0)
	version := c.uint(1)
	switch version {
	case 0, 1:
		c.skip(4)
		f.offset, f.length = int(c.uint(1)), int(c.uint(1))
		c.skip(1 + 2 + 2 + 4)
		if version == 1 {
			c.skip(4)
		}
		if !f.widths() {
			return 0, damaged("its numbers have impossible widths")
		}
		f.base = c.uint(f.offset)
		c.skip(3*f.offset + f.offset) // free space, end, driver block; offset of the root's name
		root = c.uint(f.offset)
	case 2, 3:
		f.offset, f.length = int(c.uint(1)), int(c.uint(1))
		c.skip(1)
		if !f.widths() {
			return 0, damaged("its numbers have impossible widths")
		}
		f.base = c.uint(f.offset)
		c.skip(2 * f.offset)
		root = c.uint(f.offset)
	default:
		return 0, fmt.Errorf("%w: superblock %d", ErrUnread, version)
	}
	if f.base > uint64(f.r.Size()) {
		return 0, damaged("its base lies behind its end")
	}
	return root, c.err
}

func (f *file) widths() bool {
	good := func(n int) bool { return n == 2 || n == 4 || n == 8 }
	return good(f.offset) && good(f.length)
}

// undefined reports whether an address stands for nothing.
func (f *file) undefined(addr uint64) bool {
	return addr == 1<<(8*uint(f.offset))-1 || f.offset == 8 && addr == ^uint64(0)
}

// step counts work.
func (f *file) step() error {
	if f.steps++; f.steps > maxSteps {
		return ErrLimit
	}
	return nil
}

// cursor reads forward in a range of the file. After an error it returns zeros.
type cursor struct {
	f   *file
	at  uint64
	end uint64 // 0: the end of the file
	err error
}

// at is a cursor at an address; size bounds it where it is above zero.
func (f *file) at(addr, size uint64) *cursor {
	c := &cursor{f: f, at: addr + f.base, end: uint64(f.r.Size())}
	if c.at < addr || c.at > c.end {
		c.err, c.at = damaged("an address behind its end"), c.end
	}
	if size > 0 && size < c.end-c.at {
		c.end = c.at + size
	}
	return c
}

func (c *cursor) left() uint64 { return c.end - c.at }

func (c *cursor) skip(n int) {
	if n < 0 || uint64(n) > c.left() {
		c.fail()
		return
	}
	c.at += uint64(n)
}

func (c *cursor) fail() {
	if c.err == nil {
		c.err = damaged("it ends in the middle")
	}
	c.at = c.end
}

// uint is a little-endian number of n bytes, at most 8.
func (c *cursor) uint(n int) uint64 {
	b := c.bytes(n, 8)
	var full [8]byte
	copy(full[:], b)
	return binary.LittleEndian.Uint64(full[:])
}

// bytes takes n bytes, at most limit.
func (c *cursor) bytes(n, limit int) []byte {
	if n < 0 || n > limit || uint64(n) > c.left() {
		c.fail()
		return nil
	}
	b := make([]byte, n)
	if _, err := c.f.r.ReadAt(b, int64(c.at)); err != nil && !errors.Is(err, io.EOF) {
		c.err = err
		return nil
	}
	c.at += uint64(n)
	return b
}

func (c *cursor) magic(want string) bool {
	ok := string(c.bytes(len(want), 8)) == want
	if !ok && c.err == nil {
		c.err = damaged("no " + want + " where one should be")
	}
	return ok
}

// text is what stands at an address up to a zero, at most 64 KiB.
func (f *file) text(addr uint64) (string, error) {
	c := f.at(addr, 0)
	if c.err != nil {
		return "", c.err
	}
	b := make([]byte, min(c.left(), 64<<10))
	n, err := f.r.ReadAt(b, int64(c.at))
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	for i, x := range b[:n] {
		if x == 0 {
			return string(b[:i]), nil
		}
	}
	return "", damaged("a text without an end")
}
