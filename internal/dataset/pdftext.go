package dataset

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// pdfFont says what the codes of a font mean.
type pdfFont struct {
	width   int // bytes of a code
	codes   map[int]string
	unknown bool // nothing says what they mean
}

// maxCodes bounds the memory for a font.
const maxCodes = 1 << 17

func (f *pdfReader) font(v any) *pdfFont {
	ref, isRef := v.(pdfRef)
	if known, ok := f.fonts[ref]; ok && isRef {
		return known
	}
	d := f.dict(v)
	font := &pdfFont{width: 1, codes: map[int]string{}}
	if d["Subtype"] == pdfName("Type0") {
		font.width, font.unknown = 2, true
	}
	if encoding := f.dict(d["Encoding"]); encoding != nil {
		font.differences(f, encoding)
	}
	if s, ok := f.get(d["ToUnicode"]).(pdfStream); ok {
		if data, ok := s.expand(f); ok {
			font.unknown = false
			font.toUnicode(data)
		}
	}
	if isRef {
		f.fonts[ref] = font
	}
	return font
}

// differences reads how an encoding differs from the usual one, by the names of its characters (9.6.5.1).
func (p *pdfFont) differences(f *pdfReader, encoding pdfDict) {
	list, _ := f.get(encoding["Differences"]).(pdfArray)
	code := 0
	for _, v := range list {
		switch v := v.(type) {
		case float64:
			code = int(v)
		case pdfName:
			if s := glyph(string(v)); s != "" && code >= 0 && code < 256 {
				p.codes[code] = s
			}
			code++
		}
	}
}

// glyphs are names of characters that are not letters themselves.
var glyphs = func() map[string]string {
	m := map[string]string{}
	fields := strings.Fields(`space . period . comma , hyphen - minus - colon : semicolon ; slash / backslash \ at @ underscore _ plus +
		equal = numbersign # percent % ampersand & asterisk * parenleft ( parenright ) bracketleft [ bracketright ] quotesingle '
		quotedbl " question ? exclam ! zero 0 one 1 two 2 three 3 four 4 five 5 six 6 seven 7 eight 8 nine 9 dollar $ less < greater >
		adieresis ä odieresis ö udieresis ü Adieresis Ä Odieresis Ö Udieresis Ü germandbls ß eacute é egrave è ecircumflex ê agrave à
		aacute á acircumflex â ccedilla ç ntilde ñ oacute ó ocircumflex ô uacute ú iacute í icircumflex î aring å oslash ø ae æ
		quoteright ’ quoteleft ‘ quotedblleft “ quotedblright ” endash – emdash — bullet • fi fi fl fl ff ff Euro €`)
	for i := 0; i+1 < len(fields); i += 2 {
		m[fields[i]] = fields[i+1]
	}
	m["space"] = " "
	return m
}()

func glyph(name string) string {
	if s := glyphs[name]; s != "" {
		return s
	}
	if len(name) == 1 {
		return name
	}
	if hex, ok := strings.CutPrefix(name, "uni"); ok && len(hex) >= 4 {
		if r, err := strconv.ParseUint(hex[:4], 16, 16); err == nil {
			return string(rune(r))
		}
	}
	return ""
}

// toUnicode reads a CMap (9.10.3).
func (p *pdfFont) toUnicode(data []byte) {
	l := pdfLexer{b: data}
	var args []any
	for {
		v, ok := l.next(0)
		if !ok {
			return
		}
		word, isWord := v.(pdfWord)
		if !isWord {
			args = append(args, v)
			continue
		}
		switch word {
		case "endcodespacerange":
			if s, ok := last[pdfString](args); ok && len(s) > 0 {
				p.width = min(len(s), 4)
			}
		case "endbfchar":
			for i := 0; i+1 < len(args); i += 2 {
				if code, ok := args[i].(pdfString); ok {
					p.set(codeOf(code), args[i+1], 0)
				}
			}
		case "endbfrange":
			for i := 0; i+2 < len(args); i += 3 {
				p.span(args[i], args[i+1], args[i+2])
			}
		}
		args = args[:0]
	}
}

func last[T any](list []any) (v T, ok bool) {
	if len(list) > 0 {
		v, ok = list[len(list)-1].(T)
	}
	return v, ok
}

// set notes what a code means: text, whose last character is raised by add.
func (p *pdfFont) set(code int, text any, add int) {
	s, ok := text.(pdfString)
	if !ok || len(p.codes) >= maxCodes || len(s) > 64 {
		return
	}
	var units []uint16
	for i := 0; i+1 < len(s); i += 2 {
		units = append(units, uint16(s[i])<<8|uint16(s[i+1]))
	}
	if len(s) == 1 {
		units = []uint16{uint16(s[0])}
	}
	if len(units) > 0 {
		units[len(units)-1] += uint16(add)
	}
	p.codes[code] = string(utf16.Decode(units))
}

func codeOf(s pdfString) int {
	code := 0
	for _, b := range s[:min(len(s), 4)] {
		code = code<<8 | int(b)
	}
	return code
}

func (p *pdfFont) span(from, to, text any) {
	first, ok := from.(pdfString)
	end, ok2 := to.(pdfString)
	if !ok || !ok2 {
		return
	}
	n := min(codeOf(end)-codeOf(first)+1, 1<<16)
	list, isList := text.(pdfArray)
	for i := range max(n, 0) {
		if !isList {
			p.set(codeOf(first)+i, text, i)
		} else if i < len(list) {
			p.set(codeOf(first)+i, list[i], 0)
		}
	}
}

