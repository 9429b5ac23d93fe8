package jinja

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Token is a token inside of a pair of marks.
type Token struct {
	Kind byte // 'n' name, 's' string, '0' number, 'o' operator; '{' and '%' open a pair of marks, '}' closes it, 't' is text outside
	Text string
	Pos  int
}

// SyntaxError is where and why a text is no template.
type SyntaxError struct {
	Pos    int
	Reason string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("byte %d: %s", e.Pos, e.Reason) }

// lexer cuts a template into tokens. Comments are left out, raw blocks are text.
type lexer struct {
	src   string
	at    int
	code  byte   // '{' or '%' inside of such marks, 0 outside
	nests []byte // closing brackets that are awaited
}

// Sweep gives every token to see, without a tree. Where the text is no template it goes on as well as it can and returns the first error.
func Sweep(src string, see func(Token)) error {
	x := lexer{src: src}
	var first error
	for {
		t, ok, err := x.next()
		if err != nil {
			if first == nil {
				first = err
			}
			x.code, x.nests = 0, x.nests[:0]
			continue
		}
		if !ok {
			return first
		}
		see(t)
	}
}

// next returns the next token; false at the end. It moves on even where it fails.
func (x *lexer) next() (Token, bool, error) {
	if x.code == 0 {
		return x.outside()
	}
	return x.inside()
}

func (x *lexer) outside() (Token, bool, error) {
	start := x.at
	for {
		k := strings.IndexByte(x.src[x.at:], '{')
		if k < 0 || x.at+k+1 >= len(x.src) {
			x.at = len(x.src)
			return Token{'t', x.src[start:], start}, start < len(x.src), nil
		}
		x.at += k
		switch x.src[x.at+1] {
		case '{', '%', '#':
			if x.at > start {
				return Token{'t', x.src[start:x.at], start}, true, nil
			}
			return x.open(x.src[x.at+1])
		}
		x.at++
	}
}

// open reads an opening mark, or skips a comment, or takes a raw block as text.
func (x *lexer) open(mark byte) (Token, bool, error) {
	pos := x.at
	x.at += 2
	if mark == '#' {
		end := strings.Index(x.src[x.at:], "#}")
		if end < 0 {
			x.at = len(x.src)
			return Token{}, false, &SyntaxError{pos, "a comment has no end"}
		}
		x.at += end + 2
		return x.outside()
	}
	if x.at < len(x.src) && (x.src[x.at] == '-' || x.src[x.at] == '+') {
		x.at++
	}
	if mark == '%' {
		if body, next, ok := rawBlock(x.src[x.at:]); ok {
			t := Token{'t', body, x.at}
			x.at += next
			return t, true, nil
		}
	}
	x.code = mark
	return Token{mark, "", pos}, true, nil
}

// rawBlock recognises what stands behind {% where that begins a raw block, and returns the block's text and where the source goes on.
func rawBlock(s string) (body string, next int, ok bool) {
	rest, found := strings.CutPrefix(strings.TrimLeft(s, " \t\r\n"), "raw")
	if !found {
		return "", 0, false
	}
	rest = strings.TrimLeft(rest, " \t\r\n")
	rest = strings.TrimPrefix(rest, "-")
	if rest, found = strings.CutPrefix(rest, "%}"); !found {
		return "", 0, false
	}
	for from := 0; ; {
		k := strings.Index(rest[from:], "{%")
		if k < 0 {
			return "", 0, false
		}
		k += from
		tail := strings.TrimLeft(strings.TrimLeft(rest[k+2:], "-+"), " \t\r\n")
		if tail, found = strings.CutPrefix(tail, "endraw"); found {
			tail = strings.TrimPrefix(strings.TrimLeft(tail, " \t\r\n"), "-")
			tail = strings.TrimPrefix(tail, "+")
			if tail, found = strings.CutPrefix(tail, "%}"); found {
				return rest[:k], len(s) - len(tail), true
			}
		}
		from = k + 2
	}
}

