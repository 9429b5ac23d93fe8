package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/identity"
)

func newKey() *cobra.Command {
	c := &cobra.Command{
		Use:   "key",
		Short: "Create, list and revoke API keys",
		Long: `Create, list and revoke API keys.

The commands work beside a running server: a new key is good and a revoked one refused
from the next request on. Of a key only the SHA-256 of its secret is kept.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newKeyCreate(), newKeyList(), newKeyRevoke())
	return c
}

// configVariable names the configuration file for commands that need nothing of it but where users and keys are.
const configVariable = "REEVE_CONFIG"

// withKeys opens the keys of a data directory for one command.
func withKeys(ctx context.Context, dir string, do func(*identity.Directory) error) (err error) {
	cfg, err := loadConfig(os.Getenv(configVariable))
	if err != nil {
		return err
	}
	db, err := openStore(ctx, cfg, dir)
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, db.Close()) }()
	keys, err := identity.Open(ctx, db, identity.Options{})
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, keys.Close()) }()
	return do(keys)
}

// exists refuses a data directory that is not there: only what writes to one may make it, and a misspelt path must not.
func exists(dir string) error {
	if _, err := os.Stat(dir); err != nil {
		return usage("give the directory of the server with --data", "open data directory: %w", err)
	}
	return nil
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func newKeyCreate() *cobra.Command {
	var n identity.NewKey
	var role, clearance string
	declare := false
	dir, format := defaultData, "text"
	c := &cobra.Command{
		Use:     "create --name NAME",
		Short:   "Create a key and print it once",
		Example: "  reeve key create --name ci --models 'support-*' --rate 600",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			given := c.Flags().Changed
			if n.Owner != "" && (given("role") || given("clearance")) {
				return usage("leave --role and --clearance out", "a key with an owner has the owner's roles and clearance")
			}
			if n.Owner == "" {
				n.Role = reeve.Role(role)
			} else {
				clearance = "public"
			}
			if declare {
				return declareKey(c, n, clearance)
			}
			if n.Clearance, err = reeve.ParseLabel(clearance); err != nil {
				return usage("for example confidential{PII}", "--clearance: %w", err)
			}
			return withKeys(c.Context(), dir, func(keys *identity.Directory) error {
				key, text, err := keys.Create(c.Context(), n)
				if err != nil {
					return &usageError{error: err}
				}
				if format == "json" {
					return printJSON(c.OutOrStdout(), struct {
						SchemaVersion int    `json:"schema_version"`
						ID            string `json:"id"`
						Key           string `json:"key"`
					}{schemaVersion, key.ID, text})
				}
				fmt.Fprintln(c.OutOrStdout(), text)
				fmt.Fprintf(c.ErrOrStderr(), "reeve: key %s created; it is not shown again\n", key.ID)
				return nil
			})
		},
	}
	f := c.Flags()
	f.StringVar(&dir, "data", dir, "data directory")
	f.StringVar(&n.Name, "name", "", "name of the key's owner or use (required)")
	f.StringVar(&role, "role", string(reeve.RoleEmployee), "employee, ml-engineer, reviewer, compliance, security, admin or auditor")
	f.StringVar(&clearance, "clearance", "internal", "highest label that the owner may see, such as confidential{PII}")
	f.StringVar(&n.Owner, "owner", "", "user or service account that acts with the key; its roles and clearance count")
	f.BoolVar(&declare, "declare", false, "make nothing: print an entry for the identity file, and the key on stderr")
	f.StringSliceVar(&n.Models, "models", nil, "models the key may use, * stands for any text (default all)")
	f.Int64Var(&n.RequestsPerMinute, "rate", 0, "requests per minute, 0 for no limit")
	f.Int64Var(&n.TokensPerDay, "tokens", 0, "tokens per day (UTC), 0 for no limit")
	f.DurationVar(&n.ExpiresIn, "expires", 0, "time until the key expires, such as 720h; 0 for never")
	addFormat(c, &format, "text", "json")
	return c
}

func newKeyList() *cobra.Command {
	dir, format := defaultData, "text"
	c := &cobra.Command{
		Use: "list", Short: "List the keys, never their secrets", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := exists(dir); err != nil {
				return err
			}
			return withKeys(c.Context(), dir, func(keys *identity.Directory) error {
				list, err := keys.List(c.Context())
				if err != nil {
					return err
				}
				if format == "json" {
					if list == nil {
						list = []identity.Key{}
					}
					return printJSON(c.OutOrStdout(), struct {
						SchemaVersion int            `json:"schema_version"`
						Keys          []identity.Key `json:"keys"`
					}{schemaVersion, list})
				}
				w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "ID\tNAME\tROLE\tCREATED\tSTATE")
				for i := range list {
					k := &list[i]
					role := string(k.Role)
					if k.Owner != "" {
						role = "as " + k.Owner
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.ID, k.Name, role, k.Created.Format(time.DateOnly), keyState(k, time.Now()))
				}
				return w.Flush()
			})
		},
	}
	c.Flags().StringVar(&dir, "data", dir, "data directory")
	addFormat(c, &format, "text", "json")
	return c
}

func keyState(k *identity.Key, now time.Time) string {
	switch {
	case !k.Revoked.IsZero():
		return "revoked " + k.Revoked.Format(time.DateOnly)
	case !k.Expires.IsZero() && k.Expires.Before(now):
		return "expired " + k.Expires.Format(time.DateOnly)
	default:
		return "in force"
	}
}

func newKeyRevoke() *cobra.Command {
	dir, format := defaultData, "text"
	c := &cobra.Command{
		Use: "revoke ID", Short: "Revoke a key for ever", Args: exactly(1, "the id of one key"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := exists(dir); err != nil {
				return err
			}
			return withKeys(c.Context(), dir, func(keys *identity.Directory) error {
				id := keyID(args[0])
				changed, err := keys.Revoke(c.Context(), id)
				if err != nil {
					return &usageError{err, "`reeve key list` shows the ids"}
				}
				if format == "json" {
					return printJSON(c.OutOrStdout(), struct {
						SchemaVersion int    `json:"schema_version"`
						ID            string `json:"id"`
						Revoked       bool   `json:"revoked"`
						Changed       bool   `json:"changed"`
					}{schemaVersion, id, true, changed})
				}
				if changed {
					fmt.Fprintf(c.OutOrStdout(), "key %s is revoked\n", id)
				} else {
					fmt.Fprintf(c.OutOrStdout(), "key %s was revoked before\n", id)
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&dir, "data", dir, "data directory")
	addFormat(c, &format, "text", "json")
	return c
}

// keyID takes the id out of a whole key, so that a key found in a leak can be revoked as it stands.
func keyID(s string) string {
	const prefix, idLen = "rv_", 10
	if len(s) > len(prefix)+idLen && s[:len(prefix)] == prefix {
		return s[len(prefix) : len(prefix)+idLen]
	}
	return s
}

// declareKey prints what the identity file needs to know of a new key.
func declareKey(c *cobra.Command, n identity.NewKey, clearance string) error {
	id, hash, text := identity.Declare()
	w := c.OutOrStdout()
	fmt.Fprintf(w, "  - id: %s\n    sha256: %s\n    name: %q\n", id, hash, n.Name)
	if n.Owner != "" {
		fmt.Fprintf(w, "    owner: %q\n", n.Owner)
	} else {
		fmt.Fprintf(w, "    role: %s\n    clearance: %q\n", n.Role, clearance)
	}
	fmt.Fprintf(c.ErrOrStderr(), "reeve: the key, shown this once: %s\n", text)
	return nil
}