// decode appends the text of a string, and returns how many characters it shows.
func (p *pdfFont) decode(dst []byte, s pdfString) ([]byte, int) {
	if p == nil {
		p = &pdfFont{width: 1}
	}
	n := 0
	for len(s) >= p.width {
		code := codeOf(s[:p.width])
		if text, ok := p.codes[code]; ok {
			dst = append(dst, text...)
		} else if p.width == 1 {
			dst = utf8.AppendRune(dst, charmap.Windows1252.DecodeByte(s[0]))
		}
		s = s[p.width:]
		n++
	}
	return dst, n
}

// pdfPen follows the text of a page. It does not know how wide characters are and takes half their size.
type pdfPen struct {
	file         *pdfReader
	fonts        pdfDict
	font         *pdfFont
	size         float64
	out          []byte
	x, y         float64 // where the line begins
	lastX, lastY float64 // where the last text begins
	shown        int     // characters of it
	scale        float64
	blind        bool // text in a font that cannot be decoded
}

// page emits the text of a page or a form.
func (f *pdfReader) page(name string, number int, resources pdfDict, contents any) error {
	var content []byte
	streams, ok := f.get(contents).(pdfArray)
	if !ok {
		streams = pdfArray{contents}
	}
	for _, v := range streams {
		s, ok := f.get(v).(pdfStream)
		if !ok {
			continue
		}
		data, ok := s.expand(f)
		if !ok {
			f.problem("a page behind a filter that is not known")
		}
		if len(content)+len(data) > 2*pdfExpanded {
			f.problem("a page that expands to too much")
			break
		}
		content = append(append(content, data...), '\n')
	}
	pen := &pdfPen{file: f, fonts: f.dict(resources["Font"]), scale: 1}
	pen.run(content)
	if pen.blind {
		f.problem("text in a font that does not say what its codes mean")
	}
	text := bytes.TrimSpace(bytes.ToValidUTF8(pen.out, []byte("\uFFFD")))
	if len(text) == 0 {
		return nil
	}
	return f.emit("", text, Field{Name: name, Record: number, Offset: -1})
}

// run follows the operators of a content stream (9.4).
func (p *pdfPen) run(content []byte) {
	l := pdfLexer{b: content}
	var args []any
	for {
		l.items = 0
		v, ok := l.next(0)
		if !ok {
			return
		}
		word, isWord := v.(pdfWord)
		if !isWord {
			if len(args) < 64 {
				args = append(args, v)
			}
			continue
		}
		if word == "ID" {
			n := bytes.Index(content[l.i:], []byte("EI"))
			if n < 0 {
				return
			}
			l.i += n + 2
		}
		p.operator(string(word), args)
		args = args[:0]
	}
}

func (p *pdfPen) operator(word string, args []any) {
	number := func(fromEnd int) float64 {
		if len(args) >= fromEnd {
			v, _ := args[len(args)-fromEnd].(float64)
			return v
		}
		return 0
	}
	switch word {
	case "BT":
		p.x, p.y, p.scale = 0, 0, 1
		p.line()
	case "Tf":
		p.size = number(1)
		if len(args) > 1 {
			if name, ok := args[len(args)-2].(pdfName); ok && p.fonts[name] != nil {
				p.font = p.file.font(p.fonts[name])
			}
		}
	case "Td", "TD":
		p.moveTo(p.x+number(2)*p.scale, p.y+number(1)*p.scale)
	case "Tm":
		p.scale = max(number(6), -number(6), number(4), -number(4))
		p.moveTo(number(2), number(1))
	case "T*":
		p.line()
	case "Tj":
		p.showLast(args)
	case "'", "\"":
		p.line()
		p.showLast(args)
	case "TJ":
		list, _ := last[pdfArray](args)
		for _, v := range list {
			switch v := v.(type) {
			case pdfString:
				p.show(v)
			case float64:
				if v < -200 {
					p.space()
				}
			}
		}
	}
}

func (p *pdfPen) showLast(args []any) {
	if s, ok := last[pdfString](args); ok {
		p.show(s)
	}
}

func (p *pdfPen) show(s pdfString) {
	var n int
	p.out, n = p.font.decode(p.out, s)
	p.shown += n
	p.blind = p.blind || p.font != nil && p.font.unknown && n > 0
}

// moveTo goes to another place: to another line, or on in the same.
func (p *pdfPen) moveTo(x, y float64) {
	size := max(p.size*p.scale, 1)
	switch end := p.lastX + float64(p.shown)*size/2; {
	case y-p.lastY > size/3 || p.lastY-y > size/3:
		p.line()
	case x-end > size/4 || x < p.lastX-size:
		p.space()
	}
	p.x, p.y, p.lastX, p.lastY, p.shown = x, y, x, y, 0
}

func (p *pdfPen) line() {
	if n := len(p.out); n > 0 && p.out[n-1] != '\n' {
		p.out = append(p.out, '\n')
	}
	p.shown = 0
}

func (p *pdfPen) space() {
	if n := len(p.out); n > 0 && p.out[n-1] != ' ' && p.out[n-1] != '\n' {
		p.out = append(p.out, ' ')
	}
}
