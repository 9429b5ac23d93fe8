package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/control"
	"github.com/reeve-ai/reeve/internal/monitor/alert"
)

func newMonitor() *cobra.Command {
	c := &cobra.Command{
		Use:   "monitor",
		Short: "See what a running server watches: alerts, drift, canaries, events on their way",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newMonitorAlerts(), newMonitorTestAlert(), newMonitorSilence(), newMonitorDrift(), newMonitorCanaries(), newMonitorEvents())
	return c
}

// table writes columns.
func table(w io.Writer, write func(*tabwriter.Writer)) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	write(t)
	return t.Flush()
}

func newMonitorAlerts() *cobra.Command {
	var f houseFlags
	c := &cobra.Command{
		Use:   "alerts",
		Short: "List what is wrong now, and what was until a day ago",
		Long: `List alerts that go on and those that ended within a day, and the silences in force.

Exit status: 0 nothing is wrong · 1 an alert goes on · 2 usage · 3 no server runs.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				now, err := control.Call[alertsNow](ctx, client, callAlerts, struct{}{})
				if err != nil {
					return err
				}
				if err := printAlerts(c, f.format, &now); err != nil {
					return err
				}
				if slices.ContainsFunc(now.Alerts, func(a alert.Alert) bool { return a.Ended.IsZero() }) {
					return &toldError{exitFindings}
				}
				return nil
			})
		},
	}
	f.add(c, "text", "json")
	return c
}

func printAlerts(c *cobra.Command, format string, now *alertsNow) error {
	if format == "json" {
		return printJSON(c.OutOrStdout(), now)
	}
	if len(now.Alerts) == 0 {
		fmt.Fprintln(c.ErrOrStderr(), "reeve: nothing is wrong")
	}
	return table(c.OutOrStdout(), func(t *tabwriter.Writer) {
		for _, a := range now.Alerts {
			state := a.Severity
			switch {
			case !a.Ended.IsZero():
				state = "over"
			case a.Silenced:
				state += " (silenced)"
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", state, strings.TrimSpace(a.Key()), a.Since.UTC().Format(time.RFC3339), a.Summary)
		}
		for _, s := range now.Silences {
			fmt.Fprintf(t, "silence\t%s\tuntil %s\t\n", s.Rule, s.Until.UTC().Format(time.RFC3339))
		}
	})
}

func newMonitorTestAlert() *cobra.Command {
	var f houseFlags
	c := &cobra.Command{
		Use:   "test-alert",
		Short: "Send a test to everybody who is told of alerts",
		Long: `Send a test by every way that monitoring.alerts names, and say whether it was taken.

Exit status: 0 taken by all · 1 nobody is told, or one did not take it · 2 usage · 3 no server runs.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				told, err := control.Call[toldTest](ctx, client, callTestAlert, struct{}{})
				if err != nil {
					return err
				}
				bad := len(told.Notifiers) == 0
				for _, n := range told.Notifiers {
					bad = bad || n.Error != ""
					if f.format == "text" {
						fmt.Fprintf(c.OutOrStdout(), "%s: %s\n", n.Name, orWord(n.Error, "taken"))
					}
				}
				if f.format == "json" {
					if err := printJSON(c.OutOrStdout(), told); err != nil {
						return err
					}
				}
				if len(told.Notifiers) == 0 {
					fmt.Fprintln(c.ErrOrStderr(), "reeve: nobody is told of alerts: set monitoring.alerts.webhook or monitoring.alerts.email")
				}
				if bad {
					return &toldError{exitFindings}
				}
				return nil
			})
		},
	}
	f.add(c, "text", "json")
	return c
}

func orWord(s, word string) string {
	if s == "" {
		return word
	}
	return s
}

func newMonitorSilence() *cobra.Command {
	var f houseFlags
	var span time.Duration
	c := &cobra.Command{
		Use:   "silence RULE",
		Short: "Keep alerts of a rule quiet for a time",
		Long: `Keep alerts of a rule from being told for a time. They are still listed, and told when the time is over and
they go on. RULE may be a pattern such as 'events-*'. --for 0 lifts a silence.

Exit status: 0 done · 2 usage · 3 no server runs.`,
		Example: `  reeve monitor silence drift --for 2h`,
		Args:    exactly(1, "a rule"),
		RunE: func(c *cobra.Command, args []string) error {
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				now, err := control.Call[alertsNow](ctx, client, callSilence, alert.Silence{Rule: args[0], Until: time.Now().Add(span).UTC()})
				if err != nil {
					return err
				}
				return printAlerts(c, f.format, &now)
			})
		},
	}
	c.Flags().DurationVar(&span, "for", time.Hour, "for how long")
	f.add(c, "text", "json")
	return c
}

