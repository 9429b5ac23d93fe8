package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/backup"
	"github.com/reeve-ai/reeve/internal/custody"
)

func newCustodyBackup() *cobra.Command {
	dir, only, format := defaultData, "", "text"
	c := &cobra.Command{
		Use:   "backup FOLDER|FILE.tar",
		Short: "Copy the data directory while the server works",
		Long: `Copy log, keys and reeve.db to a new folder or tar file, beside a running or a stopped server. No key is needed,
and none that is not wrapped is in it: keep the root key elsewhere, apart from the backups.

What is erased later is still in older copies of the keys. So copy the keys often and keep those copies for a
short time, 30 days at most (--only keys), and keep the copies of the log as long as you must (--only log).
Copy keys.ledger away too, as often as you like: it names nobody, and restore needs it to forget again.

A copy in a folder is verified; one in a tar file is verified when it is restored. Certificates (tls/), the
search index and tiles are left out.

Exit status: 0 done · 2 usage, or something is there already · 3 not complete · 4 the copied log does not verify.`,
		Example: `  reeve custody backup /backup/reeve-monday.tar
  reeve custody backup /backup/keys-$(date +%F).tar --only keys`,
		Args: exactly(1, "the folder or tar file to make"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := exists(dir); err != nil {
				return err
			}
			holds := map[string]string{"": backup.All, "keys": backup.Keys, "log": backup.Log}[only]
			m, err := backup.Write(c.Context(), backup.Options{Dir: dir, Dest: args[0], Holds: holds})
			if err != nil {
				return err
			}
			if err := verifyCopy(args[0], m); err != nil {
				return err
			}
			if format == "json" {
				return printJSON(c.OutOrStdout(), m)
			}
			var bytes int64
			for _, f := range m.Files {
				bytes += f.Size
			}
			fmt.Fprintf(c.OutOrStdout(), "copied %s, %d bytes, to %s\n", counted(len(m.Files), "file"), bytes, args[0])
			if m.Leaves > 0 {
				fmt.Fprintf(c.OutOrStdout(), "the log's signed head covers %s: %s\n", counted(int(m.Leaves), "record"), m.Root)
			}
			return nil
		},
	}
	c.Flags().StringVar(&dir, "data", dir, "data directory")
	c.Flags().Var(formatFlag{&only, []string{"keys", "log"}}, "only", "copy the keys alone, or everything but the keys")
	addFormat(c, &format, "text", "json")
	return c
}

// verifyCopy checks the log in a folder.
func verifyCopy(dest string, m *backup.Manifest) error {
	info, err := os.Stat(dest)
	if err != nil || !info.IsDir() || m.Holds == backup.Keys {
		return err
	}
	report, err := custody.Verify(dest, custody.VerifyOptions{NoTiles: true})
	if err != nil {
		return fmt.Errorf("verify the copy: %w", err)
	}
	if !report.OK {
		return fmt.Errorf("%w: %s", backup.ErrBroken, &report.Problems[0])
	}
	return nil
}

func newCustodyRestore() *cobra.Command {
	var o backup.RestoreOptions
	o.Dir = defaultData
	format := "text"
	c := &cobra.Command{
		Use:   "restore BACKUP...",
		Short: "Make a data directory from backups",
		Long: `Put together a data directory from a backup, or from one of the log and one of the keys. The directory must not exist,
or be empty: nothing is overwritten, and a restore that fails leaves nothing.

Whoever was erased since the backup stays erased. That needs to be known: give the old data directory or a
copied keys.ledger with --ledger; erasure records in the log count too. Where all that is lost, --ledger-lost
restores without, and that is put on record.

Every file is held against its digest and the log is verified first. The restored log goes on from where the
backup ended: records that came later are lost, and a witness that saw them will tell. Name it another origin's
successor, or keep the witness's word beside it.

Exit status: 0 done · 2 usage, a wrong root key, or something is there already · 3 not complete · 4 the backup is damaged.`,
		Example: `  reeve custody restore monday.tar --data reeve-new --root-key file:root.key --ledger reeve-data
  reeve custody restore log.tar keys.tar --root-key tpm: --ledger keys.ledger`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("", "%s wants at least one backup", c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.Backups = args
			out, err := backup.Restore(c.Context(), o)
			if errors.Is(err, backup.ErrNoLedger) {
				return usage("give --ledger with the old data directory or a copied keys.ledger, or --ledger-lost", "%w", err)
			}
			if err != nil {
				return err
			}
			if format == "json" {
				return printJSON(c.OutOrStdout(), out)
			}
			w := c.OutOrStdout()
			fmt.Fprintf(w, "restored %s to %s; on record as %s\n", counted(int(out.Leaves), "record"), filepath.Clean(out.Dir), out.Record)
			fmt.Fprintf(w, "%s destroyed again, of %d that are known to be erased\n", counted(out.ErasedAgain, "key"), out.Ledger)
			if out.ErasedAgain > 0 {
				fmt.Fprintln(w, "the next start of the server overwrites what was sealed under them")
			}
			return nil
		},
	}
	c.Flags().StringVar(&o.Dir, "data", o.Dir, "data directory to make")
	c.Flags().StringVar(&o.Root, "root-key", "", "the root key that the backups were made under; it is in none of them: "+rootKeyHelp)
	c.Flags().StringArrayVar(&o.Ledgers, "ledger", nil, "data directory or keys.ledger that tells what was erased since")
	c.Flags().BoolVar(&o.Lost, "ledger-lost", false, "restore although nobody knows what was erased since")
	addFormat(c, &format, "text", "json")
	return c
}
