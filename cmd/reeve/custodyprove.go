package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/tlog"
)

// proveWait is how long prove waits for the checkpoint of a running server.
const proveWait = 3 * time.Second

func newCustodyProve() *cobra.Command {
	dir, out, record := defaultData, "", ""
	c := &cobra.Command{
		Use:   "prove ID",
		Short: "Write the proof that a record is in the log",
		Long: `Write a C2SP tlog-proof: the record, its place in the tree, and the signed checkpoint over the tree. Anyone who
has the log's verifier key can check it with ` + "`reeve custody verify FILE --key …`" + ` or another program for that format.
It works beside a running server and on a stopped one, and needs no secret.

An exchange has an intent record and then an outcome (or aborted) record. The proof is of the last one, which
says how it ended; --record chooses another. The proof's extra data is the record as it stands in the log:
digests and commitments, no content.

Exit status: 0 written · 2 usage · 3 no such record, or no checkpoint covers it yet · 4 integrity broken.`,
		Example: `  reeve custody prove 01JZ8Q0M3V9T5X7N2C4B6D8F0G -o answer.tlog-proof`,
		Args:    exactly(1, "the id of one exchange or event"),
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := custody.ParseID(args[0]); err != nil {
				return usage("the id is in the Reeve-Exchange header of the answer", "%w", err)
			}
			if err := exists(dir); err != nil {
				return err
			}
			proof, err := proveSoon(c.Context(), dir, args[0], record)
			if err != nil {
				return fmt.Errorf("prove %s: %w", args[0], err)
			}
			if out == "" || out == "-" {
				_, err = c.OutOrStdout().Write(proof.Marshal())
				return err
			}
			if err := os.WriteFile(out, proof.Marshal(), 0o644); err != nil { //nolint:gosec // a proof is for others
				return fmt.Errorf("write proof: %w", err)
			}
			fmt.Fprintf(c.OutOrStdout(), "proof of record %d under a checkpoint over %d: %s\n", proof.Index, proof.Checkpoint.Size, out)
			return nil
		},
	}
	c.Flags().StringVar(&dir, "data", dir, "data directory")
	c.Flags().StringVarP(&out, "out", "o", "", "file to write (default: standard output)")
	c.Flags().StringVar(&record, "record", "", "which record of the exchange: intent, outcome or aborted (default: the last one)")
	return c
}

// proveSoon waits a little where a running server is about to publish the checkpoint.
func proveSoon(ctx context.Context, dir, id, record string) (*tlog.Proof, error) {
	for until := time.Now().Add(proveWait); ; {
		p, err := custody.Prove(dir, id, record)
		if !errors.Is(err, custody.ErrUnpublished) || time.Now().After(until) {
			return p, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
