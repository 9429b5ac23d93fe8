package detect

import (
	"strings"
	"testing"
	"unsafe"
)

// hostile returns texts of about n bytes that make recognisers look far.
func hostile(n int) map[string]string {
	fill := func(s string) string { return strings.Repeat(s, n/len(s)+1)[:n] }
	const pem = "-----BEGIN PRIVATE KEY-----\n"
	return map[string]string{
		"at signs": fill("@"), "local parts": fill("a.b-c_d+e"), "labels": fill("a@b.c.d.e."), "addresses": fill("a@a.aa@"), "digits": fill("4"),
		"groups": fill("41 "), "cards": fill("4111 "), "brackets": fill("("), "bracketed": fill("(12)"), "plus": fill("+1"), "colons": fill(":"),
		"times": fill("12:"), "hex": fill("fe:"), "urls": fill("a://"), "userinfo": fill("a://b:"), "long userinfo": "a://" + fill("b:"),
		"pem": pem + fill("A"), "pem lines": pem + fill("ABCDEFGHIJKLMNOPQRSTUVWX\n"), "pem gaps": pem + fill("ABCDEFGHIJKLMNOPQRSTUVWX"+strings.Repeat(" ", 60)),
		"pem headers": pem + fill("Version: 1\n"), "pem begins": fill(pem), "dashes": fill("-"), "pem blanks": pem + fill(" "),
		"jwt": "eyJhbGciOiJIUzI1NiJ9." + fill("A"), "jwt starts": fill("eyJ.eyJ"), "jwt header": "eyJ" + fill("A"), "tokens": fill("sk-proj-"),
		"long token": "sk-proj-" + fill("aB3"), "letters": fill("x"), "words": fill("mail "), "cues": fill("mail@ "), "loud": fill("a"), "quotes": fill("q"),
		"slack": fill("xoxb-1234567890-"), "iban": fill("DE89 "), "utf8": fill("é"), "invalid": fill("\xe4"), "prose": fill(prose), "mixed": string(mixed(n))[:n],
	}
}

// TestTimeIsLinear counts the bytes that recognisers read, on texts of two sizes and fed byte by byte: the steps for
// one byte stay under a bound and do not grow with the text.
func TestTimeIsLinear(t *testing.T) {
	const small, large, perByte = 4 << 10, 24 << 10, 400
	e := everything(t)
	short, long := hostile(small), hostile(large)
	for name := range short {
		a, b := steps(e, short[name]), steps(e, long[name])
		if b > perByte*large {
			t.Errorf("%s: %d steps for each byte, want at most %d", name, b/large, perByte)
		}
		if b > a*large/small*3/2 {
			t.Errorf("%s: %d steps for %d bytes, %d for %d", name, a, small, b, large)
		}
		t.Logf("%-14s %5d steps per byte", name, b/large)
	}
}

func steps(e *Engine, text string) int {
	s := e.NewStream()
	for i := range len(text) {
		s.Feed([]byte(text[i : i+1]))
	}
	s.End()
	return s.s.w.steps
}

// TestStreamMemory checks what one stream takes when nothing is held, and at most.
func TestStreamMemory(t *testing.T) {
	if size := unsafe.Sizeof(Stream{}); size > 1280 {
		t.Errorf("an idle stream takes %d bytes, want at most 1280", size)
	}
	e := everything(t)
	for name, text := range hostile(24 << 10) {
		s := e.NewStream()
		for i := 0; i < len(text); i += 7 {
			_, safe := s.Feed([]byte(text[i:min(i+7, len(text))]))
			if held := s.Len() - safe; held > maxPEM+8 {
				t.Fatalf("%s: %d bytes held", name, held)
			}
		}
		if c := cap(s.s.w.b); c > 4*maxPEM {
			t.Errorf("%s: buffer of %d bytes", name, c)
		}
		if len(s.s.pending) > 300 {
			t.Errorf("%s: %d candidates pending", name, len(s.s.pending))
		}
	}
}

// TestFeedDoesNotAllocate feeds benign tokens.
func TestFeedDoesNotAllocate(t *testing.T) {
	e := mustNew(t, Options{Rules: ruleIDs(), Literals: testLiterals})
	s := e.NewStream()
	token := []byte(" parcel")
	if n := testing.AllocsPerRun(1000, func() { s.Feed(token) }); n != 0 {
		t.Errorf("%v allocations per token", n)
	}
}
