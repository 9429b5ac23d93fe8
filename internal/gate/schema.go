package gate

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The comments of this file are the manual of the format.
//
//go:embed policyfile.go
var policySource string

type object = map[string]any

// Schema is the JSON Schema (draft 2020-12) of gate.yaml, for editors. Its descriptions are the comments of policyfile.go.
func Schema() ([]byte, error) {
	docs, err := comments(policySource)
	if err != nil {
		return nil, fmt.Errorf("read the manual of the policy: %w", err)
	}
	root := section(reflect.TypeFor[file](), docs)
	root["$schema"], root["title"], root["required"] = "https://json-schema.org/draft/2020-12/schema", "gate.yaml", []string{"version"}
	text, err := json.Marshal(root, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return nil, fmt.Errorf("write schema: %w", err)
	}
	return append(text, '\n'), nil
}

// choices are the closed lists of words, by field.
var choices = map[string][]string{
	"fileSigner.May": Kinds(), "fileScan.Accept": {"clean", "review"}, "fileData.Licences": {"allowed", "person", "unknown"},
	"fileLicence.Accept": {"allowed", "person", "unknown"}, "fileOrigin.Grade": {"verified", "inferred", "declared"}, "fileUse.Weights": {"", "yes", "no"},
}

func section(t reflect.Type, docs map[string]string) object {
	properties := object{}
	for f := range t.Fields() {
		p := property(f.Type, docs)
		name := t.Name() + "." + f.Name
		if words, ok := choices[name]; ok {
			inner := p
			if items, ok := p["items"].(object); ok {
				inner = items
			}
			inner["enum"] = words
		}
		p["description"] = docs[name]
		properties[f.Tag.Get("yaml")] = p
	}
	return object{"type": []string{"object", "null"}, "additionalProperties": false, "properties": properties}
}

func property(t reflect.Type, docs map[string]string) object {
	switch t.Kind() {
	case reflect.Pointer:
		p := property(t.Elem(), docs)
		return p
	case reflect.Struct:
		return section(t, docs)
	case reflect.Slice:
		return object{"type": []string{"array", "null"}, "items": property(t.Elem(), docs)}
	case reflect.Map:
		return object{"type": []string{"object", "null"}, "additionalProperties": property(t.Elem(), docs)}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Float64:
		return object{"type": "number"}
	}
	return object{"type": "string"}
}

// comments reads the comment behind each field, by "Type.Field".
func comments(source string) (map[string]string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), "policyfile.go", source, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	docs := map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if st, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range st.Fields.List {
				for _, name := range f.Names {
					docs[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(f.Comment.Text()), " ")
				}
			}
		}
		return false
	})
	return docs, nil
}
