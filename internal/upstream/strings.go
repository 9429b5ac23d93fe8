package upstream

import (
	"unicode/utf16"
	"unicode/utf8"
)

// plain marks the bytes that stand for themselves inside a JSON string.
var plain = func() (t [256]bool) {
	for c := 0x20; c < 256; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// scanString finds the closing quote of a string whose content starts at b[0]. n is its offset, or where reading failed
// with the given reason.
func scanString(b []byte) (n int, escaped bool, reason string) {
	for n < len(b) {
		if plain[b[n]] {
			n++
			continue
		}
		switch b[n] {
		case '"':
			return n, escaped, ""
		case '\\':
			escaped = true
			size, why := escapeLen(b[n:])
			if why != "" {
				return n, true, why
			}
			n += size
		default:
			return n, escaped, "control character in a string"
		}
	}
	return n, escaped, "unexpected end"
}

// escapeLen is the length of the escape sequence at b[0], both halves of a surrogate pair included.
func escapeLen(b []byte) (n int, reason string) {
	if len(b) < 2 {
		return 0, "unexpected end"
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, ""
	case 'u':
		r, ok := hex4(b[2:])
		if !ok {
			return 0, "expected four hexadecimal digits"
		}
		if !utf16.IsSurrogate(r) {
			return 6, ""
		}
		if len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
			if low, ok := hex4(b[8:]); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
				return 12, ""
			}
		}
		return 0, "unpaired surrogate"
	}
	return 0, "unknown escape"
}

func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// unescape appends the decoded form of raw, which scanString has accepted.
func unescape(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' {
			j := i + 1
			for j < len(raw) && raw[j] != '\\' {
				j++
			}
			dst = append(dst, raw[i:j]...)
			i = j
			continue
		}
		switch raw[i+1] {
		case 'u':
			r, _ := hex4(raw[i+2:])
			i += 6
			if utf16.IsSurrogate(r) {
				low, _ := hex4(raw[i+2:])
				r = utf16.DecodeRune(r, low)
				i += 6
			}
			dst = utf8.AppendRune(dst, r)
			continue
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		default:
			dst = append(dst, raw[i+1])
		}
		i += 2
	}
	return dst
}

const hexDigits = "0123456789abcdef"

// AppendQuoted appends text as the inside of a JSON string, without quotes. Invalid UTF-8 becomes U+FFFD.
func AppendQuoted(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c < utf8.RuneSelf && plain[c]:
			j := i + 1
			for j < len(text) && text[j] < utf8.RuneSelf && plain[text[j]] {
				j++
			}
			dst = append(dst, text[i:j]...)
			i = j
			continue
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(text[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		case c == '"', c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
	}
	return dst
}

// StringContent reports whether raw could stand between the quotes of a JSON string as it is, and whether it has escapes.
func StringContent(raw []byte) (escaped, ok bool) {
	for n := 0; n < len(raw); {
		if plain[raw[n]] {
			n++
			continue
		}
		if raw[n] != '\\' {
			return escaped, false
		}
		size, why := escapeLen(raw[n:])
		if why != "" {
			return true, false
		}
		escaped = true
		n += size
	}
	return escaped, true
}

// AppendUnquoted appends the decoded form of raw, the content of a JSON string that StringContent has accepted.
func AppendUnquoted(dst, raw []byte) []byte { return unescape(dst, raw) }
