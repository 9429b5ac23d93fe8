package config

import (
	"encoding"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/reeve-ai/reeve"
)

// Schema is the JSON Schema (draft 2020-12) of the file, for editors. Its descriptions are the comments of sections.go.
func Schema() ([]byte, error) {
	docs, err := comments(sectionsSource)
	if err != nil {
		return nil, fmt.Errorf("read the manual of the configuration: %w", err)
	}
	s := schema{docs}
	root := s.section(reflect.ValueOf(Default()).Elem())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "reeve.yaml"
	text, err := json.Marshal(root, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return nil, fmt.Errorf("write schema: %w", err)
	}
	return append(text, '\n'), nil
}

type schema struct{ docs map[string]string }

type object = map[string]any

func (s schema) section(v reflect.Value) object {
	properties := object{}
	fields(v.Type(), func(key string, field reflect.StructField) {
		p := s.property(v.FieldByIndex(field.Index), field.Tag)
		p["description"] = s.docs[v.Type().Name()+"."+field.Name]
		properties[key] = p
	})
	return object{"type": []string{"object", "null"}, "additionalProperties": false, "properties": properties}
}

func (s schema) property(v reflect.Value, tag reflect.StructTag) object {
	switch {
	case isSection(v.Type()):
		return s.section(v)
	case v.Kind() == reflect.Slice:
		entry := reflect.New(v.Type().Elem())
		if d, ok := entry.Interface().(interface{ setDefaults() }); ok {
			d.setDefaults()
		}
		items := s.property(entry.Elem(), "")
		if isSection(entry.Elem().Type()) {
			items["type"] = "object"
		} else {
			delete(items, "default")
		}
		return object{"type": []string{"array", "null"}, "items": items}
	}
	p := scalarSchema(v)
	if choices, ok := tag.Lookup("enum"); ok {
		p["enum"] = strings.Split(choices, ",")
	}
	if v.Type() == reflect.TypeFor[int]() {
		for tagName, keyword := range map[string]string{"min": "minimum", "max": "maximum"} {
			if n, err := strconv.Atoi(tag.Get(tagName)); err == nil {
				p[keyword] = n
			}
		}
	}
	return p
}

func scalarSchema(v reflect.Value) object {
	p := object{"default": v.Interface()}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		if err != nil {
			panic("config: a default cannot be written: " + err.Error())
		}
		p["default"] = string(text)
	}
	switch v.Interface().(type) {
	case Duration:
		p["type"], p["pattern"] = "string", `^([0-9]+d|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+|0)$`
	case Size:
		p["type"], p["pattern"] = []string{"string", "integer"}, `^[0-9]+ *(B|KiB|MiB|GiB)?$`
	case Share:
		p["type"], p["pattern"] = "string", `^(100|[0-9]{1,2})(\.[0-9]{1,4})?%$`
	case Secret:
		p["type"], p["pattern"] = "string", `^$|^(file|env):.`
	case RootKey:
		p["type"], p["pattern"] = "string", `^$|^tpm:?$|^(file|env|credential|passphrase-file|tpm|vault|exec):.`
	case reeve.Label:
		p["type"], p["pattern"] = "string", `^(public|internal|confidential|restricted)(\{[^{}\s,]+(,[^{}\s,]+)*\})?$`
	default:
		p["type"] = map[reflect.Kind]string{reflect.String: "string", reflect.Bool: "boolean", reflect.Int: "integer"}[v.Kind()]
	}
	return p
}

// comments reads the comment of each field from Go source, by "Type.Field".
func comments(source string) (map[string]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "sections.go", source, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	docs := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if st, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range st.Fields.List {
				for _, name := range f.Names {
					docs[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(f.Doc.Text()), " ")
				}
			}
		}
		return false
	})
	return docs, nil
}
