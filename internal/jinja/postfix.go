package jinja

// postfix reads attributes, subscripts and calls behind a value.
func (p *parser) postfix(v *Node, depth int) (*Node, error) {
	var err error
	for n := 0; err == nil; n++ {
		switch {
		case n > 10*maxDepth:
			return v, p.fail("an expression is nested too deep")
		case p.op("."):
			v, err = p.attribute(v)
		case p.op("["):
			v, err = p.subscript(v, depth)
		case p.op("("):
			c, e := p.node(Call, "", v)
			if e == nil {
				e = p.arguments(c, depth)
			}
			v, err = c, e
		default:
			return v, nil
		}
	}
	return v, err
}

func (p *parser) attribute(v *Node) (*Node, error) {
	if err := p.advance(); err != nil {
		return v, err
	}
	switch p.tok.Kind {
	case 'n':
		n, err := p.node(Attr, p.tok.Text, v)
		if err == nil {
			err = p.advance()
		}
		return n, err
	case '0':
		index, err := p.node(Number, p.tok.Text)
		if err != nil {
			return v, err
		}
		n, err := p.node(Item, "", v, index)
		if err == nil {
			err = p.advance()
		}
		return n, err
	}
	return v, p.fail("expected an attribute")
}

func (p *parser) subscript(v *Node, depth int) (*Node, error) {
	if err := p.advance(); err != nil {
		return v, err
	}
	index, err := p.index(depth + 1)
	if err != nil {
		return v, err
	}
	if p.op(",") { // several indexes are a tuple
		list, err := p.node(List, "", index)
		for err == nil && p.op(",") {
			if err = p.advance(); err != nil || p.op("]") {
				break
			}
			if index, err = p.index(depth + 1); index != nil {
				list.Kids = append(list.Kids, index)
			}
		}
		if index = list; err != nil {
			return v, err
		}
	}
	n, err := p.node(Item, "", v, index)
	if err == nil {
		err = p.expect('o', "]")
	}
	return n, err
}

// index reads a subscript or a slice.
func (p *parser) index(depth int) (*Node, error) {
	parts := []*Node{nil}
	for {
		if !p.op(":") && !p.op("]") && !p.op(",") {
			v, err := p.expr(depth)
			if err != nil {
				return v, err
			}
			parts[len(parts)-1] = v
		}
		if !p.op(":") {
			break
		}
		if len(parts) == 3 {
			return nil, p.fail("a slice of too many parts")
		}
		parts = append(parts, nil)
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	if len(parts) > 1 {
		return p.node(Slice, "", parts...)
	}
	if parts[0] == nil {
		return nil, p.fail("expected an expression")
	}
	return parts[0], nil
}

// arguments reads what stands in the brackets of a call, and appends it to its kids and keys.
func (p *parser) arguments(n *Node, depth int) error {
	err := p.expect('o', "(")
	for err == nil && !p.op(")") {
		key := ""
		switch {
		case p.op("*"), p.op("**"):
			key = p.tok.Text
			err = p.advance()
		case p.tok.Kind == 'n':
			var next Token
			if next, err = p.peek(); err == nil && next.Kind == 'o' && next.Text == "=" {
				key = p.tok.Text
				if err = p.advance(); err == nil {
					err = p.advance()
				}
			}
		}
		if err != nil {
			return err
		}
		var v *Node
		if v, err = p.expr(depth + 1); v != nil {
			n.Kids, n.Keys = append(n.Kids, v), append(n.Keys, key)
		}
		if err == nil {
			var ok bool
			if ok, err = p.take('o', ","); !ok {
				break
			}
		}
	}
	if err == nil {
		err = p.expect('o', ")")
	}
	return err
}

// filters reads filters, tests and calls behind a value.
func (p *parser) filters(v *Node, depth int) (*Node, error) {
	var err error
	for n := 0; err == nil; n++ {
		switch {
		case n > 10*maxDepth:
			return v, p.fail("an expression is nested too deep")
		case p.op("|"):
			v, err = p.filter(v, depth)
		case p.word("is"):
			v, err = p.test(v, depth)
		case p.op("("):
			v, err = p.postfix(v, depth)
		default:
			return v, nil
		}
	}
	return v, err
}

func (p *parser) filter(v *Node, depth int) (*Node, error) {
	if err := p.expect('o', "|"); err != nil {
		return v, err
	}
	return p.filterName(v, depth)
}

func (p *parser) filterName(v *Node, depth int) (*Node, error) {
	name, err := p.dotted()
	if err != nil {
		return v, err
	}
	n, err := p.node(Filter, name, v)
	if err == nil && p.op("(") {
		err = p.arguments(n, depth)
	}
	return n, err
}

func (p *parser) dotted() (string, error) {
	name, err := p.name()
	for err == nil && p.op(".") {
		if err = p.advance(); err == nil {
			var more string
			more, err = p.name()
			name += "." + more
		}
	}
	return name, err
}

// test reads `is [not] name`, with its arguments.
func (p *parser) test(v *Node, depth int) (*Node, error) {
	if err := p.advance(); err != nil {
		return v, err
	}
	negated, err := p.take('n', "not")
	if err != nil {
		return v, err
	}
	name, err := p.dotted()
	if err != nil {
		return v, err
	}
	n, err := p.node(Test, name, v)
	switch {
	case err != nil:
	case p.op("("):
		err = p.arguments(n, depth)
	case p.argument():
		var a *Node
		if a, err = p.primary(depth + 1); err == nil {
			a, err = p.postfix(a, depth)
		}
		if a != nil {
			n.Kids, n.Keys = append(n.Kids, a), append(n.Keys, "")
		}
	}
	if err == nil && negated {
		n, err = p.node(Unary, "not", n)
	}
	return n, err
}

// argument reports whether the current token can be the single argument of a test.
func (p *parser) argument() bool {
	switch p.tok.Kind {
	case 's', '0':
		return true
	case 'n':
		switch p.tok.Text {
		case "else", "or", "and", "is", "if", "in", "not", "recursive":
			return false
		}
		return true
	}
	return p.op("[") || p.op("{")
}
