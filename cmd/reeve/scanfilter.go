package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/audit"
)

// filter answers each JSON line of standard input with a line, so that other engines can pipe records through.
func (s *scanFlags) filter(c *cobra.Command, o *audit.Options) error {
	if c.Flags().Changed("format") || s.tell.output != "" || s.tell.summary {
		return usage("leave out --jsonl for a report over all of standard input", "--stdin --jsonl writes one JSON object a line to standard output and nothing else")
	}
	if err := s.tell.options(o); err != nil {
		return err
	}
	var failOn reeve.Severity
	fails := s.tell.failOn != "none" && failOn.UnmarshalText([]byte(s.tell.failOn)) == nil
	failed := false
	o.Found = func(f *reeve.Finding) error {
		failed = failed || fails && f.Severity >= failOn
		return nil
	}
	out, flush, err := bufferedOutput(c.OutOrStdout())
	if err != nil {
		return err
	}
	sum, err := audit.Filter(c.Context(), c.InOrStdin(), out, flush, *o, func(p audit.LineProblem) {
		fmt.Fprintf(c.ErrOrStderr(), "reeve: not scanned: line %d: %s\n", p.Line, p.Reason)
	})
	switch {
	case err != nil:
		return fmt.Errorf("filter: %w", err)
	case sum.Skipped > 0:
		return &toldError{exitIncomplete}
	case failed:
		return &toldError{exitFindings}
	}
	return nil
}
