package dataset

import (
	"bytes"
	"encoding/ascii85"
	"encoding/hex"
	"io"
	"strconv"

	"github.com/klauspost/compress/zlib"
)

// The objects of PDF (ISO 32000-2, 7.3): float64, bool, nil and these.
type (
	pdfName   string
	pdfString []byte
	pdfRef    int
	pdfArray  []any
	pdfDict   map[pdfName]any
	pdfStream struct {
		dict pdfDict
		data []byte // as in the file
	}
	pdfWord string // an operator or a keyword
)

// Bounds of what a PDF may ask for.
const (
	pdfSize     = 64 << 20
	pdfExpanded = 16 << 20 // of a stream
	pdfObjects  = 1 << 19
	pdfDepth    = 32
	pdfItems    = 2 << 20 // values in all objects
)

// pdfLexer reads objects and operators.
type pdfLexer struct {
	b     []byte
	i     int
	items int
}

func pdfSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func pdfDelimiter(c byte) bool {
	return pdfSpace(c) || bytes.IndexByte([]byte("()<>[]{}/%"), c) >= 0
}

func (l *pdfLexer) space() {
	for l.i < len(l.b) {
		switch c := l.b[l.i]; {
		case pdfSpace(c):
			l.i++
		case c == '%':
			for l.i < len(l.b) && l.b[l.i] != '\n' && l.b[l.i] != '\r' {
				l.i++
			}
		default:
			return
		}
	}
}

// next returns the next value or word, and false at the end or where nothing can be made of it.
func (l *pdfLexer) next(depth int) (any, bool) {
	l.space()
	if l.items++; l.i >= len(l.b) || depth > pdfDepth || l.items > pdfItems {
		return nil, false
	}
	switch c := l.b[l.i]; {
	case c == '/':
		return l.name(), true
	case c == '(':
		return l.literal(), true
	case bytes.HasPrefix(l.b[l.i:], []byte("<<")):
		return l.dict(depth)
	case c == '<':
		return l.hex(), true
	case c == '[':
		return l.array(depth)
	case pdfDelimiter(c):
		l.i++
		return pdfWord(c), true
	}
	start := l.i
	for l.i < len(l.b) && !pdfDelimiter(l.b[l.i]) {
		l.i++
	}
	return pdfAtom(l.b[start:l.i]), true
}

func pdfAtom(b []byte) any {
	if c := b[0]; '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' {
		if v, err := strconv.ParseFloat(string(b[:min(len(b), 64)]), 64); err == nil {
			return v
		}
	}
	switch string(b[:min(len(b), 8)]) {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	}
	return pdfWord(b[:min(len(b), 64)])
}

func (l *pdfLexer) name() pdfName {
	l.i++
	start := l.i
	for l.i < len(l.b) && !pdfDelimiter(l.b[l.i]) {
		l.i++
	}
	raw := l.b[start:l.i]
	if bytes.IndexByte(raw, '#') < 0 {
		return pdfName(raw)
	}
	var out []byte
	for i := 0; i < len(raw); i++ {
		if raw[i] == '#' && i+2 < len(raw) {
			if b, err := hex.DecodeString(string(raw[i+1 : i+3])); err == nil {
				out = append(out, b[0])
				i += 2
				continue
			}
		}
		out = append(out, raw[i])
	}
	return pdfName(out)
}

// literal reads a string in parentheses (7.3.4.2).
func (l *pdfLexer) literal() pdfString {
	var out []byte
	l.i++
	for open := 1; l.i < len(l.b); l.i++ {
		c := l.b[l.i]
		switch c {
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				l.i++
				return out
			}
		case '\\':
			l.i++
			var ok bool
			if c, ok = l.escaped(); !ok {
				continue
			}
		}
		out = append(out, c)
	}
	return out
}

