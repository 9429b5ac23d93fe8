package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/control"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
)

type rekeyRequest struct {
	To string `json:"to"` // root key provider; empty: the present one makes a new key
}

type rekeyResult struct {
	SchemaVersion int    `json:"schema_version"`
	From          string `json:"from"`
	To            string `json:"to"`
	Tenants       int    `json:"tenants"`
	Subjects      int    `json:"subjects"`
	Record        string `json:"record"` // id of the record in the log
}

func newCustodyRekey() *cobra.Command {
	dir, root, to, format := defaultData, "", "", "text"
	c := &cobra.Command{
		Use:   "rekey",
		Short: "Change the root key",
		Long: `Put all keys under another root key: a new one of the same provider, or with --to one of another provider.
The keys between it and the subjects' keys are drawn anew, every subject's key is wrapped anew, and no payload
is touched. It is one transaction: whatever happens, the keys are under the old root key or under the new one.

It works beside a running server, which then uses the new root key and holds requests up meanwhile (a million
subjects take some seconds). With --to, start the server with the new --root-key from then on. Backups that
were made before still need the old root key: keep it as long as them, and no longer.

The root key itself is not worth much without keys.db, and the other way round: if both were stolen, change
the root key, and count what was sealed until then as readable by the thief.

Exit status: 0 changed · 2 usage, or a root key that does not fit · 3 the keys cannot be read or written.`,
		Example: `  reeve custody rekey
  reeve custody rekey --to tpm:
  reeve custody rekey --root-key tpm: --to vault:https://vault.example:8200/transit/reeve`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			spec, err := absoluteSpec(to)
			if err != nil {
				return err
			}
			var out rekeyResult
			err = withHouse(c, dir, root, func(ctx context.Context, client *control.Client) error {
				out, err = control.Call[rekeyResult](ctx, client, "/keys/rekey", rekeyRequest{To: spec})
				return err
			})
			if errors.Is(err, keyring.ErrNoRotate) {
				return usage("make a new key yourself and name it with --to", "%w", err)
			}
			if err != nil {
				return err
			}
			if format == "json" {
				return printJSON(c.OutOrStdout(), out)
			}
			w := c.OutOrStdout()
			fmt.Fprintf(w, "the root key is %s now; it was %s\n", out.To, out.From)
			fmt.Fprintf(w, "%s wrapped anew, of %s; on record as %s\n", counted(out.Subjects, "key"), counted(out.Tenants, "tenant"), out.Record)
			if to != "" {
				fmt.Fprintln(w, "start reeve with this root key from now on: --root-key "+to+" or keys.root in reeve.yaml")
			}
			return nil
		},
	}
	addHouse(c, &dir, &root)
	c.Flags().StringVar(&to, "to", "", "new root key: "+keyring.RootSpecs+" (default: a new one of the present provider)")
	addFormat(c, &format, "text", "json")
	return c
}

// addHouse adds the flags that say which data directory, and what opens it.
func addHouse(c *cobra.Command, dir, root *string) {
	c.Flags().StringVar(dir, "data", *dir, "data directory")
	c.Flags().StringVar(root, "root-key", "", rootKeyHelp)
}

const rootKeyHelp = "root key: " + keyring.RootSpecs + " (default: root.key in the data directory)"

// absoluteSpec makes the path in a root key's specification absolute: the server runs in another folder.
func absoluteSpec(spec string) (string, error) {
	for _, scheme := range []string{"file:", "passphrase-file:", "exec:"} {
		if path, ok := strings.CutPrefix(spec, scheme); ok && path != "" {
			abs, err := filepath.Abs(path)
			return scheme + abs, err
		}
	}
	return spec, nil
}

// addKeyCalls adds the handlers that change keys.
func (h *house) addKeyCalls(mux *http.ServeMux) {
	control.Handle(mux, "/keys/rekey", controlWords(), h.rekey)
}

// rekey changes the root key and puts that on record, before and after.
func (h *house) rekey(ctx context.Context, in rekeyRequest) (out rekeyResult, err error) {
	var next keyring.Root
	if in.To != "" {
		if next, err = keyring.OpenRoot(ctx, h.dir, in.To, false); err != nil {
			return out, err
		}
	}
	begun, err := h.custody.Event(&custody.Event{
		Kind: custody.EventAdmin, Actor: "operator", Act: "keys.rekey", Object: h.ring.RootID(), Result: "begun",
	})
	if err != nil {
		return out, fmt.Errorf("record the change of the root key: %w", err)
	}
	done, err := h.ring.Rewrap(ctx, next)
	end := custody.Event{
		Kind: custody.EventAdmin, Actor: "operator", Act: "keys.rekey", Object: h.ring.RootID(), Result: "ok", Refs: []custody.ID{begun.ID},
		Numbers: map[string]uint64{"tenants": uint64(done.Tenants), "subjects": uint64(done.Subjects)},
	}
	if err != nil {
		end.Result = "failed"
		if next != nil && done.To == "" {
			err = errors.Join(err, next.Close())
		}
	}
	receipt, recorded := h.custody.Event(&end)
	if err = errors.Join(err, recorded); err != nil {
		return out, err
	}
	return rekeyResult{schemaVersion, done.From, done.To, done.Tenants, done.Subjects, receipt.ID.String()}, nil
}
