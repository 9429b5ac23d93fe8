package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/control"
	"github.com/reeve-ai/reeve/internal/lifecycle"
)

func newCustodyRetention() *cobra.Command {
	c := &cobra.Command{
		Use:   "retention",
		Short: "Let payloads go whose time is up, and explain which rule decides",
		Long: `How long content and metadata are kept stands in custody.retention of the configuration. The server lets
payloads go by itself, every hour. A legal hold beats an erasure, an erasure beats every period, a floor
that a law sets for metadata beats a shorter period, a class beats the default.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newRetentionExplain(), newRetentionRun())
	return c
}

func newRetentionExplain() *cobra.Command {
	var f houseFlags
	c := &cobra.Command{
		Use:   "explain ID",
		Short: "Tell how long an exchange is kept, which rule says so and which lost",
		Args:  exactly(1, "the id of one exchange or event"),
		RunE: func(c *cobra.Command, args []string) error {
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				e, err := control.Call[*lifecycle.Explanation](ctx, client, lifecycle.CallExplain, lifecycle.ExplainRequest{ID: args[0]})
				if err != nil {
					return err
				}
				if f.format == "json" {
					return printJSON(c.OutOrStdout(), e)
				}
				for i := range e.Records {
					r := &e.Records[i]
					fmt.Fprintf(c.OutOrStdout(), "record %d %s\n", r.Seq, r.Kind)
					printRuling(c.OutOrStdout(), "payload", &r.Payload, r.Dropped)
					printRuling(c.OutOrStdout(), "metadata", &r.Metadata, false)
				}
				return nil
			})
		},
	}
	f.add(c, "text", "json")
	return c
}

func printRuling(w io.Writer, part string, r *lifecycle.Ruling, gone bool) {
	state := "may go now"
	switch {
	case gone:
		state = "is gone, or never was"
	case r.Keep && r.Until.IsZero():
		state = "is kept"
	case r.Keep:
		state = "is kept until " + r.Until.Format(time.DateOnly)
	}
	fmt.Fprintf(w, "  %s %s: %s, %s", part, state, r.Rule, r.Why)
	if len(r.Beaten) > 0 {
		fmt.Fprintf(w, " (beats %s)", strings.Join(r.Beaten, ", "))
	}
	fmt.Fprintln(w)
}

func newRetentionRun() *cobra.Command {
	var f houseFlags
	var q lifecycle.RetainRequest
	c := &cobra.Command{
		Use:   "run",
		Short: "Let payloads go whose time is up, now",
		Long: `Let payloads go whose time is up: first a record says which, then they are overwritten. A running server
does it by itself every hour, with the periods of its configuration; where none runs, the periods of
./reeve.yaml or the defaults hold.

Exit status: 0 done · 2 usage · 3 not finished.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			q.Actor = localActor()
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				r, err := control.Call[*lifecycle.Retained](ctx, client, lifecycle.CallRetain, q)
				if err != nil {
					return err
				}
				if f.format == "json" {
					return printJSON(c.OutOrStdout(), r)
				}
				did := map[bool]string{true: "would go", false: "are gone"}[q.DryRun]
				fmt.Fprintf(c.OutOrStdout(), "%s %s, %d are held\n", counted(r.Payloads, "payload"), did, r.Held)
				if r.Metadata > 0 {
					fmt.Fprintf(c.OutOrStdout(), "%s at the beginning of the log past their period; the first record is %d\n", counted(r.Metadata, "record"), r.First)
				}
				for _, rule := range slices.Sorted(maps.Keys(r.Rules)) {
					fmt.Fprintf(c.OutOrStdout(), "  %s: %d\n", rule, r.Rules[rule])
				}
				return nil
			})
		},
	}
	c.Flags().BoolVar(&q.DryRun, "dry-run", false, "change and record nothing, only tell")
	f.add(c, "text", "json")
	return c
}
