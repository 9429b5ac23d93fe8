// Package docs holds the documents that the server shows.
package docs

import _ "embed"

// OpenAPI is the OpenAPI 3.1 document of the admin API.
//
//go:embed openapi.yaml
var OpenAPI []byte
