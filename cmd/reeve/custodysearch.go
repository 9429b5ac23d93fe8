package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
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

func newCustodyTail() *cobra.Command {
	var f houseFlags
	var q lifecycle.TailRequest
	var all bool
	c := &cobra.Command{
		Use:   "tail",
		Short: "Print records as they become durable",
		Long: `Print one JSON object a line for each record as it becomes durable: its number, kind, leaf and leaf hash.
No payload is read, so that nothing but the log's own names appears. It ends with the server, or with
Ctrl-C.

Exit status: 0 the server ended · 2 usage · 3 cannot be read · 130 interrupted.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			q.Follow, q.Live = true, !all && !c.Flags().Changed("from")
			if err := exists(f.data); err != nil {
				return err
			}
			client, err := control.Dial(f.data, controlWords())
			if errors.Is(err, control.ErrNoServer) {
				q.Follow, q.Live = false, false // nothing comes any more: print what is there
				return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
					return copyCall(ctx, c.OutOrStdout(), client, lifecycle.CallTail, q)
				})
			}
			if err != nil {
				return err
			}
			return firstError(copyCall(c.Context(), c.OutOrStdout(), client, lifecycle.CallTail, q), client.Close())
		},
	}
	c.Flags().Uint64Var(&q.From, "from", 0, "begin with this record")
	c.Flags().BoolVar(&all, "all", false, "begin with the first record")
	f.add(c)
	return c
}

// copyCall writes what a stream brings.
func copyCall(ctx context.Context, w io.Writer, client *control.Client, path string, q any) error {
	r, err := client.Open(ctx, path, q)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(w, r)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func newCustodyExport() *cobra.Command {
	var f houseFlags
	var q lifecycle.ExportRequest
	var records, out, format string
	c := &cobra.Command{
		Use:   "export (--subject S | --range FROM..TO) -o DIR",
		Short: "Export a person's data, a range for an auditor, or events for another system",
		Long: `Export with proofs. --subject writes all that the log holds about a person (GDPR Art. 15 and 20): the
records with their text, one proof each, a page to read (index.html), the checkpoint and the log's key.
--range writes records without their text for an auditor; --payloads adds it. Reading payloads is on
record before anything is written. ` + "`reeve custody verify DIR`" + ` checks a bundle without the log.

--format ocsf writes OCSF events and --format otel OpenTelemetry spans of a range, one JSON object a
line, to stdout or the file -o. They never hold content.

Exit status: 0 exported · 1 nothing is held under the subject · 2 usage · 3 not finished.`,
		Example: `  reeve custody export --subject ci -o ci-data
  reeve custody export --range 0..999 -o audit-2026-11
  reeve custody export --range 0.. --format ocsf -o events.jsonl`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if (q.Subject == "") == (records == "") {
				return usage("", "want either --subject or --range")
			}
			if q.From, q.To, err = parseRange(records); err != nil {
				return err
			}
			if format != "bundle" {
				return exportEvents(c, &f, lifecycle.EventsRequest{Format: format, From: q.From, To: q.To}, q.Subject, out)
			}
			if out == "" {
				return usage("for example -o bundle", "a bundle needs a directory: -o DIR")
			}
			q.Subject, q.Actor = subjectOf(q.Subject), localActor()
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				r, err := client.Open(ctx, lifecycle.CallExport, q)
				if err != nil {
					return err
				}
				defer r.Close()
				n, err := lifecycle.Unpack(r, out)
				if err != nil {
					return err
				}
				fmt.Fprintf(c.ErrOrStderr(), "reeve: %s in %s\n", counted(n, "file"), out)
				return nil
			})
		},
	}
	fs := c.Flags()
	fs.StringVar(&q.Subject, "subject", "", "whose data: id or name of an API key or user")
	fs.StringVar(&records, "range", "", "records FROM..TO, both included; FROM.. up to the newest")
	fs.BoolVar(&q.Payloads, "payloads", false, "with --range: the text, too")
	fs.StringVarP(&out, "output", "o", "", "directory of the bundle, new or empty; or file of the events")
	f.add(c)
	format = "bundle"
	addFormat(c, &format, "bundle", "ocsf", "otel")
	return c
}

func exportEvents(c *cobra.Command, f *houseFlags, q lifecycle.EventsRequest, subject, out string) error {
	if subject != "" {
		return usage("give --range FROM..TO", "--format %s speaks of nobody: it exports ranges", q.Format)
	}
	return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) (err error) {
		if out == "" {
			return copyCall(ctx, c.OutOrStdout(), client, lifecycle.CallEvents, q)
		}
		file, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return usage("give a file that does not exist", "write events: %w", err)
		}
		w := bufio.NewWriter(file)
		err = copyCall(ctx, w, client, lifecycle.CallEvents, q)
		return errors.Join(err, w.Flush(), file.Close())
	})
}
