package detect

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxLocal  = 64  // RFC 5321, section 4.5.3.1.1
	maxDomain = 255 // RFC 5321, section 4.5.3.1.2
	maxLabel  = 63  // RFC 1035, section 2.3.4
)

func emailRule() builtin {
	return builtin{
		Rule: Rule{
			ID: "pii/email", Kind: KindEmail, Severity: Medium,
			Description: "e-mail address (RFC 5321 and 6531), without quoted local parts and address literals",
			Positives: []string{
				"write to jane.doe@example.org today", "<jane@example.org>", "mail: j+tag@sub.example.co.uk.",
				"Then jane.doe@example.org wrote", "42@example.net", "contact hans.müller@example.de", "user_1@xn--bcher-kva.example",
				"E-Mail an kontakt@bücher.example", "a@b.io", "\"mailto:max@example.com\"", "cc:first-last@example.museum,",
			},
			Negatives: []string{
				"logo@2x.png", "uses: actions/checkout@v4", "@scope/package", "git@github.com:org/repo.git", "user@localhost",
				"react@18.2.0", "a @ b.com", "me@.com", "me@-x.com", "foo@bar", "x@y.1", "main@{upstream}.x", "icon@3x.jpg",
			},
		},
		on: []entry{{bytes: "@", find: findEmail}},
	}
}

// findEmail is called at an "@" and looks to both sides.
func findEmail(w *window, at int) hit {
	run := w.localRun(at)
	if run == at || at-run > maxLocal {
		return hit{}
	}
	start := w.localStart(run, at)
	end := w.domain(at + 1)
	if w.touched {
		w.lead = start
		return hit{}
	}
	if end == 0 || at-run == 3 && string(w.b[run:at]) == "git" && w.at(end) == ':' {
		w.lead = start
		return hit{}
	}
	return hit{start: start, end: end, score: 0.95}
}

// emailHold returns the start of the local part that the text ends with, as far as it would be part of a match, or the
// end of the text if there is none.
func (w *window) emailHold() int {
	end := len(w.b)
	tail := end - partialRune(w.b)
	run := w.localRun(tail)
	if end-run > maxLocal {
		return end
	}
	return min(w.localStart(run, end), end)
}

// partialRune returns how many bytes at the end of b begin a rune that is not complete.
func partialRune(b []byte) int {
	for n := 1; n <= min(3, len(b)); n++ {
		c := b[len(b)-n]
		if c < utf8.RuneSelf {
			return 0
		}
		if utf8.RuneStart(c) {
			if utf8.FullRune(b[len(b)-n:]) {
				return 0
			}
			return n
		}
	}
	return 0
}

// localRun returns the start of the run of local-part characters that ends before end; it looks at no more than one
// byte over the longest local part.
func (w *window) localRun(end int) int {
	i := end
	for i > 0 && end-i <= maxLocal {
		c := w.b[i-1]
		if classOf[c]&clLocal != 0 {
			i--
			continue
		}
		if c < utf8.RuneSelf {
			break
		}
		r, n := utf8.DecodeLastRune(w.b[:i])
		if !isAddressLetter(r) {
			break
		}
		i -= n
	}
	w.steps += end - i
	return i
}

// isAddressLetter reports whether a rune beyond ASCII can belong to an address: a letter of a script that puts spaces
// between words. Elsewhere the address would swallow the sentence before it.
func isAddressLetter(r rune) bool {
	return unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic)
}

// localStart says where the match of an address begins whose local part is the text from run to end. A local part that
// begins with letters is *cued* if the text before it announces an address: then the match is the whole local part.
// Otherwise the leading letters are a word like any other, released as soon as they arrive, together with the dots
// directly after them, so that the end of a sentence is not held either; the match begins at the next byte. What
// stands before decides alone, so that a stream, which does not know what follows, decides the same.
func (w *window) localStart(run, end int) int {
	i := run
	for i < end && (isLetter(w.b[i]) || w.b[i] >= utf8.RuneSelf) {
		i++
	}
	if i == run || !w.early || w.cued(run) {
		return run
	}
	for i < end && w.b[i] == '.' {
		i++
	}
	return i
}

// domain returns the end of the domain that starts at i: two labels or more, the last one a plausible top-level
// domain. It returns 0 if there is none.
func (w *window) domain(i int) int {
	end := 0
	start, labels := i, 0
	for i-start <= maxDomain {
		j := w.label(i)
		if j == i || j-i > maxLabel || w.b[i] == '-' {
			break
		}
		labels++
		last := j
		for w.b[last-1] == '-' {
			last--
		}
		if labels > 1 && isTopLevel(w.b[i:last]) {
			end = last
		}
		if last < j || w.at(j) != '.' {
			break
		}
		i = j + 1
	}
	return end
}

// label returns the end of the run of label characters at i.
func (w *window) label(i int) int {
	j := i
	for j-i <= maxLabel {
		c := w.at(j)
		if classOf[c]&(clAlnum|clDash) != 0 {
			j++
			continue
		}
		if c < utf8.RuneSelf {
			break
		}
		r, n := w.rune(j)
		if n == 0 || !isAddressLetter(r) {
			break
		}
		j += n
	}
	return j
}

// isTopLevel reports whether a label can be a top-level domain: letters (or punycode), and not the extension of a file
// that is often written after an "@".
func isTopLevel(label []byte) bool {
	if len(label) < 2 || len(label) > 24 {
		return false
	}
	if string(label[:min(4, len(label))]) == "xn--" {
		return len(label) > 4
	}
	for _, c := range label {
		if !isLetter(c) && c < utf8.RuneSelf {
			return false
		}
	}
	return !fileExtensions[strings.ToLower(string(label))]
}

var fileExtensions = map[string]bool{
	"png": true, "jpg": true, "jpeg": true, "gif": true, "svg": true, "webp": true, "ico": true, "bmp": true,
	"js": true, "mjs": true, "cjs": true, "ts": true, "jsx": true, "tsx": true, "css": true, "scss": true, "json": true,
	"html": true, "htm": true, "xml": true, "yml": true, "yaml": true, "toml": true, "txt": true,
	"java": true, "class": true, "php": true, "exe": true, "dll": true, "tgz": true, "gz": true, "pdf": true,
	"git": true, "lock": true, "service": true, "mount": true, "timer": true, "socket": true,
}
