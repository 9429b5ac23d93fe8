package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/control"
	review "github.com/reeve-ai/reeve/internal/people"
	"github.com/reeve-ai/reeve/internal/store"
)

func newReview() *cobra.Command {
	c := &cobra.Command{
		Use:   "review",
		Short: "Look at what waits for a person, decide, and learn from it",
		Long: `Look at what waits for a person, decide, and learn from it. The queue is fed from the custody log: what a
rule blocked, flagged or masked, what scored near a threshold, what somebody reported, held answers, and a
random share of everything. docs/review.md explains it.

Commands work on the running server or, where none runs, on the data directory. Who decides is a user of this
house, named with --as; the access rules say what they may, and nobody decides about an exchange of their own.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newReviewList(), newReviewShow(), newReviewClaim(), newReviewDecide(), newReviewStats(), newReviewExport(), newReviewPropose())
	return c
}

func newReviewList() *cobra.Command {
	var f houseFlags
	q := review.ListCall{}
	c := &cobra.Command{
		Use:   "list",
		Short: "List the queue, the most urgent first",
		Long: `List the queue, the most urgent first. No content is shown.

Exit status: 0 listed, also where nothing waits · 2 usage · 3 cannot be read.`,
		Example: `  reeve review list
  reeve review list --source held --format json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				list, err := control.Call[*review.Items](ctx, client, review.CallList, q)
				if err != nil {
					return err
				}
				return printItems(c, list, f.format)
			})
		},
	}
	fs := c.Flags()
	fs.StringVar(&q.State, "state", store.ReviewOpen, "open, claimed, decided, expired; empty for all")
	fs.StringVar(&q.Source, "source", "", strings.Join(review.Sources(), ", "))
	fs.IntVar(&q.Limit, "limit", 100, "how many, at most 1000")
	fs.StringVar(&q.After, "after", "", "go on behind this item")
	f.add(c, "text", "json")
	return c
}

func printItems(c *cobra.Command, list *review.Items, format string) error {
	if format == "json" {
		return printJSON(c.OutOrStdout(), list)
	}
	if len(list.Items) == 0 {
		fmt.Fprintln(c.ErrOrStderr(), "reeve: nothing waits")
		return nil
	}
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tWHY\tLABEL\tMODEL\tRULES\tDUE\tSTATE")
	for i := range list.Items {
		it := &list.Items[i]
		state := it.State
		if it.Assignee != "" {
			state += " by " + it.Assignee
		}
		if it.Outcome != "" {
			state += ": " + it.Outcome
		}
		if !it.Escalated.IsZero() {
			state += " (escalated)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", it.ID, strings.Join(it.Sources, ","), it.Label, it.Model, rulesOf(it), it.Due.Format(time.RFC3339), state)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if list.Next != "" {
		fmt.Fprintf(c.ErrOrStderr(), "reeve: there is more: --after %s\n", list.Next)
	}
	return nil
}

func rulesOf(it *store.ReviewItem) string {
	var names []string
	for _, r := range it.Rules {
		names = append(names, r.Rule+"="+r.Action)
	}
	return strings.Join(names, ",")
}

func newReviewShow() *cobra.Command {
	var f houseFlags
	var q review.ShowCall
	c := &cobra.Command{
		Use:   "show ID --as USER",
		Short: "Show one item with what was said, masked",
		Long: `Show one item with what was said. Personal data and secrets are replaced by their kind; --reveal REASON shows
them, which needs the right and is on record before anything is shown.

Exit status: 0 shown · 1 refused · 2 usage · 3 cannot be read.`,
		Args: exactly(1, "the id of one item"),
		RunE: func(c *cobra.Command, args []string) error {
			q.ID = args[0]
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				v, err := control.Call[*review.View](ctx, client, review.CallShow, q)
				if err != nil {
					return err
				}
				if f.format == "json" {
					return printJSON(c.OutOrStdout(), v)
				}
				printView(c.OutOrStdout(), v)
				return nil
			})
		},
	}
	c.Flags().StringVar(&q.As, "as", "", "user who looks (required)")
	c.Flags().StringVar(&q.Reveal, "reveal", "", "show it without masks, for this reason")
	f.add(c, "text", "json")
	return c
}

