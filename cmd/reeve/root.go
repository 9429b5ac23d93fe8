package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// schemaVersion is that of every JSON object that a command prints.
const schemaVersion = 1

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "reeve",
		Short: "Keep locally hosted language models lawful and safe",
		Long: `reeve keeps locally hosted language models lawful and safe to run.

Exit status: 0 clean · 1 findings or refusal · 2 usage or configuration ·
3 incomplete · 4 integrity broken · 130 interrupted.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage("`"+c.CommandPath()+" --help` lists the flags", "%w", err)
	})
	root.AddGroup(
		&cobra.Group{ID: "try", Title: "Try it:"},
		&cobra.Group{ID: "data", Title: "Data sets:"},
		&cobra.Group{ID: "models", Title: "Models:"},
		&cobra.Group{ID: "run", Title: "Run models:"},
		&cobra.Group{ID: "evidence", Title: "Evidence:"},
		&cobra.Group{ID: "meta", Title: "About:"},
	)
	root.AddCommand(
		grouped("try", newDemo()), grouped("try", newInit()),
		grouped("data", newScan()), grouped("data", newRedact()), grouped("data", newSources()),
		grouped("models", newModel()), grouped("models", newVulnDB()), grouped("models", newGate()),
		grouped("run", newServe()), grouped("run", newDoctor()), grouped("run", newKey()), grouped("run", newUser()), grouped("run", newGuard()), grouped("run", newAccess()), grouped("run", newMonitor()),
		grouped("evidence", newCustody()), grouped("evidence", newReview()), grouped("evidence", newIncident()), grouped("evidence", newAttest()),
		grouped("run", newAdmission()), grouped("run", newAgent()),
		grouped("meta", newConfig()), grouped("meta", newVersion()),
	)
	root.SetHelpCommandGroupID("meta")
	root.SetCompletionCommandGroupID("meta")
	return root
}

func grouped(id string, c *cobra.Command) *cobra.Command {
	c.GroupID = id
	return c
}

// noArgs refuses arguments, and with them misspelt commands.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("`"+c.CommandPath()+" --help` lists what there is", "%s does not know %q", c.CommandPath(), args[0])
	}
	return nil
}

// exactly demands n arguments and says which.
func exactly(n int, names string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return usage("`"+c.CommandPath()+" --help` shows an example", "%s wants %s, got %d arguments", c.CommandPath(), names, len(args))
		}
		return nil
	}
}

// atMostOne refuses a second argument.
func atMostOne(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usage("`"+c.CommandPath()+" --help` shows an example", "%s wants at most one argument, got %d", c.CommandPath(), len(args))
	}
	return nil
}

func newVersion() *cobra.Command {
	format := "text"
	c := &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			v := version()
			if format == "json" {
				return printJSON(c.OutOrStdout(), v)
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "reeve %s (%s, %s)\n", v.Version, v.Revision, v.Go)
			return err
		},
	}
	addFormat(c, &format, "text", "json")
	return c
}

type versionInfo struct {
	SchemaVersion int    `json:"schema_version"`
	Version       string `json:"version"`
	Revision      string `json:"revision"`
	Go            string `json:"go"`
}

func version() versionInfo {
	v := versionInfo{SchemaVersion: schemaVersion, Version: "devel", Revision: "unknown", Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v.Revision = s.Value
		}
	}
	return v
}
