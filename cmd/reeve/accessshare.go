package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/store"
)

func newAccessShare() *cobra.Command {
	return newShareChange("share KIND:NAME --with WHO", "Share a model, data set or record with people and groups",
		"  reeve access share dataset:tickets --with group:support,user:ana", "share.add", "shared with",
		func(db *store.DB) func(context.Context, store.Share, store.Act) (bool, error) { return db.AddShare })
}

func newAccessUnshare() *cobra.Command {
	return newShareChange("unshare KIND:NAME --with WHO", "Take a share back",
		"  reeve access unshare dataset:tickets --with group:support", "share.remove", "no longer shared with",
		func(db *store.DB) func(context.Context, store.Share, store.Act) (bool, error) { return db.RemoveShare })
}

func newShareChange(use, short, example, act, word string, change func(*store.DB) func(context.Context, store.Share, store.Act) (bool, error)) *cobra.Command {
	dir := defaultData
	var with []string
	c := &cobra.Command{
		Use: use, Short: short, Example: example, Args: exactly(1, "one KIND:NAME"),
		Long: short + `. KIND is model, dataset, finetune, exchange, record or report; WHO are ids of principals
(such as user:… or key:…) and of groups (group:NAME). It works beside a running server, which follows within a
second, and is put on record.

Exit status: 0 done, or so before · 2 usage.`,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := parseShared(args[0])
			if err != nil {
				return err
			}
			if len(with) == 0 {
				return usage("for example --with group:support", "--with is required")
			}
			for _, who := range with {
				if who == "" || who == access.GroupPrefix || len(who) > 256 || strings.ContainsAny(who, " \t\r\n") {
					return usage("for example --with group:support", "--with: want ids of principals, or group:NAME")
				}
			}
			if err := exists(dir); err != nil {
				return err
			}
			return withStore(c.Context(), dir, func(db *store.DB) error {
				for _, who := range with {
					s.With, s.Created = who, time.Now().UTC().Truncate(time.Millisecond)
					changed, err := change(db)(c.Context(), s, store.Act{At: s.Created, Act: act, Subject: s.Kind + ":" + s.Name})
					if err != nil {
						return err
					}
					note := ""
					if !changed {
						note = " (as before)"
					}
					fmt.Fprintf(c.OutOrStdout(), "%s:%s is %s %s%s\n", s.Kind, s.Name, word, who, note)
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&dir, "data", dir, "data directory")
	c.Flags().StringSliceVar(&with, "with", nil, "principals, and groups as group:NAME")
	return c
}

// shareable are the kinds that an owner can share.
var shareable = []string{access.KindModel, access.KindDataset, access.KindFineTune, access.KindExchange, access.KindRecord, access.KindReport}

func parseShared(s string) (store.Share, error) {
	kind, name, _ := strings.Cut(s, ":")
	if !slices.Contains(shareable, kind) || name == "" || len(name) > 512 {
		return store.Share{}, usage("for example dataset:tickets; the kinds are "+strings.Join(shareable, ", "), "%q is no KIND:NAME that can be shared", s)
	}
	return store.Share{Kind: kind, Name: name}, nil
}

func newAccessShares() *cobra.Command {
	dir, format := defaultData, "text"
	c := &cobra.Command{
		Use: "shares", Short: "List what is shared, and with whom", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := exists(dir); err != nil {
				return err
			}
			return withStore(c.Context(), dir, func(db *store.DB) error {
				list, err := db.Shares(c.Context())
				if err != nil {
					return err
				}
				if format == "json" {
					type row struct {
						Kind    string    `json:"kind"`
						Name    string    `json:"name"`
						With    string    `json:"with"`
						Created time.Time `json:"created"`
					}
					rows := []row{}
					for _, s := range list {
						rows = append(rows, row(s))
					}
					return printJSON(c.OutOrStdout(), struct {
						SchemaVersion int   `json:"schema_version"`
						Shares        []row `json:"shares"`
					}{schemaVersion, rows})
				}
				w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "RESOURCE\tSHARED WITH\tSINCE")
				for _, s := range list {
					fmt.Fprintf(w, "%s:%s\t%s\t%s\n", s.Kind, s.Name, s.With, s.Created.Format(time.DateOnly))
				}
				return w.Flush()
			})
		},
	}
	c.Flags().StringVar(&dir, "data", dir, "data directory")
	addFormat(c, &format, "text", "json")
	return c
}

// withStore opens the store of a data directory for one command.
func withStore(ctx context.Context, dir string, do func(*store.DB) error) (err error) {
	db, err := store.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, db.Close()) }()
	return do(db)
}

// loadShares has the server's decisions follow what is shared.
func (s *server) loadShares(ctx context.Context) error {
	list, err := s.db.Shares(ctx)
	if err != nil {
		return err
	}
	shares := map[string][]string{}
	for _, x := range list {
		shares[x.Kind+":"+x.Name] = append(shares[x.Kind+":"+x.Name], x.With)
	}
	s.access.SetShares(shares)
	return nil
}

// sharesLoop follows changes of what is shared. Where they cannot be read the shares of before stay for a moment only.
func (s *server) sharesLoop(ctx context.Context) error {
	tick := time.NewTicker(drainEvery)
	defer tick.Stop()
	failed := 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := s.loadShares(ctx); err == nil {
			failed = 0
		} else if failed++; failed == 3 && ctx.Err() == nil {
			s.access.SetShares(map[string][]string{})
			s.log.Error("shares cannot be read, so nothing counts as shared", "error", err)
		}
	}
}
