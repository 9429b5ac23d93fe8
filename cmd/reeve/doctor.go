package main

import (
	"encoding/hex"
	"fmt"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/posture"
)

// diagnosis is what `reeve doctor` prints as JSON.
type diagnosis struct {
	SchemaVersion int             `json:"schema_version"`
	Status        posture.Status  `json:"status"`
	Digest        string          `json:"digest"` // the one that serve puts on record, where nothing has changed since
	Version       string          `json:"version"`
	Platform      string          `json:"platform"`
	Checks        []posture.Check `json:"checks"`
}

func newDoctor() *cobra.Command {
	var f serveFlags
	format := "text"
	offline := false
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Tell how this installation stands, and what to do about it",
		Long: `Tell how this installation stands: listeners and their TLS, root key, modes of the data directory, policies and their
digests, the ways to the runtimes and whether they answer, how many models are admitted, the custody log and the age of its signed head, disk,
clock, core dumps, swap. What is not in order says what to do. A running server is not disturbed.

reeve serve puts the same posture on record at its start and when it changes; its digest is printed here, without the
checks that ask the network or read the log.

Exit status: 0 nothing has failed (there may be warnings) · 1 a check has failed · 2 usage or configuration.`,
		Example: `  reeve doctor
  reeve doctor --config reeve.yaml --format json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			set, err := f.lookUp(c)
			if err != nil {
				return err
			}
			d := diagnosis{SchemaVersion: schemaVersion, Version: version().Version, Platform: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH}
			d.Checks = set.standing(set.policyChecks())
			sum := posture.Digest(d.Checks)
			d.Digest = "sha256:" + hex.EncodeToString(sum[:])
			d.Checks = append(append(d.Checks, set.keysOpen(c.Context())), set.custodyChecks()...)
			d.Checks = append(d.Checks, set.admissionCheck(c.Context()))
			if !offline {
				d.Checks = append(d.Checks, set.reachChecks(c.Context())...)
			}
			d.Status = posture.Worst(d.Checks)
			return tellDiagnosis(c, &d, format)
		},
	}
	fs := c.Flags()
	f.add(fs)
	fs.BoolVar(&offline, "offline", false, "do not ask the runtimes")
	addFormat(c, &format, "text", "json")
	return c
}

func tellDiagnosis(c *cobra.Command, d *diagnosis, format string) error {
	if format == "json" {
		if err := printJSON(c.OutOrStdout(), d); err != nil {
			return err
		}
	} else {
		w := c.OutOrStdout()
		fmt.Fprintf(w, "reeve %s, %s\n", d.Version, d.Platform)
		for _, k := range d.Checks {
			fmt.Fprintf(w, "%-8s %-24s %s\n", k.Status, k.Name, k.Detail)
			if k.Remedy != "" {
				fmt.Fprintf(w, "%s -> %s\n", strings.Repeat(" ", 31), k.Remedy)
			}
		}
		fmt.Fprintf(w, "%s, %s; posture %s\n", counted(posture.Count(d.Checks, posture.Fail), "failure"), counted(posture.Count(d.Checks, posture.Warn), "warning"), d.Digest)
	}
	if d.Status == posture.Fail {
		return &toldError{exitFindings}
	}
	return nil
}
