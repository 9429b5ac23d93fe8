package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/control"
	review "github.com/reeve-ai/reeve/internal/people"
)

func newReviewStats() *cobra.Command {
	var f houseFlags
	since := ""
	c := &cobra.Command{
		Use:   "stats",
		Short: "How the queue stands, how good the guards are, how far reviewers agree",
		Long: `How the queue stands, how far two reviewers agree (Cohen's kappa), and the error rates of each guard over all
exchanges. As every exchange in the queue was drawn with a known probability, the rates are without bias; each
has a 95 % interval.

Exit status: 0 shown · 2 usage · 3 cannot be read.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			var q review.StatsCall
			if q.Since, err = parseWhen("--since", since); err != nil {
				return err
			}
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				st, err := control.Call[*review.Stats](ctx, client, review.CallStats, q)
				if err != nil {
					return err
				}
				if f.format == "json" {
					return printJSON(c.OutOrStdout(), st)
				}
				return printStats(c.OutOrStdout(), st)
			})
		},
	}
	c.Flags().StringVar(&since, "since", "", "of items from this time on (RFC 3339 or a date)")
	f.add(c, "text", "json")
	return c
}

func printStats(w io.Writer, st *review.Stats) error {
	counts := func(m map[string]int) string {
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(m)) {
			parts = append(parts, fmt.Sprintf("%d %s", m[k], k))
		}
		if len(parts) == 0 {
			return "none"
		}
		return strings.Join(parts, ", ")
	}
	fmt.Fprintf(w, "items: %s; overdue: %d\nwhy: %s\noutcomes: %s\n", counts(st.States), st.Overdue, counts(st.Sources), counts(st.Outcomes))
	fmt.Fprintf(w, "drawn by chance: %d, of which %d are judged\n", st.Drawn, st.Judged)
	fmt.Fprintf(w, "agreement about violations: %s\nagreement about outcomes: %s\n", agreement(&st.Violation), agreement(&st.Outcome))
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "GUARD\tFALSE POSITIVES\tFALSE NEGATIVES\tPRECISION")
	for i := range st.Guards {
		g := &st.Guards[i]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", g.Rule, rate(g.FalsePositive), rate(g.FalseNegative), rate(g.Precision))
	}
	return t.Flush()
}

func agreement(a *review.Agreement) string {
	if !a.Estimate {
		return fmt.Sprintf("%d of %d items judged twice alike; too little for a kappa", a.Agreed, a.Items)
	}
	return fmt.Sprintf("kappa %.2f (%.2f to %.2f), %d of %d alike", a.Kappa, a.Low, a.High, a.Agreed, a.Items)
}

func rate(r *review.Rate) string {
	if r == nil {
		return "unknown"
	}
	percent := func(v float64) string { return strconv.FormatFloat(100*v, 'f', 2, 64) }
	return fmt.Sprintf("%s %% (%s to %s)", percent(r.Value), percent(r.Low), percent(r.High))
}

func newReviewExport() *cobra.Command {
	var f houseFlags
	var q review.ExportRequest
	since := ""
	c := &cobra.Command{
		Use:   "export",
		Short: "Write every decided item as a labelled example, masked",
		Long: `Write every decided item as one line of JSON: what was said, masked; what the guards did; what people decided;
and the probability with which it was drawn. The export is on record.

Exit status: 0 written · 2 usage · 3 cannot be read.`,
		Example: `  reeve review export --format jsonl > examples.jsonl`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if q.Since, err = parseWhen("--since", since); err != nil {
				return err
			}
			q.Actor = localActor()
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) (err error) {
				r, err := client.Open(ctx, review.CallExport, q)
				if err != nil {
					return err
				}
				defer func() { err = firstError(err, r.Close()) }()
				_, err = io.Copy(c.OutOrStdout(), r)
				return err
			})
		},
	}
	c.Flags().StringVar(&since, "since", "", "of items from this time on (RFC 3339 or a date)")
	f.add(c, "jsonl")
	f.format = "jsonl"
	return c
}

func newReviewPropose() *cobra.Command {
	var f houseFlags
	var q review.ProposeRequest
	since, action := "", ""
	score := 0.0
	c := &cobra.Command{
		Use:   "propose",
		Short: "Propose changes of rules from what reviewers found, with their effect",
		Long: `Propose changes of guard rules from what reviewers found wrong, and replay each over the exchanges on record:
how many would have passed, and how many of these reviewers found right or wrong. With --rule and --min-score or
--action the effect of that change is told. Nothing is put in force: a person edits the policy.

Exit status: 0 told · 1 nothing to propose · 2 usage · 3 cannot be read.`,
		Example: `  reeve review propose
  reeve review propose --rule pii/payment-card --min-score 0.6 --since 2026-11-01`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if q.Since, err = parseWhen("--since", since); err != nil {
				return err
			}
			q.Actor = localActor()
			if score != 0 || action != "" {
				if q.Rule == "" || score < 0 || score > 1 || score != 0 && action != "" {
					return usage("for example --rule pii/payment-card --min-score 0.6", "a change is --rule with one of --min-score (0 to 1) and --action")
				}
				q.Change = &review.Change{Rule: q.Rule, MinScore: int64(score*1000 + 0.5), Action: action}
			}
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				p, err := control.Call[*review.Proposals](ctx, client, review.CallPropose, q)
				if err != nil {
					return err
				}
				if f.format == "json" {
					if err := printJSON(c.OutOrStdout(), p); err != nil {
						return err
					}
				} else {
					printProposals(c.OutOrStdout(), p)
				}
				if len(p.Proposals) == 0 {
					fmt.Fprintln(c.ErrOrStderr(), "reeve: there is nothing to propose: no rule was found wrong often enough")
					return &toldError{exitFindings}
				}
				return nil
			})
		},
	}
	fs := c.Flags()
	fs.StringVar(&q.Rule, "rule", "", "of this rule only")
	fs.Float64Var(&score, "min-score", 0, "tell the effect of this match.min_score")
	fs.Var(formatFlag{&action, []string{"allow", "review", "mask", "block"}}, "action", "tell the effect of this action")
	fs.IntVar(&q.Least, "least", 5, "verdicts that a rule must have")
	fs.StringVar(&since, "since", "", "replay over exchanges from this time on (RFC 3339 or a date; default: all on record)")
	f.add(c, "text", "json")
	return c
}

func printProposals(w io.Writer, list *review.Proposals) {
	for i := range list.Proposals {
		p := &list.Proposals[i]
		fmt.Fprintf(w, "%s: reviewers found it wrong %s, right %s\n", p.Rule, counted(p.FalsePositive, "time"), counted(p.TruePositive, "time"))
		for line := range strings.Lines(p.Policy) {
			fmt.Fprint(w, "    "+line)
		}
		e := &p.Effect
		fmt.Fprintf(w, "  of %d exchanges it acted in %d; the verdict would have been weaker in %d (%d would pass without any rule) and stronger in %d\n", e.Exchanges, e.Acted, e.Weaker, e.Passed, e.Stronger)
		fmt.Fprintf(w, "  of the weaker ones reviewers looked at %d: in %d the rule was wrong, in %d it was right\n", e.Right+e.Wrong, e.Right, e.Wrong)
		fmt.Fprintln(w, "  nothing is in force before somebody edits the policy")
	}
}
