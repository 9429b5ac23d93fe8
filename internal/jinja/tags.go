package jinja

// loop reads {% for %} behind its word.
func (p *parser) loop(depth int) (*Node, error) {
	n, err := p.node(For, "")
	if err != nil {
		return nil, err
	}
	target, err := p.targets()
	if err != nil {
		return n, err
	}
	if err := p.expect('n', "in"); err != nil {
		return n, err
	}
	seq, err := p.tuple(0, false)
	n.Kids = append(n.Kids, target, seq, nil)
	if err != nil {
		return n, err
	}
	if ok, err := p.take('n', "if"); err != nil {
		return n, err
	} else if ok {
		if n.Kids[2], err = p.expr(0); err != nil {
			return n, err
		}
	}
	if _, err := p.take('n', "recursive"); err != nil {
		return n, err
	}
	end, err := p.body(n, depth)
	if err != nil {
		return n, err
	}
	if end == "else" {
		return p.otherwise(n, "endfor", depth)
	}
	return p.finish(n, end, "endfor")
}

// targets reads what is assigned to: names, attributes of a namespace, and tuples of them.
func (p *parser) targets() (*Node, error) {
	list, err := p.node(List, "")
	if err != nil {
		return nil, err
	}
	for {
		var t *Node
		if ok, err := p.take('o', "("); err != nil {
			return list, err
		} else if ok {
			if t, err = p.targets(); err == nil {
				err = p.expect('o', ")")
			}
			if err != nil {
				return list, err
			}
		} else if t, err = p.target(); err != nil {
			return list, err
		}
		list.Kids = append(list.Kids, t)
		ok, err := p.take('o', ",")
		if err != nil {
			return list, err
		}
		if !ok || p.tok.Kind != 'n' && !p.op("(") || p.word("in") {
			return list, nil
		}
	}
}

func (p *parser) target() (*Node, error) {
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	n, err := p.node(Name, name)
	for err == nil && p.op(".") {
		if err = p.advance(); err != nil {
			break
		}
		if name, err = p.name(); err == nil {
			n, err = p.node(Attr, name, n)
		}
	}
	return n, err
}

// set reads an assignment, or the block of one.
func (p *parser) set(depth int) (*Node, error) {
	n, err := p.node(Set, "")
	if err != nil {
		return nil, err
	}
	target, err := p.targets()
	n.Kids = append(n.Kids, target)
	if err != nil {
		return n, err
	}
	if ok, err := p.take('o', "="); err != nil {
		return n, err
	} else if ok {
		v, err := p.tuple(0, true)
		n.Kids = append(n.Kids, v)
		if err == nil {
			err = p.expect('}', "")
		}
		return n, err
	}
	for p.op("|") {
		f, err := p.filter(nil, 0)
		if f != nil {
			n.Kids = append(n.Kids, f)
		}
		if err != nil {
			return n, err
		}
	}
	out, err := p.node(Else, "")
	if err != nil {
		return n, err
	}
	n.Kids = append(n.Kids, out)
	end, err := p.body(out, depth)
	if err != nil {
		return n, err
	}
	return p.finish(n, end, "endset")
}

func (p *parser) macro(depth int) (*Node, error) {
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	n, err := p.node(Macro, name)
	if err == nil {
		err = p.parameters(n)
	}
	if err != nil {
		return n, err
	}
	end, err := p.body(n, depth)
	if err != nil {
		return n, err
	}
	return p.finish(n, end, "endmacro")
}

// parameters reads the names in brackets, with their defaults.
func (p *parser) parameters(n *Node) error {
	if err := p.expect('o', "("); err != nil {
		return err
	}
	for !p.op(")") {
		name, err := p.name()
		if err != nil {
			return err
		}
		n.Keys = append(n.Keys, name)
		if ok, err := p.take('o', "="); err != nil {
			return err
		} else if ok {
			v, err := p.expr(0)
			if v != nil {
				n.Kids = append(n.Kids, v)
			}
			if err != nil {
				return err
			}
		}
		if ok, err := p.take('o', ","); err != nil {
			return err
		} else if !ok {
			break
		}
	}
	return p.expect('o', ")")
}

// block reads the blocks that have expressions at their head and nothing else of note.
func (p *parser) block(tag string, depth int) (*Node, error) {
	n, err := p.node(Block, tag)
	if err != nil {
		return nil, err
	}
	switch tag {
	case "block":
		if n.Name, err = p.name(); err == nil {
			for p.tok.Kind == 'n' && err == nil { // scoped, required
				err = p.advance()
			}
			n.Name = "block " + n.Name
		}
	case "filter":
		err = p.filterHead(n)
	case "call":
		err = p.callHead(n)
	case "with", "trans":
		err = p.assignments(n)
	default:
		if p.tok.Kind != '}' {
			var v *Node
			v, err = p.expr(0)
			n.Kids = append(n.Kids, v)
		}
	}
	if err != nil {
		return n, err
	}
	end, err := p.body(n, depth)
	if err == nil && tag == "trans" && end == "pluralize" {
		if p.tok.Kind == 'n' {
			err = p.advance()
		}
		if err == nil {
			end, err = p.body(n, depth)
		}
	}
	if err != nil {
		return n, err
	}
	return p.finish(n, end, "end"+tag)
}

func (p *parser) filterHead(n *Node) error {
	f, err := p.filterName(nil, 0)
	for err == nil {
		n.Kids = append(n.Kids, f)
		if !p.op("|") {
			return nil
		}
		f, err = p.filter(nil, 0)
	}
	return err
}

func (p *parser) callHead(n *Node) error {
	if p.op("(") {
		params := &Node{}
		if err := p.parameters(params); err != nil {
			return err
		}
		n.Keys, n.Kids = params.Keys, params.Kids
	}
	v, err := p.expr(0)
	if v != nil {
		n.Kids = append(n.Kids, v)
	}
	return err
}

// assignments reads the names and values at the head of with and trans.
func (p *parser) assignments(n *Node) error {
	for p.tok.Kind == 'n' {
		name, err := p.target()
		if err != nil {
			return err
		}
		if ok, err := p.take('o', "="); err != nil {
			return err
		} else if ok {
			v, err := p.expr(0)
			if err != nil {
				return err
			}
			set, err := p.node(Set, "", name, v)
			if err != nil {
				return err
			}
			n.Kids = append(n.Kids, set)
		}
		if ok, err := p.take('o', ","); err != nil {
			return err
		} else if !ok {
			break
		}
	}
	return nil
}

// load reads the tags that fetch another template, to their end.
func (p *parser) load(tag string) (*Node, error) {
	n, err := p.node(Load, tag)
	if err != nil {
		return nil, err
	}
	v, err := p.expr(0)
	n.Kids = append(n.Kids, v)
	for err == nil && p.tok.Kind != '}' {
		if p.tok.Kind != 'n' && !p.op(",") {
			err = p.fail("unexpected")
			break
		}
		err = p.advance()
	}
	if err == nil {
		err = p.expect('}', "")
	}
	return n, err
}
