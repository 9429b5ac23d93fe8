package console

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// table is what a page shows in rows. It is the same for every page: filters in the address, pages by key, and the whole of
// it as CSV, XLSX or JSON.
type table struct {
	v       *view
	Name    string // of the file that it is downloaded as, and of the messages of its columns
	Columns []column
	Rows    []row
	Filters []filter
	Next    string // address of the next page; "": there is none
	Newest  string // address of the first page, where this is not it
	Partial bool   // the page is not full because only so much was looked through
	Live    string // address that gives the rows as they are now; "": they do not change
	more    func(after string) (*table, error)
	after   string // key of the next page
}

// column is one of a table. Its title is the message col.NAME.
type column struct {
	Name  string
	Num   bool
	Sort  bool   // it can be sorted by
	Order string // "ascending" or "descending" where it is
	Link  string // address that sorts by it
}

// row is one of a table.
type row struct {
	ID    string
	Cells []cell
	Tone  string
}

// cell is one value. Text may hold anything: it is shown as text.
type cell struct {
	Text string
	Href string
	Tone string // good, warn, bad; the text says the same
	Mono bool
	Time time.Time
	Num  int64
	num  bool
}

func plain(s string) cell          { return cell{Text: s} }
func mono(s string) cell           { return cell{Text: s, Mono: true} }
func toned(s, tone string) cell    { return cell{Text: s, Tone: tone} }
func at(t time.Time) cell          { return cell{Text: stamp(t), Time: t} }
func count(n int64) cell           { return cell{Text: number(n), Num: n, num: true} }
func linked(s, href string) cell   { return cell{Text: s, Href: href} }
func monoLink(s, href string) cell { return cell{Text: s, Href: href, Mono: true} }

// filter is one field of a table's form. Its label is the message filter.NAME.
type filter struct {
	Name, Kind, Value string // Kind: text, date, select
	Options           []option
}

type option struct {
	Value, Label string
	Chosen       bool
}

// choose is a filter of some values; the first is everything.
func (v *view) choose(name string, values []string) filter {
	f := filter{Name: name, Kind: "select", Value: v.q.Get(name), Options: []option{{"", v.T("filter.all"), v.q.Get(name) == ""}}}
	found := f.Value == ""
	for _, value := range values {
		label := value
		if key := name + "." + value; v.Has(key) {
			label = v.T(key)
		}
		found = found || value == f.Value
		f.Options = append(f.Options, option{value, label, value == f.Value})
	}
	if !found { // what the address asks for is shown, though nothing of it is known
		f.Options = append(f.Options, option{f.Value, f.Value, true})
	}
	return f
}

// tabular is the data of a page with tables that can be downloaded.
type tabular interface{ tables() []*table }

func (t *table) tables() []*table { return []*table{t} }

// Title is the title of a column.
func (t *table) Title(c column) string { return t.v.T("col." + c.Name) }

// Export is the address of the table as a file.
func (t *table) Export(format string) string {
	return t.v.with("format", format, "table", t.Name, "before", "")
}

// Formats are those of downloads.
func (t *table) Formats() []string { return []string{"csv", "xlsx", "json"} }

// pageSize is how many rows a page shows.
const pageSize = 50

// list makes a table of rows that are all in memory: filtered by ?q=, sorted by ?sort=, and cut into pages behind ?after=.
func (v *view) list(name string, columns []column, rows []row, filters ...filter) *table {
	t := &table{v: v, Name: name, Columns: columns, Filters: append([]filter{{Name: "q", Kind: "text", Value: v.q.Get("q")}}, filters...)}
	if q := strings.ToLower(strings.TrimSpace(v.q.Get("q"))); q != "" {
		rows = slices.DeleteFunc(rows, func(r row) bool {
			return !slices.ContainsFunc(r.Cells, func(c cell) bool { return strings.Contains(strings.ToLower(c.Text), q) })
		})
	}
	t.sort(rows)
	after := v.q.Get("after")
	if after != "" {
		if i := slices.IndexFunc(rows, func(r row) bool { return r.ID == after }); i >= 0 {
			rows = rows[i+1:]
		}
		t.Newest = v.with("after", "")
	}
	all := rows
	if len(rows) > pageSize && v.q.Get("format") == "" {
		rows = rows[:pageSize]
		t.Next = v.with("after", rows[pageSize-1].ID)
	}
	t.Rows = rows
	_ = all
	return t
}

// sort orders rows by ?sort=NAME, or -NAME for the other way round.
func (t *table) sort(rows []row) {
	by := t.v.q.Get("sort")
	name, descending := strings.CutPrefix(by, "-")
	for i := range t.Columns {
		c := &t.Columns[i]
		if !c.Sort {
			continue
		}
		c.Link = t.v.with("sort", c.Name, "after", "")
		if c.Name != name {
			continue
		}
		c.Order = "ascending"
		if descending {
			c.Order = "descending"
		} else {
			c.Link = t.v.with("sort", "-"+c.Name, "after", "")
		}
		slices.SortStableFunc(rows, func(a, b row) int {
			n := compareCells(a.Cells[i], b.Cells[i])
			if descending {
				return -n
			}
			return n
		})
	}
}

func compareCells(a, b cell) int {
	switch {
	case a.num || b.num:
		return cmp.Compare(a.Num, b.Num)
	case !a.Time.IsZero() || !b.Time.IsZero():
		return a.Time.Compare(b.Time)
	}
	return cmp.Or(strings.Compare(strings.ToLower(a.Text), strings.ToLower(b.Text)), strings.Compare(a.Text, b.Text))
}

// maxDays bounds a span of time, so that nobody asks for a page that would take forever by mistake.
const maxDays = 3660

// span reads ?since= and ?until=, days in UTC. What is none is told in the refusal.
func (v *view) span() (since, until time.Time, err error) {
	read := func(name string) (t time.Time, err error) {
		text := v.q.Get(name)
		if text == "" {
			return t, nil
		}
		for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", time.RFC3339} {
			if t, err = time.Parse(layout, text); err == nil && t.Year() >= 1970 && t.Year() < 2200 {
				return t, nil
			}
		}
		return t, invalid("date", v.T("problem.date"), v.T("problem.date.remedy"))
	}
	if since, err = read("since"); err != nil {
		return since, until, err
	}
	if until, err = read("until"); err != nil {
		return since, until, err
	}
	if !until.IsZero() && len(v.q.Get("until")) == len(time.DateOnly) {
		until = until.AddDate(0, 0, 1) // the day itself is in
	}
	if !since.IsZero() && !until.IsZero() && (!since.Before(until) || until.Sub(since) > maxDays*24*time.Hour) {
		return since, until, invalid("span", v.T("problem.span"), v.T("problem.span.remedy"))
	}
	return since, until, nil
}

// before reads ?before=, the number of the record that a page ends at.
func (v *view) before() uint64 {
	n, err := strconv.ParseUint(v.q.Get("before"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// escape is a value as a part of a path.
func escape(s string) string { return url.PathEscape(s) }
