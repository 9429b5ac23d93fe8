package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	Path    string // of the key, such as gateway.upstreams[0].url; "" for the text itself
	Line    int    // 1-based; 0 where it does not come from the file
	Column  int    // 1-based, in characters
	Excerpt string // the line, without what may be a secret
	Message string
	Hint    string

	private bool // the value must not be shown
}

// Problems is the error of a configuration that cannot be used. It lists everything that is wrong.
type Problems struct {
	File string
	List []Problem
}

// Error writes each problem as "file:line:column: key: message" with the line, a caret and a hint below.
func (p *Problems) Error() string {
	var b strings.Builder
	for i := range p.List {
		if i > 0 {
			b.WriteByte('\n')
		}
		p.List[i].write(&b, p.File)
	}
	return b.String()
}

func (p *Problem) write(b *strings.Builder, file string) {
	if file == "" {
		file = "configuration"
	}
	b.WriteString(file)
	if p.Line > 0 {
		fmt.Fprintf(b, ":%d:%d", p.Line, p.Column)
	}
	if p.Path != "" {
		b.WriteString(": " + p.Path)
	}
	b.WriteString(": " + p.Message)
	if p.Excerpt != "" {
		fmt.Fprintf(b, "\n%5d | %s", p.Line, p.Excerpt)
		if p.Column > 0 && p.Column <= utf8.RuneCountInString(p.Excerpt) {
			b.WriteString("\n      | " + strings.Repeat(" ", p.Column-1) + "^")
		}
	}
	if p.Hint != "" {
		b.WriteString("\n        " + p.Hint)
	}
}

// report gives every problem its line, puts them in the order of the file and drops repeats of one place.
func (d *decoder) report(file string) *Problems {
	lines := strings.Split(string(d.text), "\n")
	for i := range d.problems {
		if p := &d.problems[i]; p.Line > 0 && p.Line <= len(lines) {
			p.Excerpt = excerpt(lines[p.Line-1], p)
		}
	}
	slices.SortStableFunc(d.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return &Problems{File: file, List: d.problems}
}

var (
	keyed = regexp.MustCompile(`^[ \t]*(?:- +)?["']?[A-Za-z0-9_.-]{1,64}["']?[ \t]*:`)
	// hushed are keys below which people put secrets, rightly or wrongly.
	hushed = regexp.MustCompile(`(?i)(?:key|secret|token|pass|auth|credential|root|url)[A-Za-z0-9_.-]*["']?[ \t]*:`)
)

// excerpt is the part of the line that may be shown: the key always, the value only where it cannot be a secret.
func excerpt(line string, p *Problem) string {
	line = strings.ToValidUTF8(strings.TrimRight(line, "\r"), "\uFFFD")
	key := keyed.FindString(line)
	if key == "" && (p.Path == "" || p.private || hushed.MatchString(line)) {
		return "" // no key to show: the line may be anything, such as a piece of a pasted certificate
	}
	if len(line) > len(key) && (p.private || hushed.MatchString(line)) {
		return key + " …"
	}
	const widest = 120
	if utf8.RuneCountInString(line) > widest {
		line = string([]rune(line)[:widest]) + "…"
	}
	return strings.ReplaceAll(line, "\t", " ")
}