func (x *lexer) inside() (Token, bool, error) {
	for x.at < len(x.src) && strings.IndexByte(" \t\r\n\f\v", x.src[x.at]) >= 0 {
		x.at++
	}
	if x.at >= len(x.src) {
		x.code = 0
		return Token{}, false, &SyntaxError{x.at, "marks are not closed"}
	}
	if len(x.nests) == 0 {
		if t, ok := x.close(); ok {
			return t, true, nil
		}
	}
	pos, c := x.at, x.src[x.at]
	switch {
	case c == '"' || c == '\'':
		return x.quoted(c)
	case c >= '0' && c <= '9':
		x.run(func(r rune) bool { return r == '_' || r == '.' || unicode.IsDigit(r) || unicode.IsLetter(r) })
		return Token{'0', x.number(pos), pos}, true, nil
	}
	if r, _ := utf8.DecodeRuneInString(x.src[x.at:]); r == '_' || unicode.IsLetter(r) {
		x.run(func(r rune) bool {
			return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r)
		})
		return Token{'n', x.src[pos:x.at], pos}, true, nil
	}
	return x.operator(pos, c)
}

func (x *lexer) close() (Token, bool) {
	end := "%}"
	if x.code == '{' {
		end = "}}"
	}
	s := x.src[x.at:]
	if len(s) > 2 && (s[0] == '-' || s[0] == '+') && s[1:3] == end {
		s, x.at = s[1:], x.at+1
	}
	if !strings.HasPrefix(s, end) {
		return Token{}, false
	}
	t := Token{'}', "", x.at}
	x.at += 2
	x.code = 0
	return t, true
}

func (x *lexer) run(is func(rune) bool) {
	for x.at < len(x.src) {
		r, n := utf8.DecodeRuneInString(x.src[x.at:])
		if !is(r) {
			return
		}
		x.at += n
	}
}

// number cuts off what belongs to no number: a dot that calls a method, and what follows it.
func (x *lexer) number(pos int) string {
	text := x.src[pos:x.at]
	if k := strings.IndexByte(text, '.'); k >= 0 && (k+1 == len(text) || text[k+1] < '0' || text[k+1] > '9') {
		x.at = pos + k
	} else if k >= 0 {
		if dot := strings.IndexByte(text[k+1:], '.'); dot >= 0 {
			x.at = pos + k + 1 + dot
		}
	}
	return x.src[pos:x.at]
}

func (x *lexer) quoted(quote byte) (Token, bool, error) {
	pos := x.at
	for k := x.at + 1; k < len(x.src); k++ {
		switch x.src[k] {
		case '\\':
			k++
		case quote:
			x.at = k + 1
			return Token{'s', unescape(x.src[pos+1 : k]), pos}, true, nil
		}
	}
	x.at = pos + 1
	return Token{}, false, &SyntaxError{pos, "a string has no end"}
}

func (x *lexer) operator(pos int, c byte) (Token, bool, error) {
	s := x.src[pos:]
	for _, op := range []string{"**", "//", "==", "!=", "<=", ">="} {
		if strings.HasPrefix(s, op) {
			x.at += 2
			return Token{'o', op, pos}, true, nil
		}
	}
	x.at++
	switch c {
	case '(':
		x.nests = append(x.nests, ')')
	case '[':
		x.nests = append(x.nests, ']')
	case '{':
		x.nests = append(x.nests, '}')
	case ')', ']', '}':
		if n := len(x.nests); n == 0 || x.nests[n-1] != c {
			return Token{}, false, &SyntaxError{pos, "a bracket too many"}
		}
		x.nests = x.nests[:len(x.nests)-1]
	}
	if strings.IndexByte("()[]{}.,:|~+-*/%<>=;", c) < 0 {
		return Token{}, false, &SyntaxError{pos, "a character that no template has"}
	}
	return Token{'o', string(c), pos}, true, nil
}
