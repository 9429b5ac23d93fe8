package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/control"
	"github.com/reeve-ai/reeve/internal/lifecycle"
)

func newCustodyTail() *cobra.Command {
	var f houseFlags
	var q lifecycle.TailRequest
	var all bool
	c := &cobra.Command{
		Use:   "tail",
		Short: "Print records as they become durable",
		Long: `Print one JSON object a line for each record as it becomes durable: its number, kind, leaf and leaf hash.
No payload is read, so that nothing but the log's own names appears. It ends with the server, or with
Ctrl-C.

Exit status: 0 the server ended · 2 usage · 3 cannot be read · 130 interrupted.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			q.Follow, q.Live = true, !all && !c.Flags().Changed("from")
			if err := exists(f.data); err != nil {
				return err
			}
			client, err := control.Dial(f.data, controlWords())
			if errors.Is(err, control.ErrNoServer) {
				q.Follow, q.Live = false, false // nothing comes any more: print what is there
				return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
					return copyCall(ctx, c.OutOrStdout(), client, lifecycle.CallTail, q)
				})
			}
			if err != nil {
				return err
			}
			return firstError(copyCall(c.Context(), c.OutOrStdout(), client, lifecycle.CallTail, q), client.Close())
		},
	}
	c.Flags().Uint64Var(&q.From, "from", 0, "begin with this record")
	c.Flags().BoolVar(&all, "all", false, "begin with the first record")
	f.add(c)
	return c
}

// copyCall writes what a stream brings.
func copyCall(ctx context.Context, w io.Writer, client *control.Client, path string, q any) error {
	r, err := client.Open(ctx, path, q)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(w, r)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
