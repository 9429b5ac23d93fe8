package sourcing

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/invopop/jsonschema"
)

//go:embed manifest.go
var manifestSource string

// Schema is the JSON Schema (draft 2020-12) of sourcing.yaml, for editors. Its descriptions are the comments of the
// types.
func Schema() ([]byte, error) {
	comments, err := commentsOf(manifestSource)
	if err != nil {
		return nil, fmt.Errorf("read the manual of the manifest: %w", err)
	}
	r := jsonschema.Reflector{
		FieldNameTag:   "yaml",
		DoNotReference: true,
		Anonymous:      true,
		CommentMap:     comments,
	}
	s := r.ReflectFromType(reflect.TypeFor[Manifest]())
	s.Title = "sourcing.yaml"
	text, err := s.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("write schema: %w", err)
	}
	v := jsontext.Value(text)
	if err := v.Format(jsontext.WithIndent("  ")); err != nil {
		return nil, fmt.Errorf("write schema: %w", err)
	}
	return append(v, '\n'), nil
}

// commentsOf reads the comments of types and fields, under the names that the reflector asks for.
func commentsOf(source string) (map[string]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "manifest.go", source, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	prefix := reflect.TypeFor[Manifest]().PkgPath() + "."
	text := func(g *ast.CommentGroup) string { return strings.Join(strings.Fields(g.Text()), " ") }
	comments := map[string]string{}
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, spec := range gen.Specs {
			st, ok := spec.(*ast.TypeSpec).Type.(*ast.StructType)
			if !ok {
				continue
			}
			name := prefix + spec.(*ast.TypeSpec).Name.Name
			comments[name] = text(gen.Doc)
			for _, f := range st.Fields.List {
				comments[name+"."+f.Names[0].Name] = text(f.Doc)
			}
		}
	}
	return comments, nil
}
