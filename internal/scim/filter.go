// Package scim reads what SCIM 2.0 clients send (RFC 7643, RFC 7644): filters, attribute paths and patches, over resources
// as plain JSON objects. It is pure: it knows no users, no store and no HTTP.
//
// Attribute names are compared without regard to case (RFC 7643 section 2.1); values of attributes that are not said to be
// case-exact are, too. What is not understood is an error with the scimType of RFC 7644 section 3.12, never a guess.
package scim

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// Bounds of what is read.
const (
	maxFilter = 4096 // bytes
	maxDepth  = 16   // of brackets
	maxTerms  = 64
)

// Error is an error with its scimType.
type Error struct {
	Type    string // "invalidFilter", "invalidPath", "noTarget", "invalidValue", "mutability" …
	Message string
}

func (e *Error) Error() string { return e.Message }

func badFilter(format string, args ...any) error {
	return &Error{"invalidFilter", fmt.Sprintf(format, args...)}
}

// Filter is a filter that was understood.
type Filter struct{ root node }

// node is a term of a filter.
type node interface{ match(o map[string]any) bool }

type (
	logical struct {
		and         bool
		left, right node
	}
	negated struct{ of node }
	compare struct {
		path  Path
		op    string
		value any // string, float64, bool or nil
	}
	within struct { // path[filter]: one entry must match the whole filter
		path Path
		of   node
	}
)

// ParseFilter reads a filter (RFC 7644 section 3.4.2.2).
func ParseFilter(text string) (*Filter, error) {
	if len(text) > maxFilter {
		return nil, badFilter("the filter is longer than %d bytes", maxFilter)
	}
	p := &filterParser{text: text}
	root, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(p.text) {
		return nil, badFilter("something follows the filter at byte %d", p.at)
	}
	return &Filter{root}, nil
}

// Match reports whether a resource fits the filter.
func (f *Filter) Match(o map[string]any) bool { return f.root.match(o) }

type filterParser struct {
	text  string
	at    int
	terms int
}

func (p *filterParser) space() {
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
}

// word takes the next word without consuming it where peek is set.
func (p *filterParser) word(peek bool) string {
	p.space()
	end := p.at
	for end < len(p.text) && !strings.ContainsRune(` ()[]"`, rune(p.text[end])) {
		end++
	}
	w := p.text[p.at:end]
	if !peek {
		p.at = end
	}
	return w
}

func (p *filterParser) or(depth int) (node, error) {
	left, err := p.and(depth)
	for err == nil && strings.EqualFold(p.word(true), "or") {
		p.word(false)
		var right node
		if right, err = p.and(depth); err == nil {
			left = &logical{false, left, right}
		}
	}
	return left, err
}

func (p *filterParser) and(depth int) (node, error) {
	left, err := p.term(depth)
	for err == nil && strings.EqualFold(p.word(true), "and") {
		p.word(false)
		var right node
		if right, err = p.term(depth); err == nil {
			left = &logical{true, left, right}
		}
	}
	return left, err
}

func (p *filterParser) term(depth int) (node, error) {
	p.space()
	if p.terms++; depth > maxDepth || p.terms > maxTerms {
		return nil, badFilter("the filter is too large")
	}
	if strings.EqualFold(p.word(true), "not") {
		p.word(false)
		if p.space(); p.at >= len(p.text) || p.text[p.at] != '(' {
			return nil, badFilter("not needs brackets")
		}
		inner, err := p.bracket('(', ')', depth)
		return &negated{inner}, err
	}
	if p.at < len(p.text) && p.text[p.at] == '(' {
		return p.bracket('(', ')', depth)
	}
	return p.attribute(depth)
}

func (p *filterParser) bracket(begin, end byte, depth int) (node, error) {
	p.at++ // begin, which the caller saw
	inner, err := p.or(depth + 1)
	if err != nil {
		return nil, err
	}
	if p.space(); p.at >= len(p.text) || p.text[p.at] != end {
		return nil, badFilter("%q is not closed", string(begin))
	}
	p.at++
	return inner, nil
}

var operators = map[string]bool{"eq": true, "ne": true, "co": true, "sw": true, "ew": true, "gt": true, "ge": true, "lt": true, "le": true}

