package detect

import (
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
			Description: "e-mail address (RFC 5321 and 6531) under a known top-level domain, also spelled name [at] host [dot] tld; reserved domains (RFC 2606) score lower",
			Positives: []string{
				"write to jane.doe@example.org today", "<jane@example.org>", "mail: j+tag@sub.example.co.uk.",
				"Then jane.doe@example.org wrote", "42@example.net", "contact hans.müller@example.de", "user_1@xn--bcher-kva.example",
				"E-Mail an kontakt@bücher.example", "a@b.io", "\"mailto:max@example.com\"", "cc:first-last@example.museum,",
				"jane.doe [at] example [dot] org", "jane (at) mail.example.org", "jane[at]example(dot)co(dot)uk", "почта: иван@пример.рф", "jane@mail.corp.test",
			},
			Negatives: []string{
				"logo@2x.png", "uses: actions/checkout@v4", "@scope/package", "git@github.com:org/repo.git", "user@localhost",
				"react@18.2.0", "a @ b.com", "me@.com", "me@-x.com", "foo@bar", "x@y.1", "main@{upstream}.x", "icon@3x.jpg", "jane@example.zzzz", "look [at] this. dot it", "a[at].b", "pool (at) home", "user@host.lock",
			},
		},
		on: []entry{{bytes: "@", find: findEmail}, {bytes: "[(", next: " aA@", late: true, find: findSpelledEmail}},
	}
}

// findEmail is called at an "@" and looks to both sides.
func findEmail(w *window, at int) hit {
	run := w.localRun(at)
	if run == at || at-run > maxLocal {
		return hit{}
	}
	start := w.localStart(run, at)
	end, score := w.domain(at + 1)
	if w.touched {
		w.lead = start
		return hit{}
	}
	if end == 0 || at-run == 3 && string(w.b[run:at]) == "git" && w.at(end) == ':' {
		w.lead = start
		return hit{}
	}
	return hit{start: start, end: end, score: score}
}

// emailHold returns the start of the local part that the text ends with, as far as it would be part of a match, or the
// end of the text if there is none.
func (w *window) emailHold() int {
	end := len(w.b)
	tail := end - partialRune(w.b)
	run := w.localRun(tail)
	if run == end && !w.early {
		end = w.spaced(end) // "name [at] host" may follow
		run = w.localRun(end)
	}
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
	if !w.early {
		for run < end && (w.b[run] == '.' || w.b[run] == '-') {
			run++
		}
		return run
	}
	if i == run || w.cued(run) {
		return run
	}
	for i < end && w.b[i] == '.' {
		i++
	}
	return i
}

// domain returns the end of the domain that starts at i, two labels or more under a top-level domain, and how sure it
// is that the domain can receive mail. It returns 0 if there is none.
func (w *window) domain(i int) (end int, score float32) {
	start, before := i, span{}
	for labels := 1; i-start <= maxDomain; labels++ {
		j := w.label(i)
		if j == i || j-i > maxLabel || w.b[i] == '-' {
			break
		}
		last := j
		for w.b[last-1] == '-' {
			last--
		}
		if labels > 1 {
			if s := w.topScore(before, i, last); s > 0 {
				end, score = last, s
			}
		}
		if last < j || w.at(j) != '.' {
			break
		}
		before, i = span{i, j}, j+1
	}
	return end, score
}

// topScore says how sure a domain is whose last label lies from i to end, 0 if it is none.
func (w *window) topScore(before span, i, end int) float32 {
	known, reserved := topLevelOf(w.b[i:end])
	switch {
	case reserved, known && anyOf(w.b[before.from:before.to], "example") && anyOf(w.b[i:end], "com", "net", "org", "edu"): // RFC 2606, section 3
		return 0.5
	case known:
		return 0.95
	}
	return 0
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
