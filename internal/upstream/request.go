package upstream

import (
	"bytes"
	"fmt"
	"slices"
)

// Request is a caller's JSON request to a model: the document and what the gateway needs to know of it. The zero value
// is ready; Parse reuses its memory. Not safe for concurrent use.
type Request struct {
	Doc          Doc
	Model        string // as the caller wrote it
	ModelNode    int
	Stream       bool
	IncludeUsage bool   // OpenAI stream_options.include_usage
	Texts        []Text // every string that a model could read, in document order
	Attachments  []Attachment
}

// RequestError says which field of a request is wrong and why. It never quotes the request.
type RequestError struct {
	Field  string
	Reason string
}

func (e *RequestError) Error() string {
	if e.Field == "" {
		return e.Reason
	}
	return fmt.Sprintf("%s: %s", e.Field, e.Reason)
}

// Parse reads the body of a POST to ep. The error is a *SyntaxError or a *RequestError; the Request is then unusable.
func (r *Request) Parse(ep *Endpoint, body []byte) error {
	r.Model, r.Stream, r.IncludeUsage, r.Texts = "", ep.StreamDefault, false, r.Texts[:0]
	r.Attachments = r.Attachments[:0]
	if err := r.Doc.Parse(body); err != nil {
		return err
	}
	d := &r.Doc
	if !d.IsObject(0) {
		return &RequestError{"", "the request is not a JSON object"}
	}
	if err := r.names(); err != nil {
		return err
	}
	if r.ModelNode = d.Member(0, "model"); !d.IsString(r.ModelNode) {
		return &RequestError{"model", "a string is required"}
	}
	r.Model = string(d.Text(r.ModelNode))
	if r.Model == "" || len(r.Model) > 256 {
		return &RequestError{"model", "must have 1 to 256 bytes"}
	}
	if s := d.Member(0, "stream"); s >= 0 {
		switch d.Node(s).Kind {
		case True:
			r.Stream = true
		case False:
			r.Stream = false
		case Null:
		default:
			return &RequestError{"stream", "must be true or false"}
		}
	}
	if u := d.Member(d.Member(0, "stream_options"), "include_usage"); u >= 0 {
		r.IncludeUsage = d.Node(u).Kind == True
	}
	if err := r.shape(ep); err != nil {
		return err
	}
	r.collect()
	return nil
}

// governed are the names on which a decision rests or under which text stands. A runtime that reads names without
// regard to case (Go's encoding/json does) would take a variant for the name itself, and see another request than the
// one that was judged; such variants are refused.
var governed = []string{
	"arguments", "content", "embedding", "format", "function", "function_call", "image_url", "images", "input",
	"input_audio", "keep_alive", "logprobs", "max_tokens", "message", "messages", "model", "n", "name", "num_predict", "options",
	"parameters", "prompt", "raw", "reasoning", "refusal", "role", "stop", "stream", "stream_options", "suffix", "system",
	"template", "text", "think", "thinking", "tool_call_id", "tool_calls", "tool_choice", "tools", "type", "url", "verbose",
}

// names refuses variants of governed names at the top, in messages and in their parts.
func (r *Request) names() error {
	d := &r.Doc
	for i := 1; i < d.Len(); i++ {
		key := d.Key(i)
		if string(key) == "tools" || string(key) == "parameters" || string(key) == "format" {
			i = d.End(i) - 1 // a JSON schema has names of its own
			continue
		}
		if !hasUpper(key) {
			continue
		}
		for _, g := range governed {
			if len(key) < 4*len(g) && bytes.EqualFold(key, []byte(g)) {
				return &RequestError{g, "a member name is spelt in another case; names are case-sensitive"}
			}
		}
	}
	return nil
}

// hasUpper reports whether some byte could fold to a lower-case ASCII letter.
func hasUpper(b []byte) bool {
	for _, c := range b {
		if c >= 'A' && c <= 'Z' || c >= 0x80 {
			return true
		}
	}
	return false
}

// shape checks the types of what the endpoint cannot do without.
func (r *Request) shape(ep *Endpoint) error {
	d := &r.Doc
	switch ep.Kind {
	case ChatCompletions, Chat:
		m := d.Member(0, "messages")
		if !d.IsArray(m) {
			return &RequestError{"messages", "an array is required"}
		}
		for c := d.First(m); c < d.End(m); c = d.Next(c) {
			if !d.IsObject(c) {
				return &RequestError{"messages", "every message must be an object"}
			}
			if t := d.Member(c, "content"); t >= 0 && !slices.Contains([]NodeKind{String, Array, Null}, d.Node(t).Kind) {
				return &RequestError{"messages.content", "must be a string, an array or null"}
			}
		}
	case Completions:
		if p := d.Member(0, "prompt"); p >= 0 && !d.IsString(p) && !d.IsArray(p) {
			return &RequestError{"prompt", "must be a string or an array"}
		}
	case Generate:
		if p := d.Member(0, "prompt"); p >= 0 && !d.IsString(p) {
			return &RequestError{"prompt", "must be a string"}
		}
	case Embeddings, Embed:
		if p := d.Member(0, "input"); !d.IsString(p) && !d.IsArray(p) {
			return &RequestError{"input", "a string or an array is required"}
		}
	}
	return nil
}

// collect lists every string but the model's name, and the attachments. Unknown members are text like any other: they reach
// the runtime, so they are judged.
func (r *Request) collect() {
	d := &r.Doc
	for i := 1; i < d.Len(); i++ {
		n := d.Node(i)
		if n.Kind == Array && string(d.Key(i)) == "images" {
			if d.End(i) > i+1 {
				r.Attachments = append(r.Attachments, Attachment{Node: i})
			}
			i = d.End(i) - 1
			continue
		}
		key := d.Key(i)
		if n.Kind == Object && string(key) == "arguments" {
			r.Texts = append(r.Texts, Text{Node: i, Channel: ToolArguments, Whole: true})
			i = d.End(i) - 1
			continue
		}
		if n.Kind != String || i == r.ModelNode {
			continue
		}
		arguments := string(key) == "arguments"
		name := string(key) // Text may take its place
		if a, is := attachment(name, d.Text(i)); is {
			a.Node = i
			r.Attachments = append(r.Attachments, a)
			continue
		}
		if arguments {
			r.Texts = append(r.Texts, Text{Node: i, Channel: ToolArguments, Whole: true})
			continue
		}
		r.Texts = append(r.Texts, Text{Node: i, Channel: Other, Whole: true})
	}
}
