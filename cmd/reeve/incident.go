package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/control"
	"github.com/reeve-ai/reeve/internal/monitor/incident"
)

func newIncident() *cobra.Command {
	c := &cobra.Command{
		Use:   "incident",
		Short: "Keep the record of what went wrong and what people made of it",
		Long: `Incidents are opened from alerts or by people. Every step is a record of the custody log, with who took it
and, sealed, why. Whether an incident is a serious one, and must be reported, a person decides: the time
limits that would run then are shown.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newIncidentList(), newIncidentShow(), newIncidentOpen(),
		newIncidentStep("ack ID --reason R", "Say that you look after an incident", incident.Acknowledged),
		newIncidentStep("close ID --reason R --assessment A", "Close an incident and say what it was", incident.Closed),
		newIncidentStep("reopen ID --reason R", "Open a closed incident again", incident.Open))
	return c
}

func newIncidentList() *cobra.Command {
	var f houseFlags
	var q listIncidents
	c := &cobra.Command{
		Use:   "list",
		Short: "List incidents, the newest first",
		Long:  "List incidents that are not closed, or with --all every one.\n\nExit status: 0 none is open · 1 one is · 2 usage.",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				list, err := control.Call[incidentList](ctx, client, callIncidents, q)
				if err != nil {
					return err
				}
				if f.format == "json" {
					err = printJSON(c.OutOrStdout(), list)
				} else {
					err = table(c.OutOrStdout(), func(t *tabwriter.Writer) {
						for i := range list.Incidents {
							in := &list.Incidents[i]
							fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", in.ID, in.State, in.Severity, strings.TrimSpace(in.Rule+" "+in.Subject), in.Opened.UTC().Format(time.RFC3339), in.Assessment)
						}
					})
				}
				for i := range list.Incidents {
					if err == nil && list.Incidents[i].State != incident.Closed {
						return &toldError{exitFindings}
					}
				}
				return err
			})
		},
	}
	c.Flags().BoolVar(&q.All, "all", false, "closed ones, too")
	f.add(c, "text", "json")
	return c
}

func newIncidentShow() *cobra.Command {
	var f houseFlags
	c := &cobra.Command{
		Use:   "show ID",
		Short: "Show an incident, and the time limits that may run",
		Long:  "Show an incident with its records; `reeve custody show RECORD --payload` opens why a step was taken.\n\nExit status: 0 shown · 1 there is no such incident · 2 usage.",
		Args:  exactly(1, "an incident"),
		RunE: func(c *cobra.Command, args []string) error {
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				in, err := control.Call[*incident.Incident](ctx, client, callIncident, byID{args[0]})
				if err != nil {
					return err
				}
				return printIncident(c, f.format, in)
			})
		},
	}
	f.add(c, "text", "json")
	return c
}

func printIncident(c *cobra.Command, format string, in *incident.Incident) error {
	w := c.OutOrStdout()
	if format == "json" {
		return printJSON(w, in)
	}
	fmt.Fprintf(w, "%s  %s  %s  %s\nopened %s, changed %s\n", in.ID, in.State, in.Severity, strings.TrimSpace(in.Rule+" "+in.Subject), in.Opened.UTC().Format(time.RFC3339), in.Changed.UTC().Format(time.RFC3339))
	if in.Assessment != "" {
		fmt.Fprintf(w, "assessment: %s\n", in.Assessment)
	}
	if in.Exchange != "" {
		fmt.Fprintf(w, "exchange: %s\n", in.Exchange)
	}
	fmt.Fprintf(w, "records: %s\n", strings.Join(in.Records, " "))
	if len(in.Clocks) > 0 {
		fmt.Fprintln(w, "A person must decide whether this is a serious incident. If it is, these limits run from awareness, at the latest from when it was opened:")
	}
	for _, k := range in.Clocks {
		draft := ""
		if k.Draft {
			draft = "DRAFT: "
		}
		fmt.Fprintf(w, "  by %s  %s%s: %s (%s)\n", k.Due.UTC().Format("2006-01-02 15:04 MST"), draft, k.Law, k.If, k.Note)
	}
	return nil
}

func newIncidentOpen() *cobra.Command {
	var f houseFlags
	r := incident.Report{Rule: incident.Manual}
	c := &cobra.Command{
		Use:     "open --reason R [--severity warning|critical] [--exchange ID]",
		Short:   "Open an incident",
		Long:    "Open an incident. Why is sealed in its record.\n\nExit status: 0 opened · 2 usage · 3 cannot be recorded.",
		Example: `  reeve incident open --reason "a customer's data in an answer" --severity critical --exchange 01JD…`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			r.Actor = localActor()
			if r.Reason == "" {
				return usage("", "%w", incident.ErrReason)
			}
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				in, err := control.Call[*incident.Incident](ctx, client, callIncidentOpen, r)
				if err != nil {
					return err
				}
				return printIncident(c, f.format, in)
			})
		},
	}
	fs := c.Flags()
	fs.StringVar(&r.Reason, "reason", "", "what happened; sealed in the record (required)")
	fs.StringVar(&r.Severity, "severity", "warning", "warning or critical")
	fs.StringVar(&r.Exchange, "exchange", "", "exchange that it is about")
	f.add(c, "text", "json")
	return c
}

func newIncidentStep(use, short, to string) *cobra.Command {
	var f houseFlags
	s := incident.Step{To: to}
	c := &cobra.Command{
		Use: use, Short: short, Args: exactly(1, "an incident"),
		Long: short + ". Why is sealed in the record.\n\nExit status: 0 done · 1 there is no such incident, or it is in another state · 2 usage · 3 cannot be recorded.",
		RunE: func(c *cobra.Command, args []string) error {
			s.ID, s.Actor = args[0], localActor()
			if s.Reason == "" {
				return usage("", "%w", incident.ErrReason)
			}
			if to == incident.Closed && s.Assessment == "" {
				return usage("one of "+strings.Join(incident.Assessments, ", "), "say what it was with --assessment")
			}
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				in, err := control.Call[*incident.Incident](ctx, client, callIncidentStep, s)
				if err != nil {
					return err
				}
				return printIncident(c, f.format, in)
			})
		},
	}
	c.Flags().StringVar(&s.Reason, "reason", "", "why; sealed in the record (required)")
	if to == incident.Closed {
		c.Flags().StringVar(&s.Assessment, "assessment", "", strings.Join(incident.Assessments, ", "))
	}
	f.add(c, "text", "json")
	return c
}
