package upstream

// parser walks the source once. It is iterative over bytes and recursive over depth, which maxDepth bounds.
type parser struct {
	doc *Doc
	src []byte
	at  int
}

func (p *parser) fail(reason string) error { return &SyntaxError{p.at, reason} }

func (p *parser) space() {
	for p.at < len(p.src) {
		switch p.src[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// value reads one value. The member name, if any, stands at keyAt..keyStop.
func (p *parser) value(keyAt, keyStop int, keyEscaped bool, depth int, inArray bool) error {
	if p.at >= len(p.src) {
		return p.fail("unexpected end")
	}
	n := Node{Start: int32(p.at), keyAt: int32(keyAt), keyStop: int32(keyStop), keyEscaped: keyEscaped}
	switch c := p.src[p.at]; c {
	case '"':
		at, escaped, err := p.str()
		if err != nil {
			return err
		}
		n.Kind, n.escaped, n.Start, n.End = String, escaped, int32(at), int32(p.at-1)
		return p.add(n)
	case '{', '[':
		if depth >= maxDepth {
			return p.fail("nested deeper than 128")
		}
		n.Kind = Array
		if c == '{' {
			n.Kind = Object
		}
		return p.container(n, depth)
	case 't':
		n.Kind = True
		return p.literal(n, "true", inArray)
	case 'f':
		n.Kind = False
		return p.literal(n, "false", inArray)
	case 'n':
		n.Kind = Null
		return p.literal(n, "null", inArray)
	default:
		n.Kind = Number
		return p.number(n, inArray)
	}
}

func (p *parser) add(n Node) error {
	if len(p.doc.nodes) >= maxNodes {
		return p.fail("more than 1,048,576 values")
	}
	n.next = int32(len(p.doc.nodes) + 1)
	p.doc.nodes = append(p.doc.nodes, n)
	return nil
}

func (p *parser) container(n Node, depth int) error {
	self := len(p.doc.nodes)
	if err := p.add(n); err != nil {
		return err
	}
	closing := p.src[p.at] + 2 // '[' + 2 == ']', '{' + 2 == '}'
	p.at++
	p.space()
	if p.at < len(p.src) && p.src[p.at] == closing {
		p.at++
		p.close(self)
		return nil
	}
	for members := 0; ; members++ {
		var err error
		if n.Kind == Object {
			err = p.member(self, members, depth)
		} else {
			err = p.value(-1, -1, false, depth+1, true)
		}
		if err != nil {
			return err
		}
		p.space()
		if p.at >= len(p.src) {
			return p.fail("unexpected end")
		}
		switch p.src[p.at] {
		case ',':
			p.at++
			p.space()
		case closing:
			p.at++
			p.close(self)
			return nil
		default:
			return p.fail("expected a comma or the end of the container")
		}
	}
}

func (p *parser) close(self int) {
	n := &p.doc.nodes[self]
	n.End, n.next = int32(p.at), int32(len(p.doc.nodes))
}

// maxMembers bounds the quadratic search for repeated names.
const maxMembers = 1024

func (p *parser) member(object, members, depth int) error {
	if p.at >= len(p.src) || p.src[p.at] != '"' {
		return p.fail("expected a member name")
	}
	if members >= maxMembers {
		return p.fail("more than 1,024 members in one object")
	}
	nameAt := p.at
	at, escaped, err := p.str()
	if err != nil {
		return err
	}
	stop := p.at - 1
	p.space()
	if p.at >= len(p.src) || p.src[p.at] != ':' {
		return p.fail("expected a colon")
	}
	p.at++
	p.space()
	self := len(p.doc.nodes)
	if err := p.value(at, stop, escaped, depth+1, false); err != nil {
		return err
	}
	d := p.doc
	for c := object + 1; c < self; c = int(d.nodes[c].next) {
		if d.sameName(&d.nodes[c], &d.nodes[self]) {
			return &SyntaxError{nameAt, "duplicate member name"}
		}
	}
	return nil
}

func (p *parser) literal(n Node, word string, inArray bool) error {
	if len(p.src)-p.at < len(word) || string(p.src[p.at:p.at+len(word)]) != word {
		return p.fail("unexpected character")
	}
	p.at += len(word)
	n.End = int32(p.at)
	if inArray {
		return nil
	}
	return p.add(n)
}

func (p *parser) number(n Node, inArray bool) error {
	if p.peek() == '-' {
		p.at++
	}
	switch c := p.peek(); {
	case c == '0':
		p.at++
	case c >= '1' && c <= '9':
		p.digits()
	default:
		return p.fail("unexpected character")
	}
	if p.peek() == '.' {
		p.at++
		if !p.digits() {
			return p.fail("expected a digit")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.at++
		if c := p.peek(); c == '+' || c == '-' {
			p.at++
		}
		if !p.digits() {
			return p.fail("expected a digit")
		}
	}
	n.End = int32(p.at)
	if inArray {
		return nil
	}
	return p.add(n)
}

func (p *parser) peek() byte {
	if p.at < len(p.src) {
		return p.src[p.at]
	}
	return 0
}

func (p *parser) digits() bool {
	from := p.at
	for p.at < len(p.src) && p.src[p.at]-'0' <= 9 {
		p.at++
	}
	return p.at > from
}

// str reads a string and leaves p.at behind the closing quote. The content starts at the returned offset.
func (p *parser) str() (at int, escaped bool, err error) {
	p.at++
	at = p.at
	n, escaped, reason := scanString(p.src[at:])
	p.at += n
	if reason != "" {
		return at, escaped, p.fail(reason)
	}
	p.at++
	return at, escaped, nil
}
