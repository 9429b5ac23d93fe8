package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/config"
	"github.com/reeve-ai/reeve/internal/gate"
)

func newConfig() *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Check, show and describe the configuration",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newConfigCheck(), newConfigShow(), newConfigSchema())
	return c
}

func newConfigCheck() *cobra.Command {
	var path, policyPath string
	c := &cobra.Command{
		Use:   "check",
		Short: "Check configuration, guard, label and gate policies, and run every rule's examples",
		Long: `Check the configuration file and the guard, label and gate policies that it names, and run the examples of every
rule: what it must match and what it must not.

Exit status: 0 sound · 1 a rule fails its own examples · 2 a mistake in a file.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(path)
			if err != nil {
				return err
			}
			if policyPath == "" && cfg.Guard.Policy != "" {
				policyPath = cfg.Path(cfg.Guard.Policy)
			}
			policy, err := loadPolicy(policyPath)
			if err != nil {
				return err
			}
			if _, err := loadLabels(cfg.Path(cfg.Labels.Policy)); err != nil {
				return &usageError{err, "docs/labels.md explains the file"}
			}
			if path := orString(cfg.Gate.Policy, cfg.Admission.Policy); path != "" {
				if _, err := gate.Load(cfg.Path(path)); err != nil {
					return &usageError{err, "docs/gate.md explains the file"}
				}
			}
			w := c.OutOrStdout()
			failures := policy.Test()
			for _, f := range failures {
				fmt.Fprintf(w, "FAIL %s\n", f.String())
			}
			if len(failures) > 0 {
				return &toldError{exitFindings}
			}
			fmt.Fprintf(w, "configuration and policy are sound: %d rules, all examples as they should be, %s\n", len(policy.Rules()), policy.Digest())
			return nil
		},
	}
	c.Flags().StringVar(&path, "config", "", "configuration file (default: ./reeve.yaml where it exists)")
	c.Flags().StringVar(&policyPath, "policy", "", "guard policy (default: the one that the configuration names)")
	return c
}

func newConfigShow() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "show", Short: "Print the configuration in force, defaults included, without secrets", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(path)
			if err != nil {
				return err
			}
			text, err := config.Show(cfg)
			if err != nil {
				return err
			}
			_, err = c.OutOrStdout().Write(text)
			return err
		},
	}
	c.Flags().StringVar(&path, "config", "", "configuration file (default: ./reeve.yaml where it exists)")
	return c
}

func newConfigSchema() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of the configuration", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			schema, err := config.Schema()
			if err != nil {
				return err
			}
			_, err = c.OutOrStdout().Write(schema)
			return err
		},
	}
}
