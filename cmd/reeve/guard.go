package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/guard"
)

func newGuard() *cobra.Command {
	c := &cobra.Command{
		Use:   "guard",
		Short: "Try the guards on text",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newGuardCheck())
	return c
}

func newGuardCheck() *cobra.Command {
	path, direction, format := "", "in", "jsonl"
	c := &cobra.Command{
		Use:   "check",
		Short: "Judge the texts on stdin, one JSON object a line",
		Long: `Judge texts as the gateway would. Each line of stdin is {"id": …, "text": …}; each line of stdout is
{"id": …, "verdict": "allow|review|mask|block", "findings": […]}. Matched values are never printed.

Exit status: 0 every text is allowed · 1 some text is not · 2 usage or policy · 3 some line cannot be read.`,
		Example: `  echo '{"id":"1","text":"call 4111 1111 1111 1111"}' | reeve guard check --format jsonl`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			dir, err := reeve.ParseDirection(direction)
			if err != nil {
				return usage("give --direction in or --direction out", "%w", err)
			}
			policy, err := loadPolicy(path)
			if err != nil {
				return err
			}
			tell := func(e *guard.LineError) { fmt.Fprintf(c.ErrOrStderr(), "reeve: line %d: %s\n", e.Line, e.Reason) }
			flagged, err := guard.CheckLines(policy.For(dir, guard.Scope{}), c.InOrStdin(), c.OutOrStdout(), tell)
			if err != nil {
				return fmt.Errorf("check: %w", err)
			}
			if flagged > 0 {
				return &toldError{exitFindings}
			}
			return nil
		},
	}
	c.Flags().StringVar(&path, "policy", "", "policy file (default: the one that ships)")
	c.Flags().StringVar(&direction, "direction", direction, "in: as a request, out: as an answer")
	addFormat(c, &format, "jsonl")
	return c
}
