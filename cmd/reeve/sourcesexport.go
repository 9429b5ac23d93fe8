package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/label"
	"github.com/reeve-ai/reeve/internal/sourcing"
)

func newSourcesExport() *cobra.Command {
	format, out := "", "-"
	var force bool
	c := &cobra.Command{
		Use:   "export DIR --format FORMAT",
		Short: "Write the sources in the formats of others",
		Example: `  reeve sources export data/ --format croissant -o croissant.json
  reeve sources export data/ --format art53 -o summary.md`,
		Long: `Write the sources of a data set in the formats of others:

  croissant    Croissant 1.1 with the RAI 1.0 vocabulary (JSON-LD)
  cyclonedx    CycloneDX 1.6, one data component for each source (cyclonedx-1.7 for 1.7)
  spdx3        SPDX 3.0.1 with the Dataset profile (JSON-LD)
  dta          the 22 elements of the Data & Trust Alliance (JSON)
  art53        draft of the summary of Regulation (EU) 2024/1689, Art. 53(1)(d) (Markdown)
  art53-html, art53-json   the same as a page and as data
  hf-card      head of a Hugging Face card, and what the manifest says in words (Markdown)

Facts that the manifest does not know are left out or named as missing, never filled in.

Exit status: 0 written · 2 usage, or sourcing.yaml cannot be read · 3 the folder cannot be
read, or there is no manifest.`,
		Args: exactly(1, "a folder"),
		RunE: func(c *cobra.Command, args []string) error {
			if format == "" {
				return usage("`reeve sources export --help` tells what they are", "--format is missing: one of %s", strings.Join(sourcing.Formats(), ", "))
			}
			d, err := readSources(args[0])
			if err != nil {
				return err
			}
			now := time.Now()
			r, err := sourcing.Check(c.Context(), d, sourcing.Options{Dir: args[0], Now: now, Classify: label.Default().Of})
			if err != nil {
				return err
			}
			e := sourcing.Export{Doc: d, Result: r, Now: now, Tool: "reeve " + version().Version}
			text, err := e.Write(format)
			if err != nil {
				return err
			}
			if err := writeNew(c.OutOrStdout(), out, text, force); err != nil {
				return err
			}
			if r.Violated+r.Missing > 0 {
				fmt.Fprintf(c.ErrOrStderr(), "reeve: the manifest has %d findings; `reeve sources check %s` tells them\n", r.Violated+r.Missing, args[0])
			}
			return nil
		},
	}
	addFormat(c, &format, sourcing.Formats()...)
	c.Flags().StringVarP(&out, "output", "o", out, "file to write, - for standard output")
	c.Flags().BoolVar(&force, "force", false, "replace a file that is there")
	return c
}

// maxDescription bounds a description that is imported, in bytes.
const maxDescription = 16 << 20

func newSourcesImport() *cobra.Command {
	from, out := "", ""
	var force bool
	c := &cobra.Command{
		Use:   "import FILE --from croissant|hf-card [--into DIR]",
		Short: "Take over what another description of a data set says",
		Example: `  reeve sources import --from hf-card README.md --into data/
  reeve sources import --from croissant metadata.json`,
		Long: `Take over what another description of a data set says. With --into it fills what the
folder's sourcing.yaml leaves open (never what is there) and writes the file anew; comments
in it are lost. Without, it prints a manifest with one source to start from.

Exit status: 0 written · 2 usage, or a file that cannot be read as what it should be ·
3 a file is missing.`,
		Args: exactly(1, "one file"),
		RunE: func(c *cobra.Command, args []string) error {
			in, err := readDescription(from, args[0])
			if err != nil {
				return err
			}
			if out != "" {
				return importInto(c, out, in)
			}
			m := sourcing.Manifest{
				Version: 1, Dataset: sourcing.Dataset{Description: sourcing.Unknown, Creator: sourcing.Unknown},
				Sources: []sourcing.Source{{ID: "imported", Kind: sourcing.Unknown, Files: []string{"**"}, Licence: sourcing.Licence{Declared: sourcing.Unknown}}},
			}
			sourcing.Merge(&m, in)
			text, err := sourcing.Marshal(&m)
			if err != nil {
				return err
			}
			return writeNew(c.OutOrStdout(), "-", text, force)
		},
	}
	c.Flags().Var(formatFlag{&from, []string{"croissant", "hf-card"}}, "from", "what the file is")
	c.Flags().StringVar(&out, "into", "", "folder whose sourcing.yaml is filled")
	return c
}

