package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/access/analysis"
)

func newAccessTest() *cobra.Command {
	var flags accessFlags
	format := "text"
	c := &cobra.Command{
		Use:   "test [CASES.yaml…]",
		Short: "Hold the policies against test cases",
		Long: `Hold the policies against test cases (default: tests/*.yaml beside the policies). A case names principal, action,
resource, circumstances, the decision that is expected and, where it matters, the rule.

Exit status: 0 all as expected · 1 some not · 2 usage, or the policies are in error.`,
		Example: `  reeve access test --format junit > access.xml`,
		RunE: func(c *cobra.Command, args []string) error {
			set, dir, err := flags.set()
			if err != nil {
				return err
			}
			results, err := flags.run(set, dir, args)
			if err != nil {
				return err
			}
			if err := printResults(c.OutOrStdout(), format, results); err != nil {
				return err
			}
			for _, r := range results {
				if !r.OK {
					return &toldError{exitFindings}
				}
			}
			return nil
		},
	}
	flags.add(c)
	addFormat(c, &format, "text", "json", "junit")
	return c
}

// run runs the cases of all files.
func (f *accessFlags) run(set *access.Set, dir string, files []string) ([]analysis.CaseResult, error) {
	if len(files) == 0 && dir != "" {
		files, _ = filepath.Glob(filepath.Join(dir, "tests", "*.yaml")) // fails for a malformed pattern only
	}
	if len(files) == 0 {
		return nil, usage("give a file of cases; `reeve init` writes some", "there are no test cases")
	}
	var results []analysis.CaseResult
	for _, name := range files {
		text, err := readBounded(name, 1<<20)
		if err != nil {
			return nil, usage("", "read cases: %w", err)
		}
		cases, err := analysis.ParseCases(name, text)
		if err != nil {
			return nil, &usageError{err, "docs/access.md describes the cases"}
		}
		file := f.entities
		switch {
		case file != "":
		case cases.Entities != "":
			file = filepath.Join(filepath.Dir(name), filepath.FromSlash(cases.Entities))
		case dir != "" && fileExists(filepath.Join(dir, access.EntitiesName)):
			file = filepath.Join(dir, access.EntitiesName)
		}
		entities, err := loadEntities(set, file)
		if err != nil {
			return nil, err
		}
		results = append(results, cases.Run(set, entities)...)
	}
	return results, nil
}

func printResults(w io.Writer, format string, results []analysis.CaseResult) error {
	switch format {
	case "json":
		return printJSON(w, struct {
			SchemaVersion int                   `json:"schema_version"`
			Cases         []analysis.CaseResult `json:"cases"`
		}{schemaVersion, append([]analysis.CaseResult{}, results...)})
	case "junit":
		out, err := analysis.JUnit(results)
		if err == nil {
			_, err = w.Write(out)
		}
		return err
	}
	failed := 0
	for _, r := range results {
		if !r.OK {
			failed++
			fmt.Fprintf(w, "%s:%d: %s: %s\n", r.File, r.Line, r.Name, r.Message)
		}
	}
	_, err := fmt.Fprintf(w, "%s, %d not as expected\n", counted(len(results), "case"), failed)
	return err
}
