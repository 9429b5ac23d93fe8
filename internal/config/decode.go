package config

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// decoder fills a struct from YAML, and goes on after a problem so that all of them are told at once. The YAML
// library parses; that a key is unknown, repeated or of the wrong type is found here, because the library's own
// decoder stops at the first and shows names of Go types and pieces of the file.
type decoder struct {
	text     []byte
	problems []Problem
	at       map[string]*token.Token // where a key's value stands, by path
	broken   bool                    // the text is no YAML at all, so nothing was filled
}

func decode(text []byte, into reflect.Value) *decoder {
	d := &decoder{text: text, at: map[string]*token.Token{}}
	file, err := d.parse()
	if err != nil {
		d.syntax(err)
		return d
	}
	for i, doc := range file.Docs {
		switch body := doc.Body.(type) {
		case nil, *ast.NullNode, *ast.CommentGroupNode:
		default:
			if i > 0 {
				d.add("", body.GetToken(), "a second document begins here", "keep one document in the file: remove the line ---")
				return d
			}
			d.value(body, into, "")
		}
	}
	return d
}

// parse turns a panic of the library, which reads whatever somebody wrote, into an error.
func (d *decoder) parse() (file *ast.File, err error) {
	defer func() {
		if recover() != nil {
			file, err = nil, errors.New("this is no YAML")
		}
	}()
	if bytes.IndexByte(d.text, 0) >= 0 {
		return nil, errors.New("this is no text: it has bytes of value 0")
	}
	if marks(d.text) > maxMarks {
		return nil, fmt.Errorf("more than %d keys, entries and brackets", maxMarks)
	}
	return parser.ParseBytes(d.text, 0, parser.AllowDuplicateMapKey())
}

// marks counts what may begin a key, an entry or a bracket, generously.
func marks(text []byte) int {
	n := bytes.Count(text, []byte("- ")) + bytes.Count(text, []byte("-\n"))
	for _, b := range text {
		switch b {
		case ':', ',', '[', '{', '?', '&', '*', '!':
			n++
		}
	}
	return n
}

func (d *decoder) syntax(err error) {
	d.broken = true
	var at *token.Token
	message := "this is no YAML"
	var known *yaml.SyntaxError
	if errors.As(err, &known) {
		at, message = known.Token, known.Message
	} else if !strings.Contains(err.Error(), "\n") {
		message = err.Error()
	}
	d.add("", at, message, "")
}

func (d *decoder) add(path string, at *token.Token, message, hint string) {
	if len(d.problems) >= maxProblems {
		return
	}
	p := Problem{Path: path, Message: message, Hint: hint}
	if at != nil && at.Position != nil {
		p.Line, p.Column = at.Position.Line, at.Position.Column
	}
	d.problems = append(d.problems, p)
}

// value fills v from node. An empty value ("listen:") leaves the default.
func (d *decoder) value(node ast.Node, v reflect.Value, path string) {
	if node == nil {
		return
	}
	switch node.(type) {
	case *ast.NullNode:
		return
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		d.add(path, node.GetToken(), "anchors, aliases and tags are not supported", "write the value out")
		return
	}
	d.at[path] = node.GetToken()
	if _, scalar := v.Addr().Interface().(encoding.TextUnmarshaler); scalar {
		d.scalar(node, v, path)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.section(node, v, path)
	case reflect.Slice:
		d.list(node, v, path)
	default:
		d.scalar(node, v, path)
	}
}

func (d *decoder) section(node ast.Node, v reflect.Value, path string) {
	var pairs []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		d.add(path, node.GetToken(), "want keys with values here", "write \"key: value\" lines, indented by two spaces")
		return
	}
	seen := map[string]bool{}
	for _, pair := range pairs {
		key, ok := pair.Key.(*ast.StringNode)
		if !ok {
			d.add(path, pair.Key.GetToken(), "a key must be a plain word", "")
			continue
		}
		full := join(path, key.Value)
		field, known := fieldOf(v.Type(), key.Value)
		switch {
		case !known:
			d.add(full, key.GetToken(), "unknown key", suggest(key.Value, v.Type()))
			d.problems[len(d.problems)-1].private = true // nobody knows what its value is
		case seen[key.Value]:
			d.add(full, key.GetToken(), "the key is given twice", "keep one of the two")
		default:
			d.value(pair.Value, v.FieldByIndex(field.Index), full)
		}
		seen[key.Value] = true
	}
}

