package jinja

import (
	"strconv"
	"strings"
)

// unescape resolves the escapes of a string literal, which are those of Python's unicode_escape.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		k := strings.IndexByte(s, '\\')
		if k < 0 || k+1 == len(s) {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:k])
		s = s[k+1:]
		n := escape(&b, s)
		s = s[n:]
	}
	return b.String()
}

// escape writes what the escape at the beginning of s stands for, and returns its length behind the backslash.
func escape(b *strings.Builder, s string) int {
	digits := 0
	switch s[0] {
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	}
	if digits > 0 && len(s) > digits {
		if v, err := strconv.ParseUint(s[1:1+digits], 16, 32); err == nil {
			b.WriteRune(rune(v))
			return 1 + digits
		}
	}
	if s[0] >= '0' && s[0] <= '7' {
		n := 1
		for n < 3 && n < len(s) && s[n] >= '0' && s[n] <= '7' {
			n++
		}
		v, _ := strconv.ParseUint(s[:n], 8, 16)
		b.WriteRune(rune(v))
		return n
	}
	if s[0] == 'N' && len(s) > 1 && s[1] == '{' {
		if end := strings.IndexByte(s, '}'); end > 0 {
			b.WriteString(named(s[2:end]))
			return end + 1
		}
	}
	if k := strings.IndexByte("abfnrtv\\'\"\n", s[0]); k >= 0 {
		if s[0] != '\n' {
			b.WriteByte("\a\b\f\n\r\t\v\\'\""[k])
		}
		return 1
	}
	b.WriteByte('\\')
	b.WriteByte(s[0])
	return 1
}

// named are the characters by which a name could be hidden; others stand for a character that no name has.
func named(name string) string {
	switch strings.ToUpper(name) {
	case "LOW LINE", "SPACING UNDERSCORE":
		return "_"
	case "FULL STOP", "PERIOD":
		return "."
	}
	if letter, ok := strings.CutPrefix(strings.ToUpper(name), "LATIN SMALL LETTER "); ok && len(letter) == 1 {
		return strings.ToLower(letter)
	}
	return "\ufffd"
}
