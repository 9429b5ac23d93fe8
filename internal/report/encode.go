package report

import (
	"strconv"
	"unicode/utf8"

	"github.com/reeve-ai/reeve"
)

// AppendFinding appends f as one JSON object, the same as encoding it by its tags would give. It is written out because
// data sets have millions of findings.
func AppendFinding(b []byte, f *reeve.Finding) []byte {
	b = append(b, `{"rule":`...)
	b = appendString(b, f.Rule)
	b = append(b, `,"kind":`...)
	b = appendString(b, f.Kind)
	b = append(b, `,"severity":"`...)
	b = append(b, f.Severity.String()...)
	b = append(b, `","score":`...)
	b = strconv.AppendFloat(b, f.Score, 'f', -1, 64)
	b = appendMember(b, "path", f.Path)
	b = appendNumber(b, "record", f.Record)
	b = appendMember(b, "field", f.Field)
	b = appendNumber(b, "line", f.Line)
	b = appendMember(b, "exchange", f.Exchange)
	b = appendMember(b, "channel", f.Channel)
	b = append(b, `,"start":`...)
	b = strconv.AppendInt(b, int64(f.Start), 10)
	b = append(b, `,"end":`...)
	b = strconv.AppendInt(b, int64(f.End), 10)
	b = appendMember(b, "in", f.In)
	b = appendMember(b, "fingerprint", f.Fingerprint)
	b = appendMember(b, "label", f.Label)
	b = appendMember(b, "message", f.Message)
	b = appendMember(b, "remedy", f.Remedy)
	b = appendMember(b, "value", f.Value)
	return append(b, '}')
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

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string (RFC 8259 section 7). Invalid UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
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
