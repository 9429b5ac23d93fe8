package license

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Bounds of an expression. Real ones have a handful of terms.
const (
	maxExpression = 4096
	maxTerms      = 128
	maxParens     = 32
	maxChoices    = 256
)

// Expr is an SPDX licence expression (SPDX Specification 2.3 Annex D, 3.0 Annex B). It is immutable.
type Expr struct {
	op          operator
	left, right *Expr // of and, or
	id          string
	plus        bool
	exception   string
}

type operator uint8

const (
	term operator = iota
	and
	or
)

// ErrNone is the error of the expressions NONE and NOASSERTION: they say that there is no licence, or that nobody knows.
var ErrNone = errors.New("no licence is asserted")

// Parse reads an expression. Identifiers are compared without regard to case and written in the list's spelling;
// operators are all upper case or all lower case. An identifier that is not on the SPDX list must be a LicenseRef.
func Parse(text string) (*Expr, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("licence expression of %d bytes, more than %d", len(text), maxExpression)
	}
	if t := strings.TrimSpace(text); t == "NONE" || t == "NOASSERTION" {
		return nil, ErrNone
	}
	p := &exprParser{words: split(text)}
	switch {
	case len(p.words) == 0:
		return nil, errors.New("empty licence expression")
	case len(p.words) > 4*maxTerms:
		return nil, fmt.Errorf("licence expression of more than %d terms", maxTerms)
	}
	e, err := p.or(0)
	if err == nil && p.next < len(p.words) {
		err = fmt.Errorf("%q stands where AND, OR or the end is expected", short(p.words[p.next]))
	}
	if err != nil {
		return nil, fmt.Errorf("licence expression: %w", err)
	}
	return e, nil
}

// split gives words and parentheses.
func split(text string) []string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "(", " ( "), ")", " ) ")
	return strings.Fields(text)
}

type exprParser struct {
	words []string
	next  int
	terms int
}

func (p *exprParser) take(words ...string) bool {
	if p.next < len(p.words) && slices.Contains(words, p.words[p.next]) {
		p.next++
		return true
	}
	return false
}

func (p *exprParser) or(depth int) (*Expr, error) {
	return p.chain(or, func() (*Expr, error) {
		return p.chain(and, func() (*Expr, error) { return p.term(depth) }, "AND", "and")
	}, "OR", "or")
}

// chain reads operands with one operator between them, from the left.
func (p *exprParser) chain(op operator, operand func() (*Expr, error), words ...string) (*Expr, error) {
	e, err := operand()
	for err == nil && p.take(words...) {
		var right *Expr
		if right, err = operand(); err == nil {
			e = &Expr{op: op, left: e, right: right}
		}
	}
	return e, err
}

func (p *exprParser) term(depth int) (*Expr, error) {
	if p.terms++; p.terms > maxTerms {
		return nil, fmt.Errorf("more than %d terms", maxTerms)
	}
	if p.take("(") {
		if depth >= maxParens {
			return nil, fmt.Errorf("more than %d parentheses", maxParens)
		}
		e, err := p.or(depth + 1)
		if err == nil && !p.take(")") {
			err = errors.New("a parenthesis is not closed")
		}
		return e, err
	}
	if p.next == len(p.words) {
		return nil, errors.New("a licence is expected at the end")
	}
	word := p.words[p.next]
	p.next++
	e, err := simple(word)
	if err != nil || !p.take("WITH", "with") {
		return e, err
	}
	if p.next == len(p.words) {
		return nil, errors.New("an exception is expected at the end")
	}
	exception, known := spdxList().exceptions[strings.ToLower(p.words[p.next])]
	if !known && isRef(p.words[p.next], "AdditionRef-") {
		exception, known = p.words[p.next], true
	}
	if !known {
		return nil, fmt.Errorf("%q is no exception of the SPDX list", short(p.words[p.next]))
	}
	p.next++
	e.exception = exception
	return e, nil
}

