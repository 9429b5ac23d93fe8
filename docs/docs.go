// Package docs holds the documents that the server shows.
package docs

import "embed"

// OpenAPI is the OpenAPI 3.1 document of the admin API.
//
//go:embed openapi.yaml
var OpenAPI []byte

// Pages are the documents in Markdown.
//
//go:embed *.md
var Pages embed.FS
