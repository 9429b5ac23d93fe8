package console

import (
	"bytes"
	"html/template"
	"path"
	"strings"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/reeve-ai/reeve/docs"
	"github.com/reeve-ai/reeve/internal/custody"
)

// document is one of the documents that ship.
type document struct {
	Name, Title string
	HTML        template.HTML // made by goldmark from a file of ours, without raw HTML
	Text        string
}

// documents are rendered when somebody first asks for them.
var documents = sync.OnceValue(func() []document {
	entries, err := docs.Pages.ReadDir(".")
	if err != nil {
		return nil
	}
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithParserOptions(parser.WithAutoHeadingID(), parser.WithASTTransformers(util.Prioritized(relink{}, 100))))
	var out []document
	for _, e := range entries {
		raw, err := docs.Pages.ReadFile(e.Name())
		if err != nil {
			continue
		}
		d := document{Name: strings.TrimSuffix(e.Name(), ".md"), Text: string(raw)}
		d.Title = d.Name
		if first, _, _ := strings.Cut(d.Text, "\n"); strings.HasPrefix(first, "# ") {
			d.Title = strings.TrimPrefix(first, "# ")
		}
		var b bytes.Buffer
		if err := md.Convert(raw, &b); err != nil {
			continue
		}
		d.HTML = template.HTML(b.String()) //nolint:gosec // see the field
		out = append(out, d)
	}
	return out
})

// relink makes links between documents lead to pages of the console, shifts headings below the page's own, lets wide blocks be scrolled by
// keyboard, and takes out pictures, which are not in the program.
type relink struct{}

// Transform implements parser.ASTTransformer.
func (relink) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	var pictures []ast.Node
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			n.Level = min(n.Level+1, 6)
		case *ast.Image:
			pictures = append(pictures, n)
		case *ast.Link:
			n.Destination = []byte(documentLink(string(n.Destination)))
		}
		return ast.WalkContinue, nil
	})
	for _, n := range pictures {
		n.Parent().RemoveChild(n.Parent(), n)
	}
}

// documentLink is where a link in a document leads in the console.
func documentLink(to string) string {
	file, anchor, _ := strings.Cut(to, "#")
	if file == "" || strings.Contains(file, ":") || !strings.HasSuffix(file, ".md") {
		return to
	}
	to = Home + "docs/" + strings.TrimSuffix(path.Base(file), ".md")
	if anchor != "" {
		to += "#" + anchor
	}
	return to
}

type docListData struct{ Documents []document }

func docList(*view) (any, error) { return &docListData{documents()}, nil }

func doc(v *view) (any, error) {
	for _, d := range documents() {
		if d.Name == v.r.PathValue("name") {
			return &d, nil
		}
	}
	return nil, custody.ErrNotFound
}
