// Package upstream knows the model runtimes behind the gateway: Ollama, llama.cpp's server, vLLM and whatever else
// speaks the OpenAI or the Ollama dialect.
//
// It owns three things and no policy: a strict, byte-preserving view of JSON (Doc) on which every decision of the
// gateway is taken, so that the text that is judged is the text that is forwarded; the dialects, which say where in a
// request, an answer or a stream event the text stands (Request, Event); and a small HTTP/1.1 client with a splitter for
// server-sent events and newline-delimited JSON.
package upstream

import "fmt"

// Dialect is the wire language of an endpoint.
type Dialect uint8

const (
	OpenAI Dialect = iota
	Ollama
)

func (d Dialect) String() string {
	if d == Ollama {
		return "ollama"
	}
	return "openai"
}

// ParseDialect reads "openai" or "ollama".
func ParseDialect(s string) (Dialect, error) {
	switch s {
	case "openai":
		return OpenAI, nil
	case "ollama":
		return Ollama, nil
	}
	return OpenAI, fmt.Errorf("dialect %q is neither openai nor ollama", s)
}

// Kind says what an endpoint does, and with it the shape of its bodies.
type Kind uint8

const (
	ChatCompletions Kind = iota // OpenAI /v1/chat/completions
	Completions                 // OpenAI /v1/completions
	Embeddings                  // OpenAI /v1/embeddings
	Models                      // OpenAI /v1/models
	Chat                        // Ollama /api/chat
	Generate                    // Ollama /api/generate
	Embed                       // Ollama /api/embed
	Tags                        // Ollama /api/tags
	Show                        // Ollama /api/show
	Version                     // Ollama /api/version
)

// Endpoint is one governed path. What is not in Endpoints does not exist for callers.
type Endpoint struct {
	Method        string
	Path          string
	Dialect       Dialect
	Kind          Kind
	StreamDefault bool // a request that says nothing is answered with a stream
}

// Generates reports whether the endpoint runs a model on a JSON request.
func (e *Endpoint) Generates() bool {
	switch e.Kind {
	case ChatCompletions, Completions, Chat, Generate:
		return true
	default:
		return false
	}
}

// Endpoints lists the governed surface, in the order of the documentation.
func Endpoints() []Endpoint {
	return []Endpoint{
		{"POST", "/v1/chat/completions", OpenAI, ChatCompletions, false},
		{"POST", "/v1/completions", OpenAI, Completions, false},
		{"POST", "/v1/embeddings", OpenAI, Embeddings, false},
		{"GET", "/v1/models", OpenAI, Models, false},
		{"POST", "/api/chat", Ollama, Chat, true},
		{"POST", "/api/generate", Ollama, Generate, true},
		{"POST", "/api/embed", Ollama, Embed, false},
		{"GET", "/api/tags", Ollama, Tags, false},
		{"POST", "/api/show", Ollama, Show, false},
		{"GET", "/api/version", Ollama, Version, false},
	}
}
