package dataset

import (
	"bytes"
	"errors"
)

// How a value stands in the file.
const (
	asText      uint8 = iota // as in Block.Text, but for the charset
	asString                 // a JSON string
	asLiteral                // a JSON number: it becomes a string when it is edited
	asCell                   // a field of CSV
	asMarkup                 // text of HTML, with entities
	asAttribute              // value of an attribute in HTML
)

var (
	errMalformed = errors.New("malformed JSON")
	errNested    = errors.New("nested too deeply")
)

// parser reads JSON values and appends their strings and numbers to a Block. It is lenient where leniency loses nothing:
// what it accepts is read in full, and what it refuses is read as text.
type parser struct {
	*records
	names   names
	nesting int

	i, end int  // what is left to read in the window
	more   bool // the window can be filled when end is reached; otherwise the value must end there
	lines  bool // newlines count
	seen   int  // newlines are counted up to here
	line   int
	record int
	done   int // all before this is in Blocks that were given away, or in the one that is being built
}

// refill makes room by giving the Block away, keeps the window from keep on and reads further.
func (p *parser) refill(keep int) (bool, error) {
	if !p.more || p.w.eof {
		return false, nil
	}
	if err := p.flush(); err != nil {
		return false, err
	}
	p.count(keep)
	p.w.fill(keep)
	p.i, p.seen, p.done, p.end = p.i-keep, p.seen-keep, 0, len(p.w.text)
	return true, nil
}

func (p *parser) count(to int) {
	if p.lines && to > p.seen {
		p.line += bytes.Count(p.w.text[p.seen:to], newline)
		p.seen = to
	}
}

// peek returns the next byte that is no white space, or 0 at the end.
func (p *parser) peek() (byte, error) {
	if p.i < p.end {
		if c := p.w.text[p.i]; c > ' ' {
			return c, nil
		}
	}
	return p.peekOn()
}

func (p *parser) peekOn() (byte, error) {
	for {
		for text := p.w.text[:p.end]; p.i < len(text); p.i++ {
			if c := text[p.i]; c > ' ' {
				return c, nil
			}
		}
		if ok, err := p.refill(p.i); !ok {
			return 0, err
		}
	}
}

func (p *parser) value(n *node, depth int) error {
	c, err := p.peek()
	if err != nil {
		return err
	}
	switch {
	case c == '"':
		p.i++
		return p.str(n)
	case c == '{' || c == '[':
		if depth >= p.nesting {
			return errNested
		}
		p.i++
		if c == '{' {
			return p.object(n, depth+1)
		}
		return p.array(n, depth+1)
	case c == '-' || '0' <= c && c <= '9' || c == 't' || c == 'f' || c == 'n' || c == 'N' || c == 'I':
		return p.literal(n)
	}
	return errMalformed
}

func (p *parser) object(n *node, depth int) error {
	n.hint = 0
	c, err := p.peek()
	if err != nil || c == '}' {
		p.i++
		return err
	}
	for {
		if c != '"' {
			return errMalformed
		}
		p.i++
		kid, err := p.key(n)
		if err != nil {
			return err
		}
		if c, err = p.peek(); err != nil || c != ':' {
			return or(err, errMalformed)
		}
		p.i++
		if err := p.value(kid, depth); err != nil {
			return err
		}
		if c, err = p.peek(); err != nil || c != ',' && c != '}' {
			return or(err, errMalformed)
		}
		p.i++
		if c == '}' {
			return nil
		}
		if c, err = p.peek(); err != nil {
			return err
		}
	}
}