func readDescription(from, path string) (in sourcing.Imported, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return in, fmt.Errorf("open description: %w", err)
	}
	if info.Size() > maxDescription {
		return in, usage("", "%s has more than %d bytes", path, maxDescription)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return in, fmt.Errorf("read description: %w", err)
	}
	switch from {
	case "croissant":
		in.Croissant, err = sourcing.ReadCroissant(text)
	case "hf-card":
		in.Card, err = sourcing.ReadCard(path, text)
	default:
		return in, usage("the formats are croissant and hf-card", "--from is missing")
	}
	if err != nil {
		return in, usage("", "%s: %w", path, err)
	}
	return in, nil
}

func importInto(c *cobra.Command, dir string, in sourcing.Imported) error {
	d, err := readSources(dir)
	if err != nil {
		return err
	}
	sourcing.Merge(&d.Manifest, in)
	text, err := sourcing.Marshal(&d.Manifest)
	if err != nil {
		return err
	}
	return writeNew(c.OutOrStdout(), filepath.Join(dir, sourcing.FileName), append([]byte(draftHead), text...), true)
}

func newSourcesOptOut() *cobra.Command {
	var o sourcing.OptOut
	c := &cobra.Command{
		Use:   "opt-out FILE --signal robots|tdmrep|headers",
		Short: "Read an opt-out signal and print its entry for sourcing.yaml",
		Example: `  reeve sources opt-out robots.txt --signal robots --agent examplebot --url https://example.org/robots.txt
  curl -sI https://example.org/ > headers.txt; reeve sources opt-out headers.txt --signal headers`,
		Long: `Read the bytes of an opt-out signal as they were received and print an entry for opt_out in
sourcing.yaml: what it says, when the file was written, the digest of its bytes. The signals:
robots.txt (RFC 9309) with rules on Content-Usage (IETF AI preferences, a draft), tdmrep.json
and the head of an HTTP answer (TDM Reservation Protocol, Content-Usage).

Exit status: 0 nothing is reserved · 1 rights are reserved or collection is forbidden ·
2 usage · 3 the file cannot be read.`,
		Args: exactly(1, "one file"),
		RunE: func(c *cobra.Command, args []string) error {
			if o.Signal == "" {
				return usage("the signals are robots, tdmrep and headers", "--signal is missing")
			}
			info, err := os.Stat(args[0])
			if err != nil {
				return fmt.Errorf("open signal: %w", err)
			}
			if info.Size() > maxDescription {
				return usage("", "%s has more than %d bytes", args[0], maxDescription)
			}
			text, err := os.ReadFile(args[0])
			if err != nil {
				return fmt.Errorf("read signal: %w", err)
			}
			got, err := sourcing.ReadSignal(&o, text)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			o.Result, o.Policy, o.Digest, o.File = string(got.Answer), got.Policy, sourcing.DigestBytes(text), filepath.ToSlash(args[0])
			o.RecordedAt = info.ModTime().UTC().Format(time.RFC3339)
			entry, err := sourcing.MarshalOptOut(&o)
			if err != nil {
				return err
			}
			if _, err := c.OutOrStdout().Write(entry); err != nil {
				return err
			}
			if got.Answer == sourcing.Reserved {
				return &toldError{exitFindings}
			}
			return nil
		},
	}
	f := c.Flags()
	f.Var(formatFlag{&o.Signal, []string{"robots", "tdmrep", "headers"}}, "signal", "what the file is")
	f.StringVar(&o.URL, "url", "", "where it was read")
	f.StringVar(&o.Agent, "agent", "", "name of the crawler, for robots.txt")
	f.StringVar(&o.Path, "path", "", "path on the site that was collected (default: all of it)")
	return c
}