func (l *pdfLexer) escaped() (byte, bool) {
	if l.i >= len(l.b) {
		return 0, false
	}
	switch c := l.b[l.i]; c {
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	case 'b', 'f', '\n':
		return 0, false
	case '\r':
		if l.i+1 < len(l.b) && l.b[l.i+1] == '\n' {
			l.i++
		}
		return 0, false
	default:
		if c < '0' || c > '7' {
			return c, true
		}
		v := 0
		for n := 0; n < 3 && l.i < len(l.b) && '0' <= l.b[l.i] && l.b[l.i] <= '7'; n++ {
			v = v*8 + int(l.b[l.i]-'0')
			l.i++
		}
		l.i--
		return byte(v), true
	}
}

func (l *pdfLexer) hex() pdfString {
	l.i++
	end := bytes.IndexByte(l.b[l.i:], '>')
	if end < 0 {
		end = len(l.b) - l.i
	}
	digits := make([]byte, 0, end+1)
	for _, c := range l.b[l.i : l.i+end] {
		if !pdfSpace(c) {
			digits = append(digits, c)
		}
	}
	if len(digits)&1 == 1 {
		digits = append(digits, '0')
	}
	l.i = min(l.i+end+1, len(l.b))
	out := make([]byte, len(digits)/2)
	n, _ := hex.Decode(out, digits)
	return out[:n]
}

func (l *pdfLexer) array(depth int) (any, bool) {
	l.i++
	var out pdfArray
	for {
		v, ok := l.next(depth + 1)
		if !ok {
			return out, false
		}
		if v == pdfWord("]") {
			return out, true
		}
		out = foldRef(append(out, v))
	}
}

// foldRef makes a reference of "12 0 R" at the end of a list.
func foldRef(list pdfArray) pdfArray {
	n := len(list)
	if n < 3 || list[n-1] != pdfWord("R") {
		return list
	}
	number, ok := list[n-3].(float64)
	if _, ok2 := list[n-2].(float64); !ok || !ok2 {
		return list
	}
	return append(list[:n-3], pdfRef(number))
}

func (l *pdfLexer) dict(depth int) (any, bool) {
	l.i += 2
	out := pdfDict{}
	var key pdfName
	var pending pdfArray
	store := func() {
		if key != "" && len(pending) > 0 {
			out[key] = pending[0]
		}
		pending = pending[:0]
	}
	for {
		l.space()
		if bytes.HasPrefix(l.b[l.i:], []byte(">>")) {
			l.i += 2
			store()
			return out, true
		}
		v, ok := l.next(depth + 1)
		if !ok {
			return out, false
		}
		if name, ok := v.(pdfName); ok && (key == "" || len(pending) > 0) {
			store()
			key = name
			continue
		}
		pending = foldRef(append(pending, v))
	}
}

// expand decodes a stream. It returns false for a filter that is not for text, or that is not known.
func (s pdfStream) expand(file *pdfReader) ([]byte, bool) {
	filters, _ := file.get(s.dict["Filter"]).(pdfArray)
	if name, ok := file.get(s.dict["Filter"]).(pdfName); ok {
		filters = pdfArray{name}
	}
	var r io.Reader = bytes.NewReader(s.data)
	for _, f := range filters {
		switch name, _ := file.get(f).(pdfName); name {
		case "FlateDecode", "Fl":
			z, err := zlib.NewReader(r)
			if err != nil {
				return nil, false
			}
			r = z
		case "ASCII85Decode", "A85":
			data, _ := io.ReadAll(io.LimitReader(r, pdfExpanded))
			end := bytes.Index(data, []byte("~>"))
			if end < 0 {
				end = len(data)
			}
			r = ascii85.NewDecoder(bytes.NewReader(data[:end]))
		case "ASCIIHexDecode", "AHx":
			data, _ := io.ReadAll(io.LimitReader(r, pdfExpanded))
			l := pdfLexer{b: append([]byte{'<'}, data...)}
			r = bytes.NewReader(l.hex())
		default:
			return nil, false
		}
	}
	out, err := io.ReadAll(io.LimitReader(r, pdfExpanded+1))
	file.rd.expanded += int64(len(out))
	if len(out) > pdfExpanded || file.rd.expanded > file.rd.lim.Expanded {
		file.problem("a stream that expands to too much")
		return nil, true
	}
	if err != nil && len(out) == 0 {
		return nil, false
	}
	return out, true
}
