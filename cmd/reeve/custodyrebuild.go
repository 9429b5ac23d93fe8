package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/control"
	"github.com/reeve-ai/reeve/internal/custody"
)

type rebuildResult struct {
	SchemaVersion int    `json:"schema_version"`
	Leaves        uint64 `json:"leaves"` // under the checkpoint
	Files         int    `json:"files"`  // that were missing or wrong
}

func newCustodyRebuild() *cobra.Command {
	dir, root, format := defaultData, "", "text"
	c := &cobra.Command{
		Use:   "rebuild",
		Short: "Make the tiles of the tree again from the records",
		Long: `Make every file below custody/tile again from the records, byte for byte, and remove partial tiles that are left over.
Tiles are derived: nothing is lost with them. Missing ones are made again whenever the log is opened; this command
also mends changed ones. It works beside a running server; checkpoints wait meanwhile, requests do not.

Exit status: 0 done · 2 usage · 3 the log cannot be read or written · 4 the records do not have the root that was signed.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var out rebuildResult
			err := withHouse(c, dir, root, func(ctx context.Context, client *control.Client) (err error) {
				out, err = control.Call[rebuildResult](ctx, client, "/custody/rebuild", nil)
				return err
			})
			if err != nil {
				return err
			}
			if format == "json" {
				return printJSON(c.OutOrStdout(), out)
			}
			fmt.Fprintf(c.OutOrStdout(), "%d records under the checkpoint; %s missing or wrong and made again\n", out.Leaves, counted(out.Files, "file"))
			return nil
		},
	}
	addHouse(c, &dir, &root)
	addFormat(c, &format, "text", "json")
	return c
}

// handleRebuild is the handler of rebuild in the process that holds the log.
func handleRebuild(mux *http.ServeMux, words control.Words, l *custody.Log) {
	control.Handle(mux, "/custody/rebuild", words, func(context.Context, struct{}) (rebuildResult, error) {
		n, err := l.Rebuild()
		return rebuildResult{SchemaVersion: 1, Leaves: l.Stats().Checkpoint, Files: n}, err
	})
}