func or(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

func (p *parser) array(n *node, depth int) error {
	c, err := p.peek()
	if err != nil || c == ']' {
		p.i++
		return err
	}
	for i := 0; ; i++ {
		if err := p.value(p.names.element(n, i), depth); err != nil {
			return err
		}
		if c, err = p.peek(); err != nil || c != ',' && c != ']' {
			return or(err, errMalformed)
		}
		p.i++
		if c == ']' {
			return nil
		}
	}
}

// key reads the name of a member and returns its path. p.i stands behind the opening quote.
func (p *parser) key(n *node) (*node, error) {
	end, _, err := p.whole()
	if err != nil {
		return nil, err
	}
	raw := p.w.text[p.i:end]
	if n.hint < len(n.kids) && n.kids[n.hint].key == string(raw) {
		p.i = end + 1
		n.hint++
		return n.kids[n.hint-1], nil
	}
	if !isData(raw) {
		p.i = end + 1
		return p.names.member(n, raw, decodeName), nil
	}
	kid := n.dataMember()
	return kid, p.str(&node{name: dataName, prefix: dataName + ": "})
}

func decodeName(raw []byte) string {
	out, _ := unescapeAll(nil, raw)
	return string(out)
}

// whole finds the end of a string that must lie in the window as a whole.
func (p *parser) whole() (end int, escaped bool, err error) {
	for {
		if end, escaped = closing(p.w.text[:p.end], p.i); end >= 0 {
			return end, escaped, nil
		}
		if p.end-p.i > Stride {
			return 0, false, errMalformed
		}
		if ok, err := p.refill(p.i); !ok {
			return 0, false, or(err, errMalformed)
		}
	}
}

// str reads a string. p.i stands behind the opening quote.
func (p *parser) str(n *node) error {
	if done, err := p.once(n); done {
		return err
	}
	for {
		end, escaped := closing(p.w.text[:p.end], p.i)
		if end >= 0 && end-p.i <= Stride {
			return p.short(n, end, escaped)
		}
		if end >= 0 || p.end-p.i > Stride+slack {
			return p.long(n)
		}
		if ok, err := p.refill(p.i); !ok {
			return or(err, errMalformed)
		}
	}
}

// once reads a string that lies in the window as a whole and is not long, which nearly all are, in one pass. It reports false,
// and has done nothing, where it cannot tell.
func (p *parser) once(n *node) (done bool, err error) {
	all := p.w.text[:min(p.end, p.i+Stride)]
	before := len(p.block.Text)
	start := p.begin(n.prefix)
	out, end, escaped := decodeString(p.block.Text, all, p.i)
	switch {
	case end <= p.i, p.lines && bytes.IndexByte(all[p.i:end], '\n') >= 0:
		p.block.Text = out[:before]
		return false, nil
	}
	p.count(p.i)
	p.block.Text = out
	p.add(Field{
		Start: start, End: len(out), Name: n.name, Record: p.record, Line: p.line,
		Offset: p.w.offset(p.i), Plain: !escaped && p.w.plain, how: asString,
	})
	p.i = end + 1
	return true, p.relieve()
}

func (p *parser) short(n *node, end int, escaped bool) error {
	raw := p.w.text[p.i:end]
	if len(raw) == 0 {
		p.i = end + 1
		return nil
	}
	if p.lines && bytes.IndexByte(raw, '\n') >= 0 {
		return errMalformed
	}
	p.count(p.i)
	start := p.begin(n.prefix)
	if !escaped {
		p.block.Text = append(p.block.Text, raw...)
	} else {
		var ok bool
		if p.block.Text, ok = unescapeAll(p.block.Text, raw); !ok {
			return errMalformed
		}
	}
	p.add(Field{
		Start: start, End: len(p.block.Text), Name: n.name, Record: p.record, Line: p.line,
		Offset: p.w.offset(p.i), Plain: !escaped && p.w.plain, how: asString,
	})
	p.i = end + 1
	return p.relieve()
}

// relieve gives a Block away that has become large.
func (p *parser) relieve() error {
	if len(p.block.Text) < maxText {
		return nil
	}
	p.done = p.i
	return p.flush()
}

// long reads a string of more than Stride bytes in several Blocks that share text with each other.
func (p *parser) long(n *node) error {
	if err := p.flush(); err != nil {
		return err
	}
	p.done = p.i
	lead, start, first := p.i, p.i, true
	for {
		if p.end-start < Stride+sharedAfter+slack {
			keep := lead
			if ok, err := p.refill(keep); err != nil {
				return err
			} else if ok {
				lead, start = lead-keep, start-keep
				p.done = start
				continue
			}
		}
		p.count(p.i)
		next, cut, closed, err := p.piece(n, lead, start, first)
		if err != nil || closed {
			return err
		}
		lead, start, first = next, cut, false
		p.i = start
		p.done = start
	}
}

// piece emits a piece of a long string: what is owned begins at start, what is shared at lead. It returns both for the
// next piece, or leaves p.i behind the closing quote.
func (p *parser) piece(n *node, lead, start int, first bool) (nextLead, nextStart int, closed bool, err error) {
	all := p.w.text[:p.end]
	from := p.begin(n.prefix)
	out, i, ok := unescape(p.block.Text, all, lead, start)
	owned := len(out)
	if first {
		owned = 0
	}
	out, nextLead, ok2 := unescape(out, all, i, start+Stride-sharedBefore)
	out, nextStart, ok3 := unescape(out, all, nextLead, start+Stride)
	to := len(out)
	out, i, ok4 := unescape(out, all, nextStart, start+Stride+sharedAfter)
	if !ok || !ok2 || !ok3 || !ok4 || i >= len(all) {
		return 0, 0, false, errMalformed
	}
	p.block.Text = out
	if closed = all[i] == '"' && i < start+Stride+sharedAfter; closed && nextStart == i {
		to = len(out) + 1
	} else {
		closed = false
	}
	p.add(Field{
		Start: from, End: len(out), Name: n.name, Record: p.record, Line: p.line,
		Offset: p.w.offset(lead), Plain: p.w.plain && len(out)-from == i-lead, how: asString,
	})
	p.block.From, p.block.To = owned, to
	if closed {
		p.i = i + 1
		p.done = p.i
	}
	return nextLead, nextStart, closed, p.give()
}

// longestNumber is the longest number that is one.
const longestNumber = 4 << 10

// literal reads a number, or true, false, null and their like, which are left out.
func (p *parser) literal(n *node) error {
	end := p.i
	for {
		for end < p.end && isLiteral(p.w.text[end]) {
			end++
		}
		if end-p.i > longestNumber {
			return errMalformed
		}
		if end < p.end {
			break
		}
		was := p.i
		if ok, err := p.refill(p.i); err != nil {
			return err
		} else if !ok {
			break
		}
		end -= was
	}
	raw := p.w.text[p.i:end]
	if c := raw[len(raw)-1]; c < '0' || '9' < c {
		p.i = end
		if word(raw) {
			return nil
		}
		return errMalformed
	}
	p.count(p.i)
	start := p.begin(n.prefix)
	p.block.Text = append(p.block.Text, raw...)
	p.add(Field{
		Start: start, End: len(p.block.Text), Name: n.name, Record: p.record, Line: p.line,
		Offset: p.w.offset(p.i), Plain: p.w.plain, how: asLiteral,
	})
	p.i = end
	return p.relieve()
}

func isLiteral(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '-' || c == '+' || c == '.'
}

func word(raw []byte) bool {
	switch string(raw) {
	case "true", "false", "null", "NaN", "Infinity", "-Infinity":
		return true
	}
	return false
}
