package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/access/analysis"
)

// accessAnswer is what `reeve access check --format json` prints. Other programs build on it.
type accessAnswer struct {
	SchemaVersion int      `json:"schema_version"`
	Decision      string   `json:"decision"` // allow or deny
	Rules         []string `json:"rules"`    // that determined it
	Errors        []string `json:"errors"`   // why it could not be judged; any denies
	Rule          string   `json:"rule"`     // that is named in a refusal
	Reason        string   `json:"reason,omitzero"`
	Remedy        string   `json:"remedy,omitzero"`
	PolicyDigest  string   `json:"policy_digest"`
	SchemaDigest  string   `json:"schema_digest"`
	EntityDigest  string   `json:"entity_digest"`
}

func answerOf(d access.Decision) accessAnswer {
	return accessAnswer{
		schemaVersion, verdictWord(d), append([]string{}, d.Rules...), append([]string{}, d.Errors...), d.Rule, d.Reason, d.Remedy,
		d.PolicyDigest, d.SchemaDigest, d.EntityDigest,
	}
}

func verdictWord(d access.Decision) string {
	if d.Allow {
		return "allow"
	}
	return "deny"
}

func newAccessCheck() *cobra.Command {
	var flags accessFlags
	var ask questionFlags
	format := "text"
	c := &cobra.Command{
		Use:   "check --principal WHO --action WHAT --resource ON",
		Short: "Decide one question",
		Long: `Decide one question.

What is not known or does not conform to the schema is refused, and so is every question for which a rule
cannot be evaluated. Give all circumstances with --context, or none.

Exit status: 0 allow · 1 deny · 2 usage, or the policies are in error (file, line, and what to do).`,
		Example: `  reeve access check --principal ana --action model:use --resource support-bot
  reeve access check --principal 'User::"ana"' --action dataset:export --resource 'Dataset::"tickets"' \
    --context '{"now": "2026-03-02T10:00:00Z", "hour": 10, "weekday": 1, "mfa": true, "session": {"level": 0, "categories": []}}' --format json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := required(c, "principal", "action", "resource"); err != nil {
				return err
			}
			set, entities, err := flags.load()
			if err != nil {
				return err
			}
			query, err := ask.resolve(set, entities)
			if err != nil {
				return err
			}
			d := set.Decide(query)
			if format == "json" {
				err = printJSON(c.OutOrStdout(), answerOf(d))
			} else {
				err = printDecision(c.OutOrStdout(), d)
			}
			if err == nil && !d.Allow {
				return &toldError{exitFindings}
			}
			return err
		},
	}
	flags.add(c)
	ask.add(c, "principal", "action", "resource", "context")
	addFormat(c, &format, "text", "json")
	return c
}

func printDecision(w io.Writer, d access.Decision) error {
	rules := strings.Join(d.Rules, ", ")
	if rules == "" {
		rules = d.Rule
	}
	fmt.Fprintf(w, "%s by %s\n", verdictWord(d), rules)
	if d.Reason != "" {
		fmt.Fprintf(w, "  %s\n", d.Reason)
	}
	if d.Remedy != "" && !d.Allow {
		fmt.Fprintf(w, "  what to do: %s\n", d.Remedy)
	}
	for _, e := range d.Errors {
		if !strings.Contains(d.Reason, e) {
			fmt.Fprintf(w, "  error: %s\n", e)
		}
	}
	return nil
}

func newAccessExplain() *cobra.Command {
	var flags accessFlags
	var ask questionFlags
	format := "text"
	c := &cobra.Command{
		Use:   "explain --principal WHO --action WHAT --resource ON",
		Short: "Tell which rule decided and what would change it",
		Long: `Tell which rule decided a question, what every other rule had to say, and which single change would turn the
decision, or which changes together.

Exit status: 0 allow · 1 deny · 2 usage, or the policies are in error.`,
		Example: `  reeve access explain --principal ana --action dataset:train --resource tickets`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := required(c, "principal", "action", "resource"); err != nil {
				return err
			}
			set, entities, err := flags.load()
			if err != nil {
				return err
			}
			query, err := ask.resolve(set, entities)
			if err != nil {
				return err
			}
			e := analysis.Explain(set, entities, query)
			if format == "json" {
				err = printJSON(c.OutOrStdout(), explanationOf(e))
			} else {
				err = printExplanation(c.OutOrStdout(), e)
			}
			if err == nil && !e.Decision.Allow {
				return &toldError{exitFindings}
			}
			return err
		},
	}
	flags.add(c)
	ask.add(c, "principal", "action", "resource", "context")
	addFormat(c, &format, "text", "json")
	return c
}

type ruleSaid struct {
	Rule   string `json:"rule"`
	Effect string `json:"effect"` // permit or forbid
	Holds  bool   `json:"holds"`
	Error  string `json:"error,omitzero"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	Reason string `json:"reason,omitzero"`
}

type explanation struct {
	accessAnswer
	Said    []ruleSaid `json:"said"`
	Changes [][]string `json:"changes"` // each list of changes, together, would turn the decision
}

func explanationOf(e analysis.Explanation) explanation {
	out := explanation{accessAnswer: answerOf(e.Decision), Said: []ruleSaid{}, Changes: append([][]string{}, e.Changes...)}
	for _, t := range e.Traces {
		out.Said = append(out.Said, ruleSaid{t.Policy.ID, effectOf(t.Policy), t.Holds, t.Error, t.Policy.File, t.Policy.Line, t.Policy.Reason})
	}
	return out
}

func effectOf(p *access.Policy) string {
	if p.Forbid {
		return "forbid"
	}
	return "permit"
}

func printExplanation(w io.Writer, e analysis.Explanation) error {
	if err := printDecision(w, e.Decision); err != nil {
		return err
	}
	holds, silent := 0, 0
	for _, t := range e.Traces {
		switch {
		case t.Error != "":
			fmt.Fprintf(w, "\n%s %s cannot be evaluated: %s (%s:%d)\n", effectOf(t.Policy), t.Policy.ID, t.Error, t.Policy.File, t.Policy.Line)
		case t.Holds:
			if holds++; holds == 1 {
				fmt.Fprintln(w, "\nrules that hold:")
			}
			fmt.Fprintf(w, "  %s %s (%s:%d)\n", effectOf(t.Policy), t.Policy.ID, t.Policy.File, t.Policy.Line)
		default:
			silent++
		}
	}
	if e.Traces != nil {
		fmt.Fprintf(w, "\n%s looked at and did not hold\n", counted(silent, "other rule"))
	}
	if len(e.Changes) > 0 {
		fmt.Fprintf(w, "\nthe decision would be %s if\n", map[bool]string{true: "deny", false: "allow"}[e.Decision.Allow])
		for _, c := range e.Changes {
			fmt.Fprintf(w, "  %s\n", strings.Join(c, "\n    and "))
		}
	} else if e.Traces != nil {
		fmt.Fprintln(w, "\nno change that was tried turns it")
	}
	return nil
}
