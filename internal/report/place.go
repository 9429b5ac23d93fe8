package report

import (
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/reeve-ai/reeve"
)

// outer is the file that the reader can open: an archive's member follows "!/".
func outer(p string) (file, member string) {
	file, member, _ = strings.Cut(p, "!/")
	return file, member
}

// logical says where in the file the finding stands in words: member, record, field.
func logical(f *reeve.Finding) string {
	_, member := outer(f.Path)
	var parts []string
	if member != "" {
		parts = append(parts, member)
	}
	if f.Record > 0 {
		parts = append(parts, "record "+strconv.Itoa(f.Record))
	}
	if f.Field != "" {
		parts = append(parts, f.Field)
	}
	return strings.Join(parts, "/")
}

// uri is a path as RFC 3986 wants it: relative ones stay relative.
func uri(p string) string {
	p = strings.ReplaceAll(p, "\\", "/")
	if strings.HasPrefix(p, "/") {
		return (&url.URL{Scheme: "file", Path: path.Clean(p)}).String()
	}
	return (&url.URL{Path: path.Clean(p)}).String()
}

// printable is s without control characters, so that a name of a file or field can neither move a terminal's cursor nor
// begin a line of its own.
func printable(s string) string {
	clean := func(r rune) rune {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '\uFFFD'
		}
		return r
	}
	return strings.Map(clean, s)
}
