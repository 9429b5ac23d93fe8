package guard

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

// Limits of a policy. They bound the memory and the time that a hostile file can take.
const (
	maxSource   = 4 << 20 // bytes of one policy file, and of one list file
	maxRules    = 1000
	maxLiterals = 10_000 // in one list file, and in one rule
	maxMask     = 128    // bytes of a mask
	maxDepth    = 16     // nesting of the YAML; a policy needs five
)

// policySource is the policy file. Its fields are the manual of the format.
type policySource struct {
	Version int          `yaml:"version"` // of the format, now 1
	Rules   []ruleSource `yaml:"rules"`
}

type ruleSource struct {
	ID         string        `yaml:"id"`          // unique; lower case letters, digits and / - _ .
	Direction  string        `yaml:"direction"`   // in, out or both
	Scope      scopeSource   `yaml:"scope"`       // where the rule is in force; left out: everywhere
	Match      matchSource   `yaml:"match"`       // what it looks for
	Action     string        `yaml:"action"`      // allow, review, mask or block
	Reversible bool          `yaml:"reversible"`  // mask on input with a token that is put back in the answer
	Mask       string        `yaml:"mask"`        // what takes the place of a match; left out: the kind in brackets
	Severity   string        `yaml:"severity"`    // info, low, medium, high or critical; left out: the detector's
	Message    string        `yaml:"message"`     // what happened
	Remedy     string        `yaml:"remedy"`      // what the reader can do next
	LegalBasis []string      `yaml:"legal_basis"` // provisions, each with its article
	Owner      string        `yaml:"owner"`       // who answers for the rule
	Mode       string        `yaml:"mode"`        // exact, the only mode there is and the default
	Examples   exampleSource `yaml:"examples"`    // what the rule must find and what it must leave alone
}

type scopeSource struct {
	Routes []string `yaml:"routes"`
	Models []string `yaml:"models"`
	Roles  []string `yaml:"roles"`
	Labels []string `yaml:"labels"`
}

type matchSource struct {
	Detect       []string        `yaml:"detect"`        // ids of built-in detectors, or a class such as "pii/*"
	Literals     []string        `yaml:"literals"`      // words and phrases
	LiteralsFile string          `yaml:"literals_file"` // a file beside the policy, one literal a line, "#" begins a comment line
	FoldCase     bool            `yaml:"fold_case"`     // literals: upper and lower case are one
	WholeWord    bool            `yaml:"whole_word"`    // literals: not inside a longer word
	Patterns     []patternSource `yaml:"patterns"`
}

type patternSource struct {
	Expr   string `yaml:"expr"`    // a regular expression in Go's syntax
	MaxLen int    `yaml:"max_len"` // the longest match in bytes; longer ones are not found
}

type exampleSource struct {
	Match   []string `yaml:"match"`
	NoMatch []string `yaml:"no_match"`
}

// document is a decoded policy file with the syntax tree that positions are looked up in.
type document struct {
	name   string
	tree   *ast.File
	policy policySource
}

// decode reads the YAML strictly. Every error tells line and column and shows the place.
func decode(name string, source []byte) (doc *document, err error) {
	if len(source) > maxSource {
		return nil, fmt.Errorf("%s: the policy is %d bytes long, more than %d", name, len(source), maxSource)
	}
	defer func() {
		// The YAML library answers some malformed input with a panic; for us that is one more malformed input.
		if r := recover(); r != nil {
			doc, err = nil, fmt.Errorf("%s: not readable as YAML", name)
		}
	}()
	if err := plain(source); err != nil {
		return nil, located(name, err)
	}
	tree, err := parser.ParseBytes(source, 0)
	if err != nil {
		return nil, located(name, err)
	}
	if n := len(tree.Docs); n > 1 {
		return nil, fmt.Errorf("%s: %d YAML documents in one file, want 1", name, n)
	}
	doc = &document{name: name, tree: tree}
	if err := yaml.NewDecoder(bytes.NewReader(source), yaml.Strict()).Decode(&doc.policy); err != nil && !errors.Is(err, io.EOF) {
		return nil, located(name, err)
	}
	return doc, nil
}

// plain refuses what a policy does not need and an attacker could use to make a small file large: anchors, aliases, tags
// and deep nesting.
func plain(source []byte) error {
	depth := 0
	for _, tk := range lexer.Tokenize(string(source)) {
		switch tk.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType:
			return &yaml.SyntaxError{Message: "anchors, aliases and tags are not part of a policy", Token: tk}
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		}
		if depth > maxDepth || tk.Position != nil && tk.Position.IndentNum > 8*maxDepth {
			return &yaml.SyntaxError{Message: "nested too deeply", Token: tk}
		}
	}
	return nil
}

// at is an error about the value at a path, such as at("unknown action", "rules", 3, "action"). Where the file leaves that
// value out, the error points to the nearest thing that is there.
func (d *document) at(message string, path ...any) error {
	return located(d.name, &yaml.SyntaxError{Message: message, Token: d.token(path)})
}

// line is the line of the value at a path, from 1.
func (d *document) line(path ...any) int {
	if tk := d.token(path); tk != nil && tk.Position != nil {
		return tk.Position.Line
	}
	return 1
}

func (d *document) token(path []any) *token.Token {
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

// located puts the file's name, line and column before a YAML error and the place with its caret below it. It says what
// kind of value was wanted without the names of Go types.
func located(name string, err error) error {
	var typed *yaml.TypeError
	var y yaml.Error
	switch {
	case errors.As(err, &typed):
		y = &yaml.SyntaxError{Message: "a " + yamlKind(typed.DstType.String()) + " is wanted here", Token: typed.Token}
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

func yamlKind(goType string) string {
	switch {
	case strings.HasPrefix(goType, "[]"):
		return "list"
	case strings.HasPrefix(goType, "guard."):
		return "mapping"
	case goType == "bool":
		return "true or false"
	case goType == "int":
		return "number"
	}
	return "text"
}
