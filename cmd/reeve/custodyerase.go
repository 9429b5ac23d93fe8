package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/user"
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
