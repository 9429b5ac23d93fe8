package identity

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestSecretsAreComparedInConstantTime reads the code of every check of a secret: an unknown key takes the same steps as a
// known one with a wrong secret, nothing returns between the look-up and the comparison, and no secret, hash or token is
// compared by == or by a function that stops at the first difference.
func TestSecretsAreComparedInConstantTime(t *testing.T) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "authenticate.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var headers *ast.FuncDecl
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "headers" {
			headers = f
		}
	}
	if headers == nil {
		t.Fatal("the function that checks keys has another name")
	}
	lookup, compare := token.NoPos, token.NoPos
	ast.Inspect(headers, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IndexExpr:
			lookup = n.Pos()
		case *ast.SelectorExpr:
			if n.Sel.Name == "ConstantTimeCompare" {
				compare = n.Pos()
			}
		}
		return true
	})
	if lookup == token.NoPos || compare < lookup {
		t.Fatal("no comparison in constant time after the look-up")
	}
	ast.Inspect(headers, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok && r.Pos() > lookup && r.Pos() < compare {
			t.Errorf("%s: a return between look-up and comparison tells known from unknown keys by time", set.Position(r.Pos()))
		}
		return true
	})

	secret := []string{"secret", "hash", "token", "tokensha256", "secretsha256", "shown"}
	for _, dir := range []string{".", "../admin"} {
		names, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range names {
			if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
				continue
			}
			f, err := parser.ParseFile(set, dir+"/"+entry.Name(), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				b, ok := n.(*ast.BinaryExpr)
				if !ok || b.Op != token.EQL && b.Op != token.NEQ {
					return true
				}
				for _, side := range []ast.Expr{b.X, b.Y} {
					if name := lastName(side); slices.Contains(secret, strings.ToLower(name)) && !isEmptyText(b.X) && !isEmptyText(b.Y) {
						t.Errorf("%s: %s is compared by %s, which stops at the first difference", set.Position(b.Pos()), name, b.Op)
					}
				}
				return true
			})
		}
	}
}

func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

func isEmptyText(e ast.Expr) bool {
	l, ok := e.(*ast.BasicLit)
	return ok && l.Value == `""`
}
