package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/store"
)

func newUser() *cobra.Command {
	c := &cobra.Command{
		Use:   "user",
		Short: "Users, service accounts, sign-in and emergencies",
		Long: `Users, service accounts, sign-in and emergencies.

The commands work beside a running server: what they change counts from the next request on. Users may also come
from an identity file, a SCIM client or an OpenID provider; what a file declares, only the file changes.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newUserAdd(), newUserList(), newUserShow(), newUserSet(), newUserActive("disable", false), newUserActive("enable", true),
		newUserDelete(), newUserLink(), newUserInvite(), newUserSignIn(), newUserRevoke(), newBreakGlass())
	return c
}

// userFlags are what can be said of an account.
type userFlags struct {
	dir, format                                   string
	display, email, department, employment, where string
	clearance                                     string
	roles, training, attributes                   []string
	service                                       bool
}

func (f *userFlags) add(c *cobra.Command, rights bool) {
	f.dir, f.format = defaultData, "text"
	fs := c.Flags()
	fs.StringVar(&f.dir, "data", f.dir, "data directory")
	addFormat(c, &f.format, "text", "json")
	if !rights {
		return
	}
	fs.StringVar(&f.display, "display-name", "", "name for people to read")
	fs.StringVar(&f.email, "email", "", "e-mail address")
	fs.StringSliceVar(&f.roles, "role", nil, "roles: employee, ml-engineer, reviewer, compliance, security, admin, auditor")
	fs.StringVar(&f.clearance, "clearance", "", "highest label that the account may see, such as confidential{PII}")
	fs.StringVar(&f.department, "department", "", "department")
	fs.StringVar(&f.employment, "employment", "", "active, leave or ended")
	fs.StringVar(&f.where, "country", "", "country of work, such as DE")
	fs.StringSliceVar(&f.training, "training", nil, "trainings that are current")
	fs.StringArrayVar(&f.attributes, "attribute", nil, "further attribute as NAME=VALUE")
}

// apply puts what was given into a user and leaves the rest.
func (f *userFlags) apply(c *cobra.Command, u *store.User) (err error) {
	given := c.Flags().Changed
	for _, field := range []struct {
		flag       string
		into, from *string
	}{
		{"display-name", &u.DisplayName, &f.display},
		{"email", &u.Email, &f.email},
		{"department", &u.Department, &f.department},
		{"employment", &u.Employment, &f.employment},
		{"country", &u.Country, &f.where},
	} {
		if given(field.flag) {
			*field.into = *field.from
		}
	}
	if given("role") {
		u.Roles = nil
		for _, r := range f.roles {
			u.Roles = append(u.Roles, reeve.Role(r))
		}
	}
	if given("training") {
		u.Training = f.training
	}
	if given("clearance") {
		if u.Clearance, err = reeve.ParseLabel(f.clearance); err != nil {
			return usage("for example confidential{PII}", "--clearance: %w", err)
		}
	}
	for _, a := range f.attributes {
		name, value, ok := strings.Cut(a, "=")
		if !ok || name == "" {
			return usage("for example --attribute site=berlin", "--attribute %q is not NAME=VALUE", a)
		}
		if u.Attributes == nil {
			u.Attributes = map[string]string{}
		}
		u.Attributes[name] = value
	}
	return nil
}

// told gives the errors of the directory a hint and their exit code.
func toldUser(err error) error {
	switch {
	case err == nil:
		return nil
	case identity.IsNotFound(err):
		return &usageError{err, "`reeve user list` shows the names"}
	case errors.Is(err, identity.ErrInvalid), errors.Is(err, identity.ErrConflict), errors.Is(err, identity.ErrOwned):
		return &usageError{error: err}
	}
	return err
}

func (f *userFlags) show(c *cobra.Command, u *identity.User, done string) error {
	if f.format == "json" {
		return printJSON(c.OutOrStdout(), struct {
			SchemaVersion int            `json:"schema_version"`
			User          *identity.User `json:"user"`
		}{schemaVersion, u})
	}
	fmt.Fprintf(c.OutOrStdout(), "%s %s %s\n", u.Principal(), u.Name, done)
	return nil
}

// withUser finds the user of a command and does something with it.
func (f *userFlags) withUser(c *cobra.Command, name string, do func(context.Context, *identity.Directory, identity.User) error) error {
	if err := exists(f.dir); err != nil {
		return err
	}
	return withKeys(c.Context(), f.dir, func(d *identity.Directory) error {
		u, err := d.User(c.Context(), name)
		if err == nil {
			err = do(c.Context(), d, u)
		}
		return toldUser(err)
	})
}

func newUserAdd() *cobra.Command {
	var f userFlags
	c := &cobra.Command{
		Use: "add NAME", Short: "Make a user or a service account", Args: exactly(1, "one name"),
		Example: "  reeve user add ana --role ml-engineer --clearance 'confidential{PII}' --department nlp\n  reeve user add ci-bot --service --role employee",
		RunE: func(c *cobra.Command, args []string) error {
			u := store.User{Name: args[0], Kind: reeve.KindUser}
			if f.service {
				u.Kind = reeve.KindService
			}
			if err := f.apply(c, &u); err != nil {
				return err
			}
			return withKeys(c.Context(), f.dir, func(d *identity.Directory) error {
				made, err := d.CreateUser(c.Context(), identity.Operator, u)
				if err != nil {
					return toldUser(err)
				}
				return f.show(c, &made, "created")
			})
		},
	}
	f.add(c, true)
	c.Flags().BoolVar(&f.service, "service", false, "a program, not a person")
	return c
}

func newUserList() *cobra.Command {
	var f userFlags
	c := &cobra.Command{
		Use: "list", Short: "List users and service accounts", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := exists(f.dir); err != nil {
				return err
			}
			return withKeys(c.Context(), f.dir, func(d *identity.Directory) error {
				list, err := d.Users(c.Context())
				if err != nil {
					return err
				}
				if f.format == "json" {
					return printJSON(c.OutOrStdout(), struct {
						SchemaVersion int             `json:"schema_version"`
						Users         []identity.User `json:"users"`
					}{schemaVersion, list})
				}
				w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "ID\tNAME\tROLES\tCLEARANCE\tFROM\tSTATE")
				for i := range list {
					u := &list[i]
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", u.Principal(), u.Name, roleNames(u.Roles), u.Clearance, u.Source, userState(u))
				}
				return w.Flush()
			})
		},
	}
	f.add(c, false)
	return c
}

func roleNames(roles []reeve.Role) string {
	p := reeve.Principal{Roles: roles}
	if len(roles) == 0 {
		return "-"
	}
	return p.RoleNames()
}

func userState(u *identity.User) string {
	switch {
	case !u.Active:
		return "disabled"
	case u.Employment != "" && u.Employment != reeve.EmploymentActive:
		return u.Employment
	}
	return "active"
}

func newUserShow() *cobra.Command {
	var f userFlags
	c := &cobra.Command{
		Use: "show NAME", Short: "Show one account with its groups", Args: exactly(1, "one name or id"),
		RunE: func(c *cobra.Command, args []string) error {
			return f.withUser(c, args[0], func(_ context.Context, _ *identity.Directory, u identity.User) error {
				if f.format == "json" {
					return f.show(c, &u, "")
				}
				w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
				for _, row := range [][2]string{
					{"id", u.Principal()},
					{"name", u.Name},
					{"state", userState(&u)},
					{"from", u.Source},
					{"roles", roleNames(u.Roles)},
					{"groups", strings.Join(u.Groups, ", ")},
					{"clearance", u.Clearance.String()},
					{"department", u.Department},
					{"employment", u.Employment},
					{"country", u.Country},
					{"training", strings.Join(u.Training, ", ")},
				} {
					if row[1] != "" {
						fmt.Fprintf(w, "%s\t%s\n", row[0], row[1])
					}
				}
				for _, l := range u.Links {
					fmt.Fprintf(w, "link\t%s %s\n", l.Issuer, l.Subject)
				}
				return w.Flush()
			})
		},
	}
	f.add(c, false)
	return c
}

func newUserSet() *cobra.Command {
	var f userFlags
	c := &cobra.Command{
		Use: "set NAME", Short: "Change what the flags name", Args: exactly(1, "one name or id"),
		Example: "  reeve user set ana --role reviewer --role employee --training ai-basics",
		RunE: func(c *cobra.Command, args []string) error {
			return f.withUser(c, args[0], func(ctx context.Context, d *identity.Directory, u identity.User) error {
				changed, err := d.UpdateUser(ctx, identity.Operator, u.ID, 0, func(row *store.User) error { return f.apply(c, row) })
				if err != nil {
					return err
				}
				return f.show(c, &changed, "changed")
			})
		},
	}
	f.add(c, true)
	return c
}

func newUserActive(verb string, active bool) *cobra.Command {
	var f userFlags
	short := "Let an account act again; its former keys stay revoked"
	if !active {
		short = "Stop an account at once and end its keys and sessions"
	}
	c := &cobra.Command{
		Use: verb + " NAME", Short: short, Args: exactly(1, "one name or id"),
		RunE: func(c *cobra.Command, args []string) error {
			return f.withUser(c, args[0], func(ctx context.Context, d *identity.Directory, u identity.User) error {
				changed, err := d.UpdateUser(ctx, identity.Operator, u.ID, 0, func(row *store.User) error { row.Inactive = !active; return nil })
				if err != nil {
					return err
				}
				return f.show(c, &changed, verb+"d")
			})
		},
	}
	f.add(c, false)
	return c
}

func newUserDelete() *cobra.Command {
	var f userFlags
	c := &cobra.Command{
		Use: "delete NAME", Short: "Forget an account; only its id stays, for the records", Args: exactly(1, "one name or id"),
		RunE: func(c *cobra.Command, args []string) error {
			return f.withUser(c, args[0], func(ctx context.Context, d *identity.Directory, u identity.User) error {
				if err := d.DeleteUser(ctx, identity.Operator, u.ID); err != nil {
					return err
				}
				return f.show(c, &u, "deleted")
			})
		},
	}
	f.add(c, false)
	return c
}

func newUserLink() *cobra.Command {
	var f userFlags
	var l store.Link
	var spiffe string
	remove := false
	c := &cobra.Command{
		Use: "link NAME", Short: "Tie an identity elsewhere to an account", Args: exactly(1, "one name or id"),
		Example: "  reeve user link ana --issuer https://id.example.org/realms/x --subject 3f2c…\n  reeve user link ci-bot --spiffe spiffe://example.org/ci",
		RunE: func(c *cobra.Command, args []string) error {
			if spiffe != "" {
				if l != (store.Link{}) {
					return usage("", "--spiffe stands alone")
				}
				l = store.Link{Issuer: identity.SPIFFE, Subject: spiffe}
			}
			if l.Issuer == "" || l.Subject == "" {
				return usage("give --issuer and --subject, or --spiffe", "no identity is named")
			}
			return f.withUser(c, args[0], func(ctx context.Context, d *identity.Directory, u identity.User) error {
				change, word := d.Link, "linked"
				if remove {
					change, word = d.Unlink, "unlinked"
				}
				changed, err := change(ctx, identity.Operator, u.ID, l)
				if err != nil {
					return err
				}
				return f.show(c, &changed, word)
			})
		},
	}
	f.add(c, false)
	c.Flags().StringVar(&l.Issuer, "issuer", "", "OpenID issuer")
	c.Flags().StringVar(&l.Subject, "subject", "", "subject (sub) at the issuer")
	c.Flags().StringVar(&spiffe, "spiffe", "", "SPIFFE id of client certificates")
	c.Flags().BoolVar(&remove, "remove", false, "untie it instead")
	return c
}

func newUserInvite() *cobra.Command {
	var f userFlags
	c := &cobra.Command{
		Use: "invite NAME", Short: "Print a link by which a person registers a passkey, once", Args: exactly(1, "one name or id"),
		Long: `Print a link by which a person registers a passkey: good once, within a day. Whoever opens it becomes that person
here, so hand it over on a way that you both trust. It needs no mail.`,
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := loadConfig(os.Getenv(configVariable))
			if err != nil {
				return err
			}
			if cfg.Identity.PublicURL == "" {
				return usage("set identity.public_url in reeve.yaml", "the admin listener has no public address, so browsers cannot keep a passkey for it")
			}
			return f.withUser(c, args[0], func(ctx context.Context, d *identity.Directory, u identity.User) error {
				token, until, err := d.Invite(ctx, identity.Operator, u.ID)
				if err != nil {
					return err
				}
				link := trimSlash(cfg.Identity.PublicURL) + "/auth/invite#" + token
				if f.format == "json" {
					return printJSON(c.OutOrStdout(), struct {
						SchemaVersion int       `json:"schema_version"`
						Link          string    `json:"link"`
						Expires       time.Time `json:"expires"`
					}{schemaVersion, link, until})
				}
				fmt.Fprintln(c.OutOrStdout(), link)
				fmt.Fprintf(c.ErrOrStderr(), "reeve: good once, until %s\n", until.Format(time.RFC3339))
				return nil
			})
		},
	}
	f.add(c, false)
	return c
}

func newUserRevoke() *cobra.Command {
	var f userFlags
	c := &cobra.Command{
		Use: "revoke NAME", Short: "End all keys and sessions of an account", Args: exactly(1, "one name or id"),
		RunE: func(c *cobra.Command, args []string) error {
			return f.withUser(c, args[0], func(ctx context.Context, d *identity.Directory, u identity.User) error {
				if err := d.RevokeUser(ctx, identity.Operator, u.ID); err != nil {
					return err
				}
				return f.show(c, &u, "has no key and no session any more")
			})
		},
	}
	f.add(c, false)
	return c
}

func newBreakGlass() *cobra.Command {
	var f userFlags
	var reason string
	var life time.Duration
	c := &cobra.Command{
		Use: "break-glass NAME --reason TEXT", Short: "Make a key for an emergency: minutes, a reason, an alarm", Args: exactly(1, "one name or id"),
		Long: `Make a key for an emergency. For a short time its holder acts as the account, with the roles admin and security added
and the level of its clearance raised to restricted. The reason is sealed in the custody log, the server logs an alarm
and counts it in reeve_break_glass_total.`,
		Example: "  reeve user break-glass ana --reason 'the log is full, nobody else is here' --for 20m",
		RunE: func(c *cobra.Command, args []string) error {
			return f.withUser(c, args[0], func(ctx context.Context, d *identity.Directory, u identity.User) error {
				key, text, err := d.BreakGlass(ctx, identity.Operator, u.ID, reason, life)
				if err != nil {
					return err
				}
				if f.format == "json" {
					return printJSON(c.OutOrStdout(), struct {
						SchemaVersion int       `json:"schema_version"`
						ID            string    `json:"id"`
						Key           string    `json:"key"`
						Expires       time.Time `json:"expires"`
					}{schemaVersion, key.ID, text, key.Expires})
				}
				fmt.Fprintln(c.OutOrStdout(), text)
				fmt.Fprintf(c.ErrOrStderr(), "reeve: this is on record; the key ends at %s\n", key.Expires.Format(time.RFC3339))
				return nil
			})
		},
	}
	f.add(c, false)
	c.Flags().StringVar(&reason, "reason", "", "what happened and what has to be done (required)")
	c.Flags().DurationVar(&life, "for", identity.BreakGlassDefault, "how long, at most 1h")
	return c
}