func (d *decoder) list(node ast.Node, v reflect.Value, path string) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		d.add(path, node.GetToken(), "want a list here", "begin each entry with \"- \"")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(sequence.Values), len(sequence.Values)))
	for i, entry := range sequence.Values {
		if withDefaults, ok := v.Index(i).Addr().Interface().(interface{ setDefaults() }); ok {
			withDefaults.setDefaults()
		}
		at := fmt.Sprintf("%s[%d]", path, i)
		if _, null := entry.(*ast.NullNode); null || entry == nil {
			d.add(at, node.GetToken(), "an entry of the list is empty", "fill it or remove it")
			continue
		}
		d.value(entry, v.Index(i), at)
	}
}

func (d *decoder) scalar(node ast.Node, v reflect.Value, path string) {
	var text string
	quoted := false // text for certain, even if it looks like a number
	switch n := node.(type) {
	case *ast.StringNode:
		text, quoted = n.Value, n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType
	case *ast.LiteralNode:
		text, quoted = n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		text = node.GetToken().Value
		if v.Kind() == reflect.String {
			d.add(path, node.GetToken(), "want text", "put the value in quotes")
			return
		}
	default:
		d.add(path, node.GetToken(), "want a single value here", "")
		return
	}
	if quoted && (v.Kind() == reflect.Bool || v.Kind() == reflect.Int) && !isText(v) {
		d.add(path, node.GetToken(), "want "+kindName(v)+", not text", "remove the quotes")
		return
	}
	if err := set(v, text); err != nil {
		d.add(path, node.GetToken(), err.Error(), "")
	}
}

func isText(v reflect.Value) bool {
	_, ok := v.Addr().Interface().(encoding.TextUnmarshaler)
	return ok
}

func kindName(v reflect.Value) string {
	if v.Kind() == reflect.Bool {
		return "true or false"
	}
	return "a whole number"
}

// set fills one scalar. Its errors never repeat the text.
func set(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return errors.New("want true or false")
		}
		v.SetBool(text == "true")
	case reflect.Int:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n > math.MaxInt32 || n < math.MinInt32 {
			return errors.New("want a whole number")
		}
		v.SetInt(n)
	default:
		panic("config: a field of kind " + v.Kind().String() + " cannot be read")
	}
	return nil
}

// environment sets scalars from variables. Others that begin alike are left alone: orchestrators make some of their
// own, such as REEVE_GATEWAY_SERVICE_HOST.
func (d *decoder) environment(env []string, root reflect.Value) {
	values := map[string]string{}
	for _, entry := range env {
		if name, value, ok := strings.Cut(entry, "="); ok && strings.HasPrefix(name, "REEVE_") {
			values[name] = value
		}
	}
	walk(root, "", func(path string, v reflect.Value, _ reflect.StructTag) {
		name := "REEVE_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
		value, given := values[name]
		if !given || path == "version" || strings.Contains(path, "[") || v.Kind() == reflect.Slice { // pipelines say by REEVE_VERSION which reeve they install
			return
		}
		if err := set(v, value); err != nil {
			d.add(path, nil, "environment variable "+name+": "+err.Error(), "")
		}
		delete(d.at, path)
	})
}

// place gives problems that were found in the values the places where the values stand in the file.
// A value that was already told to be wrong was not taken, and is not told twice.
func (d *decoder) place(problems []Problem) {
	told := map[string]bool{}
	for _, p := range d.problems {
		told[p.Path] = true
	}
	for _, p := range problems {
		entry, _, inList := strings.Cut(p.Path, "].")
		if told[p.Path] || inList && told[entry+"]"] {
			continue
		}
		if at := d.at[p.Path]; at != nil {
			p.Line, p.Column = at.Position.Line, at.Position.Column
		}
		d.problems = append(d.problems, p)
	}
}

// join adds a key to a path. A key that no section could have is cut short: it may be anything.
func join(path, key string) string {
	if !plainName.MatchString(key) {
		key = strconv.QuoteToASCII(key[:min(len(key), 16)])
	}
	if path == "" {
		return key
	}
	return path + "." + key
}