func newMonitorDrift() *cobra.Command {
	var f houseFlags
	c := &cobra.Command{
		Use:   "drift",
		Short: "List the rates that are watched, those that have left their past first",
		Long: `List the rates that are watched per rule, model, label, verdict and team: the share that was learned, from how
many hours, and whether it has been left.

Exit status: 0 all are steady · 1 one has left its past · 2 usage, or drift is off · 3 no server runs.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				now, err := control.Call[driftNow](ctx, client, callDrift, struct{}{})
				if err != nil {
					return err
				}
				if f.format == "json" {
					err = printJSON(c.OutOrStdout(), now)
				} else {
					err = printDrift(c.OutOrStdout(), now)
				}
				if err == nil && len(now.Rates) > 0 && now.Rates[0].Alarm {
					return &toldError{exitFindings}
				}
				return err
			})
		},
	}
	f.add(c, "text", "json")
	return c
}

func printDrift(w io.Writer, now driftNow) error {
	return table(w, func(t *tabwriter.Writer) {
		fmt.Fprintln(t, "KIND\tNAME\tSHARE\tHOURS\tSTATE")
		for _, r := range now.Rates {
			state := "steady"
			switch {
			case r.Alarm:
				state = map[bool]string{true: "rose", false: "fell"}[r.Rose] + " since " + r.Since.UTC().Format(time.RFC3339)
			case r.Learning:
				state = "learning"
			}
			fmt.Fprintf(t, "%s\t%s\t%.3f %%\t%d\t%s\n", r.Kind, r.Name, 100*r.Share, r.Windows, state)
		}
	})
}

func newMonitorCanaries() *cobra.Command {
	var f houseFlags
	var q runCanaries
	c := &cobra.Command{
		Use:   "canaries",
		Short: "Tell how the canary prompts ended the last time, or send them now",
		Long: `Tell how each canary of monitoring.canaries ended the last time, or with --run send all of them now.

Exit status: 0 all ended as they must · 1 one did not · 2 usage, or there are none · 3 no server runs.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				now, err := control.Call[canariesNow](ctx, client, callCanaries, q)
				if err != nil {
					return err
				}
				bad := false
				for _, r := range now.Canaries {
					bad = bad || !r.OK
				}
				if f.format == "json" {
					err = printJSON(c.OutOrStdout(), now)
				} else {
					err = table(c.OutOrStdout(), func(t *tabwriter.Writer) {
						for _, r := range now.Canaries {
							fmt.Fprintf(t, "%s\t%s\t%s\twant %s\t%s\t%s\n", map[bool]string{true: "ok", false: "FAILED"}[r.OK], r.Name, r.Got, r.Expected, r.Rule, r.Why)
						}
					})
				}
				if err == nil && bad {
					return &toldError{exitFindings}
				}
				return err
			})
		},
	}
	c.Flags().BoolVar(&q.Run, "run", false, "send them now")
	f.add(c, "text", "json")
	return c
}

func newMonitorEvents() *cobra.Command {
	var f houseFlags
	c := &cobra.Command{
		Use:   "events",
		Short: "Tell how far each system that gets events is behind the log",
		Long: `Tell for each system of monitoring.events how many records wait for it.

Exit status: 0 all take events · 1 one refuses them, or missed some · 2 usage · 3 no server runs.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				now, err := control.Call[sinksNow](ctx, client, callSinks, struct{}{})
				if err != nil {
					return err
				}
				bad := slices.ContainsFunc(now.Sinks, func(s sinkNow) bool { return !s.FailingSince.IsZero() || s.Missed > 0 })
				if f.format == "json" {
					err = printJSON(c.OutOrStdout(), now)
				} else {
					err = table(c.OutOrStdout(), func(t *tabwriter.Writer) {
						fmt.Fprintln(t, "SYSTEM\tWAITING\tDELIVERED\tMISSED\tSTATE")
						for _, s := range now.Sinks {
							state := "takes events"
							if !s.FailingSince.IsZero() {
								state = "refuses since " + s.FailingSince.UTC().Format(time.RFC3339)
							}
							fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%s\n", s.Name, s.Backlog, s.Delivered, s.Missed, state)
						}
					})
				}
				if err == nil && bad {
					return &toldError{exitFindings}
				}
				return err
			})
		},
	}
	f.add(c, "text", "json")
	return c
}
