package jinja

// The limits of the parser; no template for a conversation comes near.
const (
	maxDepth = 1500
	maxNodes = 200_000
)

// Parse reads a template. On an error the tree holds what was read before.
func Parse(src string) ([]*Node, error) {
	p := &parser{x: lexer{src: src}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	nodes, err := p.statements(0)
	if err == nil && p.tok.Kind != 0 {
		err = p.fail("an end that nothing began")
	}
	return nodes, err
}

type parser struct {
	x     lexer
	tok   Token // Kind 0 at the end
	ahead *Token
	nodes int
}

func (p *parser) fail(reason string) error { return &SyntaxError{p.tok.Pos, reason} }

func (p *parser) advance() error {
	if p.ahead != nil {
		p.tok, p.ahead = *p.ahead, nil
		return nil
	}
	t, ok, err := p.x.next()
	if err != nil {
		return err
	}
	if p.tok = t; !ok {
		p.tok = Token{Pos: len(p.x.src)}
	}
	return nil
}

// peek returns the token behind the current one.
func (p *parser) peek() (Token, error) {
	if p.ahead == nil {
		t, ok, err := p.x.next()
		if err != nil {
			return Token{}, err
		}
		if !ok {
			t = Token{Pos: len(p.x.src)}
		}
		p.ahead = &t
	}
	return *p.ahead, nil
}

func (p *parser) is(kind byte, text string) bool { return p.tok.Kind == kind && p.tok.Text == text }
func (p *parser) op(text string) bool            { return p.is('o', text) }
func (p *parser) word(text string) bool          { return p.is('n', text) }

// take advances over a token that is there, and reports whether it was.
func (p *parser) take(kind byte, text string) (bool, error) {
	if !p.is(kind, text) {
		return false, nil
	}
	return true, p.advance()
}

func (p *parser) expect(kind byte, text string) error {
	ok, err := p.take(kind, text)
	if err == nil && !ok {
		err = p.fail("expected " + text)
	}
	return err
}

func (p *parser) node(k Kind, name string, kids ...*Node) (*Node, error) {
	if p.nodes++; p.nodes > maxNodes {
		return nil, p.fail("more nodes than are read")
	}
	return &Node{Kind: k, Pos: p.tok.Pos, Name: name, Kids: kids}, nil
}

func (p *parser) name() (string, error) {
	if p.tok.Kind != 'n' {
		return "", p.fail("expected a name")
	}
	n := p.tok.Text
	return n, p.advance()
}

// statements reads up to the end, or to a tag that ends or divides a block, which stays the current token with its mark taken.
func (p *parser) statements(depth int) (out []*Node, err error) {
	if depth > maxDepth {
		return nil, p.fail("blocks are nested too deep")
	}
	for {
		var n *Node
		switch p.tok.Kind {
		case 0:
			return out, nil
		case 't':
			n, err = p.node(Text, p.tok.Text)
			if err == nil {
				err = p.advance()
			}
		case '{':
			n, err = p.output()
		case '%':
			if err = p.advance(); err != nil {
				return out, err
			}
			if p.ends() {
				return out, nil
			}
			n, err = p.statement(depth)
		default:
			err = p.fail("unexpected")
		}
		if n != nil {
			out = append(out, n)
		}
		if err != nil {
			return out, err
		}
	}
}

// ends reports whether the current tag ends or divides a block.
func (p *parser) ends() bool {
	if p.tok.Kind != 'n' {
		return false
	}
	t := p.tok.Text
	return t == "elif" || t == "else" || t == "pluralize" || len(t) > 3 && t[:3] == "end"
}

func (p *parser) output() (*Node, error) {
	n, err := p.node(Output, "")
	if err == nil {
		err = p.advance()
	}
	if err != nil {
		return nil, err
	}
	v, err := p.tuple(0, true)
	if v != nil {
		n.Kids = []*Node{v}
	}
	if err != nil {
		return n, err
	}
	return n, p.expect('}', "")
}

func (p *parser) statement(depth int) (*Node, error) {
	tag, err := p.name()
	if err != nil {
		return nil, err
	}
	switch tag {
	case "if":
		return p.branch(depth)
	case "for":
		return p.loop(depth)
	case "set":
		return p.set(depth)
	case "macro":
		return p.macro(depth)
	case "call", "filter", "with", "block", "autoescape", "generation", "trans":
		return p.block(tag, depth)
	case "include", "import", "from", "extends":
		return p.load(tag)
	case "break", "continue", "debug":
		n, err := p.node(Flow, tag)
		if err == nil {
			err = p.expect('}', "")
		}
		return n, err
	case "do", "print":
		n, err := p.node(Output, tag)
		if err != nil {
			return nil, err
		}
		v, err := p.tuple(0, true)
		if v != nil {
			n.Kids = []*Node{v}
		}
		if err == nil {
			err = p.expect('}', "")
		}
		return n, err
	}
	return nil, p.fail("no such tag")
}

// body reads the statements of a block and its end tag, which it leaves behind its name.
func (p *parser) body(n *Node, depth int) (end string, err error) {
	if err := p.expect('}', ""); err != nil {
		return "", err
	}
	kids, err := p.statements(depth + 1)
	n.Kids = append(n.Kids, kids...)
	if err != nil {
		return "", err
	}
	if p.tok.Kind != 'n' {
		return "", p.fail("a block has no end")
	}
	return p.name()
}

func (p *parser) finish(n *Node, end, want string) (*Node, error) {
	if end != want {
		return n, p.fail("expected " + want)
	}
	if want == "endblock" && p.tok.Kind == 'n' {
		if err := p.advance(); err != nil {
			return n, err
		}
	}
	return n, p.expect('}', "")
}

// branch reads an if with its branches behind the word if or elif.
func (p *parser) branch(depth int) (*Node, error) {
	if depth > maxDepth {
		return nil, p.fail("blocks are nested too deep")
	}
	n, err := p.node(If, "")
	if err != nil {
		return nil, err
	}
	cond, err := p.tuple(0, false)
	n.Kids = append(n.Kids, cond)
	if err != nil {
		return n, err
	}
	end, err := p.body(n, depth)
	if err != nil {
		return n, err
	}
	switch end {
	case "elif":
		other, err := p.branch(depth + 1)
		if other != nil {
			n.Kids = append(n.Kids, other)
		}
		return n, err
	case "else":
		return p.otherwise(n, "endif", depth)
	}
	return p.finish(n, end, "endif")
}

func (p *parser) otherwise(n *Node, want string, depth int) (*Node, error) {
	other, err := p.node(Else, "")
	if err != nil {
		return n, err
	}
	n.Kids = append(n.Kids, other)
	end, err := p.body(other, depth)
	if err != nil {
		return n, err
	}
	return p.finish(n, end, want)
}
