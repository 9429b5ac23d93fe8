package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/detect/names"
	"github.com/reeve-ai/reeve/internal/inspect"
)

// detectorFlags are the flags of every command that looks for personal data and secrets in files.
type detectorFlags struct {
	readings bool // see inspect.Options.Readings: for commands that tell what they find, not for those that replace it
	rules    []string
	names    string
}

func (d *detectorFlags) add(c *cobra.Command) {
	c.Flags().StringSliceVar(&d.rules, "rules", nil, "rules to apply, or classes of them such as secret/* (default: all)")
	c.Flags().StringVar(&d.names, "names", "on", "look for names of people, organisations and places and for postal addresses: on or off")
}

// inspector compiles what the flags ask for.
func (d *detectorFlags) inspector() (*inspect.Inspector, error) {
	const remedy = "docs/kinds.md lists the rules"
	shapes, called := d.split()
	o := inspect.Options{Detect: detect.Options{Rules: shapes}, Readings: d.readings}
	switch d.names {
	case "on":
		if len(called) == 0 {
			break
		}
		t, err := names.New(names.Options{Rules: called})
		if err != nil {
			return nil, err
		}
		o.Tagger = t
	case "off":
	default:
		return nil, usage("say --names on or --names off", "--names is %q", d.names)
	}
	in, err := inspect.New(o)
	if err != nil {
		return nil, usage(remedy, "%w", err)
	}
	return in, nil
}

// split divides the rules that the flags ask for into those of detectors and those of the tagger of names. A class such
// as pii/* stands for rules of both.
func (d *detectorFlags) split() (shapes, called []string) {
	for _, r := range names.Rules() {
		class, _, _ := strings.Cut(r.ID, "/")
		if len(d.rules) == 0 || slices.Contains(d.rules, r.ID) || slices.Contains(d.rules, class+"/*") {
			called = append(called, r.ID)
		}
	}
	for _, r := range d.rules {
		if !slices.Contains(called, r) {
			shapes = append(shapes, r)
		}
	}
	if len(d.rules) == 0 {
		for _, r := range detect.Rules() {
			shapes = append(shapes, r.ID)
		}
	}
	return shapes, called
}
