package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/gate"
)

// gateStatus is what `reeve gate status --format json` prints.
type gateStatus struct {
	SchemaVersion int          `json:"schema_version"`
	State         gate.State   `json:"state"` // the worst of the targets
	Policy        string       `json:"policy"`
	Ungoverned    []string     `json:"ungoverned"` // files with weights that belong to no target
	Targets       []*gate.Node `json:"targets"`
}

func newGateStatus() *cobra.Command {
	f := gateFlags{format: "text"}
	c := &cobra.Command{
		Use:   "status [TARGET]",
		Short: "Show what a model rests on, and what of it is fresh, stale or missing",
		Long: `Show the tree of a model: the recorded verdict, the statements that it rests on, and what went in below them, each
fresh, stale, missing or broken, and why. A changed policy, file, tokenizer, data set or base model, another table of
licences, and time make what rests on them stale.

Without TARGET the models of reeve.yaml (gate.models) are looked at.

Exit status: 0 everything is fresh · 2 usage or configuration · 3 something is stale or missing · 4 integrity broken.`,
		Example: "  reeve gate status models/support-bot --evidence evidence/\n  reeve gate status --format json",
		Args:    atMostOne,
		RunE:    func(c *cobra.Command, args []string) error { return f.status(c, args) },
	}
	f.add(c)
	addFormat(c, &f.format, "text", "json")
	return c
}

func (f *gateFlags) status(c *cobra.Command, args []string) error {
	g, err := f.open(c, args)
	if err != nil {
		return err
	}
	out := gateStatus{SchemaVersion: schemaVersion, State: gate.Fresh, Policy: g.policy.Digest(), Ungoverned: append([]string{}, g.ungoverned...), Targets: []*gate.Node{}}
	for _, t := range g.targets {
		ev, err := g.gather(c.Context(), t)
		if err != nil {
			return err
		}
		root, _ := gate.Status(g.policy, ev, time.Now())
		out.Targets = append(out.Targets, root)
		out.State = gate.Worse(out.State, root.State)
	}
	if len(out.Ungoverned) > 0 {
		out.State = gate.Worse(out.State, gate.Missing)
	}
	w := c.OutOrStdout()
	if f.format == "json" {
		if err := printJSON(w, out); err != nil {
			return err
		}
	} else {
		for _, t := range out.Targets {
			tellNode(w, t, 0)
		}
		for _, name := range out.Ungoverned {
			fmt.Fprintf(w, "missing  file %s: it holds weights and belongs to no model\n", clean(name))
		}
	}
	switch out.State {
	case gate.Fresh:
		return nil
	case gate.Broken:
		return &toldError{exitIntegrity}
	}
	return &toldError{exitIncomplete}
}

// tellNode writes a node and all below it, two spaces for each step down.
func tellNode(w io.Writer, n *gate.Node, depth int) {
	line := fmt.Sprintf("%-7s  %s%s %s", n.State, strings.Repeat("  ", depth), n.Kind, clean(n.Name))
	if len(n.By) > 0 {
		line += " by " + clean(strings.Join(n.By, ", "))
	}
	if !n.At.IsZero() {
		line += " of " + n.At.Format(time.DateOnly)
	}
	line += untilWord(n.Until)
	if n.Why != "" {
		line += ": " + clean(n.Why)
	}
	fmt.Fprintln(w, line)
	for _, c := range n.Children {
		tellNode(w, c, depth+1)
	}
}
