package main

import (
	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/internal/inspect"
)

// detectorFlags are the flags of every command that looks for personal data and secrets in files.
type detectorFlags struct {
	rules []string
}

func (d *detectorFlags) add(c *cobra.Command) {
	c.Flags().StringSliceVar(&d.rules, "rules", nil, "rules to apply, or classes of them such as secret/* (default: all)")
}

// inspector compiles what the flags ask for.
func (d *detectorFlags) inspector() (*inspect.Inspector, error) {
	rules := d.rules
	if len(rules) == 0 {
		for _, r := range detect.Rules() {
			rules = append(rules, r.ID)
		}
	}
	in, err := inspect.New(inspect.Options{Detect: detect.Options{Rules: rules}})
	if err != nil {
		return nil, usage("docs/kinds.md lists the rules", "%w", err)
	}
	return in, nil
}