func (p *filterParser) attribute(depth int) (node, error) {
	name := p.word(false)
	path, err := parseName(name)
	if err != nil {
		return nil, badFilter("%q is no attribute", name)
	}
	if p.at < len(p.text) && p.text[p.at] == '[' {
		inner, err := p.bracket('[', ']', depth)
		return &within{path, inner}, err
	}
	op := strings.ToLower(p.word(false))
	if op == "pr" {
		return &compare{path: path, op: op}, nil
	}
	if !operators[op] {
		return nil, badFilter("%q is no operator", op)
	}
	value, err := p.value()
	if err != nil {
		return nil, err
	}
	switch value.(type) {
	case string, float64:
	default:
		if op != "eq" && op != "ne" {
			return nil, badFilter("%s compares texts and numbers only", op)
		}
	}
	if _, number := value.(float64); number && (op == "co" || op == "sw" || op == "ew") {
		return nil, badFilter("%s compares texts only", op)
	}
	return &compare{path, op, value}, nil
}

// value reads a JSON value without objects and lists.
func (p *filterParser) value() (any, error) {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == '"' {
		end := p.at + 1
		for end < len(p.text) && p.text[end] != '"' {
			if p.text[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(p.text) {
			return nil, badFilter("a text is not closed")
		}
		var s string
		if err := json.Unmarshal([]byte(p.text[p.at:end+1]), &s); err != nil {
			return nil, badFilter("a text is no JSON text")
		}
		p.at = end + 1
		return s, nil
	}
	switch w := p.word(false); w {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	default:
		n, err := strconv.ParseFloat(w, 64)
		if err != nil || strings.ContainsAny(w, "xXnNiI_") {
			return nil, badFilter("%q is no value", w)
		}
		return n, nil
	}
}

func (l *logical) match(o map[string]any) bool {
	if l.and {
		return l.left.match(o) && l.right.match(o)
	}
	return l.left.match(o) || l.right.match(o)
}

func (n *negated) match(o map[string]any) bool { return !n.of.match(o) }

func (w *within) match(o map[string]any) bool {
	for _, v := range w.path.find(o) {
		if entry, ok := v.(map[string]any); ok && w.of.match(entry) {
			return true
		}
	}
	return false
}

func (c *compare) match(o map[string]any) bool {
	values := c.path.find(o)
	switch {
	case c.op == "pr":
		for _, v := range values {
			if !empty(v) {
				return true
			}
		}
		return false
	case c.op == "ne": // of several values none may be equal
		for _, v := range values {
			if equal(v, c.value, c.path.exact()) {
				return false
			}
		}
		return true
	case c.value == nil:
		return len(values) == 0
	}
	for _, v := range values {
		if c.holds(v) {
			return true
		}
	}
	return false
}

func (c *compare) holds(v any) bool {
	if c.op == "eq" {
		return equal(v, c.value, c.path.exact())
	}
	if s, ok := v.(string); ok {
		want, ok := c.value.(string)
		if !ok {
			return false
		}
		if !c.path.exact() {
			s, want = strings.ToLower(s), strings.ToLower(want)
		}
		switch c.op {
		case "co":
			return strings.Contains(s, want)
		case "sw":
			return strings.HasPrefix(s, want)
		case "ew":
			return strings.HasSuffix(s, want)
		}
		return ordered(c.op, strings.Compare(s, want))
	}
	n, ok := v.(float64)
	want, also := c.value.(float64)
	if !ok || !also {
		return false
	}
	switch {
	case n < want:
		return ordered(c.op, -1)
	case n > want:
		return ordered(c.op, 1)
	}
	return ordered(c.op, 0)
}

func ordered(op string, n int) bool {
	switch op {
	case "gt":
		return n > 0
	case "ge":
		return n >= 0
	case "lt":
		return n < 0
	case "le":
		return n <= 0
	}
	return false
}

// equal compares a value with that of a filter. A complex value is compared by its member "value".
func equal(v, want any, exact bool) bool {
	if o, ok := v.(map[string]any); ok {
		v = o["value"]
	}
	s, ok := v.(string)
	t, also := want.(string)
	if ok && also {
		return s == t || !exact && strings.EqualFold(s, t)
	}
	switch v.(type) {
	case string, float64, bool, nil:
		return v == want
	}
	return false
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// TypeOf is the scimType of an error; "" where it has none.
func TypeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Type
	}
	return ""
}
