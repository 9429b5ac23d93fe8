package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/control"
	"github.com/reeve-ai/reeve/internal/lifecycle"
)

func newCustodyHold() *cobra.Command {
	c := &cobra.Command{
		Use:   "hold",
		Short: "Keep records from erasure and retention",
		Long: `A legal hold on a subject, a range of records or a span of time beats retention and erasure. Every
change is itself a record. When a hold is released, erasures that waited for it are done.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newHoldAdd(), newHoldRelease(), newHoldList())
	return c
}

func newHoldAdd() *cobra.Command {
	var f houseFlags
	var q lifecycle.HoldRequest
	var records, since, until string
	c := &cobra.Command{
		Use:   "add (--subject S | --range FROM..TO | --since T [--until T]) --reason R --owner O",
		Short: "Lay a hold",
		Long: `Lay a hold. What is given must all fit: --subject with --since holds what is said to or by the subject
from then on. A hold that is laid covers records that come later, too.

Exit status: 0 in force · 2 usage · 3 cannot be recorded.`,
		Example: `  reeve custody hold add --subject support-bot --reason "case 2026-7" --owner legal@example.org`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			q.Actor = localActor()
			if q.Scope.Subject != "" {
				q.Scope.Subject = subjectOf(q.Scope.Subject)
			}
			if q.Scope.From, q.Scope.To, err = parseRange(records); err != nil {
				return err
			}
			if q.Scope.Since, err = parseWhen("--since", since); err != nil {
				return err
			}
			if q.Scope.Until, err = parseWhen("--until", until); err != nil {
				return err
			}
			if err := q.Scope.Validate(); err != nil {
				return usage("give --subject, --range or --since", "%w", err)
			}
			if q.Reason == "" || q.Owner == "" {
				return usage("", "a hold needs --reason and an --owner who answers for it")
			}
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				holds, err := control.Call[[]lifecycle.Hold](ctx, client, lifecycle.CallHold, q)
				if err != nil {
					return err
				}
				return printHolds(c, f.format, &lifecycle.InForce{Holds: holds})
			})
		},
	}
	fs := c.Flags()
	fs.StringVar(&q.Scope.Subject, "subject", "", "id or name of an API key or user")
	fs.StringVar(&records, "range", "", "records FROM..TO, both included; FROM.. for no end")
	fs.StringVar(&since, "since", "", "records from this time on (RFC 3339 or a date)")
	fs.StringVar(&until, "until", "", "records before this time")
	fs.StringVar(&q.Reason, "reason", "", "why; sealed in the record (required)")
	fs.StringVar(&q.Owner, "owner", "", "who answers for the hold; sealed in the record (required)")
	f.add(c, "text", "json")
	return c
}

func newHoldRelease() *cobra.Command {
	var f houseFlags
	var q lifecycle.ReleaseRequest
	c := &cobra.Command{
		Use:   "release ID --reason R",
		Short: "Release a hold, and do the erasures that waited for it",
		Long: `Release a hold. Erasures that only it stood against are done before the command returns.

Exit status: 0 released · 1 there is no such hold · 2 usage · 3 not finished.`,
		Args: exactly(1, "the id of one hold"),
		RunE: func(c *cobra.Command, args []string) error {
			if q.Reason == "" {
				return usage("", "a release needs --reason")
			}
			q.ID, q.Actor = args[0], localActor()
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				r, err := control.Call[*lifecycle.Released](ctx, client, lifecycle.CallRelease, q)
				if err != nil {
					return err
				}
				if f.format == "json" {
					return printJSON(c.OutOrStdout(), struct {
						SchemaVersion int `json:"schema_version"`
						*lifecycle.Released
					}{schemaVersion, r})
				}
				fmt.Fprintf(c.OutOrStdout(), "hold %s is released\n", r.ID)
				for _, e := range r.Erased {
					printReceipt(c.OutOrStdout(), e)
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&q.Reason, "reason", "", "why; sealed in the record (required)")
	f.add(c, "text", "json")
	return c
}

func newHoldList() *cobra.Command {
	var f houseFlags
	c := &cobra.Command{
		Use: "list", Short: "List the holds in force, and the erasures that they hold back", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				in, err := control.Call[*lifecycle.InForce](ctx, client, lifecycle.CallHolds, nil)
				if err != nil {
					return err
				}
				return printHolds(c, f.format, in)
			})
		},
	}
	f.add(c, "text", "json")
	return c
}

func printHolds(c *cobra.Command, format string, in *lifecycle.InForce) error {
	w := c.OutOrStdout()
	if format == "json" {
		return printJSON(w, struct {
			SchemaVersion int `json:"schema_version"`
			*lifecycle.InForce
		}{schemaVersion, in})
	}
	if len(in.Holds) == 0 {
		fmt.Fprintln(w, "no hold is in force")
	}
	for _, h := range in.Holds {
		fmt.Fprintf(w, "%s  %s\n    %s (owner %s, since %s)\n", h.ID, h.Scope, h.Reason, h.Owner, h.Added.Format(time.RFC3339))
	}
	for _, e := range in.Waiting {
		fmt.Fprintf(w, "erasure %s of %s waits for %s\n", e.ID, strings.Join(e.Subjects, ", "), strings.Join(e.HeldBy, ", "))
	}
	return nil
}

// parseRange reads FROM..TO, both included, or FROM.. as [from, to); to is 0 for no end.
func parseRange(s string) (from, to uint64, err error) {
	if s == "" {
		return 0, 0, nil
	}
	first, last, ok := strings.Cut(s, "..")
	if ok {
		from, err = strconv.ParseUint(first, 10, 63)
	}
	if ok && err == nil && last != "" {
		to, err = strconv.ParseUint(last, 10, 63)
		to++
	}
	if !ok || err != nil || last != "" && to <= from {
		return 0, 0, usage("for example --range 100..199, or --range 100..", "%q is no range of records", s)
	}
	return from, to, nil
}

// parseWhen reads a time: RFC 3339, or a date in UTC.
func parseWhen(flag, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, usage("for example 2026-11-01 or 2026-11-01T09:30:00Z", "%s: %q is no time", flag, s)
}
