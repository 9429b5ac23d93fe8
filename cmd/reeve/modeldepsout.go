package main

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/deps"
	"github.com/reeve-ai/reeve/internal/report"
	"github.com/reeve-ai/reeve/internal/vulndb"
)

// write writes the report in the format that was asked for.
func (f *depsFlags) write(c *cobra.Command, r *depsReport) error {
	o := vulndb.VEXOptions{Author: f.author, Tool: version().Version, Clock: time.Now}
	switch f.format {
	case "json":
		return printJSON(c.OutOrStdout(), r)
	case "text":
		return r.text(c.OutOrStdout())
	case "openvex":
		if f.author == "" {
			return usage("say who answers for the document", "--author is missing")
		}
		return writeBytes(c.OutOrStdout())(vulndb.OpenVEX(r.Packages, o))
	case "cyclonedx-vex":
		return writeBytes(c.OutOrStdout())(vulndb.CycloneDXVEX(r.Packages, o))
	}
	w, err := report.New(f.format, c.OutOrStdout(), report.Options{Version: version().Version})
	if err != nil {
		return err
	}
	sum := report.Summary{Files: r.files}
	for i := range r.Packages {
		for _, g := range flawFindings(&r.Packages[i]) {
			sum.Findings.Add(g.Rule, g.Kind, g.Severity, 1)
			if err := w.Finding(&g); err != nil {
				return err
			}
		}
	}
	for _, u := range r.Unread {
		path, reason, _ := strings.Cut(u, ": ")
		sum.NotScanned, sum.Skipped = append(sum.NotScanned, report.Skip{Path: path, Reason: reason}), sum.Skipped+1
	}
	return w.Close(&sum)
}

func writeBytes(w io.Writer) func([]byte, error) error {
	return func(b []byte, err error) error {
		if err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	}
}

// flawFindings are the flaws of a package that count, as findings; the rule is the flaw's name.
func flawFindings(p *vulndb.Affected) []reeve.Finding {
	var out []reeve.Finding
	for k := range p.Vulnerabilities {
		v := &p.Vulnerabilities[k]
		if !v.Counts() {
			continue
		}
		g := reeve.Finding{
			Rule: v.ID, Kind: "vulnerability", Severity: severityOf(v), Path: p.Path, Line: p.Line, Field: p.Name,
			Message: p.Name + " " + p.Version + ": " + cmp.Or(v.Summary, v.ID), Remedy: "no fixed version is known",
		}
		if len(v.Fixed) > 0 {
			g.Remedy = "use " + strings.Join(v.Fixed, " or ")
		}
		out = append(out, g)
	}
	return out
}

// severityOf is that of the highest CVSS 3 score, by the ranks of CVSS (section 5); critical for what is known to be exploited, and
// high where nobody scored it.
func severityOf(v *vulndb.Vulnerability) reeve.Severity {
	if v.Signal != nil && v.Signal.KEV != "" {
		return reeve.SeverityCritical
	}
	highest, scored := 0.0, false
	for _, s := range v.Severity {
		if n, ok := s.Base(); ok {
			highest, scored = max(highest, n), true
		}
	}
	switch {
	case !scored:
		return reeve.SeverityHigh
	case highest >= 9:
		return reeve.SeverityCritical
	case highest >= 7:
		return reeve.SeverityHigh
	case highest >= 4:
		return reeve.SeverityMedium
	}
	return reeve.SeverityLow
}

// told is what a line says of a flaw behind its name.
func told(v *vulndb.Vulnerability) string {
	parts := []string{"no fixed version is known"}
	if len(v.Fixed) > 0 {
		parts[0] = "fixed in " + strings.Join(v.Fixed, ", ")
	}
	if s := v.Signal; s != nil {
		if s.KEV != "" {
			parts = append(parts, "known to be exploited since "+s.KEV)
		}
		if s.EPSS > 0 {
			parts = append(parts, fmt.Sprintf("exploited within 30 days with a probability of %.1f %%", 100*s.EPSS))
		}
	}
	if !v.Counts() {
		parts = append(parts, "does not count: "+v.VEX)
	}
	return strings.Join(parts, "; ")
}

// readIncluded reads what requirements files include (-r), as pip does: relative to the file that includes, at most 100 files.
// What lies outside of the folder of the first file is told and not read.
func readIncluded(path string, text []byte, skipped func(path, reason string)) []deps.Package {
	var out []deps.Package
	home, seen := filepath.Dir(path), map[string]bool{filepath.Clean(path): true}
	type file struct {
		path string
		text []byte
	}
	for todo := []file{{path, text}}; len(todo) > 0; todo = todo[1:] {
		for _, name := range deps.Includes(todo[0].text) {
			p := filepath.Join(filepath.Dir(todo[0].path), filepath.FromSlash(name))
			if seen[p] || len(seen) > 100 {
				continue
			}
			seen[p] = true
			if rel, err := filepath.Rel(home, p); err != nil || !filepath.IsLocal(rel) || strings.Contains(name, "://") || filepath.IsAbs(name) {
				skipped(p, "it is included from outside of "+home)
				continue
			}
			text, err := readBounded(p, deps.MaxBytes)
			if err != nil {
				skipped(p, "it is included and cannot be read")
				continue
			}
			list, err := deps.Parse("requirements.txt", text)
			if err != nil {
				skipped(p, err.Error())
				continue
			}
			for i := range list {
				list[i].Path = filepath.ToSlash(p)
			}
			out = append(out, list...)
			todo = append(todo, file{p, text})
		}
	}
	return out
}
