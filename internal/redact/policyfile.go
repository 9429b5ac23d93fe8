package redact

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxPolicy bounds a policy file.
const maxPolicy = 1 << 20

// policySource is redact.yaml. Its fields are the manual of the format.
type policySource struct {
	Version      int               `yaml:"version"`       // of the format, now 1
	Default      string            `yaml:"default"`       // operator for all that operators does not name; left out: mask
	Operators    map[string]string `yaml:"operators"`     // by kind (EMAIL_ADDRESS), rule (pii/email) or class ("secret/*")
	SubjectField string            `yaml:"subject_field"` // field whose value decides how far the dates of a record move
}

// ParsePolicy reads a policy file strictly. Every error tells the line and column where the YAML library knows them.
func ParsePolicy(name string, source []byte) (p *Policy, err error) {
	if len(source) > maxPolicy {
		return nil, fmt.Errorf("%s: the policy is longer than %d bytes", name, maxPolicy)
	}
	defer func() {
		// The YAML library answers some malformed input with a panic; for us that is one more malformed input.
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("%s: not readable as YAML", name)
		}
	}()
	if err := plainYAML(source); err != nil {
		return nil, located(name, err)
	}
	tree, err := parser.ParseBytes(source, 0)
	if err != nil {
		return nil, located(name, err)
	}
	if len(tree.Docs) > 1 {
		return nil, fmt.Errorf("%s: %d YAML documents in one file, want 1", name, len(tree.Docs))
	}
	var src policySource
	if err := yaml.NewDecoder(bytes.NewReader(source), yaml.Strict()).Decode(&src); err != nil && !errors.Is(err, io.EOF) {
		return nil, located(name, err)
	}
	return src.policy(name)
}

func (src *policySource) policy(name string) (*Policy, error) {
	if src.Version != 1 {
		return nil, fmt.Errorf("%s: version %d, this program knows 1", name, src.Version)
	}
	var specs []string
	if src.Default != "" {
		if _, _, named := cutKind(src.Default); named {
			return nil, fmt.Errorf("%s: default: want an operator without a kind", name)
		}
		specs = append(specs, src.Default)
	}
	for _, key := range slices.Sorted(maps.Keys(src.Operators)) {
		if key == "" || strings.ContainsAny(key, "=: ") {
			return nil, fmt.Errorf("%s: operators: %q is no kind, rule or class", name, key)
		}
		specs = append(specs, key+"="+src.Operators[key])
	}
	p, err := NewPolicy(specs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p.SubjectField = src.SubjectField
	return p, nil
}

// plainYAML refuses what a policy does not need and an attacker could use to make a small file large.
func plainYAML(source []byte) error {
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
		if depth > 4 || tk.Position != nil && tk.Position.IndentNum > 32 {
			return &yaml.SyntaxError{Message: "nested too deeply", Token: tk}
		}
	}
	return nil
}

// located puts the file's name, line and column before a YAML error.
func located(name string, err error) error {
	var typed *yaml.TypeError
	var y yaml.Error
	switch {
	case errors.As(err, &typed):
		y = &yaml.SyntaxError{Message: "a value of another type is wanted here", Token: typed.Token}
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
