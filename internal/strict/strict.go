// Package strict reads YAML that people wrote by hand and that decides something: unknown and repeated keys are errors
// with line, column and a caret, and what a file does not need but an attacker could use (anchors, aliases, tags, deep
// nesting, sheer size) is refused.
package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits bound a file. The YAML library's time grows faster than the structure does, so structure is bounded, not only
// size.
type Limits struct {
	Bytes int
	Marks int // keys, entries and brackets, counted generously
	Depth int // of nesting
}

// Doc is a decoded file with the tree in which places are looked up.
type Doc struct {
	name string
	tree *ast.File
}

// Decode reads one YAML document into a pointer to a struct. Every error tells line and column and shows the place.
// name is for messages.
func Decode(name string, text []byte, into any, lim Limits) (doc *Doc, err error) {
	if len(text) > lim.Bytes {
		return nil, fmt.Errorf("%s: %d bytes, more than %d", name, len(text), lim.Bytes)
	}
	if marks(text) > lim.Marks {
		return nil, fmt.Errorf("%s: more than %d keys, entries and brackets", name, lim.Marks)
	}
	defer func() {
		// The YAML library answers some malformed input with a panic; for us that is one more malformed input.
		if r := recover(); r != nil {
			doc, err = nil, fmt.Errorf("%s: not readable as YAML", name)
		}
	}()
	if err := plain(text, lim.Depth); err != nil {
		return nil, located(name, err)
	}
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, located(name, err)
	}
	if n := len(tree.Docs); n > 1 {
		return nil, fmt.Errorf("%s: %d YAML documents in one file, want 1", name, n)
	}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return nil, located(name, err)
	}
	return &Doc{name: name, tree: tree}, nil
}

// marks counts what may begin a key, an entry or a bracket.
func marks(text []byte) int {
	n := bytes.Count(text, []byte("- ")) + bytes.Count(text, []byte("-\n")) + bytes.Count(text, []byte(": ")) + bytes.Count(text, []byte(":\n"))
	for _, b := range text {
		switch b {
		case ',', '[', '{', '?', '&', '*', '!':
			n++
		}
	}
	return n
}

func plain(text []byte, most int) error {
	depth := 0
	for _, tk := range lexer.Tokenize(string(text)) {
		switch tk.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType:
			return &yaml.SyntaxError{Message: "anchors, aliases and tags are not part of this format", Token: tk}
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		}
		if depth > most || tk.Position != nil && tk.Position.IndentNum > 8*most {
			return &yaml.SyntaxError{Message: "nested too deeply", Token: tk}
		}
	}
	return nil
}

// At is an error about the value at a path, such as At("unknown level", "rows", 3, "label"). Where the file leaves that
// value out, the error points to the nearest thing that is there.
func (d *Doc) At(message string, path ...any) error {
	return located(d.name, &yaml.SyntaxError{Message: message, Token: d.token(path)})
}

// Line is the line of the value at a path, from 1; that of the nearest thing there is where it is left out.
func (d *Doc) Line(path ...any) int {
	if tk := d.token(path); tk != nil && tk.Position != nil {
		return tk.Position.Line
	}
	return 1
}

func (d *Doc) token(path []any) *token.Token {
	for n := len(path); n > 0; n-- {
		b := new(yaml.PathBuilder).Root()
		for _, step := range path[:n] {
			switch step := step.(type) {
			case string:
				b = b.Child(step)
			case int:
				b = b.Index(uint(step)) //nolint:gosec // an index from range
			}
		}
		if node, err := b.Build().FilterFile(d.tree); err == nil && node != nil && node.GetToken() != nil {
			return firstToken(node)
		}
	}
	if len(d.tree.Docs) > 0 && d.tree.Docs[0].Body != nil {
		return d.tree.Docs[0].Body.GetToken()
	}
	return nil
}

// firstToken is where a reader sees a value begin: a mapping's own token is the colon after its first key.
func firstToken(node ast.Node) *token.Token {
	switch node := node.(type) {
	case *ast.MappingNode:
		if len(node.Values) > 0 {
			return node.Values[0].Key.GetToken()
		}
	case *ast.MappingValueNode:
		return node.Key.GetToken()
	}
	return node.GetToken()
}

// located puts the file's name, line and column before a YAML error and the place with its caret below it.
func located(name string, err error) error {
	var typed *yaml.TypeError
	var y yaml.Error
	switch {
	case errors.As(err, &typed):
		y = &yaml.SyntaxError{Message: "a " + kindName(typed.DstType.String()) + " is wanted here", Token: typed.Token}
	case !errors.As(err, &y):
		return fmt.Errorf("%s: %w", name, err)
	}
	tk := y.GetToken()
	if tk == nil || tk.Position == nil {
		return fmt.Errorf("%s: %s", name, y.GetMessage())
	}
	_, snippet, _ := strings.Cut(y.FormatError(false, true), "\n")
	return fmt.Errorf("%s:%d:%d: %s\n%s", name, tk.Position.Line, tk.Position.Column, y.GetMessage(), snippet)
}

// kindName says what is wanted without the names of Go types.
func kindName(goType string) string {
	switch {
	case strings.HasPrefix(goType, "[]"):
		return "list"
	case strings.HasSuffix(goType, "bool"):
		return "true or false"
	case strings.HasSuffix(goType, "string"):
		return "text"
	case strings.Contains(goType, "int"), strings.Contains(goType, "float"):
		return "number"
	case strings.Contains(goType, "."):
		return "mapping"
	}
	return "text"
}
