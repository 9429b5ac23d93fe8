package dataset

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// charset is how the bytes of a text file stand for characters.
type charset uint8

const (
	utf8Text charset = iota // invalid bytes become U+FFFD, each for itself
	utf16LE
	utf16BE
	windows1252 // and Latin-1, whose printable characters are a subset
)

// sniffCharset guesses the charset from the beginning of a file and returns the length of its byte order mark.
func sniffCharset(head []byte) (charset, int) {
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return utf8Text, 3
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return utf16LE, 2
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return utf16BE, 2
	}
	if c, ok := sniffUTF16(head); ok {
		return c, 0
	}
	if looksLikeUTF8(head) {
		return utf8Text, 0
	}
	return windows1252, 0
}

// sniffUTF16 recognises UTF-16 without a byte order mark by the zero bytes that its Latin letters leave on one side.
func sniffUTF16(head []byte) (charset, bool) {
	var zeros [2]int
	n := min(len(head), 4096) &^ 1
	for i, b := range head[:n] {
		if b == 0 {
			zeros[i&1]++
		}
	}
	switch {
	case n < 8:
	case zeros[1]*5 > n && zeros[0]*20 < zeros[1]:
		return utf16LE, true
	case zeros[0]*5 > n && zeros[1]*20 < zeros[0]:
		return utf16BE, true
	}
	return utf8Text, false
}

// looksLikeUTF8 tells UTF-8 in which some bytes are wrong from a one-byte charset: the latter rarely forms a sequence
// that UTF-8 allows.
func looksLikeUTF8(head []byte) bool {
	good, bad := 0, 0
	for i := 0; i < len(head); {
		if head[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(head[i:])
		switch {
		case r != utf8.RuneError || n > 1:
			good++
		case utf8.FullRune(head[i:]):
			bad++
		}
		i += n
	}
	return bad == 0 || good >= bad
}

// next decodes the first character of raw, which is not empty. Its length is 0 if raw ends within the character.
func (c charset) next(raw []byte) (rune, int) {
	switch c {
	case utf8Text:
		if !utf8.FullRune(raw) {
			return utf8.RuneError, 0
		}
		return utf8.DecodeRune(raw)
	case windows1252:
		return charmap.Windows1252.DecodeByte(raw[0]), 1
	}
	if len(raw) < 2 {
		return utf8.RuneError, 0
	}
	r := rune(c.unit(raw))
	if !utf16.IsSurrogate(r) {
		return r, 2
	}
	if r < 0xdc00 {
		if len(raw) < 4 {
			return utf8.RuneError, 0
		}
		if pair := utf16.DecodeRune(r, rune(c.unit(raw[2:]))); pair != utf8.RuneError {
			return pair, 4
		}
	}
	return utf8.RuneError, 2
}

func (c charset) unit(raw []byte) uint16 {
	if c == utf16LE {
		return uint16(raw[0]) | uint16(raw[1])<<8
	}
	return uint16(raw[1]) | uint16(raw[0])<<8
}

// encode appends text in the charset. A character that the charset lacks becomes a question mark.
func (c charset) encode(dst, text []byte) []byte {
	if c == utf8Text {
		return append(dst, text...)
	}
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		text = text[n:]
		if c == windows1252 {
			b, ok := charmap.Windows1252.EncodeRune(r)
			if !ok {
				b = '?'
			}
			dst = append(dst, b)
			continue
		}
		for _, u := range utf16.AppendRune(nil, r) {
			if c == utf16LE {
				dst = append(dst, byte(u), byte(u>>8))
			} else {
				dst = append(dst, byte(u>>8), byte(u))
			}
		}
	}
	return dst
}
