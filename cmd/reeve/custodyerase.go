package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/control"
	"github.com/reeve-ai/reeve/internal/lifecycle"
)

// localActor is who runs the command, for the record: only a commitment to it is written.
func localActor() string {
	if u, err := user.Current(); err == nil {
		return "local:" + u.Username
	}
	return fmt.Sprintf("local:%d", os.Getuid())
}

// houseFlags are the flags of commands that work on a data directory or on the server that holds it.
type houseFlags struct{ data, root, format string }

func (f *houseFlags) add(c *cobra.Command, formats ...string) {
	f.data, f.format = defaultData, "text"
	c.Flags().StringVar(&f.data, "data", f.data, "data directory")
	c.Flags().StringVar(&f.root, "root-key", "", "root key where no server runs, as in serve (default: root.key in the data directory)")
	if len(formats) > 0 {
		addFormat(c, &f.format, formats...)
	}
}

func newCustodyErase() *cobra.Command {
	var f houseFlags
	var q lifecycle.EraseRequest
	var proof string
	c := &cobra.Command{
		Use:   "erase --subject S --reason R",
		Short: "Forget a person: destroy the keys, overwrite what was said, prove that it is done",
		Long: `Forget a person (GDPR Art. 17 and the like). The keys and salts of everything that the log holds for the
subject are destroyed, the sealed payloads are overwritten, the ways to it are taken out of the index and
the name of its API keys is cleared. The records themselves stay, speak of nobody, and every proof still
holds. The command returns when all that is done; its receipt carries the proof.

The subject is the id or the name of an API key or of a user. Where a legal hold covers any of its
records nothing is erased: the refusal names the hold, and the erasure is done when it is released.

What it does not reach: copies elsewhere (an older backup of keys.db until it is deleted; a restore
applies the erasure again), exports that were made before, and the memory of the model's own runtime.

Exit status: 0 erased, or nothing was there · 1 a hold stands against it · 2 usage · 3 not finished.`,
		Example: "  reeve custody erase --subject rv_4f6k2m8s9d --reason request-2026-114 --format json",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if q.Subject == "" || q.Reason == "" {
				return usage("for example --subject KEYID --reason gdpr-art-17", "an erasure needs --subject and --reason")
			}
			q.Subject, q.Actor = subjectOf(q.Subject), localActor()
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				r, err := control.Call[*lifecycle.Receipt](ctx, client, lifecycle.CallErase, q)
				if err != nil {
					return err
				}
				if proof != "" && r.Proof != "" {
					if err := os.WriteFile(proof, []byte(r.Proof), 0o644); err != nil {
						return fmt.Errorf("write proof: %w", err)
					}
				}
				return tellReceipt(c, r, f.format)
			})
		},
	}
	c.Flags().StringVar(&q.Subject, "subject", "", "whose data: id or name of an API key or user (required)")
	c.Flags().StringVar(&q.Reason, "reason", "", "why, such as the number of the request; sealed, and gone with the keys (required)")
	c.Flags().StringVar(&proof, "proof", "", "write the proof of the erasure to this file as well")
	f.add(c, "text", "json")
	return c
}

// subjectOf takes the id out of a whole key, so that no secret travels further.
func subjectOf(s string) string {
	if strings.HasPrefix(s, "rv_") {
		return "key:" + keyID(s)
	}
	return s
}

func tellReceipt(c *cobra.Command, r *lifecycle.Receipt, format string) error {
	w := c.OutOrStdout()
	if format == "json" {
		return firstError(printJSON(w, r), r.Refused())
	}
	if err := r.Refused(); err != nil {
		return err
	}
	if r.State == lifecycle.StateNothing {
		fmt.Fprintln(w, "nothing is kept under this subject: it is unknown, or was erased before")
		return nil
	}
	printReceipt(w, r)
	return nil
}

func printReceipt(w io.Writer, r *lifecycle.Receipt) {
	fmt.Fprintf(w, "erased: %s destroyed, %s (%d bytes) overwritten, %s kept that name nobody\n",
		counted(len(r.Keks), "key"), counted(r.Payloads, "payload"), r.PayloadBytes, counted(r.Records, "record"))
	if r.Seq != nil {
		fmt.Fprintf(w, "erasure %s, record %d, done %s\n", r.ID, *r.Seq, r.Done.Format(time.RFC3339))
	}
	if r.Residue {
		fmt.Fprintln(w, "note: another process reads keys.db; an older copy of a page goes when it ends")
	}
}

