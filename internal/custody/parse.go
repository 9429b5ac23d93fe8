package custody

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strconv"
)

var errLeaf = errors.New("leaf is not canonical")

// leafInfo are the fields of a leaf that tie it to its frame.
type leafInfo struct {
	version, kind, ulid, seq []byte
	sealed                   []byte // digest of the sealed part, nil where there is none
	kek                      []byte // id of the key that it was sealed under
	start, end               []byte // times, nil where there is none
}

// leafParser reads canonical JSON as leafWriter writes it, and nothing else.
type leafParser struct {
	b []byte
	i int
}

// maxLeafDepth is how deep objects and lists may lie in each other.
const maxLeafDepth = 4

// parseLeaf checks that a leaf is canonical and returns the fields that tie it to its frame.
func parseLeaf(b []byte) (leafInfo, error) {
	p := leafParser{b: b}
	var info leafInfo
	if !p.object(1, &info) || p.i != len(b) {
		return leafInfo{}, errLeaf
	}
	return info, nil
}

func (p *leafParser) eat(c byte) bool {
	if p.i < len(p.b) && p.b[p.i] == c {
		p.i++
		return true
	}
	return false
}

// object reads an object with at least one member, its keys in ascending order. info is nil below the top.
func (p *leafParser) object(depth int, info *leafInfo) bool {
	if depth > maxLeafDepth || !p.eat('{') {
		return false
	}
	var last []byte
	for first := true; ; first = false {
		key, ok := p.str()
		if !ok || !first && bytes.Compare(last, key) >= 0 || !p.eat(':') {
			return false
		}
		last = key
		value, ok := p.value(depth)
		if !ok {
			return false
		}
		if info != nil {
			info.note(key, value)
		}
		if p.eat('}') {
			return true
		}
		if !p.eat(',') {
			return false
		}
	}
}

func (info *leafInfo) note(key, value []byte) {
	switch string(key) {
	case "v":
		info.version = value
	case "kind":
		info.kind = value
	case "ulid":
		info.ulid = value
	case "seq":
		info.seq = value
	case "sealed":
		info.sealed = value
	case "kek":
		info.kek = value
	case "t_start":
		info.start = value
	case "t_end":
		info.end = value
	}
}

// value reads any value and returns the text of a string or number.
func (p *leafParser) value(depth int) ([]byte, bool) {
	if p.i >= len(p.b) {
		return nil, false
	}
	switch c := p.b[p.i]; {
	case c == '"':
		s, ok := p.str()
		return s, ok && len(s) > 0
	case c >= '0' && c <= '9':
		return p.number()
	case c == 't':
		ok := bytes.HasPrefix(p.b[p.i:], []byte("true"))
		p.i += 4
		return nil, ok
	case c == '{':
		return nil, p.object(depth+1, nil)
	case c == '[':
		return nil, p.list(depth + 1)
	}
	return nil, false
}

func (p *leafParser) list(depth int) bool {
	if depth > maxLeafDepth || !p.eat('[') {
		return false
	}
	for {
		if _, ok := p.value(depth); !ok {
			return false
		}
		if p.eat(']') {
			return true
		}
		if !p.eat(',') {
			return false
		}
	}
}

func (p *leafParser) str() ([]byte, bool) {
	if !p.eat('"') {
		return nil, false
	}
	start := p.i
	for p.i < len(p.b) && safe[p.b[p.i]] {
		p.i++
	}
	s := p.b[start:p.i]
	return s, p.eat('"')
}

func (p *leafParser) number() ([]byte, bool) {
	start := p.i
	for p.i < len(p.b) && p.b[p.i] >= '0' && p.b[p.i] <= '9' {
		p.i++
	}
	n := p.b[start:p.i]
	return n, len(n) > 0 && len(n) <= 20 && (n[0] != '0' || len(n) == 1)
}

// checkLeaf checks that the leaf of a frame is canonical and says what the frame says: kind, sequence number, id and the
// digest of the sealed part. digest is that of f.sealed.
func checkLeaf(f *frame, digest *Hash) (leafInfo, error) {
	info, err := parseLeaf(f.leaf)
	if err != nil {
		return info, err
	}
	return info, checkInfo(f, &info, digest)
}

// checkInfo is checkLeaf for a leaf that is parsed already.
func checkInfo(f *frame, info *leafInfo, digest *Hash) error {
	var text [26]byte
	switch {
	case string(info.version) != leafVersions[f.kind]:
		return errors.New("leaf has an unknown version")
	case string(info.kind) != kindNames[f.kind]:
		return errors.New("leaf and frame differ in kind")
	case !bytes.Equal(info.seq, strconv.AppendUint(text[:0], f.seq, 10)):
		return errors.New("leaf and frame differ in sequence number")
	case !bytes.Equal(info.ulid, f.id.AppendText(text[:0])):
		return errors.New("leaf and frame differ in exchange id")
	}
	if f.sealing == 0 {
		if info.sealed != nil {
			return &partError{"sealed part is missing"}
		}
		return nil
	}
	var sum [hash64Len]byte
	base64.RawURLEncoding.Encode(sum[:], digest[:])
	if !bytes.Equal(info.sealed, sum[:]) {
		return &partError{"sealed part does not match its digest in the leaf"}
	}
	return nil
}
