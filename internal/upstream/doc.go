package upstream

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// NodeKind is the JSON type of a Node.
type NodeKind uint8

const (
	Null NodeKind = iota
	False
	True
	Number
	String
	Array
	Object
)

// Node is one value of a Doc. Offsets are bytes in the source; a string's span excludes its quotes, every other span is
// the whole value. Scalars other than strings are not recorded inside arrays, so that an embedding of ten thousand
// numbers costs nothing.
type Node struct {
	Kind           NodeKind
	escaped        bool // the string has escapes
	keyEscaped     bool
	Start, End     int32
	keyAt, keyStop int32 // member name without quotes; keyAt < 0 outside objects
	next           int32 // index of the node after this subtree
}

// Limits of what Parse accepts. They bound memory: a Node is 28 bytes.
const (
	maxDepth = 128
	maxNodes = 1 << 20
)

// SyntaxError says where and why a text is not acceptable JSON. It never quotes the text.
type SyntaxError struct {
	Offset int
	Reason string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.Reason) }

// Doc is a parsed JSON text: the source bytes and a flat list of nodes over them. It accepts what RFC 8259 with the
// restrictions of I-JSON (RFC 7493) accepts: valid UTF-8, no unpaired surrogates, no name twice in one object. The zero
// value is ready; Parse reuses its memory. A Doc is not safe for concurrent use.
type Doc struct {
	src   []byte
	nodes []Node
	buf   []byte // scratch for unescaped strings
}

// Parse reads src, which must stay unchanged while the Doc is used.
func (d *Doc) Parse(src []byte) error {
	d.src, d.nodes = src, d.nodes[:0]
	if len(src) > 1<<30 {
		return &SyntaxError{0, "larger than 1 GiB"}
	}
	if !utf8.Valid(src) {
		return &SyntaxError{firstInvalid(src), "invalid UTF-8"}
	}
	p := parser{doc: d, src: src}
	p.space()
	if err := p.value(-1, -1, false, 0, false); err != nil {
		return err
	}
	p.space()
	if p.at < len(src) {
		return &SyntaxError{p.at, "text after the value"}
	}
	return nil
}

func firstInvalid(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(b)
}

// Source is the text that was parsed.
func (d *Doc) Source() []byte { return d.src }

// Len is the number of nodes.
func (d *Doc) Len() int { return len(d.nodes) }

// Node returns node i. Node 0 is the whole text.
func (d *Doc) Node(i int) *Node { return &d.nodes[i] }

// First is the first child of container i; it equals End(i) where there is none.
func (d *Doc) First(i int) int { return i + 1 }

// Next is the sibling after i, or the end of the parent.
func (d *Doc) Next(i int) int { return int(d.nodes[i].next) }

// End is the index behind the subtree of i: children c of i satisfy First(i) ≤ c < End(i).
func (d *Doc) End(i int) int { return int(d.nodes[i].next) }

// Key is the name of member i, unescaped; nil outside objects. It is valid until the next call of Key or Text.
func (d *Doc) Key(i int) []byte {
	n := &d.nodes[i]
	if n.keyAt < 0 {
		return nil
	}
	raw := d.src[n.keyAt:n.keyStop]
	if !n.keyEscaped {
		return raw
	}
	d.buf = unescape(d.buf[:0], raw)
	return d.buf
}

// Raw is the source of node i, a string without its quotes.
func (d *Doc) Raw(i int) []byte { return d.src[d.nodes[i].Start:d.nodes[i].End] }

// Text is the decoded string of node i. It is valid until the next call of Key or Text.
func (d *Doc) Text(i int) []byte {
	raw := d.Raw(i)
	if !d.nodes[i].escaped {
		return raw
	}
	d.buf = unescape(d.buf[:0], raw)
	return d.buf
}

// AppendText appends the decoded string of node i to dst, or the raw JSON of any other value.
func (d *Doc) AppendText(dst []byte, i int) []byte {
	if !d.nodes[i].escaped {
		return append(dst, d.Raw(i)...)
	}
	return unescape(dst, d.Raw(i))
}

// Member finds the member of object i with that name, or -1.
func (d *Doc) Member(i int, name string) int {
	if i < 0 || d.nodes[i].Kind != Object {
		return -1
	}
	for c, end := d.First(i), d.End(i); c < end; c = d.Next(c) {
		if string(d.Key(c)) == name {
			return c
		}
	}
	return -1
}

// IsString reports whether i is a string; -1 is not.
func (d *Doc) IsString(i int) bool { return i >= 0 && d.nodes[i].Kind == String }

// IsObject reports whether i is an object; -1 is not.
func (d *Doc) IsObject(i int) bool { return i >= 0 && d.nodes[i].Kind == Object }

// IsArray reports whether i is an array; -1 is not.
func (d *Doc) IsArray(i int) bool { return i >= 0 && d.nodes[i].Kind == Array }

// Int reads a small non-negative integer; ok is false for anything else.
func (d *Doc) Int(i int) (v int64, ok bool) {
	if i < 0 || d.nodes[i].Kind != Number {
		return 0, false
	}
	raw := d.Raw(i)
	if len(raw) > 18 {
		return 0, false
	}
	for _, c := range raw {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	return v, true
}

// sameName reports whether members a and b carry the same name.
func (d *Doc) sameName(a, b *Node) bool {
	x, y := d.src[a.keyAt:a.keyStop], d.src[b.keyAt:b.keyStop]
	if !a.keyEscaped && !b.keyEscaped {
		return bytes.Equal(x, y)
	}
	return bytes.Equal(unescape(nil, x), unescape(nil, y))
}
