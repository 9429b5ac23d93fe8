package jinja

// tuple reads expressions that commas divide; one alone is itself. Where full is false the expressions have no condition, as in the
// sequence of a for.
func (p *parser) tuple(depth int, full bool) (*Node, error) {
	one := p.expr
	if !full {
		one = p.or
	}
	first, err := one(depth + 1)
	if err != nil || !p.op(",") {
		return first, err
	}
	list, err := p.node(List, "", first)
	for err == nil && p.op(",") {
		if err = p.advance(); err != nil || p.tok.Kind == '}' || p.op(")") || p.op("=") {
			break
		}
		var next *Node
		if next, err = one(depth + 1); next != nil {
			list.Kids = append(list.Kids, next)
		}
	}
	return list, err
}

// expr reads an expression with its condition.
func (p *parser) expr(depth int) (*Node, error) {
	v, err := p.or(depth + 1)
	for err == nil && p.word("if") {
		var cond, other *Node
		if err = p.advance(); err != nil {
			break
		}
		if cond, err = p.or(depth + 1); err != nil {
			return v, err
		}
		if ok, err := p.take('n', "else"); err != nil {
			return v, err
		} else if ok {
			if other, err = p.expr(depth + 1); err != nil {
				return v, err
			}
		}
		v, err = p.node(Ternary, "", v, cond, other)
	}
	return v, err
}

// left reads operands of the next level that operators of this one join, from the left.
func (p *parser) left(depth int, kind byte, ops []string, next func(int) (*Node, error)) (*Node, error) {
	if depth > maxDepth {
		return nil, p.fail("an expression is nested too deep")
	}
	v, err := next(depth + 1)
	for n := 0; err == nil; n++ {
		if n > 10*maxDepth {
			return v, p.fail("an expression is nested too deep")
		}
		op := ""
		for _, o := range ops {
			if p.is(kind, o) {
				op = o
			}
		}
		if op == "" {
			return v, nil
		}
		if err = p.advance(); err != nil {
			break
		}
		var right *Node
		if right, err = next(depth + 1); err == nil {
			v, err = p.node(Binary, op, v, right)
		}
	}
	return v, err
}

var (
	wordOr, wordAnd     = []string{"or"}, []string{"and"}
	opsSum, opsConcat   = []string{"+", "-"}, []string{"~"}
	opsProduct, opPower = []string{"*", "/", "//", "%"}, []string{"**"}
)

func (p *parser) or(depth int) (*Node, error)  { return p.left(depth, 'n', wordOr, p.and) }
func (p *parser) and(depth int) (*Node, error) { return p.left(depth, 'n', wordAnd, p.not) }

func (p *parser) not(depth int) (*Node, error) {
	if depth > maxDepth {
		return nil, p.fail("an expression is nested too deep")
	}
	if !p.word("not") {
		return p.compare(depth + 1)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	v, err := p.not(depth + 1)
	if err != nil {
		return v, err
	}
	return p.node(Unary, "not", v)
}

func (p *parser) compare(depth int) (*Node, error) {
	v, err := p.sum(depth + 1)
	for err == nil {
		op := ""
		switch {
		case p.tok.Kind == 'o' && (p.tok.Text == "==" || p.tok.Text == "!=" || p.tok.Text == "<" || p.tok.Text == "<=" || p.tok.Text == ">" || p.tok.Text == ">="):
			op = p.tok.Text
		case p.word("in"):
			op = "in"
		case p.word("not"):
			next, err := p.peek()
			if err != nil || next.Kind != 'n' || next.Text != "in" {
				return v, err
			}
			if err := p.advance(); err != nil {
				return v, err
			}
			op = "not in"
		default:
			return v, nil
		}
		if err = p.advance(); err != nil {
			break
		}
		var right *Node
		if right, err = p.sum(depth + 1); err == nil {
			v, err = p.node(Binary, op, v, right)
		}
	}
	return v, err
}

func (p *parser) sum(depth int) (*Node, error)    { return p.left(depth, 'o', opsSum, p.concat) }
func (p *parser) concat(depth int) (*Node, error) { return p.left(depth, 'o', opsConcat, p.product) }

func (p *parser) product(depth int) (*Node, error) { return p.left(depth, 'o', opsProduct, p.power) }
func (p *parser) power(depth int) (*Node, error)   { return p.left(depth, 'o', opPower, p.signed) }

func (p *parser) signed(depth int) (*Node, error) { return p.unary(depth, true) }

func (p *parser) unary(depth int, filters bool) (*Node, error) {
	if depth > maxDepth {
		return nil, p.fail("an expression is nested too deep")
	}
	var v *Node
	var err error
	if p.op("-") || p.op("+") {
		sign := p.tok.Text
		if err := p.advance(); err != nil {
			return nil, err
		}
		if v, err = p.unary(depth+1, false); err == nil {
			v, err = p.node(Unary, sign, v)
		}
	} else {
		v, err = p.primary(depth + 1)
	}
	if err == nil {
		v, err = p.postfix(v, depth)
	}
	if err == nil && filters {
		v, err = p.filters(v, depth)
	}
	return v, err
}

func (p *parser) primary(depth int) (*Node, error) {
	t := p.tok
	switch t.Kind {
	case 'n':
		kind := Name
		switch t.Text {
		case "true", "false", "none", "True", "False", "None":
			kind = Const
		}
		n, err := p.node(kind, t.Text)
		if err == nil {
			err = p.advance()
		}
		return n, err
	case 's':
		return p.strings()
	case '0':
		n, err := p.node(Number, t.Text)
		if err == nil {
			err = p.advance()
		}
		return n, err
	}
	switch {
	case p.op("("):
		return p.group(depth)
	case p.op("["):
		return p.list(depth)
	case p.op("{"):
		return p.dict(depth)
	}
	return nil, p.fail("expected an expression")
}

// strings reads string literals that stand behind each other, which are one.
func (p *parser) strings() (*Node, error) {
	n, err := p.node(Str, "")
	for err == nil && p.tok.Kind == 's' {
		n.Name += p.tok.Text
		err = p.advance()
	}
	return n, err
}

func (p *parser) group(depth int) (*Node, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if ok, err := p.take('o', ")"); ok || err != nil {
		if err != nil {
			return nil, err
		}
		return p.node(List, "")
	}
	v, err := p.tuple(depth, true)
	if err == nil {
		err = p.expect('o', ")")
	}
	return v, err
}

func (p *parser) list(depth int) (*Node, error) {
	n, err := p.node(List, "")
	if err == nil {
		err = p.advance()
	}
	for err == nil && !p.op("]") {
		var v *Node
		if v, err = p.expr(depth + 1); v != nil {
			n.Kids = append(n.Kids, v)
		}
		if err == nil {
			var ok bool
			if ok, err = p.take('o', ","); !ok {
				break
			}
		}
	}
	if err == nil {
		err = p.expect('o', "]")
	}
	return n, err
}

func (p *parser) dict(depth int) (*Node, error) {
	n, err := p.node(Dict, "")
	if err == nil {
		err = p.advance()
	}
	for err == nil && !p.op("}") {
		var k, v *Node
		if k, err = p.expr(depth + 1); err == nil {
			err = p.expect('o', ":")
		}
		if err == nil {
			v, err = p.expr(depth + 1)
		}
		n.Kids = append(n.Kids, k, v)
		if err == nil {
			var ok bool
			if ok, err = p.take('o', ","); !ok {
				break
			}
		}
	}
	if err == nil {
		err = p.expect('o', "}")
	}
	return n, err
}
