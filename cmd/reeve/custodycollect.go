package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/tlog"
)

// collectResult is what collect found.
type collectResult struct {
	SchemaVersion int              `json:"schema_version"`
	OK            bool             `json:"ok"`
	Records       uint64           `json:"records"` // of all shards
	Shards        []*custody.Shard `json:"shards"`
}

func newCustodyCollect() *cobra.Command {
	into, name, policy, format := "", "", "", "text"
	c := &cobra.Command{
		Use:   "collect SHARD...",
		Short: "Mirror the logs of several nodes into one view and cosign them",
		Long: `Mirror the log of each node into one directory. A shard is a data directory, a copy of its custody directory, or
the http(s) address at which such a directory is served (C2SP tlog-tiles). The mirror is built from the records:
only a shard whose records lead from what was mirrored before to the tree that it has signed now is taken over,
and its checkpoint is cosigned with the collector's own keys (see reeve custody witness). So the view holds for
every node the history that was seen first, and a node that goes back or forks is named.

Records are mirrored as they stand in the tree: digests and commitments, no content.

Exit status: 0 all taken over · 2 usage · 3 a shard cannot be read · 4 a shard is not sound.`,
		Example: `  reeve custody collect --into view --name collector.example/c1 /mnt/node1 https://node2.example/custody`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("name the shards: directories or addresses", "no shard")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if into == "" || name == "" {
				return usage("", "collect needs --into and --name")
			}
			var p *tlog.Policy
			if policy != "" {
				var err error
				if p, err = readPolicyFile(policy); err != nil {
					return err
				}
			}
			signers, err := witnessSigners(into, name)
			if err != nil {
				return err
			}
			out, err := collectAll(c.Context(), into, args, signers, p)
			if err != nil && !errors.Is(err, custody.ErrShard) {
				return err
			}
			if format == "json" {
				if err := printJSON(c.OutOrStdout(), out); err != nil {
					return err
				}
			} else {
				printShards(c.OutOrStdout(), out)
			}
			if !out.OK {
				return &toldError{exitIntegrity}
			}
			return nil
		},
	}
	c.Flags().StringVar(&into, "into", "", "directory of the view")
	c.Flags().StringVar(&name, "name", "", "name of the collector in its cosignatures")
	c.Flags().StringVar(&policy, "policy", "", "C2SP tlog-policy file that every shard must meet")
	addFormat(c, &format, "text", "json")
	return c
}

func collectAll(ctx context.Context, into string, shards []string, signers []*tlog.Signer, p *tlog.Policy) (*collectResult, error) {
	out := &collectResult{SchemaVersion: 1, OK: true, Shards: []*custody.Shard{}}
	var unsound error
	for _, at := range shards {
		read := custody.DirShard(at)
		if strings.HasPrefix(at, "http://") || strings.HasPrefix(at, "https://") {
			read = webShard(ctx, at)
		}
		s, err := custody.Collect(into, read, signers, p, time.Now())
		switch {
		case errors.Is(err, custody.ErrShard) && s != nil:
			out.OK, unsound = false, err
		case err != nil:
			return out, fmt.Errorf("collect %s: %w", at, err)
		default:
			out.Records += s.Size
		}
		out.Shards = append(out.Shards, s)
	}
	return out, unsound
}

// maxTileFile is the length of the longest file of a log that is fetched.
const maxTileFile = tlog.MaxBundle

// webShard reads a shard that is served as files.
func webShard(ctx context.Context, at string) custody.ReadFile {
	client := &http.Client{Timeout: time.Minute}
	return func(path string) ([]byte, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(at, "/")+"/"+path, nil)
		if err != nil {
			return nil, err
		}
		resp, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		switch resp.StatusCode {
		case http.StatusOK:
		case http.StatusNotFound:
			return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
		default:
			return nil, fmt.Errorf("%s: status %d", path, resp.StatusCode)
		}
		b, err := io.ReadAll(io.LimitReader(resp.Body, maxTileFile+1))
		if err == nil && len(b) > maxTileFile {
			err = fmt.Errorf("%s is too long", path)
		}
		return b, err
	}
}

func printShards(w io.Writer, r *collectResult) {
	for _, s := range r.Shards {
		if s.Problem != "" {
			fmt.Fprintf(w, "BROKEN %s: %s\n", s.Origin, s.Problem)
			continue
		}
		fmt.Fprintf(w, "OK %s: %d records, %d of them new, in %s\n", s.Origin, s.Size, s.Size-s.Old, s.Folder)
	}
}
