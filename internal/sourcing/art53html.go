package sourcing

import (
	"bytes"
	"fmt"
	"html/template"
)

// art53Page is the summary as one page that needs nothing else: no script, no image, no style from elsewhere.
var art53Page = template.Must(template.New("art53").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Title}}: {{.General.Dataset}}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body{font:16px/1.5 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}td,th{border:1px solid #999;padding:.2em .6em;text-align:left}</style>
</head><body>
<h1>{{.Title}}</h1><p>{{.Basis}}</p><p>{{.Notice}}</p>
<h2>1 General information</h2>
<dl>{{with .General}}<dt>Provider</dt><dd>{{.Provider}}</dd><dt>Contact</dt><dd>{{or .Contact "unknown"}}</dd><dt>Data set</dt><dd>{{.Dataset}} {{.Version}}</dd><dt>Models</dt><dd>{{or .Model "unknown"}}</dd><dt>Latest acquisition of data</dt><dd>{{or .Latest "unknown"}}</dd><dt>Languages</dt><dd>{{range .Languages}}{{.}} {{else}}unknown{{end}}</dd></dl>
<table><tr><th>modality</th><th>bytes</th><th>records</th></tr>{{range .Modalities}}<tr><td>{{.Modality}}</td><td>{{.Bytes}}</td><td>{{.Records}}</td></tr>{{end}}</table>{{end}}
<h2>2 List of data sources</h2>
{{range .Sources}}<h3>{{.Section}} {{.Title}}</h3>
<ul>{{range .Sources}}<li><b>{{.Name}}</b>, {{.Bytes}} bytes{{with .Modality}}; modality {{.}}{{end}}{{with .Licence}}; licence {{.}}{{end}}{{with .Collected}}; collected {{.}}{{end}}{{with .Collector}}; by {{.}}{{end}}{{range .Generators}}; written by {{.}}{{end}}{{with .Domains}}; domains{{range .}} {{.}}{{end}}{{end}}{{range .URLs}}; at {{.}}{{end}}{{with .Describes}}<br>{{.}}{{end}}</li>
{{else}}<li>None is recorded.</li>{{end}}</ul>
{{end}}<h2>3 Data processing</h2>
<h3>3.1 Respect of rights reservations for text and data mining</h3><ul>{{range .Process.OptOut}}<li>{{.}}</li>{{else}}<li>Nothing is recorded.</li>{{end}}</ul>
<h3>3.2 Removal of illegal content</h3><ul>{{range .Process.Removal}}<li>{{.}}</li>{{else}}<li>Nothing is recorded.</li>{{end}}</ul>
<h3>3.3 Other information</h3><ul>{{range .Process.Other}}<li>{{.}}</li>{{else}}<li>Nothing is recorded.</li>{{end}}</ul>
<h2>What is missing</h2><ul>{{range .Missing}}<li>{{.}}</li>{{else}}<li>Nothing is recorded.</li>{{end}}</ul>
</body></html>
`))

func (e *Export) art53HTML() ([]byte, error) {
	var b bytes.Buffer
	if err := art53Page.Execute(&b, e.art53()); err != nil {
		return nil, fmt.Errorf("write page: %w", err)
	}
	return b.Bytes(), nil
}