func simple(word string) (*Expr, error) {
	if isRef(word, "LicenseRef-") {
		return &Expr{id: word}, nil
	}
	if id, known := spdxList().licences[strings.ToLower(word)]; known {
		return &Expr{id: id}, nil
	}
	bare, plus := strings.CutSuffix(word, "+")
	if id, known := spdxList().licences[strings.ToLower(bare)]; known && plus {
		return &Expr{id: id, plus: true}, nil
	}
	return nil, fmt.Errorf("%q is no identifier of the SPDX list: write LicenseRef-NAME for another licence", short(word))
}

// isRef reports whether word is [DocumentRef-…:]LicenseRef-… of letters, digits, "." and "-".
func isRef(word, prefix string) bool {
	if document, rest, colon := strings.Cut(word, ":"); colon {
		name, ok := strings.CutPrefix(document, "DocumentRef-")
		if !ok || !isIDString(name) {
			return false
		}
		word = rest
	}
	name, ok := strings.CutPrefix(word, prefix)
	return ok && isIDString(name)
}

func isIDString(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.')
	}) < 0
}

func short(s string) string {
	const most = 40
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// String writes the expression with as few parentheses as it needs; Parse reads it back.
func (e *Expr) String() string {
	switch e.op {
	case and:
		return e.left.within(and) + " AND " + e.right.tight(and)
	case or:
		return e.left.within(or) + " OR " + e.right.tight(or)
	}
	s := e.id
	if e.plus {
		s += "+"
	}
	if e.exception != "" {
		s += " WITH " + e.exception
	}
	return s
}

func (e *Expr) within(outer operator) string {
	if outer == and && e.op == or {
		return "(" + e.String() + ")"
	}
	return e.String()
}

// tight is for the right side: a chain of one operator is read from the left.
func (e *Expr) tight(outer operator) string {
	if e.op == outer {
		return "(" + e.String() + ")"
	}
	return e.within(outer)
}

// IDs returns the identifiers in order, each once, without exceptions.
func (e *Expr) IDs() []string {
	var ids []string
	e.walk(func(t *Expr) {
		id := t.id
		if t.plus {
			id += "+"
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	})
	return ids
}

func (e *Expr) walk(visit func(*Expr)) {
	if e.op == term {
		visit(e)
		return
	}
	e.left.walk(visit)
	e.right.walk(visit)
}

// Choices are the sets of licences of which the licensee picks one; the members of a set apply together. It returns nil
// where an expression has more than 256 of them, which no person would pick from.
func (e *Expr) Choices() [][]string {
	if e.op == term {
		return [][]string{e.IDs()}
	}
	left, right := e.left.Choices(), e.right.Choices()
	if left == nil || right == nil {
		return nil
	}
	if e.op == or {
		if len(left)+len(right) > maxChoices {
			return nil
		}
		return slices.Concat(left, right)
	}
	if len(left)*len(right) > maxChoices {
		return nil
	}
	var all [][]string
	for _, l := range left {
		for _, r := range right {
			set := slices.Clone(l)
			for _, id := range r {
				if !slices.Contains(set, id) {
					set = append(set, id)
				}
			}
			all = append(all, set)
		}
	}
	return all
}

// The identifiers of the SPDX licence list 3.28, one a line.
var (
	//go:embed spdx_licences.txt
	licenceIDs string
	//go:embed spdx_exceptions.txt
	exceptionIDs string
)

type identifiers struct{ licences, exceptions map[string]string }

var spdxList = sync.OnceValue(func() identifiers {
	read := func(text string) map[string]string {
		m := map[string]string{}
		for id := range strings.FieldsSeq(text) {
			m[strings.ToLower(id)] = id
		}
		return m
	}
	return identifiers{read(licenceIDs), read(exceptionIDs)}
})

// Listed reports whether id is on the SPDX licence list, without regard to case, and returns the list's spelling.
func Listed(id string) (string, bool) {
	s, ok := spdxList().licences[strings.ToLower(id)]
	return s, ok
}
