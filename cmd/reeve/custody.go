package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/backup"
	"github.com/reeve-ai/reeve/internal/control"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/lifecycle"
)

func newCustody() *cobra.Command {
	c := &cobra.Command{
		Use:   "custody",
		Short: "Verify, search, export and erase what the custody log holds",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newCustodyVerify(), newCustodyShow(), newCustodySearch(), newCustodyTail(), newCustodyExport(),
		newCustodyErase(), newCustodyHold(), newCustodyRetention(), newCustodyRekey(), newCustodyBackup(), newCustodyRestore())
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
	var f houseFlags
	payload := false
	c := &cobra.Command{
		Use:   "show ID",
		Short: "Show the records of one exchange",
		Long: `Show what the log holds about one exchange. The id is in the Reeve-Exchange header of every answer.
With --payload the input and the output are decrypted; where no server runs, that needs the root key.
That they are read is on record before they are shown.

Exit status: 0 shown · 2 usage · 3 not found, or it cannot be read.`,
		Args: exactly(1, "the id of one exchange"),
		RunE: func(c *cobra.Command, args []string) (err error) {
			if _, err := custody.ParseID(args[0]); err != nil {
				return usage("the id is in the Reeve-Exchange header of the answer", "%w", err)
			}
			if payload {
				return showPayload(c, &f, args[0])
			}
			x, err := custody.Show(f.data, nil, args[0], false)
			if err != nil {
				return fmt.Errorf("show %s: %w", args[0], err)
			}
			if f.format == "json" {
				return printJSON(c.OutOrStdout(), x)
			}
			fmt.Fprintf(c.OutOrStdout(), "exchange %s: %s\n", x.ID, x.Status)
			for _, r := range x.Records {
				fmt.Fprintf(c.OutOrStdout(), "  record %d %s\n    %s\n", r.Seq, r.Kind, r.Leaf)
			}
			return nil
		},
	}
	f.add(c, "text", "json")
	c.Flags().BoolVar(&payload, "payload", false, "decrypt input and output")
	return c
}

func showPayload(c *cobra.Command, f *houseFlags, id string) error {
	return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
		x, err := control.Call[*lifecycle.Shown](ctx, client, lifecycle.CallShow, lifecycle.ShowRequest{ID: id, Actor: localActor()})
		if err != nil {
			return fmt.Errorf("show %s: %w", id, err)
		}
		if f.format == "json" {
			return printJSON(c.OutOrStdout(), x)
		}
		printExchange(c.OutOrStdout(), x)
		return nil
	})
}

func printExchange(w io.Writer, x *lifecycle.Shown) {
	fmt.Fprintf(w, "exchange %s: %s\n", x.ID, x.Status)
	for _, r := range x.Records {
		fmt.Fprintf(w, "  record %d %s\n    %s\n", r.Seq, r.Kind, r.Leaf)
	}
	if x.Erased {
		fmt.Fprintln(w, "  the payload is erased: its key is destroyed")
	}
	if x.Dropped {
		fmt.Fprintln(w, "  the payload is gone: the time for which it is kept was up")
	}
	for _, part := range []struct {
		name string
		text *string
		raw  []byte
	}{{"input", x.Input, x.InputBase64}, {"output", x.Output, x.OutputBase64}, {"payload", x.Payload, x.PayloadBase64}} {
		switch {
		case part.text != nil:
			fmt.Fprintf(w, "%s:\n%s\n", part.name, *part.text)
		case part.raw != nil:
			fmt.Fprintf(w, "%s: %d bytes that are no text; --format json shows them\n", part.name, len(part.raw))
		}
	}
}
