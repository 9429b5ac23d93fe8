package dataset

import (
	"bytes"
	"path"
	"strings"
)

// kind is what a file turned out to be.
type kind struct {
	format  Format
	charset charset
	bom     int
	reason  string // why it is not read
	open    container
}

// splits reports whether parts of the file can be read for themselves.
func (k kind) splits() bool {
	if k.open != noContainer || k.reason != "" {
		return false
	}
	return k.format == JSONL || k.format == Text || k.format == Markdown || k.format == Code
}

// Detect says what a file would be read as, and whether Limits.From and To can divide it.
func Detect(name string, src Source) (f Format, splits bool) {
	head := make([]byte, min(headSize, max(src.Size(), 0)))
	n, _ := src.ReadAt(head, 0)
	k := sniff(name, head[:n])
	return k.format, k.splits()
}

// sniff tells what a file is by its first bytes. Its name only decides between formats of text.
func sniff(name string, head []byte) kind {
	if k, ok := sniffMagic(name, head); ok {
		return k
	}
	k := kind{}
	k.charset, k.bom = sniffCharset(head)
	decoded := &window{charset: k.charset, raw: head[k.bom:], eof: len(head) < headSize}
	decoded.decode()
	if isBinary(decoded.text) {
		return kind{format: Binary, reason: "binary"}
	}
	k.format = sniffText(name, decoded.text, len(head) < headSize)
	return k
}

// isBinary reports whether text has characters that no text has.
func isBinary(text []byte) bool {
	odd := 0
	for _, c := range text {
		if c == 0 {
			return true
		}
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != '\b' && c != 0x1b && c != 0x1e {
			odd++
		}
	}
	return odd*50 > len(text)
}

// sniffText tells formats of text from each other. whole says that head is all there is.
func sniffText(name string, head []byte, whole bool) Format {
	base := strings.ToLower(path.Base(strings.ReplaceAll(name, "\\", "/")))
	ext := strings.TrimPrefix(path.Ext(base), ".")
	trimmed := bytes.TrimSpace(head)
	json := len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[')
	switch {
	case codeNames[base]:
		return Code
	case ext == "jsonl" || ext == "ndjson" || ext == "jsonlines":
		if json && !startsLines(trimmed, true) {
			return JSON
		}
		return JSONL
	case ext == "json" || ext == "geojson" || ext == "ipynb" || ext == "webmanifest":
		if json && startsLines(trimmed, false) {
			return JSONL
		}
		return JSON
	}
	if f, ok := byExt[ext]; ok {
		return f
	}
	switch {
	case json && startsLines(trimmed, false):
		return JSONL
	case json && whole && isJSON(trimmed):
		return JSON
	}
	if f := sniffProse(trimmed); f != Text {
		return f
	}
	if looksLikeTable(head, whole) {
		return CSV
	}
	return Text
}

// startsLines reports whether the first line is a JSON value of its own with another behind it. other is the answer
// where the first line is longer than head or the only one.
func startsLines(head []byte, other bool) bool {
	line, rest, found := bytes.Cut(head, newline)
	if !found {
		return other
	}
	if !isJSON(line) {
		return false
	}
	rest = bytes.TrimSpace(rest)
	return other || len(rest) > 0 && (rest[0] == '{' || rest[0] == '[')
}

// isJSON reports whether text is one JSON value.
func isJSON(text []byte) bool {
	rd := &reader{v: discard{}}
	w := &window{text: text, raw: text, plain: true, eof: true}
	p := parser{records: newRecords(rd, w, "", JSON), nesting: 256, end: len(text)}
	if err := p.value(&p.names.root, 0); err != nil {
		return false
	}
	c, err := p.peek()
	return err == nil && c == 0
}

// discard is a Visitor that does nothing.
type discard struct{}

func (discard) Block(*Block) error     { return nil }
func (discard) Skipped(string, string) {}
