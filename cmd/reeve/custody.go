package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

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
	c.AddCommand(newCustodyVerify(), newCustodyProve(), newCustodyWitness(), newCustodyCollect(), newCustodyRebuild(), newCustodyShow(),
		newCustodySearch(), newCustodyTail(), newCustodyExport(), newCustodyErase(), newCustodyHold(), newCustodyRetention(),
		newCustodyRekey(), newCustodyBackup(), newCustodyRestore())
	return c
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
