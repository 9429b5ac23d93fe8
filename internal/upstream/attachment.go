package upstream

import (
	"bytes"
	"encoding/base64"
	"mime"
	"slices"
	"strings"
	"unicode/utf8"
)

// Attachment is a file inside a request: an image, a sound, a document.
type Attachment struct {
	Node   int  // in the Doc: a string, or the array "images" of the Ollama dialect
	Text   bool // a data: URL of a textual media type (RFC 2397): AppendAttachment reads it
	Opaque bool // image or sound where one is expected: there is no text in it to judge
}

// textual media types beside text/*.
var textual = []string{
	"application/json", "application/ld+json", "application/x-ndjson", "application/jsonl", "application/xml", "application/yaml",
	"application/x-yaml", "application/toml", "application/csv", "application/sql", "application/javascript", "message/rfc822",
}

// attachment tells whether a string is an attachment, and what can be done with it.
func attachment(key string, text []byte) (a Attachment, is bool) {
	head, isURL := dataURL(text)
	switch {
	case isURL:
		a.Text = head != nil
		expected := key == "url" || key == "image_url" || key == "data"
		a.Opaque = expected && (bytes.HasPrefix(text, []byte("data:image/")) || bytes.HasPrefix(text, []byte("data:audio/")))
	case key == "data" || key == "file_data":
		is := isBase64(text)
		a.Opaque = is && key == "data"
		return a, is
	}
	return a, isURL
}

// dataURL reports whether a string is a data: URL in base64. head is its part up to the data where that is text.
func dataURL(raw []byte) (head []byte, is bool) {
	const scheme = "data:"
	if len(raw) < len(scheme) || !strings.EqualFold(string(raw[:len(scheme)]), scheme) {
		return nil, false
	}
	comma := bytes.IndexByte(raw[:min(len(raw), 256)], ',')
	if comma < 0 {
		return nil, false
	}
	media, based := strings.CutSuffix(strings.ToLower(string(raw[len(scheme):comma])), ";base64")
	if !based {
		return nil, false // it stands in the clear and is judged as it stands
	}
	kind, _, err := mime.ParseMediaType(media)
	if media == "" || media[0] == ';' {
		kind, err = "text/plain", nil
	}
	if err == nil && (strings.HasPrefix(kind, "text/") || slices.Contains(textual, kind)) {
		return raw[:comma+1], true
	}
	return nil, true
}

// isBase64 reports whether a string is nothing but base64 of some length.
func isBase64(raw []byte) bool {
	if len(raw) < 1024 {
		return false
	}
	for _, c := range raw {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '=') {
			return false
		}
	}
	return true
}

// AppendAttachment appends the text of an attachment to dst; false where it is no text after all.
func (r *Request) AppendAttachment(dst []byte, a Attachment) ([]byte, bool) {
	head, content := r.cut(a)
	if head == nil {
		return dst, false
	}
	at := len(dst)
	dst, err := base64.StdEncoding.AppendDecode(dst, content)
	if err != nil || !utf8.Valid(dst[at:]) || bytes.IndexByte(dst[at:], 0) >= 0 {
		return dst[:at], false
	}
	return dst, true
}

// Attach is the string that stands for an attachment with another text.
func (r *Request) Attach(a Attachment, text []byte) []byte {
	head, _ := r.cut(a)
	return base64.StdEncoding.AppendEncode(bytes.Clone(head), text)
}

func (r *Request) cut(a Attachment) (head, content []byte) {
	if !a.Text {
		return nil, nil
	}
	text := r.Doc.Text(a.Node)
	head, _ = dataURL(text)
	return head, text[len(head):]
}
