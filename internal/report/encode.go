package report

import (
	"strconv"
	"unicode/utf8"

	"github.com/reeve-ai/reeve"
)

// AppendFinding appends f as one JSON object, the same as encoding it by its tags would give. It is written out because
// data sets have millions of findings.
func AppendFinding(b []byte, f *reeve.Finding) []byte {
	return append(appendTail(appendPlace(b, f), f), '}')
}

// finder appends findings as AppendFinding does, and remembers what was the same in earlier ones.
type finder struct {
	forms map[string]*form
	path  written
	field written
}

// form is what is the same for all findings of a rule.
type form struct {
	kind, label, message, remedy string
	head, tail                   []byte
}

// written is a string with the member that was written for it.
type written struct {
	value string
	json  []byte
}

func (w *written) append(b []byte, name, value string) []byte {
	if value != w.value {
		w.value, w.json = value, appendMember(w.json[:0], name, value)
	}
	return append(b, w.json...)
}

func (e *finder) append(b []byte, f *reeve.Finding) []byte {
	t := e.forms[f.Rule]
	if t == nil || t.kind != f.Kind || t.label != f.Label || t.message != f.Message || t.remedy != f.Remedy {
		t = e.form(f)
	}
	b = append(b, t.head...)
	b = append(b, f.Severity.String()...)
	b = append(b, `","score":`...)
	b = appendScore(b, f.Score)
	b = e.path.append(b, "path", f.Path)
	b = appendNumber(b, "record", f.Record)
	b = e.field.append(b, "field", f.Field)
	b = appendRest(b, f)
	b = append(b, t.tail...)
	b = appendMember(b, "value", f.Value)
	b = appendMember(b, "explain", f.Explain)
	return append(b, '}')
}

func (e *finder) form(f *reeve.Finding) *form {
	if e.forms == nil {
		e.forms = map[string]*form{}
	}
	all := *f
	all.Value, all.Explain = "", ""
	t := &form{f.Kind, f.Label, f.Message, f.Remedy, appendHead(nil, f), appendTail(nil, &all)}
	e.forms[f.Rule] = t
	return t
}

// appendPlace appends the members of a finding that differ from one to the next.
func appendPlace(b []byte, f *reeve.Finding) []byte {
	b = appendHead(b, f)
	b = append(b, f.Severity.String()...)
	b = append(b, `","score":`...)
	b = appendScore(b, f.Score)
	b = appendMember(b, "path", f.Path)
	b = appendNumber(b, "record", f.Record)
	b = appendMember(b, "field", f.Field)
	return appendRest(b, f)
}

// appendHead appends rule and kind, and what stands before the severity.
func appendHead(b []byte, f *reeve.Finding) []byte {
	b = append(b, `{"rule":`...)
	b = appendString(b, f.Rule)
	b = append(b, `,"kind":`...)
	b = appendString(b, f.Kind)
	return append(b, `,"severity":"`...)
}

// appendRest appends the members from the line to the fingerprint.
func appendRest(b []byte, f *reeve.Finding) []byte {
	b = appendNumber(b, "line", f.Line)
	b = appendMember(b, "exchange", f.Exchange)
	b = appendMember(b, "channel", f.Channel)
	b = append(b, `,"start":`...)
	b = strconv.AppendInt(b, int64(f.Start), 10)
	b = append(b, `,"end":`...)
	b = strconv.AppendInt(b, int64(f.End), 10)
	b = appendMember(b, "in", f.In)
	return appendMember(b, "fingerprint", f.Fingerprint)
}

func appendTail(b []byte, f *reeve.Finding) []byte {
	b = appendMember(b, "label", f.Label)
	b = appendMember(b, "message", f.Message)
	b = appendMember(b, "remedy", f.Remedy)
	b = appendMember(b, "value", f.Value)
	return appendMember(b, "explain", f.Explain)
}

func appendMember(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":`...)
	return appendString(b, value)
}

func appendNumber(b []byte, name string, n int) []byte {
	if n == 0 {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":`...)
	return strconv.AppendInt(b, int64(n), 10)
}

// appendScore writes hundredths without the search for the shortest decimal.
func appendScore(b []byte, score float64) []byte {
	n := int(score*100 + 0.5)
	if n <= 0 || n >= 100 || float64(n)/100 != score {
		return strconv.AppendFloat(b, score, 'f', -1, 64)
	}
	b = append(b, '0', '.', '0'+byte(n/10))
	if n%10 > 0 {
		b = append(b, '0'+byte(n%10))
	}
	return b
}

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string (RFC 8259 section 7). Invalid UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	if plainText(s) {
		return append(append(b, s...), '"')
	}
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[from:i]...), "\uFFFD"...)
				i++
				from = i
				continue
			}
			i += size
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}

// plainText reports whether s is ASCII that stands in JSON as it is.
func plainText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
