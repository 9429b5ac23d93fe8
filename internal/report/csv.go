package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"github.com/reeve-ai/reeve"
)

// table writes RFC 4180 rows. A cell that a spreadsheet would take for a formula gets an apostrophe in front, because
// names of files and fields come from whoever made the data.
type table struct {
	w   *csv.Writer
	row []string
}

func newCSV(w io.Writer) (*table, error) {
	t := &table{w: csv.NewWriter(w)}
	return t, t.w.Write([]string{
		"path", "record", "field", "line", "start", "end", "in", "rule", "kind", "severity", "score", "label", "fingerprint", "message", "remedy", "value",
	})
}

func (t *table) Finding(f *reeve.Finding) error {
	t.row = append(t.row[:0], f.Path, number(f.Record), f.Field, number(f.Line), strconv.Itoa(f.Start), strconv.Itoa(f.End), f.In,
		f.Rule, f.Kind, f.Severity.String(), strconv.FormatFloat(f.Score, 'f', -1, 64), f.Label, f.Fingerprint, f.Message, f.Remedy, f.Value)
	for i, cell := range t.row {
		t.row[i] = harmless(cell)
	}
	return t.w.Write(t.row)
}

func (t *table) Close(*Summary) error {
	t.w.Flush()
	return t.w.Error()
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func harmless(cell string) string {
	if cell != "" && strings.IndexByte("=+-@\t\r\n|%", cell[0]) >= 0 {
		return "'" + cell
	}
	return cell
}
