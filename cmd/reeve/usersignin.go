package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/identity"
)

func newUserSignIn() *cobra.Command {
	var f userFlags
	c := &cobra.Command{
		Use: "sign-in NAME", Short: "Print a link by which a person signs in to the console, once", Args: exactly(1, "one name or id"),
		Long: `Print a link by which a person signs in to the console: good once, within an hour. Whoever opens it becomes that
person here, with one factor, so hand it over on a way that you both trust. It is for the first minutes of a server
and for the day on which nothing else works; a passkey or a provider is for all others.`,
		Example: "  reeve user sign-in administrator",
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := loadConfig(os.Getenv(configVariable))
			if err != nil {
				return err
			}
			at := trimSlash(cfg.Identity.PublicURL)
			if at == "" {
				at = map[bool]string{true: "http", false: "https"}[cfg.Gateway.TLS.Mode == "off"] + "://" + cfg.Gateway.AdminListen
			}
			return f.withUser(c, args[0], func(ctx context.Context, d *identity.Directory, u identity.User) error {
				code, until, err := d.SignInOnce(ctx, identity.Operator, u.ID)
				if err != nil {
					return err
				}
				link := at + oncePath + code
				if f.format == "json" {
					return printJSON(c.OutOrStdout(), struct {
						SchemaVersion int       `json:"schema_version"`
						Link          string    `json:"link"`
						Expires       time.Time `json:"expires"`
					}{schemaVersion, link, until})
				}
				fmt.Fprintln(c.OutOrStdout(), link)
				return nil
			})
		},
	}
	f.add(c, false)
	return c
}

// oncePath is where a one-time link leads to; its code stands behind the #, which browsers do not send.
const oncePath = "/auth/once#"