func newCustodyHold() *cobra.Command {
	c := &cobra.Command{
		Use:   "hold",
		Short: "Keep records from erasure and retention",
		Long: `A legal hold on a subject, a range of records or a span of time beats retention and erasure. Every
change is itself a record. When a hold is released, erasures that waited for it are done.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newHoldAdd(), newHoldRelease(), newHoldList())
	return c
}

func newHoldAdd() *cobra.Command {
	var f houseFlags
	var q lifecycle.HoldRequest
	var records, since, until string
	c := &cobra.Command{
		Use:   "add (--subject S | --range FROM..TO | --since T [--until T]) --reason R --owner O",
		Short: "Lay a hold",
		Long: `Lay a hold. What is given must all fit: --subject with --since holds what is said to or by the subject
from then on. A hold that is laid covers records that come later, too.

Exit status: 0 in force · 2 usage · 3 cannot be recorded.`,
		Example: `  reeve custody hold add --subject support-bot --reason "case 2026-7" --owner legal@example.org`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			q.Actor = localActor()
			if q.Scope.Subject != "" {
				q.Scope.Subject = subjectOf(q.Scope.Subject)
			}
			if q.Scope.From, q.Scope.To, err = parseRange(records); err != nil {
				return err
			}
			if q.Scope.Since, err = parseWhen("--since", since); err != nil {
				return err
			}
			if q.Scope.Until, err = parseWhen("--until", until); err != nil {
				return err
			}
			if err := q.Scope.Validate(); err != nil {
				return usage("give --subject, --range or --since", "%w", err)
			}
			if q.Reason == "" || q.Owner == "" {
				return usage("", "a hold needs --reason and an --owner who answers for it")
			}
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				holds, err := control.Call[[]lifecycle.Hold](ctx, client, lifecycle.CallHold, q)
				if err != nil {
					return err
				}
				return printHolds(c, f.format, &lifecycle.InForce{Holds: holds})
			})
		},
	}
	fs := c.Flags()
	fs.StringVar(&q.Scope.Subject, "subject", "", "id or name of an API key or user")
	fs.StringVar(&records, "range", "", "records FROM..TO, both included; FROM.. for no end")
	fs.StringVar(&since, "since", "", "records from this time on (RFC 3339 or a date)")
	fs.StringVar(&until, "until", "", "records before this time")
	fs.StringVar(&q.Reason, "reason", "", "why; sealed in the record (required)")
	fs.StringVar(&q.Owner, "owner", "", "who answers for the hold; sealed in the record (required)")
	f.add(c, "text", "json")
	return c
}

func newHoldRelease() *cobra.Command {
	var f houseFlags
	var q lifecycle.ReleaseRequest
	c := &cobra.Command{
		Use:   "release ID --reason R",
		Short: "Release a hold, and do the erasures that waited for it",
		Long: `Release a hold. Erasures that only it stood against are done before the command returns.

Exit status: 0 released · 1 there is no such hold · 2 usage · 3 not finished.`,
		Args: exactly(1, "the id of one hold"),
		RunE: func(c *cobra.Command, args []string) error {
			if q.Reason == "" {
				return usage("", "a release needs --reason")
			}
			q.ID, q.Actor = args[0], localActor()
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				r, err := control.Call[*lifecycle.Released](ctx, client, lifecycle.CallRelease, q)
				if err != nil {
					return err
				}
				if f.format == "json" {
					return printJSON(c.OutOrStdout(), struct {
						SchemaVersion int `json:"schema_version"`
						*lifecycle.Released
					}{schemaVersion, r})
				}
				fmt.Fprintf(c.OutOrStdout(), "hold %s is released\n", r.ID)
				for _, e := range r.Erased {
					printReceipt(c.OutOrStdout(), e)
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&q.Reason, "reason", "", "why; sealed in the record (required)")
	f.add(c, "text", "json")
	return c
}

func newHoldList() *cobra.Command {
	var f houseFlags
	c := &cobra.Command{
		Use: "list", Short: "List the holds in force, and the erasures that they hold back", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withHouse(c, f.data, f.root, func(ctx context.Context, client *control.Client) error {
				in, err := control.Call[*lifecycle.InForce](ctx, client, lifecycle.CallHolds, nil)
				if err != nil {
					return err
				}
				return printHolds(c, f.format, in)
			})
		},
	}
	f.add(c, "text", "json")
	return c
}

func printHolds(c *cobra.Command, format string, in *lifecycle.InForce) error {
	w := c.OutOrStdout()
	if format == "json" {
		return printJSON(w, struct {
			SchemaVersion int `json:"schema_version"`
			*lifecycle.InForce
		}{schemaVersion, in})
	}
	if len(in.Holds) == 0 {
		fmt.Fprintln(w, "no hold is in force")
	}
	for _, h := range in.Holds {
		fmt.Fprintf(w, "%s  %s\n    %s (owner %s, since %s)\n", h.ID, h.Scope, h.Reason, h.Owner, h.Added.Format(time.RFC3339))
	}
	for _, e := range in.Waiting {
		fmt.Fprintf(w, "erasure %s of %s waits for %s\n", e.ID, strings.Join(e.Subjects, ", "), strings.Join(e.HeldBy, ", "))
	}
	return nil
}

// parseRange reads FROM..TO, both included, or FROM.. as [from, to); to is 0 for no end.
func parseRange(s string) (from, to uint64, err error) {
	if s == "" {
		return 0, 0, nil
	}
	first, last, ok := strings.Cut(s, "..")
	if ok {
		from, err = strconv.ParseUint(first, 10, 63)
	}
	if ok && err == nil && last != "" {
		to, err = strconv.ParseUint(last, 10, 63)
		to++
	}
	if !ok || err != nil || last != "" && to <= from {
		return 0, 0, usage("for example --range 100..199, or --range 100..", "%q is no range of records", s)
	}
	return from, to, nil
}

// parseWhen reads a time: RFC 3339, or a date in UTC.
func parseWhen(flag, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, usage("for example 2026-11-01 or 2026-11-01T09:30:00Z", "%s: %q is no time", flag, s)
}
