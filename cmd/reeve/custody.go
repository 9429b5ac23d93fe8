package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/backup"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
)

func newCustody() *cobra.Command {
	c := &cobra.Command{
		Use:   "custody",
		Short: "Verify and read the custody log",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newCustodyVerify(), newCustodyShow(), newCustodyRekey(), newCustodyBackup(), newCustodyRestore())
	return c
}

func newCustodyVerify() *cobra.Command {
	var o custody.VerifyOptions
	format := "text"
	c := &cobra.Command{
		Use:   "verify DIR",
		Short: "Check every record of a custody log",
		Long: `Check every record of the log in a data directory: framing, checksums, the hash chain, the digests of
sealed payloads and the signed checkpoint. No key and no server is needed; a running server does not
disturb it.

Who holds the whole directory and the signing key can write another log: keep a checkpoint or the
verifier key elsewhere and give it with --key.

Exit status: 0 every record is sound · 2 usage · 3 the log cannot be read · 4 integrity broken.`,
		Args: exactly(1, "a data directory"),
		RunE: func(c *cobra.Command, args []string) error {
			o.NoTiles = backup.Is(args[0])
			report, err := custody.Verify(dataDir(args[0]), o)
			if err != nil {
				return fmt.Errorf("verify %s: %w", args[0], err)
			}
			if format == "json" {
				if err := printJSON(c.OutOrStdout(), report); err != nil {
					return err
				}
			} else {
				printReport(c, &report)
			}
			if !report.OK {
				return &toldError{exitIntegrity}
			}
			return nil
		},
	}
	c.Flags().StringVar(&o.Key, "key", "", "verifier key of the log, as kept elsewhere (default: the one in the directory)")
	addFormat(c, &format, "text", "json")
	return c
}

// dataDir accepts the custody directory itself, too.
func dataDir(dir string) string {
	if _, err := os.Stat(filepath.Join(dir, "custody")); err != nil && filepath.Base(dir) == "custody" {
		return filepath.Dir(dir)
	}
	return dir
}

func printReport(c *cobra.Command, r *custody.Report) {
	w := c.OutOrStdout()
	if r.OK {
		fmt.Fprintf(w, "OK: %d records are sound, %d of them under the signed checkpoint\n", r.Leaves, r.Checkpoint)
	} else if r.FirstBad != nil {
		fmt.Fprintf(w, "BROKEN: the first bad record is number %d\n", *r.FirstBad)
	} else {
		fmt.Fprintln(w, "BROKEN")
	}
	for _, p := range r.Problems {
		fmt.Fprintf(w, "  problem: %s%s\n", place(&p), p.Message)
	}
	for _, p := range r.Notes {
		fmt.Fprintf(w, "  note: %s%s\n", place(&p), p.Message)
	}
}

func place(p *custody.Problem) string {
	if p.File == "" {
		return ""
	}
	return fmt.Sprintf("%s at byte %d: ", p.File, p.Offset)
}

func newCustodyShow() *cobra.Command {
	dir, root, format, payload := defaultData, "", "text", false
	c := &cobra.Command{
		Use:   "show ID",
		Short: "Show the records of one exchange",
		Long: `Show what the log holds about one exchange. The id is in the Reeve-Exchange header of every answer.
With --payload the input and the output are decrypted; that needs the root key.`,
		Args: exactly(1, "the id of one exchange"),
		RunE: func(c *cobra.Command, args []string) (err error) {
			if _, err := custody.ParseID(args[0]); err != nil {
				return usage("the id is in the Reeve-Exchange header of the answer", "%w", err)
			}
			var ring *keyring.Ring
			if payload {
				if err := exists(dir); err != nil {
					return err
				}
				if ring, err = keyring.Open(keyring.Options{Dir: dir, Root: root}); err != nil {
					return err
				}
				defer func() { err = firstError(err, ring.Close()) }()
			}
			x, err := custody.Show(dir, ring, args[0], payload)
			if err != nil {
				return fmt.Errorf("show %s: %w", args[0], err)
			}
			if format == "json" {
				return printJSON(c.OutOrStdout(), x)
			}
			printExchange(c, x)
			return nil
		},
	}
	c.Flags().StringVar(&dir, "data", dir, "data directory")
	c.Flags().StringVar(&root, "root-key", "", rootKeyHelp)
	c.Flags().BoolVar(&payload, "payload", false, "decrypt input and output")
	addFormat(c, &format, "text", "json")
	return c
}

func printExchange(c *cobra.Command, x *custody.Exchange) {
	w := c.OutOrStdout()
	fmt.Fprintf(w, "exchange %s: %s\n", x.ID, x.Status)
	for _, r := range x.Records {
		fmt.Fprintf(w, "  record %d %s\n    %s\n", r.Seq, r.Kind, r.Leaf)
	}
	if x.Erased {
		fmt.Fprintln(w, "  the payload is erased: its key is destroyed")
	}
	if x.Input != nil {
		fmt.Fprintf(w, "input:\n%s\n", *x.Input)
	}
	if x.Output != nil {
		fmt.Fprintf(w, "output:\n%s\n", *x.Output)
	}
}