func printView(w io.Writer, v *review.View) {
	it := &v.Item
	fmt.Fprintf(w, "%s: %s, version %d\n  why: %s\n  label: %s, model: %s, due: %s\n", it.ID, it.State, it.Version, strings.Join(it.Sources, ", "), it.Label, it.Model, it.Due.Format(time.RFC3339))
	for _, r := range it.Rules {
		fmt.Fprintf(w, "  rule %s: %s, %s on the way %s\n", r.Rule, r.Action, counted(int(r.Count), "time"), r.Stage)
	}
	for what, why := range map[bool]string{v.Erased: "what was said is erased", v.Dropped: "what was said is not kept any more", v.Unkept: "nothing of what was said was kept"} {
		if what {
			fmt.Fprintln(w, "  "+why)
		}
	}
	for _, part := range [][]review.Turn{v.Input, v.Output} {
		for _, t := range part {
			fmt.Fprintf(w, "%s: %s\n", printable(t.Role), printable(t.Text))
		}
	}
	for _, n := range v.Notes {
		fmt.Fprintf(w, "reported as %s: %s\n", n.Category, printable(n.Text))
	}
	if v.Blind {
		fmt.Fprintln(w, "  an earlier verdict is not shown: this is a second look")
	}
	for i := range v.Verdicts {
		g := &v.Verdicts[i]
		fmt.Fprintf(w, "verdict %d: %s (%s) by %s: %s\n", g.Round, g.Outcome, g.Category, g.Reviewer, printable(g.Reason))
	}
	if why := v.May["decide"]; why != "" {
		fmt.Fprintln(w, "  not for you to decide: "+why)
	}
}

// printable takes what a terminal would act on out of a text: control characters but line breaks, and marks that change the
// direction of writing.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f || r == 0x061c:
			return '�'
		}
		return r
	}, s)
}

func newReviewClaim() *cobra.Command {
	var f houseFlags
	var q review.ClaimCall
	c := &cobra.Command{
		Use:   "claim --as USER [ID]",
		Short: "Take items to decide about, the most urgent first, or a certain one",
		Long: `Take items to decide about. They are yours until the lease ends (review.lease), then they wait again.

Exit status: 0 claimed · 1 refused, or nothing waits · 2 usage · 3 cannot be done now.`,
		Args: atMostOne,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				q.ID = args[0]
			}
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				list, err := control.Call[*review.Items](ctx, client, review.CallClaim, q)
				if err != nil {
					return err
				}
				if err := printItems(c, list, f.format); err != nil || len(list.Items) > 0 {
					return err
				}
				return &toldError{exitFindings}
			})
		},
	}
	c.Flags().StringVar(&q.As, "as", "", "user who decides (required)")
	c.Flags().IntVarP(&q.N, "number", "n", 1, "how many, at most 100")
	f.add(c, "text", "json")
	return c
}

func newReviewDecide() *cobra.Command {
	var f houseFlags
	var q review.DecideCall
	file := ""
	c := &cobra.Command{
		Use:   "decide ID --as USER --outcome O --reason R",
		Short: "Decide about one item",
		Long: `Decide about one item. confirm: what the machine did was right. release: there is nothing to object to; a held
answer goes out. correct: the answer should read as in --corrected. incident: an incident is opened. The verdict
is a record of the custody log; the reason is sealed with it.

Of two people who decide the same item, the second is told: --version says which one was seen.

Exit status: 0 decided · 1 refused, or somebody else was first · 2 usage · 3 cannot be recorded.`,
		Example: `  reeve review decide 01KAJ… --as rui --outcome release --category none --reason "a test card number"`,
		Args:    exactly(1, "the id of one item"),
		RunE: func(c *cobra.Command, args []string) error {
			q.Item = args[0]
			if file != "" {
				text, err := readCorrected(file)
				if err != nil {
					return err
				}
				q.Corrected = text
			}
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				it, err := control.Call[*store.ReviewItem](ctx, client, review.CallDecide, q)
				if err != nil {
					return err
				}
				if f.format == "json" {
					return printJSON(c.OutOrStdout(), it)
				}
				switch {
				case it.State == store.ReviewDecided:
					fmt.Fprintf(c.OutOrStdout(), "%s is decided: %s\n", it.ID, it.Outcome)
				default:
					fmt.Fprintf(c.OutOrStdout(), "%s: your verdict is on record; another person looks at it, too\n", it.ID)
				}
				return nil
			})
		},
	}
	fs := c.Flags()
	fs.StringVar(&q.As, "as", "", "user who decides (required)")
	fs.StringVar(&q.Outcome, "outcome", "", strings.Join(review.Outcomes(), ", ")+" (required)")
	fs.StringVar(&q.Category, "category", "", "such as "+strings.Join(review.Categories(), ", "))
	fs.StringVar(&q.Reason, "reason", "", "why; sealed (required)")
	fs.StringVar(&file, "corrected", "", "file with how the answer should read")
	fs.StringSliceVar(&q.Missed, "missed", nil, "rules that should have acted")
	fs.StringSliceVar(&q.Wrong, "wrong", nil, "rules that acted and should not have")
	fs.Int64Var(&q.Version, "version", 0, "version of the item that was seen; 0: whatever it is")
	f.add(c, "text", "json")
	return c
}

// readCorrected reads a text of at most a megabyte.
func readCorrected(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", usage("", "open corrected text: %w", err)
	}
	defer file.Close()
	const most = 1 << 20
	b, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && len(b) > most {
		err = fmt.Errorf("%s has more than %d bytes", path, most)
	}
	if err != nil {
		return "", usage("", "read corrected text: %w", err)
	}
	return string(b), nil
}
