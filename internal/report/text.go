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
	fmt.Fprintf(t.w, "  %-12s %s %-17s %-28s %.2f", place(f), t.severity(f.Severity), f.Kind, f.Rule, f.Score)
	if f.Field != "" {
		fmt.Fprintf(t.w, "  %s", printable(f.Field))
	}
	if f.Value != "" {
		fmt.Fprintf(t.w, "  %q", f.Value)
	}
	return t.w.WriteByte('\n')
}

// place is a line, or else a record, or else an offset.
func place(f *reeve.Finding) string {
	switch {
	case f.Line > 0:
		return "line " + strconv.Itoa(f.Line)
	case f.Record > 0:
		return "record " + strconv.Itoa(f.Record)
	}
	return "byte " + strconv.Itoa(f.Start)
}

func (t *text) severity(s reeve.Severity) string {
	word := fmt.Sprintf("%-8s", s)
	if !t.color {
		return word
	}
	return paint[min(int(s), len(paint)-1)] + word + plain
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
