package dataset

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// closing returns the position of the quote that closes the JSON string which goes on at i, or -1, and whether there
// are escapes before it.
func closing(text []byte, i int) (end int, escaped bool) {
	quote := -1
	for {
		if quote < i {
			q := bytes.IndexByte(text[i:], '"')
			if q < 0 {
				return -1, escaped
			}
			quote = i + q
		}
		b := bytes.IndexByte(text[i:quote], '\\')
		if b < 0 {
			return quote, escaped
		}
		escaped = true
		if i += b + 2; i > len(text) {
			return -1, true
		}
	}
}

// unescape appends the text of a JSON string from i on, up to the quote that closes it or the first character at or behind
// limit. It returns where it stopped, and false for an escape that there is not.
func unescape(dst, text []byte, i, limit int) ([]byte, int, bool) {
	limit = min(limit, len(text))
	for limit < len(text) && limit > 0 && !utf8.RuneStart(text[limit]) {
		limit++
	}
	for i < limit {
		run := text[i:limit]
		if n := special(run); n != 0 {
			dst = append(dst, run[:n]...)
			i += n
			continue
		}
		if text[i] == '"' {
			break
		}
		r, n := escape(text[i:])
		if n == 0 {
			return dst, i, false
		}
		dst = utf8.AppendRune(dst, r)
		i += n
	}
	return dst, i, true
}

// decodeString appends the text of the JSON string that goes on at i, up to the quote that closes it, and returns where that
// is: -1 if it is not there or an escape is none. It reads and writes eight bytes at a time.
func decodeString(dst, text []byte, i int) (out []byte, end int, escaped bool) {
	const ones, quotes, backs = 0x0101010101010101, '"' * 0x0101010101010101, '\\' * 0x0101010101010101
	for i+8 <= len(text) {
		x := binary.LittleEndian.Uint64(text[i : i+8])
		q, b := x^quotes, x^backs
		hit := ((q-ones)&^q | (b-ones)&^b) & (ones << 7)
		dst = binary.LittleEndian.AppendUint64(dst, x)
		if hit == 0 {
			i += 8
			continue
		}
		n := bits.TrailingZeros64(hit) / 8
		dst = dst[:len(dst)-8+n]
		if i += n; text[i] == '"' {
			return dst, i, escaped
		}
		escaped = true
		r, n := escape(text[i:])
		if n == 0 {
			return dst, -1, true
		}
		if r < utf8.RuneSelf {
			dst = append(dst, byte(r))
		} else {
			dst = utf8.AppendRune(dst, r)
		}
		i += n
	}
	end, more := closing(text, i)
	if end < 0 {
		return dst, -1, escaped || more
	}
	dst, ok := unescapeAll(dst, text[i:end])
	if !ok {
		return dst, -1, true
	}
	return dst, end, escaped || more
}

// unescapeAll appends the text of a whole JSON string without its quotes.
func unescapeAll(dst, raw []byte) ([]byte, bool) {
	for {
		b := bytes.IndexByte(raw, '\\')
		if b < 0 {
			return append(dst, raw...), true
		}
		dst = append(dst, raw[:b]...)
		r, n := escape(raw[b:])
		if n == 0 {
			return dst, false
		}
		if r < utf8.RuneSelf {
			dst = append(dst, byte(r))
		} else {
			dst = utf8.AppendRune(dst, r)
		}
		raw = raw[b+n:]
	}
}

// special returns the position of the first quote or backslash, or the length.
func special(run []byte) int {
	n := len(run)
	if b := bytes.IndexByte(run, '\\'); b >= 0 {
		n = b
	}
	if q := bytes.IndexByte(run[:n], '"'); q >= 0 {
		n = q
	}
	return n
}

// escape decodes the escape at the beginning of text. Its length is 0 if there is no such escape. An unpaired surrogate
// becomes U+FFFD.
func escape(text []byte) (rune, int) {
	if len(text) < 2 {
		return 0, 0
	}
	switch text[1] {
	case '"', '\\', '/':
		return rune(text[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
	default:
		return 0, 0
	}
	r, ok := hex4(text[2:])
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(text) >= 12 && text[6] == '\\' && text[7] == 'u' {
		if low, ok := hex4(text[8:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 12
			}
		}
	}
	return utf8.RuneError, 6
}

func hex4(text []byte) (rune, bool) {
	if len(text) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range text[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// appendEscaped appends text as it stands within a JSON string.
func appendEscaped(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
