package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/control"
	"github.com/reeve-ai/reeve/internal/lifecycle"
)

func newCustodySearch() *cobra.Command {
	var f houseFlags
	var q lifecycle.SearchRequest
	var since, until string
	c := &cobra.Command{
		Use:   "search",
		Short: "Find exchanges and events by person, time, model, result or label",
		Long: `Find exchanges and events, the newest first. No payload is read. What is given must all fit. A search for
a person is itself on record.

Exit status: 0 found · 1 nothing found · 2 usage · 3 cannot be read.`,
		Example: `  reeve custody search --subject ci --since 2026-11-01 --result refused
  reeve custody search --model support-bot --limit 100 --format json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if q.Since, err = parseWhen("--since", since); err != nil {
				return err
			}
			if q.Until, err = parseWhen("--until", until); err != nil {
				return err
			}
			q.Subject, q.Actor = subjectOf(q.Subject), localActor()
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				p, err := control.Call[*lifecycle.Page](ctx, client, lifecycle.CallSearch, q)
				if err != nil {
					return err
				}
				return printPage(c, p, f.format)
			})
		},
	}
	fs := c.Flags()
	fs.StringVar(&q.Subject, "subject", "", "id or name of an API key or user")
	fs.StringVar(&q.Term, "mentions", "", "an identifier that a payload names, such as an e-mail address, where custody.index_identifiers is on")
	fs.StringVar(&since, "since", "", "from this time on (RFC 3339 or a date)")
	fs.StringVar(&until, "until", "", "before this time")
	fs.StringVar(&q.Model, "model", "", "name of the model")
	fs.StringVar(&q.Result, "result", "", "ok, refused, blocked, failed, cut, aborted or open")
	fs.StringVar(&q.Label, "label", "", "label of the input or the output, such as confidential{PII}")
	fs.StringVar(&q.Kind, "kind", "", "exchange, access, admin, erasure, hold, retention …")
	fs.IntVar(&q.Limit, "limit", 50, "how many, at most 1000")
	fs.Uint64Var(&q.Before, "before", 0, "go on from here: the number that the page before ended with")
	f.add(c, "text", "json")
	return c
}

func printPage(c *cobra.Command, p *lifecycle.Page, format string) error {
	if format == "json" {
		if err := printJSON(c.OutOrStdout(), p); err != nil {
			return err
		}
	} else {
		w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
		for i := range p.Hits {
			h := &p.Hits[i]
			what := h.Model
			if what == "" {
				what = h.Act
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", h.Time.Format(time.RFC3339), h.ID, h.Kind, what, h.Result, h.LabelOut)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		if p.Next != 0 {
			fmt.Fprintf(c.ErrOrStderr(), "reeve: there is more: --before %d\n", p.Next)
		}
	}
	if len(p.Hits) == 0 {
		fmt.Fprintln(c.ErrOrStderr(), "reeve: nothing is found")
		return &toldError{exitFindings}
	}
	return nil
}
