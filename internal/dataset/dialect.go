package dataset

import (
	"bytes"
	"path"
	"strings"
)

// dialect is how a table is written as text. RFC 4180 is {delim: ','}.
type dialect struct {
	delim  byte
	slash  bool // a backslash escapes a quote; otherwise a quote is doubled
	header bool // the first row names the columns
	skip   int  // bytes before the first row: a line such as "sep=;"
}

// escapes reports whether text begins with two bytes that stand for the second of them within quotes.
func (d dialect) escapes(text []byte) bool {
	if len(text) < 2 {
		return false
	}
	if d.slash {
		return text[0] == '\\' && (text[1] == '"' || text[1] == '\\')
	}
	return text[0] == '"' && text[1] == '"'
}

// sniffRows is how many rows are looked at to tell a dialect.
const sniffRows = 100

// sniffDialect tells the dialect from the beginning of a table.
func sniffDialect(name string, head []byte, whole bool) dialect {
	d := dialect{delim: ',', slash: usesBackslash(head)}
	if first, _, ok := bytes.Cut(head, newline); ok && len(first) >= 5 && bytes.EqualFold(first[:4], []byte("sep=")) {
		d.delim, d.skip = first[4], len(first)+1
	} else {
		d.delim, _ = bestDelim(name, d, head, whole)
	}
	rows, _ := sampleRows(d, head[d.skip:], whole)
	d.header = hasHeader(rows)
	return d
}

// usesBackslash tells whether quotes within quotes are escaped by a backslash rather than doubled.
func usesBackslash(head []byte) bool {
	slash, doubled := 0, 0
	for i := bytes.IndexByte(head, '"'); i >= 0 && i+1 < len(head); {
		if i > 0 && head[i-1] == '\\' && isWordByte(head[i+1]) {
			slash++
		}
		if head[i+1] == '"' && i > 0 && isWordByte(head[i-1]) {
			doubled++
		}
		n := bytes.IndexByte(head[i+1:], '"')
		if n < 0 {
			break
		}
		i += 1 + n
	}
	return slash > doubled
}

func isWordByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c >= 0x80 || c == ' '
}

// bestDelim returns the delimiter that divides most rows into the same number of fields, and how well it does: the share
// of such rows if they have more than one field, or 0.
func bestDelim(name string, d dialect, head []byte, whole bool) (byte, float64) {
	best, most, columns := byte(','), 0.0, 0
	if ext := strings.ToLower(path.Ext(name)); ext == ".tsv" || ext == ".tab" {
		best = '\t'
	}
	for _, delim := range []byte{',', '\t', ';', '|'} {
		d.delim = delim
		share, n := evenness(d, head, whole)
		if share > most+0.1 || share > most-0.1 && n > columns && share > 0.5 {
			best, most, columns = delim, share, n
		}
	}
	return best, most
}

// evenness returns the share of rows with the most frequent number of fields, and that number.
func evenness(d dialect, head []byte, whole bool) (float64, int) {
	rows, _ := sampleRows(d, head, whole)
	count, best := map[int]int{}, 0
	for _, r := range rows {
		n := len(r)
		if count[n]++; n > 1 && count[n] > count[best] {
			best = n
		}
	}
	if best == 0 {
		return 0, 0
	}
	return float64(count[best]) / float64(len(rows)), best
}

// sampleRows parses the first rows. It reports false where quotes are not closed.
func sampleRows(d dialect, head []byte, whole bool) ([][]string, bool) {
	var rows [][]string
	var cells []cell
	for at := 0; at < len(head) && len(rows) < sniffRows; {
		next, ok := 0, false
		cells, next, ok = d.row(cells[:0], head, at, whole)
		if !ok {
			return rows, !whole || len(rows) >= sniffRows
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = string(head[c.start:c.end])
		}
		if at = next; len(row) > 1 || row[0] != "" {
			rows = append(rows, row)
		}
	}
	return rows, true
}

// looksLikeTable reports whether a text without a telling name is a table beyond doubt.
func looksLikeTable(head []byte, whole bool) bool {
	delim, share := bestDelim("", dialect{}, head, whole)
	if share < 1 {
		return false
	}
	rows, ok := sampleRows(dialect{delim: delim}, head, whole)
	return ok && len(rows) >= 4 && len(rows[0]) >= 3
}

// hasHeader reports whether the first row names the columns: each of its fields could be a name, no two are the same, and
// at least one column holds something else than names below it.
func hasHeader(rows [][]string) bool {
	if len(rows) == 0 {
		return false
	}
	seen := map[string]bool{}
	named := 0
	for _, c := range rows[0] {
		switch {
		case c == "":
			continue
		case !couldBeName(c), seen[c]:
			return false
		}
		seen[c] = true
		named++
	}
	if named*2 < len(rows[0]) || named == 0 {
		return false
	}
	for i, c := range rows[0] {
		if writtenAsName(c) || differs(shapeOf(c), rows[1:], i) {
			return true
		}
	}
	return len(rows) == 1
}

func couldBeName(c string) bool {
	first := c[0] | 0x20
	return len(c) <= 64 && !isData([]byte(c)) && !strings.ContainsAny(c, "\n@") && ('a' <= first && first <= 'z' || c[0] >= 0x80 || c[0] == '_')
}

// writtenAsName reports whether c is written the way programs write names: zip_code, dateOfBirth.
func writtenAsName(c string) bool {
	if strings.Contains(c, "_") {
		return true
	}
	for i := 1; i < len(c); i++ {
		if 'a' <= c[i-1] && c[i-1] <= 'z' && 'A' <= c[i] && c[i] <= 'Z' && c[0] >= 'a' {
			return true
		}
	}
	return false
}

// shape is a coarse look at a field.
type shape struct{ digits, lower, long bool }

func shapeOf(c string) shape {
	s := shape{lower: c == strings.ToLower(c), long: len(c) > 24}
	s.digits = strings.ContainsAny(c, "0123456789@")
	return s
}

// differs reports whether most fields in a column have another shape than its head.
func differs(head shape, rows [][]string, column int) bool {
	filled, other := 0, 0
	for _, r := range rows {
		if column >= len(r) || r[column] == "" {
			continue
		}
		filled++
		if s := shapeOf(r[column]); s != head {
			other++
		}
	}
	return filled > 0 && other*10 >= filled*8
}
