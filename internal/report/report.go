// Package report writes findings in the formats that people, editors and build servers read.
//
// A Writer gets findings in the order in which they are to be told, one at a time, and never keeps them, so that a report
// of any length needs little memory. What it writes holds no value of a finding unless the finding itself brings one.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve"
)

// Writer takes one run. It is not safe for concurrent use.
type Writer interface {
	// Finding tells one finding. f is not kept.
	Finding(f *reeve.Finding) error
	// Close ends the report with what the run came to. It does not close what the Writer writes to.
	Close(s *Summary) error
}

// Options shape a report.
type Options struct {
	Version string // of reeve, for the formats that name their producer
	Command string // that reports, for the formats that name it; "" for reeve scan
	Color   bool   // the text format may use the terminal's colours
}

// Formats are the names that New takes, the one for people first.
func Formats() []string {
	return []string{"text", "json", "jsonl", "sarif", "junit", "github", "csv", "html"}
}

// New starts a report. The error says that the format is unknown or that the start could not be written.
func New(format string, w io.Writer, o Options) (Writer, error) {
	switch format {
	case "text":
		return newText(w, o), nil
	case "json":
		return newJSON(w)
	case "jsonl":
		return &lines{w: w}, nil
	case "sarif":
		return newSARIF(w, o)
	case "junit":
		return newJUnit(w, o), nil
	case "github":
		return &github{w: w}, nil
	case "csv":
		return newCSV(w)
	case "html":
		return newHTML(w, o), nil
	}
	return nil, fmt.Errorf("report format %q is not one of %s", format, strings.Join(Formats(), ", "))
}

// Summary is what a run came to.
type Summary struct {
	Files      int    `json:"files"`                // files that were read, members of archives not counted
	Bytes      int64  `json:"bytes"`                // their sizes
	Records    int64  `json:"records"`              // records in formats that have them
	Cached     int    `json:"cached"`               // files whose findings came from the cache
	Label      string `json:"label"`                // what the data is, by what was found in it
	Rules      string `json:"rules_digest"`         // SHA-256 over the rules and options that were in force
	Digest     string `json:"digest,omitzero"`      // root of the RFC 6962 tree over the files; "" unless asked for
	Statement  string `json:"statement,omitzero"`   // path of the signed statement
	Interrupt  bool   `json:"interrupted,omitzero"` // the run was stopped before its end
	Findings   Counts `json:"findings"`
	Suppressed Quiet  `json:"suppressed"`

	NotScanned []Skip   `json:"not_scanned"`           // what could not be read, in the order of the run
	Odd        []Odd    `json:"odd,omitzero"`          // what was odd though it was read, in the order of the run; the first 1,000
	NotText    []string `json:"not_text,omitzero"`     // files without text, such as images; the first 1,000
	NotTextN   int      `json:"not_text_files"`        // how many there are
	Expired    []Expiry `json:"expired,omitzero"`      // exceptions that no longer count
	Unused     int      `json:"baseline_unused"`       // entries of the baseline that nothing matched
	Skipped    int      `json:"not_scanned_files"`     // how many NotScanned would have without its bound
	Changed    bool     `json:"changed_only,omitzero"` // only changed lines were counted
}

// Counts are the findings that count, by what they are.
type Counts struct {
	Total      int64            `json:"total"`
	BySeverity map[string]int64 `json:"by_severity"`
	ByRule     map[string]int64 `json:"by_rule"`
	ByKind     map[string]int64 `json:"by_kind"`
}

// Quiet counts the findings that were left out, by what asked for it.
type Quiet struct {
	Baseline int64 `json:"baseline"` // listed in the baseline
	Inline   int64 `json:"inline"`   // allowed by a comment beside the finding
	Allow    int64 `json:"allow"`    // allowed by the allow list
	Severity int64 `json:"severity"` // below the severity that is told
}

// Skip names what was not scanned, and why, without any of its content.
type Skip struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Odd says what was odd about a file that was read all the same, such as rows of a table with fields too few.
type Odd struct {
	Path  string `json:"path"`
	What  string `json:"what"`
	Count int64  `json:"count"`
}

// Expiry names an exception that has ended.
type Expiry struct {
	What    string `json:"what"` // "baseline" or "allow"
	Owner   string `json:"owner"`
	Expires string `json:"expires"` // YYYY-MM-DD
	Entries int    `json:"entries"`
}

// maxSkips bounds the lists in a Summary.
const (
	maxSkips   = 10_000
	maxNotText = 1_000
	maxOdd     = 1_000
)

// Skip adds to NotScanned.
func (s *Summary) Skip(path, reason string) {
	if s.Skipped++; len(s.NotScanned) < maxSkips {
		s.NotScanned = append(s.NotScanned, Skip{path, reason})
	}
}

// Oddity adds to Odd. The parts of a file come one after the other.
func (s *Summary) Oddity(path, what string, n int64) {
	for i := len(s.Odd) - 1; i >= max(0, len(s.Odd)-8); i-- {
		if o := &s.Odd[i]; o.Path == path && o.What == what {
			o.Count += n
			return
		}
	}
	if len(s.Odd) < maxOdd {
		s.Odd = append(s.Odd, Odd{path, what, n})
	}
}

// NoText notes a file without text.
func (s *Summary) NoText(path string) {
	if s.NotTextN++; len(s.NotText) < maxNotText {
		s.NotText = append(s.NotText, path)
	}
}

// Add counts n findings.
func (c *Counts) Add(rule, kind string, severity reeve.Severity, n int64) {
	if n == 0 {
		return
	}
	if c.BySeverity == nil {
		c.BySeverity, c.ByRule, c.ByKind = map[string]int64{}, map[string]int64{}, map[string]int64{}
	}
	c.Total += n
	c.BySeverity[severity.String()] += n
	c.ByRule[rule] += n
	c.ByKind[kind] += n
}

// count is a name with a number, for tables.
type count struct {
	name string
	n    int64
}

// most sorts by number, the largest first, then by name.
func most(m map[string]int64) []count {
	var out []count
	for name, n := range m {
		out = append(out, count{name, n})
	}
	slices.SortFunc(out, func(a, b count) int {
		if a.n != b.n {
			if a.n > b.n {
				return -1
			}
			return 1
		}
		return strings.Compare(a.name, b.name)
	})
	return out
}

// severitiesDown are the severities from the worst.
var severitiesDown = []reeve.Severity{
	reeve.SeverityCritical, reeve.SeverityHigh, reeve.SeverityMedium, reeve.SeverityLow, reeve.SeverityInfo,
}
