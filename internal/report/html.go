package report

import (
	"fmt"
	"html/template"
	"io"

	"github.com/reeve-ai/reeve"
)

// page writes one HTML file that needs nothing beside it: no script, no picture, no font.
type page struct {
	w       io.Writer
	version string
	body    spill
	rows    int
}

// maxRows bounds the table: browsers give up long before a data set does.
const maxRows = 50_000

func newHTML(w io.Writer, o Options) *page { return &page{w: w, version: o.Version} }

var rowTemplate = template.Must(template.New("row").Parse(
	`<tr class="{{.Severity}}"><td>{{.Severity}}</td><td>{{.Path}}</td><td>{{.Place}}</td><td>{{.Field}}</td><td>{{.Kind}}</td><td title="{{.Remedy}}">{{.Message}}{{if .Value}} <code>{{.Value}}</code>{{end}}</td><td>{{.Score}}</td></tr>
`))

func (p *page) Finding(f *reeve.Finding) error {
	if p.rows++; p.rows > maxRows {
		return nil
	}
	row := struct {
		*reeve.Finding
		Place string
	}{f, string(appendPosition(nil, f))}
	return rowTemplate.Execute(&p.body, row)
}

var headTemplate = template.Must(template.New("head").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>reeve scan</title>
<style>
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #8886; vertical-align: top; overflow-wrap: anywhere }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
.critical td:first-child, .high td:first-child { color: #c21f1f; font-weight: 600 }
.medium td:first-child { color: #a35a00; font-weight: 600 }
</style>
</head>
<body>
<h1>{{.Findings.Total}} findings</h1>
<p>{{.Files}} files, {{.Size}}, {{.Records}} records; label <strong>{{.Label}}</strong>.
Left out: {{.Suppressed.Baseline}} by the baseline, {{.Suppressed.Inline}} by comments, {{.Suppressed.Allow}} by the allow list, {{.Suppressed.Severity}} below the severity that is told.</p>
{{if .Interrupt}}<p><strong>The run was stopped before its end.</strong></p>{{end}}
{{if .NotScanned}}<h2>Not scanned</h2>
<table><tr><th>File</th><th>Why</th></tr>
{{range .NotScanned}}<tr><td>{{.Path}}</td><td>{{.Reason}}</td></tr>
{{end}}</table>{{end}}
{{if .Kinds}}<h2>Kinds</h2>
<table><tr><th>Kind</th><th class="n">Findings</th></tr>
{{range .Kinds}}<tr><td>{{.Name}}</td><td class="n">{{.N}}</td></tr>
{{end}}</table>{{end}}
<h2>Findings</h2>
{{if .More}}<p>The first {{.Shown}} are shown; the other formats have all.</p>{{end}}
<table><tr><th>Severity</th><th>File</th><th>Where</th><th>Field</th><th>Kind</th><th>What</th><th>Score</th></tr>
`))

func (p *page) Close(s *Summary) error {
	type kind struct {
		Name string
		N    int64
	}
	data := struct {
		*Summary
		Size  string
		Kinds []kind
		More  bool
		Shown int
	}{Summary: s, Size: Size(s.Bytes), More: p.rows > maxRows, Shown: maxRows}
	for _, c := range most(s.Findings.ByKind) {
		data.Kinds = append(data.Kinds, kind{c.name, c.n})
	}
	if err := headTemplate.Execute(p.w, data); err != nil {
		return err
	}
	if err := p.body.copyTo(p.w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.w, "</table>\n<p>reeve %s, rules %s</p>\n</body>\n</html>\n", template.HTMLEscapeString(p.version), template.HTMLEscapeString(s.Rules))
	return err
}
