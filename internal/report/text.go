package report

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/reeve-ai/reeve"
)

// text writes for people: findings under the name of their file, then a table.
type text struct {
	w     *bufio.Writer
	color bool
	path  string
	n     int

	buf            []byte
	field, printed string // the last field
	words          [len(paint)]string
}

func newText(w io.Writer, o Options) *text { return &text{w: bufio.NewWriter(w), color: o.Color} }

// Codes of ECMA-48, by severity from info.
var paint = [...]string{"\x1b[2m", "\x1b[36m", "\x1b[33m", "\x1b[31m", "\x1b[1;31m"}

const plain = "\x1b[0m"

func (t *text) Finding(f *reeve.Finding) error {
	if t.n == 0 || f.Path != t.path {
		if t.n > 0 {
			t.w.WriteByte('\n')
		}
		t.path = f.Path
		fmt.Fprintf(t.w, "%s\n", printable(f.Path))
	}
	t.n++
	b := column(appendPosition(append(t.buf[:0], ' ', ' '), f), 2, 12)
	b = append(b, ' ')
	b = append(b, t.severity(f.Severity)...)
	b = append(b, ' ')
	at := len(b)
	b = append(column(append(b, f.Kind...), at, 17), ' ')
	at = len(b)
	b = append(column(append(b, f.Rule...), at, 28), ' ')
	b = strconv.AppendFloat(b, f.Score, 'f', 2, 64)
	if f.Field != "" {
		if f.Field != t.field {
			t.field, t.printed = f.Field, printable(f.Field)
		}
		b = append(append(b, ' ', ' '), t.printed...)
	}
	if f.Value != "" {
		b = strconv.AppendQuote(append(b, ' ', ' '), f.Value)
	}
	b = append(b, '\n')
	if f.Explain != "" {
		b = append(append(append(b, "    "...), printable(f.Explain)...), '\n')
	}
	t.buf = b
	_, err := t.w.Write(t.buf)
	return err
}

// column fills b with spaces until what stands from at on, which is ASCII, is as wide as the column.
func column(b []byte, at, width int) []byte {
	for len(b)-at < width {
		b = append(b, ' ')
	}
	return b
}

// appendPosition appends a line, or else a record, or else an offset.
func appendPosition(b []byte, f *reeve.Finding) []byte {
	switch {
	case f.Line > 0:
		return strconv.AppendInt(append(b, "line "...), int64(f.Line), 10)
	case f.Record > 0:
		return strconv.AppendInt(append(b, "record "...), int64(f.Record), 10)
	}
	return strconv.AppendInt(append(b, "byte "...), int64(f.Start), 10)
}

// severity is the word as a column.
func (t *text) severity(s reeve.Severity) string {
	if int(s) >= len(t.words) {
		return s.String()
	}
	if t.words[s] == "" {
		word := string(column([]byte(s.String()), 0, 8))
		if t.color {
			word = paint[s] + word + plain
		}
		t.words[s] = word
	}
	return t.words[s]
}

func (t *text) Close(s *Summary) error {
	if t.n > 0 {
		t.w.WriteByte('\n')
	}
	t.table(s)
	t.notScanned(s)
	for _, e := range s.Expired {
		fmt.Fprintf(t.w, "expired: %d of the %s, owned by %s, ended on %s and count again\n", e.Entries, e.What, printable(e.Owner), e.Expires)
	}
	fmt.Fprintf(t.w, "%s in %s, %s; label %s\n", plural(s.Findings.Total, "finding"), plural(int64(s.Files), "file"), Size(s.Bytes), s.Label)
	if quiet := s.Suppressed; quiet != (Quiet{}) {
		fmt.Fprintf(t.w, "left out: %d by the baseline, %d by comments, %d by the allow list, %d below --min-severity\n",
			quiet.Baseline, quiet.Inline, quiet.Allow, quiet.Severity)
	}
	if s.NotTextN > 0 {
		fmt.Fprintf(t.w, "%s without text\n", plural(int64(s.NotTextN), "file"))
	}
	return t.w.Flush()
}

// table has a row for each rule and a column for each severity would be mostly empty: rows are kinds, worst first.
func (t *text) table(s *Summary) {
	if s.Findings.Total == 0 {
		return
	}
	var parts []string
	for _, sev := range severitiesDown {
		if n := s.Findings.BySeverity[sev.String()]; n > 0 {
			parts = append(parts, strings.TrimRight(t.severity(sev), " ")+" "+strconv.FormatInt(n, 10))
		}
	}
	fmt.Fprintf(t.w, "severity  %s\n", strings.Join(parts, ", "))
	fmt.Fprintf(t.w, "%-28s %10s\n", "kind", "findings")
	for _, c := range most(s.Findings.ByKind) {
		fmt.Fprintf(t.w, "%-28s %10d\n", c.name, c.n)
	}
}

func (t *text) notScanned(s *Summary) {
	for _, skip := range s.NotScanned {
		fmt.Fprintf(t.w, "not scanned: %s: %s\n", printable(skip.Path), printable(skip.Reason))
	}
	if more := s.Skipped - len(s.NotScanned); more > 0 {
		fmt.Fprintf(t.w, "not scanned: %d more\n", more)
	}
	for _, o := range s.Odd {
		fmt.Fprintf(t.w, "odd: %s: %s: %d\n", printable(o.Path), printable(o.What), o.Count)
	}
}

func plural(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.FormatInt(n, 10) + " " + word + "s"
}

// Size writes a number of bytes with a unit of powers of 1000.
func Size(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	v, units := float64(n)/1000, "kMGTP"
	for v >= 999.95 && len(units) > 1 {
		v, units = v/1000, units[1:]
	}
	return fmt.Sprintf("%.1f %cB", v, units[0])
}
