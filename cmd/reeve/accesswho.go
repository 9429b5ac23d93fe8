package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/access/analysis"
)

func newAccessWhoCan() *cobra.Command {
	return newAccessGrants("who-can", "List who may do something",
		"  reeve access who-can --action dataset:train --resource tickets", []string{"action", "resource"}, analysis.WhoCan)
}

func newAccessWhatCan() *cobra.Command {
	return newAccessGrants("what-can", "List what somebody may do",
		"  reeve access what-can --principal ana", []string{"principal"}, analysis.WhatCan)
}

func newAccessGrants(name, short, example string, needs []string, list func(*access.Set, *access.Entities, analysis.Question) ([]analysis.Grant, error)) *cobra.Command {
	var flags accessFlags
	var ask questionFlags
	format := "text"
	c := &cobra.Command{
		Use: name, Short: short, Example: example, Args: noArgs,
		Long: short + `, among the entities that are known, each with the rules that allow it. The circumstances are
those given with --context; without any, nothing is known of them but the time.

Exit status: 0 listed · 2 usage, or the policies are in error.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := required(c, needs...); err != nil {
				return err
			}
			set, entities, err := flags.load()
			if err != nil {
				return err
			}
			q, err := ask.question()
			if err != nil {
				return err
			}
			grants, err := list(set, entities, q)
			if err != nil {
				return &usageError{err, "give the entities with --entities; `reeve access check` answers a single question"}
			}
			if format == "json" {
				return printJSON(c.OutOrStdout(), struct {
					SchemaVersion int              `json:"schema_version"`
					Grants        []analysis.Grant `json:"grants"`
				}{schemaVersion, append([]analysis.Grant{}, grants...)})
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "PRINCIPAL\tACTION\tRESOURCE\tBY")
			for _, g := range grants {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", g.Principal, g.Action, g.Resource, strings.Join(g.Rules, ", "))
			}
			return w.Flush()
		},
	}
	flags.add(c)
	ask.add(c, append(needs, "context")...)
	addFormat(c, &format, "text", "json")
	return c
}
