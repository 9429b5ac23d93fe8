package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/backup"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/tlog"
)

func newCustodyVerify() *cobra.Command {
	var o custody.VerifyOptions
	format, policy, since := "text", "", ""
	c := &cobra.Command{
		Use:   "verify DIR|BUNDLE|FILE.tlog-proof",
		Short: "Check every record of a custody log, a bundle or a proof",
		Long: `Check the log in a data directory: every file, framing, checksums, the hash chain, the digests of sealed
payloads, tiles, the signed checkpoint, the order of times, and that what is missing was erased or expired
by a record of the log. Or check a bundle that ` + "`reeve custody export`" + ` wrote, or one .tlog-proof file, without
the log. No secret and no server is needed; a running server does not disturb it.

Who holds the whole directory and the signing key can write another log, and who puts the whole disk back to
an older state leaves no trace in it. Keep something elsewhere:
  --key     the verifier key (a line of custody/log.pub), or a file that holds it
  --policy  a C2SP tlog-policy file: keys of logs and witnesses, and how many witnesses must have cosigned
  --since   an older checkpoint or .tlog-proof: the log must lead on from it

Exit status: 0 every record is sound · 2 usage · 3 it cannot be read · 4 integrity broken.`,
		Example: `  reeve custody verify /var/lib/reeve
  reeve custody verify /var/lib/reeve --since checkpoint-of-last-week --format json
  reeve custody verify answer.tlog-proof --policy tlog-policy`,
		Args: exactly(1, "a data directory, a bundle or a .tlog-proof file"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := readVerifyTrust(&o, policy, since); err != nil {
				return err
			}
			o.NoTiles = backup.Is(args[0])
			report, err := custody.VerifyPath(args[0], o)
			if errors.Is(err, custody.ErrNoTrust) {
				return usage("give the log's verifier key with --key, or a --policy", "verify %s: %w", args[0], err)
			}
			if err != nil {
				return fmt.Errorf("verify %s: %w", args[0], err)
			}
			if format == "json" {
				if err := printJSON(c.OutOrStdout(), report); err != nil {
					return err
				}
			} else {
				printReport(c, &report)
			}
			if !report.OK {
				return &toldError{exitIntegrity}
			}
			return nil
		},
	}
	c.Flags().StringVar(&o.Key, "key", "", "verifier key of the log, as kept elsewhere, or a file that holds it (default: the one beside the log)")
	c.Flags().StringVar(&policy, "policy", "", "C2SP tlog-policy file: logs and witnesses to believe")
	c.Flags().StringVar(&since, "since", "", "older checkpoint or .tlog-proof file that the log must lead on from")
	addFormat(c, &format, "text", "json")
	return c
}

// readVerifyTrust reads the files that the flags of verify name.
func readVerifyTrust(o *custody.VerifyOptions, policy, since string) error {
	if o.Key != "" && !strings.Contains(o.Key, "+") {
		b, err := readBounded(o.Key, tlog.MaxProofFile)
		if err != nil {
			return usage("--key takes a verifier key, or a file such as custody/log.pub", "read key: %w", err)
		}
		if _, err := custody.ParseLogKeys(b); err != nil {
			return usage("--key takes a verifier key, or a file such as custody/log.pub", "read key: %w", err)
		}
		o.Key = string(b)
	}
	for _, k := range strings.Fields(o.Key) {
		if _, err := tlog.ParseKey(k); err != nil {
			return usage("a verifier key is a line of custody/log.pub", "--key: %w", err)
		}
	}
	if policy != "" {
		p, err := readPolicyFile(policy)
		if err != nil {
			return err
		}
		o.Policy = p
	}
	if since == "" {
		return nil
	}
	b, err := readBounded(since, tlog.MaxProofFile)
	if err != nil {
		return usage("", "read checkpoint: %w", err)
	}
	if p, err := tlog.ParseProof(b); err == nil {
		b = p.Checkpoint.Marshal()
	}
	if _, err := tlog.ParseCheckpoint(b); err != nil {
		return usage("--since takes a checkpoint, or a proof that has one", "read checkpoint: %w", err)
	}
	o.Since = b
	return nil
}

func readPolicyFile(path string) (*tlog.Policy, error) {
	b, err := readBounded(path, tlog.MaxProofFile)
	if err != nil {
		return nil, usage("", "read policy: %w", err)
	}
	p, err := tlog.ParsePolicy(b)
	if err != nil {
		return nil, usage("the format is C2SP tlog-policy: log, witness, group and quorum lines", "%s: %w", path, err)
	}
	return p, nil
}

func printReport(c *cobra.Command, r *custody.Report) {
	w := c.OutOrStdout()
	switch {
	case r.OK:
		fmt.Fprintf(w, "OK: %s sound, under a signed checkpoint over %d\n", are(r.Leaves), r.Checkpoint)
	case r.FirstBad != nil:
		fmt.Fprintf(w, "BROKEN: the first bad record is number %d\n", *r.FirstBad)
	default:
		fmt.Fprintln(w, "BROKEN")
	}
	for _, name := range r.Cosigned {
		fmt.Fprintf(w, "  cosigned by %s\n", name)
	}
	if r.Since != nil {
		fmt.Fprintf(w, "  leads on from the checkpoint over %d records\n", *r.Since)
	}
	for i := range r.Problems {
		fmt.Fprintf(w, "  problem: %s\n", &r.Problems[i])
	}
	for i := range r.Notes {
		fmt.Fprintf(w, "  note: %s\n", &r.Notes[i])
	}
}

func are(n uint64) string {
	if n == 1 {
		return "1 record is"
	}
	return fmt.Sprintf("%d records are", n)
}
