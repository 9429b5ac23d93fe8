package console

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// visible makes a text safe to look at: what a browser would not show, or would show in another order or place, stands there
// as what it is (⟨U+202E⟩). HTML is no matter here: the templates write everything as text.
func visible(s string) string {
	clean := true
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\n' && c != '\t' || c >= 0x7f {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			b.WriteString("⟨" + strings.ToUpper(strconv.FormatUint(uint64(s[i]), 16)) + "⟩") // a byte that is no text
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case r == '\u001b':
			b.WriteString("␛")
		case hidden(r):
			b.WriteString("⟨U+")
			b.WriteString(strings.ToUpper(pad(strconv.FormatInt(int64(r), 16))))
			b.WriteString("⟩")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func pad(hex string) string { return strings.Repeat("0", max(0, 4-len(hex))) + hex }

// hidden are characters without a look of their own that change how others look: controls, the bidirectional ones among them
// (Unicode Technical Report 36, section 2.5), tags and fillers. A joiner between emoji stays.
func hidden(r rune) bool {
	switch {
	case r == '\u200d' || r == '\ufe0f' || r == '\u200c':
		return false
	case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r):
		return true
	case r == '\u2028', r == '\u2029', r == '\u3164', r == '\u115f', r == '\u1160', r == '\uffa0':
		return true
	case r >= 0xE0000 && r <= 0xE0FFF:
		return true
	}
	return false
}

// maxShown bounds a text on a page, in bytes; the whole of it can be downloaded.
const maxShown = 128 << 10

// shown is a text on a page.
type shown struct {
	Text  string
	Cut   int    // bytes that are not on the page
	Turns []turn // of a conversation, where it is one
}

// lines prepares a text for a page.
func lines(s string) shown {
	out := shown{}
	if len(s) > maxShown {
		out.Cut = len(s) - maxShown
		s = strings.ToValidUTF8(s[:maxShown], "")
	}
	out.Text = visible(s)
	return out
}

// short cuts a text for a table.
func short(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// stamp is a time for people, in UTC.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// number is a count with thin spaces between thousands.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}
