package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/control"
	"github.com/reeve-ai/reeve/internal/lifecycle"
)

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
