package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/aibom"
)

// maxBOM bounds a bill of materials that is read, in bytes.
const maxBOM = 256 << 20

func newBOMScore() *cobra.Command {
	format, least := "text", 0.0
	c := &cobra.Command{
		Use:   "score FILE",
		Short: "Tell how complete a bill of materials is",
		Long: `Score a CycloneDX document from 0 to 100 by the field registry of the OWASP AIBOM generator, tell which of the minimum
elements of BSI and G7 it lacks, and say of each missing field what it would add and where it could come from.
The score counts what is said, not whether it is true.

Exit status: 0 scored · 1 less than --least · 2 usage, no CycloneDX · 3 it could not be read.`,
		Example: "  reeve model bom score model.cdx.json --least 85",
		Args:    exactly(1, "a bill of materials"),
		RunE: func(c *cobra.Command, args []string) error {
			text, err := readBounded(args[0], maxBOM)
			if err != nil {
				return fmt.Errorf("read bill of materials: %w", err)
			}
			s, err := aibom.ScoreOf(text)
			if err != nil {
				return usage("`reeve model bom` writes one", "%s: %w", args[0], err)
			}
			lacks, err := aibom.Lacks(text)
			if err != nil {
				return err
			}
			if format == "json" {
				err = printJSON(c.OutOrStdout(), map[string]any{"schema_version": schemaVersion, "score": s, "minimum_elements_missing": lacks})
			} else {
				err = tellScore(c, s, lacks)
			}
			if err == nil && s.Total < least {
				err = &toldError{exitFindings}
			}
			return err
		},
	}
	addFormat(c, &format, "text", "json")
	c.Flags().Float64Var(&least, "least", 0, "least score that makes the exit status 0")
	return c
}

func tellScore(c *cobra.Command, s *aibom.Score, lacks []string) error {
	w := c.OutOrStdout()
	fmt.Fprintf(w, "%.1f of 100, profile: %s\n", s.Total, s.Profile)
	for _, p := range s.Categories {
		fmt.Fprintf(w, "  %-22s %4.1f of %2.0f (%d of %d)\n", p.Name, p.Points, p.Of, p.Present, p.Fields)
	}
	if s.Penalty != "" {
		fmt.Fprintf(w, "  %s\n", s.Penalty)
	}
	for _, m := range s.Missing {
		fmt.Fprintf(w, "missing %s (%s, %.1f points): %s\n", m.Field, m.Tier, m.Points, m.Remedy)
	}
	for _, l := range lacks {
		fmt.Fprintf(w, "minimum element missing: %s\n", l)
	}
	return nil
}

func newBOMDiff() *cobra.Command {
	format := "text"
	c := &cobra.Command{
		Use:   "diff BEFORE AFTER",
		Short: "Tell what changed between two bills of materials",
		Long: `Tell what changed between two CycloneDX documents by meaning: the model, its files, data sets, libraries, base models,
claims and vulnerabilities. Order, time and serial number do not count.

Exit status: 0 nothing · 1 something changed · 2 usage, no CycloneDX · 3 one could not be read.`,
		Example: "  reeve model bom diff old.cdx.json new.cdx.json",
		Args:    exactly(2, "two bills of materials"),
		RunE: func(c *cobra.Command, args []string) error {
			var texts [2][]byte
			for i, p := range args {
				b, err := readBounded(p, maxBOM)
				if err != nil {
					return fmt.Errorf("read bill of materials: %w", err)
				}
				texts[i] = b
			}
			changes, err := aibom.Diff(texts[0], texts[1])
			if err != nil {
				return usage("`reeve model bom` writes them", "%w", err)
			}
			if format == "json" {
				err = printJSON(c.OutOrStdout(), map[string]any{"schema_version": schemaVersion, "changes": changes})
			} else {
				for _, x := range changes {
					fmt.Fprintf(c.OutOrStdout(), "%s %s: %s → %s\n", x.What, clean(x.Name), orNone(x.Was), orNone(x.Is))
				}
			}
			if err == nil && len(changes) > 0 {
				err = &toldError{exitFindings}
			}
			return err
		},
	}
	addFormat(c, &format, "text", "json")
	return c
}

func orNone(s string) string {
	if s == "" {
		return "nothing"
	}
	return clean(s)
}

func newBOMValidate() *cobra.Command {
	format := "text"
	minimum := false
	c := &cobra.Command{
		Use:   "validate FILE",
		Short: "Hold a bill of materials against CycloneDX 1.6 and 1.7",
		Long: `Hold a CycloneDX document against versions 1.6 and 1.7 as far as they concern models: members and types, words of closed
lists, formats, references that must be unique and lead somewhere. With --minimum also the minimum elements of BSI and G7.

Exit status: 0 sound · 1 flaws · 2 usage, no CycloneDX · 3 it could not be read.`,
		Example: "  reeve model bom validate model.cdx.json --minimum",
		Args:    exactly(1, "a bill of materials"),
		RunE: func(c *cobra.Command, args []string) error {
			text, err := readBounded(args[0], maxBOM)
			if err != nil {
				return fmt.Errorf("read bill of materials: %w", err)
			}
			flaws, err := aibom.Validate(text)
			if err != nil {
				return usage("`reeve model bom` writes one", "%s: %w", args[0], err)
			}
			if minimum {
				lacks, err := aibom.Lacks(text)
				if err != nil {
					return err
				}
				for _, l := range lacks {
					flaws = append(flaws, aibom.Flaw{Place: "document", Rule: "minimum", Says: "it lacks the " + l})
				}
			}
			if format == "json" {
				err = printJSON(c.OutOrStdout(), map[string]any{"schema_version": schemaVersion, "valid": len(flaws) == 0, "flaws": flaws})
			} else {
				for _, f := range flaws {
					fmt.Fprintf(c.OutOrStdout(), "%s: %s: %s\n", clean(f.Place), f.Rule, clean(f.Says))
				}
				fmt.Fprintf(c.OutOrStdout(), "%s\n", counted(len(flaws), "flaw"))
			}
			if err == nil && len(flaws) > 0 {
				err = &toldError{exitFindings}
			}
			return err
		},
	}
	addFormat(c, &format, "text", "json")
	c.Flags().BoolVar(&minimum, "minimum", false, "ask for the minimum elements for AI, too")
	return c
}
