package dataset

import (
	"bytes"
	"errors"
)

// document reads a file with one JSON value or several. The elements of a list at the top are records, and so is any
// other value there. What is no JSON is read as text to its end.
func (p *parser) document() error {
	err := p.values()
	if err == nil {
		return p.flush()
	}
	if !errors.Is(err, errMalformed) && !errors.Is(err, errNested) {
		return err
	}
	p.block.Text, p.block.Fields = p.block.Text[:0], p.block.Fields[:0]
	rest := text{
		rd: p.rd, w: p.w, path: p.block.Path, format: JSON, start: p.done, record: p.record, json: true,
	}
	rest.line = p.line - bytes.Count(p.w.text[:p.seen], newline)
	reason := "malformed JSON"
	if errors.Is(err, errNested) {
		reason = "JSON nested too deeply"
	}
	p.rd.notice(p.block.Path, reason+", read as text", 1)
	return rest.run()
}

func (p *parser) values() error {
	for {
		c, err := p.peek()
		switch {
		case err != nil || c == 0 && p.i >= p.end:
			return err
		case c == '[':
			p.i++
			err = p.elements()
		default:
			p.record++
			err = p.value(&p.names.root, 0)
		}
		if err != nil {
			return err
		}
	}
}

// elements reads a list at the top, whose elements are records.
func (p *parser) elements() error {
	c, err := p.peek()
	if err != nil || c == ']' {
		p.i++
		return err
	}
	for {
		p.record++
		if err := p.value(&p.names.root, 1); err != nil {
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
