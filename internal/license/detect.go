package license

import (
	"bytes"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// maxScan bounds the text in which licences are looked for, in bytes: licence texts are shorter than 200 KiB.
const maxScan = 1 << 20

// Found is a licence that a text shows.
type Found struct {
	ID      string // SPDX identifier, LicenseRef of the table, or a LicenseRef-scan- name where the SPDX list has none
	By      string // "text", "title", "link" or "identifier"
	Start   int    // bytes of the text
	End     int
	Percent float64 // how much of the whole text licences cover; 0 for identifiers
}

// IsName reports whether a file is one in which projects state their licence (LICENSE, COPYING, NOTICE … with any
// ending).
func IsName(path string) bool {
	return namedLike(path, []string{"LICENSE", "LICENCE", "LICENSES", "LICENCES", "COPYING", "COPYRIGHT", "UNLICENSE", "NOTICE"})
}

// InText finds licences in a file that states them: known texts and their links, titles of the table's own licences and
// SPDX tags. The result is in the order of the text.
func InText(text []byte) []Found {
	text = text[:min(len(text), maxScan)]
	found := InTags(text)
	for _, l := range Table() {
		for _, m := range l.Markers {
			if i := indexFold(text, m); i >= 0 {
				found = append(found, Found{ID: l.SPDX, By: "title", Start: i, End: i + len(m)})
				break
			}
		}
	}
	cover := licensecheck.Scan(text)
	for _, m := range cover.Match {
		f := Found{ID: scanID(m.ID, text), By: "text", Start: m.Start, End: m.End, Percent: cover.Percent}
		if m.IsURL {
			f.By = "link"
		}
		found = append(found, f)
	}
	slices.SortStableFunc(found, func(a, b Found) int { return a.Start - b.Start })
	return found
}

// scanID turns the scanner's names into SPDX identifiers: it has some that SPDX does not know, and leaves "only" and
// "or later" open where the text does.
func scanID(id string, text []byte) string {
	if s, known := Listed(id); known {
		return s
	}
	switch id {
	case "GPL-Header", "AGPL-Header", "LGPL-Header":
		return strings.TrimSuffix(id, "-Header") + "-3.0-only"
	}
	for _, end := range []string{"-Header", "-Short", "-NoWarranty", "-Notice"} {
		if s, known := Listed(strings.TrimSuffix(id, end)); known {
			return s
		}
	}
	name := strings.Map(func(r rune) rune {
		if isIDString(string(r)) {
			return r
		}
		return '-'
	}, id)
	return "LicenseRef-scan-" + name
}

// indexFold is the place of an ASCII phrase, without regard to case and to how words are spaced.
func indexFold(text []byte, phrase string) int {
	words := strings.Fields(phrase)
	for at := 0; at < len(text); {
		i := foldIndex(text[at:], words[0])
		if i < 0 {
			return -1
		}
		start := at + i
		end := start + len(words[0])
		ok := true
		for _, w := range words[1:] {
			rest := text[end:]
			gap := len(rest) - len(bytes.TrimLeft(rest, " \t\r\n"))
			if gap == 0 || len(rest)-gap < len(w) || !strings.EqualFold(string(rest[gap:gap+len(w)]), w) {
				ok = false
				break
			}
			end += gap + len(w)
		}
		if ok {
			return start
		}
		at = start + 1
	}
	return -1
}

func foldIndex(text []byte, word string) int {
	first := word[0] | 0x20
	for i := 0; i+len(word) <= len(text); i++ {
		if text[i]|0x20 == first && strings.EqualFold(string(text[i:i+len(word)]), word) {
			return i
		}
	}
	return -1
}

const tag = "SPDX-License-Identifier:"

// InTags finds SPDX tags ("SPDX-License-Identifier: EXPRESSION", SPDX Specification 2.3 Annex E) in source code and
// documents. The expression's own text is the ID; one that cannot be read is left out.
func InTags(text []byte) []Found {
	text = text[:min(len(text), maxScan)]
	var found []Found
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte(tag))
		if i < 0 {
			return found
		}
		start := at + i
		line, _, _ := bytes.Cut(text[start+len(tag):], []byte("\n"))
		at = start + len(tag) + len(line)
		value := strings.TrimSpace(string(line))
		for _, end := range []string{"*/", "-->", "--%>", "#}", "\"\"\"", "*)"} {
			value = strings.TrimSpace(strings.TrimSuffix(value, end))
		}
		if e, err := Parse(value); err == nil {
			found = append(found, Found{ID: e.String(), By: "identifier", Start: start, End: at})
		}
	}
}

// Expression joins what a file shows to one expression, or "" where it shows nothing: texts that stand together apply
// together. A link or a title beside the whole text of the same licence adds nothing.
func Expression(found []Found) string {
	var ids []string
	add := func(id string) {
		if _, err := Parse(id); err == nil && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, by := range []string{"title", "text", "identifier", "link"} {
		if by == "link" && len(ids) > 0 {
			break
		}
		for _, f := range found {
			if f.By == by && !(by == "text" && supersededByTitle(f, found)) && !(by == "identifier" && quoted(f, found)) {
				add(f.ID)
			}
		}
	}
	for i, id := range ids {
		if e, err := Parse(id); err == nil && e.op == or && len(ids) > 1 {
			ids[i] = "(" + id + ")"
		}
	}
	return strings.Join(ids, " AND ")
}

// supersededByTitle: inside the text of a licence of the table, pieces of others (an Apache header that it borrowed) are
// no licences of their own.
func supersededByTitle(f Found, found []Found) bool {
	return f.Percent < 75 && slices.ContainsFunc(found, func(t Found) bool { return t.By == "title" })
}

// quoted: a tag inside the text of a licence tells how to apply that licence.
func quoted(f Found, found []Found) bool {
	return slices.ContainsFunc(found, func(t Found) bool { return t.By == "text" && t.Start <= f.Start && f.End <= t.End })
}

// Same reports whether two expressions name the same licences, whatever their order and spelling. The forms -only and
// bare of GNU licences are one, because a copy of the text cannot tell them apart.
func Same(a, b string) bool {
	x, errA := Parse(a)
	y, errB := Parse(b)
	if errA != nil || errB != nil {
		return errA != nil && errB != nil
	}
	return slices.Equal(families(x), families(y))
}

func families(e *Expr) []string {
	var ids []string
	for _, id := range e.IDs() {
		id = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(id, "+"), "-only"), "-or-later")
		ids = append(ids, strings.ToLower(id))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
