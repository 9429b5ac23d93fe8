package dataset

import "encoding/binary"

// skimmer reads Apache Thrift's compact protocol without building anything. The library that decodes Parquet allocates
// what a length claims, so lengths are looked at first.
type skimmer struct {
	b      []byte
	i      int
	budget int // for elements of lists: a struct weighs structWeight, anything else 1
}

const structWeight = 16

// maxThriftDepth is deeper than any structure of Parquet.
const maxThriftDepth = 32

// structure skims a struct. number, if given, gets the integers in it and in the structs in it; the numbers of the latter's
// fields follow that of the struct: field 1 in field 5 is 501.
func (s *skimmer) structure(depth int, number func(id int16, v int64)) bool {
	id := int16(0)
	for depth < maxThriftDepth && s.i < len(s.b) {
		c := s.b[s.i]
		s.i++
		if c == 0 {
			return true
		}
		if delta := int16(c >> 4); delta != 0 {
			id += delta
		} else {
			v, ok := s.varint()
			if !ok {
				return false
			}
			id = int16(v)
		}
		if c&15 == 12 && number != nil && depth == 0 {
			outer := id * 100
			if !s.structure(depth+1, func(inner int16, v int64) { number(outer+inner, v) }) {
				return false
			}
			continue
		}
		v, ok := s.value(c&15, depth)
		if !ok {
			return false
		}
		if number != nil {
			number(id, v)
		}
	}
	return false
}

func (s *skimmer) varint() (int64, bool) {
	v, n := binary.Varint(s.b[s.i:])
	if n <= 0 {
		return 0, false
	}
	s.i += n
	return v, true
}

func (s *skimmer) length() (int, bool) {
	v, n := binary.Uvarint(s.b[s.i:])
	if n <= 0 || v > uint64(len(s.b)-s.i-n) {
		return 0, false
	}
	s.i += n
	return int(v), true
}

// value skims a value of a type and returns it if it is an integer.
func (s *skimmer) value(kind byte, depth int) (int64, bool) {
	switch kind {
	case 1, 2: // a boolean is in its type
		return 0, true
	case 3:
		return 0, s.skip(1)
	case 4, 5, 6:
		return s.varint()
	case 7:
		return 0, s.skip(8)
	case 8:
		n, ok := s.length()
		return 0, ok && s.skip(n)
	case 9, 10:
		return 0, s.list(depth)
	case 11:
		return 0, s.mapping(depth)
	case 12:
		return 0, s.structure(depth+1, nil)
	case 13:
		return 0, s.skip(16)
	}
	return 0, false
}

func (s *skimmer) skip(n int) bool {
	s.i += n
	return s.i <= len(s.b)
}

// list skims a list, whose elements take at least a byte each.
func (s *skimmer) list(depth int) bool {
	if s.i >= len(s.b) || depth >= maxThriftDepth {
		return false
	}
	c := s.b[s.i]
	s.i++
	n, kind, ok := int(c>>4), c&15, true
	if n == 15 {
		if n, ok = s.length(); !ok {
			return false
		}
	}
	weight := 1
	if kind == 12 {
		weight = structWeight
	}
	if s.budget -= n * weight; s.budget < 0 {
		return false
	}
	for range n {
		if kind == 1 || kind == 2 { // a boolean in a list has a byte of its own
			ok = s.skip(1)
		} else {
			_, ok = s.value(kind, depth+1)
		}
		if !ok {
			return false
		}
	}
	return true
}

func (s *skimmer) mapping(depth int) bool {
	n, ok := s.length()
	if !ok || n == 0 {
		return ok
	}
	if s.budget -= n; s.budget < 0 || s.i >= len(s.b) {
		return false
	}
	c := s.b[s.i]
	s.i++
	for range n {
		if _, ok := s.value(c>>4, depth+1); !ok {
			return false
		}
		if _, ok := s.value(c&15, depth+1); !ok {
			return false
		}
	}
	return true
}
